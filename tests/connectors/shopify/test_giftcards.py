"""Gift cards out of a shop: polled, found by number or last characters. Against the sandbox over real HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.exceptions import ConfigurationError, PayloadError, Skip
from connectors.shopify import giftcards
from connectors.shopify.calls import giftcards as calls
from connectors.shopify.giftcards import gift_card_record
from connectors.shopify.sandbox.shops import OUTLET
from tests.connectors.shopify.stand_ins import FakeRun

SEEDED = "5512300703001"


@pytest.fixture(autouse=True)
def seeds(vendor) -> None:
    vendor.control("way_back")


@pytest.fixture
def run(make_client) -> FakeRun:
    return FakeRun(make_client(), {"number": SEEDED})


def age(vendor, number: str, **ago: float) -> None:
    card = vendor.app.shops[OUTLET].table("GiftCard")[f"gid://shopify/GiftCard/{number}"]
    card["updatedAt"] = (datetime.now(UTC) - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_card_is_handed_on_with_its_balance_and_transactions(run, vendor):
    vendor.control("giftcard", card=SEEDED, move="-10.00", note="used on #EX-2042")
    assert giftcards.synchronize_gift_card(run).startswith("Gift card …9q4x with a balance of 15.00 EUR")
    [record] = run.delivered
    assert (record.initial_value, record.balance, record.currency) == (Decimal("25.00"), Decimal("15.00"), "EUR")
    assert (record.last_characters, record.is_enabled, record.customer_id) == ("9q4x", True, "7002001")
    assert record.customer_name
    assert replace(record, customer_name="").fingerprint() == record.fingerprint()
    assert [(one.kind, one.amount, one.note) for one in record.transactions] == [
        ("debit", Decimal("-10.00"), "used on #EX-2042")
    ]
    assert b"seed7k2m9q4x" not in record.to_json()


def test_more_transactions_than_a_page_are_read_to_the_last(run, vendor):
    for _ in range(120):
        vendor.control("giftcard", card=SEEDED, move="0.10")
    giftcards.synchronize_gift_card(run)
    assert len({one.id for one in run.delivered[0].transactions}) == 120


def test_a_card_that_was_sold_names_its_order(run, vendor):
    made = vendor.control("giftcard", value="50.00", order="#EX-2042")
    run.payload = {"number": made["id"]}
    giftcards.synchronize_gift_card(run)
    record = run.delivered[0]
    assert (record.order_name, record.order_id) == ("#EX-2042", "5512300777002")
    bought_by = vendor.app.shops[OUTLET].find("#EX-2042")["customer"]["displayName"]
    assert bought_by and record.customer_name == bought_by


def test_a_card_is_found_by_its_last_characters(run, vendor):
    run.payload = {"number": "9Q4X"}
    giftcards.synchronize_gift_card(run)
    assert run.delivered[0].id == SEEDED
    vendor.control("giftcard", value="5.00", code="another19q4x")
    with pytest.raises(Skip, match="2 gift cards end in") as caught:
        giftcards.synchronize_gift_card(run)
    assert caught.value.code == "ambiguous" and SEEDED in caught.value.sentence


@pytest.mark.parametrize("number", ["zzzz", "99999999", "", "no such card"])
def test_a_card_the_shop_does_not_have_says_so(run, number):
    run.payload = {"number": number}
    with pytest.raises(Skip) as caught:
        giftcards.synchronize_gift_card(run)
    assert caught.value.code == "not_found"


def test_the_plan_stops_at_what_it_knows(run, vendor):
    for place in range(250):
        made = vendor.control("giftcard", value="5.00", code=f"oldcard{place:05d}")
        age(vendor, made["id"], days=40 + place)
    giftcards.synchronize_gift_cards(run)
    assert [one["object_id"] for one in run.spawned] == [SEEDED]  # two days old; the others lie behind the first look
    reads = [one for one in run.client.http.sent if (one["json"] or {}).get("operationName") == "HubGiftCards"]
    assert len(reads) == 1


def test_a_changed_balance_is_found_once(run, vendor):
    giftcards.synchronize_gift_cards(run)
    vendor.control("giftcard", card=SEEDED, move="-1.00")
    age(vendor, SEEDED, minutes=3)
    giftcards.synchronize_gift_cards(run)
    giftcards.synchronize_gift_cards(run)
    assert [one["object_id"] for one in run.spawned] == [SEEDED, SEEDED]
    assert {one["topic"] for one in run.spawned} == {"single:gift_card"}


def test_two_hundred_and_fifty_changed_cards_are_all_found(run, vendor):
    vendor.control("giftcard", value="5.00", count=250)
    giftcards.synchronize_gift_cards(run)
    assert len({one["object_id"] for one in run.spawned}) == 251


def test_without_a_route_nothing_is_read(run):
    run.routes = 0
    with pytest.raises(Skip) as caught:
        giftcards.synchronize_gift_cards(run)
    assert caught.value.reason == "not_routed" and run.client.http.sent == []


def test_a_missing_scope_is_named_and_transactions_can_be_left_out(make_client, vendor):
    vendor.control(
        "scopes", scopes=[one for one in vendor.app.shops[OUTLET].scopes if not one.endswith("gift_card_transactions")]
    )
    with pytest.raises(ConfigurationError, match="read_gift_card_transactions"):
        giftcards.synchronize_gift_card(FakeRun(make_client(), {"number": SEEDED}))
    run = FakeRun(make_client(gift_card_transactions=False), {"number": SEEDED})
    giftcards.synchronize_gift_card(run)
    assert run.delivered[0].transactions == ()


@pytest.mark.parametrize("wrong", [None, [], "text", {}, 12])
@pytest.mark.parametrize("member", ["balance", "initialValue", "updatedAt", "enabled"])
def test_a_member_of_another_kind_is_a_payload_error(run, member, wrong):
    node = calls.get_gift_card(run.client, calls.gift_card_gid(SEEDED), moves=True)
    with pytest.raises(PayloadError):
        gift_card_record({**node, member: wrong}, shop_domain=OUTLET)
