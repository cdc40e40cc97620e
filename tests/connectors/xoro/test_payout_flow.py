"""A payout's whole way: from the shop that tells of it to the bank deposit in Xoro, with the orders it settles."""

from __future__ import annotations

import pytest

from connectors import known, syncing
from connectors.models import Route
from events import outcomes
from events.drain import Drainer
from events.models import Event, Kind, Outcome

pytestmark = pytest.mark.django_db(transaction=True)

ORDER, TOTAL, BACK = "#2101", "175.26", "-28.47"


@pytest.fixture
def shop(install):
    return install("shopify", name="Lumen Goods")


@pytest.fixture
def erp(install):
    return install("xoro", name="Xoro")


def run(event_id: int) -> Event:
    Drainer(0).run()
    return Event.objects.get(pk=event_id)


def deliveries(kind: str) -> Event:
    return Event.objects.filter(kind=Kind.DELIVERY, topic=f"{kind}/deliver").latest("id")


def test_a_payout_is_deposited_once_the_order_it_settles_is_in_xoro(sandbox, shop, erp):
    known.forget()
    for kind in ("order", "payout"):
        Route.objects.create(source=shop, target=erp, record_kind=kind, options={})
    lines = [
        {"type": "CHARGE", "amount": TOTAL, "fee": "2.40", "order": ORDER},
        {"type": "REFUND", "amount": BACK, "order": ORDER},
        {"type": "ADJUSTMENT", "amount": "-1.50", "reason": "platform fee", "orders": {ORDER: "-1.50"}},
    ]
    made = sandbox.post("/shopify/_sandbox/payout", {"shop": shop.settings["shop_domain"], "lines": lines})["id"]
    read = run(syncing.start_single(shop, "payout", made, by="ada"))
    assert read.outcome == Outcome.SUCCEEDED, read.sentence

    event = deliveries("payout")
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "unbalanced"), event.sentence
    assert "The hub has not sent 2101 to Xoro." in event.sentence
    assert sandbox.get("/xoro/_sandbox/books")["bank_deposits"] == []

    order = run(syncing.start_single(shop, "order", ORDER, by="ada"))
    assert deliveries("order").outcome == Outcome.SUCCEEDED, (order.sentence, deliveries("order").sentence)
    outcomes.retry([event.pk], by="ada")
    event = run(event.pk)
    assert event.outcome == Outcome.SUCCEEDED, event.sentence

    [deposit] = sandbox.get("/xoro/_sandbox/books")["bank_deposits"]
    header, lines = deposit["BankDepositHeaderObj"], deposit["BankDepositDetailArr"]
    assert (header["ThirdPartyRefNo"], header["DepositToAccntName"]) == (made, "Bank Checking")
    linked = [line for line in lines if line["LinkedFlag"]]
    # The order came after part of it was paid back: one payment in Xoro stands for both movements.
    assert [(line["ChequeNo"], line["Amount"]) for line in linked] == [("2101", 146.79)]
    assert round(sum(line["Amount"] for line in lines), 2) == header["TotalAmount"]
    payments = sandbox.get("/xoro/_sandbox/books")["payments"]
    assert [row["IsDeposited"] for row in payments if row["ChequeNo"] == "2101"] == [True]


def test_a_payout_finds_the_payment_of_an_order_that_dropped_as_an_invoice(sandbox, shop, install):
    known.forget()
    erp = install("xoro", name="Xoro", drop_as="invoices")
    for kind in ("order", "payout"):
        Route.objects.create(source=shop, target=erp, record_kind=kind, options={})
    wish = {"shop": shop.settings["shop_domain"], "lines": [{"sku": "MUG-BLU-350", "quantity": 1, "price": "11.90"}]}
    order = sandbox.post("/shopify/_sandbox/order", {**wish, "silent": True})
    read = run(syncing.start_single(shop, "order", order["legacyResourceId"], by="ada"))
    assert read.outcome == Outcome.SUCCEEDED, read.sentence
    assert deliveries("order").sentence.startswith(f"Order {order['name']} is in Xoro as invoice")
    line = {"type": "CHARGE", "amount": order["total"]["amount"], "fee": "0.65", "order": order["name"]}
    made = sandbox.post("/shopify/_sandbox/payout", {"shop": shop.settings["shop_domain"], "lines": [line]})["id"]
    run(syncing.start_single(shop, "payout", made, by="ada"))
    assert deliveries("payout").outcome == Outcome.SUCCEEDED, deliveries("payout").sentence
