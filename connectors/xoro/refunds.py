"""Pushing a refund into Xoro as credit memos: goods that were shipped and invoiced, shipping, money.

Before anything of an order is invoiced the order itself is changed, and a refund has nothing to do here. What each setting
does: https://shop-docs.xorosoft.io/getting-started/configuring-settings/orders/warehousing (checked 2026-11-20).
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from connectors.base import Delivered
from connectors.exceptions import RemoteRefused, Skip
from connectors.records import Refund
from connectors.xoro import adjustments, begun, crediting, creditmemos, creditplans
from connectors.xoro.credits import Credit, money_of, of_refund
from connectors.xoro.documents import third_party_source
from connectors.xoro.loop import twins
from connectors.xoro.loop.memory import SENDING

if TYPE_CHECKING:
    from connectors.run import Run

# Members of a refund that move while its credit memo stays right; the money counts by what the buyer gets in the end.
NOT_TAKEN = frozenset({
    "payments", "total", "note", "processed_at", "reference", "return_id", "return_name", "customer_id", "customer_name",
    "email", "order_name", "order_created_at", "order_cancelled_at", "order_fulfillment_status",
})  # fmt: skip


def push_refund(run: Run, refund: Refund) -> Delivered:
    """Writes the refund's credit memos, or finds those that are there. Raises ``Skip`` (unchanged, filtered), ``NotDone``
    while the order or its invoice is not in Xoro, and what ``crediting.write`` raises."""
    if run.link is not None and run.link.target_object_id:
        raise _sent_before(run, run.link.target_number or run.link.target_object_id, run.link.sent_hash, refund)
    if earlier := begun.finish(run, refund, fingerprint, partial(_credit, run)):
        raise _sent_before(run, earlier.target_number, earlier.sent_hash, refund)
    delivered = _credit(run, refund)
    if delivered.sent_hash != fingerprint(refund):  # an earlier version had memos there, and this one finished them
        run.remember(refund, delivered.target_id, delivered.target_number, delivered.sent_hash)
        raise _sent_before(run, delivered.target_number, delivered.sent_hash, refund)
    return delivered


def _credit(run: Run, refund: Refund) -> Delivered:
    credit = of_refund(refund, run.settings)
    check_wanted(run, refund, credit)
    _check_return(run, refund, credit)
    credit = _without_goods_of_loop(run, credit)
    try:
        delivered = crediting.write(run, credit, return_id=refund.return_id, meaning=fingerprint(refund))
    except Skip as skip:
        if skip.code == crediting.NOT_INVOICED and not refund.order_cancelled_at:
            # The order loses these lines; what the shop did not put back must leave Xoro's stock as well.
            adjustments.write_off(run, refund, adjustments.unshipped(refund))
        raise
    if refund.is_pending:
        run.note("money_pending", f"{credit.what}: the money is still on its way to the buyer.")
    failed = [one for one in refund.payments if one.status in ("failure", "error")]
    if failed:
        run.note(
            "money_failed", f"{credit.what}: {sum(one.amount for one in failed)} {refund.currency} were not paid back."
        )
    return delivered


def fingerprint(refund: Refund) -> str:
    """What a later version is compared with."""
    meaning = f"{refund.fingerprint(without=NOT_TAKEN)} {money_of(refund).normalize():f}"
    return hashlib.sha256(meaning.encode()).hexdigest()


def check_wanted(run: Run, refund: Refund, credit: Credit) -> None:
    """Raises ``Skip`` for what a setting keeps out, and for a refund of nothing."""
    if not run.settings.orders_enabled:
        raise Skip(f"{credit.what} was left out: “Import orders” is off.", reason="filtered", code="orders_enabled")
    if refund.is_test and not run.settings.test_orders:
        raise Skip(f"{credit.what} was left out: it is of a test order.", reason="filtered", code="test_orders")
    if not credit.goods and not credit.total and not credit.shipping_gross:
        raise Skip(f"{credit.what} gives back neither goods nor money.", reason="filtered", code="empty")


def _sent_before(run: Run, number: str, sent_hash: str, refund: Refund) -> Exception:
    credit = of_refund(refund, run.settings)
    if sent_hash == fingerprint(refund):
        return Skip(f"{credit.what} is in Xoro as {number} and has not changed.", reason="unchanged", code="unchanged")
    return RemoteRefused(
        f"{credit.what} changed after it was sent to Xoro as {number}; credit memos are never changed by the hub.",
        code="change_not_applied",
        next_step=f"Correct credit memo {number} in Xoro, then mark this event resolved.",
    )


def _without_goods_of_loop(run: Run, credit: Credit) -> Credit:
    """Goods a returns app has authorised come in by their own ASN: of its refund only the money is credited, or they would
    be in stock twice."""
    if not credit.goods or not twins.is_shop_of_loop(run, credit.shop_source):
        return credit
    skus = {one.sku for one in credit.goods}
    names = [one for one in twins.authorised(run, credit.order_name, skus) if skus <= set(one.wanted)]
    if not names:
        return credit
    if names[0].stage == SENDING:
        goods = ", ".join(f"{one.quantity.normalize():f} {one.sku}" for one in credit.goods)
        told = (
            f"its goods are left to the authorisation of Loop's return {names[0].id}, and whether that is in Xoro is not "
            f"known. Look there for an RMA with third-party reference {names[0].id}; if there is none and none is made, "
            f"bring {goods} back into stock by hand."
        )
    else:
        told = f"its goods come in with return authorisation {names[0].rma or names[0].id}."
    run.note("goods_by_rma", f"{credit.what}: {told}")
    return replace(credit, goods=(), is_order_shipped=True)


def _check_return(run: Run, refund: Refund, credit: Credit) -> None:
    """Goods that were credited when their return was closed are not credited again: what is left is to pay."""
    if not refund.return_id:
        return
    source = third_party_source(refund, run.settings)
    parts = creditplans.known(run, source, f"return-{refund.return_id}")
    numbers = [number for one in parts if (number := one.number or _found(run, source, one))]
    if not numbers and any(one.is_sent for one in parts):
        why = f"whether its goods were credited when return {refund.return_name} was closed is not known yet"
        raise crediting.waiting(run, credit, why, "return")
    if numbers:
        memos = ", ".join(numbers)
        raise RemoteRefused(
            f"{credit.what}: its goods were credited as {memos} when return {refund.return_name} was closed.",
            code="credited_by_return",
            next_step=f"Bring {memos} to {credit.total} {credit.currency} in Xoro and refund it there, then mark this event "
            "resolved.",
        )


def _found(run: Run, source: str, part: creditplans.Part) -> str:
    """The number of a memo that was sent and that nobody learnt of; empty where Xoro does not show it."""
    booked = creditmemos.find(run, source, part.reference)[0] if part.is_sent else None
    return booked.number if booked else ""
