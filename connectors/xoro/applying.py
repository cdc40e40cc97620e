"""Applying a credit to the invoices of the order it pays: a gift card's, or what a return gave towards an exchange. An event
of its own, which waits for the invoice.

``POST creditmemo/apply`` is our assumption and off by default: then, and where a tenant lacks it, the event is a task for a
person, named in full. Xoro lists no applications: after a lost answer the memo's balance says whether one was done; where
it cannot, a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import ROUND_UP, Decimal
from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.exceptions import (
    HubError,
    LeaseLost,
    NotDone,
    RemoteRefused,
    RemoteUnavailable,
    Skip,
    UnconfirmedWrite,
    WaitFor,
)
from connectors.xoro import applications, refusals, wire
from connectors.xoro.applications import DONE, SENT, Application, Use
from connectors.xoro.calls import creditmemos as calls
from connectors.xoro.client import unsure
from connectors.xoro.creditbodies import BALANCE, member
from connectors.xoro.crediting import LONGEST_WAIT
from connectors.xoro.creditmemos import VOID
from connectors.xoro.depositimport import INVOICE_PAUSE_S
from connectors.xoro.documents import INVOICE, Document, documents_of, known_documents
from connectors.xoro.moneys import ZERO, smallest_unit, total
from connectors.xoro.standing import ENDED

if TYPE_CHECKING:
    from connectors.run import Run
    from connectors.xoro.settings import XoroSettings

SPENT = ("applied", "void", "refunded", "transferred", "paid")  # statuses of memos and invoices with nothing left
LATE = timedelta(minutes=10)  # a write whose answer was lost may be done so much later
Amounts = dict[str, Decimal]  # by invoice


@dataclass(frozen=True, kw_only=True)
class Memo:
    """``left``: ``None`` where Xoro does not say. ``since``: a moment before it was read."""

    number: str
    left: Decimal | None
    since: str


def apply_credit(run: Run) -> str:
    """One use of a credit on its order's invoices, oldest first, never more than memo and invoice have left. Raises ``Skip``
    (cancelled; paid already), ``WaitFor`` (its order), ``NotDone`` (its invoice, however long that takes), ``RemoteRefused``
    (the memo is too small; a manual task), ``UnconfirmedWrite``, and the errors of the client."""
    use = Use(**run.payload)
    run.keys([("order_name", use.order_name), ("order_number", use.order_number)])
    documents = _documents(run, use)
    invoices = _invoices(run, use, documents)
    memo = _memo(run, use)
    run.key("xoro_credit_memo", memo.number)
    _settle(run, use, memo)
    done = {one.invoice: Decimal(one.amount) for one in applications.known(run, use, DONE)}
    planned, left = _plan(run, use, documents, invoices, done)
    if planned:
        _check(run, use, memo, planned, left)
    for number, amount in planned.items():
        _write(run, use, memo, number, amount)
        done[number] = amount
        memo = replace(memo, left=None if memo.left is None else memo.left - amount)
    if left and not _is_over(run, use, documents, invoices):
        so_far = f"{total(done.values())} are applied to {', '.join(done)}" if done else "its invoice has nothing due"
        raise _waiting(use, f"{so_far}; the rest waits for the order's next invoice")
    if not done:
        sentence = f"{use.what}: nothing is due on {', '.join(invoices)} any more, so no credit was applied."
        raise Skip(sentence, reason="unchanged", code="paid")
    if left:
        run.note(
            "not_all_applied", f"{left} {use.currency} of it were not applied: nothing is due on the invoices any more."
        )
    said = " and ".join(f"{amount} to invoice {number}" for number, amount in done.items())
    return f"{use.what}: credit memo {memo.number} is applied, {said}."


def _documents(run: Run, use: Use) -> list[Document]:
    """The order's documents that are not cancelled."""
    if use.order_id:
        found = documents_of(run, use.source, use.order_id)
    else:
        met = (known_documents(run, use.source, order_id) for order_id in applications.orders_of(run, use))
        found = next((documents for documents in met if documents), [])
    if not found:
        step = f"Bring order {use.order_name} in again at the shop's connector, then press Retry."
        raise WaitFor(f"{use.what}: the order is not in Xoro yet.", code=use.waits_for, next_step=step,
                      retry_after_s=INVOICE_PAUSE_S)  # fmt: skip
    if alive := [one for one in found if not one.is_cancelled]:
        return alive
    numbers = ", ".join(one.number for one in found)
    raise Skip(f"{use.what}: {numbers} was cancelled before an invoice.", reason="filtered", code="cancelled")


def _invoices(run: Run, use: Use, documents: Iterable[Document]) -> dict[str, dict[str, Any]]:
    """Headers of those that count, by number."""
    found: dict[str, dict[str, Any]] = {}
    for one in documents:
        rows = calls.find_invoices(run.client, use.source, one.reference, one.so_number, run.settings.invoice_statuses)
        alive = (wire.header_of(row) for row in rows if not wire.has_status(row, run.settings.void_statuses))
        found |= {name: header for header in alive if (name := wire.identifier(header.get("InvoiceNumber")))}
    if not found:
        raise _waiting(use, "it is applied once the order's invoice exists")
    return found


def _memo(run: Run, use: Use) -> Memo:
    since = str(directory.clock())
    found = calls.find_credit_memos(run.client, use.source, use.memo, is_thorough=True)
    row = next((row for row in found.rows if wire.header_of(row).get("StatusName") != VOID), None)
    if row is None and not found.rows and not found.is_certain:
        raise unsure(f"the credit memo with reference {use.memo}")
    if found.ignores_filter:
        raise refusals.manual_task(
            f"{use.what}: {found.fact}.",
            f"Apply {use.amount} {use.currency} of the credit memo with reference {use.memo} to the order's invoice in Xoro.",
        )
    if row is None:
        raise refusals.manual_task(
            f"{use.what}: Xoro has no credit memo with reference {use.memo}, or it was voided there.",
            f"Enter the payment of {use.amount} {use.currency} on the order's invoice in Xoro.",
        )
    header, number = wire.header_of(row), wire.document_number(row)
    if (currency := wire.identifier(header.get("CurrencyCode"))) not in ("", use.currency):
        raise refusals.manual_task(
            f"{use.what}: credit memo {number} is in {currency}.",
            f"Apply credit memo {number} to the order's invoice in Xoro, at the rate of the day.",
        )
    left = _left(header, run.settings)
    return Memo(number=number, left=None if left is None else left.quantize(smallest_unit(use.currency)), since=since)


def _left(header: Mapping[str, Any], settings: XoroSettings) -> Decimal | None:
    """What a memo or an invoice has left; ``None`` where Xoro does not say."""
    name = member(settings, BALANCE)
    if header.get(name) not in (None, ""):
        return wire.decimal(header[name], name)
    return ZERO if wire.identifier(header.get("StatusName")).casefold() in SPENT else None


def _plan(
    run: Run, use: Use, documents: Sequence[Document], invoices: Mapping[str, Mapping[str, Any]], done: Amounts
) -> tuple[Amounts, Decimal]:
    """What goes to each invoice, and what is left then. An invoice takes what is due on it; where Xoro does not say how much
    that is, its part of the order's total, as deposits are divided."""
    amount, unit = Decimal(use.amount), smallest_unit(use.currency)
    whole, left = max(_whole(use, documents)), amount - total(done.values())
    planned = {}
    so_far = total(_total(invoices[number]) for number in done if number in invoices)
    for number, header in invoices.items():
        due = _left(header, run.settings)
        so_far += _total(header) if number not in done else ZERO
        if due is None and whole:  # up, with those before it: what ``allocate`` leaves of each beside the deposit
            due = (amount * so_far / whole / unit).quantize(Decimal(1), ROUND_UP) * unit - (amount - left)
        part = min(left, _total(header) if due is None else due).quantize(unit)
        if part > ZERO and number not in done:
            planned[number] = part
            left -= part
    return planned, left


def _total(invoice: Mapping[str, Any]) -> Decimal:
    return wire.decimal(invoice.get("TotalAmount"), "TotalAmount")


def _whole(use: Use, documents: Sequence[Document]) -> tuple[Decimal, Decimal]:
    """The totals of an order's documents together, and the order's own where a document may still be missing: orders that
    become invoices at once have one for each fulfillment."""
    there = total(Decimal(one.total or "0") for one in documents)
    return there, Decimal(use.total or "0") if documents[0].kind == INVOICE else ZERO


def _is_over(run: Run, use: Use, documents: Sequence[Document], invoices: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether no further invoice will come of the order. What has left has one, whether Xoro shows it by now or not."""
    there, wanted = _whole(use, documents)
    if there < wanted and run.now - run.the_event.received_at < LONGEST_WAIT:
        return False
    for one in documents:
        row = run.client.get_sales_order(one.number) if one.kind != INVOICE else None
        status = wire.header_of(row).get("StatusName") if row is not None else "Closed"
        if status not in (*ENDED, "Cancelled"):
            return False
        if status not in ("Closed", "Cancelled") and not any(_is_of(one, header) for header in invoices.values()):
            return False
    return True


def _is_of(document: Document, invoice: Mapping[str, Any]) -> bool:
    return document.reference == wire.identifier(invoice.get("ThirdPartyRefNo")) or (
        document.so_number == wire.identifier(invoice.get("SoNumber")) != ""
    )


def _waiting(use: Use, why: str) -> NotDone:
    step = "Nothing to do now: the hub looks again by itself."
    return NotDone(f"{use.what}: {why}.", code=use.waits_for, next_step=step, retry_after_s=INVOICE_PAUSE_S)


# --- each once


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
        is_done = _is_done(run, one, _memo(run, use))
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
