"""Stock: set by 250 entries a call, read one item at a time, tracking switched on.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/inventorySetQuantities (checked 2026-11-20).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.shopify.replies import promised_shape

if TYPE_CHECKING:
    from connectors.shopify.client import ShopifyClient

Node = dict[str, Any]
SET = "HubStockSet"


def set_quantities(client: ShopifyClient, input: Node, key: str) -> None:
    """Set every entry, or none where one is declined. Safe to repeat with the same key for 24 hours. Raises
    ``UserErrors`` whose ``field`` names the entry by its place, and what a call raises."""
    client.change(SET, {"input": input, "key": key}, key=key)


def quantities(client: ShopifyClient, item: str, location: str) -> dict[str, int] | None:
    """Quantities by name of an item at a location, read by id; ``None`` where the item is gone. HubStock."""
    node = client.execute("HubStock", {"id": item, "location": location})["inventoryItem"]
    if node is None:
        return None
    with promised_shape("a stock level"):
        level = node["inventoryLevel"]
        return {str(one["name"]): int(one["quantity"]) for one in level["quantities"]} if level else {}


def track(client: ShopifyClient, item: str) -> None:
    """Have the shop keep count of an item. HubItemUpdate."""
    client.change("HubItemUpdate", {"id": item, "input": {"tracked": True}})
