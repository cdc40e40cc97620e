"""Which writes may be sent again, and what a document is expected to cost: data that fits every document there is."""

from __future__ import annotations

import pytest
from graphql import parse

from connectors.exceptions import RemoteUnavailable
from connectors.shopify import cost, documents, repeats
from connectors.shopify.channel import TRIES
from connectors.shopify.client import ShopifyClient
from connectors.shopify.sandbox.cost import operation_cost
from connectors.shopify.sandbox.engine import SCHEMA
from connectors.shopify.settings import ShopifySettings
from tests.connectors.shopify.stand_ins import ScriptedHttp

THROTTLED = {
    "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
    "extensions": {"cost": {"requestedQueryCost": 10, "throttleStatus": {"maximumAvailable": 2000.0,
                                                                        "currentlyAvailable": 0, "restoreRate": 100.0}}},
}  # fmt: skip
BROKEN = {"errors": [{"message": "Internal error", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}], "data": None}


def client(*answers) -> ShopifyClient:
    settings = ShopifySettings(shop_domain="example-outlet.myshopify.com", access_token="shpat_x")
    return ShopifyClient(settings, ScriptedHttp(*answers), sleep=lambda seconds: None)


@pytest.mark.parametrize("name", documents.names())
def test_the_rule_without_a_schema_prices_as_the_vendor_does(name):
    vendor = operation_cost(SCHEMA, parse(documents.document(name)), name, {})
    assert cost.estimated(name, {}) == vendor


def test_a_page_size_that_is_given_changes_the_price():
    by_default, small = cost.estimated("HubOrder", {}), cost.estimated("HubOrder", {"lines": 1})
    document = parse(documents.document("HubOrder"))
    assert small == operation_cost(SCHEMA, document, "HubOrder", {"lines": 1}) < by_default


def test_what_the_vendor_asked_for_the_last_time_is_expected_the_next_time():
    was = cost.estimated("HubShop", {})
    try:
        cost.learn("HubShop", {}, was + 5)
        assert cost.expected("HubShop", {}) == was + 5
    finally:
        cost.learn("HubShop", {}, was)


@pytest.mark.parametrize("name", documents.names())
def test_only_documents_that_carry_a_key_may_be_repeated_by_key(name):
    has_key = "@idempotent(key: $key)" in documents.document(name)
    roots = set(cost.root_fields(name))
    assert has_key == bool(roots & repeats.WITH_KEY)


def test_no_write_is_in_two_lists():
    assert not repeats.LOOK_FIRST & (repeats.WITH_KEY | set(repeats.CONVERGING))
    assert not repeats.WITH_KEY & set(repeats.CONVERGING)


@pytest.mark.parametrize(
    ("name", "variables", "key", "expected"),
    [
        ("HubOrder", {"id": "x"}, "", True),
        ("HubTagAdd", {"id": "x", "tags": ["a"]}, "", True),
        ("HubShip", {}, "", False),
        ("HubGiftCardCreate", {}, "", False),
        ("HubReturnCreate", {}, "", False),
        ("HubWebhookCreate", {}, "", False),
        ("HubStockSet", {"input": {}, "key": "k"}, "k", True),
        ("HubStockSet", {"input": {}, "key": "k"}, "", False),
        ("HubProductSet", {"identifier": {"id": "x"}, "input": {}}, "", True),
        ("HubProductSet", {"identifier": None, "input": {}}, "", False),
        ("HubHold", {"id": "x", "hold": {"handle": "h"}}, "", True),
        ("HubHold", {"id": "x", "hold": {}}, "", False),
        ("HubRelease", {"id": "x", "holdIds": ["y"]}, "", True),
        ("HubRelease", {"id": "x"}, "", False),
    ],
)
def test_a_write_may_be_repeated_only_where_twice_is_as_good_as_once(name, variables, key, expected):
    assert repeats.may_repeat(name, variables, key) is expected


def test_a_throttled_write_that_must_not_be_done_twice_is_not_sent_again_and_counts_as_not_answered():
    one = client((200, THROTTLED))
    with pytest.raises(RemoteUnavailable) as caught:
        one.change("HubShip", {})
    assert caught.value.code == "THROTTLED" and caught.value.retry_after_s >= 1
    assert len(one.http.sent) == 1 and len(one.http.doubted) == 1


def test_a_throttled_write_that_converges_is_sent_again():
    done = {"data": {"tagsAdd": {"node": {"id": "x"}, "userErrors": []}}}
    one = client((200, THROTTLED), (200, done))
    assert one.change("HubTagAdd", {"id": "x", "tags": ["a"]})["node"] == {"id": "x"}
    assert len(one.http.sent) == 2 <= TRIES


@pytest.mark.parametrize(("name", "doubts"), [("HubShip", 1), ("HubTagAdd", 0)])
def test_a_fault_inside_an_answer_leaves_open_what_became_of_a_write(name, doubts):
    one = client((200, BROKEN))
    with pytest.raises(RemoteUnavailable):
        one.change(name, {})
    assert len(one.http.sent) == 1 and len(getattr(one.http, "doubted", [])) == doubts


@pytest.mark.parametrize("name", ["HubShip", "HubTagAdd", "HubStockSet"])
def test_a_server_error_is_never_answered_by_sending_a_write_again_at_once(name):
    one = client((502, "<html>"))
    with pytest.raises(RemoteUnavailable):
        one.change(name, {"key": "k"}, key="k")
    assert len(one.http.sent) == 1
