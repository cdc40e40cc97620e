"""What refunds do to an order of the sandbox: its units, its payments, its totals, the stock.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/refundCreate (checked 2026-11-20). The refusals have no
code; the texts are recorded ones where the reference has them. Not for calls: those are ``refunds``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.shopify.sandbox import routing
from connectors.shopify.sandbox.baskets import reckon
from connectors.shopify.sandbox.cashbook import settle, transaction
from connectors.shopify.sandbox.edits import touch
from connectors.shopify.sandbox.orders import ZERO, Bag, Node, Shop, Till, read_bag, stamp, till_of, total_of
from connectors.shopify.sandbox.shipments import Refusal

RECEIVED = {"SALE", "CAPTURE"}
TOO_MANY = "Quantity cannot refund more items than were purchased"


def refunds_of(shop: Shop, order: Mapping[str, Any]) -> list[Node]:
    return [one for one in shop.table("Refund").values() if one["orderId"] == order["id"]]


def parents_of(order: Mapping[str, Any]) -> list[tuple[Node, Bag]]:
    """The payments that brought money, each with what it can still give back."""
    back: dict[str, Bag] = {}
    for one in order["transactions"]:
        if one["kind"] == "REFUND" and one["status"] in {"SUCCESS", "PENDING"} and one["parentTransaction"]:
            parent = one["parentTransaction"]["id"]
            back[parent] = back.get(parent, ZERO) + read_bag(one["amountSet"])
    return [
        (one, read_bag(one["amountSet"]) - back.get(one["id"], ZERO))
        for one in order["transactions"]
        if one["kind"] in RECEIVED and one["status"] == "SUCCESS"
    ]


def value_of(line: Node, units: int) -> tuple[Bag, Bag]:
    """What ``units`` of a line are worth after discounts, and the tax on them."""
    share = Decimal(units) / line["quantity"]
    allotted = total_of(read_bag(one["allocatedAmountSet"]) for one in line["discountAllocations"])
    tax = total_of(read_bag(one["priceSet"]) for one in line["taxLines"])
    return (read_bag(line["originalTotalSet"]) - allotted).times(share), tax.times(share)


def picked(order: Node, wanted: Sequence[Mapping[str, Any]]) -> list[tuple[Node, Mapping[str, Any]]]:
    """The lines of the order that are meant; raises ``Refusal`` for others, and for more units than are left."""
    lines = {line["id"]: line for line in order["lineItems"]}
    found, left = [], {gid: line["currentQuantity"] for gid, line in lines.items()}
    for place, one in enumerate(wanted):
        line = lines.get(one["lineItemId"])
        if line is None:
            raise Refusal(["refundLineItems", str(place), "lineItemId"], "Line item does not exist")
        if one["quantity"] <= 0 or one["quantity"] > left[line["id"]]:
            raise Refusal(["refundLineItems", str(place), "quantity"], TOO_MANY)
        left[line["id"]] -= one["quantity"]
        found.append((line, one))
    return found


def shipping_part(order: Node, *, whole: bool, amount: Any, taken: Bag) -> Bag:
    """The part of the shipping to refund; ``amount`` in the buyer's currency."""
    most = shipping_left(order, taken)
    if whole:
        return most
    wanted = Decimal(str(amount or 0))
    if wanted > most.buyer:
        raise Refusal(["shipping"], f"Refund amount ${wanted:.2f} is greater than shipping left ${most.buyer:.2f}")
    return most.times(wanted / most.buyer) if most.buyer else ZERO


def shipping_left(order: Node, taken: Bag) -> Bag:
    prices = [one for one in order["shippingLines"] if not one["isRemoved"]]
    tax = total_of(read_bag(tax["priceSet"]) for one in prices for tax in one["taxLines"])
    net = total_of(read_bag(one["originalPriceSet"]) for one in prices)
    return net + (ZERO if order["taxesIncluded"] else tax) - taken


def make_refund(shop: Shop, order: Node, wish: Mapping[str, Any], now: float, *, status: str = "SUCCESS") -> Node:
    """Refund as a ``RefundInput`` says; raises ``Refusal`` and then nothing has changed."""
    till, moment, number = till_of(order), stamp(now), shop.take_id()
    lines = picked(order, wish.get("refundLineItems") or ())
    shipped = wish.get("shipping") or {}
    taken = total_of(read_bag(one["shippingRefunded"]) for one in refunds_of(shop, order))
    shipping = shipping_part(order, whole=bool(shipped.get("fullRefund")), amount=shipped.get("amount"), taken=taken)
    payments = _payments(shop, order, wish, till, moment, status)
    money = total_of(read_bag(one["amountSet"]) for one in payments)
    values = [value_of(line, one["quantity"]) for line, one in lines]
    tax = ZERO if order["taxesIncluded"] else total_of(tax for _, tax in values)
    worth = total_of(value for value, _ in values) + tax + shipping
    rest = money - worth if payments else ZERO
    made: Node = {
        "id": f"gid://shopify/Refund/{number}",
        "legacyResourceId": str(number),
        "orderId": order["id"],
        "returnId": None,
        "createdAt": moment,
        "processedAt": wish.get("processedAt") or moment,
        "updatedAt": moment,
        "note": wish.get("note"),
        "totalRefundedSet": till.show(money),
        "refundLineItems": [
            _refund_line(shop, till, line, one, value)
            for (line, one), value in zip(lines, values, strict=True)
        ],
        "shippingRefunded": till.show(shipping),
        "refundShippingLines": [
            {
                "id": f"gid://shopify/RefundShippingLine/{shop.take_id()}",
                "shippingLine": order["shippingLines"][0],
                "subtotalAmountSet": till.show(shipping),
                "taxAmountSet": till.show(ZERO),
            }
        ] if shipping.shop else [],
        "orderAdjustments": [
            {
                "id": f"gid://shopify/OrderAdjustment/{shop.take_id()}",
                "reason": "PENDING_REFUND_DISCREPANCY" if status == "PENDING" else "REFUND_DISCREPANCY",
                "amountSet": till.show(rest),
                "taxAmountSet": till.show(ZERO),
            }
        ] if rest.shop else [],
        "duties": [],
        "transactions": payments,
    }  # fmt: skip
    shop.table("Refund")[made["id"]] = made
    _book(shop, order, lines, payments, now)
    return made


def _payments(shop: Shop, order: Node, wish: Mapping[str, Any], till: Till, moment: str, status: str) -> list[Node]:
    given = wish.get("transactions") or ()
    buyer = order["presentmentCurrencyCode"]
    if buyer != order["currencyCode"] and given and wish.get("currency") is None:
        raise Refusal(["currency"], "Currency is required for orders with a presentment currency")
    if wish.get("currency") not in (None, buyer):
        raise Refusal(["currency"], "Currency does not match the order's presentment currency")
    parents = {one["id"]: (one, left) for one, left in parents_of(order)}
    wanted = sum((Decimal(str(one["amount"])) for one in given), Decimal(0))
    received = total_of(left for _, left in parents.values())
    if wanted > received.buyer:
        text = f"Refund amount ${wanted:.2f} is greater than net payment received ${received.buyer:.2f}"
        raise Refusal(None, text)
    rows = []
    for place, one in enumerate(given):
        parent = parents.get(one.get("parentId") or "")
        if parent is None or one["kind"] != "REFUND":
            text = "Transactions require a parent_id that is a successful sale or capture of the order"
            raise Refusal(["transactions", str(place), "parentId"], text)
        amount = Decimal(str(one["amount"]))
        if amount > parent[1].buyer:
            text = f"Refund amount ${amount:.2f} is greater than net payment received ${parent[1].buyer:.2f}"
            raise Refusal(["transactions", str(place), "amount"], text)
        whole = read_bag(parent[0]["amountSet"])
        amount_set = till.show(whole.times(amount / whole.buyer))
        made = transaction(shop, order, "REFUND", status, parent[0]["gateway"], amount_set, moment)
        rows.append({**made, "parentTransaction": parent[0]})
    return rows


def _refund_line(shop: Shop, till: Till, line: Node, one: Mapping[str, Any], value: tuple[Bag, Bag]) -> Node:
    kind = one.get("restockType") or "NO_RESTOCK"
    location = shop.table("Location").get(one.get("locationId") or "")
    if kind == "RETURN" and location is None:
        raise Refusal(["refundLineItems"], "Location is required to restock returned items")
    return {
        "id": f"gid://shopify/RefundLineItem/{shop.take_id()}",
        "quantity": one["quantity"],
        "restockType": kind,
        "restocked": kind in {"RETURN", "CANCEL"},
        "location": location if kind != "NO_RESTOCK" else None,
        "lineItem": line,
        "priceSet": line["originalUnitPriceSet"],
        "subtotalSet": till.show(value[0]),
        "totalTaxSet": till.show(value[1]),
    }


def _book(
    shop: Shop, order: Node, lines: Sequence[tuple[Node, Mapping[str, Any]]], payments: Sequence[Node], now: float
) -> None:
    """Units leave the order and, where asked, return to stock; the money leaves its payments; totals follow."""
    touch(shop, order, now)
    for line, one in lines:
        line["currentQuantity"] -= one["quantity"]
        line["refundableQuantity"] -= one["quantity"]
        item, kind = routing.item_of(line), one.get("restockType") or "NO_RESTOCK"
        before = {place: dict(level) for (owner, place), level in shop.stock.items() if owner == item}
        if kind != "RETURN":
            routing.follow(shop, order, now)  # what was never shipped is no longer to be shipped
        if kind == "NO_RESTOCK":
            for place, level in before.items():
                shop.stock[item or "", place]["available"] = level["available"]
        elif kind == "RETURN" and (item or "", one["locationId"]) in shop.stock:
            shop.stock[item or "", one["locationId"]]["available"] += one["quantity"]
    order["transactions"] += payments
    reckon(order, till_of(order))
    settle(order)


def money_arrived(shop: Shop, refund: Node, status: str, now: float) -> None:
    """The gateway reports what became of the money: ``SUCCESS`` or ``FAILURE``."""
    order = shop.orders[refund["orderId"]]
    touch(shop, order, now)
    for one in refund["transactions"]:
        one["status"] = status
    refund["updatedAt"] = max(stamp(now), refund["updatedAt"])
    settle(order)
