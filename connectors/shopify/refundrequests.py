"""Refunds another system asks for: worked out by Shopify first, made once, known again by their mark.

A refund cannot be taken back. It carries the mark of the document it was asked for by (``marks.py``) and an idempotency
key; the order's refunds are looked through before each write, so that no document is paid back twice. Not for reading
refunds: that is ``refunds.py``.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms

from connectors.base import Delivered
from connectors.exceptions import PayloadError, RemoteRefused, RemoteUnavailable, UnconfirmedWrite
from connectors.records import RefundRequest
from connectors.schema import setting
from connectors.shopify.calls import refunds as calls
from connectors.shopify.calls.orders import find_order
from connectors.shopify.client import order_gid, plain_id
from connectors.shopify.marks import has_mark, mark, marked
from connectors.shopify.moneys import ZERO, amount_of
from connectors.shopify.phrases import counted
from connectors.shopify.refundlines import lines_of
from connectors.shopify.replies import UserErrors, promised_shape
from connectors.shopify.trigger import pass_on_notes

if TYPE_CHECKING:
    from connectors.run import Run

Node = Mapping[str, Any]
NOTE_LENGTH = 255
KEYS = 5  # tried where earlier ones are used up by refusals
NAMESPACE = uuid.UUID("6c0e5d0e-0b52-5f0b-9d6b-3a2f4cde8a11")


@dataclass(frozen=True, kw_only=True)
class RefundOptions:
    """What an administrator chooses on a route that asks a shop for refunds."""

    notify_customer: bool = setting(
        forms.BooleanField(
            label="Tell the customer", required=False, initial=False, help_text="Shopify mails the refund to the buyer."
        )
    )
    restocks: bool = setting(
        forms.BooleanField(
            label="Restock returned units",
            required=False,
            initial=True,
            help_text="Units the request calls returned or cancelled go back to stock. Clear it where another system "
            "keeps the shop's stock and sends figures anyway.",
        )
    )


def refund_order(run: Run, request: RefundRequest) -> Delivered:
    """Refunds the order, or finds the refund that was made for this request.

    Raises ``RemoteRefused`` (more than can be refunded; asked to change what was paid back; declined by Shopify),
    ``PayloadError`` (no such order or line, wrong currency), ``UnconfirmedWrite``, and the errors of the client."""
    if run.link is not None:
        raise RemoteRefused(
            f"Refund request {request.number} changed after it became refund {run.link.target_number}: a refund cannot "
            "be changed.",
            code="change_not_applied",
            next_step="Correct the difference by a further refund in the shop, then mark this event resolved.",
        )
    order = calls.get_refundable(run.client, _order_gid(run, request))
    pass_on_notes(run)
    if order is None:
        raise PayloadError(f"The shop has no order {request.order_name or request.order_id}.", path="order_id")
    run.keys([("order_name", order["name"]), ("order_id", plain_id(order["id"]))])
    own_mark = mark(run.source_connector_slug, request.id)
    made = next((one for one in order["refunds"] if has_mark(one["note"], own_mark)), None)
    if made is not None:
        return _delivered(order, made, f"Order {order['name']} was refunded for {request.number} already")
    with promised_shape("an order"):
        lines = lines_of(run, request, order)
        _check_currency(request, order)
    suggestion = _suggestion(run, request, order, lines)
    with promised_shape("a suggested refund"):
        body = {
            "orderId": order["id"],
            "note": marked(request.note or request.number, own_mark, longest=NOTE_LENGTH),
            "notify": run.options is not None and run.options.notify_customer,
            "currency": order["presentmentCurrencyCode"],
            "refundLineItems": lines,
            **_shipping(request, suggestion),
            "transactions": _transactions(request, order, suggestion),
        }
    return _made(run, request, order, body)


def _order_gid(run: Run, request: RefundRequest) -> str:
    if request.order_id:
        return order_gid(plain_id(request.order_id) or request.order_id)
    found = find_order(run.client, request.order_name) if request.order_name.strip("# ") else None
    if found is None:
        raise PayloadError(
            f"Refund request {request.number} is for order “{request.order_name}”, which the shop does not list.",
            path="order_name",
        )
    return str(found["id"])


def _check_currency(request: RefundRequest, order: Node) -> None:
    """Shopify takes amounts to pay back in the currency the buyer paid in, whatever the shop's own is."""
    buyer = order["presentmentCurrencyCode"]
    has_amounts = request.amount is not None or bool(request.shipping)
    if request.currency == buyer or (request.currency == order["currencyCode"] and not has_amounts):
        return
    raise PayloadError(
        f"Refund request {request.number} is in {request.currency}; order {order['name']} was paid in {buyer}, and "
        f"amounts to pay back must be in {buyer}.",
        path="currency",
        code="currency",
        next_step="Have the sender send the amounts in the buyer's currency, or none; then mark this event resolved.",
    )


def _suggestion(run: Run, request: RefundRequest, order: Node, lines: Sequence[Node]) -> Node:
    shipping: dict[str, Any] = {"wholeShipping": True} if request.is_whole_shipping else {}
    if request.shipping and not shipping:
        shipping = {"shipping": f"{request.shipping:f}"}
    return calls.suggest(run.client, order["id"], lines, **shipping)


def _shipping(request: RefundRequest, suggestion: Node) -> dict[str, Any]:
    amount = request.shipping
    if request.is_whole_shipping:
        amount = _paid(suggestion["shipping"]["maximumRefundableSet"])
    return {"shipping": {"amount": f"{amount:f}"}} if amount else {}


def _transactions(request: RefundRequest, order: Node, suggestion: Node) -> list[dict[str, Any]]:
    """Money over the payments Shopify suggests, up to what each can give back; empty where only goods are booked."""
    if request.is_goods_only:
        return []
    currency = order["presentmentCurrencyCode"]
    wanted = request.amount if request.amount is not None else _paid(suggestion["amountSet"])
    most = _paid(suggestion["maximumRefundableSet"])
    rows = suggestion["suggestedTransactions"]
    if wanted < 0 or wanted > most:
        raise RemoteRefused(
            f"Refund request {request.number} asks for {wanted} {currency} of order {order['name']}, but at most "
            f"{most} {currency} can be paid back.",
            code="over_refund",
            next_step="Compare the order's payments in the shop with the request, then mark this event resolved.",
        )
    shares = _shares(
        wanted,
        [_paid(one["amountSet"]) for one in rows],
        [_paid(one["maximumRefundableSet"] or one["amountSet"]) for one in rows],
    )
    if sum(shares, ZERO) != wanted:
        raise RemoteRefused(
            f"{wanted} {currency} of order {order['name']} are to be paid back, but the payments Shopify names take back "
            f"only {sum(shares, ZERO)} {currency}.",
            code="no_payment",
            next_step="Pay the rest back in the shop by hand, then mark this event resolved.",
        )
    return [
        {
            "orderId": order["id"],
            "kind": "REFUND",
            "gateway": one["gateway"],
            "amount": f"{share:f}",
            "parentId": one["parentTransaction"]["id"],
        }
        for one, share in zip(rows, shares, strict=True)
        if share
    ]


def _paid(bag: Node) -> Decimal:
    return amount_of(bag["presentmentMoney"])


def _shares(wanted: Decimal, suggested: Sequence[Decimal], limits: Sequence[Decimal]) -> list[Decimal]:
    """``wanted`` over the payments: first what Shopify suggests of each, then what each can still give."""
    shares = []
    for own in suggested:
        shares.append(min(wanted, own))
        wanted -= shares[-1]
    for place, limit in enumerate(limits):
        more = min(wanted, max(ZERO, limit - shares[place]))
        shares[place] += more
        wanted -= more
    return shares


def _made(run: Run, request: RefundRequest, order: Node, body: Mapping[str, Any]) -> Delivered:
    # Of the request, not of its content: a corrected one that meets an earlier try of unknown outcome is for a person.
    base = f"{run.settings.shop_domain.lower()}:{run.source_connector_slug}:{request.id}"
    for turn in range(KEYS):
        try:
            refund = calls.create_refund(run.client, body, str(uuid.uuid5(NAMESPACE, f"{base}:{turn}")))
        except UserErrors as error:
            if _says(error, "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "Retry with a new"):
                continue  # refused then, so nothing was paid; the next key is fresh
            if _is_other_content(error) and not run.unfinished_write:
                continue  # as before, but the order or the request was corrected since
            raise _declined(request, order, error) from error
        pending = [one for one in refund["transactions"]["nodes"] if one["status"] != "SUCCESS"]
        if pending:
            run.note("money_pending", f"{counted(len(pending), 'payment')} of the refund did not move yet.")
        return _delivered(order, refund, f"Refunded order {order['name']} for {request.number}")
    raise UnconfirmedWrite(
        f"Shopify refused the refund of order {order['name']} for {request.number} {KEYS} times today.",
        code="keys_used_up",
    )


def _declined(request: RefundRequest, order: Node, error: UserErrors) -> Exception:
    if _is_other_content(error):
        return UnconfirmedWrite(
            f"An earlier try to refund order {order['name']} for {request.number} left with other amounts, and the order "
            "does not show what became of it.",
            code="unconfirmed",
        )
    if _says(error, "IDEMPOTENCY_CONCURRENT_REQUEST", "is being processed"):
        what = f"Shopify is still making the refund of order {order['name']} for {request.number}."
        return RemoteUnavailable(what, code="busy", retry_after_s=5)
    return RemoteRefused(
        f"Shopify declined the refund of order {order['name']} for {request.number}: "
        + "; ".join(str(one.get("message")) for one in error.errors),
        code=error.code,
        request_id=error.request_id,
        next_step="Compare the order in the shop with the request. Correct what Shopify names, then press Retry.",
    )


def _is_other_content(error: UserErrors) -> bool:
    return _says(error, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH", "different operation parameters")


def _says(error: UserErrors, code: str, text: str) -> bool:
    """By code, or by text: the user errors of this mutation have no codes."""
    return code in error.codes or any(text in str(one.get("message")) for one in error.errors)


def _delivered(order: Node, refund: Node, what: str) -> Delivered:
    with promised_shape("a refund"):
        total = refund["totalRefundedSet"]["presentmentMoney"]
        number, money = plain_id(refund["id"]), f"{total['amount']} {total['currencyCode']}"
    return Delivered(target_id=number, target_number=number, sentence=f"{what}: refund {number} over {money}.")
