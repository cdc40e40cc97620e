"""What a credit has left and what its order's invoices have due: how much of it goes to which invoice. Read only; it is
applied by ``applying``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.exceptions import NotDone, Skip, WaitFor
from connectors.xoro import applications, refusals, wire
from connectors.xoro.applications import Use
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
Amounts = dict[str, Decimal]  # by invoice


@dataclass(frozen=True, kw_only=True)
class Memo:
    """``left``: ``None`` where Xoro does not say. ``since``: a moment before it was read."""

    number: str
    left: Decimal | None
    since: str


def documents_for(run: Run, use: Use) -> list[Document]:
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


def invoices_for(run: Run, use: Use, documents: Iterable[Document]) -> dict[str, dict[str, Any]]:
    """Headers of those that count, by number."""
    found: dict[str, dict[str, Any]] = {}
    for one in documents:
        rows = calls.find_invoices(run.client, use.source, one.reference, one.so_number, run.settings.invoice_statuses)
        alive = (wire.header_of(row) for row in rows if not wire.has_status(row, run.settings.void_statuses))
        found |= {name: header for header in alive if (name := wire.identifier(header.get("InvoiceNumber")))}
    if not found:
        raise waiting(use, "it is applied once the order's invoice exists")
    return found


def memo_of(run: Run, use: Use) -> Memo:
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


def plan(
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


def is_over(run: Run, use: Use, documents: Sequence[Document], invoices: Mapping[str, Mapping[str, Any]]) -> bool:
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


def waiting(use: Use, why: str) -> NotDone:
    step = "Nothing to do now: the hub looks again by itself."
    return NotDone(f"{use.what}: {why}.", code=use.waits_for, next_step=step, retry_after_s=INVOICE_PAUSE_S)
