"""The lines of a Shopify order, goods and shipping, with what is left of them, their bundles, discounts and duties.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/LineItem and ShippingLine (checked 2026-11-20). Not for the
totals of the order: that is ``totals.py``.
"""

from __future__ import annotations

from decimal import Decimal

from connectors.records import Duty, OrderLine, ShippingLine
from connectors.shopify.client import plain_id
from connectors.shopify.moneys import Node, Place, Purse, tax_of
from connectors.shopify.offers import split_code


def goods_line(node: Node, purse: Purse, place: Place, quantity: int) -> OrderLine:
    """``quantity``: the units to hand over of those ever ordered."""
    ordered: int = node["quantity"]
    group, variant = node["lineItemGroup"] or {}, node["variant"] or {}
    return OrderLine(
        id=plain_id(node["id"]),
        sku=node["sku"] or "",
        title=node["name"],
        quantity=Decimal(quantity),
        unit_price=purse.amount(node["originalUnitPriceSet"]),
        discount=purse.share(purse.allocated(node), quantity, ordered),
        taxes=tuple(tax_of(tax, purse, place, quantity, ordered) for tax in node["taxLines"]),
        is_taxable=node["taxable"],
        is_gift_card=node["isGiftCard"],
        requires_shipping=node["requiresShipping"],
        bundle_id=plain_id(group.get("id")),
        attributes=attributes_of(node["customAttributes"]),
        product_id=plain_id((node["product"] or {}).get("id")),
        variant_id=plain_id(variant.get("id")),
        inventory_item_id=plain_id((variant.get("inventoryItem") or {}).get("id")),
        vendor=node["vendor"] or "",
        variant_title=node["variantTitle"] or "",
        is_custom=not variant and not node["isGiftCard"],
        ordered_quantity=Decimal(ordered),
        open_quantity=Decimal(node["unfulfilledQuantity"]),
        refundable_quantity=Decimal(node["refundableQuantity"]),
        bundle_title=group.get("title") or "",
        bundle_quantity=Decimal(group.get("quantity") or 0),
        bundle_sku=group.get("variantSku") or "",
        discounts=purse.discount_shares(node),
        duties=tuple(Duty(id=plain_id(one["id"]), amount=purse.amount(one["price"])) for one in node["duties"]),
    )


def shipping_line(node: Node, purse: Purse, place: Place) -> ShippingLine:
    code, quote_key = split_code(node["code"] or "")
    return ShippingLine(
        id=plain_id(node["id"]),
        title=node["title"],
        code=code,
        price=purse.amount(node["originalPriceSet"]),
        discount=purse.allocated(node),
        taxes=tuple(tax_of(tax, purse, place, 1, 1) for tax in node["taxLines"]),
        quote_key=quote_key,
        source=node["source"] or "",
        carrier_id=node["carrierIdentifier"] or "",
        category=node["deliveryCategory"] or "",
        phone=node["phone"] or "",
        is_custom=bool(node["custom"]),
        discounts=purse.discount_shares(node),
    )


def attributes_of(nodes: list[Node]) -> tuple[tuple[str, str], ...]:
    return tuple((node["key"], node["value"] or "") for node in nodes)
