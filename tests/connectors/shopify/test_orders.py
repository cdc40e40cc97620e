"""The ways one order comes in: a delivery, a number. Against the sandbox over real HTTP."""

from __future__ import annotations

import pytest

from connectors.exceptions import ConfigurationError, PayloadError, RemoteUnavailable, Skip
from connectors.shopify import orders
from connectors.shopify.provider import provider
from connectors.shopify.sandbox.payloads import order_payload
from connectors.shopify.sandbox.shops import LUMEN, OUTLET
from tests.connectors.shopify.stand_ins import FakeRun


@pytest.fixture
def run(make_client, vendor) -> FakeRun:
    shop = vendor.app.shops[OUTLET]
    return FakeRun(make_client(), order_payload(shop, shop.find("#EX-2041")), {"x-shopify-shop-domain": OUTLET})


def test_a_delivery_makes_the_order_be_read_and_handed_on(run):
    assert orders.import_order(run) == "Order #EX-2041 read from the shop and handed to 1 route."
    (order,) = run.delivered
    assert order.name == "#EX-2041" and order.payments
    assert run.described == {"object_type": "order", "object_id": "5512300777001", "object_label": "#EX-2041"}
    assert ("customer_id", "7002001") in run.found_keys and run.notes == {}


def test_two_routes_are_counted(run):
    run.routes = 2
    assert orders.import_order(run).endswith("handed to 2 routes.")


def test_the_delivery_is_a_trigger_and_the_shop_is_the_truth(run, vendor):
    run.payload = {**run.payload, "total_price": "1.00", "line_items": []}
    vendor.control("order", change="#EX-2041", note="leave at the door")
    orders.import_order(run)
    assert run.delivered[0].note == "leave at the door" and run.delivered[0].lines


def test_the_number_alone_is_enough(run):
    run.payload = {"id": 5512300777002}
    orders.import_order(run)
    assert run.delivered[0].name == "#EX-2042"


@pytest.mark.parametrize("payload", [None, [], {}, {"id": None}])
def test_a_delivery_that_names_no_order_is_a_payload_error(run, payload):
    run.payload = payload
    with pytest.raises(PayloadError):
        orders.import_order(run)


def test_an_order_the_shop_does_not_have_is_skipped(run):
    run.payload = {"id": 1}
    with pytest.raises(Skip) as caught:
        orders.import_order(run)
    assert (caught.value.reason, caught.value.code) == ("filtered", "not_found")


def test_an_order_too_old_to_read_is_skipped_with_the_scope_named(run, vendor):
    placed = vendor.control("order", minutes_ago=61 * 24 * 60)
    run.payload = {"id": int(placed["legacyResourceId"])}
    with pytest.raises(Skip, match="read_all_orders"):
        orders.import_order(run)
    vendor.control("scopes", scopes=[*vendor.app.shops[OUTLET].scopes, "read_all_orders"])
    orders.import_order(run)
    assert len(run.delivered) == 1


def test_a_delivery_of_another_shop_is_not_taken_for_ours(run):
    run.headers = {"x-shopify-shop-domain": LUMEN}
    with pytest.raises(ConfigurationError) as caught:
        provider.handlers["orders/create"].function(run)
    assert caught.value.code == "wrong_shop" and LUMEN in caught.value.sentence
    assert run.client.http.sent == [] and run.delivered == []


@pytest.mark.parametrize(("kind", "scope"), [("partial_data", "read_customers"), ("access_denied", "read_orders")])
def test_partial_data_never_becomes_half_an_order(run, vendor, kind, scope):
    vendor.control("fault", kind=kind)
    with pytest.raises(ConfigurationError) as caught:
        orders.import_order(run)
    assert scope in caught.value.sentence and run.delivered == []


@pytest.mark.parametrize("scope", ["read_customers", "read_payment_terms", "read_products", "read_locations"])
def test_every_scope_that_is_missing_is_named(run, vendor, scope):
    held = {scope, scope.replace("read_", "write_")}  # a write scope holds the read scope
    vendor.control("scopes", scopes=[one for one in vendor.app.shops[OUTLET].scopes if one not in held])
    with pytest.raises(ConfigurationError, match=scope):
        orders.import_order(run)
    assert run.delivered == []


def test_a_test_order_is_skipped_unless_wanted(make_client, vendor):
    placed = vendor.control("order", test=True)
    with pytest.raises(Skip) as caught:
        orders.import_order(FakeRun(make_client(), {"id": placed["legacyResourceId"]}))
    assert caught.value.code == "test_order"
    wanted = FakeRun(make_client(import_test_orders=True), {"id": placed["legacyResourceId"]})
    orders.import_order(wanted)
    assert wanted.delivered[0].is_test


def test_an_order_that_does_not_add_up_is_still_found_by_its_name(run, vendor):
    vendor.app.shops[OUTLET].find("#EX-2041")["totalPriceSet"]["shopMoney"]["amount"] = "1.00"
    with pytest.raises(PayloadError) as caught:
        orders.import_order(run)
    assert caught.value.code == "check_sum" and run.delivered == []
    assert run.described["object_label"] == "#EX-2041"


def test_an_order_of_which_nothing_is_left_is_skipped(run, vendor):
    vendor.control("order", change="#EX-2041", remove={"MUG-BLU-350": 2})
    with pytest.raises(Skip) as caught:
        orders.import_order(run)
    assert caught.value.code == "nothing_left" and run.delivered == []


def test_no_route_is_a_skip_with_the_order_described(run):
    run.routes = 0
    with pytest.raises(Skip) as caught:
        orders.import_order(run)
    assert caught.value.reason == "not_routed" and run.described["object_label"] == "#EX-2041"


def test_lines_and_payments_of_two_states_are_never_mixed(run, vendor):
    plain, changes = run.client.get_order_money, iter([["one"]])

    def get_order_money(gid):
        for tags in changes:
            vendor.control("order", change="#EX-2041", tags=tags)
        return plain(gid)

    run.client.get_order_money = get_order_money
    orders.import_order(run)
    assert run.delivered[0].tags == ("one",)


def test_an_order_that_never_rests_is_left_for_later(run, vendor):
    plain = run.client.get_order_money

    def get_order_money(gid):
        vendor.control("clock", advance=1)
        vendor.control("order", change="#EX-2041", tags=["again"])
        return plain(gid)

    run.client.get_order_money = get_order_money
    with pytest.raises(RemoteUnavailable) as caught:
        orders.import_order(run)
    assert caught.value.code == "changing"


def test_remarks_of_the_client_become_notes(run, vendor):
    vendor.control("fault", kind="version_fallback")
    orders.import_order(run)
    assert "version_fallback" in run.notes


def test_the_buyers_currency_is_a_setting(make_client, vendor):
    placed = vendor.control("order", presentment={"currency": "USD", "rate": "1.1"})
    run = FakeRun(make_client(use_presentment_currency=True), {"id": placed["legacyResourceId"]})
    orders.import_order(run)
    assert run.delivered[0].currency == "USD"


def test_a_business_order_of_the_second_shop(make_client, vendor):
    shop = vendor.app.shops[LUMEN]
    client = make_client(shop_domain=LUMEN, client_id=shop.client_id, client_secret=shop.client_secret)
    run = FakeRun(client, {"number": "2207"})
    orders.synchronize_order(run)
    assert run.delivered[0].company.id == "330045" and run.delivered[0].source == LUMEN


def test_an_order_is_synchronized_by_its_number(run):
    run.payload = {"number": " EX-2042 "}
    assert orders.synchronize_order(run).startswith("Order #EX-2042 read")


@pytest.mark.parametrize("number", ["", None, " ", "#"])
def test_no_number_is_said_to_be_none(run, number):
    run.payload = {"number": number}
    with pytest.raises(PayloadError):
        orders.synchronize_order(run)


def test_a_number_the_shop_does_not_list_is_skipped_with_advice(run):
    run.payload = {"number": "9999"}
    with pytest.raises(Skip, match="as the shop shows it") as caught:
        orders.synchronize_order(run)
    assert caught.value.code == "not_found" and run.described["object_label"] == "9999"
