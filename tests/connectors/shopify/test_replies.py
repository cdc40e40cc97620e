"""Every layer at which Shopify says no, as the hub tells it: which error, whether a retry helps, when."""

from __future__ import annotations

import pytest

from connectors.budgets import BudgetSpent
from connectors.exceptions import (
    ConfigurationError,
    PayloadError,
    RemoteRefused,
    RemoteUnauthorised,
    RemoteUnavailable,
)
from connectors.shopify import replies
from connectors.shopify.client import ShopifyClient
from connectors.shopify.settings import ShopifySettings
from tests.connectors.shopify.stand_ins import ScriptedHttp

SHOP = {"shop": {"name": "Example"}, "currentAppInstallation": {"accessScopes": []}}


def client(*answers) -> ShopifyClient:
    settings = ShopifySettings(shop_domain="example-outlet.myshopify.com", access_token="shpat_x")
    return ShopifyClient(settings, ScriptedHttp(*answers), sleep=lambda seconds: None)


def error(code: str, message: str = "no", **extensions) -> dict:
    return {"errors": [{"message": message, "extensions": {"code": code, **extensions}}]}


@pytest.mark.parametrize(
    ("status", "headers", "expected", "retry_after_s"),
    [
        (400, {}, RemoteRefused, None),
        (401, {}, RemoteUnauthorised, None),
        (402, {}, RemoteUnavailable, 3600),
        (403, {}, RemoteUnauthorised, None),
        (404, {}, ConfigurationError, None),
        (301, {}, ConfigurationError, None),
        (406, {}, RemoteRefused, None),
        (423, {}, RemoteUnavailable, 3600),
        (429, {"retry-after": "2.5"}, RemoteUnavailable, 2.5),
        (429, {}, RemoteUnavailable, None),
        (430, {}, RemoteUnavailable, 60),
        (500, {}, RemoteUnavailable, None),
        (502, {}, RemoteUnavailable, None),
        (503, {"retry-after": "7"}, RemoteUnavailable, 7),
        (503, {"retry-after": "soon"}, RemoteUnavailable, None),
    ],
)
def test_the_http_status_decides_first(status, headers, expected, retry_after_s):
    with pytest.raises(expected) as caught:
        client((status, "<html>", headers)).ping()
    assert type(caught.value) is expected
    assert (caught.value.status, caught.value.retry_after_s) == (status, retry_after_s)
    assert caught.value.request_id == "r1" and caught.value.next_step


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("MAX_COST_EXCEEDED", RemoteRefused),
        ("MAX_INPUT_SIZE_EXCEEDED", RemoteRefused),
        ("ACCESS_DENIED", ConfigurationError),
        ("SHOP_INACTIVE", RemoteRefused),
        ("INTERNAL_SERVER_ERROR", RemoteUnavailable),
        ("INVALID_VARIABLE", RemoteRefused),
        ("RESOURCE_NOT_FOUND", RemoteRefused),
        ("BAD_REQUEST", RemoteRefused),
        ("INVALID_FIELD_ARGUMENTS", RemoteRefused),
        ("undefinedField", RemoteRefused),
        ("something new", RemoteRefused),
    ],
)
def test_a_top_level_error_is_judged_by_its_code(code, expected):
    with pytest.raises(expected) as caught:
        client((200, {"data": None, **error(code)})).ping()
    assert type(caught.value) is expected
    assert caught.value.code == (code if code != "ACCESS_DENIED" else "access_denied")


def test_an_error_beside_data_is_an_error():
    reply = {"data": SHOP, **error("INTERNAL_SERVER_ERROR")}
    with pytest.raises(RemoteUnavailable):
        client((200, reply)).ping()


def test_a_missing_scope_is_named():
    denied = error("ACCESS_DENIED", requiredAccess="`read_customers` access scope.")
    denied["errors"][0]["path"] = ["order", "customer"]
    with pytest.raises(ConfigurationError) as caught:
        client((200, {"data": {"order": {"customer": None}}, **denied})).get_order("gid://shopify/Order/1")
    assert "order.customer" in caught.value.sentence and "read_customers" in caught.value.sentence
    assert "read_customers" in caught.value.next_step


def test_a_denial_without_a_scope_keeps_shopifys_words():
    denied = error("ACCESS_DENIED", "This app is not approved to access the Customer object.")
    with pytest.raises(ConfigurationError, match="not approved to access the Customer object"):
        client((200, {"data": None, **denied})).ping()


def test_what_an_administrator_can_repair_outweighs_what_passes():
    both = error("INTERNAL_SERVER_ERROR")["errors"] + error("ACCESS_DENIED", requiredAccess="read_orders")["errors"]
    with pytest.raises(ConfigurationError):
        client((200, {"data": None, "errors": both})).ping()


def test_errors_may_be_plain_text():
    with pytest.raises(RemoteRefused, match="Not this way"):
        client((200, {"errors": "Not this way"})).ping()


@pytest.mark.parametrize("key", ["userErrors", "orderCancelUserErrors"])
def test_user_errors_of_a_write_are_refusals_with_their_place(key):
    data = {"tagsAdd": {"node": None, key: [{"field": ["input", "0", "id"], "message": "Order does not exist"}]}}
    with pytest.raises(RemoteRefused, match=r"input\.0\.id: Order does not exist"):
        replies.raise_for_errors({"data": data}, "HubTagAdd")


def test_user_errors_keep_their_code():
    data = {"metafieldsSet": {"userErrors": [{"field": None, "message": "Stale", "code": "STALE_OBJECT"}]}}
    with pytest.raises(RemoteRefused) as caught:
        replies.raise_for_errors({"data": data}, "HubMetafieldsSet")
    assert caught.value.code == "STALE_OBJECT"


def test_a_search_warning_is_an_error():
    warnings = {"search": [{"warnings": [{"code": "invalid_field", "message": "Invalid search field: colour"}]}]}
    with pytest.raises(PayloadError, match="colour") as caught:
        replies.raise_for_errors({"data": {"orders": {}}, "extensions": warnings}, "HubOrdersSince")
    assert caught.value.path == "extensions.search"


@pytest.mark.parametrize("body", ["<html>", "[]", "null", "{}", '{"data": []}'])
def test_an_answer_that_is_none_is_a_payload_error(body):
    with pytest.raises(PayloadError):
        client((200, body)).ping()


def throttled(requested: int, available: int, rate: float = 100.0) -> dict:
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": rate}
    cost = {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": status}
    return {**error("THROTTLED", "Throttled"), "extensions": {"cost": cost}}


@pytest.mark.parametrize(
    ("requested", "available", "rate", "least"), [(400, 55, 100, 3.45), (10, 5, 100, 1), (400, 0, 0, 8)]
)
def test_the_pause_is_the_time_the_bucket_needs(requested, available, rate, least):
    pause_s = replies.throttle_pause_s(throttled(requested, available, rate))
    assert least <= pause_s <= least * 1.2 + 0.001


def test_an_answer_that_is_not_throttled_needs_no_pause():
    assert replies.throttle_pause_s({"data": {}}) is None
    assert replies.throttle_pause_s(error("INTERNAL_SERVER_ERROR")) is None


def test_a_throttled_call_waits_and_is_sent_again():
    slept: list[float] = []
    one = client((200, throttled(264, 64)), (200, throttled(264, 164)), (200, {"data": SHOP}))
    one.sleep = slept.append
    assert one.ping()["shop"] == SHOP["shop"]
    assert 2 <= slept[0] <= 2.4 and 1 <= slept[1] <= 1.2


def test_waiting_has_an_end_and_says_when_to_come_back():
    slept: list[float] = []
    one = client(*[(200, throttled(10, 5))] * 8)
    one.sleep = slept.append
    with pytest.raises(BudgetSpent) as caught:
        one.ping()
    assert len(slept) == 7 and caught.value.code == "THROTTLED" and caught.value.retry_after_s >= 1


def test_a_long_wait_is_not_slept_but_handed_back():
    slept: list[float] = []
    one = client((200, throttled(1000, 0, 10)))
    one.sleep = slept.append
    with pytest.raises(BudgetSpent) as caught:
        one.ping()
    assert slept == [] and caught.value.retry_after_s >= 100


def test_another_version_than_asked_for_is_noted():
    one = client((200, {"data": SHOP}, {"x-shopify-api-version": "2026-01"}))
    one.ping()
    assert "2026-01 instead of 2026-10" in one.notes["version_fallback"] and one.served_version == "2026-01"


def test_the_version_asked_for_is_not_noted():
    one = client((200, {"data": SHOP}, {"x-shopify-api-version": "2026-10"}))
    one.ping()
    assert one.notes == {}


def test_a_deprecation_is_noted():
    one = client((200, {"data": SHOP}, {"x-shopify-api-deprecated-reason": "Order.totalPrice is deprecated"}))
    one.ping()
    assert "Order.totalPrice" in one.notes["deprecated"]
