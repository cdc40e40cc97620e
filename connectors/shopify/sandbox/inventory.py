"""Stock in the sandbox: levels by item and location, read and set as the vendor does, with its codes.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/inventorySetQuantities (checked 2026-11-20). A call with one
bad entry changes nothing. Not for the stock orders commit: that is their routing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from connectors.sandbox import Reply
from connectors.shopify.sandbox.engine import Call, number_of, page
from connectors.shopify.sandbox.orders import Node, Shop, stamp
from connectors.shopify.sandbox.shops import OUTLET
from connectors.shopify.sandbox.subscriptions import emit

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

MOST, LEAST = 1_000_000_000, -1_000_000_000
ON_HAND = ("available", "committed", "reserved", "damaged", "safety_stock", "quality_control")
REASONS = frozenset({
    "correction", "cycle_count_available", "damaged", "movement_created", "movement_updated", "movement_received",
    "movement_canceled", "other", "promotion", "quality_control", "received", "reservation_created",
    "reservation_updated", "reservation_deleted", "restock", "safety_stock", "shrinkage",
})  # fmt: skip
UPDATED = "inventory_levels/update"
Error = dict[str, Any]


def on_hand(level: Mapping[str, int]) -> int:
    """What lies on the shelf: it is never kept, so that it moves with what is available."""
    return sum(level.get(name, 0) for name in ON_HAND)


def _set(call: Call, info: Any, input: Mapping[str, Any]) -> Any:
    errors = _errors_of_input(input)
    entries = input["quantities"]
    for place, entry in enumerate(entries):
        if "changeFromQuantity" not in entry:
            raise GraphQLError(
                f"The changeFromQuantity argument is required (input.quantities.{place}).",
                extensions={"code": "INVALID_FIELD_ARGUMENTS"},
            )
    errors += _errors_of_entries(call.shop, input["name"], entries)
    if errors:
        return {"inventoryAdjustmentGroup": None, "userErrors": errors}
    changed = 0
    for entry in entries:
        changed += _put(call, input["name"], entry)
    return {"inventoryAdjustmentGroup": _group(call, input) if changed else None, "userErrors": []}


def _errors_of_input(input: Mapping[str, Any]) -> list[Error]:
    errors = []
    if input["name"] not in ("available", "on_hand"):
        errors.append(_error("INVALID_NAME", ["input", "name"], "The specified quantity name is invalid."))
    if input["reason"] not in REASONS:
        errors.append(_error("INVALID_REASON", ["input", "reason"], "The specified reason is invalid."))
    uri = input.get("referenceDocumentUri")
    if uri is not None and "://" not in uri:
        errors.append(_error("INVALID_REFERENCE_DOCUMENT", ["input", "referenceDocumentUri"],
                             "The specified reference document is invalid."))  # fmt: skip
    return errors


def _errors_of_entries(shop: Shop, name: str, entries: list[Mapping[str, Any]]) -> list[Error]:
    errors: list[Error] = []
    seen: set[tuple[str, str]] = set()
    items, locations = shop.table("InventoryItem"), shop.table("Location")
    for place, entry in enumerate(entries):
        key = (entry["inventoryItemId"], entry["locationId"])
        path = ["input", "quantities", str(place)]
        item, location = items.get(key[0]), locations.get(key[1])
        if item is None:
            errors.append(_error("INVALID_INVENTORY_ITEM", [*path, "inventoryItemId"],
                                 "The specified inventory item could not be found."))  # fmt: skip
        elif item.get("isBundle"):
            errors.append(_error("NON_MUTABLE_INVENTORY_ITEM", [*path, "inventoryItemId"],
                                 "The specified inventory item is not allowed to be adjusted via API."))  # fmt: skip
        if location is None or not location["isActive"]:
            errors.append(_error("INVALID_LOCATION", [*path, "locationId"],
                                 "The specified location could not be found."))  # fmt: skip
        if key in seen:
            errors.append(_error("NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", path,
                                 "The combination of inventoryItemId and locationId must be unique."))  # fmt: skip
        seen.add(key)
        errors += _errors_of_quantity(name, entry["quantity"], [*path, "quantity"])
        before = entry["changeFromQuantity"]
        if before is not None and before != _quantity(shop.stock.get(key) or {}, name):
            errors.append(_error("CHANGE_FROM_QUANTITY_STALE", [*path, "changeFromQuantity"],
                                 "The changeFromQuantity argument no longer matches the persisted quantity."))  # fmt: skip
    return errors


def _errors_of_quantity(name: str, quantity: int, path: list[str]) -> list[Error]:
    if quantity > MOST:
        return [_error("INVALID_QUANTITY_TOO_HIGH", path, "The quantity can't be higher than 1,000,000,000.")]
    if name == "on_hand" and quantity < 0:
        return [_error("INVALID_QUANTITY_NEGATIVE", path, "The quantity can't be negative.")]
    if quantity < LEAST:
        return [_error("INVALID_QUANTITY_TOO_LOW", path, "The quantity can't be lower than -1,000,000,000.")]
    return []


def _error(code: str, field: list[str], message: str) -> Error:
    return {"code": code, "field": field, "message": message}


def _quantity(level: Mapping[str, int], name: str) -> int:
    return on_hand(level) if name == "on_hand" else level.get(name, 0)


def _put(call: Call, name: str, entry: Mapping[str, Any]) -> int:
    key = (entry["inventoryItemId"], entry["locationId"])
    level = call.shop.stock.get(key)
    if level is None:  # since 2026-10 a quantity may be set anywhere: the item is stocked there from now on
        call.shop.stock[key] = level = {"available": 0}
    by = entry["quantity"] - _quantity(level, name)
    if by:
        level["available"] = level["available"] + by
        level["changed"] = int(call.now)
        tell(call, key)
    return 1 if by else 0


def tell(call: Call, key: tuple[str, str]) -> None:
    """``inventory_levels/update`` of one level, where anybody listens."""
    wanted = "INVENTORY_LEVELS_UPDATE"
    if call.sandbox is None or all(one["topic"] != wanted for one in call.shop.table("WebhookSubscription").values()):
        return
    item, location = (one.rpartition("/")[2] for one in key)
    payload = {
        "inventory_item_id": int(item), "location_id": int(location),
        "available": call.shop.stock[key]["available"], "updated_at": stamp(call.now),
        "admin_graphql_api_id": _level_id(key),
    }  # fmt: skip
    emit(call.sandbox, call.shop, UPDATED, payload)


def _group(call: Call, input: Mapping[str, Any]) -> Node:
    return {
        "id": f"gid://shopify/InventoryAdjustmentGroup/{call.shop.take_id()}",
        "createdAt": stamp(call.now),
        "reason": input["reason"],
        "referenceDocumentUri": input.get("referenceDocumentUri"),
    }


def _level_id(key: tuple[str, str]) -> str:
    item, location = (one.rpartition("/")[2] for one in key)
    return f"gid://shopify/InventoryLevel/{location}?inventory_item_id={item}"


def _level(call: Call, key: tuple[str, str]) -> Node | None:
    level = call.shop.stock.get(key)
    item = call.shop.table("InventoryItem").get(key[0])
    if level is None or item is None:
        return None
    changed = level.get("changed")
    return {"id": _level_id(key), "isActive": True, "key": key, "item": item,
            "updatedAt": stamp(changed) if changed else item["updatedAt"]}  # fmt: skip


def _level_of_item(call: Call, source: Node, info: Any, locationId: str) -> Any:
    number_of(locationId, "Location")
    return _level(call, (source["id"], locationId))


def _levels_of_location(call: Call, source: Node, info: Any, **paging: Any) -> Any:
    items = [one["id"] for one in call.shop.table("InventoryItem").values()]
    rows = [(item, source["id"]) for item in items if call.shop.stock.get((item, source["id"])) is not None]
    rows.sort()
    made = page(rows, f"levels {source['id']}", lambda row: [row[0]], **paging)
    return {**made, "nodes": [_level(call, row) for row in made["nodes"]]}


def _levels_of_item(call: Call, source: Node, info: Any, **paging: Any) -> Any:
    """As a bulk query lists them: there are no more of them than locations."""
    found = [_level(call, (source["id"], location)) for location in call.shop.table("Location")]
    nodes = [one for one in found if one is not None]
    return {"nodes": nodes, "edges": [{"node": one} for one in nodes]}


def _location_of_level(call: Call, source: Node, info: Any) -> Any:
    return call.shop.table("Location")[source["key"][1]]


def _quantities(call: Call, source: Node, info: Any, names: list[str]) -> Any:
    level = call.shop.stock[source["key"]]
    return [{"name": one, "quantity": _quantity(level, one), "updatedAt": source["updatedAt"]} for one in names]


MUTATIONS: dict[str, Callable[..., Any]] = {"inventorySetQuantities": _set}
FIELDS: dict[tuple[str, str], Callable[..., Any]] = {
    ("InventoryItem", "inventoryLevel"): _level_of_item,
    ("InventoryItem", "inventoryLevels"): _levels_of_item,
    ("InventoryLevel", "location"): _location_of_level,
    ("InventoryLevel", "quantities"): _quantities,
    ("Location", "inventoryLevels"): _levels_of_location,
}
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("Mutation", "inventorySetQuantities"): "write_inventory",
    ("InventoryItem", "inventoryLevel"): "read_inventory",
    ("InventoryItem", "inventoryLevels"): "read_inventory",
    ("Location", "inventoryLevels"): "read_inventory",
}


def _merchant(sandbox: ShopifySandbox, wish: Mapping[str, Any]) -> Reply:
    """``POST /_sandbox/stock`` ``{"shop", "sku", "location", "available"}``: the merchant sets a quantity by hand; without
    ``available`` only answers it."""
    shop = sandbox.shops[wish.get("shop", OUTLET)]
    variant = shop.table("ProductVariant")[shop.variants_by_sku[wish["sku"]][0]]
    named = [gid for gid, one in shop.table("Location").items() if one["name"] == wish["location"]]
    level = shop.stock[variant["inventoryItem"], named[0]]
    if "available" in wish:
        level["available"] = int(wish["available"])
    return Reply(body={"available": level["available"]})


CONTROLS = {"stock": _merchant}
