"""Locations, products, variants and inventory items of a sandbox shop: what orders, stock and shipments refer to.

Kept in ``shop.tables`` by kind and global id: ``Location``, ``Product``, ``ProductVariant``, ``InventoryItem``; stock
stands in ``shop.stock`` by (item id, location id). https://shopify.dev/docs/api/admin-graphql/2026-10 (2026-11-20).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from connectors.shopify.sandbox.engine import Call, page
from connectors.shopify.sandbox.orders import CATALOGUE, Node, Shop, stamp

FIRST_PRODUCT, FIRST_VARIANT, FIRST_ITEM, FIRST_LOCATION = 880_001, 4_200_001, 7_701, 61_001
QUANTITIES = ("available", "committed", "incoming", "reserved", "damaged", "safety_stock", "quality_control")


def open_catalogue(shop: Shop, now: float, places: Mapping[str, Mapping[str, Any]]) -> None:
    """Seed a shop's locations (name to address) and the sandbox's catalogue, 25 pieces of each at each location."""
    for position, (name, address) in enumerate(places.items()):
        add_location(shop, name, address, number=FIRST_LOCATION + position)
    for sku, (title, price) in CATALOGUE.items():
        add_product(shop, sku, title, price, now)
    for variant in shop.table("ProductVariant").values():
        variant["createdAt"] = stamp(now - 86_400)  # long ago: the search knows them


def add_location(shop: Shop, name: str, address: Mapping[str, Any], *, number: int = 0) -> Node:
    """A location that ships."""
    number = number or shop.take_id()
    node: Node = {
        "id": f"gid://shopify/Location/{number}",
        "legacyResourceId": str(number),
        "name": name,
        "isActive": True,
        "shipsInventory": True,
        "fulfillsOnlineOrders": True,
        "isFulfillmentService": False,
        "address": {"address1": None, "address2": None, "city": None, "provinceCode": None, "zip": None,
                    "countryCode": None, "phone": None, **address},
    }  # fmt: skip
    shop.table("Location")[node["id"]] = node
    return node


def add_product(shop: Shop, sku: str, title: str, price: str, now: float, *, stock: int = 25) -> Node:
    """A product of one variant, with its inventory item stocked at every location. Its ids follow its place."""
    place = next_place(shop, "Product")
    moment = stamp(now)
    product_title, _, variant_title = title.partition(" - ")
    product: Node = {
        "id": f"gid://shopify/Product/{FIRST_PRODUCT + place}",
        "legacyResourceId": str(FIRST_PRODUCT + place),
        "title": product_title,
        "handle": free_handle(shop, product_title),
        "status": "ACTIVE",
        "vendor": shop.name,
        "productType": "",
        "tags": [],
        "descriptionHtml": "",
        "isGiftCard": False,
        "createdAt": moment,
        "updatedAt": moment,
        "options": [],
        "media": [],
        "metafields": [],
    }
    shop.table("Product")[product["id"]] = product
    add_variant(shop, product, sku, variant_title or "Default Title", price, now, stock=stock)
    return product


def add_variant(shop: Shop, product: Node, sku: str, title: str, price: str, now: float, *, stock: int = 0) -> Node:
    """A variant with its inventory item."""
    place = next_place(shop, "ProductVariant")
    moment = stamp(now)
    item: Node = {
        "id": f"gid://shopify/InventoryItem/{FIRST_ITEM + place}",
        "sku": sku,
        "tracked": True,
        "requiresShipping": True,
        "harmonizedSystemCode": None,
        "countryCodeOfOrigin": None,
        "unitCost": None,
        "measurement": {"weight": {"value": 350.0, "unit": "GRAMS"}},
        "updatedAt": moment,
    }
    variant: Node = {
        "id": f"gid://shopify/ProductVariant/{FIRST_VARIANT + place}",
        "legacyResourceId": str(FIRST_VARIANT + place),
        "sku": sku,
        "barcode": None,
        "title": title,
        "displayName": f"{product['title']} - {title}",
        "price": f"{Decimal(price):.2f}",
        "compareAtPrice": None,
        "taxable": True,
        "position": 1,
        "inventoryPolicy": "DENY",
        "selectedOptions": [{"name": "Title", "value": title}],
        "createdAt": moment,
        "updatedAt": moment,
        "product": product["id"],
        "inventoryItem": item["id"],
        "metafields": [],
    }
    item["variant"] = variant["id"]
    shop.table("InventoryItem")[item["id"]] = item
    shop.table("ProductVariant")[variant["id"]] = variant
    shop.variants_by_sku.setdefault(sku, []).append(variant["id"])
    product.setdefault("variantIds", []).append(variant["id"])
    for location_id in shop.table("Location"):
        shop.stock[item["id"], location_id] = {**dict.fromkeys(QUANTITIES, 0), "available": stock}
    return variant


def next_place(shop: Shop, kind: str) -> int:
    """0, 1, 2, ... for the ids of a kind; none is given twice, whatever is deleted."""
    serial = shop.table("Serial").setdefault(kind, {"next": 0})
    serial["next"] += 1
    return int(serial["next"]) - 1


def free_handle(shop: Shop, title: str) -> str:
    """The handle Shopify makes of a title, with a number behind it where it is taken."""
    plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "product"
    taken = shop.table("Handle")
    number = taken.get(plain, {}).get("next", 0)
    while (handle := f"{plain}-{number}" if number else plain) in taken:
        number += 1
    taken[handle] = {"next": 1}
    taken[plain]["next"] = number + 1
    return handle


def _locations(call: Call, info: Any, includeInactive: bool = False, **paging: Any) -> Any:
    rows = [one for one in call.shop.table("Location").values() if includeInactive or one["isActive"]]
    return page(rows, "locations", lambda row: [row["id"]], **paging)


QUERIES: dict[str, Callable[..., Any]] = {"locations": _locations}
FIELDS: dict[tuple[str, str], Callable[..., Any]] = {
    ("ProductVariant", "product"): lambda call, source, info: call.shop.table("Product")[source["product"]],
    ("ProductVariant", "inventoryItem"): lambda call, source, info: call.shop.table("InventoryItem")[
        source["inventoryItem"]
    ],
}
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("QueryRoot", "locations"): ("read_locations", "read_inventory"),
}
