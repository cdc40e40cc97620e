"""Workers die over credit memos and stock adjustments, or meet at one refund: each memo is written once, none is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from connectors.models import DirectoryEntry, Link
from connectors.records import Refund, RefundShipping
from events import outcomes
from events.models import Event
from tests.connectors.xoro.credit_cast import REFUNDED_AT, Books, make_card, make_refund, make_refund_line
from tests.connectors.xoro.test_parts import two_places
from tests.connectors.xoro.test_refunds import SPLIT_MAP
from tests.killing.crash import Crash, said, told

pytestmark = pytest.mark.django_db(transaction=True)

MEMO, ADJUST = "creditmemo/import", "inventory/adjustment"


def split(books: Books) -> Refund:
    """The refund of goods that left in two parts: one memo for the invoice of each."""
    books.set(split_orders=True, location_map=SPLIT_MAP)
    books.push(two_places())
    books.ship()
    lamps = make_refund_line(
        order_line_id="1", quantity=Decimal(3), subtotal=Decimal("144.99"), tax=Decimal("8.70"), location_id="31"
    )
    return make_refund(lines=(lamps,), total=Decimal("153.69"))


def memos(books: Books) -> dict[str, float]:
    """Every memo in Xoro by its reference; none has a twin."""
    headers = [one["creditMemoHeader"] for one in books.memos()]
    found = {one["ThirdPartyRefNo"]: one["TotalAmount"] for one in headers}
    assert len(found) == len(headers)
    return found


def in_ledger(books: Books, kind: str = "refund") -> bool:
    """Whether the hub's ledger names the first memo."""
    header = books.memos()[0]["creditMemoHeader"]
    link = Link.objects.get(record_kind=kind)
    return (link.target_number, link.target_object_id) == (header["CreditMemoNumber"], str(header["Id"]))


@pytest.mark.parametrize("skips", [0, 1], ids=["first", "second"])
def test_of_two_memos_of_a_refund_each_is_written_once(books: Books, crash: Crash, moment: str, skips: int) -> None:
    given = books.give(split(books))
    crash.at(MEMO, moment, skips=skips)
    assert len(memos(books)) == skips + 1
    crash.recover()
    assert told(given) == ("succeeded", ""), said(given)
    assert Event.objects.get(pk=given).attempts == 2
    found = memos(books)
    assert sorted(found) == ["88100450012", "88100450012-2"] and round(sum(found.values()), 2) == 153.69
    assert crash.posts(MEMO) == 2
    assert in_ledger(books)


def test_a_worker_that_dies_over_each_memo_in_turn_writes_none_twice(books: Books, crash: Crash) -> None:
    given = books.give(split(books))
    crash.at(MEMO)
    crash.workers.take_back()
    crash.at(MEMO)
    crash.recover()
    assert told(given) == ("succeeded", ""), said(given)
    assert round(sum(memos(books).values()), 2) == 153.69
    assert crash.posts(MEMO) == 2
    assert Event.objects.get(pk=given).attempts == 3


def costly() -> Refund:
    """Shipping, money beyond the goods, and goods that are not put back on the shelf."""
    line = make_refund_line(is_restocked=False)
    shipping = RefundShipping(id="1", amount=Decimal("9.50"), tax=Decimal(0))
    return make_refund(lines=(line,), shipping=(shipping,), total=Decimal("70.00"))


def test_a_refund_with_shipping_and_an_adjustment_is_credited_once_and_its_goods_leave_once(
    books: Books, crash: Crash, moment: str
) -> None:
    books.set(adjust_not_available=True, use_adjustment_route=True)
    books.order()
    before = books.stock()
    given = books.give(costly())
    crash.at(MEMO, moment)
    crash.recover()
    assert told(given) == ("succeeded", ""), said(given)
    assert memos(books) == {"88100450012": 70.0}
    header, _ = books.memo()
    assert header["ShippingCreditAmount"] == 9.5
    assert (crash.posts(MEMO), crash.posts(ADJUST)) == (1, 1)
    after = books.stock()
    assert (after["OnHandQty"], after["AvailableQty"]) == (before["OnHandQty"], before["AvailableQty"])


def test_an_adjustment_nobody_can_look_up_is_left_to_a_person(books: Books, crash: Crash, moment: str) -> None:
    books.set(adjust_not_available=True, use_adjustment_route=True)
    books.order()
    given = books.give(costly())
    crash.at(ADJUST, moment)
    crash.recover()
    task = Event.objects.get(topic="stock/adjust")
    assert told(given) == ("succeeded", "")
    assert told(task.pk) == ("failed", "unconfirmed_write"), said(task.pk)
    books.give(replace(costly(), note="read again"))
    crash.drain()
    assert len(books.books("adjustments")) == crash.posts(ADJUST) == 1
    assert Event.objects.filter(topic="stock/adjust").count() == 1


def test_a_memo_that_never_reached_xoro_waits_for_a_person_and_is_written_by_his_retry(
    books: Books, crash: Crash
) -> None:
    books.order()
    given = books.give(make_refund())
    crash.at(MEMO, is_lost=True)
    crash.recover()
    assert told(given) == ("failed", "unconfirmed_write"), said(given)
    assert memos(books) == {}
    outcomes.retry([given], by="ada")
    crash.drain()
    assert told(given) == ("succeeded", ""), said(given)
    assert memos(books) == {"88100450012": 58.3}


@pytest.mark.parametrize("skips", [0, 1], ids=["first", "second"])
def test_a_worker_that_slept_beyond_its_lease_changes_nothing(books: Books, crash: Crash, skips: int) -> None:
    given = books.give(split(books))
    with crash.asleep(MEMO, skips=skips):
        crash.recover()
        assert told(given) == ("succeeded", ""), said(given)
        before = DirectoryEntry.objects.get(kind="credit_memos").data
    assert DirectoryEntry.objects.get(kind="credit_memos").data == before
    assert len(memos(books)) == crash.posts(MEMO) == 2
    assert told(given) == ("succeeded", "") and in_ledger(books)


# --- a newer version


def newer(refund: Refund, **changes: object) -> Refund:
    return replace(refund, updated_at=REFUNDED_AT + timedelta(hours=1), **changes)  # type: ignore[arg-type]


def test_a_second_worker_leaves_a_refund_alone_that_another_one_is_writing(books: Books, crash: Crash) -> None:
    books.order()
    first = books.give(make_refund(), is_supersedable=True)
    with crash.busy(MEMO):
        second = books.give(newer(make_refund(), note="told again"), is_supersedable=True)
        crash.workers.start().wait()
        assert told(second)[0] == "queued"
    crash.drain()
    assert told(first) == ("succeeded", "") and told(second)[0] == "skipped", (said(first), said(second))
    assert crash.posts(MEMO) == len(memos(books)) == 1


def test_two_refunds_of_one_order_in_two_workers_credit_no_unit_twice(books: Books, crash: Crash) -> None:
    books.order()
    first, second = books.give(make_refund()), books.give(make_refund(id="88100450099", number="88100450099"))
    with crash.busy(MEMO):
        crash.workers.start().wait()
    crash.drain()
    assert told(first) == ("succeeded", ""), said(first)
    goods = [
        line for memo in books.memos() for line in memo["creditMemoItemLineArry"] if line["ItemNumber"] != "HUB-FEE"
    ]
    assert sum(line["Qty"] for line in goods) == 1, said(second)
    assert crash.posts(MEMO) == len(memos(books))


@pytest.mark.parametrize("is_other", [False, True], ids=["the same", "another sum"])
def test_the_newer_version_of_a_refund_whose_worker_died(
    books: Books, crash: Crash, moment: str, is_other: bool
) -> None:
    books.order()
    first = books.give(make_refund(), is_supersedable=True)
    crash.at(MEMO, moment)
    change = {"total": Decimal("50.00"), "payments": ()} if is_other else {"note": "told again"}
    second = books.give(newer(make_refund(), **change), is_supersedable=True)
    crash.recover()
    assert memos(books) == {"88100450012": 58.3} and crash.posts(MEMO) == 1
    if is_other:
        assert told(second)[0] == "failed", (said(first), said(second))
    else:
        assert told(second) == ("succeeded", ""), (said(first), said(second))
        assert in_ledger(books)


def test_a_newer_version_that_dies_over_the_memos_of_the_older_one_is_left_to_a_person(
    books: Books, crash: Crash, moment: str
) -> None:
    """What the second worker wrote as well was made of the older version."""
    refund = split(books)
    books.give(refund, is_supersedable=True)
    crash.at(MEMO, moment)
    second = books.give(newer(refund, total=Decimal("100.00")), is_supersedable=True)
    crash.workers.take_back()
    crash.at(MEMO, moment)
    crash.recover()
    assert round(sum(memos(books).values()), 2) == 153.69 and crash.posts(MEMO) == 2
    assert told(second)[0] == "failed", said(second)


def test_a_newer_version_whose_retry_writes_what_is_left_of_the_older_one_is_left_to_a_person(
    books: Books, crash: Crash
) -> None:
    """One memo is there, of the older version; the other never came, and is written to it."""
    refund = split(books)
    books.give(refund, is_supersedable=True)
    crash.at(MEMO, skips=1, is_lost=True)
    second = books.give(newer(refund, total=Decimal("100.00")), is_supersedable=True)
    crash.recover()
    assert told(second) == ("failed", "unconfirmed_write"), said(second)
    outcomes.retry([second], by="ada")
    crash.drain()
    assert round(sum(memos(books).values()), 2) == 153.69
    assert Event.objects.get(pk=second).reason_code == "change_not_applied", said(second)
    assert in_ledger(books)


# --- gift cards


def test_a_gift_card_is_credited_once(books: Books, crash: Crash, moment: str) -> None:
    given = books.give(make_card())
    crash.at(MEMO, moment)
    crash.recover()
    assert told(given) == ("succeeded", ""), said(given)
    assert memos(books) == {"600100203001": 40.0} and crash.posts(MEMO) == 1
    assert in_ledger(books, "gift_card")


def test_a_gift_card_that_got_another_value_meanwhile_is_told_of(books: Books, crash: Crash) -> None:
    books.give(make_card(), is_supersedable=True)
    crash.at(MEMO)
    second = books.give(make_card(initial_value=Decimal("50.00")), is_supersedable=True)
    crash.recover()
    assert memos(books) == {"600100203001": 40.0} and crash.posts(MEMO) == 1
    assert told(second)[0] == "failed", said(second)
