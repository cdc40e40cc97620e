"""What the sandbox's lists give and hide: scopes, windows, shapes, throttling, and that a large tenant stays fast."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from connectors.xoro.sandbox.crowd import seed
from tests.connectors.xoro.cast import Tenant
from tests.connectors.xoro.test_sandbox import AUTH
from tests.connectors.xoro.test_sandbox_warehouse import EAST, figures, order, stock


def get(tenant: Tenant, path: str, **params: Any) -> Any:
    answer = requests.get(f"{tenant.address}/api/xerp/{path}", params=params, auth=AUTH, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def invoices(tenant: Tenant, **params: Any) -> list[str]:
    return [row["invoiceHeader"]["InvoiceNumber"] for row in get(tenant, "invoice/getinvoice", **params)["Data"]]


@pytest.fixture
def three(tenant: Tenant) -> list[str]:
    """Invoices: an open one, a paid one an hour later, one without a shipment another hour later."""
    tenant.control("clock", at="2026-03-09T10:00:00+00:00")
    found = []
    for reference, deposit in (("1", 0), ("2", 1000), ("3", 0)):
        number = order(tenant, reference, DepositAmount=deposit)
        found.append(tenant.control("ship", order_number=number)["invoiceHeader"]["InvoiceNumber"])
        tenant.control("clock", advance_s=3600)
    del tenant.sandbox.books.invoices[2]["invoiceShipmentArr"]
    return found


def test_only_open_invoices_come_unless_a_status_or_an_exact_key_is_sent(tenant: Tenant, three: list[str]) -> None:
    assert invoices(tenant) == [three[0], three[2]]
    assert invoices(tenant, status="Paid") == [three[1]]
    assert invoices(tenant, third_party_ref_no="2") == [three[1]]
    assert invoices(tenant, invoice_number=three[1]) == [three[1]]
    assert invoices(tenant, so_ref_no="2041") == three
    assert invoices(tenant, store_name=f"WEB STORE,{EAST}", status="Paid") == [three[1]]
    assert invoices(tenant, third_party_source="another") == []
    assert invoices(tenant, InvoiceNumber=three[1], from_date="2030-01-01") == [three[0], three[2]]  # unknown: ignored


def test_invoices_are_narrowed_by_window_id_and_shipment(tenant: Tenant, three: list[str]) -> None:
    assert invoices(tenant, has_shipment="true") == [three[0]]
    assert invoices(tenant, since_id=8800) == [three[2]]
    for written in ("2026-03-09T11:30:00Z", "2026-03-09T11:30:00", "03/09/2026 11:30:00 AM", "03/09/2026 11:30:00"):
        assert invoices(tenant, updated_at_min=written) == [three[2]]
    assert invoices(tenant, created_at_max="2026-03-09T11:30:00") == [three[0]]
    tenant.control("config", time_zone="America/New_York")
    tenant.control("track", invoice_number=three[0], tracking="1Z9")  # at 13:00 UTC, 09:00 AM there
    assert invoices(tenant, updated_at_min="2026-03-09T11:30:00") == [three[2]]
    assert invoices(tenant, updated_at_min="2026-03-09T09:00:00", updated_at_max="2026-03-09T09:30:00") == [three[0]]


def test_shipments_are_told_in_the_member_the_tenant_uses(tenant: Tenant) -> None:
    tenant.control("ship", order_number=order(tenant), tracking="1Z9", carrier="UPS", service="UPS Ground")

    def shown(**config: Any) -> dict[str, Any]:
        tenant.control("config", **config)
        row: dict[str, Any] = get(tenant, "invoice/getinvoice")["Data"][0]
        return row

    assert shown()["invoiceShipmentArr"][0]["TrackingNumber"] == "1Z9"
    row = shown(shipment_shape="ShipmentArr", shipment_lines=False)
    assert "Lines" not in row["ShipmentArr"][0]
    assert "invoiceShipmentArr" not in row
    row = shown(shipment_shape="header")
    assert row["invoiceHeader"]["TrackingNumber"] == "1Z9"
    assert "ShipmentArr" not in row
    row = shown(shipment_shape="none")
    assert "1Z9" not in str(row)
    assert list(get(tenant, "invoice/getinvoice", header_only="true")["Data"][0]) == ["invoiceHeader"]


def test_sales_orders_hide_without_a_status_and_open_ones_where_told_so(tenant: Tenant) -> None:
    def found(**params: Any) -> int:
        return len(get(tenant, "salesorder/getsalesorder", **params)["Data"])

    order(tenant, AutoReleaseSalesOrder=False)
    assert (found(), found(created_at_min="2020-01-01"), found(status="Open")) == (0, 0, 1)
    tenant.control("config", hides_open=True, needs_status=False)
    assert (found(), found(status="Open"), found(order_number="MAIN-S000001")) == (1, 0, 1)
    assert found(sale_store_name="Main Store") == 1
    assert found(sale_store_name="WEB STORE") == 0
    assert found(updated_at_min="2090-01-01") == 0


def test_waves_come_as_two_lists_of_one_length(tenant: Tenant) -> None:
    number = order(tenant)
    tenant.control("wave", order_number=number)
    data = get(tenant, "wave/getwave", status="[Allocated]")["Data"]
    assert [row["OrderNumber"] for row in data["OrderData"]] == [number]
    wave = data["WaveData"][0]
    assert (wave["WaveHeaderData"]["WaveNumber"], wave["WaveHeaderData"]["StatusId"]) == ("EAST-W000001", 330)
    assert (wave["WaveDetailArr"][0]["QtyAllocated"], wave["WaveDetailAllocationArr"][0]["PickLocationName"]) == (
        3,
        "A-01",
    )
    tenant.control("ship", order_number=number)
    assert get(tenant, "wave/getwave", status="[Allocated]")["Data"] == {"OrderData": [], "WaveData": []}
    assert len(get(tenant, "wave/getwave", status="released")["Data"]["WaveData"]) == 1


def test_an_asn_adds_stock_only_once_it_is_closed(tenant: Tenant) -> None:
    stock(tenant, 10, not_available=0, on_po=5)
    lines = [{"ItemNumber": "LMP-OAK-S", "Qty": 5, "PONumber": "EAST-P000044"}]
    number = tenant.control("asn", store=EAST, lines=lines)["AsnHeaderData"]["AsnNumber"]
    row = tenant.sandbox.books.stock.row
    assert (row("LMP-OAK-S", EAST)["QtyOnASN"], row("LMP-OAK-S", EAST)["AvailableQty"]) == (5, 10)
    body = {
        "AsnHeaderData": {"AsnNumber": number, "CloseASN": False},
        "AsnDetailLocationData": [{"ItemNumber": "LMP-OAK-S", "ReceiveLocationName": "DOCK", "QtyReceived": 4}],
    }
    url = f"{tenant.address}/api/xerp/asn"
    assert requests.post(f"{url}/receive", json=body, auth=AUTH, timeout=5).json()["Result"] is True
    assert get(tenant, "asn/getasn", status="Received")["Data"][0]["AsnDetailData"][0]["BaseQtyToReceive"] == 5
    assert figures(tenant)[1] == 10
    closing = {"AsnHeaderData": {"AsnNumber": number}}
    assert requests.post(f"{url}/close", json=closing, auth=AUTH, timeout=5).json()["Result"] is True
    after = row("LMP-OAK-S", EAST)
    assert (after["AvailableQty"], after["QtyOnASN"], after["QtyOnPO"]) == (14, 0, 1)
    again = requests.post(f"{url}/close", json=closing, auth=AUTH, timeout=5).json()
    assert (again["ErrorCode"], again["Message"]) == (1009, "Status does not allow this action: Closed")


def test_a_key_without_the_scope_gets_an_error_that_does_not_say_so(tenant: Tenant) -> None:
    tenant.control("config", keys={"narrow": {"secret": "s", "scopes": ["invoices"]}})
    url = f"{tenant.address}/api/xerp"
    denied = requests.get(f"{url}/salesorder/getsalesorder", auth=("narrow", "s"), timeout=5)
    assert (denied.status_code, denied.json()) == (500, {"Message": "An error has occurred."})
    assert requests.get(f"{url}/invoice/getinvoice", auth=("narrow", "s"), timeout=5).status_code == 200
    unknown = requests.get(f"{url}/invoice/getinvoice", auth=("narrow", "wrong"), timeout=5)
    assert (unknown.status_code, unknown.content) == (401, b"")


def test_two_calls_of_a_key_at_once_are_throttled_where_the_tenant_does_so(tenant: Tenant) -> None:
    tenant.control("config", throttle_overlap=True)
    tenant.fault("slow:0.3")
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(get, tenant, "invoice/getinvoice")
        time.sleep(0.1)
        second = pool.submit(get, tenant, "invoice/getinvoice")
    assert first.result()["Result"] is True
    assert second.result() | {"Result": False, "Data": [], "ErrorCode": 0, "Message": ""} == second.result()
    assert get(tenant, "invoice/getinvoice")["Result"] is True


def test_calls_closer_than_the_tenants_gap_are_throttled_and_write_nothing(tenant: Tenant) -> None:
    get(tenant, "invoice/getinvoice")
    tenant.control("config", min_gap_ms=60_000)
    body: dict[str, Any] = {}
    url = f"{tenant.address}/api/xerp/salesorder/create"
    assert requests.post(url, json=body, auth=AUTH, timeout=5).json()["ErrorCode"] == 0
    assert tenant.orders() == []
    state = requests.get(f"{tenant.address}/_sandbox/state", timeout=5).json()
    assert state["throttled"] == 1
    tenant.control("config", min_gap_ms=0)
    assert requests.post(url, json=body, auth=AUTH, timeout=5).json()["ErrorCode"] == 1001


def test_a_fault_may_hit_now_and_then(tenant: Tenant) -> None:
    tenant.fault("http500_once", "/api/xerp/invoice", probability=0.5)
    url = f"{tenant.address}/api/xerp/invoice/getinvoice"
    with requests.Session() as session:
        hit = sum(session.get(url, auth=AUTH, timeout=5).status_code == 500 for _ in range(60))
    assert 15 < hit < 45


def test_a_misspelt_setting_of_the_sandbox_is_refused(tenant: Tenant) -> None:
    answer = requests.post(f"{tenant.address}/_sandbox/config", json={"pagesize": 5}, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (400, "no such setting: pagesize")


def test_ten_thousand_orders_and_a_hundred_thousand_stock_rows_stay_fast(tenant: Tenant) -> None:
    began = time.monotonic()
    seeded = seed(tenant.sandbox, {"items": 33_400, "orders": 10_000, "is_shipped": True})
    assert (seeded["orders"], seeded["stock_rows"] > 100_000) == (10_000, True)
    seconds = time.monotonic() - began
    assert seconds < 20, f"seeding took {seconds:.1f} s"
    began = time.monotonic()
    for reference in range(1, 201):
        assert len(invoices(tenant, third_party_ref_no=str(reference))) == 1
        assert len(get(tenant, "salesorder/getsalesorder", third_party_ref_no=str(reference))["Data"]) == 1
    seconds = time.monotonic() - began
    assert seconds < 10, f"400 exact look-ups took {seconds:.1f} s"
    began = time.monotonic()
    assert len(invoices(tenant, status="Open", updated_at_min="2020-01-01", page=100)) == 100
    seconds = time.monotonic() - began
    assert seconds < 2, f"one page of a walk took {seconds:.1f} s"
