"""Workers die while a gift card's credit is applied to an invoice: it is applied once, and none is lost."""

from __future__ import annotations

import pytest

from connectors.models import DirectoryEntry
from events.models import Event, Outcome
from tests.connectors.xoro.credit_cast import Books, make_card
from tests.connectors.xoro.test_applications import CARD, application, applied, in_two_stores, left, paid_by_card
from tests.connectors.xoro.test_applications import IN_TWO_STORES as SPLIT
from tests.killing.crash import Crash, said, told

pytestmark = pytest.mark.django_db(transaction=True)

APPLY = "creditmemo/apply"


def due(books: Books) -> int:
    """The order shipped: its card's credit is to be applied now. The event's id."""
    books.ship()
    event = application()
    Event.objects.filter(pk=event.pk).update(outcome=Outcome.QUEUED, due_at=None)
    return event.pk


@pytest.fixture
def cards(books: Books) -> Books:
    books.set(use_credit_route=True)
    books.push(make_card(id=CARD))
    return books


def test_a_credit_is_applied_once_though_the_worker_died_over_it(cards: Books, crash: Crash, moment: str) -> None:
    cards.push(paid_by_card())
    event = due(cards)
    crash.at(APPLY, moment)
    crash.recover()
    assert told(event) == ("succeeded", ""), said(event)
    assert crash.posts(APPLY) == 1
    assert left(cards) == ([0], [0])


@pytest.mark.parametrize("skips", [0, 1], ids=["first", "second"])
def test_of_two_invoices_each_gets_its_part_once(cards: Books, crash: Crash, moment: str, skips: int) -> None:
    cards.set(**SPLIT)
    cards.push(in_two_stores())
    event = due(cards)
    crash.at(APPLY, moment, skips=skips)
    crash.recover()
    assert told(event) == ("succeeded", ""), said(event)
    assert [amount for *_, amount in applied(cards)] == [31.43, 8.57]
    assert crash.posts(APPLY) == 2


def test_where_the_balance_is_not_told_a_person_decides(cards: Books, crash: Crash, moment: str) -> None:
    cards.set(credit_memo_names={"balance": ""})
    cards.push(paid_by_card())
    event = due(cards)
    crash.at(APPLY, moment)
    crash.recover()
    assert told(event) == ("failed", "unconfirmed_write"), said(event)
    assert crash.posts(APPLY) == len(applied(cards)) == 1


@pytest.mark.parametrize("has_balance", [True, False], ids=["balance told", "balance not told"])
def test_a_worker_that_slept_over_an_application_forgets_none(cards: Books, crash: Crash, has_balance: bool) -> None:
    cards.set(credit_memo_names={} if has_balance else {"balance": ""})
    cards.push(paid_by_card())
    due(cards)

    def remembered() -> list[dict[str, object]]:
        return list(DirectoryEntry.objects.filter(kind="credit_application").order_by("id").values("object_id", "data"))

    with crash.asleep(APPLY):
        crash.recover()
        before = remembered()
    assert len(before) == 2 and remembered() == before
    assert crash.posts(APPLY) == len(applied(cards)) == 1
