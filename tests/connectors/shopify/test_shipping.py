"""What another system shipped becomes fulfillments of the shop: whole or in parts, changed, cancelled, and never twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors import jobs, routing
from connectors.models import Link
from connectors.records import UnitLine
from connectors.shopify import settling, shipping
from connectors.shopify.sandbox import holds as sandbox_holds
from connectors.shopify.sandbox.routing import fulfillment_orders_of
from events.models import Event, Outcome, Reason
from events.outcomes import finish
from tests.cast import an_event, claim, together
from tests.connectors.shopify.shipping_cast import Stage, a_stage, shipment, texts

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage(vendor) -> Stage:
    """A shop with two locations, and a source without an answer of its own."""
    return a_stage(vendor)


def level(stage, sku, **units):
    item = stage.inside.variant(sku)["inventoryItem"]
    for one in stage.inside.table("Location").values():
        if one["name"] in units:
            stage.inside.stock[item, one["id"]]["available"] = units[one["name"]]


def notes(event: Event) -> set[str]:
    return {one["code"] for one in event.notes}


def lose(stage, operation):
    stage.vendor.control("fault", kind="drop_after_commit", operation=operation)


MUG, RED, TONER = "MUG-BLU-350", "MUG-RED-350", "TONER-77K"
UPS = {"carrier": "UPS", "tracking_numbers": ("1Z1",)}


def test_a_shipment_fulfills_the_order_with_tracking_and_tells_the_customer(stage):
    stage.route()
    placed = stage.place((MUG, 2))
    event = stage.tell(shipment(placed, (MUG, 2), location="WH-1", message="Picked", **UPS))
    assert event.outcome == Outcome.SUCCEEDED, texts(event)
    (made,) = stage.shipped(placed)
    assert made["totalQuantity"] == 2 and made["noticesSent"] == 1
    assert made["trackingInfo"][0]["number"] == "1Z1" and made["trackingInfo"][0]["url"]
    assert stage.state(placed) == [("Kiel", "CLOSED", 0)]
    link = Link.objects.get()
    assert link.target_object_id == made["id"].rpartition("/")[2] and link.target_number == made["name"]


def test_the_same_shipment_again_does_nothing(stage):
    stage.route()
    placed = stage.place((MUG, 2))
    stage.tell(shipment(placed, (MUG, 1)))
    event = stage.tell(shipment(placed, (MUG, 1)))
    assert (event.outcome, event.reason) == (Outcome.SKIPPED, Reason.UNCHANGED)
    assert len(stage.shipped(placed)) == 1


def test_two_packages_are_two_fulfillments(stage):
    stage.route()
    placed = stage.place((MUG, 2))
    stage.tell(shipment(placed, (MUG, 1), number="SH-1", **UPS))
    assert stage.state(placed) == [("Kiel", "IN_PROGRESS", 1)]
    stage.tell(shipment(placed, (MUG, 1), number="SH-2", carrier="UPS", tracking_numbers=("1Z2",)))
    assert [one["totalQuantity"] for one in stage.shipped(placed)] == [1, 1]


def test_two_equal_packages_without_tracking_are_two_fulfillments(stage):
    stage.route()
    placed = stage.place((MUG, 2))
    for number in ("SH-1", "SH-2"):
        assert stage.tell(shipment(placed, (MUG, 1), number=number)).outcome == Outcome.SUCCEEDED
    assert [one["totalQuantity"] for one in stage.shipped(placed)] == [1, 1]


# --- lost answers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tracked", [UPS, {}], ids=["with tracking", "without"])
def test_a_lost_answer_after_the_shipment_makes_no_second_one(stage, tracked):
    stage.route()
    placed = stage.place((MUG, 2))
    lose(stage, "HubShip")
    event = stage.tell(shipment(placed, (MUG, 1), **tracked))
    assert event.outcome == Outcome.WAITING and len(stage.shipped(placed)) == 1, texts(event)
    event = stage.again()
    assert event.outcome == Outcome.SUCCEEDED and "found_existing" in notes(event), texts(event)
    assert [one["totalQuantity"] for one in stage.shipped(placed)] == [1]


def test_an_answer_that_may_still_come_is_waited_for(stage, monkeypatch):
    monkeypatch.setattr(settling, "SETTLE", timedelta(minutes=1))
    stage.route()
    placed = stage.place((MUG, 2))
    stage.vendor.control("fault", kind="drop", operation="HubShip")
    stage.tell(shipment(placed, (MUG, 1)))
    event = stage.again()
    assert (event.outcome, event.reason_code) == (Outcome.WAITING, "settling") and not stage.shipped(placed)
    monkeypatch.setattr(settling, "SETTLE", timedelta(0))
    assert stage.again().outcome == Outcome.SUCCEEDED and len(stage.shipped(placed)) == 1


@pytest.mark.parametrize("kind", ["500", "drop"])
def test_a_call_that_never_arrived_is_made_once_more(stage, kind):
    stage.route()
    placed = stage.place((MUG, 1))
    stage.vendor.control("fault", kind=kind, operation="HubShip")
    assert stage.tell(shipment(placed, (MUG, 1), **UPS)).outcome == Outcome.WAITING
    assert stage.again().outcome == Outcome.SUCCEEDED and len(stage.shipped(placed)) == 1


def test_a_shipment_from_two_places_with_one_lost_answer_is_whole_in_the_end(stage):
    stage.route()
    level(stage, MUG, Kiel=1, Hamburg=1)
    placed = stage.place((MUG, 2))
    lose(stage, "HubShip")
    stage.tell(shipment(placed, (MUG, 2), **UPS))
    event = stage.again()
    assert event.outcome == Outcome.SUCCEEDED, texts(event)
    assert [(one["location"]["name"], one["totalQuantity"]) for one in stage.shipped(placed)] == [
        ("Kiel", 1), ("Hamburg", 1)]  # fmt: skip
    assert Link.objects.get().target_number.count("-F") == 2


def test_a_lost_answer_of_the_second_place_leaves_the_first_alone(stage):
    stage.route()
    level(stage, MUG, Kiel=1, Hamburg=1)
    placed = stage.place((MUG, 2))
    first = shipment(placed, (MUG, 2))
    stage.vendor.control("fault", kind="slow", operation="HubShip", seconds=0)
    lose(stage, "HubShip")
    assert stage.tell(first).outcome == Outcome.WAITING
    assert len(stage.shipped(placed)) == 2
    assert stage.again().outcome == Outcome.SUCCEEDED
    assert [one["totalQuantity"] for one in stage.shipped(placed)] == [1, 1]


def test_a_lost_answer_of_tracking_or_cancellation_is_asked_again(stage):
    stage.route()
    placed = stage.place((MUG, 1))
    stage.tell(shipment(placed, (MUG, 1)))
    lose(stage, "HubTracking")
    assert stage.tell(shipment(placed, (MUG, 1), **UPS)).outcome == Outcome.WAITING
    assert stage.again().outcome == Outcome.SUCCEEDED
    assert [row["number"] for row in stage.shipped(placed)[0]["trackingInfo"]] == ["1Z1"]
    lose(stage, "HubShipCancel")
    assert stage.tell(shipment(placed, (MUG, 1), status="cancelled", **UPS)).outcome == Outcome.WAITING
    event = stage.again()
    assert event.outcome == Outcome.SUCCEEDED and not stage.shipped(placed), texts(event)


def test_what_a_person_shipped_under_the_same_number_is_taken_for_ours(stage):
    stage.route()
    placed = stage.place((MUG, 2))
    stage.vendor.control(
        "fulfillment", order=placed["name"], do="ship", units={MUG: 1}, tracking={"company": "UPS", "number": "1Z1"}
    )
    event = stage.tell(shipment(placed, (MUG, 2), **UPS))
    assert "found_existing" in notes(event) and [one["totalQuantity"] for one in stage.shipped(placed)] == [1, 1]


# --- later versions -------------------------------------------------------------------------------------------------


def test_tracking_that_comes_later_is_added_and_old_news_is_not_taken(stage):
    stage.route()
    placed = stage.place((MUG, 1))
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    stage.tell(shipment(placed, (MUG, 1), updated_at=now, **UPS))
    event = stage.tell(shipment(placed, (MUG, 1), updated_at=now - timedelta(hours=1)))
    assert (event.outcome, event.reason) == (Outcome.SKIPPED, Reason.SUPERSEDED)
    later = shipment(placed, (MUG, 1), updated_at=now + timedelta(hours=1), carrier="DPD", tracking_numbers=("D2",))
    assert stage.tell(later).outcome == Outcome.SUCCEEDED
    (made,) = stage.shipped(placed)
    assert [(row["company"], row["number"]) for row in made["trackingInfo"]] == [("DPD", "D2")]


def test_progress_is_told_once(stage):
    stage.route()
    placed = stage.place((MUG, 1))
    stage.tell(shipment(placed, (MUG, 1), **UPS))
    for _ in range(2):
        stage.tell(shipment(placed, (MUG, 1), status="delivered", message=str(_), **UPS))
    (made,) = stage.shipped(placed)
    assert made["displayStatus"] == "DELIVERED" and len(made["events"]) == 1


def test_a_cancelled_shipment_is_cancelled_and_can_be_shipped_anew(stage):
    stage.route()
    placed = stage.place((MUG, 1))
    stage.tell(shipment(placed, (MUG, 1), **UPS))
    assert stage.tell(shipment(placed, (MUG, 1), status="cancelled", **UPS)).outcome == Outcome.SUCCEEDED
    assert stage.state(placed) == [("Kiel", "OPEN", 1)]
    stage.tell(shipment(placed, (MUG, 1), **UPS))
    assert len(stage.shipped(placed)) == 1


def test_what_was_cancelled_before_it_was_made_is_skipped(stage):
    stage.route()
    event = stage.tell(shipment(stage.place((MUG, 1)), (MUG, 1), status="cancelled"))
    assert (event.outcome, event.reason_code) == (Outcome.SKIPPED, "never_made")


def test_what_a_person_cancelled_in_the_shop_is_not_shipped_again_by_itself(stage):
    stage.route()
    placed = stage.place((MUG, 1))
    stage.tell(shipment(placed, (MUG, 1)))
    stage.vendor.control("fulfillment", order=placed["name"], do="cancel")
    event = stage.tell(shipment(placed, (MUG, 1), **UPS))
    assert "cancelled_in_shop" in notes(event) and not stage.shipped(placed), texts(event)


# --- places ---------------------------------------------------------------------------------------------------------


def test_a_place_without_mapping_stops_with_its_code(stage):
    stage.route()
    placed = stage.place((MUG, 1))
    event = stage.tell(shipment(placed, (MUG, 1), location="WH-9"))
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.MAPPING_MISSING) and "WH-9" in event.sentence
    assert not stage.shipped(placed)


def test_a_mapping_to_a_place_that_is_gone_or_closed_stops(stage):
    stage.route()
    placed = stage.place((MUG, 1))
    stage.vendor.control("location", name="Hamburg", do="deactivate")
    event = stage.tell(shipment(placed, (MUG, 1), location="WH-2"))
    assert event.reason_code == "location" and "deactivated" in event.sentence
    stage.map("location", **{"WH-3": "Atlantis"})
    assert "no location “Atlantis”" in stage.tell(shipment(placed, (MUG, 1), number="2", location="WH-3")).sentence


def test_another_place_than_shopify_assigned_stops_or_is_moved_or_ignored(stage):
    route = stage.route()
    placed = stage.place((MUG, 3))
    event = stage.tell(shipment(placed, (MUG, 1), location="WH-2"))
    assert event.reason_code == "other_location" and "assigned to Kiel" in event.sentence, texts(event)
    route.options = {"other_location": "move"}
    route.save()
    event = stage.tell(shipment(placed, (MUG, 1), number="SH-2", location="WH-2"))
    assert event.outcome == Outcome.SUCCEEDED and "moved" in notes(event), texts(event)
    assert [one["location"]["name"] for one in stage.shipped(placed)] == ["Hamburg"]
    route.options = {"other_location": "ship"}
    route.save()
    stage.tell(shipment(placed, (MUG, 1), number="SH-3", location="WH-2"))
    assert [one["location"]["name"] for one in stage.shipped(placed)] == ["Hamburg", "Kiel"]
    assert sorted(stage.state(placed)) == [("Hamburg", "CLOSED", 0), ("Kiel", "IN_PROGRESS", 1)]


def test_a_lost_answer_of_the_move_does_no_harm(stage):
    stage.route(other_location="move")
    placed = stage.place((MUG, 2))
    lose(stage, "HubMove")
    assert stage.tell(shipment(placed, (MUG, 1), location="WH-2")).outcome == Outcome.WAITING
    assert stage.again().outcome == Outcome.SUCCEEDED
    assert [(one["location"]["name"], one["totalQuantity"]) for one in stage.shipped(placed)] == [("Hamburg", 1)]
    assert sum(left for _, _, left in stage.state(placed)) == 1


def test_a_fixed_place_wins(stage):
    stage.route(location="Hamburg", other_location="move")
    placed = stage.place((MUG, 1))
    assert stage.tell(shipment(placed, (MUG, 1), location="WH-1")).outcome == Outcome.SUCCEEDED
    assert stage.shipped(placed)[0]["location"]["name"] == "Hamburg"


def test_a_deleted_place_is_shipped_from_only_where_the_source_names_none(stage):
    stage.route()
    placed = stage.place((MUG, 2))
    stage.vendor.control("location", name="Kiel", do="delete")
    event = stage.tell(shipment(placed, (MUG, 1), location="WH-2"))
    assert event.reason_code == "other_location" and "Kiel" in event.sentence
    assert stage.tell(shipment(placed, (MUG, 1), number="SH-2")).outcome == Outcome.SUCCEEDED


# --- what does not fit ----------------------------------------------------------------------------------------------


def test_more_than_is_open_ships_the_rest_and_says_so_or_refuses(stage):
    route = stage.route()
    placed = stage.place((MUG, 2))
    event = stage.tell(shipment(placed, (MUG, 3)))
    assert event.outcome == Outcome.SUCCEEDED and "too_many" in notes(event), texts(event)
    assert [one["totalQuantity"] for one in stage.shipped(placed)] == [2]
    route.options = {"too_many": "refuse"}
    route.save()
    other = stage.place((MUG, 2))
    event = stage.tell(shipment(other, (MUG, 3), number="SH-2"))
    assert event.reason_code == "too_many" and not stage.shipped(other) and "1 × MUG-BLU-350" in event.sentence


def test_what_was_shipped_by_hand_already_is_skipped(stage):
    stage.route()
    placed = stage.place((MUG, 2))
    stage.vendor.control("fulfillment", order=placed["name"], do="ship")
    event = stage.tell(shipment(placed, (MUG, 2)))
    assert (event.outcome, event.reason_code) == (Outcome.SKIPPED, "nothing_open") and len(stage.shipped(placed)) == 1


def test_an_unknown_sku_ships_nothing_and_is_named(stage):
    stage.route()
    placed = stage.place((MUG, 2))
    event = stage.tell(shipment(placed, (MUG, 1), ("NO-SUCH", 1)))
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "unknown_line") and "NO-SUCH" in event.sentence
    assert not stage.shipped(placed)


def test_a_missing_scope_is_named(stage):
    stage.route()
    placed = stage.place((MUG, 1))
    stage.vendor.control("scopes", scopes=["read_orders", "read_locations", "read_merchant_managed_fulfillment_orders"])
    event = stage.tell(shipment(placed, (MUG, 1)))
    assert event.reason == Reason.CONFIGURATION and "write_merchant_managed_fulfillment_orders" in event.sentence
    stage.vendor.control("scopes", scopes=["read_orders", "write_third_party_fulfillment_orders"])
    event = stage.tell(shipment(placed, (MUG, 1), number="SH-2"))
    assert "write_merchant_managed_fulfillment_orders" in event.sentence, texts(event)


@pytest.mark.parametrize("quantity", ["0", "-1", "1.5"])
def test_a_quantity_that_is_no_number_of_units_is_refused(stage, quantity):
    stage.route()
    placed = stage.place((MUG, 2))
    event = stage.tell(shipment(placed, lines=(UnitLine(sku=MUG, quantity=Decimal(quantity)),)))
    assert event.reason == Reason.PAYLOAD and not stage.shipped(placed)


def test_an_order_the_shop_does_not_have_is_said(stage):
    stage.route()
    placed = {"legacyResourceId": "1", "name": "#X", "id": ""}
    assert stage.tell(shipment(placed, (MUG, 1))).reason_code == "not_found"
    event = stage.tell(shipment({**placed, "legacyResourceId": ""}, (MUG, 1), number="2"))
    assert event.reason_code == "not_found" and "#X" in event.sentence
    event = stage.tell(shipment({**placed, "legacyResourceId": "", "name": ""}, (MUG, 1), number="3"))
    assert event.reason == Reason.PAYLOAD


def test_an_order_named_as_people_see_it_is_found(stage):
    stage.route()
    placed = stage.place((MUG, 1))
    stage.vendor.control("clock", advance=5)
    event = stage.tell(shipment(placed, (MUG, 1), order_id=""))
    assert event.outcome == Outcome.SUCCEEDED and stage.shipped(placed), texts(event)


def test_a_sku_that_stands_twice_on_the_order_fills_its_lines_in_turn(stage):
    stage.route()
    placed = stage.place((MUG, 1), (MUG, 2))
    stage.tell(shipment(placed, (MUG, 1), number="SH-1"))
    stage.tell(shipment(placed, (MUG, 2), number="SH-2"))
    lines = [line["id"] for line in stage.inside.orders[placed["id"]]["lineItems"]]
    rows = [
        [(row["lineItem"]["id"], row["quantity"]) for row in one["fulfillmentLineItems"]]
        for one in stage.shipped(placed)
    ]
    assert rows == [[(lines[0], 1)], [(lines[1], 2)]]


def test_a_line_named_by_its_id_is_taken_and_not_the_first_of_its_sku(stage):
    stage.route()
    placed = stage.place((MUG, 1), (MUG, 1))
    second = stage.inside.orders[placed["id"]]["lineItems"][1]["id"].rpartition("/")[2]
    line = UnitLine(sku=MUG, quantity=Decimal(1), order_line_id=second)
    stage.tell(shipment(placed, lines=(line,)))
    assert stage.shipped(placed)[0]["fulfillmentLineItems"][0]["lineItem"]["id"].endswith(second)


def bundle(stage, placed, *, sets: int) -> None:
    """Make the order's lines the components of a bundle sold as SET-1."""
    group = {"id": "gid://shopify/LineItemGroup/9", "title": "Set", "quantity": sets, "variantSku": "SET-1"}
    for line in stage.inside.orders[placed["id"]]["lineItems"]:
        line["lineItemGroup"] = group


def test_a_bundle_is_shipped_by_its_own_sku_or_by_its_components(stage):
    stage.route()
    placed = stage.place((MUG, 4), (TONER, 2))
    bundle(stage, placed, sets=2)
    event = stage.tell(shipment(placed, ("SET-1", 1), number="SH-1"))
    assert event.outcome == Outcome.SUCCEEDED, texts(event)
    assert [row["quantity"] for row in stage.shipped(placed)[0]["fulfillmentLineItems"]] == [2, 1]
    stage.tell(shipment(placed, (MUG, 2), (TONER, 1), number="SH-2"))
    assert stage.state(placed) == [("Kiel", "CLOSED", 0)]


def test_more_bundles_than_were_ordered_are_too_many(stage):
    stage.route()
    placed = stage.place((MUG, 2), (TONER, 1))
    bundle(stage, placed, sets=1)
    event = stage.tell(shipment(placed, ("SET-1", 2)))
    assert "too_many" in notes(event) and stage.state(placed) == [("Kiel", "CLOSED", 0)], texts(event)


def test_an_order_of_500_lines_is_read_whole_and_shipped_in_calls_shopify_takes(stage):
    stage.route()
    placed = stage.place(*((f"SKU-{number}", 1) for number in range(500)))
    event = stage.tell(shipment(placed, *((f"SKU-{number}", 1) for number in range(500))))
    assert event.outcome == Outcome.SUCCEEDED, texts(event)
    assert [one["totalQuantity"] for one in stage.shipped(placed)] == [250, 250]
    assert stage.state(placed) == [("Kiel", "CLOSED", 0)]


def test_a_lost_answer_in_the_middle_of_500_lines_ships_each_once(stage):
    stage.route()
    placed = stage.place(*((f"SKU-{number}", 1) for number in range(500)))
    lose(stage, "HubShip")
    stage.tell(shipment(placed, *((f"SKU-{number}", 1) for number in range(500))))
    event = stage.again()
    assert event.outcome == Outcome.SUCCEEDED, texts(event)
    assert [one["totalQuantity"] for one in stage.shipped(placed)] == [250, 250]


def test_an_order_of_more_fulfillment_orders_than_a_page_is_read_and_shipped_whole(stage):
    stage.route()
    level(stage, MUG, Kiel=99)
    placed = stage.place((MUG, 30))
    order = stage.inside.orders[placed["id"]]
    for _ in range(29):
        one = fulfillment_orders_of(stage.inside, order)[-1]
        lines = [{"id": one["lineItems"][0]["id"], "quantity": 1}]
        sandbox_holds.split(stage.inside, one, lines, stage.vendor.app.now(), keeps_given=True)
    assert len(stage.state(placed)) == 30
    event = stage.tell(shipment(placed, (MUG, 30)))
    assert event.outcome == Outcome.SUCCEEDED, texts(event)
    assert [one["totalQuantity"] for one in stage.shipped(placed)] == [30]


# --- holds and the clock --------------------------------------------------------------------------------------------


def test_held_goods_wait_until_the_hold_is_released(stage):
    stage.route(release_holds=True)
    placed = stage.place((MUG, 1))
    stage.vendor.control("fulfillment", order=placed["name"], do="hold")  # of another app: never released by the hub
    event = stage.tell(shipment(placed, (MUG, 1)))
    assert (event.outcome, event.reason) == (Outcome.WAITING, Reason.DEPENDENCY), texts(event)
    stage.vendor.control("fulfillment", order=placed["name"], do="release")
    assert stage.again().outcome == Outcome.SUCCEEDED


def test_the_hubs_own_hold_is_released_where_the_route_says_so(stage):
    route = stage.route()
    placed = stage.place((MUG, 1))
    stage.vendor.control("fulfillment", order=placed["name"], do="hold", handle="erp", is_own=True)
    assert stage.tell(shipment(placed, (MUG, 1))).outcome == Outcome.WAITING
    route.options = {"release_holds": True}
    route.save()
    event = stage.again()
    assert event.outcome == Outcome.SUCCEEDED and "hold_released" in notes(event), texts(event)


def test_scheduled_goods_wait_or_are_opened(stage):
    route = stage.route()
    placed = stage.place((MUG, 1))
    stage.vendor.control("fulfillment", order=placed["name"], do="schedule")
    event = stage.tell(shipment(placed, (MUG, 1)))
    assert event.reason == Reason.DEPENDENCY and "scheduled" in event.sentence
    route.options = {"open_scheduled": True}
    route.save()
    assert stage.again().outcome == Outcome.SUCCEEDED


def meanwhile(monkeypatch, act) -> None:
    """Something happens in the shop between the hub's reading and its first call."""
    plain, done = shipping.calls.ship, []

    def ship(*given: Any) -> Any:
        if not done:
            done.append(act())
        return plain(*given)

    monkeypatch.setattr(shipping.calls, "ship", ship)


def test_a_move_a_hold_or_a_shipment_meanwhile_is_noticed(stage, monkeypatch):
    stage.route()
    do = stage.vendor.control
    placed = stage.place((MUG, 2))
    row = stage.inside.table("FulfillmentOrder")[stage.inside.orders[placed["id"]]["fulfillmentOrderIds"][0]]
    lines = [{"id": row["lineItems"][0]["id"], "quantity": 1}]
    meanwhile(monkeypatch, lambda: do("fulfillment", order=placed["name"], do="move", to="Hamburg", lines=lines))
    event = stage.tell(shipment(placed, (MUG, 2), number="SH-1"))
    assert event.outcome == Outcome.SUCCEEDED, texts(event)
    assert sorted(one["location"]["name"] for one in stage.shipped(placed)) == ["Hamburg", "Kiel"]

    held = stage.place((MUG, 1))
    meanwhile(monkeypatch, lambda: do("fulfillment", order=held["name"], do="hold"))
    event = stage.tell(shipment(held, (MUG, 1), number="SH-2"))
    assert event.reason == Reason.DEPENDENCY and not stage.shipped(held), texts(event)
    Event.objects.all().delete()

    gone = stage.place((MUG, 1))
    meanwhile(monkeypatch, lambda: do("fulfillment", order=gone["name"], do="ship"))
    event = stage.tell(shipment(gone, (MUG, 1), number="SH-3"))
    assert event.reason_code == "nothing_open" and len(stage.shipped(gone)) == 1, texts(event)


def test_a_refusal_shopify_gives_no_reason_to_read_again_for_is_passed_on(stage):
    stage.route()
    placed = stage.place((MUG, 1))
    stage.vendor.control("fault", kind="user_error", operation="HubShip", message="The moon is full.")
    event = stage.tell(shipment(placed, (MUG, 1)))
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.REFUSED) and "moon" in event.sentence
    assert stage.retry_by_hand(event).outcome == Outcome.SUCCEEDED


# --- carriers and options -------------------------------------------------------------------------------------------


def test_a_carrier_is_mapped_spelled_exactly_or_given_a_link(stage):
    stage.route()
    stage.map("carrier", DHLX="dhl express")
    stage.map("tracking_link", Velo="https://velo.example/?n={number}")
    placed = stage.place((MUG, 4))
    cases = [("DHLX", set()), ("Velo", set()), ("Unheard of", {"no_link"})]
    for number, (carrier, said) in enumerate(cases):
        more = {"carrier": carrier, "tracking_numbers": (f"N {number}",)}
        assert notes(stage.tell(shipment(placed, (MUG, 1), number=str(number), **more))) & {"no_link"} == said
    shown = [(one["trackingInfo"][0]["company"], one["trackingInfo"][0]["url"]) for one in stage.shipped(placed)]
    assert shown[0][0] == "DHL Express" and shown[0][1]
    assert shown[1] == ("Velo", "https://velo.example/?n=N%201") and shown[2] == ("Unheard of", None)


@pytest.mark.parametrize(
    ("option", "wish", "sent"),
    [("record", None, 1), ("record", False, 0), ("always", False, 1), ("never", True, 0)],
)
def test_the_customer_is_told_as_the_route_says(stage, option, wish, sent):
    stage.route(notify_customer=option)
    placed = stage.place((MUG, 1))
    stage.tell(shipment(placed, (MUG, 1), notify_customer=wish))
    assert stage.shipped(placed)[0]["noticesSent"] == sent


def test_a_route_may_wait_for_a_tracking_number(stage):
    stage.route(without_tracking=False)
    placed = stage.place((MUG, 1))
    event = stage.tell(shipment(placed, (MUG, 1)))
    assert (event.outcome, event.reason_code) == (Outcome.SKIPPED, "no_tracking")
    assert stage.tell(shipment(placed, (MUG, 1), **UPS)).outcome == Outcome.SUCCEEDED


# --- whose is it ----------------------------------------------------------------------------------------------------


def test_two_shipments_in_one_parcel_are_two_fulfillments(stage):
    stage.route()
    placed = stage.place((MUG, 2))
    for number in ("SH-1", "SH-2"):
        stage.tell(shipment(placed, (MUG, 1), number=number, **UPS))
    assert [one["totalQuantity"] for one in stage.shipped(placed)] == [1, 1]


def test_what_a_person_shipped_after_a_call_that_never_arrived_is_not_taken_for_ours(stage):
    stage.route()
    placed = stage.place((MUG, 3))
    stage.vendor.control("fault", kind="drop", operation="HubShip")
    stage.tell(shipment(placed, (MUG, 1)))
    stage.vendor.control("fulfillment", order=placed["name"], do="ship", units={MUG: 2})
    event = stage.again()
    assert event.outcome == Outcome.SUCCEEDED and "found_existing" not in notes(event), texts(event)
    assert [one["totalQuantity"] for one in stage.shipped(placed)] == [2, 1]


def test_a_shipment_waits_while_another_of_its_order_has_no_answer_yet(stage, monkeypatch):
    monkeypatch.setattr(settling, "SETTLE", timedelta(minutes=1))
    stage.route()
    placed = stage.place((MUG, 2))
    lose(stage, "HubShip")
    stage.tell(shipment(placed, (MUG, 1), number="SH-1"))
    Event.objects.filter(outcome=Outcome.WAITING).update(outcome=Outcome.FAILED)
    event = stage.tell(shipment(placed, (MUG, 1), number="SH-2"))
    assert (event.outcome, event.reason) == (Outcome.WAITING, Reason.DEPENDENCY), texts(event)
    assert len(stage.shipped(placed)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_ship_two_parts_of_one_order_once_each(committed, stage):
    stage.route()
    placed = stage.place((MUG, 5))
    for number in ("SH-1", "SH-2"):
        routing.deliver(stage.source, an_event(stage.source, "told"), shipment(placed, (MUG, 2), number=number))
    Event.objects.filter(connector_id=stage.source.pk).delete()
    first, second = claim(stage.shop, limit=2)
    results = together(lambda: jobs.run(first), lambda: jobs.run(second))
    assert finish(results) == {first.pk, second.pk}
    while Event.objects.filter(outcome__in=[Outcome.WAITING, Outcome.QUEUED]).exists():
        stage.again()
    assert [one["totalQuantity"] for one in stage.shipped(placed)] == [2, 2]
    assert stage.state(placed) == [("Kiel", "IN_PROGRESS", 1)]
