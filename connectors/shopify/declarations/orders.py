"""What the provider declares about orders: topics, plans, numbers, changes it takes, and what it wants to be told."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.base import Accept, Acknowledgement, Handler, Period, Single, Sync
from connectors.records import Order, OrderUpdate, Record
from connectors.shopify import changes, orders, walks, writeback

# orders/paid, /cancelled and /edited come with an orders/updated of the same order, which is read whole: they are
# ignored (``webhooks.IGNORED``). A risk that is assessed later moves no order's time of change, hence a topic of its own.
HANDLERS: Mapping[str, Handler] = {
    "orders/create": Handler(function=orders.import_order, label="Order placed", reads_current_state=True),
    "orders/updated": Handler(function=orders.import_order, label="Order changed", reads_current_state=True),
    "orders/risk_assessment_changed": Handler(
        function=orders.import_order, label="Risk of an order assessed", reads_current_state=True
    ),
    "orders/delete": Handler(function=orders.forget_order, label="Order deleted"),
}
SYNCS: Mapping[str, Sync] = {
    "orders": Sync(
        label="Recent orders",
        function=walks.synchronize_recent,
        records=Order,
        every_minutes=15,
        help="Reads every order changed since the last time, so that a lost delivery does no harm.",
    ),
}
SINGLES: Mapping[str, Single] = {
    "order": Single(
        label="Order number",
        function=orders.synchronize_order,
        help="The name as the shop shows it, like #EX-2041; its number, confirmation number or id will do.",
    ),
}
PERIODS: Mapping[str, Period] = {
    "orders": Period(
        label="Orders placed",
        function=walks.synchronize_placed,
        records=Order,
        count=walks.count_placed,
        help="By the day they were placed, in the shop's time zone.",
    ),
}
ACCEPTS: Mapping[type[Record], Accept] = {
    OrderUpdate: Accept(function=changes.apply_update, label="Changes to orders"),
}
ACKNOWLEDGES: Mapping[type[Record], Acknowledgement] = {
    Order: Acknowledgement(function=writeback.acknowledge_order, label="Mark an order", wants=writeback.wants),
}
EMITS: tuple[type[Record], ...] = (Order,)
