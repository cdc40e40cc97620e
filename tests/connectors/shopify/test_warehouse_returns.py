"""Returns another system brings to the shop: made, approved, put away, processed, closed; only what is missing."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from connectors.models import Link
from connectors.records import Return
from connectors.shopify import settling
from events.models import Outcome, Reason
from tests.connectors.cases import again, minutes_later
from tests.connectors.shopify.deliveries import Desk

pytestmark = pytest.mark.django_db
CREATE, APPROVE, DISPOSE, PROCESS, CLOSE = (
    "HubReturnCreate", "HubReturnApprove", "HubDispose", "HubReturnProcess", "HubReturnClose",
)  # fmt: skip
DECLINE, CANCEL = "HubReturnDecline", "HubReturnCancel"
LAMP = {"sku": "LMP-OAK-S", "quantity": "1", "reason": "defective", "reason_note": "flickers"}
KIEL = {"kind": "restocked", "quantity": "1", "location_id": "61001"}


@pytest.fixture
def desk(install, sandbox) -> Desk:
    return Desk(install("shopify"), sandbox)


def counts(desk: Desk) -> list[int]:
    return [len(desk.calls(one)) for one in (CREATE, APPROVE, DISPOSE, PROCESS, CLOSE)]


def test_a_return_goes_all_the_way_in_one_run(desk):
    ended = desk.bring(Return)
    assert ended.event.sentence == (
        "Return RMA-5120 is #2101-R2 in the shop: 1 unit put away, 1 unit processed, closed."
    ), ended.text
    assert counts(desk) == [1, 0, 1, 1, 1]
    [line] = json.loads(desk.calls(CREATE)[0]["body"])["variables"]["input"]["returnLineItems"]
    assert line["returnReasonNote"].startswith("flickers [") and line["returnReasonDefinitionId"].endswith("/3")
    assert Link.objects.get().target_number == "#2101-R2"


def test_step_by_step_only_what_is_new_is_done(desk):
    steps = [
        ({"status": "open", "lines": [LAMP]}, [1, 0, 0, 0, 0]),
        ({"status": "open", "lines": [{**LAMP, "dispositions": [KIEL]}]}, [1, 0, 1, 0, 0]),
        ({"status": "open", "lines": [{**LAMP, "dispositions": [KIEL], "processed": "1"}]}, [1, 0, 1, 1, 0]),
        ({"status": "closed", "lines": [{**LAMP, "dispositions": [KIEL], "processed": "1"}]}, [1, 0, 1, 1, 1]),
        (
            {"status": "closed", "lines": [{**LAMP, "dispositions": [KIEL], "processed": "1"}], "name": "x"},
            [1, 0, 1, 1, 1],
        ),
    ]
    for changes, expected in steps:
        ended = desk.bring(Return, **changes)
        assert ended.event.outcome == Outcome.SUCCEEDED, ended.text
        assert counts(desk) == expected


@pytest.mark.parametrize("operation", [CREATE, DISPOSE, PROCESS, CLOSE])
def test_a_lost_answer_repeats_no_step(desk, operation):
    desk.fault("drop_after_commit", operation)
    first = desk.bring(Return)
    assert first.event.outcome == Outcome.WAITING, first.text
    second = again(first.event)
    assert second.event.outcome == Outcome.SUCCEEDED, second.text
    assert counts(desk) == [1, 0, 1, 1, 1]


@pytest.mark.parametrize("operation", [CREATE, DISPOSE, PROCESS])
def test_a_step_done_long_after_its_connection_broke_is_not_made_again(desk, monkeypatch, operation):
    monkeypatch.setattr(settling, "SETTLE", timedelta(minutes=1))
    desk.fault("commit_late", operation, seconds=30)
    event = desk.queue(Return)
    assert again(event).event.reason == Reason.RETRY
    waits = again(event)
    assert (waits.event.outcome, waits.event.reason_code) == (Outcome.WAITING, "settling"), waits.text
    desk.control("clock", advance=30)
    minutes_later()
    ended = again(event)
    assert ended.event.outcome == Outcome.SUCCEEDED, ended.text
    assert desk.calls(operation) == [] and "#2101-R2" in ended.event.sentence


def test_a_lost_ledger_makes_no_second_return(desk):
    desk.bring(Return)
    Link.objects.all().delete()
    ended = desk.bring(Return, name="written anew")
    assert ended.event.outcome == Outcome.SUCCEEDED, ended.text
    assert counts(desk) == [1, 0, 1, 1, 1]


def test_a_return_that_began_in_the_shop_is_approved_and_put_away(desk):
    made = desk.control("return", order="#2101", lines=[{"sku": "LMP-OAK-S"}], requested=True)
    ended = desk.bring(Return, shop_return_id=made["id"])
    assert "approved, 1 unit put away, 1 unit processed, closed" in ended.event.sentence, ended.text
    assert counts(desk) == [0, 1, 1, 1, 1]


def test_what_was_put_away_in_the_shop_already_is_not_put_away_again(desk):
    made = desk.control("return", order="#2101", lines=[{"sku": "MUG-RED-350", "quantity": 2}])
    desk.control("return", **{"return": made["name"], "do": "dispose", "quantity": 1})
    lines = [{"sku": "MUG-RED-350", "quantity": "2", "dispositions": [
        {**KIEL, "quantity": "1"}, {"kind": "missing", "quantity": "1"}]}]  # fmt: skip
    ended = desk.bring(Return, shop_return_id=made["id"], status="open", lines=lines)
    assert "1 unit put away" in ended.event.sentence, ended.text
    [entry] = json.loads(desk.calls(DISPOSE)[0]["body"])["variables"]["lines"]
    assert (entry["dispositionType"], entry["quantity"], "locationId" in entry) == ("MISSING", 1, False)


@pytest.mark.parametrize("status", ["requested", "declined", "cancelled"])
def test_a_return_the_shop_need_not_know_is_skipped(desk, status):
    ended = desk.bring(Return, status=status)
    assert (ended.event.outcome, ended.event.reason_code) == (Outcome.SKIPPED, status), ended.text
    assert counts(desk) == [0, 0, 0, 0, 0]


def test_a_return_that_ended_otherwise_in_the_shop_is_for_a_person(desk):
    made = desk.control("return", order="#2101", lines=[{"sku": "LMP-OAK-S"}], requested=True)
    desk.control("return", **{"return": made["name"], "do": "decline"})
    ended = desk.bring(Return, shop_return_id=made["id"])
    assert ended.event.reason_code == "state" and "is declined" in ended.event.sentence, ended.text
    declined = desk.bring(Return, id="5121", shop_return_id="6900100202001", status="declined")
    assert declined.event.reason_code == "state" and "is open" in declined.event.sentence, declined.text
    requested = desk.control("return", order="#2101", lines=[{"sku": "LMP-OAK-S"}], requested=True)
    cancelled = desk.bring(Return, id="5122", shop_return_id=requested["id"], status="cancelled")
    assert cancelled.event.reason_code == "state" and "is requested" in cancelled.event.sentence, cancelled.text


@pytest.mark.parametrize(
    ("given", "reason", "notes"),
    [("return_period_ended", "RETURN_PERIOD_ENDED", []), ("", "OTHER", []), ("too worn", "OTHER", ["reason"])],
)
def test_a_request_the_other_system_declines_is_declined_in_the_shop(desk, given, reason, notes):
    made = desk.control("return", order="#2101", lines=[{"sku": "LMP-OAK-S"}], requested=True)
    wish = {"shop_return_id": made["id"], "status": "declined", "decline_reason": given, "decline_note": "Worn."}
    desk.fault("drop_after_commit", DECLINE)
    event = desk.queue(Return, **wish)
    first = again(event)
    assert first.event.outcome == Outcome.WAITING and [one["code"] for one in first.event.notes] == notes
    ended = again(event)
    assert ended.event.outcome == Outcome.SUCCEEDED, ended.text
    [sent] = desk.calls(DECLINE)
    given_input = json.loads(sent["body"])["variables"]["input"]
    assert (given_input["declineReason"], given_input["declineNote"]) == (reason, "Worn.")
    assert Link.objects.get().target_number == made["name"]


def test_a_return_the_other_system_cancels_is_cancelled_once_and_not_after_goods_came(desk):
    made = desk.control("return", order="#2101", lines=[{"sku": "LMP-OAK-S"}])
    for name in ("x", "y"):
        ended = desk.bring(Return, shop_return_id=made["id"], status="cancelled", name=name)
        assert ended.event.outcome == Outcome.SUCCEEDED, ended.text
    assert len(desk.calls(CANCEL)) == 1
    open_ = desk.bring(Return, id="5121", status="open", lines=[{**LAMP, "dispositions": [KIEL], "processed": "1"}])
    assert open_.event.outcome == Outcome.SUCCEEDED, open_.text
    late = desk.bring(Return, id="5121", status="cancelled", lines=[LAMP])
    assert late.event.reason == Reason.REFUSED and "INVALID_STATE" in late.event.reason_code, late.text


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"order_id": "1"}, "no order"),
        ({"shop_return_id": "1"}, "no return 1"),
        ({"lines": []}, "has no lines"),
        ({"lines": [{**LAMP, "quantity": "2"}]}, "1 more than was shipped"),
        ({"lines": [{**LAMP, "sku": "NOPE"}]}, "of NOPE of order"),
        ({"lines": [{**LAMP, "quantity": "0.5"}]}, "cannot be returned"),
        ({"lines": [{**LAMP, "dispositions": [{**KIEL, "quantity": "2"}]}]}, "does not expect back"),
        ({"lines": [{**LAMP, "dispositions": [{**KIEL, "location_id": ""}]}]}, "names no location"),
        ({"lines": [{**LAMP, "dispositions": [{**KIEL, "location_id": "5"}]}]}, "location is mapped for “5”"),
    ],
)
def test_what_cannot_be_done_is_named(desk, changes, word):
    ended = desk.bring(Return, **changes)
    assert ended.event.outcome == Outcome.FAILED and word in ended.event.sentence, ended.text
    assert ended.event.next_step


def test_processing_can_be_left_to_the_shop(desk):
    event = desk.queue(Return)
    from connectors.models import Route

    Route.objects.filter(target=desk.shop).update(options={"processes": False, "default_reason": ""})
    ended = again(event)
    assert ended.event.outcome == Outcome.SUCCEEDED, ended.text
    assert counts(desk) == [1, 0, 1, 0, 1]


def test_a_missing_scope_is_named(desk):
    scopes = ["read_orders", "read_returns", "read_customers"]
    desk.sandbox.post("/shopify/_sandbox/scopes", {"shop": desk.shop.settings["shop_domain"], "scopes": scopes})
    ended = desk.bring(Return)
    assert ended.event.reason == Reason.CONFIGURATION and "write_returns" in ended.event.sentence, ended.text
