"""The ways one order comes in: a delivery, a number. Against the sandbox over real HTTP."""

from __future__ import annotations

import pytest

from connectors.exceptions import ConfigurationError, PayloadError, RemoteRefused, RemoteUnavailable, Skip, WaitFor
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


def test_where_an_order_was_delivered_before_it_is_told_that_nothing_is_left(run, vendor):
    run.became = [("Xoro", "MAIN-S000001")]
    vendor.control("order", change="#EX-2041", remove={"MUG-BLU-350": 2})
    orders.import_order(run)
    assert [one.lines for one in run.delivered] == [()]


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


# --- risk, keys, deletion, odd orders -------------------------------------------------------------------------------


def test_an_order_waits_for_its_risk_where_that_is_wanted(make_client, vendor):
    placed = vendor.control("order")
    payload = {"id": placed["legacyResourceId"]}
    with pytest.raises(WaitFor) as caught:
        orders.import_order(FakeRun(make_client(wait_for_risk=True), payload))
    assert caught.value.code == f"risk:{placed['legacyResourceId']}" and 800 < caught.value.retry_after_s < 902
    plain = FakeRun(make_client(), payload)
    orders.import_order(plain)
    assert plain.delivered[0].risk == "pending" and plain.notes == {}
    vendor.control("clock", advance=31)
    waited = FakeRun(make_client(wait_for_risk=True), payload)
    orders.import_order(waited)
    assert (waited.delivered[0].risk, waited.delivered[0].risk_recommendation) == ("low", "accept")


def test_it_does_not_wait_for_ever(make_client, vendor):
    placed = vendor.control("order", risk_after_s=90_000)
    vendor.app.shops[OUTLET].orders[placed["id"]]["createdAt"] = "2026-01-01T00:00:00Z"
    vendor.app.shops[OUTLET].scopes.append("read_all_orders")
    run = FakeRun(make_client(wait_for_risk=True), {"id": placed["legacyResourceId"]})
    orders.import_order(run)
    assert run.delivered[0].risk == "pending" and "risk_pending" in run.notes


@pytest.mark.parametrize(
    "payload",
    [
        {
            "admin_graphql_api_order_id": "gid://shopify/Order/5512300777001",
            "order_id": 5512300777001,
            "risk_level": "low",
        },
        {"order_id": 5512300777001},
        {"order_edit": {"id": 4401, "order_id": 5512300777001}},
    ],
)
def test_deliveries_about_a_part_of_an_order_name_it_too(run, payload):
    run.payload = payload
    orders.import_order(run)
    assert run.delivered[0].name == "#EX-2041"


@pytest.mark.parametrize("typed", ["2041", "#EX-2041", "ex-2041", "5512300777001", "gid://shopify/Order/5512300777001"])
def test_an_order_is_found_by_whatever_number_a_person_has(run, typed):
    run.payload = {"number": typed}
    assert orders.synchronize_order(run).startswith("Order #EX-2041 read")


def test_an_order_is_found_by_its_confirmation_number(run, vendor):
    vendor.app.shops[OUTLET].find("#EX-2042")["confirmationNumber"] = "T7QX91KLM"
    run.payload = {"number": "t7qx91klm"}
    assert orders.synchronize_order(run).startswith("Order #EX-2042 read")


def test_an_exact_name_wins_over_a_number(run, vendor):
    vendor.control("order", name="2041", minutes_ago=1)
    run.payload = {"number": "2041"}
    assert orders.synchronize_order(run).startswith("Order 2041 read")


def test_a_deleted_order_that_became_a_document_needs_a_person(run):
    run.payload, run.became = {"id": 5512300777001}, [("Xoro", "SO-88"), ("Stock", "77")]
    with pytest.raises(RemoteRefused) as caught:
        orders.forget_order(run)
    assert caught.value.code == "deleted" and "SO-88 in Xoro, 77 in Stock" in caught.value.next_step
    assert run.described["object_id"] == "5512300777001" and run.client.http.sent == []


def test_an_order_of_five_hundred_lines_is_read_whole(make_client, vendor):
    lines = [{"sku": f"SKU-{n}", "price": "1.10", "quantity": 2, "properties": {"n": str(n)}} for n in range(500)]
    placed = vendor.control(
        "order", lines=lines, tax={"title": "DE VAT", "rate": "0.19"}, discount={"code": "X", "amount": "33"}
    )
    run = FakeRun(make_client(), {"id": placed["legacyResourceId"]})
    orders.import_order(run)
    (order,) = run.delivered
    assert [line.sku for line in order.lines] == [f"SKU-{n}" for n in range(500)]
    assert sum(line.net for line in order.lines) == order.subtotal == order.total


def test_the_last_characters_of_a_gift_card_are_a_remark_only(make_client, vendor):
    placed = vendor.control("order", gift_card_payment="10.00")
    run = FakeRun(make_client(), {"id": placed["legacyResourceId"]})
    orders.import_order(run)
    assert run.notes["gift_card"] == "A part was paid with the gift card ending in k7x2, by the payment's receipt."
    assert "k7x2" not in str(run.delivered[0].raw)


def test_the_gift_card_that_paid_is_named_by_its_number(make_client, vendor):
    placed = vendor.control("order", gift_card_payment="10.00", gift_card_id="5512300703001")
    run = FakeRun(make_client(), {"id": placed["legacyResourceId"]})
    orders.import_order(run)
    payments = {one.is_gift_card: one.gift_card_id for one in run.delivered[0].payments}
    assert payments == {True: "5512300703001", False: ""}


@pytest.mark.parametrize("receipt", [None, "no JSON", "[]", {"gift_card_id": True}, {"gift_card_id": "9 or 1=1"}])
def test_a_receipt_that_names_no_gift_card_is_no_harm(make_client, vendor, receipt):
    placed = vendor.control("order", gift_card_payment="10.00")
    vendor.app.shops[OUTLET].find(placed["name"])["transactions"][0]["receiptJson"] = receipt
    run = FakeRun(make_client(), {"id": placed["legacyResourceId"]})
    orders.import_order(run)
    assert {one.gift_card_id for one in run.delivered[0].payments} == {""}


def test_metafields_of_a_second_namespace_are_read_where_asked_for(make_client, vendor):
    shop = vendor.app.shops[OUTLET]
    field = {"id": "gid://shopify/Metafield/1", "namespace": "custom", "key": "channel", "value": "fair",
             "type": "single_line_text_field", "compareDigest": "x", "updatedAt": "2026-11-20T00:00:00Z"}  # fmt: skip
    shop.find("#EX-2041")["metafields"].append(field)
    payload = {"id": 5512300777001}
    plain, more = FakeRun(make_client(), payload), FakeRun(make_client(more_metafields="custom"), payload)
    orders.import_order(plain)
    orders.import_order(more)
    assert plain.delivered[0].metafields == ()
    assert [(one.key, one.value) for one in more.delivered[0].metafields] == [("channel", "fair")]


def test_orders_of_business_and_foreign_buyers_are_read(make_client, vendor):
    for name, domain in (("B2B shop", LUMEN), ("multi-currency shop", OUTLET)):
        shop = vendor.app.shops[domain]
        client = make_client(shop_domain=domain, client_id=shop.client_id, client_secret=shop.client_secret)
        for placed in vendor.control("seed", name=name)["orders"]:
            run = FakeRun(client, {"id": shop.find(placed)["legacyResourceId"]})
            orders.import_order(run)
            assert run.delivered[0].name == placed
            assert (run.delivered[0].company is not None) == (domain == LUMEN)
            assert bool(run.delivered[0].other_currency) == (domain == OUTLET)


def test_the_hubs_own_tag_is_no_part_of_what_a_target_gets(make_client):
    payload = {"id": 5512300777001}
    plain, marked = FakeRun(make_client(), payload), FakeRun(make_client(tag_delivered="VIP"), payload)
    orders.import_order(plain)
    orders.import_order(marked)
    assert (plain.delivered[0].tags, marked.delivered[0].tags) == (("vip", "web"), ("web",))
