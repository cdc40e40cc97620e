"""The bodies of the sandbox's deliveries about products and inventory items, in the shape of the retired REST API.

https://shopify.dev/docs/api/webhooks/2026-10 (checked 2026-11-20): at most 100 full variants, all of them by id and
time of change, the newest first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.shopify.sandbox.orders import Node, Shop
from connectors.shopify.sandbox.payloads import plain_number

MOST_VARIANTS = 100


def product_payload(shop: Shop, product: Mapping[str, Any]) -> Node:
    variants = [shop.table("ProductVariant")[one] for one in product.get("variantIds", ())]
    newest = sorted(variants, key=lambda one: one["updatedAt"], reverse=True)
    return {
        "id": int(product["legacyResourceId"]),
        "admin_graphql_api_id": product["id"],
        "title": product["title"],
        "handle": product["handle"],
        "body_html": product["descriptionHtml"],
        "vendor": product["vendor"],
        "product_type": product["productType"],
        "status": product["status"].lower(),
        "tags": ", ".join(product["tags"]),
        "created_at": local_time(shop, product["createdAt"]),
        "updated_at": local_time(shop, product["updatedAt"]),
        "variants": [_variant(shop, product, one) for one in newest[:MOST_VARIANTS]],
        "variant_gids": [
            {"admin_graphql_api_id": one["id"], "updated_at": local_time(shop, one["updatedAt"])} for one in newest
        ],
        "options": [
            {"name": one["name"], "position": one["position"], "values": [v["name"] for v in one["optionValues"]]}
            for one in product["options"]
        ],
        "images": [],
    }


def item_payload(shop: Shop, item: Mapping[str, Any]) -> Node:
    """The body of ``inventory_items/create`` and ``inventory_items/update``."""
    return {
        "id": plain_number(item["id"]),
        "admin_graphql_api_id": item["id"],
        "sku": item["sku"],
        "tracked": item["tracked"],
        "requires_shipping": item["requiresShipping"],
        "cost": item["unitCost"]["amount"] if item["unitCost"] else None,
        "updated_at": local_time(shop, item["updatedAt"]),
    }


def local_time(shop: Shop, text: str) -> str:
    """A time as webhooks write it: with the shop's offset."""
    return datetime.fromisoformat(text).astimezone(datetime.strptime(shop.utc_offset, "%z").tzinfo).isoformat()


def _variant(shop: Shop, product: Mapping[str, Any], variant: Mapping[str, Any]) -> Node:
    return {
        "id": plain_number(variant["id"]),
        "admin_graphql_api_id": variant["id"],
        "product_id": int(product["legacyResourceId"]),
        "title": variant["title"],
        "sku": variant["sku"],
        "barcode": variant["barcode"],
        "price": variant["price"],
        "compare_at_price": variant["compareAtPrice"],
        "position": variant["position"],
        "taxable": variant["taxable"],
        "inventory_item_id": plain_number(variant["inventoryItem"]),
        "inventory_policy": variant["inventoryPolicy"].lower(),
        "updated_at": local_time(shop, variant["updatedAt"]),
    }
