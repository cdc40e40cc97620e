"""What ships in Xoro is fulfilled in the shop: from the order to the fulfilment, over HTTP, with both sandboxes."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.models import DirectoryEntry, Route
from connectors.xoro import documents
from events.models import Outcome, Reason
from tests.connectors.xoro.shipping_cast import LAMP, MUG, House, a_house

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(sandbox: Any, install: Any, monkeypatch: pytest.MonkeyPatch) -> House:
    return a_house(sandbox, install, monkeypatch)


def units(record: dict[str, Any]) -> dict[str, str]:
    return {line["sku"]: line["quantity"] for line in record["lines"]}


def test_an_order_that_ships_is_fulfilled_in_the_shop_with_its_tracking(house: House) -> None:
    placed = house.order((LAMP, 2), (MUG, 1))
    house.ship(placed, tracking="1Z999", carrier="UPS", service="UPS Ground")
    event = house.tell()
    assert event.outcome == Outcome.SUCCEEDED, house.say()
    assert event.sentence == "1 shipped invoice new or changed."
    (told,) = house.of("shipment/deliver")
    assert told.outcome == Outcome.SUCCEEDED, house.say()
    (made,) = house.made()
    wish = made["fulfillment"]
    assert wish["trackingInfo"] | {"company": "UPS", "numbers": ["1Z999"]} == wish["trackingInfo"]
    assert wish["notifyCustomer"] is True
    assert sum(row["quantity"] for one in wish["lineItemsByFulfillmentOrder"]
               for row in one["fulfillmentOrderLineItems"]) == 3  # fmt: skip


def test_a_prepaid_orders_invoice_is_found_though_xoro_lists_open_ones_only(house: House) -> None:
    """The trap of G-23: it is paid the moment it ships."""
    placed = house.order()
    invoice = house.ship(placed)
    assert invoice["invoiceHeader"]["StatusName"] == "Paid"
    house.tell()
    assert len(house.made()) == 1, house.say()
    asked = [one["query"]["status"] for one in house.calls("invoice/getinvoice") if "status" in one["query"]]
    assert asked == ["Void", "Open", "Paid", "Paid"]
    first = house.calls("invoice/getinvoice")[1]["query"]
    assert first["has_shipment"] == "true"
    assert first["third_party_source"] == "https://lumen-goods.myshopify.com-Demo"


def test_two_partial_shipments_are_two_fulfillments_and_a_rerun_tells_nothing(house: House) -> None:
    placed = house.order((LAMP, 3))
    house.ship(placed, lines={LAMP: 1}, tracking="1Z1")
    house.tell()
    house.ship(placed, tracking="1Z2")
    house.tell()
    assert [units(record) for record in house.records()] == [{LAMP: "2"}]
    assert len(house.made()) == 2
    event = house.tell()
    assert [one.topic for one in house.told] == ["sync:fulfillments"], house.say()
    assert event.sentence == "0 shipped invoices new or changed."
    assert len(house.made()) == 2


def test_two_parcels_of_one_invoice_are_two_fulfillments(house: House) -> None:
    placed = house.order((LAMP, 2), (MUG, 1))
    house.ship(placed, parcels=[{"tracking": "1Z1", "lines": {LAMP: 2}}, {"tracking": "1Z2", "lines": {MUG: 1}}])
    house.tell()
    assert [units(record) for record in house.records()] == [{LAMP: "2"}, {MUG: "1"}]
    assert len(house.made()) == 2


def test_with_partial_shipments_off_an_order_waits_until_all_of_it_has_left(house: House) -> None:
    house.settings(partial_shipments=False)
    placed = house.order((LAMP, 3))
    house.ship(placed, lines={LAMP: 1}, tracking="1Z1")
    house.tell()
    (held,) = house.of("single:fulfillment")
    assert (held.outcome, held.reason, held.reason_code) == (Outcome.SKIPPED, Reason.FILTERED, "partial_shipments")
    assert "has not shipped in full" in held.sentence
    assert house.made() == []
    house.ship(placed, tracking="1Z2")
    house.tell()
    assert [units(record) for record in house.records()] == [{LAMP: "1"}, {LAMP: "2"}], house.say()
    assert len(house.made()) == 2


def test_with_shipments_without_tracking_off_they_wait_for_their_number(house: House) -> None:
    house.settings(without_tracking=False)
    placed = house.order()
    invoice = house.ship(placed)
    house.tell()
    (held,) = house.of("single:fulfillment")
    assert (held.outcome, held.reason_code) == (Outcome.SKIPPED, "without_tracking")
    house.control("clock", advance_s=60)
    house.control("track", invoice_number=invoice["invoiceHeader"]["InvoiceNumber"], tracking="1Z9")
    house.tell()
    (made,) = house.made()
    assert made["fulfillment"]["trackingInfo"]["numbers"] == ["1Z9"]


def test_tracking_that_comes_later_changes_the_same_fulfillment(house: House) -> None:
    placed = house.order()
    invoice = house.ship(placed)
    house.tell()
    house.control("clock", advance_s=60)
    house.control("track", invoice_number=invoice["invoiceHeader"]["InvoiceNumber"], tracking="1Z9", carrier="UPS")
    house.tell()
    assert len(house.made()) == 1
    (changed,) = house.made("fulfillmentTrackingInfoUpdate")
    assert "1Z9" in str(changed)


def test_an_invoice_that_changes_in_nothing_the_shop_cares_for_is_not_told_again(house: House) -> None:
    placed = house.order()
    number = house.ship(placed, tracking="1Z9")["invoiceHeader"]["InvoiceNumber"]
    house.tell()
    house.control("clock", advance_s=60)
    house.control("track", invoice_number=number)  # paid, printed, ...: only its time of change moves
    house.tell()
    (same,) = house.of("single:fulfillment")
    assert (same.outcome, same.reason) == (Outcome.SKIPPED, Reason.UNCHANGED)
    assert house.of("shipment/deliver") == []


def test_what_went_to_xoro_as_an_invoice_had_left_before_and_is_not_told(house: House) -> None:
    placed = house.order()
    (document,) = DirectoryEntry.objects.filter(kind=documents.KIND)
    document.data["kind"] = documents.INVOICE
    document.save()
    house.ship(placed)
    house.tell()
    (held,) = house.of("single:fulfillment")
    assert (held.outcome, held.reason_code) == (Outcome.SKIPPED, "dropped_as_invoice")
    assert house.made() == []


def test_carriers_are_named_as_the_shop_knows_them(house: House) -> None:
    url = "https://track.example/?n={number}"
    house.settings(
        carrier_map=[
            {"carrier": "UPS", "service": "Mail", "name": "Mail Innovations", "url": ""},
            {"carrier": "ups", "service": "", "name": "UPS", "url": url},
        ],
        notify_customer=False,
    )
    house.ship(house.order(), tracking="1Z 9, 1Z8", carrier="UPS", service="UPS Ground")
    house.tell()
    (record,) = house.records()
    assert record["carrier"] == "UPS"
    assert record["tracking_numbers"] == ["1Z 9", "1Z8"]
    assert record["tracking_urls"] == ["https://track.example/?n=1Z%209", "https://track.example/?n=1Z8"]
    assert house.made()[0]["fulfillment"]["notifyCustomer"] is False


def test_the_location_is_the_mapped_one_or_always_the_same(house: House) -> None:
    rows = [{"location": "1001", "store": "EAST WAREHOUSE", "store_location": ""}]
    house.settings(location_map=rows)
    house.ship(house.order())
    house.tell()
    assert house.records()[0]["location"] == "1001"
    house.settings(fulfillment_location="fixed", fixed_location="Main floor")
    house.ship(house.order())
    house.tell()
    assert house.records()[0]["location"] == "Main floor"


def test_with_fulfillments_off_nothing_is_asked_and_that_is_said(house: House) -> None:
    house.settings(send_fulfillments=False)
    house.ship(house.order())
    before = len(house.sandbox.log("xoro"))
    event = house.tell()
    assert (event.outcome, event.reason, event.reason_code) == (Outcome.SKIPPED, Reason.FILTERED, "send_fulfillments")
    assert "Send fulfillments" in event.sentence
    assert len(house.sandbox.log("xoro")) == before
    assert house.single("WEB-I000900").reason_code == "send_fulfillments"


def test_without_a_route_nothing_is_asked_and_that_is_said(house: House) -> None:
    Route.objects.filter(record_kind="shipment").delete()
    assert house.tell().reason == Reason.NOT_ROUTED
    assert house.calls("invoice/getinvoice") == []


@pytest.mark.parametrize("lines", [True, False], ids=["with lines", "without lines"])
@pytest.mark.parametrize("shape", ["invoiceShipmentArr", "ShipmentArr", "header", "none"])
def test_shipments_are_found_wherever_the_tenant_tells_of_them(house: House, shape: str, lines: bool) -> None:
    house.control("config", shipment_shape=shape, shipment_lines=lines)
    house.ship(house.order((LAMP, 2), (MUG, 1)), tracking="1Z9", carrier="UPS")
    house.tell()
    (record,) = house.records()
    assert units(record) == {LAMP: "2", MUG: "1"}
    assert record["tracking_numbers"] == ([] if shape == "none" else ["1Z9"])
    assert len(house.made()) == 1


def test_an_invoice_told_as_a_whole_stays_one_shipment_when_its_parcels_get_ids(house: House) -> None:
    house.control("config", shipment_shape="header")
    placed = house.order()
    number = house.ship(placed, tracking="1Z9")["invoiceHeader"]["InvoiceNumber"]
    house.tell()
    assert house.records()[0]["id"].startswith("invoice-")
    house.control("config", shipment_shape="invoiceShipmentArr")
    house.control("clock", advance_s=60)
    house.control("track", invoice_number=number, tracking="1Z10")
    house.tell()
    assert house.records()[0]["id"].startswith("invoice-")
    assert len(house.made()) == 1
    assert len(house.made("fulfillmentTrackingInfoUpdate")) == 1


def test_charges_are_no_goods(house: House) -> None:
    placed = house.order((LAMP, 1), tip="5.00", duties="3.00")
    assert "HUB-TIP" in str(house.books()["orders"])
    house.ship(placed)
    house.tell()
    assert [units(record) for record in house.records()] == [{LAMP: "1"}]
    assert house.of("shipment/deliver")[0].outcome == Outcome.SUCCEEDED, house.say()


def test_what_a_default_sku_stands_for_is_told_by_its_line_in_the_shop(house: House) -> None:
    house.settings(default_sku="HUB-DEFAULT")
    placed = house.order(custom={"custom": True, "title": "Engraving", "quantity": 2, "price": "9.00"})
    assert "HUB-DEFAULT" in str(house.books()["orders"])
    house.ship(placed)
    house.tell()
    (record,) = house.records()
    by_sku = {line["sku"]: line["order_line_id"] for line in record["lines"]}
    assert by_sku[LAMP] == ""
    assert by_sku["HUB-DEFAULT"]
    assert house.of("shipment/deliver")[0].outcome == Outcome.SUCCEEDED, house.say()


def test_goods_shipped_by_hand_in_the_shop_are_not_shipped_again_and_it_says_so(house: House) -> None:
    placed = house.order((LAMP, 2))
    house.sandbox.post("/shopify/_sandbox/fulfillment", {"shop": house.domain, "order": placed["name"], "do": "ship"})
    house.ship(placed, tracking="1Z9")
    house.tell()
    (told,) = house.of("shipment/deliver")
    assert told.outcome != Outcome.SUCCEEDED
    assert "LMP-OAK-S" in told.sentence, house.say()
    assert house.made() == []


def test_an_invoice_that_changes_while_the_lists_are_walked_is_told_as_it_is_in_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long walk meets it in one list, and once more in the next with its tracking number."""
    monkeypatch.setattr("connectors.xoro.walks.PAGES_AT_ONCE", 2)
    house.settings(invoice_statuses=["Paid", "Paid"])
    invoice = house.ship(house.order())["invoiceHeader"]["InvoiceNumber"]
    house.start()
    house.told = [house.step()]
    house.control("clock", advance_s=60)
    house.control("track", invoice_number=invoice, tracking="1Z9")
    house.told += house.drain()
    assert "1Z9" in str(house.made() + house.made("fulfillmentTrackingInfoUpdate")), house.say()
