"""What stores can promise of a few items, for orders that are split by what is there."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import TYPE_CHECKING

from connectors.xoro import wire

if TYPE_CHECKING:
    from connectors.xoro.client import XoroClient


def promised(client: XoroClient, skus: Collection[str], stores: Collection[str]) -> dict[tuple[str, str], Decimal]:
    """``ATSQty`` by (SKU, store), one ``GET inventory/getinventorybyitem`` for each SKU; what Xoro does not name is not
    there. Raises as every read."""
    found: dict[tuple[str, str], Decimal] = {}
    for sku in skus:
        for row in client.read("inventory", {"item_number": sku, "store": ",".join(stores)}).rows:
            store = str(row.get("StoreName") or "")
            if row.get("ItemNumber") == sku and store in stores:
                found[sku, store] = wire.decimal(row.get("ATSQty"), "ATSQty")
    return found
