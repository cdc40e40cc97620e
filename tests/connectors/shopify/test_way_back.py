"""From what happens in the shop to a target, through the whole hub: signed deliveries, queue, ledger."""

from __future__ import annotations

import json
import time

import pytest
import requests

from connectors import registry
from connectors.models import Connector, Link, Route
from connectors.shopify.sandbox.shops import LUMEN
from events.drain import Drainer
from events.models import Event, Kind, Outcome, Reason, SearchKey
from tests.connectors import cases

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(install, sandbox, live_server, monkeypatch) -> Connector:
    """A shop whose refunds and returns go to a target, and whose deliveries reach this hub."""
    shop = install("shopify")
    monkeypatch.setitem(registry._providers, "sink", cases.sink(shop.provider))
    books = Connector.objects.create(name="Books", slug="books", provider_slug="sink")
    for kind in ("refund", "return"):
        Route.objects.create(source=shop, target=books, record_kind=kind)
    topics = ["refunds/create", "returns/approve", "returns/close", "returns/process"]
    address = f"{live_server.url}/hooks/{shop.webhook_token}"
    sandbox.post("/shopify/_sandbox/app_configuration", {"shop": LUMEN, "url": address, "topics": topics})
    return shop


def in_the_shop(sandbox, call: str, **wish):
    made = sandbox.post(f"/shopify/_sandbox/{call}", {"shop": LUMEN, **wish})
    sandbox.post("/shopify/_sandbox/clock", {"advance": 1})
    return made


def arrived(count: int) -> None:
    for _ in range(100):
        if Event.objects.filter(kind=Kind.WEBHOOK).count() >= count:
            return
        time.sleep(0.05)
    raise AssertionError([event.topic for event in Event.objects.all()])


def test_a_refund_reaches_its_target_and_is_found_by_the_orders_number(shop, sandbox):
    made = in_the_shop(sandbox, "refund", order="#2205", lines=[{"sku": "LMP-OAK-L"}])
    arrived(1)
    Drainer(0).run()
    child = Event.objects.get(kind=Kind.DELIVERY)
    assert (child.outcome, child.object_id) == (Outcome.SUCCEEDED, made["id"]), child.sentence
    parent = Event.objects.get(kind=Kind.WEBHOOK)
    assert parent.outcome == Outcome.SUCCEEDED and parent.object_label == "#2205", parent.sentence
    assert SearchKey.objects.filter(event=parent, kind="order_number", value="2205").exists()
    assert Link.objects.get().source_object_id == made["id"]


def test_news_of_a_return_in_any_order_and_twice_ends_in_its_newest_state(shop, sandbox, live_server):
    in_the_shop(sandbox, "return", **{"return": "#2101-R1", "do": "process"})
    in_the_shop(sandbox, "return", **{"return": "#2101-R1", "do": "close"})
    arrived(2)
    late = Event.objects.filter(topic="returns/process").get()
    body = {"id": int(late.object_id), "admin_graphql_api_id": f"gid://shopify/Return/{late.object_id}"}
    Drainer(0).run()
    for delivery in ("late", "late"):  # the same news hours later, twice
        content = json.dumps(body).encode()
        headers = {
            "X-Shopify-Topic": "returns/process",
            "X-Shopify-Webhook-Id": delivery,
            "X-Shopify-Shop-Domain": LUMEN,
        }
        signed = cases.signed(shop, headers, content)
        assert (
            requests.post(
                f"{live_server.url}/hooks/{shop.webhook_token}", content, headers=signed, timeout=10
            ).status_code
            == 200
        )
    Drainer(0).run()
    deliveries = Event.objects.filter(kind=Kind.DELIVERY).order_by("id")
    assert {event.object_id for event in deliveries} == {late.object_id}
    assert [event.outcome for event in deliveries].count(Outcome.SUCCEEDED) == 1
    assert deliveries.last().reason in {Reason.UNCHANGED, Reason.SUPERSEDED}
    assert Link.objects.get().source_number == "#2101-R1"
