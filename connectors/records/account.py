"""Accounts of buyers: people, and companies with the locations that buy and the people who buy for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from connectors.records.base import Record
from connectors.records.order import Address


@dataclass(frozen=True, kw_only=True)
class CustomerAccount(Record):
    """A person who buys. ``number`` is the account number of the system it comes from, or its id."""

    kind: ClassVar[str] = "customer"
    label: ClassVar[str] = "Customer"

    name: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    locale: str = ""
    note: str = ""
    source: str = ""
    created_at: datetime | None = None
    is_tax_exempt: bool | None = None  # ``None``: not known at the source
    tax_exemptions: tuple[str, ...] = ()  # the vendor's names of partial exemptions, as US_CA_RESELLER_EXEMPTION
    tags: tuple[str, ...] = ()
    addresses: tuple[Address, ...] = ()  # the default one first
    company_ids: tuple[str, ...] = ()
    order_count: int = 0
    spent: Decimal = Decimal(0)
    currency: str = ""

    def search_keys(self) -> list[tuple[str, str]]:
        return [*super().search_keys(), *([("email", self.email.lower())] if self.email else [])]


@dataclass(frozen=True, kw_only=True)
class CompanyContact:
    """A person who buys for a company. ``location_ids`` are external ids of locations, empty: all of them; ``role`` is
    the name of what the person may do there, empty: the shop's ordinary one."""

    id: str = ""
    customer_id: str = ""
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    title: str = ""
    is_main: bool = False
    role: str = ""
    location_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CompanyLocation:
    """A place of a company that buys and is billed. ``price_group`` names the price lists it buys at."""

    id: str = ""
    external_id: str = ""
    name: str
    phone: str = ""
    locale: str = ""
    currency: str = ""
    shipping_address: Address | None = None
    billing_address: Address | None = None  # ``None``: as the shipping address
    tax_id: str = ""
    is_tax_exempt: bool | None = None
    tax_exemptions: tuple[str, ...] = ()
    payment_terms: str = ""
    price_group: str = ""


@dataclass(frozen=True, kw_only=True)
class CompanyAccount(Record):
    """A company that buys. ``external_id`` is what the system that masters it calls it by."""

    kind: ClassVar[str] = "company"
    label: ClassVar[str] = "Company"

    name: str
    external_id: str = ""
    note: str = ""
    source: str = ""
    customer_since: datetime | None = None
    locations: tuple[CompanyLocation, ...] = ()
    contacts: tuple[CompanyContact, ...] = ()

    def search_keys(self) -> list[tuple[str, str]]:
        return [*super().search_keys(), *([("company_external_id", self.external_id)] if self.external_id else [])]
