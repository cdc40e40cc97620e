"""Crediting what came back: from a credit to its memos in Xoro, each written once, and the stock they leave to adjust."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from connectors.base import Delivered
from connectors.exceptions import (
    ConfigurationError,
    NotDone,
    RemoteRefused,
    RemoteUnavailable,
    Skip,
)
from connectors.xoro import adjustments, creditplans, refusals
from connectors.xoro.creditables import (
    Invoice,
    Invoiced,
    allocate,
    is_unshipped,
    read_invoices,
    without_invoice,
)
from connectors.xoro.creditbodies import CENT, credit_memo
from connectors.xoro.creditmemos import Booked, CreditMemo, book
from connectors.xoro.creditplans import Part
from connectors.xoro.credits import Credit, Goods
from connectors.xoro.documents import documents_of, known_documents, third_party_source
from connectors.xoro.leftout import check_not_left_out
from connectors.xoro.scheduling import starts_at

if TYPE_CHECKING:
    from connectors.run import Run

NOT_INVOICED = "not_invoiced"  # code of a credit that is the order's own matter
LONGEST_WAIT = timedelta(days=30)
DEFAULT_PAUSE_MINUTES = 15
ZERO = Decimal(0)


@dataclass
class _Work:
    """One credit on its way: its memos as they stand, and the invoices they are made against."""

    run: Run
    credit: Credit
    source: str
    parts: list[Part]
    invoices: dict[str, Invoice]
    facts: dict[str, Any]
    is_resumed: bool = False

    def keep(self, part: Part) -> None:
        """Write down what became of one memo."""
        self.parts = [part if one.reference == part.reference else one for one in self.parts]
        creditplans.remember(self.run, self.source, self.credit.order_id, self.credit.id, self.parts, **self.facts)


def write(run: Run, credit: Credit, *, return_id: str = "", meaning: str = "") -> Delivered:
    """Write every memo of the credit that is not in Xoro yet. ``meaning``: of the record, kept with the plan; memos that an
    earlier version began are finished as that one's, and what is delivered has its ``meaning``. Raises ``Skip`` (nothing to
    credit; the order was left out; too old), ``NotDone`` while the order or its invoice is not there,
    ``ConfigurationError``, ``PayloadError``, ``UnconfirmedWrite`` and the errors of the client."""
    source = third_party_source(credit, run.settings)
    facts = {"return_id": return_id} if return_id else {}
    parts = creditplans.known(run, source, credit.id)
    is_begun = any(one.number or _is_in_doubt(run, one) for one in parts)
    if meaning := (is_begun and creditplans.meaning_of(run, source, credit.id)) or meaning:
        facts["meaning"] = meaning
    if is_begun:
        parts = [creditplans.replanned(one, credit, run.settings) for one in parts]
        invoices = _invoices_again(run, credit, source, parts)
        work = _Work(run, credit, source, parts, invoices, facts, is_resumed=True)
    else:
        parts, invoices = _decide(run, credit, source)
        work = _Work(run, credit, source, parts, invoices, facts)
    bodies = {one.reference: _body(work, one) for one in work.parts if not one.number}  # all, before the first is sent
    for part in tuple(work.parts):
        if not part.number:
            _write(work, part, bodies[part.reference])
        else:
            run.note("found_existing", f"{credit.what} was in Xoro already: {part.number}.")
    for part in work.parts:
        _lower(work, part)
    numbers = ", ".join(one.number for one in work.parts)
    first = work.parts[0]
    against = f" against invoice {first.invoice}" if first.invoice else " without an invoice"
    return Delivered(
        target_id=first.id, target_number=first.number, sentence=f"{credit.what} is in Xoro as {numbers}{against}.",
        sent_hash=meaning,
    )  # fmt: skip


def _write(work: _Work, part: Part, body: dict[str, Any]) -> None:
    run, credit = work.run, work.credit
    # Of a plan that was lost nobody knows which of its memos were sent.
    is_doubtful = _is_in_doubt(run, part) if work.is_resumed else run.unfinished_write
    sent = replace(part, is_sent=True, sent_along=_route_of(run))
    memo = CreditMemo(
        what=credit.what, source=work.source, reference=part.reference, body=body, is_doubtful=is_doubtful
    )  # fmt: skip
    try:
        booked = book(run, memo, begin=partial(work.keep, sent))
    except refusals.NEVER_DONE:
        work.keep(replace(part, is_sent=is_doubtful))  # it was not taken: what is corrected now may change the memo
        raise
    except RemoteUnavailable as error:
        if error.code in refusals.NOT_DONE:
            work.keep(replace(part, is_sent=is_doubtful))
        raise
    work.keep(replace(sent, id=booked.id, number=booked.number))
    run.keys([("xoro_credit_memo", booked.number), ("xoro_credit_memo_id", booked.id)])
    _compare(run, credit, part, booked)


def _is_in_doubt(run: Run, part: Part) -> bool:
    """Whether a memo that was sent may or may not be there. Of what went along the same route the hub's requests tell,
    whichever event they were of; of anything else (a return of Loop, a refund that it books as well) only the plan does,
    until a person's Retry says that it is not there."""
    if not part.is_sent or part.number:
        return False
    is_of_another = not part.sent_along or part.sent_along != _route_of(run)
    return run.unfinished_write or (is_of_another and run.the_event.retried_at is None)


def _route_of(run: Run) -> str:
    return str(run.route.pk) if run.route is not None else ""


def _lower(work: _Work, part: Part) -> None:
    """Goods of a direct memo that are not restocked leave what is on hand, where the setting asks for it: an event of its
    own for each line, which is a task for a person where the tenant has no route."""
    run, credit = work.run, work.credit
    if not run.settings.adjust_not_available or part.kind != creditplans.DIRECT:
        return
    goods = {one.id: one for one in credit.goods}
    for units in part.units:
        one = goods[units.goods_id]
        if not one.is_restocked and not one.is_gift_card:
            loss = adjustments.Loss(
                source=work.source, reference=f"{part.reference}-{one.id}", order_name=credit.order_name,
                sku=units.item, quantity=Decimal(units.quantity), store=part.store,
                location=creditplans.return_location(one, run.settings), why="returned and not restocked",
            )  # fmt: skip
            adjustments.ask(run, loss)


def _compare(run: Run, credit: Credit, part: Part, booked: Booked) -> None:
    """A remark, never a failure: the document is there."""
    if booked.total is not None and part.total and abs(booked.total - Decimal(part.total)) >= CENT:
        run.note(
            "total_differs",
            f"Xoro's total of {booked.number} is {booked.total} instead of {part.total} {credit.currency}.",
        )


def _body(work: _Work, part: Part) -> dict[str, Any]:
    run = work.run
    return credit_memo(
        work.credit, part, work.invoices.get(part.invoice), run.settings, run.options,
        is_first=part.reference == work.credit.id, origin=run.source_connector_slug,
    )  # fmt: skip


def _invoices_again(run: Run, credit: Credit, source: str, parts: Sequence[Part]) -> dict[str, Invoice]:
    """The invoices of memos that are still to be written."""
    wanted = {one.invoice for one in parts if one.invoice and not one.number}
    if not wanted:
        return {}
    found = read_invoices(run, source, documents_of(run, source, credit.order_id))
    invoices = {one.number: one for one in found.invoices}
    if missing := sorted(wanted - set(invoices)):
        raise waiting(run, credit, f"invoice {missing[0]} is not shown by Xoro", "invoice")
    return invoices


# --- what is to be written


def _decide(run: Run, credit: Credit, source: str) -> tuple[list[Part], dict[str, Invoice]]:
    settings = run.settings
    first, placed = starts_at(settings), credit.order_created_at
    is_old = first is not None and placed is not None and placed < first
    if is_old and not known_documents(run, source, credit.order_id):
        if not settings.old_order_returns:
            raise Skip(
                f"{credit.what}: the order is from before the integration start date, so that Xoro does not have it. Book "
                "the credit memo in Xoro by hand, and correct the stock in the shop once, or switch on “Returns of orders "
                "before the start date”.",
                reason="filtered",
                code="old_order_returns",
            )
        shares = without_invoice(run, credit)
        rest = [(one, one.quantity) for one in credit.goods if one.was_shipped is False]
        return creditplans.plan(run, credit, shares, "", _value(rest)), {}
    documents = documents_of(run, source, credit.order_id)
    if not documents:
        check_not_left_out(run, credit)
        raise waiting(run, credit, f"order {credit.order_name} is not in Xoro yet", "order")
    invoiced = read_invoices(run, source, documents)
    if not invoiced.invoices:
        raise _nothing_invoiced(run, credit, invoiced)
    _check_currency(credit, invoiced.invoices)
    taken = creditplans.used(run, source, credit.order_id, but=credit.id)
    shares, rest = allocate(run, credit, invoiced, taken)
    _check_rest(run, credit, rest, has_shares=bool(shares))
    parts = creditplans.plan(run, credit, shares, invoiced.invoices[0].number, _value(rest))
    return parts, {one.number: one for one in invoiced.invoices}


def _check_currency(credit: Credit, invoices: Sequence[Invoice]) -> None:
    """A shop may tell of one side of its orders and of the other of its refunds. Raises ``ConfigurationError``."""
    other = next((one for one in invoices if credit.currency and one.currency not in ("", credit.currency)), None)
    if other is not None:
        raise ConfigurationError(
            f"{credit.what} is in {credit.currency}, but invoice {other.number} is in {other.currency}.",
            code="currency",
            next_step="Let the shop's connector read orders and refunds in the same currency, synchronize the refund again; "
            "or enter the credit memo in Xoro by hand and mark this event resolved.",
        )


def _value(rest: Sequence[tuple[Goods, Decimal]]) -> Decimal:
    return sum((goods.value * units / goods.quantity for goods, units in rest), ZERO)


def _nothing_invoiced(run: Run, credit: Credit, invoiced: Invoiced) -> Exception:
    """Before anything is invoiced the order itself changes; what left without an invoice being shown is waited for."""
    may_have_left = any(one.was_shipped for one in credit.goods) or (not credit.goods and credit.is_order_shipped)
    if not may_have_left and is_unshipped(run, invoiced.documents):
        return Skip(
            f"{credit.what}: nothing of the order has been shipped, so there is nothing to credit: the order itself is "
            "changed in Xoro.",
            reason="filtered",
            code=NOT_INVOICED,
        )
    return waiting(run, credit, f"order {credit.order_name} has no invoice in Xoro yet", "invoice")


def _check_rest(run: Run, credit: Credit, rest: Sequence[tuple[Goods, Decimal]], *, has_shares: bool) -> None:
    """Units on no invoice: those that were shipped will be on one; those that were not are no matter of a credit memo."""
    missing = [(goods, units) for goods, units in rest if goods.was_shipped]
    if missing:
        goods, units = missing[0]
        name = goods.sku or goods.title
        raise waiting(run, credit, f"{units.normalize():f} of {name} are on no invoice of the order yet", "invoice")
    if not rest:
        return
    names = ", ".join(f"{units.normalize():f} of {goods.sku or goods.title}" for goods, units in rest)
    step = (
        f"In Xoro take {names} off the sales order of {credit.order_name} and give back their part of the deposit "
        f"({_value(rest):.2f} {credit.currency}), then mark this event resolved."
    )
    if not has_shares:
        raise RemoteRefused(
            f"{credit.what} is about units that were not shipped ({names}), while other units of the order are invoiced.",
            code="unshipped_part",
            next_step=step,
        )
    run.note("unshipped_part", f"Not on the credit memo, because they were not shipped: {names}. {step}")


def waiting(run: Run, credit: Credit, why: str, what: str) -> Exception:
    """Not there yet: looked at again with each batch, for 30 days."""
    if run.now - run.the_event.received_at > LONGEST_WAIT:
        return RemoteRefused(
            f"{credit.what} waited for {LONGEST_WAIT.days} days: {why}.",
            code=f"no_{what}",
            next_step="Enter the credit memo in Xoro by hand and mark this event resolved, or press Retry to wait again.",
        )
    minutes = run.settings.import_interval_minutes or DEFAULT_PAUSE_MINUTES
    return NotDone(
        f"{credit.what} waits: {why}.",
        code=f"{what}:{credit.order_name}",
        next_step="Nothing to do now: the hub looks again with each batch.",
        retry_after_s=minutes * 60.0,
    )
