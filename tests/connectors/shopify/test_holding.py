"""Holds, moves and progress another system asks for: they converge, whatever was lost or said twice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors import directory
from connectors.records import FulfillmentMove, FulfillmentProgress, Hold, HoldRelease, UnitLine
from connectors.run import Run
from connectors.shopify import holding, locations
from connectors.shopify.sandbox.routing import fulfillment_orders_of
from events.models import Event, Outcome, Reason
from tests.connectors.shopify.shipping_cast import Stage, a_stage, texts

pytestmark = pytest.mark.django_db
MUG, TONER = "MUG-BLU-350", "TONER-77K"


@pytest.fixture
def stage(vendor) -> Stage:
    made = a_stage(vendor)
    for kind in ("hold", "hold_release", "fulfillment_move", "fulfillment_progress"):
        made.route(kind)
    return made


def of(placed: dict[str, Any], number: str = "1", *lines: tuple[str, int], **more: Any) -> dict[str, Any]:
    rows = tuple(UnitLine(sku=sku, quantity=Decimal(units)) for sku, units in lines)
    return {"id": number, "number": number, "order_id": placed["legacyResourceId"], "order_name": placed["name"],
            **({"lines": rows} if rows else {}), **more}  # fmt: skip


def holds(stage: Stage, placed: dict[str, Any]) -> list[tuple[str, bool]]:
    rows = fulfillment_orders_of(stage.inside, stage.inside.orders[placed["id"]])
    return [(hold["handle"], hold["heldByRequestingApp"]) for one in rows for hold in one["fulfillmentHolds"]]


def lose(stage: Stage, operation: str) -> None:
    stage.vendor.control("fault", kind="drop_after_commit", operation=operation)


def test_a_hold_is_placed_and_released_by_its_handle(stage):
    placed = stage.place((MUG, 2))
    event = stage.tell(Hold(**of(placed, handle="erp-credit", reason="awaiting_payment", note="credit check")))
    assert event.outcome == Outcome.SUCCEEDED, texts(event)
    assert holds(stage, placed) == [("erp-credit", True)] and stage.state(placed) == [("Kiel", "ON_HOLD", 2)]
    assert stage.tell(HoldRelease(**of(placed, handle="erp-credit"))).outcome == Outcome.SUCCEEDED
    assert holds(stage, placed) == [] and stage.state(placed) == [("Kiel", "OPEN", 2)]


def test_a_hold_again_after_its_release_is_placed_again(stage):
    placed = stage.place((MUG, 2))
    for _ in range(2):
        stage.tell(Hold(**of(placed, handle="erp")))
        assert holds(stage, placed) == [("erp", True)]
        stage.tell(HoldRelease(**of(placed, handle="erp")))
        assert holds(stage, placed) == []


def test_a_hold_said_twice_or_with_a_lost_answer_is_one(stage):
    placed = stage.place((MUG, 2))
    lose(stage, "HubHold")
    assert stage.tell(Hold(**of(placed, handle="erp"))).outcome == Outcome.WAITING
    assert stage.again().outcome == Outcome.SUCCEEDED
    event = stage.tell(Hold(**of(placed, handle="erp")))
    assert (event.outcome, event.reason, event.reason_code) == (Outcome.SKIPPED, Reason.UNCHANGED, "held")
    assert holds(stage, placed) == [("erp", True)]


def test_a_hold_placed_by_another_worker_meanwhile_counts(stage, monkeypatch):
    placed = stage.place((MUG, 2))
    plain = holding.calls.hold

    def twice(*given: Any) -> Any:
        plain(*given)
        return plain(*given)

    monkeypatch.setattr(holding.calls, "hold", twice)
    assert stage.tell(Hold(**of(placed, handle="erp"))).outcome == Outcome.SUCCEEDED
    assert holds(stage, placed) == [("erp", True)]


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_part_is_held_and_the_rest_can_be_shipped(stage, is_lost):
    placed = stage.place((MUG, 3), (TONER, 1))
    if is_lost:
        lose(stage, "HubHold")
    event = stage.tell(Hold(**of(placed, "1", (MUG, 1), handle="erp", reason="inventory_out_of_stock")))
    event = stage.again() if is_lost else event
    assert event.outcome == Outcome.SUCCEEDED, texts(event)
    assert sorted(stage.state(placed)) == [("Kiel", "ON_HOLD", 1), ("Kiel", "OPEN", 3)]


def test_a_second_part_is_held_beside_the_first(stage):
    placed = stage.place((MUG, 3))
    stage.tell(Hold(**of(placed, "1", (MUG, 1), handle="a")))
    stage.tell(Hold(**of(placed, "2", (MUG, 1), handle="b")))
    assert sorted(stage.state(placed)) == [("Kiel", "ON_HOLD", 1), ("Kiel", "ON_HOLD", 1), ("Kiel", "OPEN", 1)]
    event = stage.tell(Hold(**of(placed, "3", (MUG, 5), handle="c")))
    assert {one["code"] for one in event.notes} == {"less_held"}


def test_holds_of_others_are_never_released(stage):
    placed = stage.place((MUG, 1))
    stage.vendor.control("fulfillment", order=placed["name"], do="hold", handle="other")
    assert stage.tell(HoldRelease(**of(placed))).reason_code == "not_held"
    stage.tell(Hold(**of(placed, handle="erp")))
    event = stage.tell(HoldRelease(**of(placed, "2")))
    assert event.outcome == Outcome.SUCCEEDED and [one["code"] for one in event.notes] == ["still_held"]
    assert holds(stage, placed) == [("other", False)] and stage.state(placed)[0][1] == "ON_HOLD"


def test_a_lost_answer_of_a_release_is_not_found_again_and_says_so(stage):
    placed = stage.place((MUG, 1))
    stage.tell(Hold(**of(placed, handle="erp")))
    lose(stage, "HubRelease")
    stage.tell(HoldRelease(**of(placed, handle="erp")))
    assert stage.again().reason_code == "not_held" and holds(stage, placed) == []


def test_the_eleventh_hold_is_refused_with_what_to_do(stage):
    placed = stage.place((MUG, 1))
    for number in range(10):
        stage.tell(Hold(**of(placed, str(number), handle=f"h{number}")))
    event = stage.tell(Hold(**of(placed, "10", handle="h10")))
    assert event.reason == Reason.REFUSED and "Release one" in event.next_step, texts(event)


def test_an_unknown_reason_becomes_other_with_a_remark(stage):
    placed = stage.place((MUG, 1))
    event = stage.tell(Hold(**of(placed, handle="erp", reason="full moon")))
    assert event.outcome == Outcome.SUCCEEDED and [one["code"] for one in event.notes] == ["reason"]


def test_nothing_left_to_hold_or_an_unknown_line_is_said(stage):
    placed = stage.place((MUG, 1))
    assert stage.tell(Hold(**of(placed, "1", ("NO-SUCH", 1), handle="a"))).reason_code == "unknown_line"
    stage.vendor.control("fulfillment", order=placed["name"], do="ship")
    assert stage.tell(Hold(**of(placed, "2", handle="b"))).reason_code == "nothing_open"


def test_a_fulfillment_order_named_by_id_is_the_only_one_held(stage):
    item = stage.inside.variant(MUG)["inventoryItem"]
    for one in stage.inside.table("Location").values():
        stage.inside.stock[item, one["id"]]["available"] = 1
    placed = stage.place((MUG, 2))
    second = stage.inside.orders[placed["id"]]["fulfillmentOrderIds"][1]
    stage.tell(Hold(**of(placed, handle="erp", fulfillment_order_id=second.rpartition("/")[2])))
    assert [status for _, status, _ in stage.state(placed)] == ["OPEN", "ON_HOLD"]
    event = stage.tell(Hold(**of(placed, "2", handle="erp", fulfillment_order_id="1")))
    assert event.reason_code == "not_found" and "moved, merged or split" in event.sentence


def test_an_order_is_moved_whole_or_in_part(stage):
    placed = stage.place((MUG, 3))
    assert stage.tell(FulfillmentMove(**of(placed, "1", (MUG, 1), location="WH-2"))).outcome == Outcome.SUCCEEDED
    assert sorted(stage.state(placed)) == [("Hamburg", "OPEN", 1), ("Kiel", "OPEN", 2)]
    stage.tell(FulfillmentMove(**of(placed, "2", location="WH-2")))
    assert {place for place, _, _ in stage.state(placed)} == {"Hamburg"}
    assert stage.tell(FulfillmentMove(**of(placed, "3", location="WH-2"))).reason_code == "there_already"


def test_a_move_with_a_lost_answer_is_made_once(stage):
    placed = stage.place((MUG, 3))
    lose(stage, "HubMove")
    stage.tell(FulfillmentMove(**of(placed, "1", (MUG, 1), location="WH-2")))
    assert stage.again().reason_code == "there_already"
    assert sorted(stage.state(placed)) == [("Hamburg", "OPEN", 1), ("Kiel", "OPEN", 2)]


def test_a_move_to_a_place_without_mapping_stops(stage):
    placed = stage.place((MUG, 1))
    assert stage.tell(FulfillmentMove(**of(placed, location="WH-9"))).reason == Reason.MAPPING_MISSING


def test_progress_is_shown_taken_back_and_in_the_way_of_a_move(stage):
    placed = stage.place((MUG, 1))
    stage.tell(FulfillmentProgress(**of(placed)))
    assert stage.state(placed)[0][1] == "IN_PROGRESS"
    assert stage.tell(FulfillmentProgress(**of(placed))).reason_code == "nothing_open"
    event = stage.tell(FulfillmentMove(**of(placed, location="WH-2")))
    assert event.reason == Reason.REFUSED and "Mark it as open" in event.next_step
    stage.tell(FulfillmentProgress(**of(placed, "2", status="open")))
    assert stage.state(placed)[0][1] == "OPEN"
    assert stage.tell(FulfillmentProgress(**of(placed, "3", status="asleep"))).reason == Reason.REFUSED


# --- what the connector's page shows --------------------------------------------------------------------------------


def rows(tables):
    return [[getattr(cell, "text", cell) for cell in row] for row in tables[0].rows]


def test_the_page_lists_what_is_held_and_forgets_what_was_released(stage):
    placed = stage.place((MUG, 1))
    run = Run(stage.shop, None)
    assert "not asked yet" in holding.panel(run)[0].empty
    stage.tell(Hold(**of(placed, handle="erp", reason="incorrect_address")))
    assert holding.synchronize(run).startswith("1 fulfillment order is held")
    ((order, _, reasons, handles, is_own),) = rows(holding.panel(run))
    assert (order, reasons, handles, is_own) == (placed["legacyResourceId"], "incorrect address", "erp", "yes")
    stage.tell(HoldRelease(**of(placed)))
    holding.synchronize(run)
    assert rows(holding.panel(run)) == []


def test_the_page_lists_the_locations_with_what_they_are_mapped_from(stage):
    run = Run(stage.shop, None)
    assert locations.synchronize(run) == "The shop has 2 locations."
    found = {row[0]: row for row in rows(locations.panel(run))}
    assert found["Kiel"][2:] == ["Kiel, DE", "yes", "yes", "WH-1"]
    stage.vendor.control("location", name="Bremen")
    stage.vendor.control("location", name="Hamburg", do="delete")
    assert locations.synchronize(run) == "The shop has 2 locations; 1 is gone."
    assert {row[0]: row[-1] for row in rows(locations.panel(run))} == {"Kiel": "WH-1", "Bremen": "not mapped"}
    assert directory.count(stage.shop.pk, locations.KIND) == 2 and not Event.objects.exists()
