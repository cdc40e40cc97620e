"""Retention: what is final and old goes, bodies by the month; what is open or still to be looked at stays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from connectors.models import Connector
from events import bodies
from events import purge as module
from events.bodies import make_partitions, month_start
from events.models import Event, Kind, Outcome, RelatedRequest, SearchKey
from events.purge import drop_empty_partitions, drop_old_partitions, purge
from events.record import New, record
from tests.cast import an_event


@pytest.fixture(autouse=True)
def _own_connection(monkeypatch):
    monkeypatch.setattr(module, "close_old_connections", lambda: None)


@pytest.fixture
def shop(db, make_connector) -> Connector:
    return make_connector("Shop")


def finished(connector, days: int, outcome: Outcome = Outcome.SUCCEEDED) -> Event:
    event = an_event(connector, payload=b"x" * 50, keys=[("number", "1")])
    when = timezone.now() - timedelta(days=days)
    Event.objects.filter(pk=event.pk).update(outcome=outcome, finished_at=when)
    RelatedRequest.objects.create(event=event, method="GET", endpoint="/", requested_at=when)
    return event


def left() -> set[int]:
    return set(Event.objects.values_list("pk", flat=True))


def tables(like: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname LIKE %s AND relkind = 'r'", [like])
        return {row[0] for row in cursor.fetchall()}


def test_successes_go_after_thirty_days_and_failures_after_a_hundred_and_eighty(shop):
    old = [finished(shop, 31), finished(shop, 31, Outcome.SKIPPED), finished(shop, 181, Outcome.FAILED)]
    kept = [finished(shop, 29), finished(shop, 179, Outcome.FAILED)]
    assert purge() == 3
    assert left() == {e.pk for e in kept}
    for event in old:
        assert bodies.read(event.pk, "payload") is None
        assert not SearchKey.objects.filter(event_id=event.pk).exists()
        assert not RelatedRequest.objects.filter(event_id=event.pk).exists()


@pytest.mark.parametrize("outcome", [Outcome.QUEUED, Outcome.RUNNING, Outcome.WAITING])
def test_what_is_open_is_never_purged(shop, outcome):
    event = finished(shop, 5000, outcome)
    Event.objects.filter(pk=event.pk).update(finished_at=None, received_at="2010-01-01T00:00:00Z")
    assert purge() == 0


def test_a_connector_may_keep_longer_or_shorter(shop, make_connector):
    Connector.objects.update(retention_success_days=5, retention_failure_days=400)
    other = make_connector("Other")
    short, long = finished(shop, 6), finished(shop, 300, Outcome.FAILED)
    usual = finished(other, 6)
    assert purge() == 1
    assert left() == {long.pk, usual.pk}
    assert short.pk not in left()


def test_events_of_no_connector_are_purged_beside_connectors_with_their_own_days(shop):
    Connector.objects.update(retention_success_days=5)
    event = an_event(shop)
    Event.objects.filter(pk=event.pk).update(
        connector_id=None, outcome=Outcome.SUCCEEDED, finished_at=timezone.now() - timedelta(days=31)
    )
    assert purge() == 1


def test_zero_days_is_a_number_and_not_nothing(shop):
    Connector.objects.update(retention_success_days=0)
    finished(shop, 1)
    assert purge() == 1


def test_a_purge_under_way_elsewhere_is_enough(committed):
    from tests.cast import together

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [module.PURGE_LOCK])
        assert together(purge) == [0]
        cursor.execute("SELECT pg_advisory_unlock(%s)", [module.PURGE_LOCK])


def a_body(event: Event, when: datetime, content: bytes = b"body" * 100) -> None:
    Event.objects.filter(pk=event.pk).update(received_at=when)
    bodies.store(event.pk, "payload", content, when)


def test_a_month_goes_whole_and_the_bodies_of_events_that_stay_are_moved(shop):
    today = timezone.now().date()
    old = month_start(today, -4)
    make_partitions(month_start(today, -3))
    name = bodies.partition_name(old, kept=False)
    assert name in tables("events_body_live_%")
    when = datetime(old.year, old.month, 5, tzinfo=UTC)
    failed, gone = an_event(shop), an_event(shop)
    a_body(failed, when), a_body(gone, when)
    Event.objects.filter(pk=gone.pk).delete()
    assert name in drop_old_partitions(today)
    assert name not in tables("events_body_live_%")
    assert bodies.read(failed.pk, "payload", when) == b"body" * 100
    assert bodies.read(gone.pk, "payload", when) is None


def test_a_body_written_again_after_its_month_was_moved_is_the_one_that_is_read(shop):
    today = timezone.now().date()
    make_partitions(month_start(today, -3))
    old = month_start(today, -4)
    when = datetime(old.year, old.month, 5, tzinfo=UTC)
    event = an_event(shop)
    a_body(event, when, b"before")
    drop_old_partitions(today)
    bodies.store(event.pk, "payload", b"after", when)
    assert bodies.read(event.pk, "payload", when) == b"after"


def test_empty_kept_months_go_and_full_ones_stay(shop):
    today = timezone.now().date()
    make_partitions(month_start(today, -5))
    first = month_start(today, -5)
    when = datetime(first.year, first.month, 5, tzinfo=UTC)
    event = an_event(shop)
    a_body(event, when)
    drop_old_partitions(today)
    dropped = drop_empty_partitions(today)
    assert bodies.partition_name(first, kept=True) not in dropped
    assert bodies.partition_name(month_start(today, -6), kept=True) in dropped
    assert bodies.read(event.pk, "payload", when) == b"body" * 100


def test_partitions_are_made_after_a_long_sleep_too(shop):
    """Rows that fell into the default partition would keep the database from making theirs."""
    later = month_start(timezone.now().date(), 8)
    when = datetime(later.year, later.month, 5, tzinfo=UTC)
    event = an_event(shop)
    a_body(event, when)
    make_partitions(later)
    make_partitions(later)
    assert bodies.partition_name(later, kept=False) in tables("events_body_live_%")
    assert bodies.read(event.pk, "payload", when) == b"body" * 100


def test_months_are_counted_over_the_turn_of_the_year():
    assert month_start(date(2026, 1, 31), -1) == date(2025, 12, 1)
    assert month_start(date(2026, 12, 31), 2) == date(2027, 2, 1)


def test_a_body_is_packed_where_that_pays_and_cut_at_the_cap(db, settings):
    settings.BODY_MAX_BYTES = 1000
    for content in (b"", b"a", b"a" * 5000, bytes(range(256)) * 2):
        assert bodies.unpacked(*bodies.packed(content)) == content
    made = record(New(kind=Kind.WEBHOOK, topic="t", connector_id=1, payload=b"z" * 5000))
    event = Event.objects.get(pk=made.event_id)
    assert (event.payload_size, event.is_payload_cut) == (5000, True)
    assert bodies.read(event.pk, "payload") == b"z" * 1000
