"""What the provider declares about shipments, from Xoro to the shop."""

from __future__ import annotations

from connectors.base import Accept, Handler, Period, Single, Sync
from connectors.records import Record, Shipment
from connectors.xoro import days, earlier, fulfillments, missed, scheduling

HANDLERS: dict[str, Handler] = {}
SYNCS: dict[str, Sync] = {
    "fulfillments": Sync(
        label="Fulfillments",
        function=fulfillments.synchronize,
        every=scheduling.every,
        records=Shipment,
        help="Reads the invoices that shipped or changed since the last run and tells the shop of each shipment; then "
        "looks for sales orders that shipped without an invoice that tells so.",
    ),
}
SINGLES: dict[str, Single] = {
    fulfillments.SINGLE: Single(
        label="Fulfillment",
        function=fulfillments.synchronize_single,
        help="By the number of an invoice or sales order in Xoro, or of the order in the shop; also one that left before the "
        "start date.",
        records=Shipment,
    ),
    missed.SINGLE: Single(
        label="Sales order against its shipments",
        function=missed.synchronize_single,
        help="Tells the shop what the invoices of a sales order know, and fails where the order says that more has left. "
        "By its number in Xoro.",
    ),
}
PERIODS: dict[str, Period] = {
    "shipments": Period(
        label="Invoices shipped",
        function=days.bring_shipments,
        records=Shipment,
        starts_at=earlier.starts_at,
        help="By the day the goods left, as Xoro's invoices say it.",
    ),
}
ACCEPTS: dict[type[Record], Accept] = {}
EMITS: tuple[type[Record], ...] = (Shipment,)
