"""A storefront with its key, the hub's real API, the real sandbox ERP: from the HTTP question to the event."""

from __future__ import annotations

import json

import pytest
from django.conf import settings as django_settings
from django.test import Client

from connectors.models import ApiKey
from events.models import Event, Mail

from .asking import ADDRESS, FALLBACKS, SHIPPING_LINES, TAX_LINES

BASE = "/api/v1/connectors/generic_erp"
POSTED = {
    "taxes": {"zip": "97205", "lines": TAX_LINES},
    "shipping-methods": {**ADDRESS, "lines": SHIPPING_LINES},
}
PATHS = {  # address: its declaration
    "orders": "orders",
    "orders/SO-0009431": "orders/<id>",
    "invoices": "invoices",
    "invoices/INV-43534": "invoices/<id>",
    "balance": "balance",
    "taxes": "taxes",
    "shipping-methods": "shipping-methods",
}
every_path = pytest.mark.parametrize("path", list(PATHS))


class Storefront:
    """Asks with its key; ``ask`` returns status and parsed body."""

    def __init__(self, connector):
        row = ApiKey(name="Storefront")
        text = row.make()
        row.save()
        row.connectors.add(connector)
        self.http = Client(headers={"authorization": f"Bearer {text}"}, raise_request_exception=False)

    def ask(self, path, customer="BRK-2210", **more):
        given = {**POSTED.get(path, {}), "customer_code": customer, **more}
        if path in POSTED:
            response = self.http.post(f"{BASE}/{path}", json.dumps(given), content_type="application/json")
        else:
            response = self.http.get(f"{BASE}/{path}", given)
        return response.status_code, json.loads(response.content)


@pytest.fixture(autouse=True, scope="module")
def _static_directory():
    django_settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture
def storefront(shop):
    return Storefront(shop)


@every_path
def test_every_function_answers_in_the_neutral_form(storefront, path):
    status, body = storefront.ask(path)
    assert status == 200
    assert set(body) == {"available", "data", "message", "fallback", "event_id"}
    assert body["available"] is True
    assert body["data"]
    event = Event.objects.get(pk=body["event_id"])
    assert (event.outcome, event.kind, event.priority) == ("succeeded", "lookup", 0)
    assert "Storefront" in event.triggered_by


@every_path
def test_a_failure_shows_the_shopper_nothing_of_the_erp(storefront, path):
    status, body = storefront.ask(path, "SBX-422")
    assert status == 200
    assert body == {
        "available": False, "data": None, "message": "Information is not available at the moment",
        "fallback": FALLBACKS[PATHS[path]], "event_id": body["event_id"],
    }  # fmt: skip
    event = Event.objects.get(pk=body["event_id"])
    assert (event.outcome, event.sentence) == ("failed", "customer_code is blocked for web access")
    assert Mail.objects.count() == 1


def test_an_order_nobody_has_is_a_problem_that_names_no_system(storefront):
    status, body = storefront.ask("orders/1042-77")
    assert (status, body["code"], body["detail"]) == (404, "not_found", "Not found")
    event = Event.objects.get()
    assert (event.outcome, event.sentence) == ("succeeded", "ERP has no order 1042-77")


def test_an_id_may_hold_anything_that_fits_into_an_address(storefront, sandbox):
    status, _ = storefront.ask("orders/A%2FB%20%C3%A9")
    assert status == 404
    assert json.loads(sandbox.log("erp")[0]["body"])["order_id"] == "A/B é"


@every_path
def test_a_customer_without_account_number_is_no_error_of_the_caller(storefront, path):
    status, body = storefront.ask(path, "")
    assert (status, body["available"], body["fallback"]) == (200, False, FALLBACKS[PATHS[path]])
    assert Event.objects.get().reason == "not_sent"


@every_path
def test_a_function_without_url_is_off(install, path):
    name = {"orders/<id>": "order", "invoices/<id>": "invoice"}.get(PATHS[path], path.replace("-", "_"))
    storefront = Storefront(install("generic_erp", **{f"{name}_url": ""}))
    status, body = storefront.ask(path)
    assert (status, body["code"]) == (404, "function_off")
    assert not Event.objects.exists()
    others = [storefront.ask(other)[0] for other in PATHS if other != path]
    assert others == [200] * 6


@pytest.mark.parametrize(
    ("path", "given", "fields"),
    [
        ("orders", {"page": "0"}, ["page"]),
        ("orders", {"per_page": "501", "sort_by": "colour"}, ["per_page", "sort_by"]),
        ("orders", {"colour": "red"}, ["colour"]),
        ("orders", {"id": "1"}, ["id"]),
        ("orders/SO-1", {"id": "SO-2"}, ["id"]),
        ("invoices", {"date_from": "soon"}, ["date_from"]),
        ("taxes", {"lines": [{"sku": "A", "line_amount": "ten"}]}, ["lines[0].line_amount"]),
        ("taxes", {"lines": [{"sku": "A", "line_amount": 1, "tax": 2}, 5]}, ["lines[0].tax", "lines[1]"]),
        ("taxes", {"lines": "[1]"}, ["lines"]),
        ("taxes", {"lines": None}, ["lines"]),
        ("taxes", {"address1": "x"}, ["address1"]),
        ("taxes", {"customer_code": 5}, ["customer_code"]),
        ("shipping-methods", {"country": "Germany"}, ["country"]),
        ("shipping-methods", {"lines": [{"sku": "A", "quantity": 0, "unit_price": "1"}]}, ["lines[0].quantity"]),
    ],
)
def test_what_the_caller_got_wrong_is_named(storefront, sandbox, path, given, fields):
    status, body = storefront.ask(path, **given)
    assert status == 400
    assert sorted(error["field"] for error in body["errors"]) == fields
    assert sandbox.log("erp") == []


def test_a_basket_is_not_asked_by_get(storefront):
    assert storefront.http.get(f"{BASE}/taxes", {"customer_code": "BRK-2210"}).status_code == 405


def test_the_documentation_names_every_function_with_its_parameters(storefront):
    schema = storefront.http.get("/api/schema/", headers={"accept": "application/json"})
    text = schema.content.decode()
    assert schema.status_code == 200
    for word in ("shipping-methods", "payment_state", "seller_reference", "salestax_amount", "any_date"):
        assert word in text
