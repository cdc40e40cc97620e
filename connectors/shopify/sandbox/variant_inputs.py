"""Variants of the sandbox as an input describes them: checked as the vendor does, made, changed, deleted.

https://shopify.dev/docs/api/admin-graphql/2026-10/input-objects/ProductVariantsBulkInput (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from connectors.shopify.sandbox.catalogue import add_variant
from connectors.shopify.sandbox.engine import Call
from connectors.shopify.sandbox.orders import Node, Shop, stamp
from connectors.shopify.sandbox.product_payloads import item_payload, product_payload
from connectors.shopify.sandbox.subscriptions import emit

MOST_VARIANTS = 2_048
LONGEST_SKU = 255
MONEY = ("price", "compareAtPrice")
PLAIN = ("barcode", "taxable", "inventoryPolicy", "position")
ITEM = ("tracked", "requiresShipping", "harmonizedSystemCode", "countryCodeOfOrigin")
DEFAULT = [{"name": "Title", "value": "Default Title"}]


def user_error(field: Iterable[Any] | None, message: str, code: str | None = None) -> Node:
    return {"field": [str(one) for one in field] if field is not None else None, "message": message, "code": code}


def touch(call: Call, product: Node) -> None:
    """The product changed now: its time moves, and the shop tells."""
    product["updatedAt"] = max(stamp(call.now), product["updatedAt"])
    tell(call, "products/update", product_payload(call.shop, product))


def tell(call: Call, topic: str, payload: Mapping[str, Any]) -> None:
    if call.sandbox is not None:
        emit(call.sandbox, call.shop, topic, payload)


def problem_of(given: Mapping[str, Any], path: list[Any]) -> Node | None:
    """What is wrong with the values of one variant, whatever product it is of."""
    for name in MONEY:
        if given.get(name) is not None and Decimal(str(given[name])) < 0:
            code = "NEGATIVE_PRICE_VALUE" if name == "price" else "GREATER_THAN_OR_EQUAL_TO"
            return user_error([*path, name], "Price must be greater than or equal to 0", code)
    item = given.get("inventoryItem") or {}
    if item.get("cost") is not None and Decimal(str(item["cost"])) < 0:
        return user_error([*path, "inventoryItem", "cost"], "Cost must be greater than or equal to 0",
                          "GREATER_THAN_OR_EQUAL_TO")  # fmt: skip
    if len(item.get("sku") or given.get("sku") or "") > LONGEST_SKU:
        return user_error([*path, "sku"], "SKU is too long (maximum is 255 characters)", "TOO_LONG")
    return None


def chosen_options(product: Mapping[str, Any], given: Iterable[Mapping[str, Any]]) -> tuple[list[Node], str]:
    """The option values of a variant in the order of the product's options, and the code of what is wrong."""
    wanted = {one.get("optionName"): one.get("name") for one in given}
    names = [one["name"] for one in product["options"]] or ["Title"]
    if set(wanted) - set(names):
        return [], "OPTION_VALUES_FOR_NUMBER_OF_UNKNOWN_OPTIONS"
    if set(names) - set(wanted) or not all(wanted.values()):
        return [], "NEED_TO_ADD_OPTION_VALUES"
    return [{"name": name, "value": wanted[name]} for name in names], ""


def make_variant(call: Call, product: Node, given: Mapping[str, Any], options: list[Node]) -> Node:
    """A new variant by its input, at the end of its product."""
    shop = call.shop
    item = given.get("inventoryItem") or {}
    sku = given.get("sku") or item.get("sku") or ""
    title = " / ".join(one["value"] for one in options)
    variant = add_variant(shop, product, sku, title, str(given.get("price") or "0.00"), call.now)
    variant.update(selectedOptions=options, position=len(product["variantIds"]))
    own = shop.table("InventoryItem")[variant["inventoryItem"]]
    own["tracked"] = False  # unless the input says otherwise
    change_variant(call, variant, given)
    for one in given.get("inventoryQuantities") or ():
        quantity = one.get("quantity", one.get("availableQuantity", 0))
        shop.stock[own["id"], one["locationId"]]["available"] = quantity
    tell(call, "inventory_items/create", item_payload(shop, own))
    return variant


def change_variant(call: Call, variant: Node, given: Mapping[str, Any]) -> None:
    """Take over what the input names; a member given as null is emptied."""
    moment = max(stamp(call.now), variant["updatedAt"])
    for name in MONEY:
        if name in given:
            variant[name] = None if given[name] is None else f"{Decimal(str(given[name])):.2f}"
    for name in PLAIN:
        if name in given:
            variant[name] = given[name]
    if "metafields" in given:
        variant["metafields"] = merged_metafields(call.shop, variant["metafields"], given["metafields"])
    item = dict(given.get("inventoryItem") or {})
    if "sku" in given:
        item["sku"] = given["sku"]
    if item:
        change_item(call, call.shop.table("InventoryItem")[variant["inventoryItem"]], item)
    variant["updatedAt"] = moment


def change_item(call: Call, item: Node, given: Mapping[str, Any]) -> None:
    shop = call.shop
    for name in ITEM:
        if name in given:
            item[name] = given[name]
    if "cost" in given:
        cost = given["cost"]
        item["unitCost"] = (
            None if cost is None else {"amount": f"{Decimal(str(cost)):.2f}", "currencyCode": shop.currency}
        )
    if weight := (given.get("measurement") or {}).get("weight"):
        item["measurement"] = {"weight": dict(weight)}
    if "sku" in given and given["sku"] != item["sku"]:
        variant = shop.table("ProductVariant")[item["variant"]]
        known = shop.variants_by_sku.get(item["sku"] or "", [])
        if variant["id"] in known:
            known.remove(variant["id"])
        shop.variants_by_sku.setdefault(given["sku"] or "", []).append(variant["id"])
        item["sku"] = variant["sku"] = given["sku"]
    item["updatedAt"] = max(stamp(call.now), item["updatedAt"])


def delete_variant(call: Call, product: Node, variant: Node) -> None:
    shop = call.shop
    product["variantIds"].remove(variant["id"])
    shop.variants_by_sku[variant["sku"] or ""].remove(variant["id"])
    del shop.table("ProductVariant")[variant["id"]]
    item = shop.table("InventoryItem").pop(variant["inventoryItem"])
    for key in [key for key in shop.stock if key[0] == item["id"]]:
        del shop.stock[key]
    tell(call, "inventory_items/delete", {"id": int(item["id"].rpartition("/")[2])})


def merged_metafields(shop: Shop, known: list[Node], given: Iterable[Mapping[str, Any]]) -> list[Node]:
    """Metafields given are set, others stay."""
    rows = {(one["namespace"], one["key"]): one for one in known}
    for one in given:
        key = (one.get("namespace") or "", one["key"])
        old = rows.get(key) or {"id": f"gid://shopify/Metafield/{shop.take_id()}", "type": "single_line_text_field"}
        rows[key] = {**old, "namespace": key[0], "key": key[1], "value": one["value"],
                     "type": one.get("type") or old["type"]}  # fmt: skip
    return list(rows.values())
