"""An order as its shop knows it now, with its buyer, lines, shipping and payments.

Members that describe more than a document says are named in ``Order.beside``: they may be added and may change without
making an order look changed that a target holds already. Not for refunds, returns and shipments: those are records of
their own, of which an order carries sums only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from connectors.records.base import Record

RISKS = ("low", "medium", "high", "pending")


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
    """``tax_exemptions``: codes of the vendor, e.g. ``US_CA_RESELLER_EXEMPTION``."""

    id: str
    first_name: str = ""
    last_name: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    is_tax_exempt: bool = False
    tags: tuple[str, ...] = ()
    locale: str = ""
    note: str = ""
    tax_exemptions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Company:
    """The buying company of a B2B order, with the location that buys and the person who buys for it."""

    id: str
    name: str = ""
    external_id: str = ""
    location_id: str = ""
    location_name: str = ""
    location_external_id: str = ""
    contact_id: str = ""
    contact_title: str = ""
    contact_customer_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Tax:
    """``is_channel_liable``: the sales channel pays it to the authority, not the merchant. ``country_code`` and
    ``region_code``: of the place the goods go to."""

    title: str
    rate: Decimal  # a fraction: 0.19 is 19 %
    amount: Decimal
    country_code: str = ""
    region_code: str = ""
    is_channel_liable: bool = False
    source: str = ""

    @property
    def mapping_key(self) -> str:
        """What a mapping from a shop's tax to a target's tax code is looked up by: ``DE VAT 19% DE``."""
        place = "-".join(part for part in (self.country_code, self.region_code) if part)
        return f"{self.title} {(self.rate * 100).normalize():f}% {place}".strip()


@dataclass(frozen=True, kw_only=True)
class Discount:
    """A discount of the whole order: a code, an automatic one, one given by hand or by a script. ``value`` is a percent
    figure where ``is_percentage``, else an amount of ``Order.currency``."""

    index: int
    kind: str  # code, automatic, manual, script
    title: str = ""
    code: str = ""
    value: Decimal = Decimal(0)
    is_percentage: bool = False
    target: str = ""  # line_item, shipping_line
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class DiscountShare:
    """What the discount ``index`` of the order takes off one line."""

    index: int
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Duty:
    id: str
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class LinePlace:
    """Units of a line and the shop's location they are assigned to ship from."""

    location_id: str
    location_name: str = ""
    quantity: Decimal


@dataclass(frozen=True, kw_only=True)
class Fulfillment:
    """Goods of an order that left the shop: units by the id of the order's line, and the location they left from."""

    id: str
    location_id: str = ""
    location_name: str = ""
    created_at: datetime | None = None
    units: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, kw_only=True)
class OrderLine:
    """One position of an order. Amounts are of the whole line unless they say otherwise.

    ``quantity``: units left to deliver or delivered; ``ordered_quantity``: units ever ordered; ``open_quantity``: not
    shipped yet. ``is_custom``: no variant of the shop's catalogue stands behind it. Lines of one bundle share
    ``bundle_id``."""

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
    product_id: str = ""
    variant_id: str = ""
    inventory_item_id: str = ""
    vendor: str = ""
    variant_title: str = ""
    is_custom: bool = False
    ordered_quantity: Decimal = Decimal(0)
    open_quantity: Decimal = Decimal(0)
    refundable_quantity: Decimal = Decimal(0)
    bundle_title: str = ""
    bundle_quantity: Decimal = Decimal(0)
    bundle_sku: str = ""
    discounts: tuple[DiscountShare, ...] = ()
    duties: tuple[Duty, ...] = ()
    places: tuple[LinePlace, ...] = ()  # empty: the source does not say

    @property
    def net(self) -> Decimal:
        """Amount of the whole line after discount."""
        return self.unit_price * self.quantity - self.discount


@dataclass(frozen=True, kw_only=True)
class ShippingLine:
    """``code``: the service chosen; ``quote_key``: what points to the stored quote it was chosen from, where the hub
    itself had offered it. ``carrier_id``: set for rates of a third party only."""

    id: str
    title: str = ""
    code: str = ""
    price: Decimal  # before discount
    discount: Decimal = Decimal(0)
    taxes: tuple[Tax, ...] = ()
    quote_key: str = ""
    source: str = ""
    carrier_id: str = ""
    category: str = ""
    phone: str = ""
    is_custom: bool = False
    discounts: tuple[DiscountShare, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PaymentFee:
    """What the payment service keeps, in ``currency`` of its own."""

    kind: str
    amount: Decimal
    tax: Decimal = Decimal(0)
    rate: Decimal = Decimal(0)
    currency: str = ""


@dataclass(frozen=True, kw_only=True)
class Payment:
    """``parent_id``: the payment it captures, refunds or voids. ``expires_at``: when an authorization lapses.
    ``gift_card_id``: the card that paid, where the shop says which."""

    id: str
    gateway: str
    kind: str  # sale, capture, authorization, refund, void, change
    status: str  # success, pending, failure, error
    amount: Decimal
    is_test: bool = False
    gateway_title: str = ""
    parent_id: str = ""
    processed_at: datetime | None = None
    expires_at: datetime | None = None
    reference: str = ""
    error_code: str = ""
    unsettled: Decimal = Decimal(0)
    is_gift_card: bool = False
    fees: tuple[PaymentFee, ...] = ()
    gift_card_id: str = ""


@dataclass(frozen=True, kw_only=True)
class PaymentDue:
    """One instalment of payment terms: what is due when, and what of it is still open, in ``currency``."""

    due_at: datetime | None = None
    completed_at: datetime | None = None
    amount: Decimal = Decimal(0)
    open_amount: Decimal = Decimal(0)
    currency: str = ""


@dataclass(frozen=True, kw_only=True)
class Metafield:
    """A value of a field somebody defined on the object."""

    namespace: str
    key: str
    value: str
    type: str = ""


def _members(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, True)


_TAX = {"taxes": {"__all__": _members("country_code", "region_code", "is_channel_liable", "source")}}
_LINE = {
    **_members(
        "product_id", "variant_id", "inventory_item_id", "vendor", "variant_title", "is_custom", "ordered_quantity",
        "open_quantity", "refundable_quantity", "bundle_title", "bundle_quantity", "bundle_sku", "discounts", "duties",
        "places",
    ),
    **_TAX,
}  # fmt: skip
_SHIPPING = {**_members("quote_key", "source", "carrier_id", "category", "phone", "is_custom", "discounts"), **_TAX}
_PAYMENT = _members(
    "gateway_title", "parent_id", "processed_at", "expires_at", "reference", "error_code", "unsettled", "is_gift_card",
    "fees", "gift_card_id",
)  # fmt: skip
_BESIDE: Mapping[str, Any] = {
    **_members(
        "confirmation_number", "source_id", "app_id", "app_name", "location_name", "locale", "closed_at",
        "cancel_reason", "is_edited", "return_status", "are_taxes_estimated", "are_duties_included", "risk",
        "risk_recommendation", "risk_facts", "discounts", "removed_lines", "metafields", "payment_terms_kind",
        "payment_due_days", "payment_dues", "is_overdue", "received", "refunded", "outstanding", "other_currency",
        "other_total", "exchange_rate", "fulfillments",
    ),
    "customer": _members("locale", "note", "tax_exemptions"),
    "company": _members("contact_title", "contact_customer_id"),
    "lines": {"__all__": _LINE},
    "shipping_lines": {"__all__": _SHIPPING},
    "payments": {"__all__": _PAYMENT},
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Order(Record):
    """An order as its shop knows it now: who buys what, for how much, paid how and to be sent where.

    ``lines`` are what is left of the order, ``removed_lines`` (quantity 0) what was ordered once. ``other_currency``:
    the side of the shop or of the buyer that the amounts are not of; one unit of ``currency`` is ``exchange_rate`` of
    it."""

    kind: ClassVar[str] = "order"
    label: ClassVar[str] = "Order"
    beside: ClassVar[Mapping[str, Any]] = _BESIDE
    counted_once: ClassVar[Mapping[str, Sequence[Any]]] = {"risk": RISKS}

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
    risk: str = ""  # one of RISKS, empty where nobody assesses
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
    confirmation_number: str = ""
    source_id: str = ""  # its number in the system it came from
    app_id: str = ""
    app_name: str = ""
    location_name: str = ""
    locale: str = ""
    closed_at: datetime | None = None
    cancel_reason: str = ""  # customer, declined, fraud, inventory, staff, other
    is_edited: bool = False
    return_status: str = ""  # lower case: no_return, return_requested, in_progress, ...
    are_taxes_estimated: bool = False
    are_duties_included: bool = False  # in the prices of the lines
    risk_recommendation: str = ""  # accept, investigate, cancel, none
    risk_facts: tuple[str, ...] = ()
    discounts: tuple[Discount, ...] = ()
    removed_lines: tuple[OrderLine, ...] = ()
    metafields: tuple[Metafield, ...] = ()
    payment_terms_kind: str = ""  # net, receipt, fixed, fulfillment
    payment_due_days: int = 0
    payment_dues: tuple[PaymentDue, ...] = ()
    is_overdue: bool = False
    received: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    outstanding: Decimal = Decimal(0)
    other_currency: str = ""
    other_total: Decimal = Decimal(0)
    exchange_rate: Decimal = Decimal(1)
    fulfillments: tuple[Fulfillment, ...] = ()  # those not cancelled; empty: none, or the source does not say

    @property
    def due_at(self) -> datetime | None:
        """When the next open instalment is due; ``None`` where none is."""
        dates = [one.due_at for one in self.payment_dues if one.due_at and one.completed_at is None]
        return min(dates, default=None)

    @property
    def began_at(self) -> datetime:
        return self.created_at

    def search_keys(self) -> list[tuple[str, str]]:
        keys = [*super().search_keys(), ("order_name", self.name)]
        if self.confirmation_number:
            keys.append(("confirmation_number", self.confirmation_number))
        if self.po_number:
            keys.append(("po_number", self.po_number))
        if self.email:
            keys.append(("email", self.email.lower()))
        if self.customer:
            keys.append(("customer_id", self.customer.id))
        if self.company:
            keys.append(("company_id", self.company.id))
        # What was offered at the checkout is found by the same key.
        keys += [("quote", line.quote_key) for line in self.shipping_lines if line.quote_key]
        return keys
