"""Taking an order, or a part of it, back out of Xoro: cancelled where nothing has left, else said what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from connectors.exceptions import HubError, RemoteRefused, RemoteUnavailable
from connectors.records import Order
from connectors.xoro import documents, refusals
from connectors.xoro.documents import INVOICE, Document, third_party_source
from connectors.xoro.standing import ENDED, in_warehouse, state_of

if TYPE_CHECKING:
    from connectors.run import Run

CANCELLED = "Cancelled"


def cancel(run: Run, order: Order, known: Sequence[Document]) -> str:
    alive = [one for one in known if not one.is_cancelled]
    for one in alive:
        if one.kind == INVOICE:
            raise in_warehouse(order, one, "invoiced", "was cancelled")
    rows = {one.number: state_of(run, order, one) for one in alive}
    for one in alive:
        if rows[one.number].status != CANCELLED and (step := rows[one.number].step(run)):
            raise in_warehouse(order, one, step, "was cancelled")
    for one in alive:
        if rows[one.number].status != CANCELLED:
            _cancel_one(run, order, one)
        source = third_party_source(order, run.settings)
        documents.remember(run, source, order.id, [replace(one, is_cancelled=True)])
    numbers = " and ".join(one.number for one in known)
    return f"Cancelled {numbers} in Xoro, because order {order.name} was cancelled."


def empty(run: Run, order: Order, known: Sequence[Document]) -> str:
    """Every line was taken off an order that was not cancelled: what has not left is cancelled, what has is credited."""
    left, cancelled = [], []
    for one in (one for one in known if not one.is_cancelled):
        if one.kind == INVOICE or not is_open(run, order, one):
            left.append(one)
        else:
            cancelled.append(one)
    cancel_all(run, order, cancelled)
    sentences = []
    if cancelled:
        sentences.append(f"Cancelled {_listed(cancelled)} in Xoro, because nothing is left of order {order.name}.")
        if order.total:
            run.note(
                "money_left", f"{order.total} {order.currency} of the order are still owed: enter them in Xoro by hand."
            )
    if left:
        sentences.append(f"{_listed(left)} had left: what came back of order {order.name} becomes a credit memo.")
    return " ".join(sentences) or f"Nothing is left of order {order.name}, nor of it in Xoro."


def is_open(run: Run, order: Order, one: Document) -> bool:
    """Whether a document that lost all its lines can be cancelled; ``False`` where its goods have left. Raises
    ``RemoteRefused`` while the warehouse is at it."""
    state = state_of(run, order, one)
    step = "" if state.status == CANCELLED else state.step(run)
    if step and state.status not in ENDED:
        raise in_warehouse(order, one, step, "lost all its lines")
    return not step


def cancel_all(run: Run, order: Order, gone: Sequence[Document]) -> None:
    source = third_party_source(order, run.settings)
    for one in gone:
        _cancel_one(run, order, one)
        documents.remember(run, source, order.id, [replace(one, is_cancelled=True)])


def _listed(some: Sequence[Document]) -> str:
    return " and ".join(one.number for one in some)


def _cancel_one(run: Run, order: Order, one: Document) -> None:
    """Cancelling converges: a second one finds the order cancelled."""
    if run.unfinished_write and state_of(run, order, one).status == CANCELLED:
        return
    try:
        run.client.write("cancel_sales_order", {"OrderNumber": one.number})
    except RemoteUnavailable as error:
        if error.code in refusals.NOT_DONE or error.status is None:
            raise  # the next attempt reads the status first
        if state_of(run, order, one).status != CANCELLED:
            raise
    except RemoteRefused as error:
        if state_of(run, order, one).status != CANCELLED:
            raise refusals.explained(error) from error
    except HubError as error:
        if not refusals.has_no_route(error):
            raise
        raise refusals.manual_task(
            f"Order {order.name} was cancelled, and Xoro has no route to cancel sales order {one.number}.",
            f"Cancel sales order {one.number} in Xoro and give its deposit back.",
            error,
        ) from error
