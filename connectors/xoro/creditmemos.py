"""Writing one credit memo, so that it arrives once and only once.

Look before the first write; after a write of unknown outcome an empty answer never leads to a second one: a person
decides. Not for what a memo says: that is ``creditbodies.py`` and ``giftcards.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.exceptions import (
    HubError,
    PayloadError,
    RemoteError,
    RemoteRefused,
    RemoteUnavailable,
    UnconfirmedWrite,
)
from connectors.xoro import refusals, wire
from connectors.xoro.calls import creditmemos as calls

if TYPE_CHECKING:
    from connectors.run import Run

VOID = "Void"
ITEM_STEP = "Create the item in Xoro, or correct the SKU on the connector's page or in the shop, then press Retry."


@dataclass(frozen=True, kw_only=True)
class CreditMemo:
    """One memo to be written. ``what`` begins sentences: "Refund 881 of order #2207". ``is_doubtful``: an earlier
    attempt sent it and never learnt what became of it."""

    what: str
    source: str
    reference: str
    body: Mapping[str, Any]
    is_doubtful: bool = False


@dataclass(frozen=True, kw_only=True)
class Booked:
    """A memo that is in Xoro. ``total``: as Xoro answered it, where it did."""

    id: str
    number: str
    total: Decimal | None = None
    was_there: bool = False


def book(run: Run, memo: CreditMemo, begin: Callable[[], object] = lambda: None) -> Booked:
    """Writes the memo, or finds the one that is there; ``begin`` is called just before the write leaves. Raises
    ``UnconfirmedWrite`` and the errors of the client."""
    found = calls.find_credit_memos(run.client, memo.source, memo.reference, is_thorough=memo.is_doubtful)
    if found.rows:
        return _adopt(run, memo, found)
    if memo.is_doubtful:
        raise _unconfirmed(memo, "an earlier attempt sent it and got no answer", found.fact)
    if found.ignores_filter:
        run.note("lookup_inconclusive", f"{found.fact}; only Xoro itself can refuse a duplicate.")
    begin()
    return _create(run, memo)


def find(run: Run, source: str, reference: str) -> tuple[Booked | None, bool]:
    """The memo of this reference that is not void, and whether its absence is certain."""
    found = calls.find_credit_memos(run.client, source, reference)
    alive = [row for row in found.rows if wire.header_of(row).get("StatusName") != VOID]
    return (_booked(alive[0]) if alive else None), found.is_certain and not found.ignores_filter


def _create(run: Run, memo: CreditMemo) -> Booked:
    try:
        document = calls.create_credit_memo(run.client, memo.body)
    except RemoteRefused as error:
        if error.code == refusals.ANSWER_TOO_LARGE:
            return _look_after(run, memo, error)
        if refusals.is_duplicate(error, run.settings):
            return _adopt_duplicate(run, memo, error)
        raise _explained(run, memo.what, error) from error
    except RemoteUnavailable as error:
        if error.code in refusals.NOT_DONE:
            raise
        return _look_after(run, memo, error)
    header = wire.header_of(document)
    echoed, number = wire.identifier(header.get("ThirdPartyRefNo")), wire.document_number(document)
    if echoed and echoed != memo.reference:
        raise _unconfirmed(memo, "Xoro accepted it", f"the answer is about {number} with reference {echoed}")
    if number:
        return _booked(document)
    found = calls.find_credit_memos(run.client, memo.source, memo.reference, is_thorough=True)
    if not found.rows:
        raise _unconfirmed(memo, "Xoro accepted it without naming the document", found.fact)
    return _booked(found.rows[0])


def _look_after(run: Run, memo: CreditMemo, error: RemoteError) -> Booked:
    """After a write whose outcome is unknown: adopt what is found. Where no answer came at all the attempt may be
    repeated later, because it will look first then; an answer that says nothing ends here."""
    try:
        found = calls.find_credit_memos(run.client, memo.source, memo.reference, is_thorough=True)
    except HubError as second:
        found = calls.Found(fact=second.sentence)
    if found.rows:
        return _adopt(run, memo, found)
    if error.retry and error.status is None:
        raise error
    raise _unconfirmed(memo, f"sending it got no clear answer ({error.sentence})", found.fact) from error


def _adopt_duplicate(run: Run, memo: CreditMemo, error: RemoteRefused) -> Booked:
    found = calls.find_credit_memos(run.client, memo.source, memo.reference, is_thorough=True)
    if found.rows:
        return _adopt(run, memo, found)
    raise RemoteRefused(
        f"Xoro refuses the credit memo of {memo.what} as a duplicate ({error.sentence}); looking for the other one: "
        f"{found.fact}.",
        code=error.code,
        next_step=f"Find the credit memo with reference {memo.reference} in Xoro, then mark this event resolved.",
        status=error.status,
        request_id=error.request_id,
    ) from error


def _adopt(run: Run, memo: CreditMemo, found: calls.Found) -> Booked:
    """The first that is not void is ours; where all are, a person decides."""
    alive = [row for row in found.rows if wire.header_of(row).get("StatusName") != VOID]
    numbers = ", ".join(wire.document_number(row) for row in found.rows)
    if not alive:
        raise RemoteRefused(
            f"{memo.what} is in Xoro as {numbers}, which was voided there; nothing was written beside it.",
            code="voided_there",
            next_step="Enter the credit memo in Xoro by hand, if it is wanted, then mark this event resolved.",
        )
    run.note("found_existing", f"{memo.what} was in Xoro already: {numbers}.")
    return _booked(alive[0], was_there=True)


def _booked(row: dict[str, Any], *, was_there: bool = False) -> Booked:
    header, number = wire.header_of(row), wire.document_number(row)
    try:
        given = header.get("TotalAmount")
        total = None if given in (None, "") else wire.decimal(given, "TotalAmount")
    except PayloadError:
        total = None  # the memo is there, and the ledger must hear of it
    return Booked(id=wire.identifier(header.get("Id")) or number, number=number, total=total, was_there=was_there)


def _explained(run: Run, what: str, error: RemoteRefused) -> RemoteRefused:
    """A refusal, with the object it is about and what a person does next."""
    is_item = error.code in run.settings.unknown_item_codes
    return RemoteRefused(
        f"{what} was not taken by Xoro: {error.sentence}",
        code=error.code,
        next_step=ITEM_STEP if is_item else refusals.explained(error).next_step,
        status=error.status,
        request_id=error.request_id,
    )


def _unconfirmed(memo: CreditMemo, write_fact: str, lookup_fact: str) -> UnconfirmedWrite:
    return UnconfirmedWrite(
        f"The credit memo of {memo.what} may or may not be in Xoro: {write_fact}; looking for its reference "
        f"{memo.reference}: {lookup_fact}.",
        next_step=f"Look in Xoro for the credit memo with third-party reference {memo.reference}. If it is there, mark "
        "this event resolved; if not, press Retry.",
    )
