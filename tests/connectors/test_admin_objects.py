"""The page of an object: what it is, where it is elsewhere, what happened to it; reachable from events and ledger."""

from __future__ import annotations

import dataclasses
import json

import pytest
from django.db import connection as database

from connectors import registry
from connectors.models import Link, LinkState
from events import bodies, objects
from events.models import Event, Kind, Outcome
from events.record import New, record
from tests.connectors import acme


@pytest.fixture
def shop(make):
    linked = dataclasses.replace(
        registry.get("shoppy"), object_url=lambda settings, kind, number: f"https://shop.example/{kind}s/{number}"
    )
    registry._providers["shoppy"] = linked
    return make("shoppy")


@pytest.fixture
def erp(make):
    return make()


def happened(connector, **more) -> Event:
    new = {
        "kind": Kind.WEBHOOK, "topic": "orders/create", "connector_id": connector.pk, "connector_name": connector.name,
        "outcome": Outcome.SUCCEEDED, "object_type": "order", "object_id": "551", "object_label": "#EX-2041",
    }  # fmt: skip
    return Event.objects.get(pk=record(New(**(new | more))).event_id)


@pytest.fixture
def order(shop, erp) -> Event:
    """An order of the shop that was read and delivered to the back office."""
    event = happened(shop, sentence="Read from the shop.")
    bodies.store(
        event.pk, "object", json.dumps({"name": "#EX-2041", "total": "12.50", "lines": [1], "test": False}).encode(),
        event.received_at,
    )  # fmt: skip
    child = happened(
        erp, kind=Kind.DELIVERY, topic="order/deliver", parent_id=event.pk, sentence="Created as SO-9.",
        keys=[("acme_id", "77"), ("acme_number", "SO-9")],
    )  # fmt: skip
    Link.objects.create(
        source=shop, target=erp, record_kind="order", source_object_id="551", source_number="#EX-2041",
        target_object_id="77", target_number="SO-9", state=LinkState.DELIVERED, last_event_id=child.pk,
    )  # fmt: skip
    return event


def page(client, connector, object_id="551", kind="order", query=""):
    return client.get(f"/admin/objects/{connector.pk}/{kind}/{object_id}/{query}")


def test_the_page_says_what_it_is_where_it_is_and_what_happened(ada, shop, erp, order):
    text = page(ada, shop).content.decode()
    assert "Order #EX-2041 · Shop Berlin" in text
    assert 'href="https://shop.example/orders/551"' in text and "Open in Shoppy" in text
    assert "SO-9" in text and "delivered" in text
    assert "Read from the shop." in text and "Created as SO-9." in text
    assert text.index("Created as SO-9.") < text.index("Read from the shop.")
    assert "<dt>Total</dt><dd>12.50</dd>" in text and "<dt>Test</dt><dd>no</dd>" in text


def test_at_its_target_the_page_names_where_it_came_from(ada, shop, erp, order):
    text = page(ada, erp, "77").content.decode()
    assert "came from here" in text
    assert f"/admin/objects/{shop.pk}/order/551/" in text
    assert 'href="https://shop.example/orders/551"' in text
    assert "Created as SO-9." in text and "Read from the shop." not in text


def test_every_event_of_it_and_its_row_of_the_ledger_lead_there(ada, shop, order):
    address = f"/admin/objects/{shop.pk}/order/551/"
    for event in Event.objects.all():
        assert address in ada.get(f"/admin/events/event/{event.pk}/change/").content.decode()
    assert address in ada.get("/admin/events/event/").content.decode()
    assert address in ada.get("/admin/connectors/link/").content.decode()


def test_an_equal_id_of_another_connector_or_type_is_another_object(ada, shop, erp, order):
    happened(erp, sentence="Another order 551.")
    happened(shop, object_type="product", sentence="A product 551.")
    text = page(ada, shop).content.decode()
    assert "Another order 551." not in text and "A product 551." not in text


def test_an_event_that_learns_its_object_later_is_found_too(ada, shop, order):
    from connectors.run import Run

    event = happened(shop, object_type="", object_id="", object_label="", sentence="Synchronized by its number.")
    run = Run(shop, event)
    run.describe(object_type="order", object_id="551", object_label="#EX-2041")
    Event.objects.filter(pk=event.pk).update(object_type="order", object_id="551")
    assert "Synchronized by its number." in page(ada, shop).content.decode()


def test_it_is_paged_without_a_gap(ada, shop):
    for number in range(120):
        happened(shop, sentence=f"Happened {number:03}.", delivery_id=f"d{number}")
    seen, query = [], ""
    while True:
        context = page(ada, shop, query=query).context
        seen += [event.sentence for event in context["events"].rows]
        query = context["older_query"]
        if not query:
            break
    assert seen == [f"Happened {number:03}." for number in reversed(range(120))]


def test_it_is_found_by_index_however_many_other_events_there_are(shop, order):
    thing = objects.Thing(connector_id=shop.pk, object_type="order", object_id="551", provider="shoppy")
    with database.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + objects._IDS, objects._parameters(thing, objects.BEYOND))
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "key_by_value" in plan
    assert "Seq Scan" not in plan


def test_many_events_that_only_share_the_number_hide_none(ada, shop, erp, order, monkeypatch):
    monkeypatch.setattr(objects, "STEP", 5)
    for number in range(40):
        happened(erp, sentence="Another order 551.", delivery_id=f"e{number}", keys=[("order_number", "551")])
    text = page(ada, shop).content.decode()
    assert "Read from the shop." in text and "Created as SO-9." in text and "Another order" not in text
    monkeypatch.setattr(objects, "STEPS", 2)
    assert "stopped before it became a burden" in page(ada, shop).content.decode()


def test_synchronize_is_offered_where_the_provider_has_it_and_the_person_may(ada, browse, reader, shop, order):
    assert f"/admin/connectors/connector/{shop.pk}/single/order/" in page(ada, shop).content.decode()
    assert "/single/order/" not in page(browse(reader), shop).content.decode()


def test_a_failed_newest_event_can_be_retried_from_here(ada, shop, order):
    failed = happened(shop, outcome=Outcome.FAILED, reason="refused", sentence="Refused.")
    assert f"Retry event {failed.pk}" in page(ada, shop).content.decode()


def test_what_was_read_is_shown_only_to_who_may_see_payloads(browse, reader, shop, order):
    text = page(browse(reader), shop).content.decode()
    assert "12.50" not in text and "needs its own permission" in text


@pytest.mark.parametrize("object_id", ["nothing", "gid://shop/Order/1", "ä\u0000", "x" * 500, "..%2f..%2fetc"])
def test_an_object_nobody_knows_is_404(ada, shop, object_id):
    assert page(ada, shop, object_id).status_code == 404
    assert ada.get("/admin/objects/99999999999999999999/order/1/").status_code == 404


def test_an_id_with_slashes_has_its_page(ada, shop):
    happened(shop, object_id="gid://shop/Order/1", sentence="With slashes.")
    event = Event.objects.get()
    assert "/admin/objects/" in ada.get(f"/admin/events/event/{event.pk}/change/").content.decode()
    assert "With slashes." in page(ada, shop, "gid://shop/Order/1").content.decode()


def test_settings_that_do_not_load_or_a_link_that_breaks_take_nothing_away(ada, shop, order):
    registry._providers["shoppy"] = dataclasses.replace(
        acme.provider, slug="shoppy", object_url=lambda *_: 1 / 0, accepts={}
    )
    assert "Open in" not in page(ada, shop).content.decode()


def test_strangers_see_nothing(client, shop, order):
    assert page(client, shop).status_code == 302
