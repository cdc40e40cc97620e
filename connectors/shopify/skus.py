"""The directory of a shop's SKUs, kept fresh while products and inventory items change: SKU to variant and item.

Not for filling it for the first time: that is a bulk query. A SKU need not be unique in Shopify.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.directory import Known
from connectors.exceptions import PayloadError, Skip
from connectors.shopify.calls import products as calls
from connectors.shopify.client import plain_id

if TYPE_CHECKING:
    from connectors.run import Run

VARIANT = "variant"


def entry(sku: str | None, variant: str, item: str, product: str, *, tracked: bool, updated_at: str) -> Known:
    """What the directory knows of one variant; ids are global ids."""
    data = {"item": item, "product": product, "tracked": tracked, "updated_at": updated_at}
    return Known(key=sku or "", object_id=variant, data=data)


def remember_product(run: Run, product: Mapping[str, Any]) -> None:
    """Put every variant of a product read whole (HubProduct) into the directory."""
    directory.put(run.connector.pk, VARIANT, _entries(product))


def _entries(product: Mapping[str, Any]) -> Iterable[Known]:
    for node in product["variants"]["nodes"]:
        item = node["inventoryItem"]
        yield entry(
            node["sku"], node["id"], item["id"], product["id"], tracked=bool(item["tracked"]),
            updated_at=str(node["updatedAt"]),
        )  # fmt: skip


def forget_product(run: Run, gid: str) -> int:
    """A product is gone: forget its variants; returns how many were known."""
    return directory.forget_where(run.connector.pk, VARIANT, "product", gid)


def refresh_item(run: Run) -> str:
    """``inventory_items/create``, ``inventory_items/update``: read the item, write down its SKU. Raises ``Skip`` (gone),
    ``PayloadError`` and what a call raises."""
    gid = _named_item(run)
    run.describe(object_type="inventory_item", object_id=plain_id(gid))
    item = calls.get_item(run.client, gid)
    if item is None:
        raise Skip("The shop has no such inventory item: it was deleted.", code="not_found")
    run.describe(object_label=item["sku"] or plain_id(gid))
    known = [
        entry(item["sku"], one["id"], item["id"], one["product"]["id"], tracked=bool(item["tracked"]),
              updated_at=str(item["updatedAt"]))
        for one in item["variants"]["nodes"]
    ]  # fmt: skip
    directory.put(run.connector.pk, VARIANT, known)
    if item["sku"]:
        run.key("sku", item["sku"])
    return f"SKU {item['sku'] or '(none)'} is known with its inventory item {plain_id(gid)}."


def forget_item(run: Run) -> str:
    """``inventory_items/delete``: its variant is gone."""
    gid = _named_item(run)
    run.describe(object_type="inventory_item", object_id=plain_id(gid))
    count = directory.forget_where(run.connector.pk, VARIANT, "item", gid)
    return (
        f"Inventory item {plain_id(gid)} was deleted in the shop; {'its SKU is' if count else 'no SKU was'} forgotten."
    )


def _named_item(run: Run) -> str:
    payload = run.payload
    number = payload.get("id") if isinstance(payload, Mapping) else None
    if not isinstance(number, int | str) or isinstance(number, bool) or not str(number).isdigit():
        raise PayloadError("The delivery does not say which inventory item it is about.", path="id")
    return f"gid://shopify/InventoryItem/{number}"
