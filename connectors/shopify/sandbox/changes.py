"""What an app may do to an order of the sandbox: note, cancellation (a job), payment by hand, capture, closing.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/orderCancel and its neighbours (checked 2026-11-20). Not for
the lines of an order: the hub does not edit them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from connectors.shopify.sandbox.cashbook import settle, transaction
from connectors.shopify.sandbox.edits import pay_rest, touch
from connectors.shopify.sandbox.engine import Call, number_of
from connectors.shopify.sandbox.orders import Bag, Node, read_bag, stamp, till_of
from connectors.shopify.sandbox.owners import changed, plain_error
from connectors.shopify.sandbox.routing import cancel_all

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

CANCEL_S = 2.0  # the job of a cancellation, on the sandbox's clock
LONGEST_NOTE = 255


def _update(call: Call, info: Any, input: Mapping[str, Any]) -> Node:
    order = _found(call, input["id"])
    if order is None:
        return {"order": None, "userErrors": [plain_error(["id"], "Order does not exist")]}
    touch(call.shop, order, call.now)
    order.update({name: input[name] for name in ("note", "email", "phone", "poNumber") if name in input})
    if "tags" in input:  # replaces all of them
        order["tags"] = sorted(input["tags"], key=str.casefold)
    changed(call, order)
    return {"order": order, "userErrors": []}


def _cancel(
    call: Call, info: Any, orderId: str, reason: str, restock: bool, staffNote: str | None = None,
    refundMethod: Mapping[str, Any] | None = None, notifyCustomer: bool = False,
) -> Node:  # fmt: skip
    order = _found(call, orderId)
    code, field, message = "", ["orderId"], ""
    if order is None:
        code, message = "NOT_FOUND", "Order does not exist"
    elif order["cancelledAt"] or order.get("cancelJob"):
        code, message = "INVALID", "Order has already been cancelled"
    elif len(staffNote or "") > LONGEST_NOTE:
        code, field, message = "INVALID", ["staffNote"], "Staff note is too long (maximum is 255 characters)"
    elif order["displayFulfillmentStatus"] in ("FULFILLED", "PARTIALLY_FULFILLED", "IN_PROGRESS"):
        code, message = "INVALID", "Cannot cancel an order with open fulfillments"
    if order is None or code:
        return {"job": None, "orderCancelUserErrors": [plain_error(field, message, code=code)]}
    job: Node = {"id": f"gid://shopify/Job/{call.shop.take_id()}", "due": call.now + CANCEL_S}
    call.shop.table("Job")[job["id"]] = job
    order["cancelJob"] = job["id"]
    is_paid_back = bool((refundMethod or {}).get("originalPaymentMethodsRefund"))
    finish = partial(_finish, call, order, reason, restock=restock, is_paid_back=is_paid_back)
    if call.sandbox is None:
        finish()
    else:
        call.sandbox.schedule(CANCEL_S, partial(_under_lock, call.sandbox, finish))
    return {"job": job, "orderCancelUserErrors": []}


def _under_lock(sandbox: ShopifySandbox, finish: Callable[[], None]) -> None:
    """What is due runs outside the sandbox's lock; what changes its state needs it."""
    with sandbox.lock:
        finish()


def _finish(call: Call, order: Node, reason: str, *, restock: bool, is_paid_back: bool) -> None:
    """The job of a cancellation is done: nothing of the order is left to deliver."""
    now = call.sandbox.now() if call.sandbox is not None else call.now
    touch(call.shop, order, now)
    order.update(cancelledAt=stamp(now), cancelReason=reason, closedAt=stamp(now))
    received = order["totalReceivedSet"]
    if is_paid_back and read_bag(received).shop > 0:
        order["transactions"].append(transaction(call.shop, order, "REFUND", "SUCCESS", "manual", received, stamp(now)))
    cancel_all(call.shop, order)
    for line in order["lineItems"]:
        if restock and line["variant"]:
            _put_back(call, line)
    settle(order)
    changed(call, order, "orders/cancelled")


def _put_back(call: Call, line: Node) -> None:
    """Units of a cancelled order go back to the first location that stocks the item."""
    for (item, _), quantities in call.shop.stock.items():
        if item == line["variant"]["inventoryItem"]:
            quantities["available"] += line["currentQuantity"]
            return


def _mark_paid(call: Call, info: Any, input: Mapping[str, Any]) -> Node:
    order = _found(call, input["id"])
    if order is None:
        return {"order": None, "userErrors": [plain_error(["id"], "Order does not exist")]}
    if not may_be_marked(order):
        return {"order": None, "userErrors": [plain_error(["id"], "Order cannot be marked as paid.")]}
    touch(call.shop, order, call.now)
    pay_rest(call.shop, order, call.now)
    changed(call, order, "orders/paid")
    return {"order": order, "userErrors": []}


def may_be_marked(order: Node) -> bool:
    return order["displayFinancialStatus"] in ("PENDING", "PARTIALLY_PAID") and not order["cancelledAt"]


def _capture(call: Call, info: Any, input: Mapping[str, Any]) -> Node:
    order = _found(call, input["id"])
    if order is None:
        return {"transaction": None, "userErrors": [plain_error(["id"], "Order does not exist")]}
    parent = next((one for one in order["transactions"] if one["id"] == input["parentTransactionId"]), None)
    amount, promised = Decimal(str(input["amount"])), read_bag(order["totalCapturableSet"])
    if parent is None or parent["kind"] != "AUTHORIZATION":
        error = plain_error(["parentTransactionId"], "Parent transaction must be an authorization")
    elif order["currencyCode"] != order["presentmentCurrencyCode"] and not input.get("currency"):
        error = plain_error(["currency"], "Currency is required for orders in another currency than the shop's")
    elif not 0 < amount <= promised.buyer:
        error = plain_error(["amount"], "Amount exceeds the amount that can be captured")
    else:
        touch(call.shop, order, call.now)
        till = till_of(order)
        bag = till.show(Bag((amount / till.rate).quantize(till.units[0]), amount, till.units))
        row = transaction(call.shop, order, "CAPTURE", "SUCCESS", parent["gateway"], bag, stamp(call.now))
        order["transactions"].append({**row, "parentTransaction": parent})
        settle(order)
        changed(call, order, *(["orders/paid"] if order["displayFinancialStatus"] == "PAID" else []))
        return {"transaction": order["transactions"][-1], "userErrors": []}
    return {"transaction": None, "userErrors": [error]}


def _close(call: Call, info: Any, input: Mapping[str, Any]) -> Node:
    order = _found(call, input["id"])
    if order is None:
        return {"order": None, "userErrors": [plain_error(["id"], "Order does not exist")]}
    if not order["closedAt"]:
        touch(call.shop, order, call.now)
        order["closedAt"] = stamp(call.now)
        changed(call, order)
    return {"order": order, "userErrors": []}


def _found(call: Call, gid: str) -> Node | None:
    number_of(gid, "Order")
    return call.shop.orders.get(gid)


def _job(call: Call, info: Any, id: str) -> Node | None:
    job = call.shop.table("Job").get(id)
    return {"id": id, "done": job["due"] <= call.now} if job and "due" in job else job


MUTATIONS: dict[str, Callable[..., Any]] = {
    "orderUpdate": _update,
    "orderCancel": _cancel,
    "orderMarkAsPaid": _mark_paid,
    "orderCapture": _capture,
    "orderClose": _close,
}
QUERIES: dict[str, Callable[..., Any]] = {"job": _job}
FIELDS: dict[tuple[str, str], Callable[..., Any]] = {
    ("Order", "closed"): lambda call, source, info: source["closedAt"] is not None,
    ("Order", "canMarkAsPaid"): lambda call, source, info: may_be_marked(source),
    ("Order", "capturable"): lambda call, source, info: read_bag(source["totalCapturableSet"]).shop > 0,
    ("Job", "done"): lambda call, source, info: source.get("done", source.get("due", 0.0) <= call.now),
}
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("Mutation", name): "write_orders" for name in MUTATIONS
}  # fmt: skip
