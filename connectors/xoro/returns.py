"""Returns of the shop: what becomes of goods that came back, where no refund says it.

A return is booked by its refund: that names goods, stock and money at once. Only a return that is closed without one (an
exchange, goods sent back for nothing) becomes a credit memo of its own, by the units that were put away: an exchange at the
value of its goods, to be applied to what the buyer gets instead, anything else at nothing. Never both. Not for the returns
of a returns app: those are authorisations.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from connectors.base import Delivered
from connectors.exceptions import RemoteRefused, Skip
from connectors.records import Return
from connectors.xoro import begun, crediting, creditplans
from connectors.xoro.credits import Credit, of_return
from connectors.xoro.documents import third_party_source
from connectors.xoro.loop import twins

if TYPE_CHECKING:
    from connectors.run import Run

CLOSED = "closed"
ENDED = ("declined", "cancelled")


def push_return(run: Run, one: Return) -> Delivered:
    """Writes the credit memo of returned goods no refund is about. Raises ``Skip`` (unchanged, filtered) and what
    ``crediting.write`` raises."""
    if run.link is not None and run.link.target_object_id:
        raise _sent_before(
            run.link.target_number or run.link.target_object_id, run.link.sent_hash, _credit_of(run, one)
        )

    def meaning(version: Return) -> str:
        return fingerprint(_credit_of(run, version))

    if earlier := begun.finish(run, one, meaning, partial(_credit, run)):
        raise _sent_before(earlier.target_number, earlier.sent_hash, _credit_of(run, one))
    return _credit(run, one)


def _credit_of(run: Run, one: Return) -> Credit:
    return of_return(one, one.closed_at or one.created_at or run.now, run.settings)


def _credit(run: Run, one: Return) -> Delivered:
    credit = _credit_of(run, one)
    _check_wanted(run, one, credit)
    return replace(crediting.write(run, credit, return_id=one.id), sent_hash=fingerprint(credit))


def fingerprint(credit: Credit) -> str:
    """What a later version is compared with: the goods that were put away."""
    goods = sorted((one.id, f"{one.quantity.normalize():f}", one.is_restocked) for one in credit.goods)
    return hashlib.sha256(repr(goods).encode()).hexdigest()


def _check_wanted(run: Run, one: Return, credit: Credit) -> None:
    settings = run.settings
    if not settings.orders_enabled:
        raise _left_out(f"{credit.what} was left out: “Import orders” is off.", "orders_enabled")
    if one.status in ENDED:
        raise _left_out(f"{credit.what} was {one.status}: nothing comes back.", one.status)
    source = third_party_source(credit, settings)
    if memos := creditplans.of_return(run, source, one.order_id, one.id, but=credit.id):
        raise _left_out(f"{credit.what} is booked by its refund: {', '.join(memos)}.", "refunded")
    if one.refund_ids:
        raise _left_out(f"{credit.what} is booked by its refund {', '.join(one.refund_ids)}.", "refunded")
    if one.status != CLOSED:
        raise _left_out(f"{credit.what} is {one.status}: it is booked when it is refunded, or closed.", "not_closed")
    if not settings.returns_without_refund:
        raise _left_out(
            f"{credit.what} was closed without a refund, and “Book returned goods without a refund” is off.",
            "returns_without_refund",
        )
    if not credit.goods:
        raise _left_out(f"{credit.what} was closed, and nothing of it was put away.", "empty")
    if twin := twins.of_goods(run, one.source, credit.order_name, (goods.sku for goods in credit.goods)):
        raise _left_out(
            f"{credit.what} is return {twin} of Loop: goods and money are booked with that.", "return_source"
        )


def _left_out(sentence: str, code: str) -> Skip:
    return Skip(sentence, reason="filtered", code=code)


def _sent_before(number: str, sent_hash: str, credit: Credit) -> Exception:
    if sent_hash == fingerprint(credit):
        return Skip(f"{credit.what} is in Xoro as {number} and has not changed.", reason="unchanged", code="unchanged")
    return RemoteRefused(
        f"More of {credit.what} was put away, or differently, after it was sent to Xoro as {number}.",
        code="change_not_applied",
        next_step=f"Correct credit memo {number} in Xoro, then mark this event resolved.",
    )
