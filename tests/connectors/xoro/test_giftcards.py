"""Gift cards become customer credits, and an order paid by one waits for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.models import Link, Route
from connectors.records import GiftCardTransaction, Payment
from events.models import Event
from tests.connectors.xoro.cast import make_line, make_order, make_payment
from tests.connectors.xoro.credit_cast import IMPORT, REFUNDED_AT, SEARCH, Books, make_card

pytestmark = pytest.mark.django_db(transaction=True)
CARD = "5512300703001"  # a card the shop's sandbox has


@pytest.fixture
def cards(books: Books) -> Books:
    books.set(gift_cards_enabled=True)
    return books


# --- the credit of a card


def test_a_card_is_a_credit_of_its_initial_value(cards):
    event = cards.push(make_card(balance=Decimal("15.00")))
    assert event.outcome == "succeeded", event.sentence
    header, lines = cards.memo()
    assert (header["ThirdPartyRefNo"], header["CustomerName"], header["TotalAmount"]) == (
        "600100203001", "Ada Brook", 40.0,
    )  # fmt: skip
    assert (header["AccountReceivableName"], header["LiabilityAccountName"]) == (
        "Gift Card Receivable", "Gift Card Liability",
    )  # fmt: skip
    assert header["TxnDate"] == "14 March, 2026 09:20:00"
    assert {one["ItemNumber"] for one in lines} == {"GIFT-CARD"}
    assert Link.objects.get(record_kind="gift_card").target_number == "MAIN-C000001"
    assert "Gift card …9f3k (600100203001) of 40.00 USD is in Xoro as credit memo MAIN-C000001" in event.sentence
    assert event.notes == []


def test_a_card_that_was_bought_names_the_order_and_its_line_is_no_revenue(cards):
    cards.order(lines=(make_line(sku="CARD-40", is_gift_card=True),))
    cards.push(make_card(order_id="6120045512001", order_name="#2041"))
    assert cards.memo()[0]["RefNo"] == "2041"
    [order] = cards.books("orders")
    assert order["SoEstimateItemLineArr"][0]["ItemNumber"] == "GIFT-CARD"


def test_with_gift_cards_switched_off_a_card_is_left_out(books):
    event = books.push(make_card())
    assert (event.outcome, event.reason, event.reason_code) == ("skipped", "filtered", "gift_cards_enabled")


@pytest.mark.parametrize(
    ("card", "is_taken"),
    [
        ({"api_client_id": ""}, True),
        ({"api_client_id": "777"}, True),
        ({"api_client_id": "888"}, False),
        ({"api_client_id": "888", "order_id": "6120045512001"}, True),
    ],
    ids=["made by staff", "made by a listed app", "made by another app", "bought on an order"],
)
def test_which_cards_are_taken(cards, card, is_taken):
    cards.set(gift_card_api_client_ids=["777"])
    event = cards.push(make_card(**card))
    assert len(cards.memos()) == is_taken
    if not is_taken:
        assert (event.outcome, event.reason_code) == ("skipped", "gift_card_api_client_ids")
        assert "made by the app 888" in event.sentence


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ({"created_at": datetime(2025, 12, 31, tzinfo=UTC)}, "before_start"),
        ({"initial_value": Decimal(0)}, "no_value"),
        ({"deactivated_at": REFUNDED_AT}, "deactivated"),
    ],
)
def test_cards_that_are_left_out_say_why(cards, card, code):
    event = cards.push(make_card(**card))
    assert (event.outcome, event.reason, event.reason_code) == ("skipped", "filtered", code)


def test_a_card_of_another_issuer_says_so(cards):
    cards.set(gift_card_provider="other", gift_card_api_client_ids=["777"])
    cards.push(make_card(api_client_id="777"))
    assert cards.memo()[0]["ThirdPartyNotes"] == "Issued by another app"


def test_a_card_without_a_customer_goes_to_the_one_of_the_setting(cards):
    cards.push(make_card(customer_name=""))
    assert cards.memo()[0]["CustomerName"] == "Walk-in Customer"


def test_a_card_without_any_customer_names_the_setting(cards):
    cards.set(gift_card_customer="")
    event = cards.push(make_card(customer_name=""))
    assert (event.outcome, event.reason, event.reason_code) == ("failed", "configuration", "gift_card_customer")
    assert cards.memos() == []


def test_in_single_mode_cards_go_to_the_fixed_customer(cards):
    cards.set(customer_mode="single", customer_name="Brook LLC")
    cards.push(make_card())
    assert cards.memo()[0]["CustomerName"] == "Brook LLC"


def test_a_price_is_sent_where_the_tenant_takes_one(cards):
    cards.set(credit_memo_names={"unit_price": "UnitPrice"})
    cards.push(make_card())
    header, lines = cards.memo()
    assert ([one["UnitPrice"] for one in lines], header["TotalAmount"]) == ([40], 40.0)


# --- once


def test_a_card_whose_balance_moved_is_unchanged(cards):
    cards.push(make_card())
    moved = make_card(balance=Decimal("5.00"), transactions=(GiftCardTransaction(id="1", amount=Decimal("-35.00")),))
    event = cards.push(moved)
    assert (event.outcome, event.reason) == ("skipped", "unchanged")


@pytest.mark.parametrize(
    ("change", "step"),
    [
        ({"deactivated_at": REFUNDED_AT}, "Void what is left of credit memo MAIN-C000001"),
        ({"transactions": (GiftCardTransaction(id="1", amount=Decimal(10)),)}, "to the card's value"),
    ],
)
def test_a_card_that_changed_fails_named_and_makes_no_second_credit(cards, change, step):
    cards.push(make_card())
    event = cards.push(make_card(**change))
    assert (event.outcome, event.reason_code) == ("failed", "change_not_applied")
    assert step in event.next_step
    assert len(cards.memos()) == 1


def test_a_lost_answer_makes_no_second_credit(cards):
    cards.fault("lost_answer", IMPORT)
    assert cards.push(make_card()).outcome == "succeeded"
    assert len(cards.memos()) == len(cards.sent()) == 1


def test_after_a_lost_answer_an_empty_search_never_leads_to_a_second_credit(cards):
    cards.fault("lost_answer", IMPORT)
    cards.fault("throttle", SEARCH, times=99)
    event = cards.again(cards.push(make_card()))
    assert (event.outcome, event.reason) == ("failed", "unconfirmed_write"), event.sentence
    assert len(cards.memos()) == len(cards.sent()) == 1


def test_a_card_that_changed_while_nobody_knew_of_its_credit_is_left_to_a_person(cards):
    cards.fault("lost_answer", IMPORT)
    cards.fault("throttle", SEARCH, times=99)
    assert cards.push(make_card()).outcome == "waiting"
    cards.control("clear_faults")
    event = cards.push(make_card(initial_value=Decimal("50.00")))
    assert (event.outcome, event.reason_code) == ("failed", "change_not_applied"), event.sentence
    assert len(cards.memos()) == len(cards.sent()) == 1
    event = cards.push(make_card())
    assert (event.outcome, event.reason) == ("skipped", "unchanged"), event.sentence


def test_a_renamed_account_fails_named_and_works_once_it_is_selected_again(cards):
    cards.fault("renamed_account", "/", account="Gift Card Liability")
    event = cards.push(make_card())
    assert (event.outcome, event.reason, event.reason_code) == ("failed", "refused", "1004")
    assert event.sentence == (
        "Gift card …9f3k (600100203001) was not taken by Xoro: Account not found: Gift Card Liability"
    )
    assert "select it again on the connector's page" in event.next_step
    cards.set(gift_card_liability_account="Customer Deposits")
    assert cards.again(event).outcome == "succeeded"
    assert cards.memo()[0]["LiabilityAccountName"] == "Customer Deposits"


# --- orders paid by gift card


def by_card(amount: str = "40.00", **changes: object) -> Payment:
    card = make_payment(amount, id="9002", gateway="gift_card")
    return replace(card, is_gift_card=True, **{"gift_card_id": CARD, **changes})  # type: ignore[arg-type]


def paid_by_card(**changes: object) -> object:
    return make_order(payments=(make_payment("27.80"), by_card(**changes)))


def test_an_order_paid_by_a_card_that_is_in_xoro_goes_on_and_names_its_credit(cards):
    cards.push(make_card(id=CARD))
    event = cards.push(paid_by_card())
    assert event.outcome == "succeeded", event.sentence
    [note] = [one["text"] for one in event.notes if one["code"] == "gift_card_payment"]
    assert note == (
        "40.00 USD paid by gift card are not part of the deposit. Credit memo MAIN-C000001 is to be applied to the "
        "invoice in Xoro."
    )
    [order] = cards.books("orders")
    assert order["SoEstimateHeader"]["DepositAmount"] == 27.8


def test_a_card_that_pays_after_the_order_was_sent_is_looked_for_too(cards):
    cards.route("gift_card")
    sent = make_order(payments=(make_payment("27.80"),), financial_status="partially_paid")
    assert cards.push(sent).outcome == "succeeded"
    event = cards.push(paid_by_card())
    assert (event.outcome, event.reason_code) == ("waiting", f"gift_card:{CARD}"), event.sentence
    cards.push(make_card(id=CARD))
    event = cards.again(event)
    assert (event.outcome, event.sentence) == (
        "succeeded", "Order #2041 was paid by a gift card that is in Xoro.",
    )  # fmt: skip
    assert any(one["code"] == "gift_card_payment" for one in event.notes)
    assert cards.push(paid_by_card()).outcome == "skipped"
    assert [one["Amount"] for one in cards.books("deposits")] == [27.8]


def test_a_card_that_is_in_xoro_is_found_though_the_ledger_lost_it(cards):
    cards.push(make_card(id=CARD))
    Link.objects.all().delete()
    assert cards.push(paid_by_card()).outcome == "succeeded"
    assert not Event.objects.filter(topic="single:gift_card").exists()


def test_a_missing_card_is_fetched_from_the_shop_and_the_order_waits_for_it(cards):
    """The whole way: order, card asked for, read from the shop, credited in Xoro, order sent."""
    wish = {"shop": cards.shop.settings["shop_domain"], "value": "40.00"}
    card = cards.sandbox.post("/shopify/_sandbox/giftcard", wish)["id"]
    cards.route("gift_card")
    event = cards.push(paid_by_card(gift_card_id=card))
    assert (event.outcome, event.reason, event.reason_code) == ("waiting", "dependency", f"gift_card:{card}")
    assert "it is fetched from Lumen first" in event.sentence
    asked = Event.objects.get(topic="single:gift_card")
    assert (asked.connector_id, asked.outcome) == (cards.shop.pk, "succeeded"), asked.sentence
    assert cards.memo()[0]["ThirdPartyRefNo"] == card
    assert cards.books("orders") == []
    assert cards.again(event).outcome == "succeeded"
    assert len(cards.books("orders")) == 1


def test_a_card_that_is_being_fetched_is_not_asked_for_twice(cards):
    cards.route("gift_card")
    cards.shop.is_paused = True
    cards.shop.save()
    event = cards.push(paid_by_card())
    event = cards.again(event)
    assert event.outcome == "waiting"
    assert Event.objects.filter(topic="single:gift_card").count() == 1


def test_where_missing_cards_are_not_fetched_the_order_fails_and_says_what_to_do(cards):
    cards.set(fetch_missing_gift_cards=False)
    event = cards.push(paid_by_card())
    assert (event.outcome, event.reason, event.reason_code) == ("failed", "refused", "gift_card_unknown")
    assert f"40.00 USD of order #2041 were paid by gift card {CARD}, which is not in Xoro" in event.sentence
    assert f"Synchronize gift card {CARD}" in event.next_step
    assert cards.books("orders") == []


def test_without_a_route_for_gift_cards_the_order_names_it(cards):
    event = cards.push(paid_by_card())
    assert (event.outcome, event.reason, event.reason_code) == ("failed", "configuration", "gift_card_route")
    assert "Make a route for gift cards from Lumen to Xoro" in event.next_step


def test_a_card_that_was_left_out_keeps_its_order_out_with_the_reason(cards):
    cards.push(make_card(id=CARD, api_client_id="888"))
    event = cards.push(paid_by_card())
    assert (event.outcome, event.reason_code) == ("failed", "gift_card_left_out")
    assert "made by the app 888" in event.sentence


def test_a_payment_that_names_no_card_lets_the_order_pass_with_a_note(cards):
    event = cards.push(paid_by_card(gift_card_id=""))
    assert event.outcome == "succeeded", event.sentence
    assert "gift_card_unnamed" in {one["code"] for one in event.notes}


def test_where_gift_cards_are_not_sent_nobody_looks_for_them(books):
    event = books.push(paid_by_card())
    assert event.outcome == "succeeded"
    assert not Route.objects.filter(record_kind="gift_card").exists()
    assert books.sent(SEARCH) == []


def test_goods_exchanged_for_a_gift_card_are_credited_with_the_exchange_account(cards):
    from connectors.records import ExchangeLine
    from tests.connectors.xoro.credit_cast import make_refund

    cards.set(exchange_gift_card_account="Exchange Receivable")
    cards.order()
    line = ExchangeLine(id="1", sku="CARD-55", quantity=Decimal(1), is_gift_card=True)
    cards.push(make_refund(return_id="33", exchange_lines=(line,)))
    header, _ = cards.memo()
    assert (header["ExchangedGiftCardItem"], header["AccountReceivableName"]) == ("GIFT-CARD", "Exchange Receivable")
