"""What the provider declares about orders: out of a shop by webhook, by number and on a plan."""

from __future__ import annotations

from connectors.base import Handler, Single, Sync
from connectors.records import Order, Record
from connectors.shopify import orders

HANDLERS = {
    "orders/create": Handler(function=orders.import_order, label="Order placed", reads_current_state=True),
    "orders/updated": Handler(function=orders.import_order, label="Order changed", reads_current_state=True),
}

SYNCS = {
    "orders": Sync(
        label="Recent orders",
        function=orders.synchronize_recent,
        every_minutes=15,
        help="Reads every order changed since the last time, so that a lost delivery does no harm.",
    ),
}

SINGLES = {
    "order": Single(
        label="Order number",
        function=orders.synchronize_order,
        help="The name as the shop shows it, like #EX-2041.",
    ),
}

EMITS: tuple[type[Record], ...] = (Order,)
