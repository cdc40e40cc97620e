"""Returns out of a shop, topic by topic. Against the sandbox over real HTTP."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.exceptions import ConfigurationError, PayloadError, Skip
from connectors.shopify import returns
from connectors.shopify.calls import returns as calls
from connectors.shopify.returns import return_record
from connectors.shopify.sandbox.money_news import disposal_payload, return_payload
from connectors.shopify.sandbox.shops import OUTLET
from connectors.shopify.webhooks import identify
from tests.connectors.shopify.stand_ins import FakeRun

SEEDED, NAME = "5512300702001", "#EX-2001-R1"


def payload_of(vendor, event: str, number: str = SEEDED):
    shop = vendor.app.shops[OUTLET]
    return return_payload(shop, event, shop.table("Return")[f"gid://shopify/Return/{number}"])


@pytest.fixture(autouse=True)
def seeds(vendor) -> None:
    vendor.control("way_back")


@pytest.fixture
def run(make_client, vendor) -> FakeRun:
    return FakeRun(make_client(), payload_of(vendor, "approve"), {"x-shopify-shop-domain": OUTLET})


@pytest.mark.parametrize(
    ("event", "function"),
    [(event, returns.import_return) for event in ("request", "approve", "decline", "cancel", "close", "reopen")]
    + [(event, returns.import_changed_return) for event in ("update", "process")],
)
def test_every_topic_makes_the_return_be_read(run, vendor, event, function):
    run.payload = payload_of(vendor, event)
    assert function(run) == f"Return {NAME} (open) handed to 1 route."
    [record] = run.delivered
    assert (record.id, record.name, record.order_name) == (SEEDED, NAME, "#EX-2001")
    [line] = record.lines
    assert (line.sku, line.quantity, line.reason, line.reason_note) == ("MUG-RED-350", 1, "wrong-item", "was blue")
    assert run.described["object_label"] == NAME
    topic = f"returns/{event}"
    known = identify({"x-shopify-topic": topic, "x-shopify-webhook-id": "w"}, run.payload)
    assert (known.object_type, known.object_id) == ("return", SEEDED)


def test_a_return_goes_through_all_its_states(run, vendor):
    made = vendor.control(
        "return", order="#EX-2001", lines=[{"sku": "LMP-OAK-S", "note": "too bright"}], requested=True
    )
    run.payload = payload_of(vendor, "request", made["id"])
    with pytest.raises(Skip) as caught:
        returns.import_return(run)
    assert caught.value.code == "requested" and run.delivered == []
    for step in ("approve", "dispose", "process", "close", "reopen"):
        vendor.control("return", **{"return": made["name"], "do": step})
        returns.import_return(run)
    assert [one.status for one in run.delivered] == ["open", "open", "open", "closed", "open"]
    approved, disposed, processed, closed, _ = run.delivered
    assert approved.approved_at and not approved.lines[0].dispositions
    [put_away] = disposed.lines[0].dispositions
    assert (put_away.kind, put_away.quantity, put_away.location_name) == ("restocked", 1, "Kiel")
    assert (processed.lines[0].processed, bool(closed.closed_at)) == (1, True)


def test_a_request_is_handed_over_where_the_setting_asks_for_it(make_client, vendor):
    made = vendor.control("return", order="#EX-2001", lines=[{"sku": "LMP-OAK-S"}], requested=True)
    run = FakeRun(make_client(import_requested_returns=True), payload_of(vendor, "request", made["id"]))
    returns.import_return(run)
    assert run.delivered[0].status == "requested"
    vendor.control("return", **{"return": made["name"], "do": "decline", "reason": "FINAL_SALE", "note": "on sale"})
    returns.import_return(run)
    declined = run.delivered[1]
    assert (declined.status, declined.decline_reason, declined.decline_note) == ("declined", "final_sale", "on sale")


def test_news_that_names_no_return_makes_the_recent_ones_be_read(run, vendor):
    vendor.control("clock", index_lag_s=0)
    made = vendor.control("return", order="#EX-2001", lines=[{"sku": "LMP-OAK-S"}])
    run.payload = {"return_line_items": {"removals": []}}
    assert "2 returns of the orders changed in the last hour are read" in returns.import_changed_return(run)
    assert [one["object_id"] for one in run.spawned] == [SEEDED, made["id"]]
    assert all(one["topic"] == "returns/update" and one["payload"]["id"] == one["object_id"] for one in run.spawned)


def test_a_disposal_makes_the_recent_returns_be_read(run, vendor):
    shop = vendor.app.shops[OUTLET]
    row = shop.table("Return")[f"gid://shopify/Return/{SEEDED}"]["reverseFulfillmentOrders"][0]["lineItems"][0]
    vendor.control("clock", index_lag_s=0)
    vendor.control("return", **{"return": NAME, "do": "dispose"})
    run.payload = disposal_payload([(row, row["dispositions"][0])])
    returns.import_disposal(run)
    assert [one["object_id"] for one in run.spawned] == [SEEDED]


def test_where_no_order_with_a_return_changed_that_is_said(run):
    run.payload = {}
    with pytest.raises(Skip, match="no order changed in the last hour has a return"):
        returns.import_changed_return(run)


@pytest.mark.parametrize("payload", [None, [], {}, {"dispositions": "all"}])
def test_a_disposal_of_another_shape_is_a_payload_error(run, payload):
    run.payload = payload
    with pytest.raises(PayloadError):
        returns.import_disposal(run)


def test_a_return_of_a_hundred_and_twenty_lines_is_read_to_its_end(run, vendor):
    skus = [f"WIDE-{number:03d}" for number in range(120)]
    vendor.control("order", name="#EX-120", lines=[{"sku": sku, "price": "1.00"} for sku in skus])
    vendor.control("fulfillment", order="#EX-120", do="ship")
    made = vendor.control("return", order="#EX-120", lines=[{"sku": sku} for sku in skus])
    for place in (0, 119):
        vendor.control("return", **{"return": made["name"], "do": "dispose", "place": place})
    run.payload = payload_of(vendor, "approve", made["id"])
    returns.import_return(run)
    [record] = run.delivered
    assert [line.sku for line in record.lines] == skus
    assert [line.sku for line in record.lines if line.dispositions] == [skus[0], skus[119]]


@pytest.mark.parametrize("scope", ["read_returns", "read_customers"])
def test_a_missing_scope_is_named(run, vendor, scope):
    shop = vendor.app.shops[OUTLET]
    vendor.control("scopes", scopes=[one for one in shop.scopes if not one.endswith(scope.removeprefix("read"))])
    with pytest.raises(ConfigurationError, match=scope):
        returns.import_return(run)
    assert run.delivered == []


def test_a_return_the_shop_does_not_have_is_skipped(run):
    run.payload = {"id": 1}
    with pytest.raises(Skip) as caught:
        returns.import_return(run)
    assert caught.value.code == "not_found"


@pytest.mark.parametrize("number", ["#EX-2001", "EX-2001-R1", "#ex-2001-r1"])
def test_returns_are_found_by_the_name_of_order_or_return(run, number):
    run.payload = {"number": number}
    assert returns.synchronize_returns_of(run).startswith("Order #EX-2001: 1 return found")
    assert run.spawned[0]["object_id"] == SEEDED


@pytest.mark.parametrize(
    ("number", "code"), [("#EX-2001-R9", "no_return"), ("#EX-2041", "no_return"), ("#", "not_found")]
)
def test_a_name_without_a_return_says_so(run, number, code):
    run.payload = {"number": number}
    with pytest.raises(Skip) as caught:
        returns.synchronize_returns_of(run)
    assert caught.value.code == code


@pytest.mark.parametrize("wrong", [None, [], "text", {}, 12])
@pytest.mark.parametrize("member", ["order", "status", "returnLineItems", "reverseFulfillmentOrders", "createdAt"])
def test_a_member_of_another_kind_is_a_payload_error(run, member, wrong):
    node = calls.get_return(run.client, calls.return_gid(SEEDED))
    with pytest.raises(PayloadError):
        return_record({**node, member: wrong}, shop_domain=OUTLET)


def test_a_return_another_system_made_names_its_document(run, vendor):
    made = vendor.control("return", order="#EX-2001", lines=[{"sku": "LMP-OAK-S", "note": "flickers [erp:RMA-5]"}])
    run.payload = payload_of(vendor, "approve", made["id"])
    returns.import_return(run)
    assert run.delivered[0].reference == "RMA-5"


def test_fees_are_read_in_the_currency_asked_for(run):
    node = calls.get_return(run.client, calls.return_gid(SEEDED))
    fee = {side: {"amount": "2.50", "currencyCode": "EUR"} for side in ("shopMoney", "presentmentMoney")}
    node["returnLineItems"]["nodes"][0]["restockingFee"] = {"amountSet": fee}
    node["returnShippingFees"] = [{"id": "gid://shopify/ReturnShippingFee/1", "amountSet": fee}]
    record = return_record(node, shop_domain=OUTLET)
    assert (record.lines[0].restocking_fee, record.shipping_fee) == (Decimal("2.50"), Decimal("2.50"))
