"""The sandbox takes credit memos as strictly as the guide lists them, and the samples are what goes in and comes out."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

import connectors.xoro
from connectors.records import GiftCard, Refund
from connectors.xoro import creditplans, giftcards
from connectors.xoro.calls.creditmemos import find_credit_memos, find_invoices
from connectors.xoro.creditables import without_invoice
from connectors.xoro.creditbodies import credit_memo
from connectors.xoro.credits import of_refund
from connectors.xoro.options import CreditOptions
from tests.connectors.xoro.cast import Tenant, make_settings, scripted_client

SAMPLES = Path(connectors.xoro.__file__).parent / "samples"
AUTH = ("sandbox-key", "sandbox-secret")
MOVING = ("CreateDttm", "ModifyDttm")


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def send(tenant: Tenant, body: Any, path: str = "creditmemo/import") -> dict[str, Any]:
    answer = requests.post(f"{tenant.address}/api/xerp/{path}", json=body, auth=AUTH, timeout=5)
    assert answer.status_code == 200
    return answer.json()


def ask(tenant: Tenant, **query: str) -> dict[str, Any]:
    url = f"{tenant.address}/api/xerp/creditmemo/getcreditmemo"
    return requests.get(url, params=query, auth=AUTH, timeout=5).json()


def still(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what is another each time."""
    found = copy.deepcopy(answer)
    data = found["Data"]
    for row in data if isinstance(data, list) else [data]:
        for name in MOVING:
            row["creditMemoHeader"].pop(name)
    return found


def refund_body(**settings: Any) -> dict[str, Any]:
    chosen = make_settings(**settings)
    credit = of_refund(Refund.from_json((SAMPLES / "refund.json").read_bytes()), chosen)
    run: Any = SimpleNamespace(settings=chosen)
    [part] = creditplans.plan(run, credit, without_invoice(run, credit), "", credit.shipping)
    return credit_memo(credit, part, None, chosen, CreditOptions(), is_first=True, origin="lumen")


def card_body() -> dict[str, Any]:
    card = GiftCard.from_json((SAMPLES / "gift_card.json").read_bytes())
    run: Any = SimpleNamespace(
        settings=make_settings(gift_cards_enabled=True), options=CreditOptions(), source_connector_slug="lumen"
    )
    return giftcards.credit_memo(run, card)


def test_the_sample_requests_are_what_the_sample_records_become() -> None:
    assert refund_body() == sample("creditmemo_import_request")
    assert card_body() == sample("creditmemo_import_gift_card_request")


def test_the_sandbox_takes_them_and_answers_as_the_samples_do(tenant: Tenant) -> None:
    assert still(send(tenant, sample("creditmemo_import_request"))) == still(sample("creditmemo_import_response"))
    card = send(tenant, sample("creditmemo_import_gift_card_request"))
    assert card["Data"]["creditMemoHeader"]["TotalAmount"] == 40.0
    found = ask(tenant, third_party_ref_no="88100450012", third_party_source="https://lumen-goods.example-Demo")
    assert still(found) == still(sample("creditmemo_getcreditmemo_response"))


def unpaid_invoice(tenant: Tenant) -> None:
    """Of the sample's order, which nobody has paid."""
    body = sample("invoice_import_request")
    for name in ("DepositAmount", "DepositAccountName", "LiabilityAccountName"):
        body["invoiceHeader"].pop(name, None)
    assert send(tenant, body, "invoice/import")["Result"] is True


def test_an_application_is_taken_as_the_sample_says_once_and_within_both_balances(tenant: Tenant) -> None:
    unpaid_invoice(tenant)
    send(tenant, sample("creditmemo_import_gift_card_request"))
    wish = sample("creditmemo_apply_request")
    for changes, code in (
        ({"Amount": 40.01}, 1001), ({"Amount": 0}, 1001), ({"Amount": "40"}, 1001), ({"CurrencyCode": "CAD"}, 1001),
        ({"Kind": "x"}, 1001), ({"ThirdPartyRefNo": ""}, 1001), ({"CreditMemoNumber": "MAIN-C000009"}, 1008),
        ({"InvoiceNumber": "MAIN-I000009"}, 1008),
    ):  # fmt: skip
        assert send(tenant, wish | changes, "creditmemo/apply")["ErrorCode"] == code, changes
    assert send(tenant, wish, "creditmemo/apply") == sample("creditmemo_apply_response")
    assert send(tenant, wish, "creditmemo/apply")["ErrorCode"] == 1005
    assert send(tenant, wish | {"ThirdPartyRefNo": "2"}, "creditmemo/apply")["ErrorCode"] == 1009
    [memo] = tenant.sandbox.books.credit_memos
    assert (memo["creditMemoHeader"]["StatusName"], memo["creditMemoHeader"]["BalanceAmount"]) == ("Applied", 0)
    [invoice] = tenant.sandbox.books.invoices
    assert (invoice["invoiceHeader"]["StatusName"], invoice["invoiceHeader"]["BalanceAmount"]) == ("Open", 27.8)


def test_a_stock_adjustment_is_taken_as_the_sample_says(tenant: Tenant) -> None:
    before = tenant.sandbox.books.stock.row("LMP-OAK-S", "EAST WAREHOUSE")
    assert send(tenant, sample("inventory_adjustment_request"), "inventory/adjustment")["Result"] is True
    after = tenant.sandbox.books.stock.row("LMP-OAK-S", "EAST WAREHOUSE")
    assert after["OnHandQty"] == before["OnHandQty"] - 1
    assert after["NotAvailableQty"] == before["NotAvailableQty"] - 1


@pytest.mark.parametrize(
    ("place", "value", "code", "message"),
    [
        (("creditMemoHeader", "CreditMemoNo"), "1", 1001, "Unknown field: CreditMemoNo"),
        (("creditMemoHeader", "CustomerName"), "", 1001, "Required field missing: CustomerName"),
        (("creditMemoHeader", "TxnDate"), "03/14/2026", 1001, "Invalid value: TxnDate"),
        (("creditMemoHeader", "ThirdPartyRefNo"), 88100450012, 1001, "Invalid value: ThirdPartyRefNo"),
        (("creditMemoHeader", "ThirdPartyTotalRefundAmount"), "58.30", 1001, "ThirdPartyTotalRefundAmount"),
        (("creditMemoHeader", "ThirdPartyAdjustTotalFlag"), 1, 1001, "Invalid value: ThirdPartyAdjustTotalFlag"),
        (("creditMemoHeader", "StoreName"), "NOWHERE", 1003, "Store not found: NOWHERE"),
        (("creditMemoHeader", "InvoiceNumber"), "MAIN-I000099", 1008, "Document not found: MAIN-I000099"),
        (("creditMemoHeader", "AccountReceivableName"), "None", 1004, "Account not found: None"),
        (("creditMemoHeader", "ThirdPartyAdjSku"), "NONE-1", 1002, "Item not found: NONE-1"),
        (("creditMemoHeader", "ShippingCreditAmount"), 5, 1001, "Required field missing: ExpenseShippingAccntName"),
        (("creditMemoHeader", "CreditMemoTypeName"), "Warehouse", 1001, "Invalid value: CreditMemoTypeName"),
        (("creditMemoItemLineArry", 0, "ItemNumber"), "NONE-1", 1002, "Item not found: NONE-1"),
        (("creditMemoItemLineArry", 0, "Quantity"), 1, 1001, "Unknown field: Quantity"),
        (("creditMemoItemLineArry", 0, "Qty"), "1", 1001, "Invalid value: Qty"),
        (("creditMemoItemLineArry", 0, "InventoryLocChangeList", 0, "DeltaQty"), 2, 1001, "Invalid value: DeltaQty"),
        (("creditMemoItemLineArry", 0, "InventoryLocChangeList", 0, "LocationName"), "MOON", 1001, "LocationName MOON"),
        (("creditMemoItemLineArr",), [], 1001, "Unknown field: creditMemoItemLineArr"),
    ],
)
def test_what_is_wrong_is_refused_by_name(
    tenant: Tenant, place: tuple[Any, ...], value: Any, code: int, message: str
) -> None:
    body = sample("creditmemo_import_request")
    inner = body
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    answer = send(tenant, body)
    assert (answer["Result"], answer["ErrorCode"], answer["Data"]) == (False, code, None)
    assert message in answer["Message"]
    assert tenant.sandbox.books.credit_memos == []


def test_a_memo_needs_a_line_or_a_total(tenant: Tenant) -> None:
    body = sample("creditmemo_import_request")
    body["creditMemoItemLineArry"] = []
    assert send(tenant, copy.deepcopy(body))["Result"] is True
    body["creditMemoHeader"] |= {"ThirdPartyRefNo": "2"}
    del body["creditMemoHeader"]["ThirdPartyTotalRefundAmount"]
    assert send(tenant, body)["ErrorCode"] == 1001


def test_a_memo_that_is_used_in_part_is_found_where_the_account_needs_a_status():
    source = "https://lumen-goods.example-Demo"
    memo = {"creditMemoHeader": {"CreditMemoNumber": "C1", "ThirdPartyRefNo": "9", "ThirdPartySource": source}}
    empty = (200, {"Result": True, "ErrorCode": 0, "Data": []})
    client = scripted_client(empty, empty, (200, {"Result": True, "ErrorCode": 0, "Data": [memo]}))
    assert find_credit_memos(client, source, "9", is_thorough=True).rows == [memo]
    assert [one["params"].get("status") for one in client.http.calls] == [None, "Open", "Partially Applied"]


def test_an_invoice_that_a_busy_xoro_left_out_is_found_by_the_number_of_the_sales_order():
    def page(*numbers: str) -> tuple[int, dict]:
        rows = [{"invoiceHeader": {"InvoiceNumber": one, "SoNumber": "MAIN-S000001"}} for one in numbers]
        return 200, {"Result": True, "ErrorCode": 0, "Data": rows}

    busy = (200, {"Result": False, "ErrorCode": 0, "Data": [], "Message": ""})
    client = scripted_client(page("MAIN-I000001"), page(), *[busy] * 4, page("MAIN-I000001", "MAIN-I000002"), page())
    rows = find_invoices(client, "https://lumen-goods.example-Demo", "1", "MAIN-S000001", ("Open", "Paid"))
    assert [row["invoiceHeader"]["InvoiceNumber"] for row in rows] == ["MAIN-I000001", "MAIN-I000002"]
    assert client.http.answers == []


def test_a_second_memo_of_one_reference_is_refused(tenant: Tenant) -> None:
    send(tenant, sample("creditmemo_import_request"))
    answer = send(tenant, sample("creditmemo_import_request"))
    assert (answer["ErrorCode"], answer["Message"]) == (1005, "Duplicate third party reference: 88100450012")


@pytest.mark.parametrize("missing", ["creditmemo/import", "creditmemo/getcreditmemo"])
def test_a_key_without_the_permission_gets_a_fault(tenant: Tenant, missing: str) -> None:
    tenant.control("config", keys={"sandbox-key": {"secret": "sandbox-secret", "scopes": ["orders"]}})
    method = "POST" if missing.endswith("import") else "GET"
    answer = requests.request(method, f"{tenant.address}/api/xerp/{missing}", json={}, auth=AUTH, timeout=5)
    assert (answer.status_code, answer.json()) == (500, {"Message": "An error has occurred."})


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 2),
        ({"credit_memo_number": "MAIN-C000002"}, 1),
        ({"third_party_ref_no": "88100450012"}, 1),
        ({"third_party_ref_no": "1"}, 0),
        ({"third_party_source": "https://elsewhere"}, 0),
        ({"ref_no": "1990"}, 1),
        ({"customer_name": "Ada Brook"}, 2),
        ({"store_name": "Main Store"}, 1),
        ({"status": "Open"}, 1),
        ({"status": "Void"}, 1),
        ({"exclude_processed": "true"}, 1),
        ({"since_id": "9001"}, 1),
        ({"created_at_min": "01/01/2100 01:00:00 AM"}, 0),
        ({"updated_at_max": "2100-01-01T00:00:00"}, 2),
        ({"unknown": "x"}, 2),
    ],
)
def test_memos_are_found_by_the_filters_of_the_guide(tenant: Tenant, query: dict[str, str], count: int) -> None:
    send(tenant, sample("creditmemo_import_request"))
    send(tenant, sample("creditmemo_import_gift_card_request"))
    tenant.control("creditmemo_status", number="MAIN-C000002", status="Void")
    assert len(ask(tenant, **query)["Data"]) == count


def test_lines_can_be_left_out(tenant: Tenant) -> None:
    send(tenant, sample("creditmemo_import_request"))
    assert "creditMemoItemLineArry" not in ask(tenant, include_lines="false")["Data"][0]


def test_where_the_type_is_not_sent_the_tenant_decides(tenant: Tenant) -> None:
    body = sample("creditmemo_import_request")
    body["creditMemoItemLineArry"][0]["InventoryLocChangeList"] = []
    assert send(tenant, copy.deepcopy(body))["Data"]["creditMemoHeader"]["CreditMemoTypeName"] == "Direct"
    tenant.control("config", asn_for_returns=True)
    body["creditMemoHeader"]["ThirdPartyRefNo"] = "2"
    header = send(tenant, body)["Data"]["creditMemoHeader"]
    assert (header["CreditMemoTypeName"], header["AsnNumber"]) == ("Warehouse", "EAST-A000001")
    assert tenant.sandbox.books.stock.row("LMP-OAK-S", "EAST WAREHOUSE")["QtyOnASN"] == 1
