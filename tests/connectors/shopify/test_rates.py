"""A checkout asks for shipping rates: over HTTP from the vendor's sandbox to the hub, and from the hub to a real ERP's
sandbox; whatever goes wrong, the buyer gets rates in time, or the shop its reason to show its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from connectors import checking, inline, quotes, syncing, tallies
from connectors.models import Breaker, Quote
from connectors.shopify import rates
from connectors.shopify.offers import split_code
from events.models import Event, Outcome, Rejection
from tests.cast import run_one

SHOP = "example-outlet.myshopify.com"
TABLE = """DE, AT | * | 0-30 kg | Standard | STANDARD | 4.95 EUR | 2-4
DE | 20* | | Express | EXPRESS | 9.90 EUR | 1-2
* | * | 50- EUR | Free of charge | FREE | 0 EUR | 3-5"""
CART = {
    "rate": {
        "origin": {"country": "DE", "postal_code": "24103", "name": None},
        "destination": {"country": "DE", "postal_code": "20095", "city": "Hamburg", "name": "Mira Vogt"},
        "items": [{"sku": "MUG-BLU-350", "quantity": 2, "grams": 350, "price": 2630, "variant_id": 4200001}],
        "currency": "EUR", "locale": "de",
        "order_totals": {"subtotal_price": "5260", "total_price": "5260", "discount_amount": "0"},
        "customer": {"id": 7002001, "tags": ["vip"]},
    }
}  # fmt: skip


@pytest.fixture
def shop(install):
    return install("shopify", shop_domain=SHOP, client_id="sandbox-outlet", client_secret="sandbox-outlet-secret",
                   offers_rates=True, rates_table=TABLE)  # fmt: skip


@pytest.fixture
def erp(install):
    return install("generic_erp", guest_customer_code="BRK-2210", store_currency="EUR")


@pytest.fixture
def asked_of_erp(shop, erp):
    return configured(shop, rates_from="generic_erp")


def configured(connector, **values):
    connector.refresh_from_db()
    connector.settings = {**connector.settings, **values}
    connector.save()
    return connector


def ask(shop, cart=CART, *, sign=None, headers=None):
    body = cart if isinstance(cart, bytes) else json.dumps(cart).encode()
    given = {"x-shopify-shop-domain": SHOP} | (headers or {})
    if sign:
        given["x-shopify-hmac-sha256"] = base64.b64encode(hmac.digest(sign.encode(), body, hashlib.sha256)).decode()
    return Client().post(f"/hooks/{shop.webhook_token}/rates", body, content_type="application/json", headers=given)


def changed(**members):
    return {"rate": {**CART["rate"], **members}}


def last() -> Event:
    return Event.objects.filter(topic=rates.TOPIC).latest("id")


# --- where rates come from ------------------------------------------------------------------------------------------


def test_rates_come_from_the_other_connector_with_a_code_that_leads_to_the_quote(asked_of_erp):
    answer = ask(asked_of_erp)
    assert answer.status_code == 200
    rows = answer.json()["rates"]
    assert rows
    for row in rows:
        assert row["currency"] == "EUR" and row["total_price"].isdecimal() and row["phone_required"] is False
        code, key = split_code(row["service_code"])
        assert code in quotes.find(asked_of_erp.pk, key).offers
    event = last()
    assert (event.outcome, event.reason_code, event.object_type) == (Outcome.SUCCEEDED, "live", "cart")
    assert event.object_label == "DE 20095"
    question = Event.objects.get(topic="erp.checkout.shipping_methods")
    assert (question.outcome, question.triggered_by) == (Outcome.SUCCEEDED, asked_of_erp.name)


def test_the_same_cart_is_answered_from_before_without_asking(asked_of_erp, sandbox):
    first = ask(asked_of_erp).json()
    named_otherwise = changed(destination={**CART["rate"]["destination"], "name": "Somebody Else", "phone": "1"})
    again = ask(asked_of_erp, named_otherwise).json()
    assert again == first
    assert last().reason_code == "cache"
    assert len([one for one in sandbox.log("erp") if "shipping" in one["path"]]) == 1


def test_another_cart_or_other_settings_are_asked_anew(asked_of_erp, sandbox):
    ask(asked_of_erp)
    ask(asked_of_erp, changed(items=[{**CART["rate"]["items"][0], "quantity": 3}]))
    assert last().reason_code == "live"
    ask(configured(asked_of_erp, rates_table=TABLE + "\nUS | * | | Air | AIR | 30 EUR |"))
    assert last().reason_code == "live"


def test_an_old_answer_is_asked_anew(asked_of_erp):
    ask(asked_of_erp)
    Quote.objects.update(answered_at=Quote.objects.get().answered_at - timedelta(minutes=11))
    ask(asked_of_erp)
    assert last().reason_code == "live"


@pytest.mark.parametrize(
    "fault", [{"kind": "slow", "delay_s": 6}, {"kind": "drop"}, {"kind": "html"}, {"kind": "status"}]
)
def test_where_the_other_connector_fails_the_table_is_offered_in_time(asked_of_erp, sandbox, fault):
    sandbox.post("/erp/_sandbox/fault", {**fault, "times": 2})
    rows = ask(asked_of_erp).json()["rates"]
    assert last().duration_ms < 2500
    assert [split_code(row["service_code"])[0] for row in rows] == ["STANDARD", "EXPRESS", "FREE"]
    event = last()
    assert (event.outcome, event.reason_code) == (Outcome.SUCCEEDED, "fallback")
    assert "The table of rates was offered instead." in event.notes[0]["text"]
    assert Event.objects.get(topic="erp.checkout.shipping_methods").outcome == Outcome.FAILED


def test_what_the_table_offered_in_its_place_is_not_given_again(asked_of_erp, sandbox):
    sandbox.post("/erp/_sandbox/fault", {"kind": "html", "times": 1})
    ask(asked_of_erp)
    ask(asked_of_erp)
    assert last().reason_code == "live"


def test_an_open_breaker_costs_no_time(asked_of_erp, erp):
    Breaker.objects.create(connector=erp, endpoint="erp.checkout.shipping_methods", state="open",
                           opened_at=timezone.now(), probe_at=timezone.now() + timedelta(hours=1))  # fmt: skip
    started = time.monotonic()
    assert ask(asked_of_erp).status_code == 200
    assert time.monotonic() - started < 0.5
    assert last().reason_code == "fallback"


def test_without_a_table_a_failure_is_503_and_never_an_empty_list(asked_of_erp, sandbox):
    configured(asked_of_erp, rates_table="")
    sandbox.post("/erp/_sandbox/fault", {"kind": "html", "times": 9})
    answer = ask(asked_of_erp)
    assert answer.status_code == 503 and b"rates" not in answer.content.replace(b"No rates", b"")
    assert last().outcome == Outcome.FAILED


def test_the_sources_own_empty_list_says_that_nothing_ships_there(asked_of_erp, monkeypatch):
    from connectors import asking
    from connectors.base import Answer

    empty = Answer(available=True, data={"shipping_methods": [], "currency": "EUR"})
    monkeypatch.setattr(asking, "ask", lambda *_, **__: empty)
    answer = ask(asked_of_erp)
    assert (answer.status_code, answer.json()) == (200, {"rates": []})
    assert "nothing ships there" in last().sentence


def test_a_table_alone_is_the_source_and_its_gaps_are_an_answer(shop):
    assert [row["service_name"] for row in ask(shop).json()["rates"]] == ["Standard", "Express", "Free of charge"]
    assert last().reason_code == "table"
    nowhere = changed(destination={"country": "US", "postal_code": "97205"},
                      order_totals={"subtotal_price": "1000", "discount_amount": "0"})  # fmt: skip
    assert ask(shop, nowhere).json() == {"rates": []}


def test_neither_source_nor_table_is_a_failure_that_names_the_settings(shop):
    assert ask(configured(shop, rates_table="")).status_code == 503
    assert last().reason == "configuration" and "Table of rates" in last().next_step


def test_a_source_that_is_gone_or_switched_off_or_wrong_leaves_the_table(shop, erp, install):
    configured(shop, rates_from="nowhere")
    assert ask(shop).status_code == 200
    configured(shop, rates_from="generic_erp")
    configured(erp, shipping_methods_url="")
    assert ask(shop).status_code == 200
    assert last().notes[0]["code"] == "function_off"
    install("xoro")
    configured(shop, rates_from="xoro")
    assert ask(shop).status_code == 200
    assert last().notes[0]["code"] == "no_source"


# --- amounts, codes, dates ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "table", "total"),
    [
        ("EUR", "* | * | | A | A | 4.95 EUR | ", "495"),
        ("JPY", "* | * | | A | A | 900 JPY | ", "90000"),
        ("KWD", "* | * | | A | A | 1.255 KWD | ", "126"),
        ("EUR", "* | * | | A | A | 10 USD | ", "920"),
        ("USD", "* | * | | A | A | 9.20 EUR | ", "1000"),
        ("JPY", "* | * | | A | A | 1 XTS | ", "1300"),
    ],
)
def test_amounts_are_a_hundredfold_in_every_currency_and_converted_only_by_what_is_listed(shop, currency, table, total):
    configured(shop, rates_table=table, rates_exchange="USD EUR 0.92\nXTS JPY 13.4")
    assert [row["total_price"] for row in ask(shop, changed(currency=currency)).json()["rates"]] == [total]


def test_a_currency_without_an_exchange_rate_is_not_offered(shop):
    answer = ask(shop, changed(currency="CHF"))
    assert answer.status_code == 503
    assert last().reason_code == "exchange_rate" and "CHF" in last().sentence


def test_the_other_connectors_currency_is_asked_in_and_converted_back(asked_of_erp, erp, sandbox):
    in_euros = [int(row["total_price"]) for row in ask(asked_of_erp).json()["rates"]]
    configured(erp, store_currency="USD")
    configured(asked_of_erp, rates_source_currency="USD", rates_exchange="USD EUR 0.5")
    converted = [int(row["total_price"]) for row in ask(asked_of_erp).json()["rates"]]
    assert converted == [one // 2 for one in in_euros]
    assert last().notes[0]["code"] == "converted"
    body = json.loads([one for one in sandbox.log("erp") if "shipping" in one["path"]][-1]["body"])
    assert body["items"][0]["unit_price"] in ("52.60", 52.6)


def test_a_currency_the_other_connector_answers_in_unasked_is_not_taken_for_the_buyers(asked_of_erp, erp):
    configured(erp, store_currency="USD")
    ask(asked_of_erp)
    assert (last().reason_code, last().notes[0]["code"]) == ("fallback", "exchange_rate")


def test_delivery_dates_are_working_days_in_the_shops_time(shop, time_machine):
    time_machine.move_to("2026-11-20T23:30:00Z", tick=False)  # Saturday already in Berlin
    shop.memory = {"carrier": {"timezone": "Europe/Berlin"}}
    shop.save()
    row = ask(shop).json()["rates"][1]
    assert row["min_delivery_date"] == "2026-11-23 12:00:00 +0100"
    assert row["max_delivery_date"] == "2026-11-24 18:00:00 +0100"
    assert row["description"] == "1-2 working days"


def test_a_code_stays_the_same_for_the_same_service(asked_of_erp):
    first = {row["service_name"]: split_code(row["service_code"])[0] for row in ask(asked_of_erp).json()["rates"]}
    other = ask(asked_of_erp, changed(items=[{**CART["rate"]["items"][0], "quantity": 5}])).json()["rates"]
    assert {row["service_name"]: split_code(row["service_code"])[0] for row in other} == first
    assert all(code == code.upper() and "~" not in code for code in first.values())


def test_the_quotes_key_can_be_left_out(shop):
    row = ask(configured(shop, rates_quote_key=False)).json()["rates"][0]
    assert row["service_code"] == "STANDARD"
    assert split_code("STANDARD") == ("STANDARD", "")
    assert split_code("odd~code") == ("odd~code", "")


def test_a_phone_number_is_asked_for_where_the_setting_says_so(shop):
    assert all(row["phone_required"] for row in ask(configured(shop, rates_phone_required=True)).json()["rates"])


def test_a_customers_tag_names_his_account(asked_of_erp, sandbox):
    configured(asked_of_erp, rates_customer_tag="erp:")
    ask(asked_of_erp, changed(customer={"id": 1, "tags": ["vip", "erp: BRK-2210"]}))
    body = json.loads([one for one in sandbox.log("erp") if "shipping" in one["path"]][-1]["body"])
    assert body["customer_code"] == "BRK-2210"


# --- who asks, and what -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"headers": {"x-shopify-shop-domain": "lumen-goods.myshopify.com"}},
        {"headers": {"x-shopify-shop-domain": ""}},
        {"sign": "not-the-secret"},
        {"headers": {"x-shopify-hmac-sha256": "é!"}},
    ],
)
def test_who_is_not_the_shop_is_refused_and_counted(shop, more):
    assert ask(shop, **more).status_code == 401
    assert Rejection.objects.get().count == 1
    assert not Event.objects.filter(topic=rates.TOPIC).exists()


def test_a_signature_is_taken_where_it_is_right_and_wanted_where_the_setting_says_so(shop):
    assert ask(shop, sign="sandbox-outlet-secret").status_code == 200
    configured(shop, rates_require_signature=True)
    assert ask(shop).status_code == 401
    assert ask(shop, sign="sandbox-outlet-secret").status_code == 200


ITEM = CART["rate"]["items"][0]


@pytest.mark.parametrize(
    "cart",
    [
        b"", b"{", b"null", b"[]", b'{"rate": 1}', b'{"rate": {"items": []}}', b"\xff" * 100, b"[" * 100_000,
        changed(items=[]), changed(items=[{**ITEM, "grams": -1}]), changed(items=[{**ITEM, "quantity": 0}]),
        changed(items=[{**ITEM, "price": "12.5"}]), changed(items=[None]), changed(items=[ITEM] * 1001),
        changed(currency="euro"), changed(currency=None), changed(destination=None), changed(destination={"country": 7}),
        changed(items=[{**ITEM, "quantity": 10**30}]), changed(items=[{**ITEM, "price": 1e400}]),
        changed(order_totals={"subtotal_price": "many"}),
    ],
    ids=lambda one: str(one)[:30],
)  # fmt: skip
def test_what_cannot_be_read_is_400_with_an_event_that_names_the_member(shop, cart):
    answer = ask(shop, cart)
    assert answer.status_code == 400
    assert last().reason == "payload"


def test_odd_members_that_say_nothing_do_no_harm(asked_of_erp):
    odd = changed(origin=None, customer=[], locale=5, items=[{**ITEM, "properties": [1], "name": "x\x00" * 500}])
    assert ask(asked_of_erp, odd).status_code == 200


def test_five_hundred_lines_are_answered(asked_of_erp):
    lines = [{**ITEM, "sku": f"SKU-{n}", "quantity": 1} for n in range(500)]
    started = time.monotonic()
    assert ask(asked_of_erp, changed(items=lines)).status_code == 200
    assert time.monotonic() - started < 2.5


def test_an_item_without_sku_cannot_be_asked_about(asked_of_erp):
    assert ask(asked_of_erp, changed(items=[{**ITEM, "sku": None}])).status_code == 200
    assert (last().reason_code, last().notes[0]["code"]) == ("fallback", "no_sku")


def test_too_much_is_413_and_a_get_is_405(shop):
    assert ask(shop, b" " * (1024 * 1024 + 1)).status_code == 413
    assert Client().get(f"/hooks/{shop.webhook_token}/rates").status_code == 405


def test_switched_off_disabled_or_paused_is_503_and_skipped(shop):
    configured(shop, offers_rates=False)
    assert ask(shop).status_code == 503
    assert (last().outcome, last().reason_code) == (Outcome.SKIPPED, "off")
    configured(shop, offers_rates=True)
    shop.is_paused = True
    shop.save()
    assert ask(shop).status_code == 503
    assert last().reason_code == "paused"
    shop.is_paused, shop.is_enabled = False, False
    shop.save()
    assert ask(shop).status_code == 503
    assert last().reason_code == "disabled"


def test_no_name_of_a_person_is_part_of_the_quote(asked_of_erp):
    ask(asked_of_erp)
    assert "Mira" not in json.dumps(Quote.objects.get().asked)


def test_the_answer_goes_out_where_the_quote_cannot_be_kept(shop, monkeypatch):
    monkeypatch.setattr(quotes, "keep", lambda *_: False)
    row = ask(shop).json()["rates"][0]
    assert row["service_code"] == "STANDARD"
    assert last().notes[0]["code"] == "quote"


def test_how_it_went_is_counted(asked_of_erp, sandbox):
    ask(asked_of_erp)
    ask(asked_of_erp)
    sandbox.post("/erp/_sandbox/fault", {"kind": "html", "times": 1})
    ask(asked_of_erp, changed(items=[{**ITEM, "quantity": 9}]))
    ask(asked_of_erp, b"{")
    tally = tallies.lately(asked_of_erp.pk, rates.TOPIC)
    assert tally.counts == {"live": 1, "cache": 1, "fallback": 1, "failed": 1}
    assert tally.number == 4 and tally.p95_ms is not None and tally.last_outcome == "failed"


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        ("DE | * | A", "Line 1 has 3 columns instead of 7"),
        ("\n# note\nGermany | * | | A | A | 1 EUR |", "Line 3 names no country: “Germany”"),
        ("DE | 2?0 | | A | A | 1 EUR |", "Line 1 has an odd postal code"),
        ("DE | * | 5 | A | A | 1 EUR |", "Line 1 has an odd condition: “5”"),
        ("DE | * | 5-2 kg | A | A | 1 EUR |", "Line 1 has an odd condition"),
        ("DE | * | | A | a~b | 1 EUR |", "Line 1 has no usable code"),
        ("DE | * | | | A | 1 EUR |", "Line 1 has no name"),
        ("DE | * | | A | A | 1,50 |", "Line 1 has no price: “1,50”"),
        ("DE | * | | A | A | 1 EUR | 4-2", "Line 1 has odd days"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(table, wrong):
    from django.core.exceptions import ValidationError

    from connectors.shopify.ratetable import rows

    with pytest.raises(ValidationError) as refused:
        rows(table)
    assert wrong in refused.value.messages[0]


# --- the service in the shop --------------------------------------------------------------------------------------


def synchronized(shop) -> Event:
    syncing.start_sync(shop, "carrier_service", by="test")
    return run_one(shop)[1]


@pytest.fixture
def advanced(sandbox):
    sandbox.post("/shopify/_sandbox/plan", {"shop": SHOP, "plan": "Advanced"})


@pytest.fixture
def registered(shop, advanced, live_server, settings):
    """The shop's connector, its carrier service in the shop, and the hub reachable for the shop."""
    settings.HUB_BASE_URL = live_server.url
    assert synchronized(shop).outcome == Outcome.SUCCEEDED
    return shop


def writes(sandbox) -> list[str]:
    found = [one.get("operation", "") for one in sandbox.log("shopify")]
    return [one for one in found if one.startswith("HubCarrier") and one != "HubCarriers"]


def test_the_service_is_registered_once_and_left_alone(registered, sandbox):
    assert "was registered" in Event.objects.latest("id").sentence
    assert "as it should be" in synchronized(registered).sentence
    assert writes(sandbox) == ["HubCarrierCreate"]


def test_a_new_address_or_name_is_put_right(registered, sandbox):
    configured(registered, rates_name="Versand")
    registered.rotate_webhook_token()
    assert "put right" in synchronized(registered).sentence
    assert writes(sandbox) == ["HubCarrierCreate", "HubCarrierUpdate"]


def test_switched_off_it_is_taken_away(registered, sandbox):
    configured(registered, offers_rates=False)
    assert "removed from the shop" in synchronized(registered).sentence
    assert "switched off here" in synchronized(registered).sentence
    assert writes(sandbox) == ["HubCarrierCreate", "HubCarrierDelete"]


def test_a_lost_answer_to_registering_makes_no_second_service(shop, advanced, sandbox, live_server, settings):
    settings.HUB_BASE_URL = live_server.url
    sandbox.post("/shopify/_sandbox/fault", {"kind": "drop_after_commit", "operation": "HubCarrierCreate", "times": 1})
    assert synchronized(shop).outcome == Outcome.WAITING
    shop.memory = {}
    shop.save()
    Event.objects.all().delete()
    assert "as it should be" in synchronized(shop).sentence
    assert writes(sandbox) == ["HubCarrierCreate"]


def test_a_service_of_the_same_name_from_before_is_adopted(registered, sandbox, live_server):
    registered.memory = {}
    registered.webhook_token, registered.previous_webhook_token = "another-token-than-before-1", ""
    registered.save()
    assert "belongs to this connector now" in synchronized(registered).sentence
    assert writes(sandbox) == ["HubCarrierCreate", "HubCarrierCreate", "HubCarrierUpdate"]


def test_a_plan_without_carrier_services_is_a_clear_warning_that_goes_again(shop, sandbox, live_server, settings):
    from connectors.models import Notice

    settings.HUB_BASE_URL = live_server.url
    event = synchronized(shop)
    assert event.outcome == Outcome.FAILED and "plan has no carrier-calculated shipping" in event.sentence
    notice = Notice.objects.get(cleared_at=None, code="carrier_service")
    assert "Advanced" in notice.next_step
    sandbox.post("/shopify/_sandbox/plan", {"shop": SHOP, "plan": "Advanced"})
    assert synchronized(shop).outcome == Outcome.SUCCEEDED
    assert not Notice.objects.filter(cleared_at=None, code="carrier_service").exists()


def test_an_address_without_https_is_named(shop, advanced, settings):
    settings.HUB_BASE_URL = "http://hub.example.com"
    event = synchronized(shop)
    assert "Shopify does not accept the hub's address" in event.sentence and "HUB_BASE_URL" in event.next_step


def test_a_checkout_without_rates_is_warned_of_until_one_is_answered(registered):
    from connectors.models import Notice

    configured(registered, rates_table="")
    assert ask(registered).status_code == 503
    synchronized(registered)
    assert "got no rates" in Notice.objects.get(code="rates", cleared_at=None).sentence
    assert ask(configured(registered, rates_table=TABLE)).status_code == 200
    synchronized(registered)
    assert not Notice.objects.filter(code="rates", cleared_at=None).exists()


def test_old_quotes_go_with_the_synchronization(registered):
    ask(registered)
    Quote.objects.update(answered_at=Quote.objects.get().answered_at - timedelta(days=91))
    synchronized(registered)
    assert not Quote.objects.exists()


def test_deleting_the_connector_says_that_its_service_stays_and_how_it_goes(registered, administrator):
    page = f"/admin/connectors/connector/{registered.pk}/delete/"
    client = Client()
    client.force_login(administrator)
    text = client.get(page).content.decode()
    assert "The carrier service “Hub rates”" in text and "run “Carrier service” before" in text
    configured(registered, offers_rates=False)
    assert synchronized(registered).outcome == Outcome.SUCCEEDED
    assert "The carrier service" not in client.get(page).content.decode()


def test_the_panel_and_the_connection_test_say_how_it_is(registered, administrator):
    ask(registered)
    ada = Client()
    ada.force_login(administrator)
    page = ada.get(f"/admin/connectors/connector/{registered.pk}/change/?tab=more").content.decode()
    assert "registered and active" in page and "from the table" in page and "carrier or app" in page
    report = checking.check_connector(registered, by="test")
    lines = {line.label: line for line in report.lines}
    assert "The last question: Offered 3 rates" in lines["Carrier service"].sentence
    assert lines["Source of rates"].sentence == "Rates come from the table alone."


# --- the whole way ------------------------------------------------------------------------------------------------


def checkout(sandbox, *, topic=rates.TOPIC, **wish):
    """The checkout's answer, and the events of it written: they are, a moment after the buyer has his."""
    before = Event.objects.filter(topic=topic).count()
    made = sandbox.post("/shopify/_sandbox/checkout", {"shop": SHOP, **wish})
    end = time.monotonic() + 5
    expected = before + sum(not one["is_cached"] for one in made["asked"])
    while Event.objects.filter(topic=topic).count() < expected and time.monotonic() < end:
        time.sleep(0.02)
    return made


@pytest.mark.django_db(transaction=True)
def test_a_checkout_is_offered_rates_and_its_order_leads_back_to_the_quote(registered, sandbox):
    made = checkout(sandbox, choose="EXPRESS", signed=True)
    assert [split_code(one["service_code"])[0] for one in made["rates"]] == ["STANDARD", "EXPRESS", "FREE"]
    asked = made["asked"]
    assert asked[0]["status"] == 200 and not asked[0]["problem"]
    syncing.start_single(registered, "order", made["order"]["name"], by="test")
    # The order says what was chosen.
    key = split_code(made["rates"][1]["service_code"])[1]
    assert quotes.find(registered.pk, key).offers["EXPRESS"]["price"] == "9.90"


@pytest.mark.django_db(transaction=True)
def test_goods_of_two_warehouses_are_asked_about_one_by_one_and_added_up(registered, sandbox):
    made = checkout(
        sandbox, order=False, origins=[{"postal_code": "24103"}, {"postal_code": "20095"}],
        lines=[{"sku": "MUG-BLU-350", "origin": 0}, {"sku": "LMP-OAK-S", "origin": 1}],
    )  # fmt: skip
    assert len(made["asked"]) == 2
    assert made["rates"][0]["total_price"] == str(2 * 495)


@pytest.mark.django_db(transaction=True)
def test_the_shop_keeps_an_answer_and_shows_backup_rates_where_none_came(registered, sandbox):
    assert not checkout(sandbox, order=False)["asked"][0]["is_cached"]
    assert checkout(sandbox, order=False)["asked"][0]["is_cached"]
    configured(registered, rates_table="")
    made = checkout(sandbox, order=False, lines=[{"sku": "LMP-OAK-S"}])
    assert made["is_backup"] and made["rates"][0]["service_code"] == "backup"


@pytest.mark.django_db(transaction=True)
def test_a_slow_back_office_still_gives_the_checkout_rates_in_time(registered, erp, sandbox):
    configured(registered, rates_from="generic_erp")
    sandbox.post("/erp/_sandbox/fault", {"kind": "slow", "delay_s": 8, "times": 2})
    made = checkout(sandbox, requests_per_minute=5000, topic="erp.checkout.shipping_methods")  # it waits three seconds
    assert made["asked"][0]["took_ms"] < 2500
    assert not made["is_backup"] and len(made["rates"]) == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["connectors_breaker", "connectors_quote", "connectors_connector"])
def test_a_database_that_hangs_costs_the_checkout_no_rates(asked_of_erp, table, monkeypatch):
    """Whatever table somebody holds: the buyer is offered the table of rates in time."""
    monkeypatch.setattr(inline, "WRITE_TIMEOUT_MS", 100)  # of the event, which is written after the answer
    ask(asked_of_erp, changed(destination={"country": "DE", "postal_code": "1"}))
    other = connections.create_connection("default")
    other.inc_thread_sharing()
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
    released = threading.Timer(6.0, other.close)
    released.start()
    try:
        started = time.monotonic()
        answer = ask(asked_of_erp)
        took_s = time.monotonic() - started
    finally:
        released.cancel()
        other.close()
    assert answer.status_code == 200 and answer.json()["rates"]
    assert took_s < 2.5
