"""The sandbox's stock follows the vendor's formulas from the order to the invoice, by its own clock."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone

from connectors.xoro.sandbox.refusal import Refused
from tests.connectors.xoro.cast import Tenant
from tests.connectors.xoro.test_sandbox import create, sample

EAST = "EAST WAREHOUSE"
FIGURES = ("OnHandQty", "AvailableQty", "AllocatedQty", "NetAvailable", "QtyOnSO", "ATSQty", "ATSQtyIncPO")


def order(tenant: Tenant, reference: str = "1", qty: float = 3, **header: Any) -> str:
    """The number of a new order of oak lamps."""
    body = copy.deepcopy(sample("salesorder_create_request"))
    body["SoEstimateHeader"] |= {"ThirdPartyRefNo": reference, "DepositAmount": 0, **header}
    body["SoEstimateItemLineArr"][0]["Qty"] = qty
    answer = create(tenant, body)
    assert answer["Result"], answer["Message"]
    number: str = answer["Data"]["SoEstimateHeader"]["OrderNumber"]
    return number


def figures(tenant: Tenant, sku: str = "LMP-OAK-S", store: str = EAST) -> tuple[float, ...]:
    row = tenant.sandbox.books.stock.row(sku, store)
    return tuple(row[name] for name in FIGURES)


def refusal(tenant: Tenant, call: str, **given: Any) -> str:
    answer = requests.post(f"{tenant.address}/_sandbox/{call}", json=given, timeout=5)
    assert answer.status_code == 409
    error: str = answer.json()["error"]
    return error


def stock(tenant: Tenant, available: float, **more: float) -> None:
    tenant.control("stock", sku="LMP-OAK-S", store=EAST, available=available, **more)


def test_a_release_a_wave_and_a_shipment_each_move_their_figures(tenant: Tenant) -> None:
    stock(tenant, 40, not_available=2, on_po=24)
    assert figures(tenant) == (42, 40, 0, 40, 0, 40, 64)
    number = order(tenant, AutoReleaseSalesOrder=False)
    assert figures(tenant) == (42, 40, 0, 40, 0, 40, 64)  # a draft reserves nothing
    tenant.control("release", order_number=number)
    assert figures(tenant) == (42, 40, 0, 40, 3, 37, 61)
    tenant.control("wave", order_number=number)
    assert figures(tenant) == (42, 40, 3, 37, 3, 37, 61)
    tenant.control("ship", order_number=number)
    assert figures(tenant) == (39, 37, 0, 37, 0, 37, 61)


def test_more_may_be_promised_than_there_is_but_not_allocated(tenant: Tenant) -> None:
    stock(tenant, 2)
    number = order(tenant)
    assert figures(tenant)[4:6] == (3, -1)
    assert refusal(tenant, "wave", order_number=number) == "Insufficient inventory to create wave"
    assert refusal(tenant, "ship", order_number=number) == "Insufficient inventory to create wave"
    assert figures(tenant)[2] == 0


@pytest.mark.parametrize(
    ("code", "allocated"),
    [(1, None), (2, (0.0, 2.0)), (3, (2.0, 2.0))],
    ids=["full order", "full lines", "what is there"],
)
def test_a_wave_takes_stock_by_its_method(tenant: Tenant, code: int, allocated: tuple[float, float] | None) -> None:
    stock(tenant, 2)
    body = copy.deepcopy(sample("salesorder_create_request"))
    line = body["SoEstimateItemLineArr"][0]
    body["SoEstimateItemLineArr"] = [{**line, "Qty": 3}, {**line, "ItemNumber": "MUG-BLU-350", "Qty": 2}]
    body["SoEstimateHeader"] |= {"AutoWaveSalesOrder": True, "WaveAllocationCode": code}
    answer = create(tenant, body)["Data"]
    lines = answer["SoEstimateItemLineArr"]
    if allocated is None:
        assert answer["SoEstimateEdiLogArr"] == [
            {"ErrorCode": 1007, "Message": "Insufficient inventory to create wave"}
        ]
        allocated = (0.0, 0.0)
    assert tuple(line["QtyAllocated"] for line in lines) == allocated


def test_an_order_whose_terms_ask_for_its_money_is_not_waved_before(tenant: Tenant) -> None:
    unpaid = order(tenant, PaymentTermsName="Prepaid")
    assert refusal(tenant, "wave", order_number=unpaid) == "Payment terms not met"
    assert refusal(tenant, "ship", order_number=unpaid) == "Payment terms not met"
    paid = order(tenant, "2", 1, PaymentTermsName="Prepaid", DepositAmount=67.8)
    tenant.control("wave", order_number=paid)
    assert figures(tenant)[2] == 1


def test_two_parts_shipped_give_two_invoices_and_one_total(tenant: Tenant) -> None:
    number = order(tenant, DepositAmount=100)
    first = tenant.control("ship", order_number=number, lines={"LMP-OAK-S": 1}, tracking="1Z1", carrier="UPS")
    header, line = tenant.orders()[0], tenant.sandbox.books.orders[0]["SoEstimateItemLineArr"][0]
    assert (header["StatusName"], line["QtyShipped"], line["QtyRemainingToShip"]) == ("Partially Shipped", 1, 2)
    assert (first["invoiceHeader"]["TotalAmount"], first["invoiceHeader"]["StatusName"]) == (67.8, "Paid")
    second = tenant.control("ship", order_number=number)
    assert (second["invoiceHeader"]["StatusName"], header["StatusName"]) == ("Open", "Shipped")
    totals = [invoice["invoiceHeader"]["TotalAmount"] for invoice in (first, second)]
    assert round(sum(totals), 2) == header["TotalAmount"]
    assert [deposit["AppliedAmount"] for deposit in tenant.sandbox.books.deposits] == [100]
    assert first["invoiceShipmentArr"][0]["Lines"] == [{"SoLineId": 40000, "ItemNumber": "LMP-OAK-S", "Qty": 1}]


def test_documents_are_counted_by_store_and_kind(tenant: Tenant) -> None:
    books = tenant.sandbox.books
    numbers = [books.number("Main Store", "S"), books.number("Main Store", "S"), books.number("Main Store", "C")]
    assert [*numbers, books.number("WEB STORE", "S")] == ["MAIN-S000001", "MAIN-S000002", "MAIN-C000001", "WEB-S000001"]


def test_the_clock_moves_when_told_and_writes_the_tenants_time(tenant: Tenant) -> None:
    tenant.control("config", time_zone="America/New_York")
    stamp = tenant.control("clock", at="2026-03-09T15:02:11+00:00")["stamp"]
    assert stamp == "03/09/2026 11:02:11 AM"
    tenant.control("clock", advance_s=3600)
    order(tenant)
    assert tenant.orders()[0]["CreateDttm"].startswith("03/09/2026 12:02:1")
    tenant.control("reset")
    assert abs(tenant.sandbox.books.now() - timezone.now()) < timedelta(seconds=5)


def test_only_goods_have_stock_and_only_in_places_there_are(tenant: Tenant) -> None:
    stock_of = tenant.sandbox.books.stock
    stock_of.change("HUB-TIP", EAST, available=5)
    assert ("HUB-TIP", EAST) not in stock_of.kept
    stock_of.change("LMP-OAK-S", EAST, "RETURNS", not_available=1)
    assert stock_of.row("LMP-OAK-S", EAST)["NotAvailableQty"] == 3
    for given, code in ((("NOPE", EAST), 1002), (("MUG-BLU-350", "NOPE"), 1003), (("MUG-BLU-350", EAST, "NOPE"), 1001)):
        with pytest.raises(Refused) as refused:
            stock_of.change(*given, available=1)
        assert refused.value.code == code


def test_the_seeds_are_ten_base_parts_with_their_odd_ones(tenant: Tenant) -> None:
    items = tenant.sandbox.books.items.values()
    assert len({item["BasePartNumber"] for item in items}) == 10
    assert [item["ItemNumber"] for item in items if item["IsPreSellFlag"]] == ["DESK-160"]
    assert {item["ItemTypeName"] for item in items} == {"Inventory", "Miscellaneous"}


def test_money_in_undeposited_funds_waits_for_a_bank_deposit(tenant: Tenant) -> None:
    order(tenant, DepositAmount=67.8)
    payment = tenant.sandbox.books.payments[-1]  # behind those of the seeds
    shown = {name: payment[name] for name in ("ChequeNo", "Amount", "EntityName", "StoreName", "IsDeposited")}
    assert shown == {
        "ChequeNo": "2041", "Amount": 67.8, "EntityName": "Ada Brook", "StoreName": "Main Store", "IsDeposited": False,
    }  # fmt: skip
