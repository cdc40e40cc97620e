"""What the provider declares about stock levels."""

from __future__ import annotations

from connectors.base import Accept, Check, Handler, Sync
from connectors.records import Record, StockLevel
from connectors.xoro import inventory, scheduling
from connectors.xoro.stock_check import check_stores

HANDLERS: dict[str, Handler] = {}
SYNCS: dict[str, Sync] = {
    "inventory": Sync(
        label="Inventory",
        function=inventory.synchronize,
        records=StockLevel,
        every=scheduling.every,
        follows_routes=True,
        help="Reads the stock of every mapped store, adds stores up, and sends the shop what differs. Once a night what "
        "the shop holds is compared with it.",
    ),
}
ACCEPTS: dict[type[Record], Accept] = {}
EMITS: tuple[type[Record], ...] = (StockLevel,)
CHECKS = (
    Check(
        name="stores",
        label="Stores of the inventory",
        function=check_stores,
        applies=lambda settings: settings.inventory_enabled,
        off="No stock is sent.",
    ),
)
