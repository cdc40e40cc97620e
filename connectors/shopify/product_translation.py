"""Shopify's product, as HubProduct gives it with all its variants, becomes the hub's ``Product`` record. Pure: no calls.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Product (checked 2026-11-20). A product without options of its
own has one called Title with the value Default Title: such a variant has no options. Not for the way back: that is
``product_inputs``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.exceptions import PayloadError
from connectors.records import Product, ProductField, ProductImage, ProductOption, ProductVariant
from connectors.shopify.client import plain_id
from connectors.shopify.replies import UNREADABLE

Node = Mapping[str, Any]
WEIGHT_UNITS = {"GRAMS": "g", "KILOGRAMS": "kg", "OUNCES": "oz", "POUNDS": "lb"}
NO_OPTION = ("Title", "Default Title")


def product_record(product: Node, *, shop_domain: str, currency: str) -> Product:
    """The record of one product. ``currency``: the shop's, which its prices are in. Raises ``PayloadError`` where a
    member is missing or of another kind than the schema promises."""
    try:
        record = _product(product, shop_domain, currency)
        record.to_json()  # refuses members of another kind than declared
        return record
    except KeyError as error:
        sentence = f"Shopify's answer for product {_name(product)} lacks “{error.args[0]}”."
        raise PayloadError(sentence, path=f"product.{error.args[0]}") from error
    except UNREADABLE as error:
        sentence = f"Shopify's answer for product {_name(product)} has a member of a wrong kind."
        raise PayloadError(sentence, code="shape") from error


def _name(product: Node) -> Any:
    return product.get("title") or product.get("id")


def _product(product: Node, shop_domain: str, currency: str) -> Product:
    return Product(
        id=product["legacyResourceId"],
        number=product["handle"],
        name=product["title"],
        handle=product["handle"],
        source=shop_domain,
        updated_at=datetime.fromisoformat(product["updatedAt"]).astimezone(UTC),
        description_html=product["descriptionHtml"],
        vendor=product["vendor"],
        type=product["productType"],
        status=product["status"].lower(),
        currency=currency,
        is_gift_card=product["isGiftCard"],
        tags=tuple(product["tags"]),
        options=tuple(_options(product)),
        images=tuple(_images(product)),
        fields=tuple(_fields(product["metafields"]["nodes"])),
        variants=tuple(_variant(node) for node in product["variants"]["nodes"]),
        raw=product,
    )


def _options(product: Node) -> list[ProductOption]:
    found = [
        ProductOption(name=one["name"], values=tuple(value["name"] for value in one["optionValues"]))
        for one in sorted(product["options"], key=lambda one: int(one["position"]))
    ]
    return [] if [(one.name, *one.values) for one in found] == [NO_OPTION] else found


def _images(product: Node) -> list[ProductImage]:
    """Images Shopify has fetched already; one it still works on has no address yet."""
    found = []
    for node in product["media"]["nodes"]:
        image = (node["preview"] or {}).get("image")
        if node["mediaContentType"] == "IMAGE" and image:
            found.append(ProductImage(url=image["url"], alt=node["alt"] or ""))
    return found


def _fields(nodes: list[Node]) -> list[ProductField]:
    return [ProductField(key=one["key"], type=one["type"], value=one["value"]) for one in nodes]


def _variant(node: Node) -> ProductVariant:
    item = node["inventoryItem"]
    weight = item["measurement"]["weight"]
    options = tuple((one["name"], one["value"]) for one in node["selectedOptions"])
    return ProductVariant(
        id=plain_id(node["id"]),
        sku=node["sku"] or "",
        barcode=node["barcode"] or "",
        title=node["title"],
        options=() if options == (NO_OPTION,) else options,
        price=_decimal(node["price"]),
        compare_at_price=_decimal(node["compareAtPrice"]),
        cost=_decimal((item["unitCost"] or {}).get("amount")),
        is_taxable=node["taxable"],
        weight=_decimal(weight["value"]) if weight else None,
        weight_unit=WEIGHT_UNITS[weight["unit"]] if weight else "",
        is_tracked=item["tracked"],
        sells_when_empty=node["inventoryPolicy"] == "CONTINUE",
        hs_code=item["harmonizedSystemCode"] or "",
        origin_country=item["countryCodeOfOrigin"] or "",
        requires_shipping=item["requiresShipping"],
        stock_item_id=plain_id(item["id"]),
    )


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
