"""The first run on a tenant that was in use for years: what left before is not the hub's to tell."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.models import DirectoryEntry, Link
from connectors.xoro import documents
from events.models import Event, Outcome
from tests.connectors.xoro.shipping_cast import LAMP, MUG, House, a_house

pytestmark = pytest.mark.django_db
SOURCE = "https://lumen-goods.myshopify.com-Demo"


@pytest.fixture
def house(sandbox: Any, install: Any, monkeypatch: pytest.MonkeyPatch) -> House:
    return a_house(sandbox, install, monkeypatch)


def forget(placed: dict[str, Any]) -> None:
    """The order was sent by somebody before the hub."""
    Link.objects.filter(source_object_id=placed["legacyResourceId"]).delete()
    DirectoryEntry.objects.filter(kind=documents.KIND, object_id__startswith=placed["legacyResourceId"]).delete()


@pytest.mark.parametrize("is_known", [True, False], ids=["one shop known", "no shop known"])
def test_old_invoices_without_a_start_date_make_no_events_and_no_calls_to_the_shop(
    house: House, is_known: bool
) -> None:
    house.control("clock", at="2024-03-01T12:00:00+00:00")
    house.control("seed", orders=300, is_shipped=True, source=SOURCE, first=501)
    house.control("seed", orders=20, is_shipped=True, source="https://never-ours.example-Demo", first=9501)
    house.control("clock", at=str(house.xoro.created_at.isoformat()))
    if is_known:
        house.order()
    before = Event.objects.count()
    event = house.tell()
    assert event.outcome == Outcome.SUCCEEDED, house.say()
    assert event.sentence == "0 shipped invoices new or changed."
    (note,) = [one for one in event.notes if one["code"] == "before_start"]
    assert "300 invoices" in note["text"] or not is_known
    assert Event.objects.count() == before + 1, house.say()
    house.tell()
    assert Event.objects.count() == before + 2, house.say()


def test_an_order_of_somebody_before_that_ships_now_is_told(house: House) -> None:
    house.order((LAMP, 1))
    placed = house.order((MUG, 1))
    forget(placed)
    house.ship(placed, tracking="1Z1")
    house.tell()
    assert len(house.made()) == 1, house.say()


def test_one_that_left_before_can_be_told_by_its_number(house: House) -> None:
    house.control("clock", at="2024-03-01T12:00:00+00:00")
    placed = house.order((MUG, 1))
    number = house.ship(placed, tracking="1Z1")["invoiceHeader"]["InvoiceNumber"]
    forget(placed)
    house.tell()
    assert house.made() == [], house.say()
    assert house.single(number).outcome == Outcome.SUCCEEDED, house.say()
    assert len(house.made()) == 1


def test_what_somebody_fulfilled_already_is_skipped_by_the_shop(house: House) -> None:
    placed = house.order((MUG, 1))
    house.ship(placed, tracking="1Z1")
    house.tell()
    DirectoryEntry.objects.filter(kind__in=("shipment", "shipped_invoice")).delete()  # told by another app, that is
    house.xoro.memory = {}
    house.xoro.save()
    house.control(
        "track", invoice_number=house.books()["invoices"][-1]["invoiceHeader"]["InvoiceNumber"], tracking="1Z7"
    )
    house.tell()
    (delivery,) = house.of("shipment/deliver")
    assert (delivery.outcome, delivery.reason_code) == (Outcome.SKIPPED, "nothing_open"), house.say()


def test_an_old_shipment_of_an_order_that_changes_after_the_start_date_is_not_told(house: House) -> None:
    house.control("clock", at="2026-03-01T12:00:00+00:00")
    placed = house.order((LAMP, 2))
    house.ship(placed, tracking="1Z1")
    house.control("clock", at="2026-03-09T12:00:00+00:00")
    house.control("status", order_number=placed["number"], status="Shipped")  # its time of change moves
    house.settings(import_start_date="2026-03-05")
    house.tell()
    assert house.made() == [], house.say()
    assert all(one.outcome != Outcome.FAILED for one in house.told), house.say()
