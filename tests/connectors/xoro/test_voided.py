"""An invoice that is voided: before the shop heard of it, and after."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.models import DirectoryEntry
from connectors.xoro import shipped
from events.models import Outcome, Reason
from tests.connectors.xoro.cast import make_settings
from tests.connectors.xoro.shipping_cast import LAMP, House, a_house
from tests.connectors.xoro.test_missed import an_interval_later

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(sandbox: Any, install: Any, monkeypatch: pytest.MonkeyPatch) -> House:
    return a_house(sandbox, install, monkeypatch)


def void(house: House, invoice: dict[str, Any]) -> str:
    house.control("clock", advance_s=60)
    number: str = invoice["invoiceHeader"]["InvoiceNumber"]
    house.control("void", invoice_number=number)
    return number


def test_a_person_is_asked_once_what_became_of_goods_the_shop_believes_gone(house: House) -> None:
    placed = house.order()
    invoice = house.ship(placed, tracking="1Z9")
    house.tell()
    number = void(house, invoice)
    house.tell()
    (asked,) = house.of("single:fulfillment")
    assert (asked.outcome, asked.reason_code) == (Outcome.FAILED, "voided_there"), house.say()
    assert number in asked.sentence
    assert f"order {placed['name'].lstrip('#')}" in asked.next_step
    assert house.made("fulfillmentCancel") == []
    house.tell()
    assert [one.topic for one in house.told] == ["sync:fulfillments"], house.say()


def test_the_shops_fulfillment_is_cancelled_where_the_connector_says_so(house: House) -> None:
    house.settings(voided_invoices="cancel")
    placed = house.order((LAMP, 2))
    invoice = house.ship(
        placed, parcels=[{"tracking": "1Z1", "lines": {LAMP: 1}}, {"tracking": "1Z2", "lines": {LAMP: 1}}]
    )
    house.tell()
    number = void(house, invoice)
    house.tell()
    (event,) = house.of("single:fulfillment")
    assert (event.outcome, number in event.sentence) == (Outcome.SUCCEEDED, True), house.say()
    assert [one.outcome for one in house.of("shipment/deliver")] == [Outcome.SUCCEEDED] * 2, house.say()
    assert len(house.made("fulfillmentCancel")) == 2
    again = house.single(number)
    assert (again.outcome, again.reason) == (Outcome.SKIPPED, Reason.UNCHANGED), house.say()
    assert len(house.made("fulfillmentCancel")) == 2


def test_what_was_void_before_the_shop_heard_of_it_is_not_told_however_it_is_found(house: House) -> None:
    placed = house.order()
    number = void(house, house.ship(placed, tracking="1Z9"))
    house.control("status", order_number=placed["number"], status="Closed")
    house.tell()
    assert house.of("single:fulfillment") == []
    asked = house.single(number)
    assert (asked.outcome, asked.reason_code) == (Outcome.SKIPPED, "void"), house.say()
    an_interval_later()
    house.tell()
    assert house.made() == [], house.say()
    assert [one.reason_code for one in house.of("single:shipped_order")] == ["shipment_missed"], house.say()


def test_without_a_status_for_them_void_invoices_are_not_asked_for(house: House) -> None:
    house.settings(void_statuses=[])
    house.ship(house.order())
    house.tell()
    assert "Void" not in [one["query"].get("status") for one in house.calls("invoice/getinvoice")]
    assert DirectoryEntry.objects.filter(kind=shipped.INVOICE).count() == 1


def test_a_status_cannot_be_void_and_valid() -> None:
    with pytest.raises(Exception, match="void"):
        make_settings(void_statuses="Paid")
