"""The pulse: what is due wakes, what a dead worker held comes back, what was not heard rings, and nothing stops the
rest."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from connectors import breakers, host, lanes
from connectors.host import finished
from connectors.models import Breaker, Connector
from events import bell, bodies, heartbeat
from events import pulse as module
from events.host import Room
from events.models import Bell, Event, Family, Heartbeat, Kind, Outcome, Reason
from events.pulse import pulse, ring_unheard, take_back, wake
from tests.cast import an_event, claim, run_one
from tests.provider import STATE

LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture
def shop(db, make_connector) -> Connector:
    return make_connector("Shop")


def test_a_waiting_event_wakes_when_its_time_has_come(shop):
    due, later = an_event(shop), an_event(shop)
    Event.objects.update(outcome=Outcome.WAITING, reason=Reason.RETRY, due_at=timezone.now() + timedelta(hours=1))
    Event.objects.filter(pk=due.pk).update(due_at=LONG_AGO)
    assert wake() == 1
    due.refresh_from_db(), later.refresh_from_db()
    assert (due.outcome, later.outcome) == (Outcome.QUEUED, Outcome.WAITING)
    assert Bell.objects.get(slot=0).is_pending


def test_a_dead_workers_event_comes_back_with_one_attempt_more_and_fails_after_the_last(shop):
    event = an_event(shop, max_attempts=2)
    for attempt in (1, 2):
        [taken] = claim(shop)
        assert taken.attempts == attempt
        assert take_back() == 0  # its lease is good
        Event.objects.update(lease_until=LONG_AGO)
        assert take_back() == 1
        event.refresh_from_db()
        assert event.outcome == (Outcome.QUEUED if attempt == 1 else Outcome.FAILED)
    assert (event.reason, event.lease) == (Reason.WORKER_LOST, None)
    assert event.sentence
    assert event.next_step
    assert Family.objects.get().reason == Reason.WORKER_LOST
    assert event.cause == Family.objects.get().cause


def test_a_bell_that_died_is_rung_again_and_one_that_was_heard_too_early_at_once(shop):
    assert ring_unheard() is False
    an_event(shop)
    Bell.objects.filter(slot=0).update(is_pending=False, rung_at=timezone.now())
    assert ring_unheard() is True
    assert ring_unheard() is False  # pending since a moment ago: somebody is coming
    Bell.objects.filter(slot=0).update(is_pending=True, rung_at=timezone.now() - timedelta(seconds=6))
    assert ring_unheard() is True


def test_one_broken_step_stops_no_other(shop, committed, monkeypatch):
    event = an_event(shop)
    Event.objects.update(outcome=Outcome.WAITING, reason=Reason.RETRY, due_at=LONG_AGO)
    monkeypatch.setattr(module, "take_back", lambda: 1 / 0)
    monkeypatch.setattr(lanes, "label_closed", lambda: 1 / 0)
    assert pulse() is True
    event.refresh_from_db()
    assert event.outcome == Outcome.QUEUED
    assert Heartbeat.objects.filter(role="pulse").exists()


def test_only_one_machine_pulses_at_a_time(committed):
    from tests.cast import together

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [module.PULSE_LOCK])
        assert together(pulse) == [False]
        cursor.execute("SELECT pg_advisory_unlock(%s)", [module.PULSE_LOCK])


def test_another_machines_pulse_of_a_moment_ago_is_enough(db):
    heartbeat.beat(role="pulse", name="pulse")
    assert pulse() is True  # our own
    Heartbeat.objects.filter(name="pulse").update(host="another", seen_at=timezone.now())
    assert pulse() is False
    Heartbeat.objects.filter(name="pulse").update(seen_at=timezone.now() - timedelta(seconds=1))
    assert pulse() is True


def test_the_purge_has_its_turn_even_where_partitions_cannot_be_made(db, monkeypatch):
    called: list[str] = []
    monkeypatch.setattr(module, "_tidied", [])
    monkeypatch.setattr(bell, "call", lambda name, **_: called.append(name))
    monkeypatch.setattr(bodies, "make_partitions", lambda today: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        module.tidy()
    assert called == ["events.purge.purge"]


# --- closed lanes -----------------------------------------------------------------------------------------------------


def state() -> str:
    return Breaker.objects.get().state


def fail(shop, times: int, topic: str = "raise/unavailable") -> None:
    for _ in range(times):
        an_event(shop, topic, max_attempts=8)
        finished([run_one(shop)[0]])


def test_five_failures_of_the_connection_open_the_breaker_with_one_mail_and_its_events_wait(shop):
    fail(shop, 4)
    assert state() == "closed"
    fail(shop, 1)
    assert state() == "open"
    waiting = [an_event(shop) for _ in range(3)]
    assert lanes.open_lanes([shop.pk]) == {}
    lanes.label_closed()
    for event in waiting:
        event.refresh_from_db()
        assert (event.outcome, event.reason) == (Outcome.WAITING, Reason.BREAKER_OPEN)
        assert "does not answer" in event.sentence
    family = Family.objects.get()
    assert (family.reason, family.topic) == (Reason.UNAVAILABLE, "connection")


def test_a_whole_batch_of_failures_opens_it_at_once(shop):
    results = []
    for _ in range(8):
        an_event(shop, "raise/unavailable", max_attempts=8)
        results.append(run_one(shop)[0])
    finished(results)
    assert state() == "open"


def test_refusals_and_throttling_do_not_open_it_and_a_refusal_shows_that_somebody_is_there(shop):
    fail(shop, 10, "raise/refused")
    fail(shop, 10, "raise/throttled")
    assert not Breaker.objects.exclude(state="closed").exists()
    fail(shop, 4)
    fail(shop, 1, "raise/refused")
    fail(shop, 4)
    assert state() == "closed"


def test_late_failures_of_calls_under_way_do_not_put_the_probe_off(shop):
    for _ in range(30):
        breakers.failed(shop.pk, "Away.")
    one = Breaker.objects.get()
    assert (one.probe_at - timezone.now()).total_seconds() < 16


def test_probes_come_less_and_less_often_and_never_too_rarely(shop):
    breakers.failed(shop.pk, "Away.", count=5)
    pauses = []
    for _ in range(8):
        Breaker.objects.update(probe_at=LONG_AGO)
        assert breakers.take_probe(shop.pk)
        assert not breakers.take_probe(shop.pk)
        assert breakers.failed(shop.pk, "Away.")
        pauses.append(round((Breaker.objects.get().probe_at - timezone.now()).total_seconds()))
    assert pauses[:3] == [30, 60, 120]
    assert max(pauses) <= 300


def test_a_probe_that_works_reopens_the_lane_bit_by_bit(shop, monkeypatch):
    monkeypatch.setattr(lanes, "REOPEN_LIMIT", 2)
    fail(shop, 5)
    events = [an_event(shop) for _ in range(5)]
    lanes.label_closed()
    assert lanes.probe(shop.pk) is True
    assert state() == "closed"
    probe = Event.objects.get(kind=Kind.CHECK)
    assert probe.requests.get().endpoint.endswith("/probe")
    assert Family.objects.filter(topic="connection", recovered_at=None).count() == 0
    woken = Event.objects.filter(pk__in=[e.pk for e in events], outcome=Outcome.QUEUED).count()
    assert woken == 2
    assert lanes.reopen() == 2
    assert lanes.reopen() == 1


@pytest.mark.parametrize(
    ("answer", "is_open"),
    [("unavailable", True), ("timed_out", True), ("unauthorised", True), ("refused", False), ("payload", False)],
)
def test_a_probe_that_is_refused_was_answered(shop, testing_provider, answer, is_open):
    def probe(run):
        raise testing_provider.ERRORS[answer]

    STATE.probe = probe
    breakers.failed(shop.pk, "Away.", count=5)
    assert lanes.probe(shop.pk) is not is_open
    assert (state() == "open") is is_open


def test_a_probe_with_a_bug_is_a_failed_probe(shop):
    STATE.probe = lambda run: 1 / 0
    breakers.failed(shop.pk, "Away.", count=5)
    assert breakers.take_probe(shop.pk) is False
    Breaker.objects.update(probe_at=LONG_AGO)
    assert lanes.probe_due() == 1
    assert lanes.probe(shop.pk) is False
    assert state() == "open"


def test_a_success_closes_the_breaker(shop):
    fail(shop, 5)
    an_event(shop)
    finished([run_one(shop)[0]])
    assert state() == "closed"


def test_a_paused_lane_waits_labelled_and_goes_on_when_it_is_resumed(shop):
    event = an_event(shop)
    Connector.objects.update(is_paused=True)
    host.pulse()
    event.refresh_from_db()
    assert (event.outcome, event.reason) == (Outcome.WAITING, Reason.PAUSED)
    host.pulse()
    Connector.objects.update(is_paused=False)
    host.pulse()
    event.refresh_from_db()
    assert (event.outcome, event.reason) == (Outcome.QUEUED, "")


@pytest.mark.parametrize("how", ["deleted", "disabled"])
def test_events_of_a_lane_that_is_gone_are_told_so(shop, how):
    event = an_event(shop)
    Connector.objects.update(is_paused=True)
    host.pulse()
    if how == "deleted":
        Connector.objects.all().delete()
    else:
        Connector.objects.update(is_enabled=False)
    host.pulse()
    event.refresh_from_db()
    assert event.outcome == Outcome.QUEUED
    assert lanes.open_lanes([event.connector_id]) == {event.connector_id: Room(1000, 1000)}


def test_finding_open_lanes_does_not_read_every_waiting_event(shop):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + lanes._WAITED_FOR)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan on events_event" not in plan


def test_a_dependency_waits_and_fails_after_the_last_attempt(shop):
    an_event(shop, "raise/dependency", max_attempts=2)
    _, event = run_one(shop)
    assert (event.outcome, event.reason, event.reason_code) == (Outcome.WAITING, Reason.DEPENDENCY, "order:1")
    Event.objects.update(outcome=Outcome.QUEUED)
    assert run_one(shop)[1].outcome == Outcome.FAILED


def test_health_tells_the_last_success_and_failure(shop):
    fail(shop, 1, "raise/refused")
    shop.refresh_from_db()
    assert shop.last_failure == "It refused."
    an_event(shop)
    finished([run_one(shop)[0]])
    shop.refresh_from_db()
    assert shop.last_success_at is not None


def test_heartbeats_tell_who_lives(db):
    heartbeat.beat(3, name="w1")
    heartbeat.beat(4, name="w1")
    assert Heartbeat.objects.get(name="w1").events_handled == 7
    assert heartbeat.alive("worker", 5) == 1
    assert heartbeat.silent_for_s("nobody") is None
    Heartbeat.objects.update(seen_at=LONG_AGO)
    assert heartbeat.alive("worker", 5) == 0
    assert heartbeat.silent_for_s("w1") > 1000


# --- a clock that was set back ----------------------------------------------------------------------------------------

AHEAD = timedelta(hours=1)


def test_a_sign_of_life_from_the_future_silences_no_pulse(shop):
    Heartbeat.objects.create(name="pulse", role="pulse", host="other", process_id=1, seen_at=timezone.now() + AHEAD)
    assert pulse() is True


def test_a_bell_rung_in_the_future_is_rung_again(shop):
    an_event(shop)
    Bell.objects.update(is_pending=True, rung_at=timezone.now() + AHEAD)
    assert ring_unheard() is True


def test_a_lease_nobody_gives_for_so_long_is_taken_back(shop):
    an_event(shop)
    [taken] = claim(shop)
    Event.objects.update(lease_until=timezone.now() + AHEAD)
    assert take_back() == 1
    taken.refresh_from_db()
    assert taken.outcome == Outcome.QUEUED
