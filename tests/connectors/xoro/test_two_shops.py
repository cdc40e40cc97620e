"""Two shops on one tenant and one connector: what Xoro tells of an order goes to the shop the order came from."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.models import DirectoryEntry, Link, Route
from connectors.xoro import documents
from events.models import Outcome, Reason
from tests.connectors.xoro.shipping_cast import LAMP, MUG, House, a_house

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(sandbox: Any, install: Any, monkeypatch: pytest.MonkeyPatch) -> House:
    return a_house(sandbox, install, monkeypatch)


@pytest.fixture
def outlet(house: House, install: Any) -> House:
    return house.second(install)


def told(house: House) -> list[tuple[str, str]]:
    """Who was told of which order."""
    events = house.of("shipment/deliver")
    return sorted(
        (event.connector_name, record["order_id"]) for event, record in zip(events, house.records(), strict=True)
    )


def test_each_shop_hears_of_the_shipments_of_its_own_orders_only(house: House, outlet: House) -> None:
    of_lumen, of_outlet = house.order((LAMP, 2)), outlet.order((MUG, 1))
    house.ship(of_lumen, tracking="1Z1")
    house.ship(of_outlet, tracking="1Z2")
    house.tell()
    assert told(house) == [
        ("Example Outlet", of_outlet["legacyResourceId"]), ("Lumen Goods", of_lumen["legacyResourceId"])
    ], house.say()  # fmt: skip
    assert all(event.outcome == Outcome.SUCCEEDED for event in house.told), house.say()
    assert len(house.made()) == 2


def test_a_shop_without_a_route_for_shipments_is_not_replaced_by_the_other(house: House, outlet: House) -> None:
    Route.objects.filter(target=house.shop, record_kind="shipment").delete()
    house.ship(house.order(), tracking="1Z1")
    house.tell()
    (held,) = house.of("single:fulfillment")
    assert (held.outcome, held.reason) == (Outcome.SKIPPED, Reason.NOT_ROUTED), house.say()
    assert "Lumen Goods" in held.sentence
    assert house.of("shipment/deliver") == []


def test_an_order_the_ledger_does_not_know_goes_where_others_of_its_shop_came_from(house: House, outlet: House) -> None:
    """Sent by the vendor's own app before the hub was there, say."""
    outlet.order()
    house.order()
    placed = house.order((MUG, 1))
    Link.objects.filter(source_object_id=placed["legacyResourceId"]).delete()
    DirectoryEntry.objects.filter(kind=documents.KIND, object_id__startswith=placed["legacyResourceId"]).delete()
    house.ship(placed, tracking="1Z1")
    house.tell()
    assert told(house) == [("Lumen Goods", placed["legacyResourceId"])], house.say()


def test_where_nothing_is_known_every_route_is_told(house: House, outlet: House) -> None:
    placed = house.order()
    Link.objects.all().delete()
    house.ship(placed, tracking="1Z1")
    house.tell()
    assert [name for name, _ in told(house)] == ["Example Outlet", "Lumen Goods"], house.say()


def test_who_sends_no_orders_hears_of_every_shipment(house: House, outlet: House) -> None:
    Route.objects.filter(source=outlet.shop, record_kind="order").delete()
    house.ship(house.order(), tracking="1Z1")
    house.tell()
    assert [name for name, _ in told(house)] == ["Example Outlet", "Lumen Goods"], house.say()
