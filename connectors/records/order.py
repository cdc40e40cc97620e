"""An order as its shop knows it now, with its buyer, lines, shipping and payments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from connectors.records.base import Record


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
