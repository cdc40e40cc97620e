"""What the provider declares about stock levels and bulk operations."""

from __future__ import annotations

from connectors.base import Accept, Handler, Sync
from connectors.records import Record, StockLevel
from connectors.shopify import assortment, bulk, comparison, stock
from connectors.shopify.settings_stock import StockOptions

HANDLERS = {
    "bulk_operations/finish": Handler(function=bulk.finished, label="Bulk operation finished"),
}

SYNCS = {
    "skus": Sync(
        label="SKU directory",
        function=assortment.synchronize,
        records=StockLevel,
        every_minutes=24 * 60,
        help="Reads every variant of the shop with its SKU, so that stock and prices find it without asking.",
    ),
}

ACCEPTS: dict[type[Record], Accept] = {
    StockLevel: Accept(
        feed=stock.feed, compare=comparison.compare, options=StockOptions, label="Stock levels", max_attempts=8
    ),
}
