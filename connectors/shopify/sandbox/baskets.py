"""What is in an order of the sandbox and what it comes to: lines, discounts, taxes, duties, and every total from them.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order (checked 2026-11-20). Not for placing or changing one:
that is ``sales.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.shopify.sandbox.orders import (
    CATALOGUE,
    ZERO,
    Bag,
    Node,
    Shop,
    Till,
    read_bag,
    total_of,
)


def build_line(
    shop: Shop, till: Till, one: Mapping[str, Any], shares: list[Bag], tax: Mapping[str, Any] | None
) -> Node:
    """One line. ``shares``: what each discount of the order allots to it, by the discount's position."""
    sku = one.get("sku")
    title, price = CATALOGUE.get(sku or "", (sku or "Custom item", "0.00"))
    quantity, is_gift_card = int(one.get("quantity", 1)), bool(one.get("gift_card"))
    unit = till.bag(one.get("price", price))
    gross = unit.times(quantity)
    net = gross - total_of(shares)
    number = shop.take_id()
    variant = shop.variant(sku) if sku and not one.get("custom") else None
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "sku": sku,
        "name": one.get("title", title),
        "title": one.get("title", title).partition(" - ")[0],
        "variantTitle": one.get("title", title).partition(" - ")[2] or None,
        "vendor": shop.name if variant else None,
        "quantity": quantity,
        "currentQuantity": quantity,
        "unfulfilledQuantity": quantity,
        "refundableQuantity": quantity,
        "requiresShipping": not is_gift_card,
        "taxable": not is_gift_card,
        "isGiftCard": is_gift_card,
        "variant": variant,  # none: a custom line, or a product that was deleted
        "product": shop.table("Product")[variant["product"]] if variant else None,
        "customAttributes": [{"key": k, "value": v} for k, v in one.get("properties", {}).items()],
        "lineItemGroup": _group(one.get("bundle")),
        "originalUnitPriceSet": till.show(unit),
        "originalTotalSet": till.show(gross),
        "discountAllocations": allocations(till, shares),
        "taxLines": [] if is_gift_card else tax_lines(till, net, one.get("tax", tax), bool(shop.taxes_included)),
        "duties": [_duty(shop, till, one["duty"])] if one.get("duty") else [],
    }


def _group(bundle: Mapping[str, Any] | None) -> Node | None:
    """The bundle a line is part of: ``{id, title, quantity, sku}``."""
    if not bundle:
        return None
    return {
        "id": f"gid://shopify/LineItemGroup/{bundle['id']}",
        "title": bundle.get("title", "Bundle"),
        "quantity": int(bundle.get("quantity", 1)),
        "variantSku": bundle.get("sku"),
    }


def _duty(shop: Shop, till: Till, amount: Any) -> Node:
    return {"id": f"gid://shopify/Duty/{shop.take_id()}", "price": till.show(till.bag(amount)), "taxLines": []}


def allocations(till: Till, shares: list[Bag]) -> list[Node]:
    """The code of the order is discount 0, a discount of the line itself is 1."""
    kinds = ("DiscountCodeApplication", "ManualDiscountApplication")
    return [
        {
            "allocatedAmountSet": till.show(share),
            "discountApplication": {"__typename": kinds[index], "index": index},
        }
        for index, share in enumerate(shares)
        if share.shop
    ]


def tax_lines(till: Till, net: Bag, tax: Mapping[str, Any] | None, is_included: bool) -> list[Node]:
    """The one tax on an amount; inside it where the shop's prices include taxes."""
    if not tax:
        return []
    rate = Decimal(str(tax["rate"]))
    amount = net - net.times(1 / (1 + rate)) if is_included else net.times(rate)
    return [
        {
            "title": tax.get("title", "Tax"),
            "rate": float(rate),
            "ratePercentage": float(rate * 100),
            "source": "Shopify",
            "channelLiable": bool(tax.get("channel_liable")),
            "priceSet": till.show(amount),
        }
    ]


def line_shares(till: Till, lines: list[Mapping[str, Any]], discount: Mapping[str, Any] | None) -> list[list[Bag]]:
    """For every line the share of the order's discount, by value and with the rest on the last, then its own one."""
    gross = [
        till.bag(one.get("price", CATALOGUE.get(one.get("sku") or "", ("", "0"))[1])).times(int(one.get("quantity", 1)))
        for one in lines
    ]
    whole = total_of(gross)
    taken = _taken(till, discount, whole)
    left = taken
    shares = []
    for position, amount in enumerate(gross):
        is_last = position == len(gross) - 1
        share = left if is_last else taken.times(amount.shop / (whole.shop or 1))
        left -= share
        shares.append([share, till.bag(lines[position].get("discount", 0))])
    return shares


def _taken(till: Till, discount: Mapping[str, Any] | None, whole: Bag) -> Bag:
    """What a discount of the whole order takes off: ``amount``, or ``percentage`` of the goods."""
    if not discount:
        return till.bag(0)
    if "percentage" in discount:
        return whole.times(Decimal(str(discount["percentage"])) / 100)
    return till.bag(discount["amount"])


def reckon(order: Node, till: Till) -> None:
    """Set every total of the order from its lines. Original ones count units ever ordered, ``current`` ones only those
    that are left."""
    lines, shipping_lines = order["lineItems"], order["shippingLines"]
    carried = [*lines, *shipping_lines]
    goods = total_of(_net(line) for line in lines)
    shipping = total_of(read_bag(line["originalPriceSet"]) - _allotted(line) for line in shipping_lines)
    tax = total_of(_taxed(line) for line in carried)
    duties = total_of(_levied(line) for line in lines)
    extra = shipping + read_bag(order["totalTipReceivedSet"]) + _optional(order["originalTotalAdditionalFeesSet"])
    now_goods = total_of(_left(line, _net(line)) for line in lines)
    now_tax = total_of([*(_left(line, _taxed(line)) for line in lines), *map(_taxed, shipping_lines)])
    now_duties = total_of(_left(line, _levied(line)) for line in lines)
    is_included, in_prices = order["taxesIncluded"], order["dutiesIncluded"]
    values = {
        "subtotalPriceSet": goods,
        "totalDiscountsSet": total_of(_allotted(line) for line in carried),
        "totalShippingPriceSet": shipping,
        "totalTaxSet": tax,
        "totalPriceSet": goods + extra + (ZERO if in_prices else duties) + (ZERO if is_included else tax),
        "currentTotalPriceSet": now_goods + extra + (ZERO if in_prices else now_duties)
        + (ZERO if is_included else now_tax),
        "currentTotalTaxSet": now_tax,
    }  # fmt: skip
    order.update({name: till.show(bag) for name, bag in values.items()})
    has_duties = any(line["duties"] for line in lines)
    order["originalTotalDutiesSet"] = till.show(duties) if has_duties else None
    order["currentTotalDutiesSet"] = till.show(now_duties) if has_duties else None
    order["currentTotalAdditionalFeesSet"] = order["originalTotalAdditionalFeesSet"]
    order["taxLines"] = [tax_line for line in carried for tax_line in line["taxLines"]][:1]


def _net(line: Node) -> Bag:
    return read_bag(line["originalTotalSet"]) - _allotted(line)


def _allotted(line: Node) -> Bag:
    return total_of(read_bag(one["allocatedAmountSet"]) for one in line["discountAllocations"])


def _taxed(line: Node) -> Bag:
    return total_of(read_bag(one["priceSet"]) for one in line["taxLines"])


def _levied(line: Node) -> Bag:
    return total_of(read_bag(one["price"]) for one in line["duties"])


def _optional(node: Node | None) -> Bag:
    return read_bag(node) if node else ZERO


def _left(line: Node, bag: Bag) -> Bag:
    return bag.times(Decimal(line["currentQuantity"]) / line["quantity"])
