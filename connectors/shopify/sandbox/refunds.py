"""Refunds of the sandbox: worked out for an app, made by an app or a merchant, settled by a gateway.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/refundCreate (checked 2026-11-20). What a refund does to its
order stands in ``refundbooks``. Not for returns: those are ``returns``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.sandbox import Reply
from connectors.shopify.sandbox import money_news
from connectors.shopify.sandbox.engine import Call, number_of
from connectors.shopify.sandbox.orders import ZERO, Node, Shop, read_bag, till_of, total_of
from connectors.shopify.sandbox.refundbooks import (
    make_refund,
    money_arrived,
    parents_of,
    picked,
    refunds_of,
    shipping_left,
    shipping_part,
    value_of,
)
from connectors.shopify.sandbox.shipments import Refusal
from connectors.shopify.sandbox.shops import OUTLET

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox


def _refund(call: Call, info: Any, id: str) -> Any:
    number_of(id, "Refund")
    return call.shop.table("Refund").get(id)


def _suggested(
    call: Call, order: Node, info: Any, refundLineItems: Sequence[Mapping[str, Any]] = (),
    refundShipping: bool = False, shippingAmount: Any = None, **unused: Any,
) -> Node:  # fmt: skip
    till = till_of(order)
    try:
        values = [value_of(line, one["quantity"]) for line, one in picked(order, refundLineItems or ())]
        taken = total_of(read_bag(one["shippingRefunded"]) for one in refunds_of(call.shop, order))
        shipping = shipping_part(order, whole=bool(refundShipping), amount=shippingAmount, taken=taken)
    except Refusal:  # a calculation answers with what there is
        values, shipping, taken = [], ZERO, ZERO
    tax = ZERO if order["taxesIncluded"] else total_of(tax for _, tax in values)
    parents = parents_of(order)
    most = total_of(left for _, left in parents)
    whole = total_of(value for value, _ in values) + tax + shipping
    wanted = whole if whole.shop <= most.shop else most
    rows, rest = [], wanted
    for one, left in parents:
        share = rest if rest.shop <= left.shop else left
        rest -= share
        rows.append(
            {
                "kind": "SUGGESTED_REFUND",
                "gateway": one["gateway"],
                "amountSet": till.show(share),
                "maximumRefundableSet": till.show(left),
                "parentTransaction": one,
            }
        )
    return {
        "amountSet": till.show(wanted),
        "maximumRefundableSet": till.show(most),
        "shipping": {"maximumRefundableSet": till.show(shipping_left(order, taken))},
        "suggestedTransactions": rows,
    }


def _refund_create(call: Call, info: Any, input: Mapping[str, Any]) -> Node:
    order = call.shop.orders.get(input["orderId"])
    if order is None:
        return {
            "refund": None,
            "order": None,
            "userErrors": [{"field": ["orderId"], "message": "Order does not exist"}],
        }
    try:
        made = make_refund(call.shop, order, input, call.now)
    except Refusal as refusal:
        return {"refund": None, "order": None, "userErrors": [refusal.as_user_error()]}
    if call.sandbox is not None:
        money_news.tell_of_refund(call.sandbox, call.shop, made)
    return {"refund": made, "order": order, "userErrors": []}


def _control(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """``{"shop", "order", "lines": [{"sku", "quantity", "restock", "location"}], "amount", "status", "shipping",
    "note"}`` refunds as a merchant would; ``amount`` is the buyer's money, else what the lines are worth. With
    ``"settle": id`` and ``status`` the money of a refund moves or fails."""
    shop, now = sandbox.shops[wish.get("shop", OUTLET)], sandbox.now()
    if "settle" in wish:
        made = shop.table("Refund")[f"gid://shopify/Refund/{wish['settle']}"]
        money_arrived(shop, made, str(wish.get("status", "SUCCESS")), now)
        return Reply(body={"id": made["legacyResourceId"], "updatedAt": made["updatedAt"]})
    order = shop.find(str(wish["order"]))
    if order is None:
        return Reply(404, {"error": "no such order"})
    try:
        made = refund_by_sku(shop, order, wish, now)
    except Refusal as refusal:
        return Reply(400, {"error": refusal.message})
    money_news.tell_of_refund(sandbox, shop, made)
    return Reply(body={"id": made["legacyResourceId"], "total": made["totalRefundedSet"]})


def refund_by_sku(shop: Shop, order: Node, wish: Mapping[str, Any], now: float) -> Node:
    """See ``_control``."""
    first = next(iter(shop.table("Location")))
    lines = []
    for one in wish.get("lines") or ():
        line = next(line for line in order["lineItems"] if line["sku"] == one["sku"])
        kind = str(one.get("restock", "NO_RESTOCK"))
        more = {} if kind == "NO_RESTOCK" else {"locationId": one.get("location", first)}
        lines.append({"lineItemId": line["id"], "quantity": one.get("quantity", 1), "restockType": kind, **more})
    values = [value_of(line, one["quantity"]) for line, one in picked(order, lines)]
    tax = ZERO if order["taxesIncluded"] else total_of(tax for _, tax in values)
    worth = total_of(value for value, _ in values) + tax
    left = Decimal(str(wish.get("amount", worth.buyer + Decimal(str(wish.get("shipping", 0))))))
    payments = []
    for one, rest in parents_of(order):
        share = min(left, rest.buyer)
        left -= share
        if share:
            payments.append({"kind": "REFUND", "gateway": one["gateway"], "amount": share, "parentId": one["id"]})
    input_ = {
        "refundLineItems": lines, "transactions": payments, "note": wish.get("note"),
        "currency": order["presentmentCurrencyCode"], "shipping": {"amount": wish.get("shipping", 0)},
    }  # fmt: skip
    return make_refund(shop, order, input_, now, status=str(wish.get("status", "SUCCESS")))


QUERIES: dict[str, Callable[..., Any]] = {"refund": _refund}
MUTATIONS: dict[str, Callable[..., Any]] = {"refundCreate": _refund_create}
FIELDS: dict[tuple[str, str], Callable[..., Any]] = {
    ("Order", "refunds"): lambda call, order, info, first=None: refunds_of(call.shop, order)[:first],
    ("Order", "refundable"): lambda call, order, info: bool(total_of(left for _, left in parents_of(order)).shop),
    ("Order", "suggestedRefund"): _suggested,
    ("Refund", "order"): lambda call, refund, info: call.shop.orders[refund["orderId"]],
    ("Refund", "return"): lambda call, refund, info: call.shop.table("Return").get(refund["returnId"]),
}
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("QueryRoot", "refund"): "read_orders",
    ("Mutation", "refundCreate"): "write_orders",
}
CONTROLS = {"refund": _control}
