"""Returns of Loop: authorised in Xoro, processed or flagged in Loop once received, their money booked once it is closed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import responses
from django.core.exceptions import ValidationError

from connectors import budgets, directory, known, periods, syncing
from connectors.budgets import BudgetSpent
from connectors.checking import check_connector
from connectors.exceptions import PayloadError
from connectors.http import HttpClient
from connectors.models import Connector, Link, Route
from connectors.schema import load
from connectors.xoro.calls import rmas as calls
from connectors.xoro.loop import cards as loop_cards
from connectors.xoro.loop import memory as remembering
from connectors.xoro.loop import twins, walks
from connectors.xoro.loop.client import LoopClient
from connectors.xoro.loop.memory import Memory
from connectors.xoro.sandbox.loop import TOKEN
from events import outcomes
from events.drain import Drainer
from events.models import Event, Kind, Outcome, Reason, RelatedRequest
from events.record import New, record
from tests.connectors.xoro.cast import PlainHttp, make_settings
from tests.connectors.xoro.credit_cast import make_card

pytestmark = pytest.mark.django_db(transaction=True)

ID, ORDER = "37603922", "#1985"
RMA, GET_RMA, ASN = "/api/xerp/rma/import", "/api/xerp/rma/getrma", "/api/xerp/asn/getasn"
MEMO = "/api/xerp/creditmemo/import"
PROCESS, FLAG = f"/loop/api/v1/warehouse/return/{ID}/process", f"/loop/api/v1/warehouse/return/{ID}/flag"
DETAILS = "/loop/api/v1/warehouse/return/details"


class Stage:
    """One tenant with its Loop."""

    def __init__(self, sandbox: Any, install: Callable[..., Connector]) -> None:
        self.sandbox = sandbox
        self.erp = install("xoro", name="Xoro", adjust_sku="HUB-FEE", gift_card_sku="GIFT-CARD")

    def set(self, **settings: Any) -> None:
        loaded = self.erp.load_settings()
        secrets = {name: getattr(loaded, name) for name in ("api_key", "api_secret", "return_token")}
        self.erp.put_settings({**self.erp.settings, **secrets, **settings})
        self.erp.save()
        known.forget()

    def bring(self, number: str = ID) -> Event:
        return self.run(syncing.start_single(self.erp, "return", number, by="ada"))

    def days(self, first: date, last: date, **more: Any) -> Event:
        return self.run(syncing.start_period(self.erp, "loop_returns", first, last, by="ada", **more))

    def sync(self, name: str = "loop_returns") -> Event:
        return self.run(syncing.start_sync(self.erp, name, by="ada"))

    def run(self, event_id: int) -> Event:
        """The next attempt at once, however long the event was to wait, and what came of it."""
        Event.objects.filter(pk=event_id, outcome=Outcome.WAITING).update(outcome=Outcome.QUEUED, due_at=None)
        Drainer(0).run()
        return Event.objects.get(pk=event_id)

    def spawned(self) -> Event:
        return Event.objects.filter(topic="single:return").latest("id")

    def post(self, call: str, **given: Any) -> dict[str, Any]:
        return self.sandbox.post(f"/xoro/_sandbox/{call}", given)

    def fault(self, kind: str, match: str, **more: Any) -> None:
        self.post("fault", kind=kind, match=match, **more)

    def books(self, name: str) -> list[dict[str, Any]]:
        return self.sandbox.get("/xoro/_sandbox/books")[name]

    def calls(self, path: str) -> int:
        return len([one for one in self.sandbox.log("xoro") if one["path"] == path])

    def memory(self, return_id: str = ID) -> Memory:
        return remembering.recall(SimpleNamespace(connector=self.erp), return_id)  # type: ignore[arg-type]

    def receive(self, *lines: dict[str, Any]) -> None:
        """The warehouse receives what came, all of it where nothing is said, and closes the ASN."""
        number = self.memory().asn
        self.post("receive_asn", asn_number=number, lines=list(lines))
        self.post("close_asn", asn_number=number)

    def on_hand(self, sku: str) -> float:
        """Units of all stores."""
        address = f"{self.sandbox.url}/xoro/api/xerp/inventory/getinventorybyitem"
        answer = requests.get(
            address, params={"item_number": sku}, auth=("sandbox-key", "sandbox-secret"), timeout=10
        ).json()
        return sum(row["OnHandQty"] for row in answer["Data"])

    def memos(self) -> list[dict[str, Any]]:
        return [one["creditMemoHeader"] for one in self.books("credit_memos")]


SAMPLES = Path(__file__).parents[3] / "connectors" / "xoro" / "samples"
MOMENTS = ("TxnDate", "CreateDttm", "ModifyDttm", "created_at", "updated_at")


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return found


def timeless(node: Any) -> Any:
    if isinstance(node, list):
        return [timeless(one) for one in node]
    if isinstance(node, dict):
        return {name: "" if name in MOMENTS else timeless(value) for name, value in node.items()}
    return node


@pytest.fixture
def stage(sandbox, install) -> Stage:
    return Stage(sandbox, install)


def two_lines(**more: Any) -> dict[str, Any]:
    lines = [{"sku": "LMP-OAK-S", "price": "55.00"}, {"sku": "MUG-BLU-350", "price": "11.90"}]
    return {"order_id": "6120045511985", "order_name": ORDER, "lines": lines, **more}


def test_a_return_becomes_an_authorisation_with_its_asn(stage):
    event = stage.bring()
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert event.sentence == (
        "Return 37603922 of order #1985 is authorised in Xoro as EAST-R000001; its goods are expected by ASN EAST-A000001."
    )
    [rma] = stage.books("rmas")
    header, lines = rma["rmaHeader"], rma["rmaItemLineArr"]
    assert (header["ThirdPartyRefNo"], header["ThirdPartySource"]) == (ID, "https://lumen-goods.example-Demo")
    assert (header["RefNo"], header["SoNumber"], header["CustomerName"]) == ("1985", "MAIN-S000001", "Ada Brook")
    assert [(one["ItemNumber"], one["Qty"], one["ReturnNotes"]) for one in lines] == [("LMP-OAK-S", 1, "Too small")]
    assert stage.books("asns")[0]["AsnHeaderData"]["StatusName"] == "Open"
    assert stage.memory().stage == remembering.EXPECTED


@pytest.mark.parametrize(
    "number",
    [ORDER, "1985", "https://admin.loopreturns.com/returns/37603922", "https://x.loopreturns.com/a/37603922/?tab=1"],
)
def test_a_return_is_found_by_its_address_or_the_number_of_its_order(stage, number):
    event = stage.bring(number)
    assert event.outcome == Outcome.SUCCEEDED and event.object_id == ID, event.sentence


def test_a_return_loop_does_not_have_says_so(stage):
    event = stage.bring("4711")
    assert (event.outcome, event.reason_code) == (Outcome.SKIPPED, "not_found")
    assert "Loop has no return “4711”" in event.sentence


def test_the_way_of_a_refund_from_the_request_to_the_credit_memo(stage):
    assert stage.sync().sentence.startswith("1 return is new or changed in Loop")
    assert stage.sync("loop_receipts").sentence == "0 of 1 returns on their way were received."
    stage.receive()
    assert stage.sync("loop_receipts").sentence == "1 of 1 returns on their way were received."
    assert "received in full (EAST-R000001); Loop processes it" in stage.spawned().sentence
    assert stage.calls(PROCESS) == 1 and stage.calls(FLAG) == 0
    assert stage.memos() == []
    assert stage.sync().sentence.startswith("1 return is new or changed in Loop")
    assert (
        stage.spawned().sentence
        == "Return 37603922 of order #1985 is closed in Loop; its money is in Xoro as MAIN-C000001."
    )
    [memo] = stage.memos()
    assert (memo["ThirdPartyRefNo"], memo["ThirdPartyTotalRefundAmount"]) == (f"881{ID}", 58.3)
    assert memo["InvoiceNumber"] == stage.books("invoices")[0]["invoiceHeader"]["InvoiceNumber"]
    assert stage.sync().sentence.startswith("0 returns are new")
    again = stage.bring()
    assert (again.outcome, again.reason) == (Outcome.SKIPPED, Reason.UNCHANGED)
    assert stage.calls(RMA) == stage.calls(PROCESS) == stage.calls(MEMO) == 1


def test_a_long_list_of_closed_asns_is_read_a_few_pages_a_minute(stage):
    for _ in range(11):
        lines = [{"ItemNumber": "MUG-BLU-350", "Qty": 1}]
        number = stage.post("asn", store="EAST WAREHOUSE", lines=lines)["AsnHeaderData"]["AsnNumber"]
        stage.post("close_asn", asn_number=number)
    stage.bring()
    stage.receive()
    stage.post("config", page_size=2)
    assert stage.sync("loop_receipts").sentence == "0 of 1 returns on their way were received."
    assert stage.calls(ASN) == 5
    assert stage.sync("loop_receipts").sentence == "1 of 1 returns on their way were received."


def test_the_goods_come_into_stock_once(stage):
    stage.bring()
    before = stage.on_hand("LMP-OAK-S")
    stage.receive()
    stage.sync("loop_receipts")
    assert "its money is in Xoro" in stage.bring().sentence
    assert stage.on_hand("LMP-OAK-S") == before + 1
    assert len(stage.books("asns")) == 1


def test_a_return_that_went_on_while_the_receipts_were_read_is_not_taken_back(stage, monkeypatch):
    stage.bring()
    stage.receive()
    read = calls.closed_asns

    def meanwhile(*given: Any) -> Any:
        rows = read(*given)
        if not rows:
            return rows
        done = replace(stage.memory(), stage=remembering.DONE, memos=("HAND-C1",))
        remembering.keep(SimpleNamespace(connector=stage.erp), done)  # type: ignore[arg-type]
        return rows

    monkeypatch.setattr(calls, "closed_asns", meanwhile)
    stage.sync("loop_receipts")
    assert (stage.memory().stage, stage.memory().memos) == (remembering.DONE, ("HAND-C1",))


def test_a_return_that_another_worker_authorises_while_the_list_is_read_is_not_taken_back(stage, monkeypatch):
    ask = walks.ask_for

    def meanwhile(run: Any, return_id: str, label: str) -> None:
        if return_id == ID:
            remembering.keep(run, replace(remembering.recall(run, ID), stage=remembering.EXPECTED, rma="HAND-R1"))
        else:
            ask(run, return_id, label)

    remembering.keep(SimpleNamespace(connector=stage.erp), Memory(id=ID, version="open before"))  # type: ignore[arg-type]
    monkeypatch.setattr(walks, "ask_for", meanwhile)
    stage.sync()
    assert (stage.memory().stage, stage.memory().rma) == (remembering.EXPECTED, "HAND-R1")
    assert stage.memory().version != "open before"


def test_what_did_not_come_in_full_is_flagged_and_left_to_a_person(stage):
    made = stage.post("loop_return", **two_lines())["id"]
    stage.bring(made)
    asn = stage.memory(made).asn
    stage.post("receive_asn", asn_number=asn, lines=[{"ItemNumber": "LMP-OAK-S", "QtyReceived": 1}])
    stage.post("close_asn", asn_number=asn)
    stage.sync("loop_receipts")
    event = stage.spawned()
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "not_in_full")
    assert "was not received in full (0 of 1 MUG-BLU-350); it is flagged in Loop" in event.sentence
    assert f"Decide on return {made} in Loop" in event.next_step
    assert stage.calls(f"/loop/api/v1/warehouse/return/{made}/flag") == 1
    assert stage.calls(f"/loop/api/v1/warehouse/return/{made}/process") == 0
    stage.sync("failed")
    event.refresh_from_db()
    assert event.outcome == Outcome.FAILED, "no batch decides it"
    assert outcomes.resolve([event.pk], by="sam", note="asked the buyer") == 1
    assert "waits for a decision in Loop" in stage.bring(made).sentence
    assert stage.calls(f"/loop/api/v1/warehouse/return/{made}/flag") == 1


def test_a_credit_becomes_the_memo_of_a_gift_card(stage):
    made = stage.post("loop_return", **two_lines(gift_card="66.90"))["id"]
    stage.post("loop_state", id=made, state="closed")
    event = stage.bring(made)
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    [memo] = stage.memos()
    assert (memo["ThirdPartyRefNo"], memo["ThirdPartyTotalRefundAmount"]) == (f"loop-{made}-credit", 66.9)
    assert memo["ExchangedGiftCardItem"] == "GIFT-CARD"


def test_an_exchange_becomes_a_memo_to_be_applied_to_the_new_order(stage):
    made = stage.post("loop_return", **two_lines(exchange_credit_total="66.90", exchange_order_name="#2301"))["id"]
    stage.post("loop_state", id=made, state="closed")
    event = stage.bring(made)
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    [memo] = stage.memos()
    assert memo["ThirdPartyRefNo"] == f"loop-{made}-exchange" and "apply to order #2301" in memo["ThirdPartyNotes"]
    assert [one["code"] for one in event.notes if one["code"] == "apply_credit"] == ["apply_credit"]


def test_a_return_of_several_outcomes_has_a_memo_for_each(stage):
    made = stage.post("loop_return", **two_lines(refund="11.90", exchange_credit_total="55.00"))["id"]
    stage.post("loop_state", id=made, state="closed")
    stage.bring(made)
    assert {memo["ThirdPartyRefNo"]: memo["ThirdPartyTotalRefundAmount"] for memo in stage.memos()} == {
        f"881{made}": 11.9,
        f"loop-{made}-exchange": 55,
    }


def test_a_return_whose_order_is_not_in_xoro_waits_for_it(stage):
    made = stage.post("loop_return", **two_lines(order_id="777", order_name="#777"))["id"]
    event = stage.bring(made)
    assert (event.outcome, event.reason) == (Outcome.WAITING, Reason.DEPENDENCY)
    assert "the order is not in Xoro" in event.sentence and stage.books("rmas") == []


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"return_source": "", "sync_third_party_returns": False}, "return_source"),
        ({"return_source": "ReturnLogic", "sync_third_party_returns": False}, "return_source"),
        ({"sync_third_party_returns": False}, "sync_third_party_returns"),
    ],
)
def test_where_it_is_switched_off_nothing_is_asked(stage, settings, code):
    stage.set(**settings)
    for event in (stage.bring(), stage.sync(), stage.sync("loop_receipts")):
        assert (event.outcome, event.reason, event.reason_code) == (Outcome.SKIPPED, Reason.FILTERED, code)
    assert stage.sandbox.log("xoro") == []


def test_a_return_from_before_the_integration_is_left_out_unless_somebody_wants_it(stage):
    stage.set(import_start_date=(datetime.now(UTC) + timedelta(days=1)).date().isoformat())
    event = stage.bring()
    assert (event.outcome, event.reason_code) == (Outcome.SKIPPED, "before_start")
    forced = stage.run(syncing.start_single(stage.erp, "return", ID, by="ada", is_forced=True))
    assert forced.outcome == Outcome.SUCCEEDED, forced.sentence


def test_returns_are_brought_in_by_days_whether_they_are_known_or_not(stage):
    stage.bring()
    today = datetime.now(UTC).date()
    event = stage.days(today - timedelta(days=200), today)
    assert event.sentence.startswith("1 return was made in Loop from "), event.sentence
    assert stage.spawned().sentence.startswith("Return 37603922 of order #1985 is authorised")
    assert stage.calls(RMA) == 1
    assert stage.days(today - timedelta(days=300), today - timedelta(days=200)).sentence.startswith("0 returns were")


def test_days_bring_old_returns_in_only_where_somebody_says_so(stage):
    today = datetime.now(UTC).date()
    stage.set(import_start_date=(today + timedelta(days=1)).isoformat())
    stage.days(today - timedelta(days=200), today)
    assert (stage.spawned().reason_code, stage.calls(RMA)) == ("before_start", 0)
    stage.days(today - timedelta(days=200), today, is_forced=True)
    assert (stage.spawned().outcome, stage.spawned().forced_by, stage.calls(RMA)) == (Outcome.SUCCEEDED, "ada", 1)


def test_the_page_offers_returns_of_loop_without_a_route_where_they_are_read(stage):
    [way] = [one for one in periods.ways(stage.erp) if one.kind == "return"]
    assert (way.many, way.single, way.period, way.targets) == ("Loop returns", "return", "loop_returns", ())
    stage.set(sync_third_party_returns=False)
    assert [one for one in periods.ways(stage.erp) if one.kind == "return"] == []


def test_a_long_list_is_walked_to_its_end(stage):
    for _ in range(230):
        stage.post("loop_return", **two_lines(state="cancelled"))
    event = stage.sync()
    assert event.sentence.startswith("231 returns are new or changed"), event.sentence
    assert stage.sync().sentence.startswith("0 returns are new")


def test_a_cancelled_return_is_skipped_and_one_that_was_authorised_asks_for_a_void(stage):
    made = stage.post("loop_return", **two_lines(state="cancelled"))["id"]
    event = stage.bring(made)
    assert (event.outcome, event.reason_code) == (Outcome.SKIPPED, "ended")
    stage.bring()
    stage.post("loop_state", id=ID, state="cancelled")
    stage.sync()
    event = Event.objects.get(topic="single:return", object_id=ID, parent_id__isnull=False)
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "ended_after_rma")
    assert "Void RMA EAST-R000001 and close ASN EAST-A000001" in event.next_step
    stage.sync("failed")
    event.refresh_from_db()
    assert event.outcome == Outcome.FAILED, "no batch voids it"
    assert stage.bring().outcome == Outcome.SKIPPED


def test_a_lost_answer_makes_no_second_authorisation(stage):
    stage.fault("lost_answer", RMA)
    event = stage.bring()
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert stage.calls(RMA) == len(stage.books("rmas")) == 1


def test_an_authorisation_nobody_can_look_up_is_left_to_a_person_in_every_later_event(stage):
    stage.fault("http500_always", RMA)
    event = stage.bring()
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.UNCONFIRMED_WRITE), event.sentence
    later = stage.bring()
    assert later.reason == Reason.UNCONFIRMED_WRITE and stage.calls(RMA) == 1
    stage.sandbox.post("/xoro/_sandbox/reset")
    outcomes.retry([later.pk], by="sam")
    later = stage.run(later.pk)
    assert later.outcome == Outcome.SUCCEEDED, later.sentence


def test_an_authorisation_that_a_person_saw_to_is_not_asked_about_again_and_its_money_is_booked(stage):
    stage.fault("http500_always", RMA)
    event = stage.bring()
    outcomes.resolve([event.pk], by="sam", note="Entered by hand.")
    stage.post("clear_faults")
    later = stage.bring()
    assert later.outcome == Outcome.SUCCEEDED, later.sentence
    assert "left to a person" in later.sentence and f"by sam (event {event.pk})" in str(later.notes)
    stage.post("loop_state", id=ID, state="closed")
    closed = stage.bring()
    assert closed.outcome == Outcome.SUCCEEDED, closed.sentence
    assert [memo["ThirdPartyRefNo"] for memo in stage.memos()] == [f"881{ID}"]
    assert stage.calls(RMA) == 1 and stage.books("rmas") == []


def test_a_return_that_ended_while_its_authorisation_is_in_doubt_is_left_to_a_person_and_frees_its_goods(stage):
    stage.fault("http500_always", RMA)
    stage.bring()
    stage.post("loop_state", id=ID, state="cancelled")
    event = stage.bring()
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "ended_in_doubt"), event.sentence
    run = SimpleNamespace(connector=stage.erp)
    assert twins.authorised(run, ORDER, {"LMP-OAK-S"}) == []  # type: ignore[arg-type]
    assert stage.bring().outcome == Outcome.SKIPPED


def test_an_authorisation_that_shows_after_it_was_marked_resolved_is_taken_over(stage):
    stage.fault("lost_answer", RMA)
    stage.fault("throttle", GET_RMA, times=99)
    event = stage.bring()
    Event.objects.filter(pk=event.pk).update(outcome=Outcome.FAILED, reason=Reason.UNCONFIRMED_WRITE)
    Event.objects.filter(pk=event.pk).update(reason_code=remembering.RMA_IN_DOUBT)
    outcomes.resolve([event.pk], by="sam", note="It is there.")
    stage.post("clear_faults")
    later = stage.bring()
    assert later.outcome == Outcome.SUCCEEDED and stage.memory().rma, later.sentence
    assert stage.calls(RMA) == 1


def test_an_authorisation_another_system_made_is_adopted(stage):
    stage.bring()
    remembering.keep(SimpleNamespace(connector=stage.erp), Memory(id=ID))  # type: ignore[arg-type]
    event = stage.bring()
    assert event.outcome == Outcome.SUCCEEDED and stage.calls(RMA) == 1
    assert stage.memory().rma == "EAST-R000001"


def test_loop_is_not_asked_twice_to_process_after_a_lost_answer(stage):
    stage.bring()
    stage.receive()
    stage.fault("lost_answer", PROCESS)
    stage.sync("loop_receipts")
    event = stage.spawned()
    assert event.outcome == Outcome.WAITING, event.sentence
    event = stage.run(event.pk)
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    stage.run(stage.spawned().pk)
    assert stage.calls(PROCESS) == 1
    assert [memo["ThirdPartyRefNo"] for memo in stage.memos()] == [f"881{ID}"]


def test_a_process_that_loop_only_queued_is_not_sent_again(stage):
    stage.post("loop_config", is_queued=True)
    stage.bring()
    stage.receive()
    stage.sync("loop_receipts")
    assert "Loop processes it" in stage.bring().sentence
    assert stage.calls(PROCESS) == 1 and stage.memos() == []
    stage.post("loop_work")
    stage.sync()
    assert len(stage.memos()) == 1


def test_a_lost_answer_of_a_queued_process_or_of_a_flag_is_left_to_a_person(stage):
    stage.post("loop_config", is_queued=True)
    stage.bring()
    stage.receive()
    stage.fault("lost_answer", PROCESS)
    stage.sync("loop_receipts")
    event = stage.run(stage.spawned().pk)
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.UNCONFIRMED_WRITE), event.sentence
    assert "is open" in event.sentence and "If it is closed" in event.next_step
    assert stage.calls(PROCESS) == 1


def test_what_loop_was_asked_is_known_to_every_later_event_until_a_person_says_otherwise(stage):
    stage.post("loop_config", is_queued=True)
    stage.bring()
    stage.receive()
    stage.fault("lost_answer", PROCESS)
    stage.sync("loop_receipts")
    event = stage.bring()
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.UNCONFIRMED_WRITE), event.sentence
    assert stage.calls(PROCESS) == 1
    outcomes.retry([event.pk], by="sam")
    event = stage.run(event.pk)
    assert event.outcome == Outcome.SUCCEEDED and stage.calls(PROCESS) == 2, event.sentence


def test_what_a_person_saw_that_loop_was_asked_is_not_asked_about_again(stage):
    stage.post("loop_config", is_queued=True)
    stage.bring()
    stage.receive()
    stage.fault("lost_answer", PROCESS)
    stage.sync("loop_receipts")
    event = stage.run(stage.spawned().pk)
    assert event.reason == Reason.UNCONFIRMED_WRITE, event.sentence
    assert stage.bring().reason == Reason.UNCONFIRMED_WRITE  # nobody has looked yet
    outcomes.resolve(list(Event.objects.filter(outcome=Outcome.FAILED).values_list("pk", flat=True)), by="sam", note="")
    later = stage.bring()
    assert later.outcome == Outcome.SUCCEEDED and "Loop processes it" in later.sentence, later.sentence
    assert stage.memory().told == "process" and stage.calls(PROCESS) == 1


def test_a_process_that_was_declined_for_now_is_asked_again(stage):
    stage.bring()
    stage.receive()
    stage.fault("http429", PROCESS)
    stage.sync("loop_receipts")
    budgets.resume(stage.erp.pk)
    event = stage.bring()
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert stage.calls(PROCESS) == 2 and stage.memory().told == "process"


def test_a_write_that_waits_for_its_turn_is_not_in_doubt(stage, monkeypatch):
    """The rate budget is asked after the hub has written down what it is about to send."""

    def spent(self: Any) -> float:
        if remembering.recall(SimpleNamespace(connector=stage.erp), ID).stage == remembering.SENDING:  # type: ignore[arg-type]
            raise BudgetSpent("Later.", retry_after_s=5, closes_lane=True)
        return 0.0

    with monkeypatch.context() as patched:
        patched.setattr(HttpClient, "_take_turn", spent)
        event = stage.bring()
    assert (event.outcome, event.reason, stage.calls(RMA)) == (Outcome.WAITING, Reason.RATE_BUDGET, 0), event.sentence
    budgets.resume(stage.erp.pk)
    event = stage.bring()
    assert event.outcome == Outcome.SUCCEEDED and stage.calls(RMA) == 1, event.sentence


def test_a_memo_in_doubt_is_so_for_every_later_event(stage):
    stage.post("loop_state", id=ID, state="closed")
    stage.fault("http500_once", MEMO)
    event = stage.bring()
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.UNCONFIRMED_WRITE), event.sentence
    later = stage.bring()
    assert (later.outcome, later.reason) == (Outcome.FAILED, Reason.UNCONFIRMED_WRITE), later.sentence
    assert stage.calls(MEMO) == 1
    outcomes.retry([later.pk], by="sam")
    later = stage.run(later.pk)
    assert later.outcome == Outcome.SUCCEEDED and len(stage.memos()) == 1, later.sentence


def test_a_search_that_fails_leaves_no_memo_in_doubt(stage):
    stage.post("loop_state", id=ID, state="closed")
    stage.fault("http500_always", "/api/xerp/creditmemo/getcreditmemo")
    assert stage.bring().outcome == Outcome.WAITING
    stage.post("clear_faults")
    event = stage.bring()
    assert event.outcome == Outcome.SUCCEEDED and len(stage.memos()) == 1, event.sentence


def test_a_return_that_was_processed_by_hand_meanwhile_is_not_processed_again(stage):
    stage.bring()
    stage.receive()
    stage.post("loop_state", id=ID, state="closed")
    stage.sync("loop_receipts")
    assert stage.spawned().outcome == Outcome.SUCCEEDED
    assert stage.calls(PROCESS) == 0 and len(stage.memos()) == 1


def test_a_lost_memo_is_looked_for_and_not_written_again(stage):
    stage.post("loop_state", id=ID, state="closed")
    stage.fault("lost_answer", MEMO)
    event = stage.bring()
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert stage.calls(MEMO) == len(stage.memos()) == 1


def test_a_token_that_loop_does_not_take_says_where_to_make_one(stage):
    stage.set(return_token="wrong")
    event = stage.bring()
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.UNAUTHORISED)
    assert "scope Returns in Loop" in event.next_step
    failed = [line for line in check_connector(stage.erp, by="ada").lines if line.result == "failed"]
    assert [line.name for line in failed] == ["loop"]


def test_the_token_is_written_down_nowhere(stage):
    stage.bring()
    for one in RelatedRequest.objects.all():
        assert TOKEN not in f"{one.request_headers} {one.endpoint} {one.error}"
    assert any("/loop/" in one.endpoint for one in RelatedRequest.objects.all())


def test_a_tenant_without_the_route_makes_it_a_task_for_a_person(stage):
    stage.post("config", routes_disabled=["rma/import"])
    event = stage.bring()
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "manual_task")
    assert "1 LMP-OAK-S" in event.sentence and "Make the RMA" in event.next_step
    stage.post("config", routes_disabled=[])
    outcomes.retry([event.pk], by="sam")
    assert stage.run(event.pk).outcome == Outcome.SUCCEEDED


def test_an_unknown_item_names_it(stage):
    made = stage.post("loop_return", **two_lines(lines=[{"sku": "NOPE", "price": "1.00"}]))["id"]
    event = stage.bring(made)
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.REFUSED)
    assert "Item not found: NOPE" in event.sentence


def test_a_line_without_sku_takes_the_return_sku_or_asks_for_one(stage):
    stage.set(return_sku="")
    made = stage.post("loop_return", **two_lines(lines=[{"sku": "", "title": "Gift wrap", "price": "1.00"}]))["id"]
    event = stage.bring(made)
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "return_sku") and "Gift wrap" in event.sentence
    stage.set(return_sku="HUB-DEFAULT")
    assert stage.bring(made).outcome == Outcome.SUCCEEDED
    assert stage.books("rmas")[0]["rmaItemLineArr"][0]["ItemNumber"] == "HUB-DEFAULT"


def test_other_paths_of_loop_are_a_setting(stage):
    stage.set(loop_routes={"details": "GET v9/details"})
    event = stage.bring()
    assert stage.sandbox.log("xoro")[0]["path"] == "/loop/api/v1/v9/details"
    assert event.outcome == Outcome.SKIPPED


def test_the_documents_in_the_samples_are_what_is_sent_and_answered(stage):
    """But for the moments, which are the sandbox's own."""
    stage.bring()
    log = stage.sandbox.log("xoro")
    sent = next(one for one in log if one["path"] == RMA)
    assert timeless(json.loads(sent["body"])) == timeless(sample("rma_import_request"))
    assert timeless(stage.books("rmas")[0]) == timeless(sample("rma_import_response")["Data"])
    [listed] = sample("rma_getrma_response")["Data"]
    assert timeless(stage.books("rmas")[0]) == timeless(listed)
    [shown] = [one["shown"] for one in stage.books("loop_returns")]
    assert timeless(shown) == timeless(sample("loop_return_details_response"))
    assert set(sample("loop_return_list_response")["returns"][0]) == set(shown)


def test_without_goods_on_their_way_no_asn_is_asked_for(stage):
    assert stage.sync("loop_receipts").sentence == "No goods of Loop's returns are on their way."
    assert stage.sandbox.log("xoro") == []


# --- what the shop tells of as well is booked once


def route(stage, kind: str) -> None:
    shop = Connector.objects.filter(provider_slug="shopify").first()
    Route.objects.create(source=shop, target=stage.erp, record_kind=kind, options={})


@pytest.fixture
def shop(install) -> Connector:
    return install("shopify", name="Lumen Goods")


def test_a_gift_card_of_loop_is_left_to_the_shops_gift_cards_where_those_come_here(stage, shop):
    stage.set(gift_cards_enabled=True)
    route(stage, "gift_card")
    made = stage.post("loop_return", **two_lines(gift_card="66.90"))["id"]
    stage.post("loop_state", id=made, state="closed")
    event = stage.bring(made)
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert stage.memos() == []
    assert "its money comes by the shop's own refund or gift card" in event.sentence
    assert "gift_card_by_shop" in [one["code"] for one in event.notes]


class Cards:
    """The shop's cards that come here only after a credit memo was made of what Loop gave."""

    def __init__(self, stage: Stage, **wish: Any) -> None:
        self.stage = stage
        self.given = stage.post("loop_return", **two_lines(gift_card="66.90", **wish))["id"]
        stage.post("loop_state", id=self.given, state="closed")
        assert stage.bring(self.given).outcome == Outcome.SUCCEEDED
        [self.memo] = [one["CreditMemoNumber"] for one in stage.memos()]
        stage.set(gift_cards_enabled=True)
        route(stage, "gift_card")

    def push(self, number: str, **changes: Any) -> Event:
        card = make_card(
            id=number, last_characters=number[-4:], source="lumen-goods.example",
            **{"initial_value": Decimal("66.90"), "balance": Decimal("66.90"), "created_at": datetime.now(UTC), **changes},
        )  # fmt: skip
        route_id = Route.objects.get(target=self.stage.erp, record_kind="gift_card").pk
        made = record(
            New(
                kind=Kind.DELIVERY, topic="gift_card/deliver", connector_id=self.stage.erp.pk, connector_name="Xoro",
                provider="xoro", object_type="gift_card", object_id=number, object_label=number, route_id=route_id,
                payload=card.to_json(), lock_key=f"gift_card:{number}", max_attempts=8,
            )
        )  # fmt: skip
        return self.stage.run(made.event_id)

    def numbers(self) -> list[str]:
        return [one["CreditMemoNumber"] for one in self.stage.memos()]


def test_a_card_of_loop_that_was_booked_is_known_as_its_memo_when_the_shops_cards_come_here(stage, shop):
    cards = Cards(stage)
    event = cards.push("600100203001")
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert (
        f"is the one that return {cards.given} of Loop gave: its credit is in Xoro as credit memo {cards.memo}"
        in event.sentence
    )
    link = Link.objects.get(record_kind="gift_card", source_object_id="600100203001")
    assert (link.target_number, cards.numbers()) == (cards.memo, [cards.memo])
    again = cards.push("600100203001", balance=Decimal("10.00"))
    assert (again.outcome, again.reason) == (Outcome.SKIPPED, Reason.UNCHANGED), again.sentence


def test_one_memo_stands_for_one_card_also_where_the_ledger_was_lost(stage, shop):
    cards = Cards(stage)
    cards.push("600100203001")
    Link.objects.all().delete()
    assert cards.push("600100203001").outcome == Outcome.SUCCEEDED
    assert cards.numbers() == [cards.memo], "the same card is the same memo"
    other = cards.push("600100203002")
    assert other.outcome == Outcome.SUCCEEDED, other.sentence
    assert len(cards.numbers()) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"initial_value": Decimal("66.91")},
        {"created_at": datetime.now(UTC) - timedelta(days=9)},
        {"order_id": "6120045512001", "order_name": "#2041"},
        {"created_at": None},
    ],
    ids=["another value", "made before the return", "sold on an order", "made nobody knows when"],
)
def test_a_card_that_is_not_loops_is_a_memo_of_its_own(stage, shop, changes):
    cards = Cards(stage)
    event = cards.push("600100203001", **changes)
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert len(cards.numbers()) == 2


def test_where_loop_names_the_order_of_its_card_that_alone_decides(stage, shop):
    cards = Cards(stage, gift_card_order_name="#2077")
    assert cards.push("600100203001").outcome == Outcome.SUCCEEDED
    assert len(cards.numbers()) == 2, "of the same value and day, and not Loop's"
    event = cards.push("600100203002", order_id="6120045512077", order_name="#2077")
    assert f"return {cards.given} of Loop" in event.sentence
    assert len(cards.numbers()) == 2


def test_a_card_that_was_booked_with_the_shops_is_not_booked_with_its_return_once_those_come_no_more(stage, shop):
    cards = Cards(stage)
    cards.push("600100203001")
    cards.push("600100203002")  # of a return that Loop has not told of yet
    stage.set(gift_cards_enabled=False)
    for _ in range(2):
        made = stage.post("loop_return", **two_lines(gift_card="66.90"))["id"]
        stage.post("loop_state", id=made, state="closed")
        event = stage.bring(made)
        assert event.outcome == Outcome.SUCCEEDED, event.sentence
    numbers = cards.numbers()
    assert len(numbers) == 3, "the second of the two returns gave another card"
    first = Event.objects.filter(topic="single:return").order_by("id")[1]
    [note] = [one["text"] for one in first.notes if one["code"] == "gift_card_booked"]
    assert note == f"Its gift card of 66.90 USD is in Xoro as {numbers[1]}."


def test_a_card_whose_order_loop_names_by_its_id_alone_is_not_booked_with_its_return_either(stage, shop):
    cards = Cards(stage)
    cards.push("600100203001")
    cards.push("600100203002", order_id="6120045512077", order_name="#2077")
    stage.set(gift_cards_enabled=False)
    made = stage.post("loop_return", **two_lines(gift_card="66.90", gift_card_order_id="6120045512077"))["id"]
    stage.post("loop_state", id=made, state="closed")
    event = stage.bring(made)
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert len(cards.numbers()) == 2, "its card is in Xoro"


def test_an_order_paid_with_a_card_of_loop_finds_its_memo(stage, shop):
    cards = Cards(stage)
    cards.push("600100203001")
    run = SimpleNamespace(connector=stage.erp)
    assert loop_cards.reference_of(run, "600100203001") == f"loop-{cards.given}-credit"
    assert loop_cards.reference_of(run, "600100203009") == "600100203009"


def test_a_refund_loop_does_not_name_is_left_to_the_shops_refunds_where_those_come_here(stage, shop):
    route(stage, "refund")
    made = stage.post("loop_return", **two_lines(refund="66.90", hides_refunds=True))["id"]
    stage.post("loop_state", id=made, state="closed")
    event = stage.bring(made)
    assert (event.outcome, stage.memos()) == (Outcome.SUCCEEDED, []), event.sentence
    assert "refund_by_shop" in [one["code"] for one in event.notes]


def test_a_refund_loop_does_not_name_is_booked_where_the_shop_sends_none(stage):
    made = stage.post("loop_return", **two_lines(refund="66.90", hides_refunds=True))["id"]
    stage.post("loop_state", id=made, state="closed")
    stage.bring(made)
    assert [(one["ThirdPartyRefNo"], one["ThirdPartyTotalRefundAmount"]) for one in stage.memos()] == [
        (f"loop-{made}-refund", 66.9)
    ]


def test_goods_that_the_shops_refund_credited_already_are_not_authorised_as_well(stage):
    stage.post("loop_state", id=ID, state="closed")
    part = {"reference": f"881{ID}", "number": "MAIN-C000077", "id": "77", "is_sent": True, "total": "58.30",
            "units": [{"goods_id": "1", "item": "LMP-OAK-S", "sold_as": "LMP-OAK-S", "quantity": "1"}]}  # fmt: skip
    source = "https://lumen-goods.example-Demo"
    row = directory.Known(key=f"{source} 6120045511985", object_id=f"881{ID} {source}", data={"memos": [part]})
    directory.put(stage.erp.pk, "credit_memos", [row])
    event = stage.bring()
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert "its money is in Xoro as MAIN-C000077" in event.sentence
    assert (stage.calls(RMA), stage.calls(MEMO)) == (0, 0)


def test_a_domain_in_another_spelling_is_refused_at_its_field(stage):
    for given in ("https://lumen-goods.example", "Lumen-Goods.example", "lumen"):
        with pytest.raises(ValidationError) as refused:
            load(type(stage.erp.load_settings()), {**stage.erp.settings, "return_token": "x", "api_key": "k",
                 "api_secret": "s", "loop_shop": given})  # fmt: skip
        assert "loop_shop" in str(refused.value), given


# --- edited, unreadable, endless


def test_a_return_that_was_edited_after_it_was_authorised_is_a_persons_to_correct(stage):
    stage.bring()
    lines = [{"sku": "LMP-OAK-S"}, {"sku": "MUG-BLU-350"}]
    stage.post("loop_edit", id=ID, lines=lines)
    event = stage.bring()
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "change_not_applied"), event.sentence
    assert "1 LMP-OAK-S, 1 MUG-BLU-350 now, and EAST-R000001 has 1 LMP-OAK-S" in event.sentence
    assert "Correct RMA EAST-R000001" in event.next_step


def test_goods_added_in_loop_that_never_came_are_not_processed(stage):
    stage.bring()
    stage.post("loop_edit", id=ID, lines=[{"sku": "LMP-OAK-S"}, {"sku": "MUG-BLU-350"}])
    stage.receive()
    stage.sync("loop_receipts")
    assert stage.spawned().reason_code == "not_in_full"
    assert (stage.calls(PROCESS), stage.calls(FLAG)) == (0, 1)


def test_goods_taken_off_in_loop_are_not_waited_for(stage):
    made = stage.post("loop_return", **two_lines())["id"]
    stage.bring(made)
    stage.post("loop_edit", id=made, lines=[{"sku": "LMP-OAK-S"}])
    asn = stage.memory(made).asn
    stage.post("receive_asn", asn_number=asn, lines=[{"ItemNumber": "LMP-OAK-S", "QtyReceived": 1}])
    stage.post("close_asn", asn_number=asn)
    stage.sync("loop_receipts")
    assert stage.calls(f"/loop/api/v1/warehouse/return/{made}/process") == 1, stage.spawned().sentence


def test_goods_that_come_in_parts_are_received_once_the_asn_is_closed(stage):
    made = stage.post("loop_return", **two_lines())["id"]
    stage.bring(made)
    asn = stage.memory(made).asn
    for sku in ("LMP-OAK-S", "MUG-BLU-350"):
        stage.post("receive_asn", asn_number=asn, lines=[{"ItemNumber": sku, "QtyReceived": 1}])
        assert stage.sync("loop_receipts").sentence == "0 of 1 returns on their way were received."
    stage.post("close_asn", asn_number=asn)
    stage.sync("loop_receipts")
    assert stage.calls(f"/loop/api/v1/warehouse/return/{made}/process") == 1


def test_an_asn_that_does_not_say_what_came_keeps_no_other_return_waiting(stage, monkeypatch):
    made = stage.post("loop_return", **two_lines())["id"]
    stage.bring()
    stage.bring(made)
    for return_id in (ID, made):
        stage.post("receive_asn", asn_number=stage.memory(return_id).asn, lines=[])
        stage.post("close_asn", asn_number=stage.memory(return_id).asn)
    real, silent = calls.closed_asn, stage.memory().asn

    def closed_asn(row):
        blank = {"AsnDetailData": [{"ItemNumber": "LMP-OAK-S"}]} if calls.asn_number(row) == silent else {}
        return real({**row, **blank})

    monkeypatch.setattr(calls, "closed_asn", closed_asn)
    event = stage.sync("loop_receipts")
    assert event.sentence == "2 of 2 returns on their way were received.", event.sentence
    assert f"what was received of ASN {silent}" in str(event.notes)
    assert (stage.calls(PROCESS), stage.calls(FLAG)) == (0, 1)
    assert stage.calls(f"/loop/api/v1/warehouse/return/{made}/process") == 1


@responses.activate
def test_a_next_page_is_asked_by_whatever_its_link_says_and_its_host_is_never_called():
    settings = make_settings()
    first = {"id": 1, "order_name": None, "state": "open", "updated_at": "2026-03-01 00:00:00"}
    address = f"{settings.loop_url.rstrip('/')}/warehouse/return/list"

    def page(request):
        is_second = "page=2" in request.url
        url = None if is_second else "https://elsewhere.example/x?page=2"
        return 200, {}, json.dumps({"returns": [{**first, "id": 2 if is_second else 1}], "nextPageUrl": url})

    responses.add_callback(responses.GET, address, callback=page)
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    found = list(LoopClient(settings, PlainHttp()).changed(moment - timedelta(days=2), moment))
    assert [(one.id, one.order_name) for one in found] == [("1", ""), ("2", "")]
    assert all(call.request.url.startswith(address) for call in responses.calls)


@responses.activate
@pytest.mark.parametrize("url", ["https://api.loopreturns.com/list", 7, "http://["])
def test_a_next_page_that_cannot_be_asked_for_is_no_end_of_the_list(url):
    settings = make_settings()
    row = {"id": 1, "order_name": "#1", "state": "open", "updated_at": "2026-03-01 00:00:00"}
    responses.get(f"{settings.loop_url.rstrip('/')}/warehouse/return/list", json={"returns": [row], "nextPageUrl": url})
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    with pytest.raises(PayloadError, match="names a next page"):
        list(LoopClient(settings, PlainHttp()).changed(moment - timedelta(days=2), moment))
