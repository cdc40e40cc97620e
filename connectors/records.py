"""Normalised business objects that travel from one connector to another.

A provider's handler translates the vendor's object into one of these once; every target reads only these. Money is
``Decimal`` in major units of ``currency``, times are aware UTC, ids are strings, quantities are ``Decimal``.
A member is added when two vendors need it. Not for: wire formats (those live in the provider's folder).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import TypeAdapter


@dataclass(frozen=True, kw_only=True)
class Record:
    """One business object as read at its source. ``raw`` is the vendor's own form, for display and rare members."""

    kind: ClassVar[str] = ""
    label: ClassVar[str] = ""

    id: str
    number: str
    updated_at: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def search_keys(self) -> list[tuple[str, str]]:
        """(kind, value) pairs for every number a customer may quote."""
        return [(f"{self.kind}_id", self.id), (f"{self.kind}_number", self.number)]

    def to_json(self) -> bytes:
        """Raises ``ValueError`` where a member is of another kind than declared."""
        return _adapter(type(self)).dump_json(self, warnings="error")

    @classmethod
    def from_json(cls, content: bytes) -> Any:
        return _adapter(cls).validate_json(content)

    def fingerprint(self, *, without: frozenset[str] = frozenset()) -> str:
        """Hash of the meaning: the vendor's raw form and the time of change do not count, nor do the members named in
        ``without`` (those a target does not take). Members that say nothing are left out: one that a later version of
        the hub adds must not make every object of the ledger look changed."""
        meaning = _adapter(type(self)).dump_json(self, exclude={"raw", "updated_at", *without}, exclude_defaults=True)
        return hashlib.sha256(meaning).hexdigest()


_adapters: dict[type[Record], TypeAdapter[Any]] = {}


def _adapter(cls: type[Record]) -> TypeAdapter[Any]:
    """Made once for each class: making one costs a thousand times what using it does."""
    made = _adapters.get(cls)
    if made is None:
        made = _adapters[cls] = TypeAdapter(cls)
    return made


@dataclass(frozen=True, kw_only=True)
class Address:
    first_name: str = ""
    last_name: str = ""
    name: str = ""
    company: str = ""
    address1: str = ""
    address2: str = ""
    city: str = ""
    region: str = ""
    region_code: str = ""
    postal_code: str = ""
    country: str = ""
    country_code: str = ""
    phone: str = ""


@dataclass(frozen=True, kw_only=True)
class Customer:
    id: str
    first_name: str = ""
    last_name: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    is_tax_exempt: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Company:
    """The buying company of a B2B order, with the location that buys."""

    id: str
    name: str = ""
    external_id: str = ""
    location_id: str = ""
    location_name: str = ""
    location_external_id: str = ""
    contact_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Tax:
    title: str
    rate: Decimal  # a fraction: 0.19 is 19 %
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class OrderLine:
    """One position of an order. Amounts are of the whole line unless they say otherwise."""

    id: str
    sku: str
    title: str = ""
    quantity: Decimal
    unit_price: Decimal  # before discount
    discount: Decimal = Decimal(0)  # of the whole line, order-level shares included
    taxes: tuple[Tax, ...] = ()
    is_taxable: bool = True
    is_gift_card: bool = False
    requires_shipping: bool = True
    bundle_id: str = ""
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def net(self) -> Decimal:
        """Amount of the whole line after discount."""
        return self.unit_price * self.quantity - self.discount


@dataclass(frozen=True, kw_only=True)
class ShippingLine:
    id: str
    title: str = ""
    code: str = ""
    price: Decimal  # before discount
    discount: Decimal = Decimal(0)
    taxes: tuple[Tax, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Payment:
    id: str
    gateway: str
    kind: str  # sale, capture, authorization, refund, void, change
    status: str  # success, pending, failure, error
    amount: Decimal
    is_test: bool = False


@dataclass(frozen=True, kw_only=True)
class Order(Record):
    """An order as its shop knows it now: who buys what, for how much, paid how and to be sent where."""

    kind: ClassVar[str] = "order"
    label: ClassVar[str] = "Order"

    name: str  # as the shop shows it: "#2041"
    source: str  # the shop's permanent host name
    created_at: datetime
    processed_at: datetime | None = None
    cancelled_at: datetime | None = None
    currency: str
    total: Decimal
    subtotal: Decimal = Decimal(0)
    total_tax: Decimal = Decimal(0)
    total_discount: Decimal = Decimal(0)
    tip: Decimal = Decimal(0)
    duties: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    prices_include_tax: bool = False
    is_tax_exempt: bool = False
    is_test: bool = False
    email: str = ""
    phone: str = ""
    note: str = ""
    po_number: str = ""
    tags: tuple[str, ...] = ()
    source_name: str = ""  # the sales channel: web, pos, an app's id
    location_id: str = ""
    risk: str = ""  # low, medium, high, pending
    financial_status: str = ""  # lower case: paid, pending, partially_paid, ...
    fulfillment_status: str = ""
    payment_terms: str = ""
    customer: Customer | None = None
    company: Company | None = None
    billing_address: Address | None = None
    shipping_address: Address | None = None
    lines: tuple[OrderLine, ...] = ()
    shipping_lines: tuple[ShippingLine, ...] = ()
    payments: tuple[Payment, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()

    def search_keys(self) -> list[tuple[str, str]]:
        keys = [*super().search_keys(), ("order_name", self.name)]
        if self.po_number:
            keys.append(("po_number", self.po_number))
        if self.email:
            keys.append(("email", self.email.lower()))
        if self.customer:
            keys.append(("customer_id", self.customer.id))
        if self.company:
            keys.append(("company_id", self.company.id))
        return keys
