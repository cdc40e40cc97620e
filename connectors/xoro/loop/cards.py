"""Gift cards that Loop gave and a credit memo was made of here: the shop has each of them as a card, too.

Where the shop's cards come here later, such a card is not booked again: it is known as the memo that is there. One directory
entry of the connector each, kind ``loop_card``: ``key`` the shop, value and currency, ``object_id`` the memo's reference,
``data`` the members of ``Given``. Which card it was, Loop says by the order it made for it, or not at all; then it is one
of the same value that was made while the return was open, and each memo stands for one card.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction

from connectors import directory
from connectors.directory import Known
from connectors.models import DirectoryEntry
from connectors.records import GiftCard
from connectors.xoro.loop import twins
from connectors.xoro.loop.reading import LoopReturn

if TYPE_CHECKING:
    from connectors.base import Delivered
    from connectors.run import Run

KIND = "loop_card"
BOOKED = "booked_card"  # the other way round: cards of Loop's shop that were booked as the shop's, by their id
MARGIN = timedelta(days=1)  # between the clocks of Loop and the shop, and what Loop does after it closed a return


@dataclass(frozen=True, kw_only=True)
class Given:
    """``first`` and ``last``: when the card was made (ISO). ``order_id`` and ``order_name``: of the order Loop made for it,
    empty where it does not say. ``card``: the shop's id of the card, once it is known."""

    reference: str
    return_id: str
    memo_id: str
    memo: str
    first: str
    last: str
    order_id: str = ""
    order_name: str = ""
    card: str = ""


def remember(run: Run, one: LoopReturn, reference: str, memo: Delivered) -> None:
    """That this memo is the gift card of a return."""
    if directory.by_id(run.connector.pk, KIND, reference) is not None:
        return
    given = Given(
        reference=reference, return_id=one.id, memo_id=memo.target_id, memo=memo.target_number,
        first=(one.created_at - MARGIN).isoformat(), last=(one.updated_at + MARGIN).isoformat(),
        order_id=one.card_order_id, order_name=one.card_order_name.lstrip("#"),
    )  # fmt: skip
    key = _key(run.settings.loop_shop, one.gift_card, one.currency or run.settings.default_currency)
    directory.put(run.connector.pk, KIND, [Known(key=key, object_id=reference, data=asdict(given))])


def take(run: Run, card: GiftCard) -> Given | None:
    """The memo that is this card of the shop, ``None`` where none is. From then on it is no other card's."""
    rows = DirectoryEntry.objects.filter(
        connector_id=run.connector.pk, kind=KIND, key=_key(card.source, card.initial_value, card.currency)
    ).order_by("id")
    with transaction.atomic():
        known = [(row, Given(**row.data)) for row in rows.select_for_update()]
        free = [(row, given) for row, given in known if not given.card]
        found = next((pair for pair in known if pair[1].card == card.id), None)
        found = found or next((pair for pair in free if _is_named(pair[1], card)), None)
        found = found or next((pair for pair in free if _may_be(pair[1], card)), None)
        if found is None:
            return None
        row, given = found
        row.data = {**row.data, "card": card.id}
        row.save(update_fields=["data"])
    return given


def booked(run: Run, card: GiftCard, memo_id: str, memo: str) -> None:
    """That a card of the shop is a memo of its own: should Loop have given it, its return makes none."""
    if not twins.is_shop_of_loop(run, card.source) or card.created_at is None:
        return
    if directory.by_id(run.connector.pk, BOOKED, card.id) is not None:
        return
    at = card.created_at.isoformat()
    given = Given(
        reference=card.id, return_id="", memo_id=memo_id, memo=memo, first=at, last=at, order_id=card.order_id,
        order_name=card.order_name.lstrip("#"), card=card.id,
    )  # fmt: skip
    key = _key(card.source, card.initial_value, card.currency)
    directory.put(run.connector.pk, BOOKED, [Known(key=key, object_id=card.id, data=asdict(given))])


def memo_of(run: Run, one: LoopReturn) -> str:
    """The number of the memo that the gift card of a return was booked as with the shop's cards; empty where it was not.
    From then on it is no other return's."""
    key = _key(run.settings.loop_shop, one.gift_card, one.currency or run.settings.default_currency)
    rows = DirectoryEntry.objects.filter(connector_id=run.connector.pk, kind=BOOKED, key=key).order_by("id")
    name = one.card_order_name.lstrip("#")
    with transaction.atomic():
        for row in rows.select_for_update():
            card = Given(**row.data)
            is_named = _is_same_order(one.card_order_id, name, card.order_id, card.order_name)
            is_open = one.created_at - MARGIN <= datetime.fromisoformat(card.first) <= one.updated_at + MARGIN
            may_be = is_open and not name and not card.order_id
            if card.return_id not in ("", one.id) or not (is_named or may_be):
                continue
            row.data = {**row.data, "return_id": one.id}
            row.save(update_fields=["data"])
            return card.memo
    return ""


def reference_of(run: Run, card_id: str) -> str:
    """The reference of the memo that a card of the shop is known as; its own id where that is none of Loop's."""
    return next((one.reference for one in _of_card(run, card_id)), card_id)


def _of_card(run: Run, card_id: str) -> Iterator[Given]:
    rows = DirectoryEntry.objects.filter(connector_id=run.connector.pk, kind=KIND, data__card=card_id)
    return (Given(**row.data) for row in rows)


def _key(shop: str, value: Decimal, currency: str) -> str:
    return f"{shop} {value.normalize():f} {currency}"


def _is_named(given: Given, card: GiftCard) -> bool:
    """Whether Loop says that it is this card."""
    return _is_same_order(given.order_id, given.order_name, card.order_id, card.order_name.lstrip("#"))


def _is_same_order(one_id: str, one_name: str, other_id: str, other_name: str) -> bool:
    return (bool(one_id) and one_id == other_id) or (bool(one_name) and one_name == other_name)


def _may_be(given: Given, card: GiftCard) -> bool:
    """A card that was sold is Loop's only where Loop names its order."""
    if given.order_name or card.order_id or card.created_at is None:
        return False
    return datetime.fromisoformat(given.first) <= card.created_at <= datetime.fromisoformat(given.last)
