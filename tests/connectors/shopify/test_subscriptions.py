"""Webhook subscriptions: exactly what the routes need, repaired every time they are looked at, others' never touched."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connectors import notices, plans, registry, syncing
from connectors.models import Connector, Plan, Route
from connectors.run import Run
from connectors.shopify import subscriptions, topics, watched
from connectors.shopify.provider import provider
from connectors.shopify.sandbox import LUMEN
from connectors.shopify.sandbox.engine import SCHEMA
from connectors.shopify.topics import Topic
from events.drain import Drainer
from events.models import Event, Outcome

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(install) -> Connector:
    return install("shopify", name="Lumen Goods")


@pytest.fixture
def route(shop, install) -> Route:
    return Route.objects.create(source=shop, target=install("xoro", name="Xoro"), record_kind="order", options={})


def check(shop: Connector) -> Event:
    event_id = syncing.start_sync(shop, "webhooks", by="ada")
    Drainer(0).run()
    return Event.objects.get(pk=event_id)


def present(sandbox, shop: Connector) -> dict[str, Any]:
    rows = sandbox.post("/shopify/_sandbox/subscriptions", {"shop": LUMEN})["subscriptions"]
    return {row["topic"]: row for row in rows if row["uri"] == shop.webhook_url}


def ask(sandbox, shop: Connector, name: str, **variables: Any) -> Any:
    """A mutation by the app itself, past the hub's check."""
    return Run(shop, None).client.change(name, variables)


def warnings(shop: Connector) -> dict[str, str]:
    return {one.code: one.sentence for one in notices.of([shop.pk]).get(shop.pk, [])}


ALWAYS = {"APP_UNINSTALLED", "APP_SCOPES_UPDATE"}
ORDERS = {"ORDERS_CREATE", "ORDERS_UPDATED"}


def test_without_a_route_only_the_app_itself_is_watched(sandbox, shop):
    event = check(shop)
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert set(present(sandbox, shop)) == ALWAYS


def test_a_route_of_orders_asks_for_orders(sandbox, shop, route):
    event = check(shop)
    assert set(present(sandbox, shop)) >= ALWAYS | ORDERS, event.sentence
    assert "made" in event.sentence
    again = check(shop)
    assert "nothing was to be repaired" in again.sentence
    assert not again.requests.filter(is_write=True).exists()
    assert warnings(shop) == {}


def test_a_route_switched_off_ends_its_topics(sandbox, shop, route):
    check(shop)
    Route.objects.update(is_enabled=False)
    event = check(shop)
    assert set(present(sandbox, shop)) == ALWAYS, event.sentence
    assert "removed" in event.sentence


def test_another_ones_subscription_is_never_touched(sandbox, shop, route):
    for uri in ("https://other.example.com/hooks/abcdefgh", "pubsub://project:topic"):
        ask(sandbox, shop, "HubWebhookCreate", topic="ORDERS_CREATE", sub={"uri": uri})
    check(shop)
    rows = sandbox.post("/shopify/_sandbox/subscriptions", {"shop": LUMEN})["subscriptions"]
    assert len([row for row in rows if row["topic"] == "ORDERS_CREATE"]) == 3


def test_a_second_connector_of_the_same_shop_keeps_its_own(sandbox, shop, route, install):
    other = install("shopify", name="Lumen again")
    check(other)
    check(shop)
    assert set(present(sandbox, other)) == ALWAYS


def test_an_address_of_this_hub_that_leads_nowhere_is_removed(sandbox, shop, settings):
    dead = f"{settings.HUB_BASE_URL}/hooks/a-connector-deleted-long-ago"
    ask(sandbox, shop, "HubWebhookCreate", topic="ORDERS_PAID", sub={"uri": dead})
    check(shop)
    rows = sandbox.post("/shopify/_sandbox/subscriptions", {"shop": LUMEN})["subscriptions"]
    assert dead not in {row["uri"] for row in rows}


def test_a_new_address_moves_the_subscriptions(sandbox, shop, route):
    check(shop)
    before = {row["id"] for row in present(sandbox, shop).values()}
    shop.rotate_webhook_token()
    event = check(shop)
    now = present(sandbox, shop)
    assert set(now) >= ORDERS, event.sentence
    assert {row["id"] for row in now.values()} == before
    assert "changed" in event.sentence


@pytest.mark.parametrize("change", [{"includeFields": ["id"]}, {"filter": "id:1"}, {"format": "XML"}])
def test_a_subscription_somebody_changed_is_put_right(sandbox, shop, route, change):
    check(shop)
    gid = present(sandbox, shop)["ORDERS_CREATE"]["id"]
    ask(sandbox, shop, "HubWebhookUpdate", id=gid, sub={"uri": shop.webhook_url, **change})
    check(shop)
    row = present(sandbox, shop)["ORDERS_CREATE"]
    assert (row["format"], row["filter"] or "", row["includeFields"]) == ("JSON", "", [])


def test_one_shopify_removed_is_made_again_said_and_what_was_missed_is_read(sandbox, shop, route):
    check(shop)
    ask(sandbox, shop, "HubWebhookDelete", id=present(sandbox, shop)["ORDERS_CREATE"]["id"])
    event = check(shop)
    assert "ORDERS_CREATE" in present(sandbox, shop)
    assert {note["code"] for note in event.notes} == {"removed", "gap"}
    assert "orders/create" in warnings(shop)["subscriptions_removed"]
    assert Event.objects.filter(topic="sync:orders", outcome=Outcome.SUCCEEDED).exists()
    check(shop)
    assert "subscriptions_removed" not in warnings(shop), "a clean check ends the warning"


def test_a_missing_scope_is_named_by_topic(sandbox, shop, route):
    sandbox.post("/shopify/_sandbox/scopes", {"shop": LUMEN, "scopes": ["read_products"]})
    event = check(shop)
    assert set(present(sandbox, shop)) == ALWAYS
    assert event.outcome == Outcome.SUCCEEDED
    assert any("orders/create" in note["text"] and "read_orders" in note["text"] for note in event.notes)
    assert "orders/create (read_orders)" in warnings(shop)["topic_scopes"]
    sandbox.post("/shopify/_sandbox/scopes", {"shop": LUMEN, "scopes": ["write_orders"]})
    check(shop)
    assert set(present(sandbox, shop)) >= ORDERS
    assert "topic_scopes" not in warnings(shop)


def test_an_address_that_is_taken_already_is_as_good_as_made(sandbox, shop, route):
    """The answer of an earlier attempt was lost."""
    fault = {"kind": "user_error", "operation": "HubWebhookCreate", "message": "Address for this topic has already "
             "been taken", "field": ["webhookSubscription", "callbackUrl"]}  # fmt: skip
    sandbox.post("/shopify/_sandbox/fault", fault)
    event = check(shop)
    assert event.outcome == Outcome.SUCCEEDED, event.sentence


def test_a_lost_answer_makes_no_second_subscription(sandbox, shop, route):
    sandbox.post("/shopify/_sandbox/fault", {"kind": "drop_after_commit", "operation": "HubWebhookCreate"})
    event = check(shop)
    assert event.outcome == Outcome.WAITING, event.sentence
    Event.objects.filter(pk=event.pk).update(outcome=Outcome.QUEUED, due_at=None)
    Drainer(0).run()
    rows = sandbox.post("/shopify/_sandbox/subscriptions", {"shop": LUMEN})["subscriptions"]
    assert len(rows) == len({row["topic"] for row in rows})
    assert {row["topic"] for row in rows} >= ORDERS


def test_one_topic_that_is_declined_keeps_no_other_from_being_made(sandbox, shop, route):
    sandbox.post("/shopify/_sandbox/fault", {"kind": "user_error", "operation": "HubWebhookCreate", "message":
                 "Address cannot be a Shopify or an internal domain", "field": ["webhookSubscription"]})  # fmt: skip
    event = check(shop)
    assert event.outcome == Outcome.FAILED
    assert "Address cannot be" in event.sentence
    assert len(present(sandbox, shop)) >= 3


def test_plain_http_is_refused_in_words(sandbox, shop):
    sandbox.post("/shopify/_sandbox/webhook_rules", {"shop": LUMEN, "loopback": False})
    event = check(shop)
    assert event.outcome == Outcome.FAILED
    assert "Address protocol http:// is not supported" in event.sentence


def test_at_a_real_shop_http_is_not_even_tried(shop):
    shop.settings = {**shop.settings, "base_url": ""}
    shop.save()
    event = check(shop)
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "https")
    assert "https addresses only" in event.sentence
    assert not event.requests.exists()
    assert "https addresses only" in watched.panel(Run(shop, None))[0].rows[0][0].text


def test_in_the_apps_configuration_the_hub_keeps_out(sandbox, shop, route):
    check(shop)
    shop.settings = {**shop.settings, "subscriptions_by": "app"}
    shop.save()
    event = check(shop)
    assert present(sandbox, shop) == {}
    assert "configuration" in event.sentence


def test_payloads_of_another_version_raise_a_warning(sandbox, shop):
    check(shop)
    sandbox.post("/shopify/_sandbox/webhook_rules", {"shop": LUMEN, "version": "2026-07"})
    check(shop)
    assert "2026-07" in warnings(shop)["payload_version"]
    sandbox.post("/shopify/_sandbox/webhook_rules", {"shop": LUMEN, "version": "2026-10"})
    check(shop)
    assert "payload_version" not in warnings(shop)


def test_a_changed_route_brings_the_check_forward(shop, route):
    plans.make_default_plans(shop)
    plan = Plan.objects.get(connector=shop, sync="webhooks")
    Plan.objects.filter(pk=plan.pk).update(next_at=timezone.now() + timedelta(minutes=50))
    assert plans.bring_forward([shop.pk, route.target_id]) == 1
    plan.refresh_from_db()
    assert plan.next_at <= timezone.now()


def test_the_panel_shows_wanted_present_and_the_last_delivery(sandbox, shop, route, live_server, settings):
    settings.HUB_BASE_URL = live_server.url
    check(shop)
    [table] = watched.panel(Run(shop, None))
    rows = {row[0]: row for row in table.rows}
    assert (rows["orders/create"][1], rows["orders/create"][2].text,
                                          rows["orders/create"][3].text) == ("yes", "yes", "none yet")  # fmt: skip
    wish = {"shop": LUMEN, "order": "#2207", "topic": "orders/create"}
    assert sandbox.post("/shopify/_sandbox/webhook", wish)["status"] == 200
    [table] = watched.panel(Run(shop, None))
    assert {row[0]: row for row in table.rows}["orders/create"][3].at is not None
    check(shop)
    [table] = watched.panel(Run(shop, None))
    assert {row[0]: row for row in table.rows}["orders/create"][3].at is not None


# --- the comparison itself


def node(topic: str, uri: str, **more: Any) -> dict[str, Any]:
    return {"id": f"{topic} {uri}", "topic": topic, "uri": uri, "format": "JSON", "filter": "", "fields": [], **more}


HERE = "https://hub.example.com/hooks/now"


def compared(*present: dict[str, Any]) -> subscriptions.Difference:
    wanted = [Topic(name="orders/create"), Topic(name="refunds/create")]
    return subscriptions.compare(wanted, present, HERE, lambda uri: uri.startswith("https://hub.example.com/"))


def test_two_of_one_topic_leave_the_right_one():
    old = node("ORDERS_CREATE", "https://hub.example.com/hooks/old")
    found = compared(old, node("ORDERS_CREATE", HERE))
    assert ([one.name for one in found.fine], found.extra) == (["orders/create"], [old])
    assert [one.name for one in found.missing] == ["refunds/create"]


KNOWN = set(SCHEMA.type_map["WebhookSubscriptionTopic"].values)


def test_every_topic_is_spelled_as_the_schema_spells_it():
    assert {one.name for one in topics.TOPICS if one.enum not in KNOWN} == set()


def test_every_topic_somebody_handles_is_one_the_hub_can_ask_for():
    rows = {one.name for one in topics.TOPICS}
    assert {topic for topic in provider.handlers if topics.enum_of(topic) in KNOWN} - rows == set()


def test_every_gap_is_closed_by_a_sync_there_is():
    gaps = {one.gap for one in topics.TOPICS if one.gap and one.name in provider.handlers}
    assert gaps - set(provider.syncs) <= {"fulfillment_orders", "customers", "companies"}


def test_every_row_names_records_there_are():
    kinds = set(registry.record_types()) | {"fulfillment_order", "shipment", "stock", "price", "customer", "company"}
    assert {kind for one in topics.TOPICS for kind in (*one.emits, *one.accepts)} - kinds == set()


def test_settings_saved_by_hand_have_the_subscriptions_checked_at_once(shop, administrator, client):
    plans.make_default_plans(shop)
    Plan.objects.update(next_at=timezone.now() + timedelta(minutes=50))
    client.force_login(administrator)
    page = client.get(f"/admin/connectors/connector/{shop.pk}/change/?tab=settings")
    form = page.context["adminform"].form
    given = {name: value for name in form.fields if (value := form[name].value()) not in (None, False)}
    rows = page.context["inline_admin_formsets"][0].formset
    given |= {f"{rows.prefix}-{name}": value for name, value in rows.management_form.initial.items()}
    for row in rows.forms:
        given |= {f"{row.prefix}-{name}": "" if (v := row[name].value()) is None else v for name in row.fields}
    answer = client.post(f"/admin/connectors/connector/{shop.pk}/change/", given)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    due = Plan.objects.filter(next_at__lte=timezone.now())
    assert [plan.sync for plan in due] == ["webhooks"]
