"""What leaves the client, and what comes out of it, without a network."""

import json
from datetime import date
from decimal import Decimal

import pytest

from connectors.exceptions import (
    ConfigurationError,
    PayloadError,
    RemoteRefused,
    RemoteTimedOut,
    RemoteUnauthorised,
    RemoteUnavailable,
)
from connectors.generic_erp.bodies import ShippingItem, TaxLine
from connectors.generic_erp.client import GenericErpClient, NotFound
from connectors.generic_erp.functions import FUNCTIONS
from connectors.generic_erp.sandbox import sandbox_settings
from connectors.generic_erp.settings import GenericErpSettings

from .conftest import Canned, canned, sample

URLS = sandbox_settings("https://erp.example/erp")
LINES = [TaxLine(sku="PAPER-A4-80", amount=Decimal("41.50")), TaxLine(sku="TONER-77K", amount=Decimal("189"))]
ITEMS = [
    ShippingItem(sku="PAPER-A4-80", quantity=Decimal(5), uom="BX", unit_price=Decimal("8.30")),
    ShippingItem(sku="TONER-77K", quantity=Decimal(1), uom="EA", unit_price=Decimal("189.00")),
]
ADDRESS = {
    "address1": "14 Mill Lane",
    "address2": "Unit 3",
    "city": "Portland",
    "state": "OR",
    "country": "US",
    "postal_code": "97205",
}
SPAN = {"date_from": date(2025, 3, 1), "date_to": date(2025, 8, 31)}
CALLS = {
    "orders": lambda client: client.list_orders("BRK-2210", **SPAN),
    "order": lambda client: client.get_order("BRK-2210", "SO-0009914"),
    "invoices": lambda client: client.list_invoices("BRK-2210", **SPAN),
    "invoice": lambda client: client.get_invoice("BRK-2210", "INV-44017"),
    "balance": lambda client: client.get_balance("BRK-2210"),
    "taxes": lambda client: client.get_taxes("BRK-2210", postal_code="97205", lines=LINES),
    "shipping_methods": lambda client: client.get_shipping_methods("BRK-2210", items=ITEMS, **ADDRESS),
}
every_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)


def client_of(http, **changes):
    return GenericErpClient(GenericErpSettings(**{**URLS, **changes}), http)


def sendable(name):
    """A sample as bytes: its decimals are JSON numbers."""
    return canned(200, json.loads(json.dumps(sample(name), default=float)))


@every_function
def test_it_posts_the_canonical_body_to_exactly_the_configured_url(function):
    http = sendable(f"{function.name}.response")
    reading = CALLS[function.name](client_of(http))
    (call,) = http.calls
    assert (call["method"], call["url"]) == ("POST", function.url(GenericErpSettings(**URLS)))
    assert call["json"] == sample(f"{function.name}.request")
    assert call["headers"] == {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "X-Erp-Key": "sandbox-key",
    }
    assert reading.notes == []


@every_function
def test_it_keeps_each_functions_timeouts_and_one_narrow_retry(function):
    http = sendable(f"{function.name}.response")
    CALLS[function.name](client_of(http, connect_timeout_s=2, **{f"{function.name}_read_timeout_s": 7}))
    (call,) = http.calls
    assert (call["timeout_s"], call["budget_s"]) == ((2.0, 7.0), 9.0)
    assert (call["retry_statuses"], call["retry_pause_s"]) == ({502, 503, 504}, 0.25)
    assert call["max_bytes"] == 5 * 1024 * 1024
    assert not call.get("write")


@every_function
def test_it_calls_nobody_where_the_function_is_off(function):
    http = canned(200, {})
    with pytest.raises(ConfigurationError) as caught:
        CALLS[function.name](client_of(http, **{f"{function.name}_url": ""}))
    assert caught.value.code == "function_off"
    assert http.calls == []


@pytest.mark.parametrize(
    ("order_id", "url"),
    [
        ("SO-1", "https://erp.example/orders/SO-1/full"),
        ("a/b?c#d é", "https://erp.example/orders/a%2Fb%3Fc%23d%20%C3%A9/full"),
        ("00%42", "https://erp.example/orders/00%2542/full"),
    ],
)
def test_it_puts_the_encoded_id_into_the_url_and_the_plain_one_into_the_body(order_id, url):
    answer = sample("order.response")
    http = canned(200, json.loads(json.dumps(answer, default=str)))
    client_of(http, order_url="https://erp.example/orders/{id}/full").get_order("BRK-2210", order_id)
    assert http.calls[0]["url"] == url
    assert http.calls[0]["json"] == {"customer_code": "BRK-2210", "order_id": order_id}


@pytest.mark.parametrize("order_id", [".", ".."])
def test_it_lets_no_id_climb_to_another_path(order_id):
    http = canned(200, {})
    found = client_of(http, order_url="https://erp.example/orders/{id}").get_order("BRK-2210", order_id)
    assert isinstance(found, NotFound)
    assert http.calls == []


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("name", ["order", "invoice", "balance"])
def test_it_returns_not_found_as_an_answer(status, name):
    found = CALLS[name](client_of(canned(status, {"error": {"message": "nope"}})))
    assert isinstance(found, NotFound)
    assert found.sentence.startswith("ERP has no ")


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (200, {"error": {"message": "x"}}, RemoteRefused, "erp_error"),
        (200, b"<html>", PayloadError, "bad_response"),
        (200, {"data": {}}, PayloadError, "bad_response"),
        (204, b"", PayloadError, "bad_response"),
        (400, b"", RemoteRefused, "rejected"),
        (422, b"", RemoteRefused, "rejected"),
        (401, b"", RemoteUnauthorised, "auth"),
        (403, b"", RemoteUnauthorised, "auth"),
        (404, b"", RemoteRefused, "rejected"),
        (302, b"", RemoteRefused, "rejected"),
        (429, b"", RemoteUnavailable, "throttled"),
        (500, b"", RemoteUnavailable, "erp_down"),
        (503, b"", RemoteUnavailable, "erp_down"),
    ],
)
def test_it_raises_the_hubs_error_with_the_finer_outcome(status, body, error, code):
    with pytest.raises(error) as caught:
        CALLS["taxes"](client_of(canned(status, body)))
    assert type(caught.value) is error
    assert caught.value.code == code
    assert caught.value.next_step


def test_it_keeps_request_id_and_status_of_a_failure():
    with pytest.raises(RemoteRefused) as caught:
        CALLS["orders"](client_of(canned(422)))
    assert (caught.value.request_id, caught.value.status) == ("r-1", 422)


@pytest.mark.parametrize(("header", "pause"), [({"retry_after": "7"}, 7), ({"retry_after": "900"}, 60), ({}, 5)])
def test_it_passes_the_pause_of_a_throttled_endpoint_on(header, pause):
    with pytest.raises(RemoteUnavailable) as caught:
        CALLS["orders"](client_of(canned(429, b"", **header)))
    assert caught.value.retry_after_s == pause


def test_it_says_how_long_it_waited():
    with pytest.raises(RemoteUnavailable) as caught:
        CALLS["taxes"](client_of(Canned(RemoteTimedOut("late", request_id="r-9"))))
    # "unreachable" is "failed: unavailable" in the hub's words, not "timed out".
    assert type(caught.value) is RemoteUnavailable
    assert caught.value.reason == "unavailable"
    assert (caught.value.sentence, caught.value.code) == ("ERP did not answer within 5 s", "unreachable")
    assert caught.value.request_id == "r-9"


@pytest.mark.parametrize(
    ("raised", "error", "code"),
    [
        (RemoteUnavailable("No such host.", code="dns"), RemoteUnavailable, "unreachable"),
        (RemoteUnavailable("Certificate refused.", code="tls"), RemoteUnavailable, "unreachable"),
        (RemoteRefused("Internal address.", code="blocked_address"), RemoteRefused, "rejected"),
        (RemoteRefused("Too large.", code="too_large"), PayloadError, "bad_response"),
    ],
)
def test_it_translates_what_the_hubs_client_raises(raised, error, code):
    with pytest.raises(error) as caught:
        CALLS["orders"](client_of(Canned(raised)))
    assert caught.value.code == code


def test_it_sends_the_seller_reference_only_where_the_connector_uses_it():
    http = sendable("balance.response")
    client_of(http).get_balance("BRK-2210", seller_reference="02")
    client_of(http, use_seller_reference=True).get_balance("BRK-2210", seller_reference="02")
    assert [call["json"] for call in http.calls] == [
        {"customer_code": "BRK-2210"},
        {"customer_code": "BRK-2210", "seller_reference": "02"},
    ]


def test_it_measures_the_tax_by_the_basket():
    with pytest.raises(PayloadError):
        CALLS["taxes"](client_of(canned(200, {"data": {"salestax_amount": 230.51}})))


def test_it_leaks_no_credential_into_a_sentence():
    http = canned(422, {"error": {"message": "key tok-8842 (X-Erp-Key) is not allowed"}})
    with pytest.raises(RemoteRefused) as caught:
        CALLS["orders"](client_of(http, token="tok-8842"))
    assert caught.value.sentence == "key *** (***) is not allowed"
