"""The drainer, run in this process: everything due gets its outcome, and nothing it holds is lost."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import OperationalError, connection

from events import batch, bell, claims, drain
from events.drain import Drainer
from events.models import Bell, Event, Outcome, Priority, Reason
from tests.cast import an_event


@pytest.fixture(autouse=True)
def _a_running_process(committed):
    batch.stopping.clear()
    yield
    batch.stopping.clear()


def outcomes() -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in Event.objects.values_list("outcome", flat=True):
        counts[one] = counts.get(one, 0) + 1
    return counts


def test_everything_due_gets_its_outcome(make_connector):
    shops = [make_connector(name) for name in ("A", "B")]
    for number in range(60):
        an_event(shops[number % 2], "delete", obj=str(number))
    assert Drainer(0).run() == 60
    assert outcomes() == {Outcome.SUCCEEDED: 60}
    assert Bell.objects.get(slot=0).is_pending is False


def test_a_big_lane_does_not_starve_a_small_one(make_connector, testing_provider):
    big, small = make_connector("Big"), make_connector("Small")
    order: list[int] = []
    testing_provider.STATE.call = lambda run: order.append(run.connector.pk) or "Done."
    for _ in range(150):
        an_event(big, "call")
    an_event(small, "call")
    Drainer(0).run()
    assert order.index(small.pk) < 60


def test_an_urgent_event_overtakes_a_queue_of_bulk(make_connector, testing_provider):
    shop = make_connector()
    order: list[int] = []
    testing_provider.STATE.call = lambda run: order.append(run.event.pk) or "Done."
    for _ in range(100):
        an_event(shop, "call", priority=Priority.BULK)
    urgent = an_event(shop, "call", priority=Priority.LIVE)
    Drainer(0).run()
    assert order.index(urgent.pk) < 8


def test_an_event_recorded_between_the_last_look_and_the_end_is_not_lost(make_connector, monkeypatch):
    """The bell is marked heard before the last look: whoever records after that rings again."""
    shop = make_connector()
    an_event(shop)
    bell.ring()
    heard = bell.hear
    late: list[bool] = []

    def hear(slot: int) -> None:
        heard(slot)
        if Event.objects.filter(outcome=Outcome.SUCCEEDED).exists() and not late:
            an_event(shop)
            late.append(bell.ring())

    monkeypatch.setattr(bell, "hear", hear)
    Drainer(0).run()
    assert late == [True]
    assert outcomes() == {Outcome.SUCCEEDED: 2}


def test_an_event_committed_just_after_the_last_look_is_seen_by_a_second_one(make_connector, monkeypatch):
    """Its recorder found the bell pending, so it did not ring; its commit came when the drainer had looked already."""
    shop = make_connector()
    looked = claims.lanes
    looks: list[int] = []

    def lanes() -> list[int]:
        found = looked()
        looks.append(len(found))
        if len(looks) == 2:
            an_event(shop)
        return found

    monkeypatch.setattr(claims, "lanes", lanes)
    Drainer(0).run()
    assert outcomes() == {Outcome.SUCCEEDED: 1}


def test_a_slow_event_does_not_keep_the_others_of_its_worker_waiting(
    make_connector, testing_provider, settings, monkeypatch
):
    settings.HUB_DRAIN_SLICE_S = 0.1
    monkeypatch.setattr(drain, "SLOW_S", 0.2)
    shop = make_connector()
    release = threading.Event()
    testing_provider.STATE.call = lambda run: "Done." if release.wait(5) else "Late."
    an_event(shop, "call")
    drainer = threading.Thread(target=lambda: (Drainer(0).run(), connection.close()))
    drainer.start()
    time.sleep(0.6)
    quick = an_event(shop, "noop")
    for _ in range(30):
        time.sleep(0.1)
        if Event.objects.get(pk=quick.pk).outcome == Outcome.SUCCEEDED:
            break
    assert Event.objects.get(pk=quick.pk).outcome == Outcome.SUCCEEDED
    release.set()
    drainer.join(10)
    assert outcomes() == {Outcome.SUCCEEDED: 2}


def test_stopping_finishes_what_runs_and_gives_back_the_rest(make_connector, testing_provider, settings):
    shop = make_connector()
    started = threading.Event()

    def call(run) -> str:
        started.set()
        time.sleep(0.5)
        return "Done."

    testing_provider.STATE.call = call
    for _ in range(30):
        an_event(shop, "call")
    drainer = Drainer(0)
    drainer.sizes[shop.pk] = 30
    settings_concurrency = testing_provider.provider.budget.concurrency
    assert settings_concurrency <= drainer.threads.size
    thread = threading.Thread(target=lambda: (drainer.run(), connection.close()))
    thread.start()
    started.wait(5)
    drain.stop()
    thread.join(10)
    counts = outcomes()
    assert Outcome.RUNNING not in counts
    assert counts[Outcome.SUCCEEDED] >= 1
    assert set(Event.objects.filter(outcome=Outcome.QUEUED).values_list("attempts", flat=True)) <= {0}


def test_what_was_taken_and_not_started_goes_back_at_once(make_connector, testing_provider):
    shop = make_connector()
    drainer = Drainer(0)
    for _ in range(3):
        an_event(shop)
    taken = claims.claim(shop.pk, 10, 10, drainer.lease, 60)
    drain.stop()
    drainer._start(shop.pk, taken)
    drainer._finish_in_hand()
    assert outcomes() == {Outcome.QUEUED: 3}
    assert testing_provider.STATE.handled == []


def test_a_database_that_fails_the_claim_costs_no_outcome_of_what_is_in_hand(
    make_connector, testing_provider, monkeypatch
):
    shop = make_connector()
    testing_provider.STATE.call = lambda run: time.sleep(0.3) or "Done."
    an_event(shop, "call")
    real, calls = claims.lanes, []

    def lanes() -> list[int]:
        calls.append(1)
        if len(calls) == 2:
            raise OperationalError("the server closed the connection")
        return real()

    monkeypatch.setattr(claims, "lanes", lanes)
    Drainer(0).run()
    assert outcomes() == {Outcome.SUCCEEDED: 1}


def test_an_outcome_that_cannot_be_written_takes_no_other_with_it(make_connector, monkeypatch):
    shop = make_connector()
    events = [an_event(shop, "delete", obj=str(n)) for n in range(4)]
    real = drain.finish

    def finish(results):
        if any(r.event_id == events[2].pk and r.outcome == Outcome.SUCCEEDED for r in results):
            raise ValueError("cannot be written")
        return real(results)

    monkeypatch.setattr(drain, "finish", finish)
    Drainer(0).run()
    assert outcomes() == {Outcome.SUCCEEDED: 3, Outcome.FAILED: 1}
    assert Event.objects.get(pk=events[2].pk).reason_code == "outcome_not_written"


def test_a_host_that_cannot_be_told_loses_no_outcome(make_connector, monkeypatch):
    from connectors import host

    monkeypatch.setattr(host, "finished", lambda results: 1 / 0)
    shop = make_connector()
    an_event(shop), an_event(shop)
    Drainer(0).run()
    assert outcomes() == {Outcome.SUCCEEDED: 2}


def test_a_bug_and_an_error_of_each_class_are_outcomes_too(make_connector, testing_provider):
    shop = make_connector()
    for name in testing_provider.ERRORS:
        if name not in {"throttled"}:
            an_event(shop, f"raise/{name}")
    an_event(shop, "bug")
    Drainer(0).run()
    assert Outcome.RUNNING not in outcomes()
    assert Event.objects.filter(outcome=Outcome.FAILED, reason=Reason.BUG).count() == 1


def test_two_drainers_at_once_handle_each_event_once(make_connector, testing_provider):
    from tests.cast import together

    shop = make_connector()
    for number in range(80):
        an_event(shop, "delete", obj=str(number))
    assert sum(together(Drainer(0).run, Drainer(1).run)) == 80
    assert len(testing_provider.STATE.handled) == len(set(testing_provider.STATE.handled)) == 80


def test_the_lanes_concurrency_holds_over_two_drainers(make_connector, testing_provider):
    from tests.cast import together

    shop = make_connector()
    running, most, guard = [0], [0], threading.Lock()

    def call(run) -> str:
        with guard:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.02)
        with guard:
            running[0] -= 1
        return "Done."

    testing_provider.STATE.call = call
    for _ in range(40):
        an_event(shop, "call")
    together(Drainer(0).run, Drainer(1).run)
    assert most[0] <= testing_provider.provider.budget.concurrency
    assert outcomes() == {Outcome.SUCCEEDED: 40}


def test_a_full_slice_rings_again_for_what_is_left(make_connector, settings):
    settings.HUB_DRAIN_SLICE_S = 0.0
    shop = make_connector()
    an_event(shop)
    Drainer(0).run()
    assert outcomes() == {Outcome.QUEUED: 1}
    assert Bell.objects.get(slot=0).is_pending is True


def test_recording_rolled_back_rings_nothing(make_connector):
    from django.db import transaction

    shop = make_connector()
    with transaction.atomic():
        an_event(shop)
        assert bell.ring()
        transaction.set_rollback(True)
    assert Bell.objects.get(slot=0).is_pending is False


def test_a_quick_outcome_does_not_wait_for_the_slow_event_its_thread_took_next(make_connector, testing_provider):
    shop = make_connector()
    release = threading.Event()
    begun: list[int] = []

    def call(run) -> str:
        begun.append(run.event.pk)
        return "Quick." if len(begun) <= 8 or release.wait(5) else "Late."

    testing_provider.STATE.call = call
    for _ in range(16):
        an_event(shop, "call")
    drainer = Drainer(0)
    drainer.sizes[shop.pk] = 16
    taken = claims.claim(shop.pk, 16, 16, drainer.lease, 60)
    drainer._start(shop.pk, taken)
    for _ in range(15):
        drainer._collect(wait_s=0.1)
    assert outcomes().get(Outcome.SUCCEEDED, 0) == 8
    release.set()
    drainer._finish_in_hand()
    assert outcomes() == {Outcome.SUCCEEDED: 16}
