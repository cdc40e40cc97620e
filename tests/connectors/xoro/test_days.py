"""What a person asks Xoro for by days: shipments by the day the goods left, products by the day of their last change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connectors import periods, syncing
from connectors.models import Connector, DirectoryEntry, Link, Route
from connectors.xoro import days, documents, walks
from events.models import Event, Outcome
from tests.connectors.xoro.shipping_cast import LAMP, MUG, House, a_house
from tests.connectors.xoro.stock_cast import run_waiting

pytestmark = pytest.mark.django_db
OLD = date(2026, 3, 1)


@pytest.fixture
def house(sandbox: Any, install: Any, monkeypatch: pytest.MonkeyPatch) -> House:
    return a_house(sandbox, install, monkeypatch)


def shipped_on(house: House, day: date, sku: str = MUG) -> dict[str, Any]:
    house.control("clock", at=f"{day}T12:00:00+00:00")
    placed = house.order((sku, 1))
    house.ship(placed, tracking="1Z1")
    house.control("clock", at=datetime.now(UTC).isoformat())
    return placed


def bring(house: House, first: date, last: date, **more: Any) -> Event:
    event_id = syncing.start_period(house.xoro, "shipments", first, last, by="sam", **more)
    house.told = house.drain()
    return Event.objects.get(pk=event_id)


def forget(placed: dict[str, Any]) -> None:
    """The order was sent by somebody before the hub."""
    Link.objects.filter(source_object_id=placed["legacyResourceId"]).delete()
    DirectoryEntry.objects.filter(kind=documents.KIND, object_id__startswith=placed["legacyResourceId"]).delete()


def test_shipments_of_the_days_asked_for_are_told_and_no_others(house: House) -> None:
    for day in (OLD - timedelta(days=1), OLD, OLD + timedelta(days=1), OLD + timedelta(days=2)):
        shipped_on(house, day)
    event = bring(house, OLD, OLD + timedelta(days=1))
    assert event.sentence == "2 invoices shipped from 2026-03-01 to 2026-03-02; each has an event of its own."
    assert len(house.made()) == 2, house.say()
    assert "days" not in house.xoro.memory or house.xoro.memory["days"] == {}


def test_brought_in_twice_the_shop_has_one_fulfillment(house: House) -> None:
    shipped_on(house, OLD)
    bring(house, OLD, OLD)
    bring(house, OLD, OLD)
    (again,) = house.of("shipment/deliver")
    assert (again.outcome, again.reason) == (Outcome.SKIPPED, "unchanged"), house.say()
    house.tell()
    assert len(house.made()) == 1, house.say()


def test_what_left_before_the_integration_is_told_only_where_somebody_says_so(house: House) -> None:
    forget(shipped_on(house, OLD))
    (start,) = [one for one in periods.starts(periods.ways(house.xoro)) if one.what == "shipments"]
    assert start.at.date() == house.xoro.created_at.date() - timedelta(days=1)
    bring(house, OLD, OLD)
    (left_out,) = house.of("single:fulfillment")
    assert (left_out.outcome, left_out.reason_code) == (Outcome.SKIPPED, "before_start"), house.say()
    assert house.made() == []
    bring(house, OLD, OLD, is_forced=True)
    assert len(house.made()) == 1, house.say()
    assert {one.forced_by for one in house.told} == {"sam"}


def test_a_long_list_is_put_down_and_taken_up_again_without_telling_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(3):
        shipped_on(house, OLD + timedelta(days=day), LAMP)
    house.control("config", page_size=1)
    monkeypatch.setattr(walks, "PAGES_AT_ONCE", 1)
    begun = []
    monkeypatch.setattr(days, "_memory", lambda run, known=days._memory: begun.append(run) or known(run))
    event = bring(house, OLD, OLD + timedelta(days=9))
    assert event.outcome == Outcome.SUCCEEDED, house.say()
    assert event.sentence.startswith("3 invoices shipped")
    assert len(begun) > 3
    assert len(house.made()) == 3, house.say()
    house.xoro.refresh_from_db()
    assert house.xoro.memory["days"] == {}


def test_the_page_offers_shipments_by_number_and_by_days(house: House) -> None:
    [way] = [one for one in periods.ways(house.shop) if one.kind == "shipment"]
    assert (way.source, way.single, way.period) == (house.xoro, "fulfillment", "shipments")
    count, why_not = periods.count(way, OLD, OLD, by="sam")
    assert (count, "Xoro does not count them beforehand" in why_not) == (None, True)


# --- products -------------------------------------------------------------------------------------------------------


@pytest.fixture
def xoro(install: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Connector:
    monkeypatch.setattr("connectors.budgets.spend", lambda *given: None)
    made: Connector = install("xoro", product_direction="xoro_to_shopify")
    Route.objects.create(source=made, target=install("shopify"), record_kind="product", options={})
    return made


def changed_at(sandbox: Any, number: str, moment: str) -> None:
    sandbox.post("/xoro/_sandbox/clock", {"at": f"{moment}+00:00"})
    sandbox.post("/xoro/_sandbox/product", {"number": number, "members": {"Vendor": "Lumen"}, "variants": {}})
    sandbox.post("/xoro/_sandbox/clock", {"at": datetime.now(UTC).isoformat()})


def products_of(xoro: Connector, first: date, last: date) -> tuple[Event, list[Event]]:
    event_id = syncing.start_period(xoro, "products", first, last, by="sam")
    run_waiting(xoro)
    return Event.objects.get(pk=event_id), list(Event.objects.filter(parent_id=event_id))


def test_products_changed_last_on_the_days_asked_for_are_handed_on_whatever_was_before(
    xoro: Connector, sandbox: Any
) -> None:
    for number, moment in (("MUG", "2026-05-09T23:59:59"), ("DESK", "2026-05-10T00:00:00"),
                           ("TONER", "2026-05-11T00:00:00")):  # fmt: skip
        changed_at(sandbox, number, moment)
    day = date(2026, 5, 10)
    for _ in range(2):
        event, made = products_of(xoro, day, day)
        assert event.sentence.startswith("1 product was changed last from 2026-05-10"), event.sentence
        assert [(one.object_label, one.outcome) for one in made] == [("Desk", Outcome.SUCCEEDED)]
    assert Event.objects.filter(topic="product/deliver").count() == 2


def test_the_other_direction_says_so(install: Any, sandbox: Any) -> None:
    xoro = install("xoro", product_direction="shopify_to_xoro")
    event, made = products_of(xoro, OLD, OLD)
    assert (event.outcome, event.reason_code, made) == (Outcome.SKIPPED, "product_direction", [])


def test_of_many_walks_that_were_given_up_the_newest_are_remembered(xoro: Connector) -> None:
    class Run:
        def __init__(self, number: int) -> None:
            self.connector = xoro
            self.the_event = Event(pk=number)
            self.checkpoint = xoro.memory

        def save_checkpoint(self, **values: Any) -> None:
            xoro.memory = {**xoro.memory, **values}

    for number in range(1, 31):
        days._keep(Run(number), {"list": number})  # type: ignore[arg-type]
    assert len(xoro.memory["days"]) == days.MOST_KEPT and "30" in xoro.memory["days"]
