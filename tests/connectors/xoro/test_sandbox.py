"""The sandbox is as strict as the real thing, and the samples are what it takes and gives."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import requests

import connectors.xoro
from connectors.http import HttpAnswer
from connectors.records import Order
from connectors.schema import load
from connectors.xoro import envelope
from connectors.xoro.loop import reading
from connectors.xoro.options import OrderOptions
from connectors.xoro.provider import provider
from connectors.xoro.routes import ROUTES
from connectors.xoro.sandbox import books as sandbox_books
from connectors.xoro.sandbox.server import ROUTES as SERVED
from tests.connectors.xoro.cast import Answer, FakeRun, Tenant, body_of, make_settings, scripted_client

SAMPLES = Path(connectors.xoro.__file__).parent / "samples"
AUTH = ("sandbox-key", "sandbox-secret")
DEMO_SKUS = "MUG-BLU-350 MUG-RED-350 LMP-OAK-S LMP-OAK-L PAPER-A4-80 TONER-77K HUB-TIP HUB-DUTY".split()


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def still(content: Any) -> Any:
    """Without what the clock says to the second."""
    if isinstance(content, dict):
        return {name: still(value) for name, value in content.items() if name not in ("CreateDttm", "ModifyDttm")}
    return [still(one) for one in content] if isinstance(content, list) else content


def create(tenant: Tenant, body: Any, path: str = "salesorder/create") -> dict[str, Any]:
    answer = requests.post(f"{tenant.address}/api/xerp/{path}", json=body, auth=AUTH, timeout=5)
    assert answer.status_code == 200
    content: dict[str, Any] = answer.json()
    return content


def test_it_takes_the_sample_order_and_answers_as_the_sample_does(tenant: Tenant) -> None:
    answer = create(tenant, sample("salesorder_create_request"))
    expected = sample("salesorder_create_response")
    for moment in ("CreateDttm", "ModifyDttm"):
        answer["Data"]["SoEstimateHeader"].pop(moment)
        expected["Data"]["SoEstimateHeader"].pop(moment)
    assert answer == expected


@pytest.mark.parametrize("path", ["asn/getasn", "wave/getwave"])
def test_it_answers_the_work_of_the_warehouse_as_the_sample_does(tenant: Tenant, path: str) -> None:
    tenant.control("clock", at="2026-03-09T10:02:11+00:00")
    number = create(tenant, sample("salesorder_create_request"))["Data"]["SoEstimateHeader"]["OrderNumber"]
    tenant.control("wave", order_number=number)
    tenant.control("asn", store="EAST WAREHOUSE", lines=[{"ItemNumber": "LMP-OAK-S", "Qty": 5}])
    answer = requests.get(f"{tenant.address}/api/xerp/{path}", auth=AUTH, timeout=5).json()
    assert still(answer) == still(sample(path.replace("/", "_") + "_response"))


def test_it_answers_the_shipped_invoice_of_the_sample_order_as_the_sample_does(tenant: Tenant) -> None:
    number = create(tenant, sample("salesorder_create_request"))["Data"]["SoEstimateHeader"]["OrderNumber"]
    tenant.control("clock", at="2026-03-09T10:02:11+00:00")
    tenant.control("ship", order_number=number, tracking="1Z999AA10123456784", carrier="UPS", service="UPS Ground")
    url = f"{tenant.address}/api/xerp/invoice/getinvoice"
    answer = requests.get(url, params={"status": "Paid"}, auth=AUTH, timeout=5).json()
    expected = sample("invoice_getinvoice_response")
    for moment in ("CreateDttm", "ModifyDttm"):  # the clock goes on
        assert answer["Data"][0]["invoiceHeader"].pop(moment)[:16] == "03/09/2026 10:02"
        expected["Data"][0]["invoiceHeader"].pop(moment)
    assert answer == expected


def test_the_sample_request_is_what_the_sample_order_becomes() -> None:
    order = Order.from_json((SAMPLES / "order.json").read_bytes())
    body = body_of(order, make_settings())
    assert body == sample("salesorder_create_request")


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in SAMPLES.glob("*_response.json") if not path.stem.startswith("loop_"))
)
def test_every_sample_answer_can_be_judged(name: str) -> None:
    content = json.dumps(sample(name)).encode()
    status = 500 if name.startswith("no_permission") else 200
    answer: HttpAnswer = Answer(status, content)
    if name.startswith(("duplicate", "no_permission")):
        with pytest.raises(Exception, match=r"Duplicate|permission"):
            envelope.read(answer, is_write=True)
    else:
        found = envelope.read(answer, is_write=False)
        assert found.is_certain == (not name.startswith("throttled"))


def test_the_sample_answers_of_the_returns_app_have_no_envelope_and_are_read() -> None:
    told = reading.listed(sample("loop_return_list_response")["returns"][0])
    whole = reading.loop_return(sample("loop_return_details_response"))
    assert told.id and whole.id
    assert whole.order_name.startswith("#") and whole.lines


def test_it_refuses_what_it_does_not_know(tenant: Tenant) -> None:
    def refusal(change: Any) -> tuple[int, str]:
        body = copy.deepcopy(sample("salesorder_create_request"))
        change(body["SoEstimateHeader"], body["SoEstimateItemLineArr"][0], body)
        answer = create(tenant, body)
        assert answer["Result"] is False
        assert answer["Data"] is None
        return answer["ErrorCode"], answer["Message"]

    cases = [
        (lambda h, line, b: h.update(CustomerNmae="x"), (1001, "Unknown field: CustomerNmae")),
        (lambda h, line, b: line.update(Sku="x"), (1001, "Unknown field: Sku")),
        (lambda h, line, b: b.update(Extra=1), (1001, "Unknown field: Extra")),
        (lambda h, line, b: h.pop("CustomerName"), (1001, "Required field missing: CustomerName")),
        (lambda h, line, b: line.pop("Qty"), (1001, "Required field missing: Qty")),
        (
            lambda h, line, b: b.update(SoEstimateItemLineArr=[]),
            (1001, "Required field missing: SoEstimateItemLineArr"),
        ),
        (lambda h, line, b: line.update(UnitPrice="55"), (1001, "Invalid value: UnitPrice")),
        (lambda h, line, b: h.update(OrderDate="2026-03-07"), (1001, "Invalid value: OrderDate")),
        (lambda h, line, b: h.update(AutoReleaseSalesOrder="Y"), (1001, "Invalid value: AutoReleaseSalesOrder")),
        (lambda h, line, b: line["TaxItems"][0].update(RateType="fraction"), (1001, "Invalid value: RateType")),
        (lambda h, line, b: line.update(ItemNumber="NOPE"), (1002, "Item not found: NOPE")),
        (lambda h, line, b: h.update(StoreName="NOPE"), (1003, "Store not found: NOPE")),
        (lambda h, line, b: h.update(DepositAccountName="NOPE"), (1004, "Account not found: NOPE")),
        (lambda h, line, b: h.pop("LiabilityAccountName"), (1004, "Account not found: LiabilityAccountName")),
    ]
    for change, expected in cases:
        assert refusal(change) == expected
    assert tenant.orders() == []


def test_each_error_code_of_a_document_comes_with_its_sentence(tenant: Tenant) -> None:
    def said(path: str, body: Any) -> tuple[int, str]:
        answer = create(tenant, body, path)
        assert (answer["Result"], answer["Data"]) == (False, None)
        return answer["ErrorCode"], answer["Message"]

    order = sample("salesorder_create_request")
    reference = order["SoEstimateHeader"]["ThirdPartyRefNo"]
    number = create(tenant, order)["Data"]["SoEstimateHeader"]["OrderNumber"]
    assert said("salesorder/create", order) == (1005, f"Duplicate third party reference: {reference}")
    assert said("salesorder/cancel", {"OrderNumber": "MAIN-S999999"}) == (1008, "Document not found: MAIN-S999999")
    invoice = tenant.control("ship", order_number=number)["invoiceHeader"]["InvoiceNumber"]
    assert said("salesorder/cancel", {"OrderNumber": number}) == (1009, "Status does not allow this action: Shipped")
    memo = sample("creditmemo_import_request")
    memo["creditMemoHeader"] |= {"InvoiceNumber": invoice, "CustomerName": "Nobody"}
    assert said("creditmemo/import", memo) == (1006, f"Customer not found: Nobody on {invoice}")


@pytest.mark.parametrize(
    ("terms", "available", "told"),
    [("Prepaid", 9, (1010, "Payment terms not met")), ("", 0, (1007, "Insufficient inventory to create wave"))],
)
def test_a_wave_that_is_not_made_is_told_beside_the_order(
    tenant: Tenant, terms: str, available: int, told: tuple[int, str]
) -> None:
    tenant.control("config", terms={"Prepaid": True})
    body = sample("salesorder_create_request")
    header = body["SoEstimateHeader"]
    tenant.control("stock", sku="LMP-OAK-S", store=header["StoreName"], available=available)
    header |= {"AutoWaveSalesOrder": True, "PaymentTermsName": terms, "DepositAmount": 1}
    answer = create(tenant, body)["Data"]
    assert answer["SoEstimateHeader"]["StatusName"] == "Released"
    assert [(one["ErrorCode"], one["Message"]) for one in answer["SoEstimateEdiLogArr"]] == [told]


def test_it_refuses_a_duplicate_even_as_a_number(tenant: Tenant) -> None:
    body = sample("salesorder_create_request")
    assert create(tenant, body)["Result"] is True
    body["SoEstimateHeader"]["ThirdPartyRefNo"] = int(body["SoEstimateHeader"]["ThirdPartyRefNo"])
    assert create(tenant, body)["ErrorCode"] == 1005


def test_it_finds_an_item_by_its_barcode(tenant: Tenant) -> None:
    body = sample("salesorder_create_request")
    upc = tenant.sandbox.books.items["LMP-OAK-S"]["ItemUpc"]
    body["SoEstimateItemLineArr"][0] |= {"ItemNumber": upc, "ItemIdentifierCode": 2}
    assert create(tenant, body)["Result"] is True


def test_its_seeds_hold_what_the_demo_orders_need(tenant: Tenant) -> None:
    assert len(tenant.sandbox.books.items) == 30
    assert set(DEMO_SKUS) <= set(tenant.sandbox.books.items)
    assert sandbox_books.STORES == {"Main Store": "MAIN", "EAST WAREHOUSE": "EAST", "WEB STORE": "WEB"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "nothing/get", 404),
        ("GET", "salesorder/nothing", 400),
        ("GET", "SalesOrder/GetSalesOrder", 404),
        ("POST", "invoice/getinvoice", 405),
    ],
)
def test_it_answers_wrong_routes_as_the_real_thing(tenant: Tenant, method: str, path: str, status: int) -> None:
    answer = requests.request(method, f"{tenant.address}/api/xerp/{path}", auth=AUTH, timeout=5)
    assert answer.status_code == status


def test_a_route_can_be_switched_off(tenant: Tenant) -> None:
    tenant.control("config", routes_disabled=["customer/create", "customer/getcustomer"])
    answer = requests.get(f"{tenant.address}/api/xerp/customer/getcustomer", auth=AUTH, timeout=5)
    assert answer.status_code == 404


def test_an_order_ships_once_and_unpaid_invoices_stay_open(tenant: Tenant) -> None:
    body = sample("salesorder_create_request")
    body["SoEstimateHeader"]["DepositAmount"] = 10
    number = create(tenant, body)["Data"]["SoEstimateHeader"]["OrderNumber"]
    header = tenant.control("ship", order_number=number, tracking="1Z9")["invoiceHeader"]
    assert (header["StatusName"], header["FullPaymentDate"]) == ("Open", "01/01/0001")
    again = requests.post(f"{tenant.address}/_sandbox/ship", json={"order_number": number}, timeout=5)
    assert (again.status_code, again.json()["error"]) == (409, "Status does not allow this action: Shipped")


def test_no_rows_come_without_status_number_or_reference(tenant: Tenant) -> None:
    create(tenant, sample("salesorder_create_request"))
    url = f"{tenant.address}/api/xerp/salesorder/getsalesorder"
    assert requests.get(url, auth=AUTH, timeout=5).json()["Data"] == []
    assert len(requests.get(url, params={"status": "Released"}, auth=AUTH, timeout=5).json()["Data"]) == 1


def test_a_reset_forgets_everything(tenant: Tenant, run: FakeRun) -> None:
    create(tenant, sample("salesorder_create_request"))
    tenant.fault("ignore_filters")
    tenant.control("reset")
    assert tenant.orders() == []
    assert tenant.sandbox.faults == []


def test_the_provider_declares_what_the_hub_needs() -> None:
    assert (provider.slug, provider.label) == ("xoro", "Xoro ERP")
    assert provider.accepts[Order].options is OrderOptions
    assert provider.budget.concurrency == 1
    assert [lookup.path for lookup in provider.lookups] == ["invoices"]
    lookup = provider.lookups[0]
    assert (lookup.budget_s, lookup.is_on(make_settings())) == (45.0, True)
    assert not lookup.is_on(make_settings(sync_third_party_customer_company=False))
    assert provider.sandbox is not None
    settings = load(provider.settings, provider.sandbox.settings("https://sandbox.example/xoro"))
    assert settings.base_url == "https://sandbox.example/xoro/api/xerp/"
    assert provider.sandbox.application() is not provider.sandbox.application()


def read(tenant: Tenant, path: str, **query: str) -> list[Any]:
    content = requests.get(f"{tenant.address}/api/xerp/{path}", params=query, auth=AUTH, timeout=5).json()
    assert content["Result"], content
    rows: list[Any] = content["Data"]
    return rows


def test_what_is_on_order_is_what_the_stock_says_of_it(tenant: Tenant) -> None:
    [order] = read(tenant, "purchaseorder/getpurchaseorder", status="Released")
    due = {line["ItemNumber"]: line["Qty"] for line in order["poLines"]}
    [row] = read(tenant, "inventory/getinventorybyitem", item_number="LMP-OAK-S", store="EAST WAREHOUSE")
    assert due["LMP-OAK-S"] == row["QtyOnPO"] == 24
    [line] = read(
        tenant, "purchaseorder/getincomingpodeliveries", item_numbers="LMP-OAK-S", store_names="EAST WAREHOUSE"
    )
    assert (line["PONumber"], line["AvailablePOLineQty"]) == (order["poHeader"]["OrderNumber"], 24)
    assert read(tenant, "purchaseorder/getincomingpodeliveries", store_names="WEB STORE") == []


def test_bills_are_read_and_imported_and_refused_with_an_unknown_item(tenant: Tenant) -> None:
    [first] = read(tenant, "bill/getbill", vendor_name="Lumen Works")
    line = {"ItemNumber": "LMP-OAK-S", "Qty": 3, "UnitCost": 22.0}
    body = {"billHeader": {"StoreName": "EAST WAREHOUSE", "VendorName": "Other"}, "billItemLineArr": [line]}
    made = create(tenant, body, "bill/import")["Data"]["billHeader"]
    assert read(tenant, "bill/getbill", since_id=str(first["billHeader"]["Id"]))[0]["billHeader"] == made
    refused = create(tenant, {**body, "billItemLineArr": [{**line, "ItemNumber": "NONE"}]}, "bill/import")
    assert (refused["ErrorCode"], refused["Message"]) == (1002, "Item not found: NONE")
    assert [one["billHeader"]["ItemReceiptNumber"] for one in read(tenant, "bill/getitemreceipt")] == ["EAST-R000000"]


def test_currencies_and_refunds_are_lists(tenant: Tenant) -> None:
    assert {one["CurrencyCode"] for one in read(tenant, "currency/getcurrency")} >= {"USD", "CAD"}
    assert read(tenant, "refund/getrefund") == []


def test_every_route_the_client_uses_is_in_the_sandbox() -> None:
    used = {path: method for method, path in ROUTES.values()}
    assert used.items() <= {path: route.method for path, route in SERVED.items()}.items()
    assert set(scripted_client().routes) == set(ROUTES)
