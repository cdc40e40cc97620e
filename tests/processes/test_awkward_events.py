"""Events that are too long for a drainer's slice, or whose outcome cannot be written, hold nobody up."""

from __future__ import annotations

import time

from tests.processes.hub import FINAL, SHORT, Hub, Tree, until


def test_a_long_event_in_the_only_worker_lets_others_pass(hub: Hub, key):
    if "worker" in hub.started:
        hub.stop("worker")
    hub.start("worker", "worker", HUB_WORKERS="1")
    try:
        long = key()
        hub.remote.hold(long)
        long_id = hub.accept("thing/careful", long)
        hub.remote.wait_for(long)
        time.sleep(float(SHORT["HUB_DRAIN_SLICE_S"]) + 0.5)
        ids = [hub.accept("thing/careful", key()) for _ in range(5)]
        hub.await_success(ids, 3)
        assert hub.event(long_id)["outcome"] == "running"
        hub.remote.release(long)
        hub.await_written_once([long], [long_id], 5)
        assert hub.event(long_id)["attempts"] == 1
    finally:
        hub.stop("worker")


def test_an_outcome_that_cannot_be_written_takes_no_other_with_it(hub: Hub, tree: Tree, key):
    bad = hub.accept("thing/unwritable", key())
    ids = [hub.accept("thing/careful", key(), think_s=0.3) for _ in range(6)]
    hub.await_success(ids, 5)
    until(lambda: hub.event(bad)["outcome"] in FINAL, 5, "the unwritable one ended, however it is told")
    assert hub.event(bad)["attempts"] == 1
    assert hub.sql("SELECT max(attempts) FROM events_event WHERE id = ANY(%s)", ids) == [(1,)]
