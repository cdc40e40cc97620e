"""Refunds out of a shop: told of by a delivery, found by the sync, by an order's name. Against the sandbox over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.exceptions import ConfigurationError, PayloadError, Skip, WaitFor
from connectors.records import Refund
from connectors.shopify import refunds
from connectors.shopify.calls import refunds as calls
from connectors.shopify.provider import provider
from connectors.shopify.refunds import refund_record
from connectors.shopify.sandbox.money_news import refund_payload
from connectors.shopify.sandbox.shops import LUMEN, OUTLET
from connectors.shopify.webhooks import identify
from tests.connectors.shopify.stand_ins import FakeRun

SEEDED = "5512300701001"


@pytest.fixture(autouse=True)
def seeds(vendor) -> None:
    vendor.control("way_back")


@pytest.fixture
def run(make_client, vendor) -> FakeRun:
    shop = vendor.app.shops[OUTLET]
    refund = shop.table("Refund")[f"gid://shopify/Refund/{SEEDED}"]
    return FakeRun(make_client(), refund_payload(shop, refund), {"x-shopify-shop-domain": OUTLET})


def the_record(run: FakeRun) -> Refund:
    [record] = run.delivered
    return record


def test_a_refund_is_read_whole_and_handed_on(run):
    sentence = refunds.import_refund(run)
    assert sentence == f"Refund {SEEDED} of order #EX-2001 handed to 1 route."
    record = the_record(run)
    assert (record.order_name, record.order_number, record.order_id) == ("#EX-2001", "2001", "5512300700001")
    assert (record.total, record.currency, record.paid_back) == (Decimal("26.30"), "EUR", Decimal("26.30"))
    assert (record.prices_include_tax, record.order_fulfillment_status) == (True, "fulfilled")
    assert (record.customer_id, record.email, record.note) == ("7002001", "mira@example.org", "chipped")
    [line] = record.lines
    assert (line.sku, line.quantity, line.restock, line.location_id) == ("MUG-RED-350", 1, "return", "61001")
    assert (line.subtotal, line.tax, line.location_name) == (Decimal("26.30"), Decimal("4.20"), "Kiel")
    [payment] = record.payments
    assert (payment.status, payment.gateway, payment.parent_id != "") == ("success", "shopify_payments", True)
    assert Refund.from_json(record.to_json()).fingerprint() == record.fingerprint()


def test_a_refund_of_an_exchange_says_what_the_buyer_gets_instead(run, make_client):
    node = calls.get_refund(make_client(), f"gid://shopify/Refund/{SEEDED}")
    card = {"id": "gid://shopify/ExchangeLineItem/9", "quantity": 1,
            "lineItems": [{"sku": "CARD-25", "name": "Gift card 25", "isGiftCard": True}]}  # fmt: skip
    without = refund_record(node, shop_domain=OUTLET)
    back = {"id": "gid://shopify/Return/8", "name": "#EX-2001-R1", "exchangeLineItems": {"nodes": [card]}}
    record = refund_record({**node, "return": back}, shop_domain=OUTLET)
    [line] = record.exchange_lines
    assert (line.sku, line.quantity, line.is_gift_card) == ("CARD-25", 1, True)
    assert without.exchange_lines == ()


def test_the_event_is_found_by_every_number_of_the_order(run):
    refunds.import_refund(run)
    assert {("order_number", "2001"), ("order_name", "#EX-2001"), ("refund_id", SEEDED)} <= set(run.found_keys)
    assert run.described == {"object_type": "refund", "object_id": SEEDED, "object_label": "#EX-2001"}


def test_a_delivery_says_which_refund_and_which_order_it_is_about(run):
    known = identify({"x-shopify-topic": "refunds/create", "x-shopify-webhook-id": "w"}, run.payload)
    assert (known.object_type, known.object_id) == ("refund", SEEDED)
    assert ("order_id", "5512300700001") in known.keys


@pytest.mark.parametrize("body", [None, [], "text", {"id": {"a": 1}}, {"id": None, "order_id": [1]}, {"id": True}])
def test_a_body_of_any_shape_is_identified(body):
    known = identify({"x-shopify-topic": "refunds/create", "x-shopify-webhook-id": "w"}, body)
    assert (known.topic, known.object_id) == ("refunds/create", "")


@pytest.mark.parametrize("payload", [None, [], {}, {"id": None}, {"id": "gid://shopify/Order/1"}, {"id": True}])
def test_a_delivery_that_names_no_refund_is_a_payload_error(run, payload):
    run.payload = payload
    with pytest.raises(PayloadError):
        refunds.import_refund(run)


def test_a_refund_the_shop_does_not_have_is_skipped(run):
    run.payload = {"id": 1}
    with pytest.raises(Skip) as caught:
        refunds.import_refund(run)
    assert caught.value.code == "not_found"


def test_a_delivery_of_another_shop_is_not_taken_for_ours(run):
    run.headers = {"x-shopify-shop-domain": LUMEN}
    with pytest.raises(ConfigurationError) as caught:
        provider.handlers["refunds/create"].function(run)
    assert caught.value.code == "wrong_shop" and run.client.http.sent == []


def test_a_refund_of_three_hundred_lines_is_read_to_its_end(run, vendor):
    lines = [{"sku": f"BULK-{number:03d}", "price": "1.00", "quantity": 2} for number in range(300)]
    vendor.control("order", name="#EX-300", lines=lines)
    made = vendor.control("refund", order="#EX-300", lines=[{"sku": line["sku"]} for line in lines])
    run.payload = {"id": int(made["id"])}
    refunds.import_refund(run)
    record = the_record(run)
    assert len({line.sku for line in record.lines}) == 300
    assert record.total == sum(line.subtotal for line in record.lines) == Decimal("300.00")
    reads = [one for one in run.client.http.sent if (one["json"] or {}).get("operationName") == "HubRefund"]
    assert len(reads) == 3


def test_a_refund_that_changes_between_two_pages_is_read_again(run, vendor, monkeypatch):
    vendor.control("order", name="#EX-150", lines=[{"sku": f"S-{n}", "price": "1.00"} for n in range(150)])
    made = vendor.control("refund", order="#EX-150", lines=[{"sku": f"S-{n}"} for n in range(150)], status="PENDING")
    real, changed = calls._refund, []

    def change_once(client, gid, after=None):
        page = real(client, gid, after)
        if after is None and not changed:
            changed.append(vendor.control("clock", advance=5))
            vendor.control("refund", settle=made["id"])
        return page

    monkeypatch.setattr(calls, "_refund", change_once)
    run.payload = {"id": int(made["id"])}
    refunds.import_refund(run)
    assert the_record(run).paid_back == the_record(run).total == Decimal("150.00")


def test_goods_and_money_that_differ_leave_an_adjustment(run, vendor):
    made = vendor.control("refund", order="#EX-2041", lines=[{"sku": "MUG-BLU-350"}], amount="20.00")
    run.payload = {"id": int(made["id"])}
    refunds.import_refund(run)
    record = the_record(run)
    assert record.total == Decimal("20.00") and record.lines[0].subtotal == Decimal("23.80")
    assert [(one.reason, one.amount) for one in record.adjustments] == [("refund_discrepancy", Decimal("-3.80"))]


def test_shipping_that_is_refunded_is_a_part_of_its_own(run, vendor):
    made = vendor.control("refund", order="#EX-2041", shipping="4.95")
    run.payload = {"id": int(made["id"])}
    refunds.import_refund(run)
    record = the_record(run)
    assert not record.lines and [one.amount for one in record.shipping] == [Decimal("4.95")]
    assert record.total == Decimal("4.95")


def test_the_buyers_currency_counts_where_the_connector_says_so(make_client, vendor):
    vendor.control("order", name="#EX-CH", presentment={"currency": "CHF", "rate": "0.5"}, lines=[{"sku": "LMP-OAK-S"}])
    made = vendor.control("refund", order="#EX-CH", lines=[{"sku": "LMP-OAK-S"}])
    for presentment, currency, total in ((False, "EUR", "79.00"), (True, "CHF", "39.50")):
        run = FakeRun(make_client(use_presentment_currency=presentment), {"id": int(made["id"])})
        refunds.import_refund(run)
        record = the_record(run)
        assert (record.currency, record.total, record.lines[0].subtotal) == (currency, Decimal(total), Decimal(total))


def test_a_refund_another_system_asked_for_names_its_document(run, vendor):
    made = vendor.control("refund", order="#EX-2041", shipping="1.00", note="goodwill [erp:CM-3301]")
    run.payload = {"id": int(made["id"])}
    refunds.import_refund(run)
    assert the_record(run).reference == "CM-3301"


def pending(vendor) -> str:
    made = vendor.control("refund", order="#EX-2041", lines=[{"sku": "MUG-BLU-350"}], status="PENDING")
    return str(made["id"])


def test_money_on_its_way_is_handed_on_and_read_again_when_it_arrives(run, vendor):
    number = pending(vendor)
    run.payload = {"id": int(number)}
    assert refunds.import_refund(run).endswith("its money is still on the way.")
    assert the_record(run).is_pending and the_record(run).paid_back == 0
    assert run.checkpoint == {"pending_refunds": [number]}
    vendor.control("refund", settle=number)
    refunds.synchronize_refunds(run)
    assert number in {one["object_id"] for one in run.spawned}
    refunds.import_refund(run)
    assert run.delivered[-1].paid_back == Decimal("23.80") and run.checkpoint["pending_refunds"] == []


def test_where_only_moved_money_counts_the_event_waits_for_it(make_client, vendor):
    number = pending(vendor)
    run = FakeRun(make_client(refunds_when_paid=True), {"id": int(number)})
    with pytest.raises(WaitFor) as caught:
        refunds.import_refund(run)
    assert caught.value.code == f"refund:{number}" and run.delivered == []
    vendor.control("refund", settle=number)
    refunds.import_refund(run)
    assert not the_record(run).is_pending


def test_where_only_moved_money_counts_a_refund_that_failed_is_skipped_and_named(make_client, vendor):
    number = pending(vendor)
    vendor.control("refund", settle=number, status="FAILURE")
    run = FakeRun(make_client(refunds_when_paid=True), {"id": int(number)})
    with pytest.raises(Skip, match="shopify_payments did not pay the money back") as caught:
        refunds.import_refund(run)
    assert caught.value.code == "money_failed" and run.delivered == []


def test_a_refund_of_a_test_order_is_skipped(run, vendor):
    vendor.control("order", name="#EX-T", test=True)
    made = vendor.control("refund", order="#EX-T", lines=[{"sku": "MUG-BLU-350"}])
    run.payload = {"id": int(made["id"])}
    with pytest.raises(Skip) as caught:
        refunds.import_refund(run)
    assert caught.value.code == "test_order" and run.delivered == []


@pytest.mark.parametrize("scope", ["read_customers", "read_orders"])
def test_partial_data_never_becomes_half_a_refund(run, vendor, scope):
    shop = vendor.app.shops[OUTLET]
    vendor.control("scopes", scopes=[one for one in shop.scopes if not one.endswith(scope.removeprefix("read"))])
    with pytest.raises(ConfigurationError, match=scope):
        refunds.import_refund(run)
    assert run.delivered == []


def three_minutes_ago(vendor, refund_id: str) -> None:
    """The walk ends a minute before now: what was made just now is the next one's."""
    shop = vendor.app.shops[OUTLET]
    refund = shop.table("Refund")[f"gid://shopify/Refund/{refund_id}"]
    moment = (datetime.now(UTC) - timedelta(minutes=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    refund["updatedAt"] = shop.orders[refund["orderId"]]["updatedAt"] = moment
    vendor.control("clock", index_lag_s=0)


def test_the_sync_finds_refunds_of_changed_orders_once(run, vendor):
    made = vendor.control("refund", order="#EX-2041", lines=[{"sku": "MUG-BLU-350"}])
    three_minutes_ago(vendor, made["id"])
    assert refunds.synchronize_refunds(run).startswith("1 refund was changed")
    [spawned] = run.spawned
    assert (spawned["object_id"], spawned["object_label"], spawned["topic"]) == (
        made["id"],
        "#EX-2041",
        "refunds/create",
    )
    refunds.synchronize_refunds(run)
    assert len(run.spawned) == 1


def test_the_sync_leaves_refunds_of_last_year_alone(run, vendor):
    vendor.control("order", change="#EX-2001", note="looked at again")
    refunds.synchronize_refunds(run)
    assert SEEDED not in {one["object_id"] for one in run.spawned}


def test_without_a_route_nothing_is_read(run):
    run.routes = 0
    with pytest.raises(Skip) as caught:
        refunds.synchronize_refunds(run)
    assert caught.value.reason == "not_routed" and run.client.http.sent == []


def test_the_refunds_of_an_order_are_found_by_its_name(run, vendor):
    run.payload = {"number": "#EX-2001"}
    assert refunds.synchronize_refunds_of(run) == "Order #EX-2001 has 1 refund; each is read by an event of its own."
    assert [one["payload"]["id"] for one in run.spawned] == [SEEDED]


@pytest.mark.parametrize(("number", "code"), [("#EX-2042", "no_refund"), ("#EX-9999", "not_found"), ("#", "not_found")])
def test_an_order_without_refunds_says_so(run, number, code):
    run.payload = {"number": number}
    with pytest.raises(Skip) as caught:
        refunds.synchronize_refunds_of(run)
    assert caught.value.code == code


@pytest.mark.parametrize("wrong", [None, [], "text", {}, 12, "NaN"])
@pytest.mark.parametrize("member", ["order", "totalRefundedSet", "refundLineItems", "transactions", "updatedAt"])
def test_a_member_of_another_kind_is_a_payload_error(run, member, wrong):
    node = calls.get_refund(run.client, f"gid://shopify/Refund/{SEEDED}")
    with pytest.raises(PayloadError):
        refund_record({**node, member: wrong}, shop_domain=OUTLET)


def test_an_amount_without_an_end_is_a_payload_error(run):
    node = calls.get_refund(run.client, f"gid://shopify/Refund/{SEEDED}")
    node["refundLineItems"]["nodes"][0]["subtotalSet"]["shopMoney"]["amount"] = "NaN"
    with pytest.raises(PayloadError):
        refund_record(node, shop_domain=OUTLET)
