"""What becomes of an order of a shop: sales orders or invoices in Xoro, one or one for each ship store.

The first time it is sent (``sending.py``, part by part); later its changes are applied (``changes.py``) and its payments
follow (``deposits.py``). Customer and company have events of their own (``accounts.py``), which hold no order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.base import Delivered
from connectors.exceptions import HubError, Skip, UnconfirmedWrite
from connectors.records import Order, Payment
from connectors.xoro import accounts, cardpayments, changes, deposits, documents, invoicing, parts
from connectors.xoro.calls.availability import promised
from connectors.xoro.changes import delivered
from connectors.xoro.documents import INVOICE, SALES_ORDER, Document, third_party_source
from connectors.xoro.filters import check_filters
from connectors.xoro.moneys import allocate, smallest_unit, total
from connectors.xoro.parts import Part
from connectors.xoro.salesorders import check_sum
from connectors.xoro.sending import Sending, body_hash, body_of, check_settled, send
from connectors.xoro.settings_warehousing import INVOICES

if TYPE_CHECKING:
    from connectors.run import Run


def push_order(run: Run, order: Order) -> Delivered:
    """Raises ``Skip`` (switched off, filtered, unchanged, nothing shipped yet), ``PayloadError``, ``ConfigurationError``,
    ``UnconfirmedWrite``, what ``changes.apply`` raises, and the errors of the client."""
    if not run.settings.orders_enabled:
        raise Skip(
            f"Order {order.name} was not sent to Xoro: “Import orders” is off.",
            reason="filtered",
            code="orders_enabled",
        )
    if run.link is not None and run.link.target_object_id:
        return changes.apply(run, order, run.link)
    source = third_party_source(order, run.settings)
    remembered = documents.known_documents(run, source, order.id)
    known: Sequence[Document] = remembered
    if run.unfinished_write_by_other:
        known = documents.with_those_in_xoro(run, source, order, remembered)
    if not known:
        _check_filters(run, order)
    elif order.cancelled_at is not None or not any(line.quantity for line in order.lines):
        return changes.withdraw(run, order, known)
    # Parts are sent one by one: a document that was found is the one whose answer was lost.
    in_doubt = len(known) == len(remembered) and documents.is_in_doubt(run, source, order.id)
    return _send_all(run, order, known, in_doubt=in_doubt)


def _check_filters(run: Run, order: Order) -> None:
    """Raises ``Skip``; ``UnconfirmedWrite`` where the order may be in Xoro although nothing of it is to be sent now."""
    try:
        check_filters(order, run.settings)
    except Skip as skip:
        if not run.unfinished_write:
            raise
        check_settled(run, f"order {order.name}")
        raise UnconfirmedWrite(
            f"{skip.sentence} It may be in Xoro all the same: it was sent before, and no answer came.",
            next_step=f"Look in Xoro for the third-party reference {order.id}. If the order is there, cancel it there; then "
            "mark this event resolved.",
        ) from skip


def _send_all(run: Run, order: Order, known: Sequence[Document], *, in_doubt: bool) -> Delivered:
    """``known``: parts that an attempt sent which did not come to its end. ``in_doubt``: it may have sent one more."""
    source = third_party_source(order, run.settings)
    wanted = _parts(run, order, known)
    for one in _sendings(run, order, wanted, {}):
        body_of(run, one)  # what cannot be translated fails before any call
    if run.settings.drop_as == INVOICES:
        invoicing.check_route(run)
    cardpayments.ensure_cards(
        run, order, deposits.by_gift_card(order)
    )  # before the order, whose invoice will use the cards' credits
    along = _payments(run, order, source, is_begun=bool(known))
    sendings = _sendings(run, order, wanted, _deposits(run, order, wanted, along, known))
    made = _send_parts(run, order, sendings, known, in_doubt=in_doubt)
    if _is_other_version(run, sendings, made, known):
        changes.change(run, order, documents.known_documents(run, source, order.id))
        made = [one for one in documents.known_documents(run, source, order.id) if not one.is_cancelled]
    deposits.settle(run, order)
    cardpayments.remember(run, order)
    accounts.follow(run, order)
    return delivered(order, made)


def _is_other_version(
    run: Run, sendings: Sequence[Sending], made: Sequence[Document], known: Sequence[Document]
) -> bool:
    """Whether a document that was sent before says something else than the order as it is now, or is none of its parts
    any more. What somebody else entered stays as it is."""
    hashes = {one.reference: body_hash(body_of(run, one)) for one in sendings}
    before = {one.reference for one in known if one.body_hash or run.unfinished_write_by_other}
    if any(hashes[one.reference] != one.body_hash for one in made if one.reference in before):
        return True
    return bool(before - set(hashes))


def _send_parts(
    run: Run, order: Order, sendings: Sequence[Sending], known: Sequence[Document], *, in_doubt: bool
) -> list[Document]:
    """Raises what sending raises, after a note of the parts that are in Xoro already."""
    made: list[Document] = []
    by_reference = {one.reference: one for one in known}
    for one in sendings:
        before = by_reference.get(one.reference)
        done = before if before is not None and before.body_hash else None
        try:
            made.append(done or send(run, one, in_doubt=in_doubt, known=before))
        except HubError:
            if made:
                numbers = " and ".join(document.number for document in made)
                run.note(
                    "half_sent",
                    f"Only a part of order {order.name} is in Xoro, as {numbers}; {one.what} is not. A further attempt "
                    "sends what is missing, and nothing twice.",
                )
            raise
        # Parts are sent in order: only the first that is not known can have been.
        in_doubt = in_doubt and before is not None
    return made


def _parts(run: Run, order: Order, known: Sequence[Document]) -> list[Part]:
    """The documents the order becomes. Raises ``Skip`` for an order of which nothing is shipped where each fulfillment
    becomes an invoice."""
    settings = run.settings
    check_sum(order)
    if not parts.is_split(order, settings):
        return [parts.whole(order)]
    if settings.drop_as == INVOICES:
        found = parts.by_fulfillment(order, settings, known)
        if not found:
            raise Skip(
                f"Nothing of order {order.name} is shipped yet: each of its fulfillments becomes an invoice.",
                reason="filtered",
                code="not_fulfilled",
            )
        return found
    if not any(line.places for line in order.lines):
        run.note(
            "no_locations",
            "The order does not say where its lines ship from, so that all leave from the default ship store. Let the "
            "shop's connector read the locations of lines.",
        )
    stock = promised(run.client, _skus(order), _stores(run)) if settings.split_all_locations else None
    return parts.by_store(order, settings, known, stock)


def _sendings(run: Run, order: Order, wanted: Sequence[Part], money: Mapping[str, Any]) -> list[Sending]:
    kind = INVOICE if run.settings.drop_as == INVOICES else SALES_ORDER
    return [Sending(order=order, part=part, kind=kind, deposit=money.get(part.reference, {})) for part in wanted]


def _payments(run: Run, order: Order, source: str, *, is_begun: bool) -> list[Payment]:
    """The payments that go along, written down before anything is sent. Where a part was sent already, those that went
    with it: what came since is imported on its own."""
    along = deposits.with_order(order, run.settings)
    if is_begun or run.unfinished_write:
        known = deposits.known_payments(run, source, order.id)
        return [one for one in along if known.get(one.id, {}).get("state") == deposits.WITH_ORDER]
    deposits.forget_payments(run, source, order.id)  # of an attempt that sent nothing
    deposits.note_payments(run, source, order.id, along, deposits.WITH_ORDER)
    return along


def _deposits(
    run: Run, order: Order, wanted: Sequence[Part], along: Sequence[Payment], known: Sequence[Document]
) -> dict[str, Any]:
    """By reference: the members that take each part's share of the money along. What went along with a document that was
    sent stays its share; the others have the rest."""
    unit = smallest_unit(order.currency)
    rest = total(map(deposits.signed, along))
    shares = dict(
        zip((p.reference for p in wanted), allocate(rest, [p.order.total for p in wanted], unit), strict=True)
    )
    references = {one.reference for one in known}
    taken = {one.reference: Decimal(one.deposit) for one in known if one.deposit}
    if taken:
        shares |= {reference: amount for reference, amount in taken.items() if reference in shares}
        rest -= total(taken.values()) + total(shares[one] for one in references - set(taken) if one in shares)
        fresh = [p for p in wanted if p.reference not in references]
        shares |= zip((p.reference for p in fresh), allocate(rest, [p.order.total for p in fresh], unit), strict=True)
        if rest and not fresh:
            run.note(
                "deposit_left",
                f"{rest} {order.currency} were to go along with parts of order {order.name} that are not sent any more: "
                "enter the deposit in Xoro by hand.",
            )
    return {reference: deposits.header_members(along, share, run.settings) for reference, share in shares.items()}


def _skus(order: Order) -> list[str]:
    return sorted({line.sku for line in order.lines if line.sku})


def _stores(run: Run) -> list[str]:
    mapped = [row["store"] for row in run.settings.location_map or ()]
    return list(dict.fromkeys([*mapped, run.settings.ship_store]))
