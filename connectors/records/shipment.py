"""Goods on their way: shipments, what a shop wants shipped from where, and what is held back or sent from elsewhere.

Orders are named by the id, else the name, they have at their shop; locations by the code the record's source uses. Not
for goods that come back: that is a return.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from connectors.records.base import Record
from connectors.records.order import Address


@dataclass(frozen=True, kw_only=True)
class UnitLine:
    """Units of one article: by the id of the order's line where it is known, else by SKU."""

    sku: str = ""
    quantity: Decimal
    order_line_id: str = ""  # at the shop


@dataclass(frozen=True, kw_only=True)
class OfOrder(Record):
    """A record about one order of a shop: ``order_id`` is the shop's own id of it, ``order_name`` what people see."""

    order_id: str = ""
    order_name: str = ""

    def search_keys(self) -> list[tuple[str, str]]:
        keys = super().search_keys()
        if self.order_id:
            keys.append(("order_id", self.order_id))
        if self.order_name:
            keys.append(("order_name", self.order_name))
        return keys


@dataclass(frozen=True, kw_only=True)
class Shipment(OfOrder):
    """Goods that left one place for a buyer. ``id`` is the source's own id of the shipment: what it says later about the
    same id (tracking, delivery, cancellation) changes the shipment that was made of it and never makes another."""

    kind: ClassVar[str] = "shipment"
    label: ClassVar[str] = "Shipment"

    status: str = "shipped"  # cancelled, or how far it is: in_transit, out_for_delivery, delivered, ...
    location: str = ""  # empty: the source does not say where it left from
    carrier: str = ""
    tracking_numbers: tuple[str, ...] = ()
    tracking_urls: tuple[str, ...] = ()  # in the order of the numbers
    notify_customer: bool | None = None  # none: the target decides
    shipped_at: datetime | None = None
    message: str = ""
    lines: tuple[UnitLine, ...] = ()

    def search_keys(self) -> list[tuple[str, str]]:
        return [*super().search_keys(), *(("tracking_number", number) for number in self.tracking_numbers)]


@dataclass(frozen=True, kw_only=True)
class FulfillmentHold:
    """Why a fulfillment order waits. ``is_own``: placed by the hub."""

    id: str
    handle: str = ""
    reason: str = ""  # lower case: awaiting_payment, high_risk_of_fraud, ...
    note: str = ""
    is_own: bool = False


@dataclass(frozen=True, kw_only=True)
class FulfillmentLine:
    """Units of one line of an order that are to be shipped."""

    id: str
    order_line_id: str
    sku: str = ""
    quantity: Decimal
    remaining: Decimal
    requires_shipping: bool = True


@dataclass(frozen=True, kw_only=True)
class DeliveryMethod:
    """How the buyer chose to get it; ``code`` is that of the chosen rate."""

    kind: str = ""  # lower case: shipping, local, pick_up, pickup_point, retail, none
    code: str = ""
    title: str = ""
    earliest_at: datetime | None = None
    latest_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FulfillmentOrder(OfOrder):
    """What a shop wants shipped of one order, from one location, in one way."""

    kind: ClassVar[str] = "fulfillment_order"
    label: ClassVar[str] = "Fulfillment order"

    source: str  # the shop's permanent host name
    status: str  # lower case: open, in_progress, on_hold, scheduled, closed, cancelled, incomplete
    request_status: str = ""
    created_at: datetime | None = None
    location_id: str = ""  # at the shop; empty where the location was deleted
    location_name: str = ""
    delivery: DeliveryMethod | None = None
    destination: Address | None = None
    email: str = ""
    fulfill_at: datetime | None = None
    fulfill_by: datetime | None = None
    lines: tuple[FulfillmentLine, ...] = ()
    holds: tuple[FulfillmentHold, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Hold(OfOrder):
    """Keep goods of an order from being shipped. ``handle`` names the hold for its release; without lines everything
    that is not shipped yet is held."""

    kind: ClassVar[str] = "hold"
    label: ClassVar[str] = "Hold"

    handle: str
    reason: str = "other"  # as in ``FulfillmentHold``
    note: str = ""
    fulfillment_order_id: str = ""  # empty: every one of the order
    notify_merchant: bool = False
    lines: tuple[UnitLine, ...] = ()


@dataclass(frozen=True, kw_only=True)
class HoldRelease(OfOrder):
    """Take back a hold the hub placed, by its handle; without one every hold the hub placed."""

    kind: ClassVar[str] = "hold_release"
    label: ClassVar[str] = "Release of a hold"

    handle: str = ""
    fulfillment_order_id: str = ""


@dataclass(frozen=True, kw_only=True)
class FulfillmentMove(OfOrder):
    """Ship goods of an order from ``location`` instead; without lines everything that is not shipped yet."""

    kind: ClassVar[str] = "fulfillment_move"
    label: ClassVar[str] = "Move of a fulfillment order"

    location: str
    fulfillment_order_id: str = ""
    lines: tuple[UnitLine, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FulfillmentProgress(OfOrder):
    """Picking began (``in_progress``), or was given up again (``open``)."""

    kind: ClassVar[str] = "fulfillment_progress"
    label: ClassVar[str] = "Progress of a fulfillment order"

    status: str = "in_progress"
    note: str = ""
    fulfillment_order_id: str = ""
