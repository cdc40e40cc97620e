"""Fulfillment orders and shipments out of a shop: by delivery, by a walk, and never the hub's own shipments."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors import jobs, registry
from connectors.base import Accept, Delivered, Provider
from connectors.models import Connector, Route
from connectors.records import FulfillmentOrder, Shipment
from connectors.shopify import topics
from connectors.shopify.declarations.shipping import HANDLERS
from connectors.shopify.sandbox import shipping_news
from connectors.shopify.sandbox.routing import fulfillment_orders_of
from connectors.shopify.webhooks import TOPIC, identify
from events.models import Event, Kind, Outcome, Reason
from events.outcomes import finish
from tests.cast import an_event, claim
from tests.connectors.shopify.shipping_cast import Stage, a_connector, a_stage, shipment, texts

pytestmark = pytest.mark.django_db
MUG = "MUG-BLU-350"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a provider that has none."""


@pytest.fixture
def stage(vendor, monkeypatch) -> Stage:
    """A shop that tells, and a warehouse that takes what it is told."""
    took: list[Any] = []

    def take(run: Any, one: Any) -> Delivered:
        took.append(one)
        return Delivered(target_id=one.id, target_number=one.number)

    accept = Accept(function=take)
    sink = Provider(slug="sink", label="Sink", settings=Settings, accepts={FulfillmentOrder: accept, Shipment: accept})
    monkeypatch.setitem(registry._providers, "sink", sink)
    made = a_stage(vendor)
    made.took = took  # type: ignore[attr-defined]
    target = a_connector("Store room", "sink", {})
    for kind in ("fulfillment_order", "shipment"):
        Route.objects.create(source=made.shop, target=target, record_kind=kind, options={})
    return made


def hear(stage: Stage, topic: str, payload: dict[str, Any]) -> Event:
    """The shop says something; the hub acts on it, and on what follows."""
    event = an_event(stage.shop, topic, payload=json.dumps(payload).encode())
    work(stage.shop)
    drain()
    return Event.objects.get(pk=event.pk)


def work(connector: Any) -> None:
    while taken := claim(connector, limit=1):
        finish([jobs.run(taken[0])])


def drain() -> None:
    for connector in Connector.objects.all():
        work(connector)


def about(stage: Stage, placed: dict[str, Any]) -> dict[str, Any]:
    one = fulfillment_orders_of(stage.inside, stage.inside.orders[placed["id"]])[0]
    return {"fulfillment_order": {"id": one["id"], "status": "open"}}


def made_by_hand(stage: Stage, placed: dict[str, Any], **more: Any) -> dict[str, Any]:
    stage.vendor.control("fulfillment", order=placed["name"], do="ship", **more)
    return shipping_news.shipment_payload(stage.inside, stage.shipped(placed)[-1])


def test_a_routed_order_is_read_and_every_fulfillment_order_of_it_handed_on(stage):
    item = stage.inside.variant(MUG)["inventoryItem"]
    for one in stage.inside.table("Location").values():
        stage.inside.stock[item, one["id"]]["available"] = 1
    placed = stage.place((MUG, 2), shipping={"title": "Express", "code": "HUB_EXPRESS", "price": "4.95"})
    event = hear(stage, "fulfillment_orders/order_routing_complete", about(stage, placed))
    assert event.outcome == Outcome.SUCCEEDED, texts(event)
    assert event.object_label == placed["name"]
    first, second = stage.took
    assert (first.location_name, second.location_name) == ("Kiel", "Hamburg")
    assert first.status == "open" and first.order_name == placed["name"] and first.source.endswith("myshopify.com")
    assert first.delivery.code == "HUB_EXPRESS" and first.delivery.kind == "shipping"
    assert [(line.sku, line.quantity, line.remaining) for line in first.lines] == [(MUG, Decimal(1), Decimal(1))]
    assert first.destination.city == "Kiel" and first.destination.country_code == "DE"


@pytest.mark.parametrize(
    ("do", "topic", "status"),
    [("hold", "placed_on_hold", "on_hold"), ("schedule", "rescheduled", "scheduled"), ("ship", "moved", "closed")],
)
def test_a_change_is_handed_on_and_what_is_the_same_is_not(stage, do, topic, status):
    placed = stage.place((MUG, 2))
    hear(stage, "fulfillment_orders/order_routing_complete", about(stage, placed))
    hear(stage, "fulfillment_orders/order_routing_complete", about(stage, placed))
    assert len(stage.took) == 1
    stage.vendor.control("fulfillment", order=placed["name"], do=do)
    hear(stage, f"fulfillment_orders/{topic}", about(stage, placed))
    assert [one.status for one in stage.took if isinstance(one, FulfillmentOrder)] == ["open", status]


def test_a_hold_is_handed_on_with_its_reason(stage):
    placed = stage.place((MUG, 2))
    stage.vendor.control("fulfillment", order=placed["name"], do="hold", reason="INCORRECT_ADDRESS", is_own=True)
    hear(stage, "fulfillment_holds/added", about(stage, placed))
    (hold,) = stage.took[0].holds
    assert (hold.reason, hold.is_own) == ("incorrect_address", True)


def test_a_fulfillment_order_of_500_lines_is_handed_on_whole(stage):
    placed = stage.place(*((f"SKU-{number}", 1) for number in range(500)))
    hear(stage, "fulfillment_orders/order_routing_complete", about(stage, placed))
    assert len(stage.took[0].lines) == 500


def test_a_fulfillment_order_that_is_gone_or_not_visible_is_skipped(stage):
    missing = {"fulfillment_order": {"id": "gid://shopify/FulfillmentOrder/1"}}
    assert hear(stage, "fulfillment_orders/merged", missing).reason_code == "not_found"
    placed = stage.place((MUG, 1))
    said = about(stage, placed)
    stage.vendor.control("scopes", scopes=["read_orders"])
    event = hear(stage, "fulfillment_orders/moved", said)
    assert event.reason == Reason.CONFIGURATION and "merchant_managed" in event.sentence


@pytest.mark.parametrize("payload", [{}, {"fulfillment_order": None}, {"order_id": "x"}, {"fulfillment_order": "1"}])
def test_a_delivery_that_names_none_is_a_payload_error(stage, payload):
    assert hear(stage, "fulfillment_orders/split", payload).reason == Reason.PAYLOAD


def test_a_shipment_made_in_the_shop_is_handed_on(stage):
    placed = stage.place((MUG, 2))
    said = made_by_hand(stage, placed, units={MUG: 1}, tracking={"company": "UPS", "numbers": ["1Z1"]})
    assert hear(stage, "fulfillments/create", said).outcome == Outcome.SUCCEEDED
    (one,) = stage.took
    assert (one.carrier, one.tracking_numbers, one.order_name) == ("UPS", ("1Z1",), placed["name"])
    assert [(line.sku, line.quantity) for line in one.lines] == [(MUG, Decimal(1))] and one.status == "shipped"
    stage.vendor.control("fulfillment", order=placed["name"], do="cancel")
    hear(stage, "fulfillments/update", said)
    assert stage.took[-1].status == "cancelled" and stage.took[-1].id == one.id


def test_a_shipment_the_hub_made_does_not_come_back(stage):
    stage.route()
    placed = stage.place((MUG, 1))
    stage.tell(shipment(placed, (MUG, 1)))
    said = shipping_news.shipment_payload(stage.inside, stage.shipped(placed)[0])
    event = hear(stage, "fulfillments/create", said)
    assert (event.outcome, event.reason_code) == (Outcome.SKIPPED, "own") and stage.took == []


def test_while_the_hub_ships_the_order_it_is_not_known_whose_a_shipment_is(stage, monkeypatch):
    stage.route()
    placed = stage.place((MUG, 2))
    stage.vendor.control("fault", kind="drop_after_commit", operation="HubShip")
    stage.tell(shipment(placed, (MUG, 1)))
    said = shipping_news.shipment_payload(stage.inside, stage.shipped(placed)[0])
    event = hear(stage, "fulfillments/create", said)
    assert (event.outcome, event.reason) == (Outcome.WAITING, Reason.DEPENDENCY), texts(event)
    Event.objects.filter(kind=Kind.DELIVERY).delete()
    monkeypatch.setattr("connectors.shopify.fulfillment.UNDER_WAY", timedelta(0))
    assert hear(stage, "fulfillments/create", said).outcome == Outcome.SUCCEEDED


def test_a_shipment_that_is_gone_or_unnamed_is_said(stage):
    assert hear(stage, "fulfillments/create", {"id": 1}).reason_code == "not_found"
    assert hear(stage, "fulfillments/create", {"id": {}}).reason == Reason.PAYLOAD


# --- the walk -------------------------------------------------------------------------------------------------------


def walk(stage: Stage) -> Event:
    return hear(stage, "sync:fulfillment_orders", {})


def test_the_walk_reads_what_deliveries_missed_once_with_its_own_watermark(stage):
    placed = stage.place((MUG, 2), minutes_ago=30)
    stage.vendor.control("clock", advance=600)
    made_by_hand(stage, placed, units={MUG: 1})
    stage.vendor.control("clock", advance=-600)
    one = fulfillment_orders_of(stage.inside, stage.inside.orders[placed["id"]])[0]
    one["updatedAt"] = stage.inside.orders[placed["id"]]["createdAt"]
    assert walk(stage).outcome == Outcome.SUCCEEDED
    mine = [got for got in stage.took if got.order_name == placed["name"]]
    assert {type(got).__name__ for got in mine} == {"FulfillmentOrder", "Shipment"}
    assert "fulfillment" in stage.shop.__class__.objects.get(pk=stage.shop.pk).memory
    count = len(stage.took)
    event = walk(stage)
    assert event.sentence.startswith("Fulfillment orders of 0 orders") and len(stage.took) == count, texts(event)


def test_the_walk_does_nothing_where_nobody_takes_it(stage):
    Route.objects.all().update(is_enabled=False)
    assert walk(stage).reason == Reason.NOT_ROUTED


# --- identities -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("topic", "body", "found"),
    [
        ("fulfillment_orders/moved", {"original_fulfillment_order": {"id": "gid://shopify/FulfillmentOrder/71001"}},
         ("fulfillment_order", "71001")),
        ("fulfillment_holds/added", {"fulfillment_order": {"id": "gid://shopify/FulfillmentOrder/71001"}},
         ("fulfillment_order", "71001")),
        ("fulfillment_orders/merged", {"fulfillment_order_merges": []}, ("", "")),
        ("fulfillment_orders/merged",
         {"fulfillment_order_merges": [{"fulfillment_order": {"id": "gid://shopify/FulfillmentOrder/71001"}}]},
         ("fulfillment_order", "71001")),
        ("fulfillment_orders/split", None, ("", "")),
        ("fulfillments/create", {"id": 5, "name": "#1.1", "order_id": 7}, ("shipment", "5")),
        ("locations/delete", {"id": 61001}, ("location", "61001")),
    ],
)  # fmt: skip
def test_a_delivery_says_what_it_is_about(topic, body, found):
    one = identify({TOPIC: topic}, body)
    assert (one.object_type, one.object_id) == found


def test_routes_make_the_shop_be_asked_for_the_topics_of_shipping(stage):
    handled = stage.shop.provider.handlers
    settings = stage.shop.load_settings()
    out = {one.name for one in topics.wanted({"fulfillment_order", "shipment"}, (), settings, handled)}
    assert out >= {name for name in HANDLERS if name.startswith("fulfillment")}
    into = {one.name for one in topics.wanted((), {"shipment"}, settings, handled)}
    assert "locations/update" in into and "fulfillments/create" not in into
