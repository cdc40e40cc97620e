"""No shipment is missed in silence: lists that hide some, throttling, walks put down, clocks that differ."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from connectors.models import Connector, DirectoryEntry
from connectors.xoro import walks, wire
from connectors.xoro.calls import invoices
from connectors.xoro.paging import Page
from connectors.xoro.shipped import UNSHIPPED
from events import bodies
from events.models import Event, Outcome, Reason
from tests.connectors.xoro.shipping_cast import LAMP, House, a_house

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(sandbox: Any, install: Any, monkeypatch: pytest.MonkeyPatch) -> House:
    return a_house(sandbox, install, monkeypatch)


def an_interval_later() -> None:
    DirectoryEntry.objects.filter(kind=UNSHIPPED).update(seen_at=timezone.now() - timedelta(hours=1))


def cursors(house: House) -> dict[str, str]:
    memory: dict[str, Any] = Connector.objects.get(pk=house.xoro.pk).memory
    return {key.split("|")[2]: moment for key, moment in memory.get("fulfillment_cursors", {}).items()}


def test_what_no_list_of_invoices_shows_is_found_by_comparing_sales_orders(house: House) -> None:
    house.settings(invoice_statuses=["Open"])  # a tenant whose word for paid is another one
    house.ship(house.order(), tracking="1Z9")
    event = house.tell()
    assert event.sentence == "0 shipped invoices new or changed."
    (found,) = house.of("single:shipped_order")
    assert found.outcome == Outcome.SUCCEEDED, house.say()
    assert len(house.made()) == 1
    house.tell()
    assert [one.topic for one in house.told] == ["sync:fulfillments"], house.say()


def test_an_order_that_rests_longer_than_an_interval_is_looked_up_singly(house: House) -> None:
    house.settings(invoice_statuses=["Open"])
    placed = house.order()
    house.tell()
    assert DirectoryEntry.objects.filter(kind=UNSHIPPED).count() == 1
    house.ship(placed, tracking="1Z9")
    house.control("status", order_number=placed["number"], status="Invoiced")  # in neither list of sales orders
    house.tell()
    assert house.made() == []  # looked up a moment ago
    an_interval_later()
    house.tell()
    assert len(house.made()) == 1, house.say()
    asked = [one["query"] for one in house.calls("invoice/getinvoice") if "third_party_ref_no" in one["query"]]
    assert asked[-1] == {
        "third_party_ref_no": placed["legacyResourceId"],
        "third_party_source": "https://lumen-goods.myshopify.com-Demo",
    }
    an_interval_later()
    house.tell()
    assert DirectoryEntry.objects.filter(kind=UNSHIPPED).count() == 0  # told in full: it rests no more


def test_a_cancelled_order_is_waited_for_no_longer(house: House) -> None:
    placed = house.order()
    house.control("status", order_number=placed["number"], status="Cancelled")
    house.tell()
    an_interval_later()
    house.tell()
    assert DirectoryEntry.objects.filter(kind=UNSHIPPED).count() == 0


def test_a_shipment_no_invoice_tells_of_is_an_error_that_names_it(house: House) -> None:
    placed = house.order((LAMP, 3))
    number = house.ship(placed, tracking="1Z9")["invoiceHeader"]["InvoiceNumber"]
    house.control("hide", invoice_number=number)
    house.tell()
    (missed,) = house.of("single:shipped_order")
    assert (missed.outcome, missed.reason_code) == (Outcome.FAILED, "shipment_missed")
    assert "3 × LMP-OAK-S" in missed.sentence
    assert placed["number"] in missed.sentence
    assert "press Retry" in missed.next_step
    house.control("hide", invoice_number=number, is_hidden=False)
    Event.objects.filter(pk=missed.pk).update(outcome=Outcome.QUEUED, attempts=0)
    house.told = house.drain()
    assert len(house.made()) == 1, house.say()


def test_a_missed_shipment_is_told_once_however_often_it_is_seen(house: House) -> None:
    placed = house.order((LAMP, 3))
    number = house.ship(placed, lines={LAMP: 1})["invoiceHeader"]["InvoiceNumber"]
    house.control("hide", invoice_number=number)
    house.tell()
    assert len(house.of("single:shipped_order")) == 1
    house.tell()
    assert house.of("single:shipped_order") == []
    house.control("hide", invoice_number=house.ship(placed)["invoiceHeader"]["InvoiceNumber"])
    house.tell()
    (missed,) = house.of("single:shipped_order")
    assert "3 × LMP-OAK-S" in missed.sentence  # more is missing now


def test_a_busy_xoro_is_not_taken_for_an_order_that_has_not_shipped(house: House) -> None:
    house.settings(partial_shipments=False)
    house.ship(house.order())
    house.start()
    assert house.step().outcome == Outcome.SUCCEEDED
    house.fault("throttle", "/api/xerp/salesorder", times=4)
    event = house.step()
    assert (event.topic, event.outcome, event.reason_code) == ("single:fulfillment", Outcome.WAITING, "throttled")
    house.drain()
    assert len(house.made()) == 1


def test_an_order_closed_after_a_part_is_told_though_partial_shipments_are_off(house: House) -> None:
    house.settings(partial_shipments=False)
    placed = house.order((LAMP, 3))
    house.ship(placed, lines={LAMP: 1})
    house.tell()
    house.control("status", order_number=placed["number"], status="Closed")
    an_interval_later()
    house.tell()
    assert len(house.made()) == 1, house.say()


def test_throttling_is_no_emptiness_and_moves_no_cursor(house: House) -> None:
    house.control("clock", at="2026-03-09T15:00:00+00:00")
    house.ship(house.order(), tracking="1Z1")
    house.tell()
    before = cursors(house)
    assert before["Paid"].startswith("2026-03-09T15:00")
    house.control("clock", advance_s=3600)
    house.ship(house.order(), tracking="1Z2")
    house.fault("throttle", "/api/xerp/", times=200)
    event = house.tell()
    assert event.outcome == Outcome.SUCCEEDED, house.say()
    assert "uncertain_end" in {note["code"] for note in event.notes}
    assert "Some lists may go on" in event.sentence
    assert cursors(house) == before
    house.control("clear_faults")
    house.tell()
    assert len(house.made()) == 2, house.say()
    assert cursors(house)["Paid"].startswith("2026-03-09T16:00")


@pytest.mark.parametrize(("overlap", "since"), [(30, "2026-01-05T11:30:"), (90, "2026-01-05T10:30:")])
def test_the_cursor_is_the_newest_moment_xoro_named_minus_the_overlap_never_the_hubs_clock(
    house: House, overlap: int, since: str
) -> None:
    house.control("config", time_zone="America/New_York")
    house.settings(api_time_zone="America/New_York", import_overlap_minutes=overlap)
    house.control("clock", at="2026-01-05T17:00:00+00:00")  # noon there; the hub's own clock says something else
    house.ship(house.order())
    house.tell()
    house.tell()
    asked = [one["query"] for one in house.calls("invoice/getinvoice") if one["query"].get("status") == "Paid"]
    assert "updated_at_min" not in asked[0]
    assert asked[-1]["updated_at_min"].startswith(since)
    (told,) = Event.objects.filter(topic="shipment/deliver")
    assert '"updated_at":"2026-01-05T17:00:' in payload_of(told)


def test_a_list_that_breaks_off_behind_its_first_page_moves_no_cursor(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.ship(house.order())
    whole = invoices.changed_invoices

    def broken(client: Any, source: str, status: str, since: str, page: int) -> Page:
        return whole(client, source, status, since, page) if page == 1 else Page(page, [], is_certain=False)

    with monkeypatch.context() as broken_off:
        broken_off.setattr(invoices, "changed_invoices", broken)
        house.tell()
    assert len(house.made()) == 1  # what was seen is told
    assert "Paid" not in cursors(house)  # what lies behind it may be older
    house.tell()
    assert "Paid" in cursors(house)


def test_in_the_hour_that_comes_twice_nothing_is_missed(house: House) -> None:
    house.control("config", time_zone="America/New_York")
    house.settings(api_time_zone="America/New_York", import_overlap_minutes=30)
    house.control("clock", at="2026-11-01T05:50:00+00:00")  # 01:50, for the first time
    house.ship(house.order())
    house.tell()
    house.control("clock", at="2026-11-01T06:10:00+00:00")  # 01:10, for the second time
    house.ship(house.order())
    house.tell()
    assert len(house.of("single:fulfillment")) == 1, house.say()
    assert len(house.made()) == 2, house.say()


@pytest.mark.parametrize(
    ("moment", "before"),
    [
        ("2026-06-01T12:00:00", "2026-06-01T11:30:00"),
        ("2026-11-01T01:50:00", "2026-11-01T00:20:00"),
        ("2026-11-01T02:05:00", "2026-11-01T00:35:00"),
        ("2026-03-08T03:05:00", "2026-03-08T01:35:00"),  # the hour before it was left out
    ],
)
def test_half_an_hour_back_by_the_clock_of_the_tenant(moment: str, before: str) -> None:
    assert wire.look_back(datetime.fromisoformat(moment), 30, "America/New_York").isoformat() == before


def payload_of(event: Event) -> str:
    return (bodies.read(event.pk, "payload", event.received_at) or b"").decode()


def test_what_left_before_the_start_date_is_left_out(house: House) -> None:
    house.control("clock", at="2026-03-01T12:00:00+00:00")
    house.ship(house.order())
    house.control("clock", at="2026-03-09T12:00:00+00:00")
    house.ship(house.order())
    house.settings(import_start_date="2026-03-05")
    house.tell()
    assert len(house.made()) == 1, house.say()
    first = house.calls("invoice/getinvoice")[0]["query"]
    assert first["updated_at_min"] == "2026-03-05T00:00:00"


def test_a_long_walk_is_put_down_and_goes_on_where_it_was(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.ship(house.order())
    house.control("seed", orders=7, is_shipped=True, source="https://lumen-goods.myshopify.com-Demo", first=501)
    house.control("config", page_size=2)
    monkeypatch.setattr(walks, "PAGES_AT_ONCE", 2)
    event = house.start()
    first = house.step()
    assert (first.pk, first.outcome, first.reason) == (event.pk, Outcome.WAITING, Reason.DEPENDENCY)
    assert len(house.calls("invoice/getinvoice")) == 2
    house.told = house.drain(rounds=60)
    pages = [one["query"]["page"] for one in house.calls("invoice/getinvoice") if one["query"].get("status") == "Open"]
    assert pages == ["1", "2", "3", "4", "5"]
    assert Event.objects.get(pk=event.pk).sentence == "8 shipped invoices new or changed."


def test_a_key_without_the_scope_says_what_may_be_missing(house: House) -> None:
    house.order()
    scopes = ["orders", "customers"]
    house.control("config", keys={"sandbox-key": {"secret": "sandbox-secret", "scopes": scopes}})
    event = house.tell()
    assert (event.outcome, event.reason_code) == (Outcome.WAITING, "permission_or_fault")
    assert "lacks the permission" in event.sentence


def test_a_page_of_html_is_tried_again_later(house: House) -> None:
    house.ship(house.order())
    house.fault("non_json", "/api/xerp/invoice", times=4)
    event = house.tell()
    assert (event.outcome, event.reason_code) == (Outcome.WAITING, "not_json")
    Event.objects.filter(pk=event.pk).update(outcome=Outcome.QUEUED, due_at=None)
    house.drain()
    assert len(house.made()) == 1


@pytest.mark.parametrize("named_by", ["invoice", "sales order", "order in the shop"])
def test_a_single_fulfillment_is_found_by_any_number_and_told_though_it_was_told(house: House, named_by: str) -> None:
    placed = house.order()
    invoice = house.ship(placed, tracking="1Z9")["invoiceHeader"]["InvoiceNumber"]
    number = {"invoice": invoice, "sales order": placed["number"], "order in the shop": placed["name"]}[named_by]
    event = house.single(number)
    assert event.outcome == Outcome.SUCCEEDED, house.say()
    assert len(house.made()) == 1
    again = house.single(number)
    assert again.outcome == Outcome.SUCCEEDED
    assert len(house.made()) == 1  # the shop's connector knows the shipment
    assert house.tell().outcome == Outcome.SUCCEEDED
    assert len(house.made()) == 1


def test_a_single_fulfillment_of_an_unknown_number_says_what_to_check(house: House) -> None:
    event = house.single("MAIN-I999999")
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "not_found")
    assert "Check the number" in event.next_step
    house.fault("throttle", "/api/xerp/", times=12)
    event = Event.objects.get(pk=house.single_start("MAIN-I999998").pk)
    assert (house.step().outcome, event.pk) == (Outcome.WAITING, event.pk)


def test_the_parts_of_a_split_order_fulfil_the_one_order_of_the_shop(house: House) -> None:
    rows = [{"location": "77001", "store": "WEB STORE", "store_location": ""},
            {"location": "77002", "store": "EAST WAREHOUSE", "store_location": ""}]  # fmt: skip
    house.settings(location_map=rows)
    placed = house.order((LAMP, 2))
    house.ship(placed, lines={LAMP: 1})
    books = house.books()
    header = {**books["orders"][0]["SoEstimateHeader"]}
    part = {name: header[name] for name in ("ThirdPartySource", "RefNo", "SaleStoreName", "CurrencyCode", "CustomerName",
            "OrderDate", "DateToBeShipped")}  # fmt: skip
    part |= {"ThirdPartyRefNo": f"{placed['legacyResourceId']}-77001", "StoreName": "WEB STORE",
             "AutoReleaseSalesOrder": True}  # fmt: skip
    house.control("stock", sku=LAMP, store="WEB STORE", available=5)
    number = house.create(
        {"SoEstimateHeader": part, "SoEstimateItemLineArr": [{"ItemNumber": LAMP, "UnitPrice": 55.0, "Qty": 1}]}
    )
    house.ship({"number": number}, tracking="1Z7")
    house.tell()
    records = sorted(house.records(), key=lambda one: one["location"])
    order_id = placed["legacyResourceId"]
    assert [(one["order_id"], one["location"]) for one in records] == [(order_id, "77001"), (order_id, "77002")]
