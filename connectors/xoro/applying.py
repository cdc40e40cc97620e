"""Applying a credit to the invoices of the order it pays: a gift card's, or what a return gave towards an exchange. An event
of its own, which waits for the invoice.

``POST creditmemo/apply`` is our assumption and off by default: then, and where a tenant lacks it, the event is a task for a
person, named in full. Xoro lists no applications: after a lost answer the memo's balance says whether one was done; where
it cannot, a person decides.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from connectors.exceptions import (
    HubError,
    LeaseLost,
    NotDone,
    RemoteRefused,
    RemoteUnavailable,
    Skip,
    UnconfirmedWrite,
)
from connectors.xoro import applications, dues, refusals, wire
from connectors.xoro.applications import DONE, SENT, Application, Use
from connectors.xoro.dues import Amounts, Memo
from connectors.xoro.moneys import ZERO, total

if TYPE_CHECKING:
    from connectors.run import Run

LATE = timedelta(minutes=10)  # a write whose answer was lost may be done so much later


def apply_credit(run: Run) -> str:
    """One use of a credit on its order's invoices, oldest first, never more than memo and invoice have left. Raises ``Skip``
    (cancelled; paid already), ``WaitFor`` (its order), ``NotDone`` (its invoice, however long that takes), ``RemoteRefused``
    (the memo is too small; a manual task), ``UnconfirmedWrite``, and the errors of the client."""
    use = Use(**run.payload)
    run.keys([("order_name", use.order_name), ("order_number", use.order_number)])
    documents = dues.documents_for(run, use)
    invoices = dues.invoices_for(run, use, documents)
    memo = dues.memo_of(run, use)
    run.key("xoro_credit_memo", memo.number)
    _settle(run, use, memo)
    done = {one.invoice: Decimal(one.amount) for one in applications.known(run, use, DONE)}
    planned, left = dues.plan(run, use, documents, invoices, done)
    if planned:
        _check(run, use, memo, planned, left)
    for number, amount in planned.items():
        _write(run, use, memo, number, amount)
        done[number] = amount
        memo = replace(memo, left=None if memo.left is None else memo.left - amount)
    if left and not dues.is_over(run, use, documents, invoices):
        so_far = f"{total(done.values())} are applied to {', '.join(done)}" if done else "its invoice has nothing due"
        raise dues.waiting(use, f"{so_far}; the rest waits for the order's next invoice")
    if not done:
        sentence = f"{use.what}: nothing is due on {', '.join(invoices)} any more, so no credit was applied."
        raise Skip(sentence, reason="unchanged", code="paid")
    if left:
        run.note(
            "not_all_applied", f"{left} {use.currency} of it were not applied: nothing is due on the invoices any more."
        )
    said = " and ".join(f"{amount} to invoice {number}" for number, amount in done.items())
    return f"{use.what}: credit memo {memo.number} is applied, {said}."


def _check(run: Run, use: Use, memo: Memo, planned: Amounts, rest: Decimal) -> None:
    """Raises ``RemoteRefused`` where the memo has less, and the manual task where the route is off."""
    wanted, numbers = total(planned.values()), " and ".join(planned)
    if memo.left is not None and memo.left < wanted:
        raise RemoteRefused(
            f"{use.what}: {wanted} are due on {numbers}, and credit memo {memo.number} has only {memo.left} left.",
            code="memo_short",
            next_step=f"Correct credit memo {memo.number} in Xoro and press Retry; or settle {numbers} there by hand and mark "
            "this event resolved.",
        )
    if not run.settings.use_credit_route:
        sentence = f"{use.what} are not applied to {numbers}: “Apply credits by the API” is off."
        raise refusals.manual_task(sentence, _step(use, memo, numbers, wanted + rest))


def _step(use: Use, memo: Memo, numbers: str, amount: Decimal) -> str:
    return (
        f"Apply {amount} {use.currency} of credit memo {memo.number} to invoice {numbers} in Xoro, and what is not due there "
        "to the order's next invoice."
    )


def _write(run: Run, use: Use, memo: Memo, invoice: str, amount: Decimal) -> None:
    before = "" if memo.left is None else str(memo.left)
    one = Application(
        source=use.source, memo=use.memo, use=use.reference, invoice=invoice, amount=str(amount), before=before,
        since=memo.since,
    )  # fmt: skip
    body = {
        "CreditMemoNumber": memo.number,
        "InvoiceNumber": invoice,
        "Amount": wire.number(amount),
        "CurrencyCode": use.currency,
        "ThirdPartyRefNo": one.reference,
        "ThirdPartySource": use.source,
    }
    applications.keep(run, one)
    try:
        run.client.write("apply_credit", body)
    except RemoteRefused as error:
        if error.code == refusals.ANSWER_TOO_LARGE:
            _look_after(run, use, one, error)
        elif refusals.is_duplicate(error, run.settings):
            run.note("found_existing", f"Xoro has an application with reference {one.reference} already.")
        else:
            applications.forget(run, one)
            error.sentence = f"{use.what}: {memo.number} is not applied to {invoice}: {error.sentence}"
            raise
    except RemoteUnavailable as error:
        if error.code not in refusals.NOT_DONE:
            _look_after(run, use, one, error)
        else:
            applications.forget(run, one)
            raise
    except LeaseLost:
        raise  # another worker has found out by now whether it was done
    except HubError as error:
        applications.forget(run, one)
        if not refusals.has_no_route(error):
            raise
        sentence = f"Xoro has no route to apply credits: {use.what} are not applied to {invoice}."
        raise refusals.manual_task(sentence, _step(use, memo, invoice, amount), error) from error
    applications.keep(run, replace(one, state=DONE))


def _look_after(run: Run, use: Use, one: Application, error: HubError) -> None:
    """After a write of unknown outcome: fine where it was done. Where no answer came the next attempt looks before it
    writes; an answer that says nothing ends here."""
    try:
        is_done = _is_done(run, one, dues.memo_of(run, use))
    except HubError:
        is_done = None
    if is_done:
        run.note("found_existing", f"{one.reference} was done though its answer was lost.")
    elif error.retry and (error.status is None or error.status >= 500):
        raise error
    else:
        raise _unconfirmed(use, one, error.sentence) from error


def _settle(run: Run, use: Use, memo: Memo) -> None:
    """What an earlier attempt sent without learning what became of it: done, or to be written again. Raises ``NotDone`` while
    it may be under way, ``UnconfirmedWrite`` where nobody can tell."""
    for one in applications.known(run, use, SENT):
        is_done, sent_at = _is_done(run, one, memo), run.unfinished_write_at
        if is_done:
            run.note("found_existing", f"{one.reference} was done though its answer was lost.")
            applications.keep(run, replace(one, state=DONE))
            continue
        if sent_at is not None and is_done is None:
            raise _unconfirmed(use, one, "an earlier attempt sent it and got no answer")
        if sent_at is not None and run.now - sent_at < LATE:
            sentence = f"{use.what}: an answer was lost, and Xoro may still be at it."
            raise NotDone(sentence, code="late", retry_after_s=LATE.total_seconds())
        applications.forget(run, one)  # not done; or it never left; or a person looked and said that it is not there


def _is_done(run: Run, one: Application, memo: Memo) -> bool | None:
    """By what the memo has left now; ``None`` where that says nothing, as after another use of it."""
    if memo.left is None or not one.before or not applications.is_alone(run, one):
        return None
    taken = Decimal(one.before) - memo.left
    return taken == Decimal(one.amount) if taken in (ZERO, Decimal(one.amount)) else None


def _unconfirmed(use: Use, one: Application, why: str) -> UnconfirmedWrite:
    return UnconfirmedWrite(
        f"{use.what}: whether {one.amount} are applied to invoice {one.invoice} is not known: {why}.",
        next_step=f"Look on invoice {one.invoice} in Xoro for {one.amount} {use.currency} of the credit memo with reference "
        f"{use.memo}. If they are applied, mark this event resolved; if not, press Retry.",
    )
