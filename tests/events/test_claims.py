"""Claiming: the oldest of the most urgent, one of each object, never more than allowed, and nothing twice."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction

from events import claims
from events.models import Event, Outcome, Priority, Reason
from events.outcomes import Result, finish, retry
from tests.cast import an_event, claim, together


def outcome(event: Event) -> tuple[str, str]:
    fresh = Event.objects.get(pk=event.pk)
    return fresh.outcome, fresh.reason


def test_the_most_urgent_comes_first_and_then_the_oldest(db):
    bulk = an_event(None, priority=Priority.BULK)
    live = [an_event(None) for _ in range(2)]
    manual = an_event(None, priority=Priority.MANUAL)
    assert [e.pk for e in claim(1)] == [live[0].pk, live[1].pk, manual.pk, bulk.pk]


def test_a_claimed_event_runs_under_a_lease_and_counts_an_attempt(db):
    event = an_event(None)
    [taken] = claim(1)
    assert (taken.pk, taken.outcome, taken.attempts) == (event.pk, Outcome.RUNNING, 1)
    assert taken.lease is not None
    assert claim(1) == []


def test_no_more_run_at_once_than_the_lane_allows(db):
    for _ in range(5):
        an_event(None)
    assert len(claim(1, concurrency=3)) == 3
    assert claim(1, concurrency=3) == []
    assert len(claim(1, concurrency=4)) == 1


def test_two_events_of_one_object_never_run_at_once(db):
    first, second = an_event(None, "delete", obj="7"), an_event(None, "delete", obj="7")
    other = an_event(None, "delete", obj="8")
    assert [e.pk for e in claim(1)] == [first.pk, other.pk]
    assert claim(1) == []
    Event.objects.filter(pk=first.pk).update(outcome=Outcome.SUCCEEDED)
    assert [e.pk for e in claim(1)] == [second.pk]


def test_older_events_of_the_same_object_and_topic_are_superseded(db):
    old = [an_event(None, obj="7") for _ in range(3)]
    Event.objects.filter(pk=old[1].pk).update(outcome=Outcome.WAITING, reason=Reason.RETRY)
    newest = an_event(None, obj="7")
    assert [e.pk for e in claim(1)] == [newest.pk]
    assert {outcome(e) for e in old} == {(Outcome.SKIPPED, Reason.SUPERSEDED)}
    assert Event.objects.get(pk=old[0].pk).superseded_by == newest.pk


def test_another_topic_object_or_connector_is_not_superseded(db):
    others = [an_event(None, "delete", obj="7"), an_event(None, obj="8"), an_event(None, obj="")]
    an_event(None, obj="7")
    claim(1)
    assert (Outcome.SKIPPED, Reason.SUPERSEDED) not in {outcome(e) for e in others}


def test_what_does_not_read_the_current_state_is_not_superseded(db):
    first = an_event(None, "delete", obj="7", is_supersedable=False)
    second = an_event(None, "delete", obj="7", is_supersedable=False)
    assert [e.pk for e in claim(1)] == [first.pk]
    assert outcome(second)[0] == Outcome.QUEUED


def test_what_a_person_retried_is_not_superseded(db):
    failed = an_event(None, obj="7")
    Event.objects.filter(pk=failed.pk).update(outcome=Outcome.FAILED)
    assert retry([failed.pk], by="sam") == 1
    an_event(None, obj="7")
    assert [e.pk for e in claim(1)] == [failed.pk]


def test_a_whole_page_of_superseded_events_does_not_hide_what_comes_after(db):
    for _ in range(500):
        an_event(None, obj="7")
    behind = an_event(None, obj="8")
    taken = {e.pk for _ in range(2) for e in claim(1, limit=8)}
    newest = Event.objects.filter(object_id="7").latest("pk")
    assert taken == {newest.pk, behind.pk}
    assert Event.objects.filter(reason=Reason.SUPERSEDED).count() == 499


def test_superseding_uses_the_index_of_locks(db):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + claims._SUPERSEDE, [["1:thing:7"]])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "event_lock" in plan


def test_the_claim_reads_the_index_in_order_without_sorting(db):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + claims._CANDIDATES, [1, 3, [], 10])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "event_claim" in plan
    assert "Sort" not in plan


def test_lanes_come_with_the_most_urgent_first(db):
    an_event(None, connector_id=1, priority=Priority.BULK)
    an_event(None, connector_id=2, priority=Priority.LIVE)
    an_event(None, connector_id=3, priority=Priority.MANUAL)
    assert claims.lanes() == [2, 3, 1]


def test_rows_another_connection_holds_are_skipped_not_waited_for(committed):
    first, second = an_event(None), an_event(None)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(Event.objects.select_for_update().filter(pk=first.pk))
            held.set()
            done.wait(5)
        connection.close()

    with ThreadPoolExecutor(1) as threads:
        threads.submit(hold)
        held.wait(5)
        assert [e.pk for e in claim(1)] == [second.pk]
        done.set()


def test_claims_at_once_over_many_connections_take_each_event_once(committed):
    for number in range(60):
        an_event(None, "delete", obj=str(number % 20))

    def take() -> list[int]:
        return [e.pk for _ in range(4) for e in claim(1, limit=5, concurrency=12)]

    taken = [pk for part in together(*[take] * 4) for pk in part]
    assert len(taken) == len(set(taken))
    running = Event.objects.filter(outcome=Outcome.RUNNING)
    assert running.count() == len(taken) <= 12
    assert len(set(running.values_list("lock_key", flat=True))) == running.count()


def test_a_lost_lease_changes_nothing(db):
    event = an_event(None)
    [taken] = claim(1)
    Event.objects.filter(pk=event.pk).update(lease=uuid.uuid4())
    assert finish([Result.of(taken, Outcome.SUCCEEDED, sentence="Late.")]) == set()
    assert outcome(event) == (Outcome.RUNNING, "")


def test_leases_are_renewed_but_not_for_ever(db):
    an_event(None)
    [taken] = claim(1)
    Event.objects.filter(pk=taken.pk).update(lease_until="2020-01-01T00:00:00Z")
    claims.renew(taken.lease, [taken.pk], 60, longest_s=900)
    assert Event.objects.get(pk=taken.pk).lease_until.year > 2020
    Event.objects.filter(pk=taken.pk).update(lease_until="2020-01-01T00:00:00Z", started_at="2020-01-01T00:00:00Z")
    claims.renew(taken.lease, [taken.pk], 60, longest_s=900)
    assert Event.objects.get(pk=taken.pk).lease_until.year == 2020


def test_what_was_not_started_is_given_back_with_its_attempt(db):
    started, untouched = an_event(None), an_event(None)
    taken = claim(1)
    assert claims.give_back(taken[0].lease, [untouched.pk]) == 1
    fresh = Event.objects.get(pk=untouched.pk)
    assert (fresh.outcome, fresh.attempts, fresh.lease) == (Outcome.QUEUED, 0, None)
    assert outcome(started)[0] == Outcome.RUNNING
