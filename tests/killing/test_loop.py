"""Workers die over returns of Loop: authorised once, processed or flagged once, their money booked once."""

from __future__ import annotations

from typing import Any

import pytest

from connectors import syncing
from events import outcomes
from events.models import Event
from tests.connectors.xoro.credit_cast import Books, make_refund
from tests.connectors.xoro.test_loop import ID, Stage, two_lines
from tests.killing.crash import UNANSWERED, UNREMEMBERED, Crash, said, told

pytestmark = pytest.mark.django_db(transaction=True)

RMA, MEMO = "rma/import", "creditmemo/import"
PROCESS, FLAG = f"return/{ID}/process", f"return/{ID}/flag"


@pytest.fixture
def stage(sandbox: Any, install: Any) -> Stage:
    return Stage(sandbox, install)


def ask(stage: Stage, number: str = ID) -> int:
    return syncing.start_single(stage.erp, "return", number, by="ada")


def newest() -> Event:
    return Event.objects.filter(topic="single:return").latest("id")


def receive(stage: Stage, crash: Crash, *lines: dict[str, Any]) -> None:
    """The return is authorised, its goods are there, and nobody has looked yet."""
    ask(stage)
    crash.drain()
    stage.receive(*lines)
    syncing.start_sync(stage.erp, "loop_receipts", by="ada")


def references(stage: Stage) -> list[str]:
    return sorted(memo["ThirdPartyRefNo"] for memo in stage.memos())


def test_a_return_is_authorised_once(stage: Stage, crash: Crash, moment: str) -> None:
    given = ask(stage)
    crash.at(RMA, moment)
    crash.recover()
    assert told(given) == ("succeeded", ""), said(given)
    [rma] = stage.books("rmas")
    assert crash.posts(RMA) == 1
    assert stage.memory().rma == rma["rmaHeader"]["RmaNumber"]
    assert stage.memory().asn == rma["rmaHeader"]["AsnNumber"]


def test_an_authorisation_that_never_reached_xoro_is_left_to_a_person_in_every_event(
    stage: Stage, crash: Crash
) -> None:
    given = ask(stage)
    crash.at(RMA, is_lost=True)
    crash.recover()
    assert told(given) == ("failed", "unconfirmed_write"), said(given)
    other = ask(stage)
    crash.drain()
    assert told(other) == ("failed", "unconfirmed_write"), said(other)
    outcomes.retry([given], by="ada")
    crash.drain()
    assert told(given) == ("succeeded", ""), said(given)
    assert len(stage.books("rmas")) == 1


def test_two_workers_with_two_events_of_one_return_authorise_it_once(stage: Stage, crash: Crash) -> None:
    first = ask(stage)
    with crash.busy(RMA):
        second = ask(stage, "#1985")
        crash.workers.start().wait()
    crash.drain()
    assert told(first)[0] == told(second)[0] == "succeeded", (said(first), said(second))
    assert len(stage.books("rmas")) == crash.posts(RMA) == 1


def test_a_worker_that_slept_while_its_return_went_on_takes_it_nowhere_back(stage: Stage, crash: Crash) -> None:
    stage.post("loop_config", is_queued=True)
    ask(stage)
    with crash.asleep(RMA):
        crash.recover()
        stage.receive()
        syncing.start_sync(stage.erp, "loop_receipts", by="ada")
        crash.drain()
        assert stage.memory().told == "process"
    assert stage.memory().told == "process"
    syncing.start_sync(stage.erp, "loop_receipts", by="ada")
    crash.drain()
    assert len(stage.books("rmas")) == crash.posts(RMA) == crash.posts(PROCESS) == 1


@pytest.mark.parametrize("is_queued", [False, True], ids=["at once", "later"])
def test_loop_is_asked_once_to_process_a_return(stage: Stage, crash: Crash, moment: str, is_queued: bool) -> None:
    stage.post("loop_config", is_queued=is_queued)
    receive(stage, crash)
    crash.at(PROCESS, moment)
    crash.recover()
    assert crash.posts(PROCESS) == 1
    if is_queued:
        assert told(newest().pk) == ("failed", "unconfirmed_write"), said(newest().pk)
        stage.post("loop_work")
        ask(stage)
        crash.drain()
    assert references(stage) == [f"881{ID}"], said(newest().pk)
    assert crash.posts(PROCESS) == 1


def test_loop_is_asked_once_though_the_dead_workers_event_was_replaced_by_a_newer_one(
    stage: Stage, crash: Crash, moment: str
) -> None:
    stage.post("loop_config", is_queued=True)
    receive(stage, crash)
    crash.at(PROCESS, moment)
    syncing.start_sync(stage.erp, "loop_returns", by="ada")
    crash.recover()
    assert crash.posts(PROCESS) == 1, [(one.topic, said(one.pk)) for one in Event.objects.order_by("id")]


def test_a_return_is_flagged_once(stage: Stage, crash: Crash, moment: str) -> None:
    stage.post("loop_return", **two_lines(id=9, refund="66.90"))
    ask(stage, "9")
    crash.drain()
    number = stage.memory("9").asn
    stage.post("receive_asn", asn_number=number, lines=[{"ItemNumber": "LMP-OAK-S", "QtyReceived": 1}])
    stage.post("close_asn", asn_number=number)
    syncing.start_sync(stage.erp, "loop_receipts", by="ada")
    crash.at("return/9/flag", moment)
    ask(stage, "9")
    crash.recover()
    assert crash.posts("return/9/flag") == 1
    assert crash.posts("return/9/process") == 0


@pytest.mark.parametrize(("skips", "moment"), [(0, UNREMEMBERED), (1, UNANSWERED), (2, UNREMEMBERED)])
def test_the_memos_of_a_return_are_booked_once_each(stage: Stage, crash: Crash, moment: str, skips: int) -> None:
    stage.post(
        "loop_return",
        **two_lines(
            id=8, refund="20.00", gift_card="15.00", exchange_credit_total="10.00", exchange_order_name="#1990"
        ),
    )
    ask(stage, "8")
    crash.drain()
    stage.post("loop_state", id="8", state="closed")
    given = ask(stage, "8")
    crash.at(MEMO, moment, skips=skips)
    ask(stage, "8")
    crash.recover()
    assert len(stage.memos()) == crash.posts(MEMO) == 3, said(given)
    assert sorted(memo["TotalAmount"] for memo in stage.memos()) == [10.0, 15.0, 20.0]
    assert sorted(stage.memory("8").memos) == sorted(memo["CreditMemoNumber"] for memo in stage.memos())


def test_goods_whose_authorisation_nobody_knows_of_are_not_credited_by_the_shops_refund(
    books: Books, crash: Crash, moment: str
) -> None:
    given = syncing.start_single(books.erp, "return", ID, by="ada")
    crash.at(RMA, moment)
    order = {"order_id": "6120045511985", "order_number": "1985", "order_name": "#1985"}
    refund = books.give(make_refund(**order))
    crash.recover()
    assert told(given) == ("succeeded", "") and told(refund) == ("succeeded", ""), (said(given), said(refund))
    assert len(books.books("rmas")) == crash.posts(RMA) == 1
    goods = [
        one for memo in books.memos() for one in memo["creditMemoItemLineArry"] if one["ItemNumber"] == "LMP-OAK-S"
    ]
    assert goods == [], said(refund)
    header, _ = books.memo()
    assert header["TotalAmount"] == 58.3
