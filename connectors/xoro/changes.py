"""Changes of an order that Xoro has already.

While the warehouse has not begun, the sales order is replaced: sent again with ``VoidAndCreate`` and
``KeepOriginalOrderNumber``, or cancelled. From the first wave on a person decides, except where nothing that matters
changed, or units were taken off what is shipped already (their refund becomes a credit memo). Before each write what is
there is read and compared, so that a lost answer writes nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connectors.base import Delivered
from connectors.exceptions import RemoteRefused, RemoteUnavailable, Skip, UnconfirmedWrite
from connectors.records import Order
from connectors.xoro import accounts, cardpayments, deposits, documents, parts, refusals, wire
from connectors.xoro.cancellations import cancel, cancel_all, empty, is_open
from connectors.xoro.documents import INVOICE, SALES_ORDER, Document, documents_of, third_party_source
from connectors.xoro.equality import is_same
from connectors.xoro.parts import Part
from connectors.xoro.salesorders import check_sum
from connectors.xoro.sending import (
    NOUNS,
    Sending,
    body_hash,
    body_of,
    keep,
    send,
)
from connectors.xoro.settings_warehousing import INVOICES
from connectors.xoro.standing import Standing, gone, in_warehouse, state_of

if TYPE_CHECKING:
    from connectors.models import Link
    from connectors.run import Run

_Change = tuple[Sending, Document, dict[str, Any], Standing]  # the part, its document, the body, how it stands
SENT_IN_PART = "to be sent, while another part of the order was sent and goods of it came back"

# Members of an order that move while Xoro's sales order stays right: a later payment or shipment is no change of it.
NOT_TAKEN = frozenset({"financial_status", "fulfillment_status", "risk", "payments", "tags", "processed_at"})


def fingerprint(order: Order) -> str:
    return order.fingerprint(without=NOT_TAKEN)


def delivered(order: Order, made: Sequence[Document], sentence: str = "") -> Delivered:
    """What the ledger keeps: the first document, and the state of the order it stands for."""
    first, numbers = made[0], " and ".join(one.number for one in made)
    noun = NOUNS[first.kind] + ("s" if len(made) > 1 else "")
    return Delivered(
        target_id=first.id,
        target_number=first.number,
        sentence=sentence or f"Order {order.name} is in Xoro as {noun} {numbers}.",
        sent_hash=fingerprint(order),
    )


def apply(run: Run, order: Order, link: Link) -> Delivered:
    """Raises ``Skip`` (unchanged), ``RemoteRefused`` (in the warehouse, a manual task), ``UnconfirmedWrite``, and what
    sending raises."""
    source = third_party_source(order, run.settings)
    # What the ledger knows is not what is there where the write of another version got no answer.
    is_same = link.sent_hash == fingerprint(order) and not run.unfinished_write_by_other
    number = link.target_number or link.target_object_id
    if is_same and not _has_news(run, order, source):
        raise Skip(
            f"Order {order.name} is in Xoro as {number} and has not changed.", reason="unchanged", code="unchanged"
        )
    known = documents_of(run, source, order.id)
    if run.unfinished_write_by_other:
        known = documents.with_those_in_xoro(run, source, order, known)
    if not known:
        raise gone(order, number)
    if not is_same and order.cancelled_at is not None:
        sentence = cancel(run, order, known)
    elif not is_same and not any(line.quantity for line in order.lines):
        sentence = empty(run, order, known)
    elif not is_same or _has_new_invoices(run, order, known):
        sentence = change(run, order, known)
    else:
        sentence = ""
    # A hub that remembered no documents remembered no payments either: what was paid by then went along with the order.
    is_of_older_hub = not any(one.body_hash for one in known)
    paid = deposits.settle(run, order, sent_at=link.created_at if is_of_older_hub else None)
    has_cards = bool(cardpayments.news(run, order))
    cardpayments.follow(run, order)
    if paid:
        sums = ", ".join(f"{deposits.signed(one)} {order.currency}" for one in paid)
        sentence = f"{sentence} The payment of {sums} is imported by an event of its own.".strip()
    elif has_cards and not sentence:
        sentence = f"Order {order.name} was paid by a gift card that is in Xoro."
    elif not sentence:
        raise Skip(
            f"Order {order.name} is in Xoro as {number} and has not changed.", reason="unchanged", code="unchanged"
        )
    alive = [one for one in documents.known_documents(run, source, order.id) if not one.is_cancelled]
    return delivered(order, alive or known, sentence)


def withdraw(run: Run, order: Order, known: Sequence[Document]) -> Delivered:
    """An order that was sent, or a part of it, without the ledger's knowledge, before nothing was left of it."""
    sentence = (cancel if order.cancelled_at is not None else empty)(run, order, known)
    if parts.is_split(order, run.settings):
        run.note(
            "half_sent", "Only a part of it was sent; a deposit that went along is to be given back in Xoro by hand."
        )
    else:
        deposits.settle(run, order)
    return delivered(order, known, sentence)


def _has_news(run: Run, order: Order, source: str) -> bool:
    """Whether an unchanged order has payments or shipments Xoro has not heard of; costs no call."""
    known = deposits.known_payments(run, source, order.id)
    settings = run.settings
    is_paid = settings.record_payments and any(one.id not in known for one in deposits.moved(order))
    made = documents.known_documents(run, source, order.id)
    return is_paid or bool(cardpayments.news(run, order)) or _has_new_invoices(run, order, made)


def _has_new_invoices(run: Run, order: Order, known: Sequence[Document]) -> bool:
    if run.settings.drop_as != INVOICES or not parts.is_split(order, run.settings):
        return False
    return bool({one.id for one in order.fulfillments} - {one.part for one in known})


# --- changing -------------------------------------------------------------------------------------------------------


def change(run: Run, order: Order, known: Sequence[Document]) -> str:
    check_sum(order)
    alive = [one for one in known if not one.is_cancelled]
    if not alive:
        raise RemoteRefused(
            f"Order {order.name} changed, but {known[0].number} was cancelled in Xoro.",
            code="cancelled_there",
            next_step=f"Re-open {known[0].number} in Xoro and change it there, then mark this event resolved.",
        )
    in_doubt = run.unfinished_write
    if not run.unfinished_write_by_other:
        in_doubt = documents.is_in_doubt(run, third_party_source(order, run.settings), order.id)
    wanted = _parts(run, order, alive)
    by_reference = {one.reference: one for one in alive}
    fresh = [one for one in wanted if one.reference not in by_reference]
    changed: list[_Change] = []
    states: dict[str, Standing] = {}
    for part in wanted:
        before = by_reference.get(part.reference)
        if before is None:
            continue
        one = Sending(order=order, part=part, kind=before.kind, deposit={})
        body = body_of(run, one)
        if before.body_hash == body_hash(body) and not run.unfinished_write_by_other:
            continue
        if before.kind == INVOICE:
            run.note("invoice_stays", f"{before.number} is an invoice and stays as it is; refunds become credit memos.")
            continue
        states[before.number] = state = state_of(run, order, before)
        if not state.check(run, order, before, body):
            changed.append((one, before, body, state))
    lost = [one for one in alive if one.reference not in {part.reference for part in wanted} and one.kind != INVOICE]
    left = [document for document in lost if not is_open(run, order, document)]
    for document in left:
        run.note("by_credit_memo", f"{document.number} had left: what was taken off it becomes a credit memo.")
    lost = [document for document in lost if document not in left]
    if left or any(state.is_credited for state in states.values()):
        changed = _without_shares(run, order, changed, lost)
    numbers = [_replace(run, order, *row, alive) for row in changed]
    for part in fresh:
        kind = INVOICE if run.settings.drop_as == INVOICES else SALES_ORDER
        one = Sending(order=order, part=part, kind=kind, deposit={})
        numbers.append(send(run, one, in_doubt=in_doubt).number)
    cancel_all(run, order, lost)
    numbers += [document.number for document in lost]
    accounts.follow(run, order)
    if not numbers:
        return f"Order {order.name} changed in nothing that Xoro's {alive[0].number} says."
    return f"Changed {' and '.join(numbers)} in Xoro with order {order.name}."


def _without_shares(run: Run, order: Order, changed: Sequence[_Change], lost: Sequence[Document]) -> list[_Change]:
    """Goods of a part that has left came back: their credit memo books that, and what another part bears of shipping and
    tax stays as it was. Raises ``RemoteRefused`` where goods of another part are less as well: which of them came back and
    which are not to be sent is not in the order."""
    for document in lost:
        raise in_warehouse(order, document, SENT_IN_PART, "lost units")
    for _, before, body, state in changed:
        if not state.is_about_same(body):
            raise in_warehouse(order, before, SENT_IN_PART, "changed")
        run.note("shares_stay", f"{before.number} stays as it is: goods of another part came back, none of its own.")
    return []


def _parts(run: Run, order: Order, alive: Sequence[Document]) -> list[Part]:
    """As it was sent: a whole order stays whole."""
    if alive[0].kind == INVOICE and parts.is_split(order, run.settings):
        return parts.by_fulfillment(order, run.settings, alive)
    if len(alive) == 1 and not alive[0].part and (alive[0].kind == INVOICE or not parts.is_split(order, run.settings)):
        return [replace(parts.whole(order), reference=alive[0].reference)]
    return parts.by_store(order, run.settings, alive)


def _replace(
    run: Run,
    order: Order,
    one: Sending,
    before: Document,
    body: dict[str, Any],
    state: Standing,
    known: Sequence[Document],
) -> str:
    """Sends the order again in place of the one that is there; its deposit stays where it is, under the same number."""
    hashed = body_hash(body)
    try:
        row = _send_again(run, order, replace(one, deposit=deposits.again(run, order, one.reference, known)), before)
    except RemoteRefused as error:
        if refusals.is_wave_error(error, run.settings):
            raise refusals.wave_failure(error, one.what, run.settings) from error
        raise refusals.explained(error) from error
    except RemoteUnavailable as error:
        if error.code in refusals.NOT_DONE:
            raise
        found = _found(run, before)
        if found is None or not is_same(found, body):
            if error.status is None:
                raise  # the next attempt reads and compares first
            raise UnconfirmedWrite(
                f"Whether the change of order {order.name} is in sales order {before.number} is not known: "
                f"{error.sentence}",
                next_step=f"Compare {before.number} in Xoro with the order. If it has the change, mark this event "
                "resolved; if not, press Retry.",
            ) from error
        row = found
    number = wire.document_number(row) or before.number
    keep(run, one, row if wire.document_number(row) else state.row, hashed, deposit=before.deposit)
    if number != before.number:
        run.note("other_number", f"Xoro replaced {before.number} by {number} instead of keeping the number.")
    return number


def _found(run: Run, before: Document) -> dict[str, Any] | None:
    """What stands there after a write of unknown outcome; nothing where that cannot be found out now."""
    try:
        row: dict[str, Any] | None = run.client.get_sales_order(before.number)
    except RemoteUnavailable:
        return None
    return row


def _send_again(run: Run, order: Order, one: Sending, before: Document) -> dict[str, Any]:
    unknown: frozenset[str] = frozenset()
    replacing = {"OrderNumber": before.number, "VoidAndCreate": True, "KeepOriginalOrderNumber": True}
    while True:  # ends: each round finds one more unknown SKU, or leaves
        body = body_of(run, one, unknown)
        body["SoEstimateHeader"] |= replacing
        try:
            row: dict[str, Any] = run.client.write("create_sales_order", body)
        except RemoteRefused as error:
            more = refusals.unknown_skus_of(run, order, error) - unknown
            if not more:
                raise
            unknown |= more
        else:
            return row
