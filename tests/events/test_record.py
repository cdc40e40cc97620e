"""An event is recorded in one statement, once."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from events import bell, bodies, search
from events.models import Bell, Event, Kind, Outcome, SearchKey
from events.outcomes import cause_of
from events.record import New, record
from tests.cast import together


def new(**more) -> New:
    base = {"kind": Kind.WEBHOOK, "topic": "orders/create", "connector_id": 1, "connector_name": "Shop"}
    return New(**(base | {"provider": "x"} | more))


def test_it_is_written_with_body_and_keys_in_one_statement(db):
    with CaptureQueriesContext(connection) as queries:
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


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", "\udfff", "ä" * 500, "\x00"])
def test_odd_characters_and_endless_texts_are_stored_not_refused(db, text):
    made = record(
        new(
            topic=text,
            delivery_id=text,
            object_type=text,
            object_id=text,
            object_label=text,
            lock_key=text,
            sentence=text,
            next_step=text,
            triggered_by=text,
            headers={text: text},
            keys=[(text, text)],
            reason_code=text,
        )
    )
    assert "\x00" not in Event.objects.get(pk=made.event_id).topic


def test_two_long_delivery_ids_that_start_alike_are_two_deliveries(db):
    assert record(new(delivery_id="x" * 300 + "1")).is_new
    assert record(new(delivery_id="x" * 300 + "2")).is_new
    assert not record(new(delivery_id="x" * 300 + "2")).is_new


def test_two_long_objects_that_start_alike_have_two_locks(db):
    for end in "12":
        record(new(lock_key="x" * 300 + end))
    assert len(set(Event.objects.values_list("lock_key", flat=True))) == 2


def test_the_same_delivery_at_once_over_two_connections_is_one_event(committed):
    results = together(*[lambda: record(new(delivery_id="d1", payload=b"{}"))] * 6)
    assert sorted(one.is_new for one in results) == [False] * 5 + [True]
    assert Event.objects.get().duplicate_count == 5


def test_only_so_many_search_keys_are_kept_and_the_first_ones_count(db):
    made = record(new(keys=[("z_number", "first"), *((f"k{n}", str(n)) for n in range(100))]))
    assert SearchKey.objects.filter(event_id=made.event_id).count() == 40
    assert SearchKey.objects.filter(event_id=made.event_id, value="first").exists()


@given(st.text(max_size=300))
def test_folding_twice_changes_nothing(value):
    once = search.fold(value)
    assert search.fold(once) == once
    assert "\x00" not in once
    assert len(once) <= 200
    once.encode()


@given(st.text(alphabet="abc#ÄöÜ 12-", max_size=30))
def test_what_people_type_is_found_whatever_its_case_and_hash(value):
    assert search.fold(f"  #{value.upper().lower()} ") == search.fold(value.upper().lower())


@given(
    st.tuples(st.text(alphabet="abc 123“”", max_size=20), st.integers(), st.integers()),
)
def test_failures_that_differ_in_numbers_and_quoted_names_have_one_cause(parts):
    _, one, other = parts
    causes = {
        cause_of(1, "t", "refused", "", f"Order #{n} of “customer {n}” was refused at {n}.5.") for n in (one, other)
    }
    assert len(causes) == 1
    assert cause_of(1, "t", "refused", "", "Another sentence.") not in causes
    assert cause_of(2, "t", "refused", "", f"Order #{one}.") != cause_of(1, "t", "refused", "", f"Order #{one}.")
