"""What the sandbox answers about returns, what an app may do with them, and what a merchant does by a control call.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/returnCreate (checked 2026-11-20). States and goods stand in
``returnbooks``. Not for money: ``returnProcess`` moves quantities only here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connectors.sandbox import Reply
from connectors.shopify.sandbox import money_news, returnbooks
from connectors.shopify.sandbox.engine import Call, not_built, number_of, page
from connectors.shopify.sandbox.orders import Node, Shop
from connectors.shopify.sandbox.shipments import Refusal
from connectors.shopify.sandbox.shops import OUTLET

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox


def _return(call: Call, info: Any, id: str) -> Any:
    number_of(id, "Return")
    return call.shop.table("Return").get(id)


def _reverse(call: Call, info: Any, id: str) -> Any:
    number_of(id, "ReverseFulfillmentOrder")
    rows = (row for one in call.shop.table("Return").values() for row in one["reverseFulfillmentOrders"])
    return next((row for row in rows if row["id"] == id), None)


def _paged(rows: Sequence[Node], tag: str, paging: Mapping[str, Any]) -> Any:
    places = {row["id"]: place for place, row in enumerate(rows)}
    return page(list(rows), tag, lambda row: [places[row["id"]]], **paging)


def _returnable(call: Call, info: Any, orderId: str, **paging: Any) -> Any:
    order = call.shop.orders.get(orderId)
    shipments: dict[str, Node] = {}
    for made, row, units in returnbooks.shipped_rows(call.shop, order) if order else ():
        gid = made["id"].replace("/Fulfillment/", "/ReturnableFulfillment/")
        one = shipments.setdefault(gid, {"id": gid, "fulfillment": made, "returnableFulfillmentLineItems": []})
        if units > 0:
            one["returnableFulfillmentLineItems"].append({"quantity": units, "fulfillmentLineItem": row})
    rows = [one for one in shipments.values() if one["returnableFulfillmentLineItems"]]
    return _paged(rows, f"returnable {orderId}", paging)


def _reasons(call: Call, info: Any, **paging: Any) -> Any:
    return _paged(list(call.shop.table("ReturnReasonDefinition").values()), "reasons", paging)


def _answered(act: Callable[[Call, Any, Mapping[str, Any]], Node], shape: str = "return") -> Callable[..., Node]:
    """A mutation that answers an object, or the refusal as its user error."""

    def run(call: Call, info: Any, **arguments: Any) -> Node:
        try:
            return {shape: act(call, info, arguments), "userErrors": []}
        except Refusal as refusal:
            return {shape: None, "userErrors": [refusal.as_user_error()]}

    return run


def _found(call: Call, gid: str, path: Sequence[str]) -> Node:
    number_of(gid, "Return")
    one = call.shop.table("Return").get(gid)
    if one is None:
        raise Refusal(path, "Return not found", "NOT_FOUND")
    return one


def _create(call: Call, info: Any, arguments: Mapping[str, Any]) -> Node:
    wish = arguments["returnInput"]
    order = call.shop.orders.get(wish["orderId"])
    if order is None:
        raise Refusal(["returnInput", "orderId"], "Order not found", "NOT_FOUND")
    made = returnbooks.make_return(call.shop, order, wish, call.now)
    _tell(call, "approve", made)
    return made


def _approve(call: Call, info: Any, arguments: Mapping[str, Any]) -> Node:
    one = _found(call, arguments["input"]["id"], ["input", "id"])
    returnbooks.move(call.shop, one, "approve", call.now)
    _tell(call, "approve", one)
    return one


def _close(call: Call, info: Any, arguments: Mapping[str, Any]) -> Node:
    one = _found(call, arguments["id"], ["id"])
    returnbooks.move(call.shop, one, "close", call.now)
    _tell(call, "close", one)
    return one


def _cancel(call: Call, info: Any, arguments: Mapping[str, Any]) -> Node:
    one = _found(call, arguments["id"], ["id"])
    returnbooks.move(call.shop, one, "cancel", call.now)
    _tell(call, "cancel", one)
    return one


def _decline(call: Call, info: Any, arguments: Mapping[str, Any]) -> Node:
    wish = arguments["input"]
    one = _found(call, wish["id"], ["input", "id"])
    returnbooks.move(call.shop, one, "decline", call.now, reason=wish["declineReason"], note=wish.get("declineNote"))
    _tell(call, "decline", one)
    return one


def _process(call: Call, info: Any, arguments: Mapping[str, Any]) -> Node:
    wish = arguments["input"]
    if wish.get("financialTransfer") or wish.get("exchangeLineItems") or wish.get("refundShipping"):
        raise not_built(info)
    one = _found(call, wish["returnId"], ["input", "returnId"])
    rows = returnbooks.process(call.shop, one, wish.get("returnLineItems") or (), call.now)
    _tell(call, "process", one)
    if rows and call.sandbox is not None:
        money_news.tell_of_disposal(call.sandbox, call.shop, rows)
    return one


def _dispose(call: Call, info: Any, arguments: Mapping[str, Any]) -> Any:
    rows = returnbooks.dispose(call.shop, arguments["dispositionInputs"], call.now)
    if call.sandbox is not None:
        money_news.tell_of_disposal(call.sandbox, call.shop, rows)
    return [line for line, _ in rows]


def _tell(call: Call, event: str, one: Node) -> None:
    if call.sandbox is not None:
        money_news.tell_of_return(call.sandbox, call.shop, event, one)


def _control(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """``{"shop", "order", "lines": [{"sku", "quantity", "note", "reason"}], "requested": true}`` makes a return of
    shipped units. With ``"return": name``, ``do`` one of approve, decline (``reason``, ``note``), cancel, close, reopen,
    update, process (all of it), dispose (``type``, ``quantity``, ``location``)."""
    shop, now = sandbox.shops[wish.get("shop", OUTLET)], sandbox.now()
    try:
        if "return" in wish:
            one = next(row for row in shop.table("Return").values() if row["name"] == wish["return"])
            _act(sandbox, shop, one, wish)
        else:
            order = shop.find(str(wish["order"]))
            if order is None:
                return Reply(404, {"error": "no such order"})
            one = return_by_sku(shop, order, wish, now)
            event = "request" if one["status"] == "REQUESTED" else "approve"
            money_news.tell_of_return(sandbox, shop, event, one)
    except Refusal as refusal:
        return Reply(400, {"error": refusal.message})
    return Reply(body={"id": one["id"].rpartition("/")[2], "name": one["name"], "status": one["status"]})


def _act(sandbox: ShopifySandbox, shop: Shop, one: Node, wish: Mapping[str, Any]) -> None:
    do, now = str(wish["do"]), sandbox.now()
    if do == "dispose":
        row = one["reverseFulfillmentOrders"][0]["lineItems"][int(wish.get("place", 0))]
        first = next(iter(shop.table("Location")))
        entry = {
            "reverseFulfillmentOrderLineItemId": row["id"],
            "quantity": int(wish.get("quantity", 1)),
            "dispositionType": wish.get("type", "RESTOCKED"),
            "locationId": wish.get("location", first),
        }
        money_news.tell_of_disposal(sandbox, shop, returnbooks.dispose(shop, [entry], now))
        return
    if do == "process":
        entries = [{"id": row["id"], "quantity": row["unprocessedQuantity"]} for row in one["returnLineItems"]]
        returnbooks.process(shop, one, entries, now)
    elif do == "update":
        one["returnLineItems"][0]["customerNote"] = wish.get("note", "changed")
        returnbooks.refresh(shop, one, now)
    else:
        returnbooks.move(shop, one, do, now, reason=wish.get("reason", "OTHER"), note=wish.get("note"))
    money_news.tell_of_return(sandbox, shop, do, one)


def return_by_sku(shop: Shop, order: Node, wish: Mapping[str, Any], now: float) -> Node:
    """See ``_control``."""
    rows = returnbooks.shipped_rows(shop, order)
    entries = []
    for one in wish["lines"]:
        row = next(row for _, row, units in rows if row["lineItem"]["sku"] == one["sku"] and units)
        reason = next(
            (x["id"] for x in shop.table("ReturnReasonDefinition").values() if x["handle"] == one.get("reason")), None
        )
        entries.append(
            {
                "fulfillmentLineItemId": row["id"],
                "quantity": int(one.get("quantity", 1)),
                "returnReasonNote": one.get("note", ""),
                "customerNote": one.get("customer_note"),
                "returnReasonDefinitionId": reason,
            }
        )
    return returnbooks.make_return(
        shop, order, {"returnLineItems": entries}, now, is_requested=bool(wish.get("requested"))
    )


QUERIES: dict[str, Callable[..., Any]] = {
    "return": _return,
    "reverseFulfillmentOrder": _reverse,
    "returnableFulfillments": _returnable,
    "returnReasonDefinitions": _reasons,
}
MUTATIONS: dict[str, Callable[..., Any]] = {
    "returnCreate": _answered(_create),
    "returnApproveRequest": _answered(_approve),
    "returnProcess": _answered(_process),
    "returnClose": _answered(_close),
    "returnCancel": _answered(_cancel),
    "returnDeclineRequest": _answered(_decline),
    "reverseFulfillmentOrderDispose": _answered(_dispose, "reverseFulfillmentOrderLineItems"),
}
FIELDS: dict[tuple[str, str], Callable[..., Any]] = {
    ("Order", "returns"): lambda call, order, info, **paging: _paged(
        returnbooks.returns_of(call.shop, order), f"{order['id']}.returns", paging
    ),
    ("Return", "order"): lambda call, one, info: call.shop.orders[one["orderId"]],
}
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    **{("QueryRoot", name): "read_returns" for name in QUERIES},
    **{("Mutation", name): "write_returns" for name in MUTATIONS},
    ("Order", "returns"): "read_returns",
    ("Return", "order"): "read_orders",
}
CONTROLS = {"return": _control}
