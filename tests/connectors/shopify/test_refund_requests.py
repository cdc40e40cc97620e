"""Refunds another system asks for: made once, whatever happens to answers; refused in words where they cannot be."""

from __future__ import annotations

import json

import pytest

from connectors.models import Link
from connectors.records import RefundRequest
from connectors.shopify import locations
from connectors.shopify.calls import refunds as calls
from events.models import Outcome, Reason
from tests.connectors.cases import again
from tests.connectors.shopify.deliveries import Desk

pytestmark = pytest.mark.django_db
LAMP = {"sku": "LMP-OAK-S", "quantity": "1", "restock": "return", "location_id": "61001"}


@pytest.fixture
def desk(install, sandbox) -> Desk:
    return Desk(install("shopify"), sandbox)


def input_of(desk: Desk) -> dict:
    [call] = desk.calls("HubRefundCreate")
    return json.loads(call["body"])["variables"]


def test_a_request_becomes_a_refund_of_what_shopify_works_out(desk):
    ended = desk.bring(RefundRequest)
    assert ended.event.outcome == Outcome.SUCCEEDED, ended.text
    assert ended.event.sentence.startswith("Refunded order #2101 for CM-3301: refund ")
    sent = input_of(desk)["input"]
    assert sent["note"].startswith("chipped [") and sent["note"].endswith(":88100]") and sent["currency"] == "USD"
    assert sent["refundLineItems"][0]["restockType"] == "RETURN"
    [payment] = sent["transactions"]
    assert (payment["kind"], payment["gateway"], payment["amount"]) == ("REFUND", "shopify_payments", "85.52")
    assert Link.objects.get().target_number == ended.event.sentence.partition("refund ")[2].partition(" ")[0]


@pytest.mark.parametrize("operation", ["HubRefundable", "HubSuggestedRefund", "HubRefundCreate"])
def test_a_lost_answer_makes_no_second_refund(desk, operation):
    desk.fault("drop_after_commit", operation)
    first = desk.bring(RefundRequest)
    assert first.event.outcome == Outcome.WAITING, first.text
    second = again(first.event)
    assert second.event.outcome == Outcome.SUCCEEDED, second.text
    assert len(desk.calls("HubRefundCreate")) == 1


def test_a_lost_ledger_makes_no_second_refund(desk):
    desk.bring(RefundRequest)
    Link.objects.all().delete()
    second = desk.bring(RefundRequest, note="written anew")
    assert second.event.sentence.startswith("Order #2101 was refunded for CM-3301 already: refund ")
    assert len(desk.calls("HubRefundCreate")) == 1


def test_a_request_that_changed_after_it_was_paid_back_is_refused(desk):
    desk.bring(RefundRequest)
    second = desk.bring(RefundRequest, amount="1.00")
    assert (second.event.outcome, second.event.reason_code) == (Outcome.FAILED, "change_not_applied"), second.text


def test_more_than_was_paid_is_refused_before_anything_is_sent(desk):
    ended = desk.bring(RefundRequest, amount="9999.00")
    assert (ended.event.reason, ended.event.reason_code) == (Reason.REFUSED, "over_refund"), ended.text
    assert "at most" in ended.event.sentence and "#2101" in ended.event.sentence
    assert desk.calls("HubRefundCreate") == []


def test_more_units_than_are_left_are_refused(desk):
    ended = desk.bring(RefundRequest, lines=[{**LAMP, "quantity": "2"}])
    assert ended.event.reason_code == "over_refund" and "only 1 can be refunded" in ended.event.sentence, ended.text


def test_what_shopify_declines_is_said_in_its_words_and_can_be_tried_again(desk):
    text = "Refund amount $85.52 is greater than net payment received $10.00"
    desk.fault("user_error", "HubRefundCreate", message=text)
    first = desk.bring(RefundRequest)
    assert first.event.outcome == Outcome.FAILED and text in first.event.sentence, first.text
    assert again(first.event).event.outcome == Outcome.SUCCEEDED


@pytest.fixture
def unchecked(monkeypatch) -> None:
    """A location that was deleted in the shop a moment after the hub looked."""
    monkeypatch.setattr(locations, "find", lambda run, code: f"gid://shopify/Location/{code}")


def corrected(monkeypatch) -> None:
    """From now on the same request leaves with another content."""
    real = calls.create_refund

    def at_kiel(client, order, key):
        lines = [{**line, "locationId": "gid://shopify/Location/61001"} for line in order["refundLineItems"]]
        return real(client, {**order, "refundLineItems": lines}, key)

    monkeypatch.setattr(calls, "create_refund", at_kiel)


def test_what_was_declined_and_then_corrected_leaves_under_a_fresh_key(desk, unchecked, monkeypatch):
    event = desk.queue(RefundRequest, lines=[{**LAMP, "location_id": "999"}])
    assert "Location is required" in again(event).event.sentence
    corrected(monkeypatch)
    second = again(event)
    assert second.event.outcome == Outcome.SUCCEEDED, second.text


def test_another_content_after_a_lost_answer_is_for_a_person(desk, unchecked, monkeypatch):
    """The first try was declined by Shopify, which the hub does not know: its answer was lost."""
    event = desk.queue(RefundRequest, lines=[{**LAMP, "location_id": "999"}])
    desk.fault("drop_after_commit", "HubRefundCreate")
    assert again(event).event.outcome == Outcome.WAITING
    corrected(monkeypatch)
    second = again(event)
    assert second.event.reason == Reason.UNCONFIRMED_WRITE, second.text


def test_a_newer_version_after_a_lost_answer_is_for_a_person(desk, unchecked):
    """What became of the older one is not known: a fresh key would pay back a second time."""
    desk.fault("drop_after_commit", "HubRefundCreate")
    assert desk.bring(RefundRequest, lines=[{**LAMP, "location_id": "999"}]).event.outcome == Outcome.WAITING
    second = desk.bring(RefundRequest, lines=[LAMP])
    assert second.event.reason == Reason.UNCONFIRMED_WRITE, second.text


def test_a_refusal_repeated_unchanged_takes_a_fresh_key_and_never_pays_twice(desk, unchecked):
    event = desk.queue(RefundRequest, lines=[{**LAMP, "location_id": "999"}])
    for _ in range(3):
        ended = again(event)
        assert "Location is required" in ended.event.sentence, ended.text
    keys = [json.loads(one["body"])["variables"]["key"] for one in desk.calls("HubRefundCreate")]
    assert len(set(keys)) == 3


def test_an_amount_smaller_than_the_goods_is_taken_over_the_payments(desk):
    desk.control("order", name="#GC", customer=None, lines=[{"sku": "LMP-OAK-L"}], gift_card_payment="50.00")
    order = {"order_id": "", "order_name": "#GC", "lines": []}
    desk.sandbox.post("/shopify/_sandbox/clock", {"advance": 5})
    ended = desk.bring(RefundRequest, **order, amount="60.00")
    assert ended.event.outcome == Outcome.SUCCEEDED, ended.text
    shares = [(one["gateway"], one["amount"]) for one in input_of(desk)["input"]["transactions"]]
    assert sum(float(amount) for _, amount in shares) == 60 and len(shares) == 2


def test_goods_alone_move_no_money(desk):
    ended = desk.bring(RefundRequest, is_goods_only=True)
    assert ended.event.outcome == Outcome.SUCCEEDED, ended.text
    assert input_of(desk)["input"]["transactions"] == []


def test_shipping_is_paid_back_in_part_or_whole(desk):
    ended = desk.bring(RefundRequest, lines=[], is_whole_shipping=True)
    assert ended.event.outcome == Outcome.SUCCEEDED, ended.text
    assert "over 4.33 USD" in ended.event.sentence, ended.text
    second = desk.bring(RefundRequest, id="88101", lines=[], shipping="1.00")
    assert second.event.outcome == Outcome.FAILED, second.text


def foreign(desk: Desk) -> dict:
    desk.control("order", name="#CAD", customer=None, lines=[{"sku": "LMP-OAK-L", "price": "100.00"}],
                 presentment={"currency": "CAD", "rate": "1.5"})  # fmt: skip
    desk.sandbox.post("/shopify/_sandbox/clock", {"advance": 5})
    return {"order_id": "", "order_name": "#CAD", "lines": [{"sku": "LMP-OAK-L", "quantity": "1"}]}


def test_a_buyer_of_another_currency_is_paid_back_in_it(desk):
    ended = desk.bring(RefundRequest, **foreign(desk), currency="CAD", amount="75.00")
    assert "over 75.00 CAD" in ended.event.sentence, ended.text
    assert input_of(desk)["input"]["currency"] == "CAD"


def test_amounts_in_another_currency_than_the_buyers_are_refused(desk):
    ended = desk.bring(RefundRequest, **foreign(desk), amount="50.00")
    assert (ended.event.reason, ended.event.reason_code) == (Reason.PAYLOAD, "currency"), ended.text
    assert "must be in CAD" in ended.event.sentence and desk.calls("HubRefundCreate") == []


def test_without_amounts_the_shops_currency_will_do(desk):
    ended = desk.bring(RefundRequest, **foreign(desk))
    assert "over 150.00 CAD" in ended.event.sentence, ended.text


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"order_id": "1"}, "no order"),
        ({"order_id": "", "order_name": "#404"}, "does not list"),
        ({"lines": [{"sku": "NOPE", "quantity": "1"}]}, "no line NOPE"),
        ({"lines": [{"order_line_id": "1", "quantity": "1"}]}, "no line 1"),
        ({"lines": [{**LAMP, "quantity": "0"}]}, "cannot be refunded"),
        ({"lines": [{**LAMP, "quantity": "0.5"}]}, "cannot be refunded"),
        ({"lines": [{**LAMP, "restock": "burn"}]}, "no way to restock"),
        ({"lines": [{**LAMP, "location_id": ""}]}, "names no location"),
        ({"lines": [{**LAMP, "location_id": "999"}]}, "location is mapped for “999”"),
    ],
)
def test_what_cannot_be_asked_for_is_named(desk, changes, word):
    ended = desk.bring(RefundRequest, **changes)
    assert ended.event.outcome == Outcome.FAILED and word in ended.event.sentence, ended.text
    assert ended.event.next_step and desk.calls("HubRefundCreate") == []


def test_a_sku_on_two_lines_is_taken_from_both(desk):
    desk.control(
        "order", name="#TWICE", customer=None, lines=[{"sku": "LMP-OAK-S"}, {"sku": "LMP-OAK-S", "quantity": 2}]
    )
    desk.sandbox.post("/shopify/_sandbox/clock", {"advance": 5})
    lines = [{"sku": "LMP-OAK-S", "quantity": "3"}]
    ended = desk.bring(RefundRequest, order_id="", order_name="#TWICE", lines=lines)
    assert ended.event.outcome == Outcome.SUCCEEDED, ended.text
    assert [one["quantity"] for one in input_of(desk)["input"]["refundLineItems"]] == [1, 2]


def test_a_missing_scope_is_named(desk):
    desk.sandbox.post(
        "/shopify/_sandbox/scopes",
        {"shop": desk.shop.settings["shop_domain"], "scopes": ["read_orders", "read_locations"]},
    )
    ended = desk.bring(RefundRequest)
    assert ended.event.reason == Reason.CONFIGURATION and "write_orders" in ended.event.sentence, ended.text
