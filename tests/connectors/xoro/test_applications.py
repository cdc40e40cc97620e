"""A credit is applied to the invoice of the order it pays: a gift card's, and what a return gave towards an exchange."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import requests

import connectors.xoro
from connectors import syncing
from connectors.models import DirectoryEntry, Route
from connectors.records import Fulfillment, LinePlace, Order
from connectors.xoro.applications import KIND, TOPIC
from events import outcomes
from events.drain import Drainer
from events.models import Event
from tests.connectors.cases import minutes_later
from tests.connectors.xoro.cast import make_line, make_order, make_payment
from tests.connectors.xoro.credit_cast import Books, make_card

pytestmark = pytest.mark.django_db(transaction=True)

SAMPLES = Path(connectors.xoro.__file__).parent / "samples"
CARD, OTHER = "5512300703001", "5512300703002"
APPLY = "/api/xerp/creditmemo/apply"
SEARCH = "/api/xerp/creditmemo/getcreditmemo"
IN_TWO_STORES = {
    "split_orders": True,
    "location_map": [{"location": "31", "store": "EAST WAREHOUSE"}, {"location": "32", "store": "Main Store"}],
}


@pytest.fixture
def cards(books: Books) -> Books:
    """A card of 40.00 is in Xoro, and credits are applied by the API."""
    books.set(gift_cards_enabled=True, use_credit_route=True)
    books.push(make_card(id=CARD))
    return books


def by_card(amount: str = "40.00", card: str = CARD, payment: str = "9002"):
    return replace(make_payment(amount, id=payment, gateway="gift_card"), is_gift_card=True, gift_card_id=card)


def paid_by_card(*payments, **changes) -> Order:
    """Order #2041 of 67.80, 40.00 of it by the card unless it is said otherwise."""
    return make_order(payments=payments or (make_payment("27.80"), by_card()), **changes)


def application(payment: str = "9002") -> Event:
    return Event.objects.get(topic=TOPIC, object_id=payment)


def left(cards: Books) -> tuple[list[float], list[float]]:
    """What memos and invoices have left, oldest first."""
    memos = [one["creditMemoHeader"]["BalanceAmount"] for one in cards.memos()]
    return memos, [one["invoiceHeader"]["BalanceAmount"] for one in cards.books("invoices")]


def applied(cards: Books) -> list[tuple[str, str, float]]:
    found = cards.books("credit_applications")
    return [(one["CreditMemoNumber"], one["InvoiceNumber"], one["Amount"]) for one in found]


def ship_and_look(cards: Books, payment: str = "9002", **more) -> Event:
    cards.ship(**more)
    return cards.again(application(payment))


def test_the_card_of_an_order_is_applied_to_its_invoice_once_it_shipped(cards):
    assert cards.push(paid_by_card()).outcome == "succeeded"
    waiting = application()
    assert (waiting.outcome, waiting.reason, waiting.reason_code) == ("waiting", "dependency", "invoice:#2041")
    assert waiting.sentence == (
        f"40.00 USD of order #2041 (by gift card {CARD}): it is applied once the order's invoice exists."
    )
    event = ship_and_look(cards)
    assert event.outcome == "succeeded", event.sentence
    assert event.sentence == (
        f"40.00 USD of order #2041 (by gift card {CARD}): credit memo MAIN-C000001 is applied, 40.00 to invoice MAIN-I000001."
    )
    assert applied(cards) == [("MAIN-C000001", "MAIN-I000001", 40)]
    assert cards.memo()[0]["StatusName"] == "Applied"
    assert cards.books("invoices")[0]["invoiceHeader"]["StatusName"] == "Paid"
    assert left(cards) == ([0], [0])
    assert cards.sent(APPLY) == [json.loads((SAMPLES / "creditmemo_apply_request.json").read_text())]


def test_a_second_run_does_nothing(cards):
    cards.push(paid_by_card())
    event = cards.again(ship_and_look(cards))
    assert event.outcome == "succeeded" and "40.00 to invoice MAIN-I000001" in event.sentence
    assert cards.push(paid_by_card()).outcome == "skipped"
    assert (len(cards.sent(APPLY)), Event.objects.filter(topic=TOPIC).count()) == (1, 1)


def test_the_invoice_a_walk_meets_wakes_what_waits_for_it(cards):
    cards.push(paid_by_card())
    cards.ship()
    Drainer(0).run()
    assert application().outcome == "waiting"  # it would look by itself only hours later
    Route.objects.create(source=cards.erp, target=cards.shop, record_kind="shipment")
    syncing.start_sync(cards.erp, "fulfillments", by="ada")
    Drainer(0).run()
    assert application().outcome == "succeeded", application().sentence


def test_a_card_that_paid_a_part_keeps_the_rest(cards):
    cards.push(paid_by_card(make_payment("52.80"), by_card("15.00")))
    assert ship_and_look(cards).outcome == "succeeded"
    assert left(cards) == ([25], [0])
    assert cards.memo()[0]["StatusName"] == "Partially Applied"


def test_one_card_pays_parts_of_two_orders(cards):
    cards.push(paid_by_card(make_payment("52.80"), by_card("15.00")))
    more = {"id": "6120045512002", "number": "2042", "name": "#2042"}
    cards.push(paid_by_card(make_payment("42.80", id="9003"), by_card("25.00", payment="9004"), **more))
    cards.ship()
    assert [cards.again(application(one)).outcome for one in ("9002", "9004")] == ["succeeded", "succeeded"]
    assert left(cards) == ([0], [0, 0])


def test_two_cards_pay_one_order(cards):
    cards.push(make_card(id=OTHER, initial_value=Decimal("50.00")))
    cards.push(paid_by_card(by_card(), by_card("27.80", OTHER, "9003")))
    cards.ship()
    assert [cards.again(application(one)).outcome for one in ("9002", "9003")] == ["succeeded", "succeeded"]
    assert applied(cards) == [("MAIN-C000001", "MAIN-I000001", 40), ("MAIN-C000002", "MAIN-I000001", 27.8)]
    assert left(cards) == ([0, 22.2], [0])


def test_a_card_that_pays_after_the_order_was_sent_is_applied_too(cards):
    cards.push(make_order(payments=(make_payment("27.80"),), financial_status="partially_paid"))
    cards.push(paid_by_card())
    assert ship_and_look(cards).outcome == "succeeded"
    assert left(cards) == ([0], [0])


# --- several invoices


def in_two_stores(**changes) -> Order:
    lamp = make_line(id="1", taxes=(), places=(LinePlace(location_id="31", quantity=Decimal(1)),))
    mug = make_line(
        id="2", sku="MUG-BLU-350", unit_price=Decimal("15.00"), taxes=(),
        places=(LinePlace(location_id="32", quantity=Decimal(1)),),
    )  # fmt: skip
    return paid_by_card(
        make_payment("30.00"), by_card(), lines=(lamp, mug), shipping_lines=(), total=Decimal("70.00"),
        subtotal=Decimal("70.00"), total_tax=Decimal(0), **changes,
    )  # fmt: skip


def test_a_split_order_has_it_applied_to_both_invoices(cards):
    cards.set(**IN_TWO_STORES)
    cards.push(in_two_stores())
    event = ship_and_look(cards)
    assert event.outcome == "succeeded", event.sentence
    # 30.00 were deposited as 23.57 and 6.43: what is due is the card's, to the cent.
    assert [amount for _, _, amount in applied(cards)] == [31.43, 8.57]
    assert left(cards) == ([0], [0, 0])


def test_a_part_that_ships_later_gets_its_share_then(cards):
    cards.set(**IN_TWO_STORES)
    cards.push(in_two_stores())
    first, second = (order["SoEstimateHeader"]["OrderNumber"] for order in cards.books("orders"))
    cards.control("ship", order_number=second)
    event = cards.again(application())
    assert (event.outcome, event.reason) == ("waiting", "dependency"), event.sentence
    assert "8.57 are applied to MAIN-I000001; the rest waits for the order's next invoice" in event.sentence
    cards.control("ship", order_number=first)
    event = cards.again(event)
    assert event.outcome == "succeeded", event.sentence
    assert [amount for _, _, amount in applied(cards)] == [8.57, 31.43]


@pytest.mark.parametrize("has_balance", [True, False])
def test_where_xoro_does_not_say_what_is_due_each_invoice_takes_its_part(cards, has_balance):
    cards.set(**IN_TWO_STORES, credit_memo_names={} if has_balance else {"balance": ""})
    cards.push(in_two_stores())
    assert ship_and_look(cards).outcome == "succeeded"
    assert [amount for _, _, amount in applied(cards)] == [31.43, 8.57]


@pytest.mark.parametrize("has_balance", [True, False])
def test_a_currency_without_decimals_is_divided_as_its_deposit_was(cards, has_balance):
    cards.set(**IN_TWO_STORES, credit_memo_names={} if has_balance else {"balance": ""})
    cards.push(make_card(id=OTHER, currency="JPY", initial_value=Decimal(101)))
    order = in_two_stores(currency="JPY")
    lines = [replace(one, unit_price=Decimal(price)) for one, price in zip(order.lines, (200, 100), strict=True)]
    payments = make_payment("199"), by_card("101", OTHER)
    cards.push(replace(order, lines=tuple(lines), payments=payments, total=Decimal(300), subtotal=Decimal(300)))
    event = ship_and_look(cards)
    assert event.outcome == "succeeded", event.sentence  # 199 were deposited as 132 and 67
    assert [amount for _, _, amount in applied(cards)] == [68, 33]
    assert left(cards) == ([40, 0], [0, 0])


def test_a_part_that_shipped_and_whose_invoice_xoro_does_not_show_yet_is_waited_for(cards):
    cards.set(**IN_TWO_STORES)
    cards.push(in_two_stores())
    cards.ship()
    cards.control("hide", invoice_number="MAIN-I000002")
    event = cards.again(application())
    assert (event.outcome, event.reason) == ("waiting", "dependency"), event.sentence
    assert "the rest waits for the order's next invoice" in event.sentence
    cards.control("hide", invoice_number="MAIN-I000002", is_hidden=False)
    event = cards.again(event)
    assert event.outcome == "succeeded", event.sentence
    assert [amount for _, _, amount in applied(cards)] == [31.43, 8.57]


def test_parts_that_do_not_divide_lose_no_cent(cards):
    """10.00 over three equal invoices of which Xoro does not say what is due."""
    table = [{"location": one, "store": "EAST WAREHOUSE"} for one in ("31", "32", "33")]
    cards.set(split_orders=True, location_map=table, drop_as="invoices", record_payments=False,
              credit_memo_names={"balance": ""})  # fmt: skip
    units = [Fulfillment(id=one, location_id="31", units=((one, Decimal(1)),)) for one in ("1", "2", "3")]
    lines = tuple(make_line(id=one.id, taxes=(), unit_price=Decimal("20.00")) for one in units)
    order = paid_by_card(
        make_payment("50.00"), by_card("10.00"), lines=lines, shipping_lines=(), total=Decimal("60.00"),
        subtotal=Decimal("60.00"), total_tax=Decimal(0), fulfillments=tuple(units),
    )  # fmt: skip
    cards.push(order)
    event = cards.again(application())
    assert event.outcome == "succeeded", event.sentence
    assert sorted(amount for *_, amount in applied(cards)) == [3.33, 3.33, 3.34]


def test_an_order_that_becomes_an_invoice_for_each_fulfillment_has_it_applied_to_each(cards):
    cards.set(**IN_TWO_STORES, drop_as="invoices", record_payments=False)
    lamp, mug = (Fulfillment(id=one, location_id="31", units=((one, Decimal(1)),)) for one in ("1", "2"))
    cards.push(in_two_stores(fulfillments=(lamp,)))
    event = cards.again(application())
    assert event.outcome == "succeeded", event.sentence  # 55.00 are due on the lamp's invoice: more than the card paid
    assert applied(cards) == [("MAIN-C000001", "MAIN-I000001", 40)]
    cards.set(credit_memo_names={"balance": ""})
    cards.push(make_card(id=OTHER))
    more = {"id": "6120045512002", "number": "2042", "name": "#2042"}
    two = in_two_stores(fulfillments=(lamp,), **more)
    two = replace(two, payments=(by_card(card=OTHER, payment="9004"),))
    cards.push(two)
    event = cards.again(application("9004"))
    assert "31.43 are applied to MAIN-I000002; the rest waits for the order's next invoice" in event.sentence
    cards.push(replace(two, fulfillments=(lamp, mug)))
    event = cards.again(event)
    assert event.outcome == "succeeded", event.sentence
    assert [amount for *_, amount in applied(cards)[1:]] == [31.43, 8.57]


def by_hand(cards: Books, amount: float, invoice: str = "MAIN-I000001") -> None:
    """As a person applies the card's memo in Xoro."""
    body = {
        "CreditMemoNumber": "MAIN-C000001", "InvoiceNumber": invoice, "Amount": amount, "CurrencyCode": "USD",
        "ThirdPartyRefNo": "1", "ThirdPartySource": "by hand",
    }  # fmt: skip
    key = ("sandbox-key", "sandbox-secret")
    assert requests.post(f"{cards.sandbox.url}/xoro{APPLY}", json=body, auth=key, timeout=10).json()["Result"]


def sent(cards: Books) -> int:
    """Applications the hub sent."""
    return len([one for one in cards.sent(APPLY) if one["ThirdPartySource"] != "by hand"])


def test_an_invoice_that_was_paid_by_hand_gets_nothing(cards):
    cards.push(paid_by_card())
    cards.ship()
    by_hand(cards, 40)
    event = cards.again(application())
    assert (event.outcome, event.reason, event.reason_code) == ("skipped", "unchanged", "paid")
    assert "nothing is due on MAIN-I000001 any more" in event.sentence
    assert sent(cards) == 0


def test_what_is_not_due_any_more_stays_on_the_card(cards):
    cards.push(make_card(id=OTHER))
    cards.push(paid_by_card(make_payment("27.80"), by_card(card=OTHER)))
    cards.ship()
    by_hand(cards, 10)
    event = cards.again(application())
    assert event.outcome == "succeeded", event.sentence
    assert "30.00 to invoice MAIN-I000001" in event.sentence
    assert "10.00 USD of it were not applied" in str(event.notes)
    assert left(cards) == ([30, 10], [0])


# --- a person's task


@pytest.mark.parametrize("is_on", [False, True], ids=["switched off", "no such route"])
def test_without_the_route_it_is_a_task_that_names_memo_invoice_and_amount(cards, is_on):
    cards.set(use_credit_route=is_on)
    cards.control("config", routes_disabled=["creditmemo/apply"])
    cards.push(paid_by_card())
    event = ship_and_look(cards)
    assert (event.outcome, event.reason, event.reason_code) == ("failed", "refused", "manual_task"), event.sentence
    assert "40.00 USD of order #2041" in event.sentence
    assert ("has no route to apply credits" in event.sentence) == is_on
    assert "Apply 40.00 USD of credit memo MAIN-C000001 to invoice MAIN-I000001 in Xoro" in event.next_step
    assert left(cards) == ([40], [40])
    cards.set(use_credit_route=True)
    cards.control("config", routes_disabled=[])
    assert outcomes.retry([event.pk], by="sam") == 1
    assert cards.again(event).outcome == "succeeded"
    assert left(cards) == ([0], [0])


def test_a_memo_that_has_less_is_an_error_that_says_what_to_do(cards):
    cards.push(paid_by_card())
    cards.order(id="7", number="7", name="#7", payments=())
    cards.ship()
    by_hand(cards, 15, "MAIN-I000002")
    event = cards.again(application())
    assert (event.outcome, event.reason, event.reason_code) == ("failed", "refused", "memo_short")
    assert "40.00 are due on MAIN-I000001, and credit memo MAIN-C000001 has only 25.00 left" in event.sentence
    assert "Correct credit memo MAIN-C000001 in Xoro and press Retry" in event.next_step
    assert sent(cards) == 0


def test_a_memo_that_was_voided_is_a_task(cards):
    cards.push(paid_by_card())
    cards.control("creditmemo_status", number="MAIN-C000001", status="Void")
    event = ship_and_look(cards)
    assert (event.outcome, event.reason_code) == ("failed", "manual_task")
    assert f"no credit memo with reference {CARD}, or it was voided" in event.sentence


def test_a_memo_that_cannot_be_asked_for_is_not_said_to_be_missing(cards):
    cards.push(make_card(id=OTHER))
    cards.push(paid_by_card(make_payment("27.80"), by_card(card=OTHER)))
    cards.ship()
    cards.control("config", page_size=1)  # the other card's memo is the first
    cards.fault("ignore_filters", SEARCH)
    event = cards.again(application())
    assert (event.outcome, event.reason_code) == ("failed", "manual_task"), event.sentence
    assert "seems to ignore this filter" in event.sentence
    assert f"Apply 40.00 USD of the credit memo with reference {OTHER}" in event.next_step


def test_a_memo_that_another_order_used_is_found_where_a_status_must_be_asked_for(cards):
    cards.push(paid_by_card(make_payment("52.80"), by_card("15.00")))
    assert ship_and_look(cards).outcome == "succeeded"
    more = {"id": "6120045512002", "number": "2042", "name": "#2042"}
    cards.push(paid_by_card(make_payment("52.80", id="9003"), by_card("15.00", payment="9004"), **more))
    cards.control("config", memos_need_status=True)
    event = ship_and_look(cards, "9004")
    assert event.outcome == "succeeded", event.sentence
    assert left(cards)[0] == [10]


def test_an_order_that_was_cancelled_uses_no_credit(cards):
    cards.push(paid_by_card())
    cards.push(paid_by_card(cancelled_at=make_order().created_at))
    event = cards.again(application())
    assert (event.outcome, event.reason, event.reason_code) == ("skipped", "filtered", "cancelled")


def test_what_xoro_refuses_names_memo_and_invoice_and_is_tried_again(cards):
    cards.set(credit_memo_names={"balance": ""})  # so that only Xoro itself knows
    cards.push(paid_by_card())
    cards.order(id="7", number="7", name="#7", payments=())
    cards.ship()
    by_hand(cards, 15, "MAIN-I000002")
    event = cards.again(application())
    assert (event.outcome, event.reason, event.reason_code) == ("failed", "refused", "1001")
    assert "MAIN-C000001 is not applied to MAIN-I000001: Invalid value: Amount exceeds balance 25" in event.sentence
    assert not DirectoryEntry.objects.filter(kind=KIND, data__state="sent").exists()


# --- once


def test_a_lost_answer_is_applied_once(cards):
    cards.push(paid_by_card())
    cards.fault("lost_answer", APPLY)
    event = ship_and_look(cards)
    assert event.outcome == "succeeded", event.sentence
    assert "found_existing" in {one["code"] for one in event.notes}
    assert (len(applied(cards)), len(cards.sent(APPLY)), left(cards)) == (1, 1, ([0], [0]))


def test_a_lost_answer_that_cannot_be_looked_up_at_once_is_looked_up_later(cards):
    cards.push(paid_by_card())
    cards.ship()
    lose(cards)
    event = cards.again(application())
    assert event.outcome == "waiting", event.sentence
    event = cards.again(event)
    assert event.outcome == "succeeded", event.sentence
    assert (len(applied(cards)), len(cards.sent(APPLY))) == (1, 1)


def test_a_write_that_never_arrived_is_written_again_once_it_cannot_be_late(cards):
    cards.push(paid_by_card())
    cards.fault("http500_once", APPLY)
    event = ship_and_look(cards)
    assert (event.outcome, event.reason) == ("waiting", "retry"), event.sentence
    event = cards.again(event)
    assert (event.outcome, event.reason_code) == ("waiting", "late"), event.sentence
    minutes_later()
    event = cards.again(event)
    assert event.outcome == "succeeded", event.sentence
    assert (len(applied(cards)), len(cards.sent(APPLY))) == (1, 2)


def test_where_xoro_does_not_say_what_is_left_a_person_decides(cards):
    cards.set(credit_memo_names={"balance": ""})
    cards.push(paid_by_card(by_card("15.00")))
    cards.fault("lost_answer", APPLY)
    event = cards.again(ship_and_look(cards))
    check_a_person_decides(event)
    outcomes.retry([event.pk], by="sam")  # he says that it is not there and is mistaken: Xoro refuses the reference
    event = cards.again(event)
    assert event.outcome == "succeeded", event.sentence
    assert "Xoro has an application with reference 9002-MAIN-I000001 already" in str(event.notes)
    assert (sent(cards), applied(cards)) == (2, [("MAIN-C000001", "MAIN-I000001", 15)])


@pytest.mark.parametrize("fault", ["lost_answer", "http500_once"], ids=["done", "not done"])
def test_where_another_order_used_the_card_meanwhile_a_person_decides(cards, fault):
    """Both take 15.00, so that the balance alone would tell the one for the other."""
    cards.push(paid_by_card(make_payment("52.80"), by_card("15.00")))
    more = {"id": "6120045512002", "number": "2042", "name": "#2042"}
    cards.push(paid_by_card(make_payment("52.80", id="9003"), by_card("15.00", payment="9004"), **more))
    cards.ship()
    lose(cards, fault)
    event = cards.again(application())
    assert event.outcome == "waiting", event.sentence
    assert cards.again(application("9004")).outcome == "succeeded"
    check_a_person_decides(cards.again(event))
    assert len(applied(cards)) == 1 + (fault == "lost_answer")


def lose(cards: Books, fault: str = "lost_answer") -> None:
    """The answer to the next application is lost, and the look after it fails."""
    cards.fault("slow:0", SEARCH)  # the look before it
    cards.fault(fault, APPLY)
    cards.fault("http500_once", SEARCH, times=4)


def check_a_person_decides(event: Event) -> None:
    assert (event.outcome, event.reason) == ("failed", "unconfirmed_write"), event.sentence
    assert "whether 15.00 are applied to invoice MAIN-I000001 is not known" in event.sentence
    assert f"for 15.00 USD of the credit memo with reference {CARD}" in event.next_step


def test_an_answer_that_says_nothing_is_looked_into_and_else_left_to_a_person(cards):
    cards.push(paid_by_card())
    cards.fault("non_json", APPLY)
    event = ship_and_look(cards)
    assert (event.outcome, event.reason) == ("failed", "unconfirmed_write"), event.sentence
    outcomes.retry([event.pk], by="sam")
    assert cards.again(event).outcome == "succeeded"
    assert left(cards) == ([0], [0])


# --- exchanges


def exchange(cards: Books, order_name: str = "#2041") -> Event:
    """A return of Loop that is closed and gave 55.00 towards another order."""
    lines = [{"sku": "LMP-OAK-S", "price": "55.00"}]
    given = {"order_id": "6120045511985", "order_name": "#1985", "lines": lines, "exchange_credit_total": "55.00"}
    made = cards.control("loop_return", **given, exchange_order_name=order_name)["id"]
    cards.control("loop_state", id=made, state="closed")
    event_id = syncing.start_single(cards.erp, "return", made, by="ada")
    Drainer(0).run()
    event = Event.objects.get(pk=event_id)
    assert event.outcome == "succeeded", event.sentence
    return event


def test_the_memo_of_an_exchange_is_applied_to_the_order_that_was_sent_instead(books):
    books.set(use_credit_route=True)
    books.push(make_order(payments=(make_payment("12.80"),)))
    event = exchange(books)
    assert "MAIN-C000001 is applied to #2041 by an event of its own" in str(event.notes)
    use = f"loop-{event.object_id}-exchange"
    assert application(use).reason_code == "invoice:#2041"
    event = ship_and_look(books, use)
    assert event.outcome == "succeeded", event.sentence
    invoice = next(one["invoiceHeader"] for one in books.books("invoices") if one["invoiceHeader"]["RefNo"] == "2041")
    assert applied(books) == [("MAIN-C000001", invoice["InvoiceNumber"], 55)]
    assert invoice["StatusName"] == "Paid"


def test_an_exchange_whose_order_is_not_in_xoro_yet_waits_for_it(books):
    books.set(use_credit_route=True)
    use = f"loop-{exchange(books).object_id}-exchange"
    assert (application(use).outcome, application(use).reason_code) == ("waiting", "invoice:#2041")
    assert "the order is not in Xoro yet" in application(use).sentence
    books.push(make_order(payments=(make_payment("12.80"),)))
    assert ship_and_look(books, use).outcome == "succeeded"


def test_the_order_of_an_exchange_is_known_by_its_name_also_where_that_is_more_than_its_number(books):
    books.set(use_credit_route=True)
    other = make_order(id="6120045512009", number="2042", name="#2042", payments=(make_payment("67.80", id="9009"),))
    books.push(other)
    order = make_order(payments=(make_payment("12.80"),), name="LG-2042-EU")  # number 2041
    books.give(order, keys=order.search_keys())
    Drainer(0).run()
    use = f"loop-{exchange(books, order_name='LG-2042-EU').object_id}-exchange"
    event = ship_and_look(books, use)
    assert event.outcome == "succeeded", event.sentence
    invoice = next(one["invoiceHeader"] for one in books.books("invoices") if one["invoiceHeader"]["RefNo"] == "2041")
    assert applied(books) == [("MAIN-C000001", invoice["InvoiceNumber"], 55)]


def test_an_exchange_that_names_no_order_is_left_to_a_person(books):
    event = exchange(books, order_name="")
    assert "Apply credit memo MAIN-C000001 to the exchange's order in Xoro." in str(event.notes)
    assert not Event.objects.filter(topic=TOPIC).exists()
