"""The duties of privacy and the end of an installation: told in time, done for a disabled connector too, nothing of a
person left behind, nothing done for another shop."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from connectors import directory, notices, vault
from connectors.models import Connector, Credential, Link, Plan, Quote, Route
from connectors.run import Run
from connectors.shopify import installation
from connectors.shopify.sandbox import LUMEN
from connectors.syncing import start_single, start_sync
from events import bodies, search
from events.drain import Drainer
from events.models import Event, Kind, Mail, Outcome, Reason, RelatedRequest, SearchKey
from events.record import New, record

pytestmark = pytest.mark.django_db(transaction=True)

DANA = {"id": 7_710_042_000, "email": "dana@example.com", "phone": None}
TRACES = ("dana@example.com", "Reyes", "7710042000")


@pytest.fixture
def shop(install) -> Connector:
    return install("shopify", name="Lumen Goods")


@pytest.fixture
def route(shop, install) -> Route:
    return Route.objects.create(source=shop, target=install("xoro", name="Xoro"), record_kind="order", options={})


@pytest.fixture
def send(sandbox, shop, live_server):
    """One delivery of the sandbox; the event it became."""

    def make(topic: str, **wish: Any) -> Event | None:
        url = f"{live_server.url}/hooks/{shop.webhook_token}"
        answer = sandbox.post("/shopify/_sandbox/webhook", {"shop": LUMEN, "topic": topic, "url": url, **wish})
        Drainer(0).run()
        return Event.objects.filter(topic=topic).order_by("-id").first() if answer["status"] == 200 else None

    return make


def kept() -> str:
    """Everything the ledger holds, as one text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT encoding, content FROM events_body WHERE event_id IN (SELECT id FROM events_event)")
        parts = [bodies.unpacked(encoding, bytes(content)).decode() for encoding, content in cursor.fetchall()]
    for model in (Event, SearchKey, RelatedRequest, Mail):
        for row in model.objects.all():
            values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
            parts.append(json.dumps(values, default=str))
    return "\n".join(parts)


def traces() -> list[str]:
    text = kept()
    return [one for one in TRACES if one in text]


def put(shop: Connector, **values: Any) -> None:
    shop.settings = {**shop.settings, **values}
    shop.save()


def ask_rates(shop: Connector, customer: Any, postal_code: str, **more: str) -> Event:
    """A checkout of a customer (``None``: of a guest) asks for rates; the event that became."""
    place = {"country": "US", "postal_code": postal_code, "address1": "1 Main St", "name": "Dana Reyes", **more}
    rate = {
        "destination": place, "items": [{"sku": "MUG", "quantity": 1, "grams": 1, "price": 100}], "currency": "USD",
        "customer": {"id": customer} if customer else None,
    }  # fmt: skip
    headers = {"x-shopify-shop-domain": LUMEN}
    address = f"/hooks/{shop.webhook_token}/rates"
    answer = Client().post(address, json.dumps({"rate": rate}), content_type="application/json", headers=headers)
    assert answer.status_code == 200, answer.content
    return Event.objects.filter(topic="rates/asked").latest("id")


def warnings(shop: Connector) -> dict[str, str]:
    return {one.code: one.sentence for one in notices.of([shop.pk]).get(shop.pk, [])}


def test_an_erasure_leaves_nothing_of_the_person_and_everything_of_the_others(send, shop, route):
    dana = send("orders/create", order="#2205")
    other = send("orders/create", order="#2207")
    assert set(traces()) == set(TRACES)
    event = send("customers/redact", customer=DANA, orders=["#2205"])
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert traces() == []
    dana.refresh_from_db()
    assert (dana.outcome, dana.topic, dana.object_label) == (Outcome.SUCCEEDED, "orders/create", "")
    assert Event.objects.filter(parent_id=dana.pk).get().object_label == ""
    assert "purchasing@example.com" in kept(), "another customer's order is untouched"
    assert Link.objects.get(source_object_id=other.object_id).target_number
    again = send("orders/create", order="#2207")
    assert again.outcome in (Outcome.SUCCEEDED, Outcome.SKIPPED), again.sentence


def test_an_erasure_takes_what_an_earlier_request_of_the_person_listed(send, shop, route):
    send("orders/create", order="#2205")
    request = send("customers/data_request", customer=DANA, orders=["#2205"])
    assert bodies.read(request.pk, "object")
    send("customers/redact", customer=DANA, orders=["#2205"])
    assert bodies.read(request.pk, "object") is None
    assert bodies.read(request.pk, "payload") is None


def test_an_erasure_takes_the_carts_a_person_asked_rates_for(send, shop):
    put(shop, offers_rates=True, rates_table="* | * | | A | A | 5 USD | ")
    ours, theirs = ask_rates(shop, DANA["id"], "10001"), ask_rates(shop, 99, "60601")
    assert Quote.objects.count() == 2
    send("customers/redact", customer=DANA)
    ours.refresh_from_db()
    assert (ours.object_label, bodies.read(ours.pk, "payload")) == ("", None)
    assert [one.asked["destination"]["postal_code"] for one in Quote.objects.all()] == ["60601"]
    assert bodies.read(theirs.pk, "payload")


@pytest.mark.parametrize("guest", [{}, {"email": DANA["email"]}, {"phone": "+1 212 555 0100"}], ids=str)
def test_an_erasure_takes_what_another_connector_was_asked_for_the_cart(send, shop, install, guest):
    """The event of the connector that knows the rates holds the buyer's address as well, whoever he is known as."""
    install("generic_erp", guest_customer_code="BRK-2210", store_currency="USD")
    put(shop, offers_rates=True, rates_from="generic_erp", rates_table="* | * | | A | A | 5 USD | ")
    ours = ask_rates(shop, None if guest else DANA["id"], "10001", **guest)
    theirs = ask_rates(shop, 99, "60601", address1="2 Other St")
    asked = Event.objects.get(parent_id=ours.pk, topic="erp.checkout.shipping_methods")
    assert "1 Main St" in kept() and bodies.read(asked.pk, "payload")
    send("customers/redact", customer={**DANA, "phone": "+1 212 555 0100"})
    assert "1 Main St" not in kept() and bodies.read(asked.pk, "payload") is None
    assert bodies.read(Event.objects.get(parent_id=theirs.pk).pk, "payload"), "another buyer's question is untouched"


def test_an_erasure_takes_the_cart_of_a_guest_by_his_order(send, shop):
    put(shop, offers_rates=True, rates_table="* | * | | A | A | 5 USD | ")
    cart, other = ask_rates(shop, None, "10001"), ask_rates(shop, None, "60601")
    order = Event.objects.create(
        kind=Kind.WEBHOOK, topic="orders/create", connector_id=shop.pk, outcome=Outcome.SUCCEEDED
    )
    search.add(order.pk, [("order_id", "100"), ("quote", cart.object_id)])
    body = {"shop_domain": LUMEN, "customer": {}, "orders_to_redact": [100]}
    record(New(kind=Kind.WEBHOOK, topic="customers/redact", connector_id=shop.pk, connector_name=shop.name,
               provider="shopify", payload=json.dumps(body).encode()))  # fmt: skip
    Drainer(0).run()
    assert bodies.read(cart.pk, "payload") is None and bodies.read(other.pk, "payload")
    assert [one.asked["destination"]["postal_code"] for one in Quote.objects.all()] == ["60601"]


def test_an_erasure_takes_every_order_it_names_and_what_was_typed(shop):
    """A parcel is known by its order alone, and the order may be the hundredth of the list."""
    parcel = Event.objects.create(kind=Kind.WEBHOOK, topic="fulfillments/create", connector_id=shop.pk,
                                  outcome=Outcome.SUCCEEDED, object_label="Dana Reyes")  # fmt: skip
    search.add(parcel.pk, [("order_id", "100")])
    asked = start_single(shop, "customer", DANA["email"], by="ada")
    Event.objects.filter(pk=asked).update(outcome=Outcome.SKIPPED)
    body = {"shop_domain": LUMEN, "customer": DANA, "orders_to_redact": list(range(1, 101))}
    made = record(New(kind=Kind.WEBHOOK, topic="customers/redact", connector_id=shop.pk, connector_name=shop.name,
                      provider="shopify", payload=json.dumps(body).encode()))  # fmt: skip
    Drainer(0).run()
    assert Event.objects.get(pk=made.event_id).outcome == Outcome.SUCCEEDED
    parcel.refresh_from_db()
    assert parcel.object_label == ""
    assert traces() == []


def test_an_erasure_takes_an_address_that_served_as_a_number(send, shop, install):
    """A customer written into the shop is known in the ledger by e-mail: that number is his own, and goes."""
    xoro = install("xoro", name="Xoro")
    event = Event.objects.create(
        kind=Kind.DELIVERY, topic="customer", connector_id=shop.pk, outcome=Outcome.SUCCEEDED, object_type="customer",
        object_id="X1",
    )  # fmt: skip
    search.add(event.pk, [("email", DANA["email"]), ("shopify_id", str(DANA["id"]))])
    Link.objects.create(
        source=xoro, target=shop, record_kind="customer", source_object_id="X1", source_number="X1",
        target_object_id=str(DANA["id"]), target_number=DANA["email"],
    )  # fmt: skip
    send("customers/redact", customer=DANA)
    link = Link.objects.get()
    assert (link.source_object_id, link.target_object_id) == ("X1", str(DANA["id"])), "else he would be made twice"
    assert (link.source_number, link.target_number) == ("", "")


def test_the_due_date_stands_on_the_duty(send):
    event = send("customers/redact", customer=DANA)
    [note] = [note for note in event.notes if note["code"] == "due"]
    assert "30 days" in note["text"]


def test_what_came_of_an_order_at_another_connector_is_erased_too(send, shop, route):
    send("orders/create", order="#2205")
    child = Event.objects.get(kind=Kind.DELIVERY)
    assert child.requests.exists()
    send("customers/redact", customer=DANA, orders=["#2205"])
    child.refresh_from_db()
    assert bodies.read(child.pk, "payload") is None
    assert all(one.request_headers == {} for one in child.requests.all())
    assert Link.objects.get().target_number, "the ledger keeps its numbers, else a document would be made twice"


def test_what_is_still_at_work_is_erased_later(send, shop, route):
    waiting = send("orders/create", order="#2205")
    Event.objects.filter(pk=waiting.pk).update(outcome=Outcome.WAITING, due_at=None, reason=Reason.DEPENDENCY)
    event = send("customers/redact", customer=DANA, orders=["#2205"])
    assert (event.outcome, event.reason) == (Outcome.WAITING, Reason.DEPENDENCY)
    Event.objects.filter(pk=waiting.pk).update(outcome=Outcome.SUCCEEDED)
    Event.objects.filter(pk=event.pk).update(outcome=Outcome.QUEUED, due_at=None)
    Drainer(0).run()
    event.refresh_from_db()
    assert event.outcome == Outcome.SUCCEEDED
    assert traces() == []


def test_a_request_lists_what_is_held_and_tells_the_administrator(send, shop, route):
    order = send("orders/create", order="#2205")
    event = send("customers/data_request", customer=DANA, orders=["#2205"], request=77)
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    found = json.loads(bodies.read(event.pk, "object") or b"{}")
    assert order.pk in {one["event"] for one in found["events"]}
    assert len(found["ledger"]) == 1
    assert event.pk not in {one["event"] for one in found["events"]}
    assert str(event.pk) in warnings(shop)["data_request:77"]
    mail = Mail.objects.get(kind="notice")
    assert f"/admin/events/event/{event.pk}/" in mail.text
    assert not any(one in mail.text + mail.subject for one in TRACES)
    assert not any(one in event.sentence for one in TRACES)


def test_a_request_about_a_stranger_says_that_nothing_is_held(send, shop):
    event = send("customers/data_request", customer={"id": 1, "email": "nobody@example.net"})
    assert "holds nothing" in event.sentence
    assert warnings(shop) == {}


@pytest.mark.parametrize("topic", ["customers/data_request", "customers/redact", "shop/redact", "app/uninstalled"])
def test_nothing_is_done_for_another_shop(send, shop, route, topic):
    send("orders/create", order="#2205")
    before = set(traces())
    Connector.objects.update(is_enabled=topic != "shop/redact")
    shop.refresh_from_db()
    shop.save()
    event = send(topic, mode="wrong_shop", customer=DANA, orders=["#2205"])
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "wrong_shop")
    assert set(traces()) == before
    assert Connector.objects.get(pk=shop.pk).is_enabled == (topic != "shop/redact")


@pytest.mark.parametrize("topic", ["customers/redact", "shop/redact"])
def test_a_body_about_another_shop_is_refused_though_the_header_is_right(send, shop, topic):
    payload = {"shop_id": 9, "shop_domain": "other.myshopify.com", "customer": DANA, "orders_to_redact": []}
    event = send(topic, payload=payload)
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "wrong_shop")


@pytest.mark.parametrize("topic", ["customers/data_request", "customers/redact", "shop/redact", "app/uninstalled"])
def test_without_a_right_signature_nothing_is_even_stored(send, shop, topic):
    assert send(topic, mode="bad_hmac", customer=DANA) is None
    assert Event.objects.count() == 0
    assert Connector.objects.get(pk=shop.pk).is_enabled


def test_during_a_rotation_both_secrets_count(send, shop):
    assert send("customers/redact", mode="old_secret", customer=DANA).outcome == Outcome.SUCCEEDED


def test_no_duty_supersedes_another(send, shop, route, live_server, sandbox):
    url = f"{live_server.url}/hooks/{shop.webhook_token}"
    for number in (1, 2, 3):
        wish = {
            "shop": LUMEN,
            "topic": "customers/redact",
            "url": url,
            "customer": {"id": number, "email": f"{number}@x.org"},
        }
        sandbox.post("/shopify/_sandbox/webhook", wish)
    Drainer(0).run()
    assert Event.objects.filter(topic="customers/redact", outcome=Outcome.SUCCEEDED).count() == 3


# --- the end of an installation


@pytest.mark.parametrize("payload", [{"id": 1, "name": "#2205"}, {"myshopify_domain": "other.myshopify.com"}, {}])
def test_a_body_signed_for_another_topic_closes_nothing(send, shop, payload):
    """The topic stands in a header, which Shopify does not sign."""
    event = send("app/uninstalled", payload=payload)
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.PAYLOAD)
    assert "nothing was closed" in event.sentence
    assert Connector.objects.get(pk=shop.pk).is_enabled


def test_uninstalled_the_connector_is_closed_at_once(send, shop, route):
    vault.write(shop, "access", vault.Grant(values={"token": "t"}))
    send("orders/create", order="#2205")
    event = send("app/uninstalled")
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    shop.refresh_from_db()
    assert not shop.is_enabled
    assert not Credential.objects.filter(connector=shop, name="access").exists()
    assert "uninstalled from lumen-goods.myshopify.com at" in warnings(shop)["uninstalled"]
    late = send("orders/updated", order="#2205")
    assert (late.outcome, late.reason) == (Outcome.SKIPPED, Reason.DISABLED)
    assert set(traces()) == set(TRACES), "data is kept until Shopify asks to erase it"


def test_what_waited_ends_as_skipped(send, shop, route, monkeypatch):
    waiting = send("orders/create", order="#2205")
    send("app/uninstalled")
    Event.objects.filter(pk=waiting.pk).update(outcome=Outcome.QUEUED)
    Drainer(0).run()
    waiting.refresh_from_db()
    assert (waiting.outcome, waiting.reason) == (Outcome.SKIPPED, Reason.DISABLED)


def test_news_of_a_removal_that_is_older_than_the_installation_closes_nothing(send, shop):
    send("app/uninstalled")
    Connector.objects.filter(pk=shop.pk).update(is_enabled=True)
    shop.refresh_from_db()
    shop.save()
    start_sync(shop, "webhooks", by="ada")
    Drainer(0).run()
    assert warnings(shop) == {}, "the app answers: the warning is over"
    event = send("app/uninstalled", mode="late")
    assert "installed again" in event.sentence
    assert Connector.objects.get(pk=shop.pk).is_enabled


def test_the_whole_way_out(sandbox, send, shop, route, settings, live_server):
    """Uninstalled, and 48 hours later erased: nothing of the shop's customers is left, nor any secret."""
    settings.HUB_BASE_URL = live_server.url
    start_sync(shop, "webhooks", by="ada")
    send("orders/create", order="#2205")
    directory.put(shop.pk, "variant", [directory.Known(key="MUG", object_id="1")])
    sandbox.post("/shopify/_sandbox/app_configuration",
                 {"shop": LUMEN, "url": shop.webhook_url, "topics": ["shop/redact"]})  # fmt: skip
    sandbox.post("/shopify/_sandbox/uninstall", {"shop": LUMEN})
    sandbox.post("/shopify/_sandbox/clock", {"advance": 1})
    Drainer(0).run()
    assert not Connector.objects.get(pk=shop.pk).is_enabled
    sandbox.post("/shopify/_sandbox/clock", {"advance": 48 * 3600})
    Drainer(0).run()
    event = Event.objects.get(topic="shop/redact")
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert traces() == []
    row = Connector.objects.get(pk=shop.pk)
    assert (row.secrets, row.is_enabled) == ({}, False)
    assert directory.count(shop.pk, "variant") == 0
    assert {(one.source_number, one.target_number) for one in Link.objects.all()} == {("", "")}
    assert "erased" in event.sentence


def test_installed_again_in_time_nothing_is_erased(sandbox, send, shop, route, settings, live_server):
    settings.HUB_BASE_URL = live_server.url
    sandbox.post("/shopify/_sandbox/app_configuration",
                 {"shop": LUMEN, "url": shop.webhook_url, "topics": ["shop/redact"]})  # fmt: skip
    sandbox.post("/shopify/_sandbox/uninstall", {"shop": LUMEN})
    sandbox.post("/shopify/_sandbox/install", {"shop": LUMEN})
    sandbox.post("/shopify/_sandbox/clock", {"advance": 49 * 3600})
    assert not Event.objects.filter(topic="shop/redact").exists()


def test_an_erased_shop_has_no_quotes_left(send, shop):
    put(shop, offers_rates=True, rates_table="* | * | | A | A | 5 USD | ")
    ask_rates(shop, 99, "60601")
    send("app/uninstalled")
    assert send("shop/redact").outcome == Outcome.SUCCEEDED
    assert not Quote.objects.exists()


def test_a_live_connector_is_not_emptied_by_a_message(send, shop, route):
    send("orders/create", order="#2205")
    event = send("shop/redact")
    assert "nothing was erased" in event.sentence
    assert "enabled" in warnings(shop)["shop_redact"]
    assert set(traces()) == set(TRACES)
    assert Mail.objects.filter(kind="notice").exists()


def test_taken_scopes_are_said_and_the_subscriptions_checked(send, shop, route, sandbox):
    scopes = ["read_orders", "read_customers", "read_products"]
    payload = {"previous": scopes, "current": ["read_products"]}
    sandbox.post("/shopify/_sandbox/scopes", {"shop": LUMEN, "scopes": ["read_products"]})
    event = send("app/scopes_update", payload=payload)
    assert event.outcome == Outcome.SUCCEEDED
    assert "read_orders" in warnings(shop)["scopes_taken"]
    assert "orders/create" in warnings(shop)["scopes_taken"]
    assert Event.objects.get(topic="sync:webhooks").outcome == Outcome.SUCCEEDED
    assert "topic_scopes" in warnings(shop)


def test_another_payload_version_is_a_warning_and_no_failure(send, shop, route, sandbox):
    sandbox.post("/shopify/_sandbox/webhook_rules", {"shop": LUMEN, "version": "2026-07"})
    event = send("orders/create", order="#2205")
    assert event.outcome == Outcome.SUCCEEDED
    assert "2026-07" in warnings(shop)["payload_version"]
    assert not Plan.objects.filter(connector=shop).exists()


def test_installed_again_the_connector_goes_on_by_itself(send, shop):
    send("app/uninstalled")
    row = Connector.objects.get(pk=shop.pk)
    installation.installed_again(Run(row, None))
    assert Connector.objects.get(pk=shop.pk).is_enabled
    assert warnings(shop) == {}
    installation.installed_again(Run(row, None))
    Connector.objects.filter(pk=shop.pk).update(is_enabled=False)
    installation.installed_again(Run(Connector.objects.get(pk=shop.pk), None))
    assert not Connector.objects.get(pk=shop.pk).is_enabled, "a connector a person disabled stays so"
