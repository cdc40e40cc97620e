"""The client against the sandbox over real HTTP: tokens, paging, search, faults."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.exceptions import PayloadError, RemoteRefused, RemoteUnauthorised, RemoteUnavailable
from connectors.shopify import client as client_module
from connectors.shopify.calls.orders import find_order
from connectors.shopify.client import order_gid, plain_id, quoted
from connectors.shopify.sandbox.shops import LUMEN, OUTLET

MANY = [{"sku": "PAPER-A4-80", "quantity": n + 1} for n in range(123)]


def test_ping_tells_shop_and_scopes(make_client):
    answer = make_client().ping()
    assert (answer["shop"]["myshopifyDomain"], answer["shop"]["currencyCode"]) == (OUTLET, "EUR")
    assert "read_orders" in answer["scopes"]


def test_a_token_is_fetched_once_and_sent_as_a_header(make_client):
    client = make_client()
    client.ping()
    client.ping()
    urls = [one["url"].rpartition("/")[2] for one in client.http.sent]
    assert urls == ["access_token", "graphql.json", "graphql.json"]
    assert client.http.sent[1]["headers"]["X-Shopify-Access-Token"].startswith("shpat_")
    assert client.http.sent[0]["data"]["grant_type"] == "client_credentials"


def test_a_token_is_renewed_before_its_end(make_client, vendor):
    client = make_client()
    client.ping()
    vendor.control("clock", advance=0.89 * 86_399)
    client.ping()
    assert sum("oauth" in one["url"] for one in client.http.sent) == 1
    vendor.control("clock", advance=0.02 * 86_399)
    client.ping()
    assert sum("oauth" in one["url"] for one in client.http.sent) == 2


def test_a_refused_token_is_renewed_once(make_client, vendor):
    client = make_client()
    client.ping()
    vendor.app.shops[OUTLET].tokens.clear()
    client.ping()
    assert sum("oauth" in one["url"] for one in client.http.sent) == 2
    vendor.control("fault", kind="unauthorised", times=2)
    with pytest.raises(RemoteUnauthorised):
        client.ping()


def test_a_permanent_token_is_used_and_never_renewed(make_client, vendor):
    token = vendor.app.shops[OUTLET].access_token
    assert make_client(access_token=token, client_id="", client_secret="").ping()["shop"]["name"] == "Example Outlet"
    wrong = make_client(access_token="shpat_wrong", client_id="", client_secret="")
    with pytest.raises(RemoteUnauthorised):
        wrong.ping()
    assert len(wrong.http.sent) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_secret": "guess"}, "invalid_client"),
        ({"client_id": "sandbox-lumen", "client_secret": "sandbox-lumen-secret"}, "shop_not_permitted"),
    ],
)
def test_a_refused_token_request_says_why(make_client, changes, code):
    with pytest.raises(RemoteUnauthorised) as caught:
        make_client(**changes).ping()
    assert caught.value.code == code and "guess" not in str(caught.value)


def test_an_order_with_more_lines_than_a_page_is_read_whole(make_client, vendor):
    placed = vendor.control("order", lines=MANY)
    client = make_client()
    order = client.get_order(placed["id"])
    assert [line["quantity"] for line in order["lineItems"]["nodes"]] == [n + 1 for n in range(123)]
    names = [one["json"]["operationName"] for one in client.http.sent if one["json"]]
    assert names == ["HubOrder", "HubOrderLines", "HubOrderLines"]


def test_an_order_that_changes_between_two_pages_is_read_again(make_client, vendor):
    placed = vendor.control("order", lines=MANY, minutes_ago=5)
    client = make_client()
    plain, changes = client.execute, iter([{"remove": {"PAPER-A4-80": 1}}])

    def execute(name, variables):
        if name == "HubOrderLines":
            for change in changes:
                vendor.control("order", change=placed["name"], **change)
        return plain(name, variables)

    client.execute = execute
    order = client.get_order(placed["id"])
    assert len(order["lineItems"]["nodes"]) == 123
    assert order["edited"] and all(
        line["currentQuantity"] == line["quantity"] - 1 for line in order["lineItems"]["nodes"]
    )
    names = [one["json"]["operationName"] for one in client.http.sent if one["json"]]
    assert names == ["HubOrder", "HubOrderLines", "HubOrder", "HubOrderLines", "HubOrderLines"]


def test_an_order_that_never_rests_is_left_for_later(make_client, vendor):
    placed = vendor.control("order", lines=MANY)
    client, plain = make_client(), None
    plain = client.execute

    def execute(name, variables):
        if name == "HubOrderLines":
            vendor.control("clock", advance=1)
            vendor.control("order", change=placed["name"], tags=["again"])
        return plain(name, variables)

    client.execute = execute
    with pytest.raises(RemoteUnavailable) as caught:
        client.get_order(placed["id"])
    assert caught.value.code == "changing" and caught.value.retry_after_s


def test_an_unknown_order_is_none_and_a_malformed_id_is_refused(make_client):
    client = make_client()
    assert client.get_order(order_gid(1)) is None
    assert client.get_order_money(order_gid(1)) is None
    with pytest.raises(RemoteRefused) as caught:
        client.get_order("gid://shopify/Order/one")
    assert caught.value.code == "RESOURCE_NOT_FOUND"


def test_an_order_of_the_other_shop_is_unknown(make_client, vendor):
    gid = vendor.app.shops[LUMEN].find("#2207")["id"]
    assert make_client().get_order(gid) is None


@pytest.mark.parametrize("typed", ["#EX-2041", "EX-2041", " ex-2041 ", "2041"])
def test_an_order_is_found_by_its_exact_name_or_number(make_client, typed):
    assert find_order(make_client(), typed)["name"] == "#EX-2041"


@pytest.mark.parametrize("typed", ["204", "EX", "#EX-204", "it's", "*", "EX-2041' OR name:'#EX-2042"])
def test_a_name_that_only_resembles_is_not_found(make_client, typed):
    assert find_order(make_client(), typed) is None


def test_the_index_knows_a_new_order_only_later_but_its_id_at_once(make_client, vendor):
    vendor.control("clock", index_lag_s=30)
    placed, client = vendor.control("order"), make_client()
    assert find_order(client, placed["name"]) is None
    assert client.get_order(placed["id"])["name"] == placed["name"]
    vendor.control("clock", advance=60)
    assert find_order(client, placed["name"])["id"] == placed["id"]


def test_changed_orders_come_in_pages_within_their_window(make_client, vendor):
    now = datetime.fromtimestamp(vendor.app.now(), UTC)
    pages = list(make_client().orders_since(now - timedelta(minutes=100), now - timedelta(minutes=30)))
    assert [[node["name"] for node in page] for page in pages] == [["#EX-2042", "#EX-2043"]]


def test_a_long_list_is_walked_to_its_end_without_doubles(make_client, vendor, monkeypatch):
    for n in range(260):
        vendor.control("order", minutes_ago=50 - n / 10)
    now = datetime.fromtimestamp(vendor.app.now(), UTC)
    pages = list(make_client().orders_since(now - timedelta(minutes=55), now))
    names = [node["name"] for page in pages for node in page]
    assert [len(page) for page in pages] == [250, 11] and len(set(names)) == 261

    monkeypatch.setattr(client_module, "WALK_LIMIT", 250)
    again = [node["name"] for page in make_client().orders_since(now - timedelta(minutes=55), now) for node in page]
    assert set(again) == set(names)


def test_a_filter_shopify_does_not_know_is_an_error(make_client):
    with pytest.raises(PayloadError) as caught:
        make_client().execute("HubOrdersSince", {"filter": "colour:blue", "after": None})
    assert caught.value.code == "invalid_field"


def test_variables_that_do_not_fit_are_refused(make_client):
    with pytest.raises(RemoteRefused) as caught:
        make_client().execute("HubOrder", {"id": None})
    assert caught.value.code == "INVALID_VARIABLE"


def test_a_real_bucket_runs_dry_and_fills_again(make_client, vendor):
    client, slept = make_client(), []
    plain = client.sleep
    client.sleep = lambda seconds: (slept.append(seconds), plain(seconds))
    vendor.app.shops[OUTLET].available = 0.0
    vendor.app.shops[OUTLET].refilled_at = vendor.app.now()
    assert client.get_order(order_gid(5_512_300_777_001))["name"] == "#EX-2041"
    assert slept and slept[0] >= 1.5


@pytest.mark.parametrize(("kind", "retry_after_s"), [("429", 2.0), ("500", None), ("502", None), ("503", 2.0)])
def test_a_fault_of_the_vendor_is_worth_a_retry(make_client, vendor, kind, retry_after_s):
    client = make_client()
    client.ping()
    vendor.control("fault", kind=kind)
    with pytest.raises(RemoteUnavailable) as caught:
        client.ping()
    assert (caught.value.status, caught.value.retry_after_s) == (int(kind), retry_after_s)
    client.ping()


def test_a_throttled_fault_is_waited_for(make_client, vendor):
    vendor.control("fault", kind="throttled", times=3)
    assert make_client().ping()["shop"]["name"] == "Example Outlet"


def test_an_older_version_answering_is_noted(make_client, vendor):
    retired = make_client(api_version="2025-10")
    retired.ping()
    assert retired.served_version == "2026-01" and "version_fallback" in retired.notes
    vendor.control("fault", kind="version_fallback")
    fallen = make_client()
    fallen.ping()
    assert "version_fallback" in fallen.notes


def test_the_clocks_are_compared(make_client, vendor):
    client = make_client()
    client.ping()
    assert abs(client.clock_skew_s) <= 2
    client.now = lambda: vendor.app.now() + 300
    client.ping()
    assert 298 <= client.clock_skew_s <= 302


def test_ids_and_search_values():
    assert plain_id("gid://shopify/InventoryLevel/5501?inventory_item_id=7701") == "5501"
    assert plain_id("gid://shopify/Company/330045") == "330045" and plain_id(None) == ""
    assert quoted("it's a \\") == "'it\\'s a \\\\'"
