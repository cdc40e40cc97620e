"""Deliveries as they really come: together, twice, in the wrong order, hours late, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors import notices, syncing
from connectors.models import Connector, Link, Route
from connectors.shopify.sandbox import LUMEN
from events.drain import Drainer
from events.models import Event, Kind, Outcome

pytestmark = pytest.mark.django_db(transaction=True)

RETRIES_S = (10, 60, 300, 900, 1_800, 2_700, 3_600, 4_500)


@pytest.fixture
def shop(install, settings, live_server) -> Connector:
    """A connector whose address the sandbox reaches, subscribed to what its route needs."""
    settings.HUB_BASE_URL = live_server.url
    made = install("shopify", name="Lumen Goods")
    Route.objects.create(source=made, target=install("xoro", name="Xoro"), record_kind="order", options={})
    check(made)
    return made


def check(shop: Connector) -> Event:
    event_id = syncing.start_sync(shop, "webhooks", by="ada")
    drain()
    return Event.objects.get(pk=event_id)


def drain() -> None:
    while Drainer(0).run():
        pass


def sales_orders(sandbox) -> list[str]:
    """References of the sales orders the ERP was told to make, one for each call."""
    calls = [one for one in sandbox.log("xoro") if one["path"].endswith("/salesorder/create") and one["status"] == 200]
    return [json.loads(one["body"])["SoEstimateHeader"]["ThirdPartyRefNo"] for one in calls]


def advance(sandbox, seconds: float) -> None:
    sandbox.post("/shopify/_sandbox/clock", {"advance": seconds})


def answers(sandbox, topic: str) -> list[list[int]]:
    rows = sandbox.post("/shopify/_sandbox/deliveries", {"shop": LUMEN})["deliveries"].values()
    return [row["statuses"] for row in rows if row["topic"] == topic]


def test_an_order_is_imported_once_however_its_deliveries_come(sandbox, shop):
    """Test 1 of the reference: create, updated and paid together, each twice, in the wrong order."""
    name = sandbox.post("/shopify/_sandbox/order", {"shop": LUMEN, "silent": True})["name"]
    note = {"shop": LUMEN, "change": name, "note": "leave it at the door", "silent": True}
    sandbox.post("/shopify/_sandbox/order", note)
    for topic, mode in (
        ("orders/paid", "duplicate"), ("orders/updated", "duplicate"), ("orders/create", "late"),
        ("orders/updated", "late"), ("orders/create", "duplicate"), ("orders/paid", "reordered"),
    ):  # fmt: skip
        wish = {"shop": LUMEN, "order": name, "topic": topic, "mode": mode, "url": shop.webhook_url}
        assert sandbox.post("/shopify/_sandbox/webhook", wish)["status"] == 200
    drain()
    assert len(sales_orders(sandbox)) == 1
    assert Link.objects.count() == 1
    events = Event.objects.filter(kind=Kind.WEBHOOK, object_label=name)
    assert {one.outcome for one in events} <= {Outcome.SUCCEEDED, Outcome.SKIPPED}
    assert not Event.objects.filter(outcome=Outcome.FAILED).exists()
    written = [one for one in sandbox.log("xoro") if one["path"].endswith("/salesorder/create")]
    assert "leave it at the door" in written[0]["body"], "the newest state went, not the first one"


def test_a_placed_order_arrives_by_itself(sandbox, shop):
    name = sandbox.post("/shopify/_sandbox/order", {"shop": LUMEN})["name"]
    advance(sandbox, 1)
    event = Event.objects.get(topic="orders/create", kind=Kind.WEBHOOK)
    assert event.object_label == name
    drain()
    assert len(sales_orders(sandbox)) == 1


def test_topics_of_one_action_share_an_event_id_and_a_retry_keeps_its_own(sandbox, shop):
    sandbox.post("/shopify/_sandbox/order", {"shop": LUMEN, "change": "#2207", "cancel": True})
    advance(sandbox, 1)
    [event] = Event.objects.filter(topic="orders/updated", kind=Kind.WEBHOOK)
    assert event.headers["x-shopify-event-id"]


def test_a_delivery_that_is_not_taken_comes_eight_more_times_within_four_hours(sandbox, shop, settings):
    """The original payload to the original address, under the same id."""
    dead = "http://127.0.0.1:9/hooks/nobody-listens"
    sandbox.post("/shopify/_sandbox/app_configuration", {"shop": LUMEN, "url": dead, "topics": ["orders/paid"]})
    sandbox.post("/shopify/_sandbox/order", {"shop": LUMEN})
    advance(sandbox, 1)
    for number, seconds in enumerate(RETRIES_S, 2):
        assert len(answers(sandbox, "orders/paid")[0]) == number - 1
        advance(sandbox, seconds + 1)
    assert answers(sandbox, "orders/paid") == [[0] * 9]
    assert sum(RETRIES_S) < 4 * 3600
    advance(sandbox, 24 * 3600)
    assert answers(sandbox, "orders/paid") == [[0] * 9]


def test_a_subscription_removed_after_failures_comes_back_and_the_gap_is_closed(sandbox, shop, settings, live_server):
    """Test 6 of the reference: the hub is away, Shopify gives up, the hourly check repairs, reconciliation reads."""
    Connector.objects.filter(pk=shop.pk).update(webhook_token="moved-away-for-a-while")
    missed = sandbox.post("/shopify/_sandbox/order", {"shop": LUMEN, "minutes_ago": 90})["id"].rpartition("/")[2]
    advance(sandbox, 1)
    for seconds in RETRIES_S:
        advance(sandbox, seconds + 1)
    rows = sandbox.post("/shopify/_sandbox/subscriptions", {"shop": LUMEN})["subscriptions"]
    assert "ORDERS_CREATE" not in {row["topic"] for row in rows}, "Shopify gave up"
    assert set(answers(sandbox, "orders/create")[0]) == {404}
    Connector.objects.filter(pk=shop.pk).update(webhook_token=shop.webhook_token)
    shop.save()
    event = check(shop)
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert "orders/create" in event.sentence
    rows = sandbox.post("/shopify/_sandbox/subscriptions", {"shop": LUMEN})["subscriptions"]
    assert "ORDERS_CREATE" in {row["topic"] for row in rows}
    assert sales_orders(sandbox).count(missed) == 1
    assert "removed" in {one.code.rpartition("_")[2] for one in notices.of([shop.pk])[shop.pk]}


def test_during_a_rotation_deliveries_by_either_secret_are_taken(sandbox, shop):
    wish: dict[str, Any] = {"shop": LUMEN, "order": "#2207", "topic": "orders/create", "url": shop.webhook_url}
    assert sandbox.post("/shopify/_sandbox/webhook", {**wish, "mode": "old_secret"})["status"] == 200
    assert sandbox.post("/shopify/_sandbox/webhook", {**wish, "mode": "normal"})["status"] == 200
    shop.set_secret("previous_webhook_secret", "")
    shop.save()
    assert sandbox.post("/shopify/_sandbox/webhook", {**wish, "mode": "old_secret"})["status"] == 401


def test_another_shops_delivery_is_kept_and_refused(sandbox, shop):
    wish = {"shop": LUMEN, "order": "#2207", "topic": "orders/create", "url": shop.webhook_url, "mode": "wrong_shop"}
    assert sandbox.post("/shopify/_sandbox/webhook", wish)["status"] == 200
    drain()
    event = Event.objects.filter(topic="orders/create").latest("id")
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "wrong_shop")
    assert sales_orders(sandbox) == []


def test_the_same_webhook_id_under_another_topic_is_another_delivery(shop, client):
    """G15: topic and id together are unique."""
    import base64
    import hashlib
    import hmac

    body = b'{"id":6900100300007,"admin_graphql_api_id":"gid://shopify/Order/6900100300007"}'
    digest = hmac.new(shop.load_settings().signing_secrets[0].encode(), body, hashlib.sha256).digest()
    for topic in ("orders/create", "orders/updated", "orders/create"):
        headers = {"X-Shopify-Topic": topic, "X-Shopify-Webhook-Id": "same", "X-Shopify-Shop-Domain": LUMEN,
                   "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode()}  # fmt: skip
        path = f"/hooks/{shop.webhook_token}"
        assert client.post(path, body, content_type="application/json", headers=headers).status_code == 200
    events = Event.objects.filter(kind=Kind.WEBHOOK).order_by("id")
    assert [(one.topic, one.duplicate_count) for one in events] == [("orders/create", 1), ("orders/updated", 0)]
