"""Gift cards another system issues, tops up, draws on and switches off: each step once, whatever happens to answers."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from connectors.models import Credential, Link
from connectors.records import GiftCard
from connectors.shopify import settling
from events.models import Outcome, Reason
from tests.connectors.cases import again, minutes_later, written_down
from tests.connectors.shopify.deliveries import Desk

pytestmark = pytest.mark.django_db
USED = {"id": "GC-77-1", "amount": "-5.00", "note": "used at the counter"}
CREATE, DEBIT, CREDIT, OFF = "HubGiftCardCreate", "HubGiftCardDebit", "HubGiftCardCredit", "HubGiftCardOff"


@pytest.fixture
def desk(install, sandbox) -> Desk:
    return Desk(install("shopify"), sandbox)


def sent(desk: Desk, operation: str) -> list[dict]:
    return [json.loads(one["body"])["variables"] for one in desk.calls(operation)]


def test_a_card_is_issued_with_its_value_and_moved_to_its_balance(desk):
    ended = desk.bring(GiftCard)
    assert ended.event.outcome == Outcome.SUCCEEDED, ended.text
    assert "balance 35.00 USD; 1 movement made." in ended.event.sentence
    [created] = sent(desk, CREATE)
    assert created["input"]["initialAmount"] == {"amount": "40.00", "currencyCode": "USD"}
    assert created["input"]["customerId"] == "gid://shopify/Customer/7710042000"
    [debit] = sent(desk, DEBIT)
    assert debit["debit"]["debitAmount"]["amount"] == "5.00" and "GC-77-1" in debit["debit"]["note"]
    assert ended.event.notes == []


@pytest.mark.parametrize("operation", ["HubGiftCards", CREATE, "HubGiftCard", DEBIT])
def test_a_lost_answer_makes_nothing_twice(desk, operation):
    desk.fault("drop_after_commit", operation)
    first = desk.bring(GiftCard)
    assert first.event.outcome == Outcome.WAITING, first.text
    second = again(first.event)
    assert second.event.outcome == Outcome.SUCCEEDED, second.text
    assert (len(desk.calls(CREATE)), len(desk.calls(DEBIT))) == (1, 1)


@pytest.mark.parametrize(("operation", "amount", "balance"), [(DEBIT, "-5.00", "35.00"), (CREDIT, "5.00", "45.00")])
def test_a_movement_done_long_after_its_connection_broke_is_not_made_again(
    desk, monkeypatch, operation, amount, balance
):
    monkeypatch.setattr(settling, "SETTLE", timedelta(minutes=1))
    desk.fault("commit_late", operation, seconds=30)
    event = desk.queue(GiftCard, balance=balance, transactions=[{**USED, "amount": amount}])
    assert again(event).event.reason == Reason.RETRY
    waits = again(event)
    assert (waits.event.outcome, waits.event.reason_code) == (Outcome.WAITING, "settling"), waits.text
    assert 0 < (waits.event.due_at - timezone.now()).total_seconds() < 61
    desk.control("clock", advance=30)
    ended = again(event)
    assert f"balance {balance} USD; 0 movements made." in ended.event.sentence, ended.text
    assert ended.event.notes == [] and desk.calls(operation) == []


def test_a_movement_that_never_arrived_is_made_once_its_time_is_over(desk, monkeypatch):
    monkeypatch.setattr(settling, "SETTLE", timedelta(minutes=1))
    desk.fault("drop", DEBIT)
    event = desk.queue(GiftCard)
    again(event)
    for _ in range(3):
        assert again(event).event.reason_code == "settling"
    minutes_later()
    ended = again(event)
    assert "balance 35.00 USD; 1 movement made." in ended.event.sentence, ended.text
    assert ended.event.attempts == 2 and len(desk.calls(DEBIT)) == 1


def test_where_the_shop_does_not_list_the_card_yet_the_same_code_proves_that_it_exists(desk, monkeypatch):
    from connectors.shopify import issuing

    desk.fault("drop_after_commit", CREATE)
    first = desk.bring(GiftCard)
    with monkeypatch.context() as patch:
        patch.setattr(issuing.calls, "newest_changes", lambda client: iter(()))
        second = again(first.event)
    assert (second.event.outcome, second.event.reason_code) == (Outcome.WAITING, "not_listed"), second.text
    assert again(first.event).event.outcome == Outcome.SUCCEEDED
    one, other = sent(desk, CREATE)
    assert one["input"]["code"] == other["input"]["code"]


def test_a_lost_ledger_issues_no_second_card(desk):
    desk.bring(GiftCard)
    number = Link.objects.get().target_object_id
    for kept in ("what the hub keeps encrypted", "nothing"):
        Link.objects.all().delete()
        if kept == "nothing":  # as after an old backup: only the mark in the shop is left
            Credential.objects.all().delete()
        ended = desk.bring(GiftCard, note=kept)
        assert ended.event.outcome == Outcome.SUCCEEDED, ended.text
        assert Link.objects.get().target_object_id == number
    assert (len(desk.calls(CREATE)), len(desk.calls(DEBIT))) == (1, 1)


def test_the_code_is_kept_encrypted_and_dropped_when_the_card_is_there(desk):
    desk.fault("500", CREATE)
    event = desk.queue(GiftCard)
    assert again(event).event.outcome == Outcome.WAITING
    [kept] = Credential.objects.filter(name__startswith="gift_card:")
    before = kept.value
    assert again(event).event.outcome == Outcome.SUCCEEDED
    [created] = sent(desk, CREATE)[-1:]
    kept.refresh_from_db()
    assert created["input"]["code"] not in before and kept.value != before


def test_the_code_stands_in_nothing_the_hub_writes_down(desk):
    desk.bring(GiftCard)
    code = sent(desk, CREATE)[0]["input"]["code"]
    assert [place for place, text in written_down().items() if code in text] == []


def test_each_later_movement_is_made_once(desk):
    desk.bring(GiftCard)
    more = [USED, {"id": "GC-77-2", "amount": "10.00", "note": "topped up"}]
    ended = desk.bring(GiftCard, transactions=more, balance="45.00")
    assert "balance 45.00 USD; 1 movement made." in ended.event.sentence, ended.text
    ended = desk.bring(GiftCard, transactions=more, balance="45.00", note="looked at again")
    assert "0 movements made" in ended.event.sentence, ended.text
    assert (len(desk.calls(DEBIT)), len(desk.calls(CREDIT))) == (1, 1)


def test_a_balance_that_differs_is_told_and_left(desk):
    desk.bring(GiftCard)
    number = Link.objects.get().target_object_id
    desk.control("giftcard", card=number, move="-7.00", note="spent in the shop")
    ended = desk.bring(GiftCard, note="again")
    assert [one["code"] for one in ended.event.notes] == ["balance_differs"], ended.text
    assert "28.00 USD" in ended.event.notes[0]["text"]


def test_a_card_is_switched_off_once_and_for_ever(desk):
    desk.bring(GiftCard)
    for _ in range(2):
        ended = desk.bring(GiftCard, is_enabled=False, note=f"off {_}")
        assert "switched off" in ended.event.sentence, ended.text
    assert len(desk.calls(OFF)) == 1


def test_a_card_that_was_off_before_it_was_issued_is_not_issued(desk):
    ended = desk.bring(GiftCard, is_enabled=False)
    assert (ended.event.outcome, ended.event.reason_code) == (Outcome.SKIPPED, "disabled"), ended.text
    assert desk.calls(CREATE) == []


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"customer_id": ""}, "names no customer"),
        ({"customer_id": "1"}, "The customer could not be found"),
        ({"initial_value": "0.00"}, "must be greater than 0"),
        ({"initial_value": "99999.00"}, "can't exceed the limit"),
        ({"transactions": [{"id": "1", "amount": "-500.00"}]}, "sufficient funds"),
    ],
)
def test_what_shopify_or_the_hub_declines_is_named(desk, changes, word):
    ended = desk.bring(GiftCard, **changes)
    assert ended.event.outcome == Outcome.FAILED and word in ended.event.sentence, ended.text
    assert "GC-77" in ended.event.sentence and ended.event.next_step


def test_a_card_of_another_currency_is_refused(desk):
    desk.bring(GiftCard)
    ended = desk.bring(GiftCard, currency="EUR")
    assert ended.event.reason == Reason.PAYLOAD and "in the shop it is in USD" in ended.event.sentence, ended.text


def test_a_card_that_is_gone_from_the_shop_is_for_a_person(desk):
    desk.bring(GiftCard)
    Link.objects.update(target_object_id="12345")
    ended = desk.bring(GiftCard, note="again")
    assert ended.event.reason_code == "not_found", ended.text


def test_a_missing_scope_is_named(desk):
    scopes = ["write_gift_cards", "read_customers", "write_customers"]
    desk.sandbox.post("/shopify/_sandbox/scopes", {"shop": desk.shop.settings["shop_domain"], "scopes": scopes})
    ended = desk.bring(GiftCard)
    assert ended.event.reason == Reason.CONFIGURATION, ended.text
    assert "read_gift_card_transactions" in ended.event.sentence or "read_orders" in ended.event.sentence
