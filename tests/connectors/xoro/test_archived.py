"""An order the merchant archived in the shop while it was on its way: what ships of it is fulfilled all the same."""

from __future__ import annotations

from typing import Any

import pytest

from connectors import syncing
from events.models import Event, Outcome
from tests.connectors.xoro.shipping_cast import House, a_house

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(sandbox: Any, install: Any, monkeypatch: pytest.MonkeyPatch) -> House:
    return a_house(sandbox, install, monkeypatch)


def archive(house: House, placed: dict[str, Any]) -> None:
    house.sandbox.post("/shopify/_sandbox/order", {"shop": house.domain, "change": placed["name"], "close": True})


def test_an_archived_order_is_fulfilled_when_it_ships(house: House) -> None:
    placed = house.order()
    archive(house, placed)
    house.ship(placed, tracking="1Z9")
    house.tell()
    (told,) = house.of("shipment/deliver")
    assert told.outcome == Outcome.SUCCEEDED, house.say()
    assert len(house.made()) == 1


def test_archiving_changes_nothing_in_xoro(house: House) -> None:
    placed = house.order()
    archive(house, placed)
    before = house.books()["orders"]
    syncing.start_single(house.shop, "order", placed["name"], by="ada")
    house.told = house.drain()
    assert house.books()["orders"] == before, house.say()
    assert all(event.outcome != Outcome.FAILED for event in house.told), house.say()


def test_where_the_shop_refuses_the_event_names_the_order_and_a_retry_does_it(house: House) -> None:
    placed = house.order()
    archive(house, placed)
    house.ship(placed, tracking="1Z9")
    house.sandbox.post("/shopify/_sandbox/fault", {"kind": "user_error", "operation": "HubShip"})
    house.tell()
    (told,) = house.of("shipment/deliver")
    assert told.outcome == Outcome.FAILED, house.say()
    assert f"order {placed['name']}" in told.next_step
    Event.objects.filter(pk=told.pk).update(outcome=Outcome.QUEUED, attempts=0)
    house.told = house.drain()
    assert len(house.made()) == 2, house.say()
