"""Payouts of Shopify Payments out of a shop. Against the sandbox over real HTTP."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.exceptions import ConfigurationError, PayloadError, Skip
from connectors.shopify import payouts
from connectors.shopify.calls import payouts as calls
from connectors.shopify.payouts import payout_record
from connectors.shopify.sandbox.shops import OUTLET
from tests.connectors.shopify.stand_ins import FakeRun

SEEDED = "77102233"
CHARGE = {"type": "CHARGE", "amount": "52.55", "fee": "1.05", "order": "#EX-2041"}
BACK = {"type": "REFUND", "amount": "-23.80", "order": "#EX-2041"}


@pytest.fixture(autouse=True)
def seeds(vendor) -> None:
    vendor.control("way_back")


@pytest.fixture
def run(make_client) -> FakeRun:
    return FakeRun(make_client(), {"number": SEEDED})


def test_a_payout_is_handed_on_with_every_movement(run):
    assert "(paid, 3 movements) handed to 1 route." in payouts.synchronize_payout(run)
    [record] = run.delivered
    assert (record.status, record.type, record.gateway, record.currency) == (
        "paid",
        "deposit",
        "shopify_payments",
        "EUR",
    )
    assert record.net == sum(line.net for line in record.lines)
    assert [line.type for line in record.lines] == ["charge", "refund", "adjustment"]
    charge, _, fee = record.lines
    assert (charge.order_name, charge.fee, charge.order_id) == ("#EX-2001", Decimal("4.20"), "5512300700001")
    assert charge.order_transaction_id and [(one.order_name, one.amount) for one in fee.orders] == [
        ("#EX-2001", Decimal("-1.50"))
    ]
    assert record.summary["charges"] == charge.amount and record.fees == Decimal("4.20")
    assert run.described["object_id"] == SEEDED


def test_movements_that_do_not_add_up_name_the_difference(run, vendor):
    made = vendor.control("payout", lines=[CHARGE, BACK], off_by="0.01")
    run.payload = {"number": made["id"]}
    with pytest.raises(PayloadError) as caught:
        payouts.synchronize_payout(run)
    assert caught.value.code == "control_sum" and "0.01 EUR are not explained" in caught.value.sentence
    assert run.delivered == [] and run.described["object_id"] == made["id"]


def test_two_thousand_five_hundred_movements_are_read_to_the_last(run, vendor):
    made = vendor.control("payout", lines=[{**CHARGE, "count": 2000}, {**BACK, "count": 500}])
    run.payload = {"number": made["id"]}
    payouts.synchronize_payout(run)
    [record] = run.delivered
    assert len({line.id for line in record.lines}) == 2500
    reads = [one for one in run.client.http.sent if (one["json"] or {}).get("operationName") == "HubPayoutLines"]
    assert len(reads) == 11  # 2,501 with the transfer, 250 a page


def test_a_shop_without_shopify_payments_says_so(run, vendor):
    vendor.control("payout", payments=False)
    for function in (payouts.synchronize_payout, payouts.synchronize_payouts):
        with pytest.raises(Skip, match="does not use Shopify Payments") as caught:
            function(run)
        assert caught.value.code == "no_payments"


@pytest.mark.parametrize("scope", ["read_shopify_payments_accounts", "read_shopify_payments_payouts"])
def test_a_missing_scope_is_named(run, vendor, scope):
    vendor.control("scopes", scopes=[one for one in vendor.app.shops[OUTLET].scopes if one != scope])
    with pytest.raises(ConfigurationError, match=scope):
        payouts.synchronize_payouts(run)
    assert run.checkpoint == {}


def test_the_plan_finds_each_status_of_a_payout_once(make_client, vendor):
    run = FakeRun(make_client(final_payouts_only=False))
    made = vendor.control("payout", lines=[CHARGE], status="SCHEDULED")
    payouts.synchronize_payouts(run)
    assert [one["object_id"] for one in run.spawned] == [SEEDED, made["id"]]
    assert {one["topic"] for one in run.spawned} == {"single:payout"}
    payouts.synchronize_payouts(run)
    assert len(run.spawned) == 2
    vendor.control("payout", payout=made["id"], status="PAID")
    payouts.synchronize_payouts(run)
    assert [one["object_id"] for one in run.spawned[2:]] == [made["id"]]


def test_a_payout_that_is_not_final_yet_waits(run, vendor):
    made = vendor.control("payout", lines=[CHARGE], status="SCHEDULED")
    assert payouts.synchronize_payouts(run).endswith("1 payout is not final yet.")
    assert made["id"] not in {one["object_id"] for one in run.spawned}
    vendor.control("payout", payout=made["id"], status="FAILED")
    payouts.synchronize_payouts(run)
    assert run.spawned[-1]["object_id"] == made["id"]


def test_a_payout_older_than_the_look_back_is_left(make_client, vendor):
    made = vendor.control("payout", lines=[CHARGE], days_ago=10)
    run = FakeRun(make_client(payout_days=5))
    payouts.synchronize_payouts(run)
    assert made["id"] not in {one["object_id"] for one in run.spawned}


def test_without_a_route_nothing_is_read(run):
    run.routes = 0
    with pytest.raises(Skip) as caught:
        payouts.synchronize_payouts(run)
    assert caught.value.reason == "not_routed" and run.client.http.sent == []


def test_payouts_are_found_by_their_day(run, vendor):
    vendor.control("payout", lines=[CHARGE], days_ago=400, id="77000001")
    day = vendor.app.shops[OUTLET].table("ShopifyPaymentsPayout")["gid://shopify/ShopifyPaymentsPayout/77000001"]
    run.payload = {"number": day["issuedAt"][:10]}
    payouts.synchronize_payout(run)
    assert [one.id for one in run.delivered] == ["77000001"]


@pytest.mark.parametrize(("number", "error"), [("12", Skip), ("yesterday", PayloadError), ("", PayloadError)])
def test_what_is_no_payout_says_so(run, number, error):
    run.payload = {"number": number}
    with pytest.raises(error):
        payouts.synchronize_payout(run)


@pytest.mark.parametrize("wrong", [None, [], "text", {}, 12])
@pytest.mark.parametrize("member", ["net", "issuedAt", "summary", "status"])
def test_a_member_of_another_kind_is_a_payload_error(run, member, wrong):
    [node] = calls.payouts(run.client, f"id:{SEEDED}")
    lines = calls.payout_lines(run.client, SEEDED)
    if (member, wrong) == ("status", "text"):
        return
    with pytest.raises(PayloadError):
        payout_record({**node, member: wrong}, lines, shop_domain=OUTLET)
