"""Where lines of an order ship from, and what has left: read where the connector says so, beside the order's meaning."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from connectors import jobs, registry
from connectors.base import Accept, Delivered, Provider
from connectors.models import Route
from connectors.records import Order
from connectors.run import Run
from connectors.shopify.origins import with_origins
from events.models import Event, Outcome
from events.outcomes import finish
from tests.cast import an_event, claim
from tests.connectors.shopify.shipping_cast import Stage, a_connector, a_stage, texts

pytestmark = pytest.mark.django_db
MUG = "MUG-BLU-350"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a provider that has none."""


@pytest.fixture
def stage(vendor, monkeypatch) -> Stage:
    """A shop, and a target that keeps the orders it is told of."""
    took: list[Order] = []

    def take(run: Any, one: Order) -> Delivered:
        took.append(one)
        return Delivered(target_id=one.id, target_number=one.number)

    sink = Provider(slug="sink", label="Sink", settings=Settings, accepts={Order: Accept(function=take)})
    monkeypatch.setitem(registry._providers, "sink", sink)
    made = a_stage(vendor)
    made.took = took  # type: ignore[attr-defined]
    target = a_connector("Store room", "sink", {})
    Route.objects.create(source=made.shop, target=target, record_kind="order", options={})
    made.target = target  # type: ignore[attr-defined]
    item = made.inside.variant(MUG)["inventoryItem"]
    for one in made.inside.table("Location").values():
        made.inside.stock[item, one["id"]]["available"] = 1
    return made


def read(stage: Stage, placed: dict[str, Any], **settings: Any) -> tuple[Event, Order | None]:
    stage.shop.settings |= settings
    stage.shop.save()
    event = an_event(stage.shop, "orders/create", payload=json.dumps({"id": int(placed["legacyResourceId"])}).encode())
    for connector in (stage.shop, stage.target):  # type: ignore[attr-defined]
        for one in claim(connector, limit=5):
            finish([jobs.run(one)])
    took: list[Order] = stage.took  # type: ignore[attr-defined]
    return Event.objects.get(pk=event.pk), took[-1] if took else None


def test_each_line_says_where_its_units_ship_from(stage):
    placed = stage.place((MUG, 2))
    event, order = read(stage, placed, reads_locations=True)
    assert event.outcome == Outcome.SUCCEEDED, texts(event)
    places = [(one.location_name, one.quantity) for one in order.lines[0].places]
    assert places == [("Kiel", Decimal(1)), ("Hamburg", Decimal(1))]
    assert all(one.location_id.isdigit() for one in order.lines[0].places)
    assert order.fulfillments == ()


def test_what_has_left_is_named_with_its_place_and_units(stage):
    placed = stage.place((MUG, 2))
    stage.vendor.control("fulfillment", order=placed["name"], do="ship")
    _, order = read(stage, placed, reads_locations=True)
    assert sum(units for one in order.fulfillments for _, units in one.units) >= 1
    assert {line_id for one in order.fulfillments for line_id, _ in one.units} == {order.lines[0].id}
    assert all(one.location_id for one in order.fulfillments)


def test_nothing_more_is_asked_where_the_connector_does_not_say_so(stage):
    event, order = read(stage, stage.place((MUG, 2)))
    assert order.lines[0].places == ()
    operations = [one.endpoint for one in event.requests.all() if "graphql" in one.endpoint]
    assert len(operations) == 2  # the order, and its money


def test_places_never_make_an_order_look_changed(stage):
    placed = stage.place((MUG, 2))
    _, without = read(stage, placed)
    found = with_origins(Run(stage.shop, None).client, without, placed["id"])
    assert found.lines[0].places
    assert found.fingerprint() == without.fingerprint()


def test_a_missing_scope_is_named(stage):
    placed = stage.place((MUG, 2))
    stage.vendor.control("scopes", scopes=["read_orders", "read_customers", "read_products", "read_payment_terms",
                                           "read_locations"])  # fmt: skip
    event, order = read(stage, placed, reads_locations=True)
    assert order is None
    assert "merchant_managed" in event.sentence, texts(event)
