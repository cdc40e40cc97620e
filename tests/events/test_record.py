"""An event is recorded in one statement, once."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from events import bell, bodies
from events.models import Bell, Event, Kind, Outcome, SearchKey
from events.record import New, record


def new(**more) -> New:
    base = {"kind": Kind.WEBHOOK, "topic": "orders/create", "connector_id": 1, "connector_name": "Shop", "provider": "x"}
    return New(**(base | more))


def test_it_is_written_with_body_and_keys_in_one_statement(db):
    with CaptureQueriesContext(connection, ) as queries:
        made = record(new(payload=b'{"a":1}' * 100, keys=[("order_number", "#EX-1"), ("email", "A@b.example")]))
    assert len(queries) == 1
    event = Event.objects.get(pk=made.event_id)
    assert (event.outcome, event.topic, event.payload_size) == (Outcome.QUEUED, "orders/create", 700)
    assert bodies.read(event.pk, "payload", event.received_at) == b'{"a":1}' * 100
    assert set(SearchKey.objects.filter(event=event).values_list("kind", "value")) == {
        ("order_number", "ex-1"),
        ("email", "a@b.example"),
    }


def test_the_same_delivery_twice_is_one_event_with_a_counter(db):
    first, again = record(new(delivery_id="d1")), record(new(delivery_id="d1"))
    assert (first.is_new, again.is_new) == (True, False)
    assert first.event_id == again.event_id
    assert Event.objects.get().duplicate_count == 1


def test_the_same_delivery_id_of_another_connector_is_another_event(db):
    assert record(new(delivery_id="d1")).event_id != record(new(delivery_id="d1", connector_id=2)).event_id


def test_a_bell_rings_once_until_it_is_heard(db):
    assert bell.ring() is True
    assert bell.ring() is False
    bell.hear(0)
    assert Bell.objects.get(slot=0).is_pending is False
    assert bell.ring() is True
