"""Orders paid by gift card: the card's credit must be in Xoro before the order is.

Which card paid is known only where the shop's payment says so. A card that is not in Xoro is fetched: the connector the
order comes from synchronizes that one card, and the order waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from connectors import syncing
from connectors.exceptions import ConfigurationError, RemoteRefused, WaitFor
from connectors.models import Link, LinkState, Route
from connectors.records import GiftCard, Order, Payment
from connectors.xoro import applications, deposits
from connectors.xoro.applications import Use
from connectors.xoro.creditmemos import find
from connectors.xoro.documents import third_party_source
from connectors.xoro.loop import cards as loop_cards
from connectors.xoro.salesorders import ref_no
from events.models import OPEN_OUTCOMES, Event, Kind, Outcome

if TYPE_CHECKING:
    from connectors.run import Run

PAUSE_S = 20.0


def ensure_cards(run: Run, order: Order, cards: Sequence[Payment]) -> None:
    """Have the credit of every card that paid a part of the order in Xoro before the order is; what they paid is no
    deposit, and a note says which credit pays it. Raises as ``ensure_card``."""
    if not cards:
        return
    paid = sum((one.amount for one in cards), Decimal(0))
    numbers = [ensure_card(run, order, one) for one in cards]
    credits = ", ".join(dict.fromkeys(number for number in numbers if number))
    applied = f" Credit memo {credits} is to be applied to the invoice in Xoro." if credits else ""
    run.note("gift_card_payment", f"{paid} {order.currency} paid by gift card are not part of the deposit.{applied}")


def follow(run: Run, order: Order) -> None:
    """The same for cards that paid after the order was sent. Raises as ``ensure_card``; what else changed is done by then."""
    if fresh := news(run, order):
        ensure_cards(run, order, fresh)
        remember(run, order)


def news(run: Run, order: Order) -> list[Payment]:
    """Payments by gift card that were not there when the order was last sent; costs no call."""
    if not run.settings.gift_cards_enabled or order.cancelled_at is not None:
        return []
    known = deposits.known_payments(run, third_party_source(order, run.settings), order.id)
    return [one for one in deposits.by_gift_card(order) if one.id not in known]


def remember(run: Run, order: Order) -> None:
    """That the cards which paid the order are in Xoro; what they paid is applied to its invoice by events of their own."""
    if not run.settings.gift_cards_enabled:
        return
    source = third_party_source(order, run.settings)
    for one in news(run, order):
        if one.gift_card_id and one.amount > 0:
            applications.ask(run, Use(
                source=source, reference=one.id, memo=loop_cards.reference_of(run, one.gift_card_id),
                amount=str(one.amount), currency=order.currency,
                order_name=order.name, order_number=ref_no(order), order_id=order.id, total=str(order.total),
                by=f"gift card {one.gift_card_id}",
            ))  # fmt: skip
    deposits.note_payments(run, source, order.id, deposits.by_gift_card(order), deposits.CARD)


def ensure_card(run: Run, order: Order, payment: Payment) -> str:
    """The number of the credit memo of the card that made this payment; empty where gift cards are not sent to Xoro, or
    where the shop does not say which card it was (a note says so).

    Raises ``WaitFor`` while the card is fetched, ``RemoteRefused`` where it may not be fetched or was left out,
    ``ConfigurationError`` where nothing can fetch it, and what a read raises."""
    if not deposits.is_gift_card(payment) or not run.settings.gift_cards_enabled:
        return ""
    amount = f"{payment.amount} {order.currency} of order {order.name}"
    card_id = payment.gift_card_id
    if not card_id:
        run.note("gift_card_unnamed", f"{amount} were paid by a gift card, and the shop does not say by which.")
        return ""
    run.key("gift_card_id", card_id)
    if number := _known(run, card_id):
        return number
    found, is_certain = find(run, third_party_source(order, run.settings), card_id)
    if found is not None:
        return found.number
    named = f"gift card {card_id}"
    if not run.settings.fetch_missing_gift_cards:
        doubt = "" if is_certain else ", or too busy to say so"
        raise RemoteRefused(
            f"{amount} were paid by {named}, which is not in Xoro{doubt}; fetching missing cards is switched off.",
            code="gift_card_unknown",
            next_step=f"Synchronize gift card {card_id} at the connector of the shop, then press Retry.",
        )
    raise _fetch(run, amount, named, card_id)


def _known(run: Run, card_id: str) -> str:
    link = Link.objects.filter(
        source=run.the_route.source, target=run.connector, record_kind=GiftCard.kind, source_object_id=card_id,
        state=LinkState.DELIVERED,
    ).first()  # fmt: skip
    return (link.target_number or link.target_object_id) if link else ""


def _fetch(run: Run, amount: str, named: str, card_id: str) -> Exception:
    """Has the card synchronized, unless that is under way, and waits for it."""
    shop = run.the_route.source
    step = f"Synchronize gift card {card_id} at {shop} by hand, then press Retry."
    if not Route.objects.filter(source=shop, target=run.connector, record_kind=GiftCard.kind, is_enabled=True).exists():
        return ConfigurationError(
            f"{amount} were paid by {named}, which is not in Xoro, and no route takes gift cards from {shop} to it.",
            code="gift_card_route",
            next_step=f"Make a route for gift cards from {shop} to {run.connector}, then press Retry.",
        )
    last = _last_delivery(run, card_id)
    if last is not None and last.outcome == Outcome.SKIPPED and last.reason == "filtered":
        return RemoteRefused(
            f"{amount} were paid by {named}, which was left out of Xoro: {last.sentence}",
            code="gift_card_left_out",
            next_step="Let the card in on the connector's page (gift cards) and synchronize it, then press Retry.",
        )
    fetching = Event.objects.filter(connector_id=shop.pk, topic="single:gift_card", outcome__in=OPEN_OUTCOMES)
    is_under_way = fetching.filter(object_label=card_id).exists() or (last is not None and last.is_open)
    if not is_under_way:
        try:
            syncing.start_single(shop, GiftCard.kind, card_id, by=run.the_event.triggered_by or "the hub")
        except ConfigurationError as error:
            return ConfigurationError(
                f"{amount} were paid by {named}, which is not in Xoro: {error.sentence}", next_step=step
            )
    why = f" Its last delivery failed: {last.sentence}" if last is not None and last.outcome == Outcome.FAILED else ""
    return WaitFor(
        f"{amount} were paid by {named}, which is not in Xoro yet; it is fetched from {shop} first.{why}",
        code=f"gift_card:{card_id}",
        next_step=step,
        retry_after_s=PAUSE_S,
    )


def _last_delivery(run: Run, card_id: str) -> Event | None:
    deliveries = Event.objects.filter(
        kind=Kind.DELIVERY, connector_id=run.connector.pk, object_type=GiftCard.kind, object_id=card_id
    )
    return deliveries.order_by("-id").first()
