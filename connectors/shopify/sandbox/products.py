"""What the sandbox answers about products, variants and inventory items: by id, by identifier, by search.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Product (checked 2026-11-20). Not for changing them: that is
``product_writes`` and ``variant_writes``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from connectors.sandbox import Reply
from connectors.shopify.sandbox import search
from connectors.shopify.sandbox.catalogue import add_product, add_variant
from connectors.shopify.sandbox.engine import Call, moment, number_of, page
from connectors.shopify.sandbox.orders import Node, Shop
from connectors.shopify.sandbox.shops import OUTLET

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

MOST_COUNTED = 10_000
SORTS = {"UPDATED_AT": "updatedAt", "CREATED_AT": "createdAt", "ID": "id", "TITLE": "title"}
TIMES = {"created_at": "createdAt", "updated_at": "updatedAt"}
ONLY_SKUS = re.compile(r"\s*sku:'(?:\\.|[^'\\])*'(?:\s+OR\s+sku:'(?:\\.|[^'\\])*')*\s*")
VARIANT_TEXTS: dict[str, Callable[[Node], list[str]]] = {
    "id": lambda one: [one["legacyResourceId"], one["id"]],
    "sku": lambda one: [one["sku"] or ""],
    "barcode": lambda one: [one["barcode"] or ""],
    "title": lambda one: [one["title"]],
    "product_id": lambda one: [one["product"].rpartition("/")[2]],
}
ITEM_TEXTS: dict[str, Callable[[Node], list[str]]] = {
    "id": lambda one: [one["id"].rpartition("/")[2]],
    "sku": lambda one: [one["sku"] or ""],
}


def variants_of(shop: Shop, product: Mapping[str, Any]) -> list[Node]:
    table = shop.table("ProductVariant")
    return [table[one] for one in product.get("variantIds", ())]


def by_custom_id(call: Call, kind: str, given: Mapping[str, Any]) -> Node | None:
    """The object whose metafield of type ``id`` has this value. Without a definition of that type it is an error."""
    namespace, key = given.get("namespace") or "", given["key"]
    owner = {"ProductVariant": "PRODUCTVARIANT"}.get(kind, kind.upper())
    if not any(
        (one["ownerType"], one["namespace"], one["key"], one["type"]) == (owner, namespace, key, "id")
        for one in call.shop.table("MetafieldDefinition").values()
    ):
        text = "Metafield definition of type 'id' is required when using custom ids."
        raise GraphQLError(text, extensions={"code": "NOT_FOUND"})
    wanted = (namespace, key, given["value"])
    for one in call.shop.table(kind).values():
        if any((field["namespace"], field["key"], field["value"]) == wanted for field in one.get("metafields", ())):
            return one
    return None


def found_product(call: Call, identifier: Mapping[str, Any]) -> Node | None:
    if "customId" in identifier:
        return by_custom_id(call, "Product", identifier["customId"])
    if "handle" in identifier:
        rows = call.shop.table("Product").values()
        return next((one for one in rows if one["handle"] == identifier["handle"]), None)
    number_of(identifier["id"], "Product")
    return call.shop.table("Product").get(identifier["id"])


def _product(call: Call, info: Any, id: str) -> Any:
    return found_product(call, {"id": id})


def _variant(call: Call, info: Any, id: str) -> Any:
    number_of(id, "ProductVariant")
    return call.shop.table("ProductVariant").get(id)


def _item(call: Call, info: Any, id: str) -> Any:
    number_of(id, "InventoryItem")
    return call.shop.table("InventoryItem").get(id)


def _products(call: Call, info: Any, query: str = "", sortKey: str = "ID", reverse: bool = False, **paging: Any) -> Any:
    rows = _products_found(call, info, query)
    member = SORTS[sortKey]
    rows.sort(key=lambda row: (row[member], int(row["legacyResourceId"])), reverse=reverse)
    tag = f"products {query} {sortKey}"
    return page(rows, tag, lambda row: [row[member], int(row["legacyResourceId"])], reverse=reverse, **paging)


def _products_found(call: Call, info: Any, query: str) -> list[Node]:
    texts: dict[str, Callable[[Node], list[str]]] = {
        "id": lambda one: [one["legacyResourceId"], one["id"]],
        "handle": lambda one: [one["handle"]],
        "title": lambda one: [one["title"]],
        "status": lambda one: [one["status"]],
        "vendor": lambda one: [one["vendor"]],
        "product_type": lambda one: [one["productType"]],
        "tag": lambda one: one["tags"],
        "sku": lambda one: [variant["sku"] or "" for variant in variants_of(call.shop, one)],
    }
    return searched(call, info, list(call.shop.table("Product").values()), query, texts)


def searched(
    call: Call, info: Any, rows: list[Node], query: str, texts: Mapping[str, Callable[[Node], list[str]]]
) -> list[Node]:
    """The rows a search string finds. The index knows an object only some time after it was made."""
    test, warnings = search.parse(query or "", texts, TIMES)
    if warnings:
        call.search.append({"path": info.path.as_list(), "query": query, "warnings": warnings})
    indexed = call.now - call.index_lag_s
    made = [one for one in rows if "createdAt" not in one or moment(one["createdAt"]) <= indexed]
    return [one for one in made if test(one)] if query else made


def _variants(call: Call, info: Any, query: str = "", **paging: Any) -> Any:
    rows = searched(call, info, _by_sku(call.shop, query, "ProductVariant"), query, VARIANT_TEXTS)
    rows.sort(key=lambda row: int(row["legacyResourceId"]))
    return page(rows, f"variants {query}", lambda row: [int(row["legacyResourceId"])], **paging)


def _items(call: Call, info: Any, query: str = "", **paging: Any) -> Any:
    rows = searched(call, info, _by_sku(call.shop, query, "InventoryItem"), query, ITEM_TEXTS)
    rows.sort(key=_number)
    return page(rows, f"items {query}", lambda row: [_number(row)], **paging)


def _by_sku(shop: Shop, query: str, kind: str) -> list[Node]:
    """All rows, or where only SKUs are asked for, those of these SKUs, whatever their case."""
    if not query or not ONLY_SKUS.fullmatch(query):
        return list(shop.table(kind).values())
    texts = {re.sub(r"\\(.)", r"\1", one).casefold() for one in re.findall(r"sku:'((?:\\.|[^'\\])*)'", query)}
    ids = [one for sku, known in shop.variants_by_sku.items() if sku.casefold() in texts for one in known]
    variants = [shop.table("ProductVariant")[one] for one in ids]
    return variants if kind == "ProductVariant" else [shop.table(kind)[one["inventoryItem"]] for one in variants]


def _number(row: Mapping[str, Any]) -> int:
    return int(row["id"].rpartition("/")[2])


def _count(number: int) -> Node:
    exact = number < MOST_COUNTED
    return {"count": min(number, MOST_COUNTED), "precision": "EXACT" if exact else "AT_LEAST"}


def _variants_of_product(call: Call, source: Node, info: Any, **paging: Any) -> Any:
    rows = variants_of(call.shop, source)
    return page(rows, f"{source['id']}.variants", lambda row: [int(row["legacyResourceId"])], **paging)


def _variants_of_item(call: Call, source: Node, info: Any, **paging: Any) -> Any:
    rows = [call.shop.table("ProductVariant")[source["variant"]]]
    return page(rows, f"{source['id']}.variants", lambda row: [int(row["legacyResourceId"])], **paging)


def metafields(call: Call, source: Node, info: Any, namespace: str | None = None, **paging: Any) -> Any:
    rows = [one for one in source.get("metafields", ()) if namespace in (None, one["namespace"])]
    return page(rows, f"{source['id']}.metafields", lambda row: [_number(row)], **paging)


def _twins(call: Call, source: Node, info: Any) -> int:
    return max(0, len(call.shop.variants_by_sku.get(source["sku"] or "", ())) - 1)


def seed_products(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """``{"shop", "title", "skus": [...] or "variants": n, "price", "stock"}``: a product with these variants, made long
    ago so that the index knows it. A SKU that is there already is then used twice."""
    shop = sandbox.shops[wish.get("shop", OUTLET)]
    skus = [str(one) for one in wish.get("skus") or ()]
    prefix = str(wish.get("prefix", "BIG"))
    skus = skus or [f"{prefix}-{number:04d}" for number in range(1, int(wish.get("variants", 1)) + 1)]
    made_at = sandbox.now() - float(wish.get("seconds_ago", 86_400))
    title, price, stock = wish.get("title", "Seeded product"), wish.get("price", "10.00"), int(wish.get("stock", 5))
    product = add_product(shop, skus[0], f"{title} - {skus[0]}", price, made_at, stock=stock)
    for sku in skus[1:]:
        add_variant(shop, product, sku, sku, price, made_at, stock=stock)
    for position, variant in enumerate(variants_of(shop, product), 1):
        variant.update(position=position, selectedOptions=[{"name": "Size", "value": variant["title"]}])
    values = [{"id": f"gid://shopify/ProductOptionValue/{shop.take_id()}", "name": sku} for sku in skus]
    product["options"] = [{"id": f"gid://shopify/ProductOption/{shop.take_id()}", "name": "Size", "position": 1,
                           "optionValues": values}]  # fmt: skip
    return Reply(body={"id": product["id"], "handle": product["handle"], "variants": len(skus)})


QUERIES: dict[str, Callable[..., Any]] = {
    "product": _product,
    "productByIdentifier": lambda call, info, identifier: found_product(call, identifier),
    "products": _products,
    "productsCount": lambda call, info, query="", limit=MOST_COUNTED: _count(len(_products_found(call, info, query))),
    "productVariant": _variant,
    "productVariants": _variants,
    "inventoryItem": _item,
    "inventoryItems": _items,
}
FIELDS: dict[tuple[str, str], Callable[..., Any]] = {
    ("Product", "variants"): _variants_of_product,
    ("Product", "variantsCount"): lambda call, source, info: _count(len(source.get("variantIds", ()))),
    ("Product", "metafields"): metafields,
    ("Customer", "metafields"): metafields,
    ("InventoryItem", "variants"): _variants_of_item,
    ("InventoryItem", "duplicateSkuCount"): _twins,
}
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("QueryRoot", "product"): "read_products",
    ("QueryRoot", "productByIdentifier"): "read_products",
    ("QueryRoot", "products"): "read_products",
    ("QueryRoot", "productsCount"): "read_products",
    ("QueryRoot", "productVariant"): "read_products",
    ("QueryRoot", "productVariants"): "read_products",
    ("QueryRoot", "inventoryItem"): ("read_inventory", "read_products"),
    ("QueryRoot", "inventoryItems"): ("read_inventory", "read_products"),
}
CONTROLS = {"products": seed_products}
