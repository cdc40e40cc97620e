"""The sandbox ERP over real HTTP: every route, check and fault switch, where possible through the client."""

from decimal import Decimal

import pytest
import requests

from connectors.generic_erp.bodies import ShippingItem
from connectors.generic_erp.client import NotFound
from connectors.generic_erp.contract import check_answer
from connectors.generic_erp.functions import BALANCE, INVOICE, INVOICES, ORDER, ORDERS, SHIPPING_METHODS, TAXES
from connectors.generic_erp.reading import Asked
from connectors.generic_erp.sandbox import ROUTES

from .conftest import SAMPLES, control, sample
from .questions import ITEMS, LINES, US, calls, failure

KEY = {"X-Erp-Key": "sandbox-key"}
ANY = {"any_date": True}


def post(erp, path, body=None, headers=KEY, **more):
    return requests.post(erp + path, json=body, headers=headers, timeout=5, allow_redirects=False, **more)


@pytest.mark.parametrize("path", ROUTES)
def test_it_takes_only_post(erp, path):
    answer = requests.get(erp + path, headers=KEY, timeout=5)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(("path", "function"), ROUTES.items())
def test_it_answers_the_canonical_request_of_every_route(erp, path, function):
    control(erp, "strict", strict=True)
    body = sample(f"{function}.request")
    answer = post(erp, path, body)
    assert answer.status_code == (404 if function in ("order", "invoice") else 200), answer.text
    assert (SAMPLES / f"{function}.response.json").exists()


@pytest.mark.parametrize(
    "headers", [{}, {"X-Erp-Key": "wrong"}, {"Authorization": "Bearer wrong"}, {"Authorization": "sandbox-token"}]
)
def test_it_refuses_wrong_credentials(erp, headers):
    answer = post(erp, "/orders", {}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_it_takes_a_bearer_token_too(erp):
    headers = {"Authorization": "Bearer sandbox-token"}
    assert post(erp, "/customers/balance", {"customer_code": "BRK-2210"}, headers=headers).status_code == 200


def test_it_takes_another_header_pair_when_told(erp):
    control(erp, "auth", name="X-Other", value="pw")
    assert post(erp, "/customers/balance", {"customer_code": "BRK-2210"}).status_code == 401
    assert post(erp, "/customers/balance", {"customer_code": "BRK-2210"}, headers={"X-Other": "pw"}).status_code == 200


def test_it_wants_json(erp):
    assert requests.post(erp + "/orders", data=b"{}", headers=KEY, timeout=5).status_code == 415
    for body in (b"", b"{", b"[]", b'"x"'):
        headers = {**KEY, "Content-Type": "application/json; charset=utf-8"}
        answer = requests.post(erp + "/orders", data=body, headers=headers, timeout=5)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("path", "change", "field"),
    [
        ("/orders", {"customer_code": ""}, "customer_code"),
        ("/orders", {"current_page": "x"}, "current_page"),
        ("/orders", {"current_page": "0"}, "current_page"),
        ("/orders", {"date_from": "2025-08-19"}, "date_from"),
        ("/orders", {"sort_by": "balance"}, "sort_by"),
        ("/invoices", {"payment_state": "late"}, "payment_state"),
        ("/orders/by-id", {"order_id": 5}, "order_id"),
        ("/checkout/shipping-methods", {"items": []}, "items"),
        ("/checkout/shipping-methods", {"items": [{"sku": "A"}]}, "items[0].quantity"),
        (
            "/checkout/taxes",
            {"request": {"header": {"customer_code": "BRK-2210"}, "lines": []}},
            "request.header.shiptopostcode",
        ),
    ],
)
def test_it_names_the_wrong_field(erp, path, change, field):
    body = {**sample(f"{ROUTES[path]}.request"), **change}
    answer = post(erp, path, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "validation_failed")
    assert field in answer.json()["error"]["fields"]


def test_it_ignores_unknown_members_unless_told_to_be_strict(erp):
    body = {"customer_code": "BRK-2210", "shop": 5}
    assert post(erp, "/customers/balance", body).status_code == 200
    control(erp, "strict", strict=True)
    assert post(erp, "/customers/balance", body).json()["error"]["fields"] == {"shop": "is not part of the contract"}


def test_it_takes_the_older_name_of_the_customer(erp):
    assert post(erp, "/customers/balance", {"customer_id": "BRK-2210"}).status_code == 200


# Behaviour


def test_it_passes_its_own_contract_check_in_every_function(client):
    asked = Asked(customer_code="BRK-2210", basket_total=Decimal("230.50"))
    bodies = {
        ORDERS: {"customer_code": "BRK-2210", "current_page": "1", "per_page": "20"},
        ORDER: {"customer_code": "BRK-2210", "order_id": "SO-0009431"},
        INVOICES: {"customer_code": "BRK-2210", "current_page": "1", "per_page": "20"},
        INVOICE: {"customer_code": "BRK-2210", "invoice_id": "INV-43534"},
        BALANCE: {"customer_code": "BRK-2210"},
        TAXES: sample("taxes.request"),
        SHIPPING_METHODS: sample("shipping_methods.request"),
    }
    for function, body in bodies.items():
        assert check_answer(function, client.ask(function, body), asked, client.settings) == []


def test_it_accepts_exactly_what_the_client_sends(erp, client):
    control(erp, "strict", strict=True)
    for name, call in calls(client, "BRK-2210").items():
        assert not isinstance(call(), NotFound), name


def test_it_pages_through_all_orders_once(client):
    seen, page = [], 1
    while True:
        data = client.list_orders("BRK-2210", page=page, per_page=10, **ANY).data
        seen += [order["order_id"] for order in data["orders"]]
        if not data["page"]["has_next"]:
            break
        page += 1
    assert page == 4
    assert len(seen) == len(set(seen)) == 32
    past = client.list_orders("BRK-2210", page=9, per_page=10, **ANY).data
    assert past["orders"] == []
    assert past["page"] == {"current_page": 9, "per_page": 10, "total": 32, "has_next": False}


def test_it_shows_six_months_newest_first_unless_asked_otherwise(client):
    recent = client.list_orders("BRK-2210", per_page=500).data
    dates = [order["order_date"] for order in recent["orders"]]
    assert dates == sorted(dates, reverse=True)
    assert 20 < len(dates) < 32


def test_it_filters_and_sorts(client):
    one = client.list_orders("BRK-2210", order_number="9431", **ANY).data["orders"]
    assert [order["order_id"] for order in one] == ["SO-0009431"]
    assert client.list_orders("BRK-2210", po_number=one[0]["po_number"].lower(), **ANY).data["orders"] == one
    held = client.list_orders("BRK-2210", status="CREDIT HOLD", **ANY).data["orders"]
    assert held
    assert {order["status"] for order in held} == {"Credit hold"}
    toner = client.list_orders("BRK-2210", keyword="toner", per_page=100, **ANY).data["orders"]
    assert 0 < len(toner) < 32
    opened = client.list_invoices("BRK-2210", payment_state="open", sort_by="balance", sort_direction="asc", **ANY).data
    balances = [Decimal(invoice["balance"]) for invoice in opened["invoices"]]
    assert balances == sorted(balances)
    assert min(balances) > 0


def test_it_caps_the_page_size(erp):
    body = {"customer_code": "BRK-2210", "current_page": 1, "per_page": 9000}
    assert post(erp, "/orders", body).json()["per_page"] == 500


def test_it_keeps_books_that_add_up(client):
    balance = client.get_balance("BRK-2210").data["balance"]
    invoices = client.list_invoices("BRK-2210", per_page=500, **ANY)
    owed = sum(Decimal(invoice["balance"]) for invoice in invoices.data["invoices"])
    assert Decimal(balance["total_balance"]) == owed - Decimal(balance["unapplied_credits"])
    assert {invoice["payment_state"] for invoice in invoices.data["invoices"]} == {"open", "paid"}
    assert any(invoice["is_overdue"] for invoice in invoices.data["invoices"])


def test_it_shows_a_document_to_its_owner_only(client):
    order = client.get_order("BRK-2210", "SO-0009431").data["order"]
    assert order["lines"]
    assert order["shipping_address"]["zip"] == "97205"
    assert client.get_order("HAR-3304", "SO-0009431") == NotFound("ERP has no order SO-0009431")
    assert isinstance(client.get_invoice("HAR-3304", "INV-43534"), NotFound)


def test_it_knows_no_history_of_an_unknown_or_new_customer(client):
    for code in ("NOBODY", "NEW-0001"):
        assert client.list_orders(code).data["orders"] == client.list_invoices(code).data["invoices"] == []
    assert client.get_balance("NOBODY") == NotFound("ERP has no account NOBODY")
    assert client.get_balance("NEW-0001").data["balance"]["total_balance"] == "0.00"
    assert failure(calls(client, "NOBODY")["taxes"]).code == "rejected"
    assert failure(calls(client, "NOBODY")["shipping_methods"]).code == "rejected"


def test_it_taxes_by_postal_code_and_exemption(client):
    tax = client.get_taxes("BRK-2210", postal_code="97205", lines=LINES).data["salestax_amount"]
    assert tax == "16.14"
    assert client.get_taxes("BRK-2210", postal_code="10001", lines=LINES).data["salestax_amount"] == "18.44"
    assert client.get_taxes("EXM-1007", postal_code="97205", lines=LINES).data["salestax_amount"] == "0.00"


def test_it_ships_by_country_and_value(client):
    labels = client.get_shipping_methods("BRK-2210", items=ITEMS, **US).data["shipping_methods"]
    assert next((one["label"], one["total"]) for one in labels) == ("Van, next working day", "12.50")
    dear = [ShippingItem(sku="CHAIR-ERGO", quantity=Decimal(3), unit_price=Decimal(249))]
    assert client.get_shipping_methods("BRK-2210", items=dear, **US).data["shipping_methods"][0]["total"] == "0.00"
    assert (
        client.get_shipping_methods("BRK-2210", items=ITEMS, **{**US, "country": "AQ"}).data["shipping_methods"] == []
    )
