"""What is written onto an order after its delivery, and that the shop's news of it lead nowhere. Hub, shop and ERP for
real, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from connectors import directory, known, notices, syncing
from connectors.models import Connector, Link, Route
from connectors.run import Run
from connectors.shopify import echoes
from connectors.shopify.calls import orders as calls
from connectors.shopify.client import order_gid
from connectors.shopify.sandbox import LUMEN
from events.drain import Drainer
from events.models import Event, Kind, Outcome, Reason

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER = "6900100300007"  # 2207
GID = order_gid(NUMBER)


@pytest.fixture
def shop(install) -> Connector:
    return install("shopify", name="Lumen Goods")


@pytest.fixture
def erp(install) -> Connector:
    return install("xoro", name="Xoro")


@pytest.fixture
def route(shop, erp) -> Route:
    return Route.objects.create(source=shop, target=erp, record_kind="order", options={})


def tell(
    sandbox, shop: Connector, live_server, *, order: str = "#2207", topic: str = "orders/updated", **more: Any
) -> None:
    """The shop delivers, and the hub does all there is to do."""
    url = f"{live_server.url}/hooks/{shop.webhook_token}"
    wish = {"shop": LUMEN, "order": order, "topic": topic, "url": url, **more}
    assert sandbox.post("/shopify/_sandbox/deliver", wish)["status"] == 200
    Drainer(0).run()


def settings(shop: Connector, **changes: Any) -> None:
    shop.put_settings({**shop.raw_settings(), **changes})
    shop.save()
    known.forget()


def state(shop: Connector, gid: str = GID) -> dict[str, Any]:
    found = calls.read_state(Run(shop, None).client, gid)
    assert found is not None
    return found


def fields(shop: Connector, gid: str = GID) -> dict[str, str]:
    return {node["key"]: node["value"] for node in state(shop, gid)["metafields"]["nodes"]}


def acknowledged() -> Event:
    return Event.objects.get(topic="order/delivered")


def operations(sandbox) -> list[str]:
    return [entry["operation"] for entry in sandbox.log("shopify") if entry.get("operation")]


def test_a_delivered_order_says_what_it_became(sandbox, shop, route, live_server):
    tell(sandbox, shop, live_server)
    event = acknowledged()
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    link = Link.objects.get()
    written = fields(shop)
    assert written["order_number"] == link.target_number and written["status"] == "imported"
    assert written["synced_at"].startswith("20")
    assert (event.object_id, event.object_label, event.connector_id) == (NUMBER, "#2207", shop.pk)
    assert Event.objects.get(pk=event.parent_id).kind == Kind.DELIVERY
    assert event.sentence == "Order #2207 now tells of Xoro: metafields order_number, status, synced_at."
    assert state(shop)["tags"] == []


def test_the_shops_news_of_the_hubs_own_write_cost_one_read_and_lead_nowhere(sandbox, shop, route, live_server):
    settings(shop, tag_delivered="in-erp")
    tell(sandbox, shop, live_server)
    before, events = len(operations(sandbox)), Event.objects.count()
    tell(sandbox, shop, live_server)
    last = Event.objects.latest("id")
    assert (last.outcome, last.reason, last.reason_code) == (Outcome.SKIPPED, Reason.UNCHANGED, "own_write")
    assert operations(sandbox)[before:] == ["HubOrder"]
    assert Event.objects.count() == events + 1


def test_what_somebody_else_changes_beside_it_is_not_taken_for_the_hubs_own(sandbox, shop, route, live_server):
    tell(sandbox, shop, live_server)
    sandbox.post("/shopify/_sandbox/order", {"shop": LUMEN, "change": "#2207", "note": "new", "silent": True})
    tell(sandbox, shop, live_server)
    last = Event.objects.filter(kind=Kind.WEBHOOK).latest("id")
    assert last.outcome == Outcome.SUCCEEDED and "handed to 1 route" in last.sentence


def test_a_change_in_the_same_second_as_the_hubs_own_is_noticed(sandbox, shop, route, live_server):
    tell(sandbox, shop, live_server)
    sandbox.post("/shopify/_sandbox/order", {"shop": LUMEN, "change": "#2207", "note": "new", "silent": True})
    kept = directory.by_id(shop.pk, echoes.KIND, NUMBER)
    same = {**kept.data, "own": state(shop)["updatedAt"]}
    directory.put(shop.pk, echoes.KIND, [directory.Known(key=NUMBER, object_id=NUMBER, data=same)])
    tell(sandbox, shop, live_server)
    assert Event.objects.filter(kind=Kind.WEBHOOK).latest("id").outcome == Outcome.SUCCEEDED


def test_a_route_made_later_gets_the_order_all_the_same(sandbox, shop, route, live_server, install):
    tell(sandbox, shop, live_server)
    Route.objects.create(source=shop, target=install("xoro", name="Second"), record_kind="order", options={})
    tell(sandbox, shop, live_server)
    assert Event.objects.filter(kind=Kind.WEBHOOK).latest("id").outcome == Outcome.SUCCEEDED


def test_the_walk_that_meets_its_own_writes_reads_none_of_them_twice(sandbox, shop, route, live_server):
    sandbox.post("/shopify/_sandbox/clock", {"index_lag_s": 0})
    tell(sandbox, shop, live_server)
    sandbox.post("/shopify/_sandbox/clock", {"advance": 120})
    tell(sandbox, shop, live_server)  # seen once, as an own write
    syncing.start_sync(shop, "orders", by="ada")
    Drainer(0).run()
    children = Event.objects.filter(topic="orders/updated", kind=Kind.SYNC, object_id=NUMBER)
    assert not children.exists()


def test_tags_of_others_stay_and_a_tag_that_is_there_is_not_written_again(sandbox, shop, route, live_server):
    sandbox.post(
        "/shopify/_sandbox/order", {"shop": LUMEN, "change": "#2207", "tags": ["IN-ERP", "vip"], "silent": True}
    )
    settings(shop, tag_delivered="in-erp", writes_metafields=False)
    tell(sandbox, shop, live_server)
    event = acknowledged()
    assert (event.outcome, event.reason) == (Outcome.SKIPPED, Reason.UNCHANGED), event.sentence
    assert state(shop)["tags"] == ["IN-ERP", "vip"] and "HubTagAdd" not in operations(sandbox)


def test_nothing_is_written_and_no_event_is_made_where_nothing_is_set(sandbox, shop, route, live_server):
    settings(shop, writes_metafields=False)
    tell(sandbox, shop, live_server)
    assert not Event.objects.filter(topic="order/delivered").exists()


def test_a_lost_answer_makes_nothing_twice(sandbox, shop, route, live_server):
    settings(shop, tag_delivered="in-erp")
    sandbox.post("/shopify/_sandbox/fault", {"kind": "drop_after_commit", "operation": "HubMetafieldsSet"})
    tell(sandbox, shop, live_server)
    event = acknowledged()
    assert event.outcome == Outcome.WAITING, event.sentence
    again(event)
    event.refresh_from_db()
    assert event.outcome == Outcome.SUCCEEDED, event.sentence
    assert fields(shop)["status"] == "imported" and state(shop)["tags"] == ["in-erp"]
    tell(sandbox, shop, live_server)
    assert Event.objects.latest("id").reason_code == "own_write"


def again(event: Event) -> None:
    """Let a waiting event run now."""
    Event.objects.filter(pk=event.pk).update(outcome=Outcome.QUEUED, due_at=None)
    Drainer(0).run()


def test_a_failed_delivery_is_told_by_a_tag_which_goes_once_it_worked(sandbox, shop, erp, route, live_server):
    settings(shop, tag_failed="erp-failed", tag_delivered="in-erp", writes_metafields=False)
    custom = {"title": "Gift wrap", "price": "3.00", "custom": True}  # no SKU, which the ERP asks for
    sandbox.post("/shopify/_sandbox/order", {"shop": LUMEN, "change": "#2207", "add": [custom], "silent": True})
    tell(sandbox, shop, live_server)
    delivery = Event.objects.get(kind=Kind.DELIVERY)
    assert delivery.outcome == Outcome.FAILED, delivery.sentence
    assert state(shop)["tags"] == ["erp-failed"]
    settings(erp, default_sku="PAPER-A4-80")
    tell(sandbox, shop, live_server)
    last = Event.objects.filter(kind=Kind.DELIVERY).latest("id")
    assert last.outcome == Outcome.SUCCEEDED, last.sentence
    assert state(shop)["tags"] == ["in-erp"]


def test_an_order_is_found_by_the_documents_id_where_that_is_wanted(sandbox, shop, route, live_server):
    settings(shop, writes_order_id=True)
    tell(sandbox, shop, live_server)
    client = Run(shop, None).client
    found = calls.find_by_document(client, "$app:erp", "order_id", Link.objects.get().target_object_id)
    assert found is not None and found["id"] == GID
    tell(sandbox, shop, live_server, order="#2206")
    assert operations(sandbox).count("HubMetafieldDefinition") == 1


def test_a_document_id_finds_its_order_by_hand_too(sandbox, shop, route, live_server):
    settings(shop, writes_order_id=True)
    tell(sandbox, shop, live_server)
    document = Link.objects.get().target_object_id
    event_id = syncing.start_single(shop, "order", document, by="ada")
    Drainer(0).run()
    event = Event.objects.get(pk=event_id)
    assert (event.outcome, event.object_label) == (Outcome.SUCCEEDED, "#2207"), event.sentence


@pytest.mark.parametrize(
    "topics", [("orders/create", "orders/updated", "orders/paid"), ("orders/paid", "orders/updated", "orders/create")]
)
def test_an_order_told_of_by_three_topics_twice_in_any_order_is_made_once(sandbox, shop, route, live_server, topics):
    url = f"{live_server.url}/hooks/{shop.webhook_token}"
    for mode in ("duplicate", "late"):
        for topic in topics:
            wish = {"shop": LUMEN, "order": "#2207", "topic": topic, "url": url, "mode": mode}
            assert sandbox.post("/shopify/_sandbox/deliver", wish)["status"] == 200
    Drainer(0).run()
    created = [e for e in sandbox.log("xoro") if e["path"].endswith("/salesorder/create")]
    assert len(created) == 1 and Link.objects.count() == 1
    assert not Event.objects.filter(outcome__in=[Outcome.FAILED, Outcome.WAITING]).exists()


def test_a_definition_that_is_there_already_is_fine(sandbox, shop):
    client = Run(shop, None).client
    for _ in range(2):
        calls.define_order_id(client, "$app:erp", "order_id")


def test_without_the_scope_the_connector_warns_and_the_push_stands(sandbox, shop, route, live_server):
    scopes = ["read_orders", "read_customers", "read_products", "read_locations", "read_payment_terms"]
    sandbox.post("/shopify/_sandbox/scopes", {"shop": LUMEN, "scopes": scopes})
    tell(sandbox, shop, live_server)
    event = acknowledged()
    assert (event.outcome, event.reason_code) == (Outcome.SKIPPED, "no_scope"), event.sentence
    assert Event.objects.get(kind=Kind.DELIVERY).outcome == Outcome.SUCCEEDED
    (notice,) = [one for one in notices.of([shop.pk])[shop.pk] if one.code == "write_back"]
    assert "write_orders" in notice.sentence


def test_an_order_whose_risk_is_pending_is_handed_over_when_the_shop_tells_of_it(sandbox, shop, route, live_server):
    settings(shop, wait_for_risk=True)
    placed = sandbox.post("/shopify/_sandbox/order", {"shop": LUMEN, "lines": [{"sku": "TONER-77K"}], "silent": True})
    name, number = placed["name"], int(placed["legacyResourceId"])
    tell(sandbox, shop, live_server, order=name, topic="orders/create")
    waiting = Event.objects.get(kind=Kind.WEBHOOK)
    assert (waiting.outcome, waiting.reason) == (Outcome.WAITING, Reason.DEPENDENCY), waiting.sentence
    assert "15 minutes after it was placed" in waiting.sentence and Link.objects.count() == 0
    sandbox.post("/shopify/_sandbox/clock", {"advance": 31})
    risk = {"order_id": number, "admin_graphql_api_order_id": order_gid(number), "risk_level": "low"}
    tell(sandbox, shop, live_server, topic="orders/risk_assessment_changed", payload=risk)
    assert Link.objects.get().source_object_id == str(number)
    again(waiting)
    waiting.refresh_from_db()
    assert waiting.outcome in (Outcome.SUCCEEDED, Outcome.SKIPPED) and Link.objects.count() == 1


def test_an_order_deleted_after_its_push_is_told_with_its_document(sandbox, shop, route, live_server):
    tell(sandbox, shop, live_server)
    tell(sandbox, shop, live_server, topic="orders/delete", payload={"id": int(NUMBER)})
    event = Event.objects.latest("id")
    number = Link.objects.get().target_number
    assert (event.outcome, event.reason_code) == (Outcome.FAILED, "deleted")
    assert number in event.sentence and number in event.next_step


def test_an_order_that_became_nothing_may_be_deleted(sandbox, shop, route, live_server):
    tell(sandbox, shop, live_server, topic="orders/delete", payload={"id": 77})
    event = Event.objects.latest("id")
    assert event.outcome == Outcome.SUCCEEDED and "nothing had been made of it" in event.sentence
