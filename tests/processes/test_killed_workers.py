"""Any process of the worker's tree dies: the hub recovers by itself, loses nothing, writes nothing twice."""

from __future__ import annotations

import signal

import psutil
import pytest

from tests.processes.hub import Hub, Tree, is_alive, until

# With the short intervals: a dead child is seen within 0.5 s, the tree restarted within 1 s more and up 2 s later.
RECOVERY_S = 12.0


def assert_works(hub: Hub, key, count: int = 10, seconds: float = RECOVERY_S) -> None:
    """New events are handled, their writes done once."""
    keys = [key() for _ in range(count)]
    ids = [hub.accept("thing/careful", one) for one in keys]
    hub.await_written_once(keys, ids, seconds)


def assert_replaced(hub: Hub, dead: Tree) -> None:
    """Nobody of the old queue is left, and a whole new one is at work."""
    until(lambda: not any(is_alive(p) for p in dead.queue), 10, "the old queue is gone")
    assert hub.ready_tree().sentinel != dead.sentinel


def assert_kept(hub: Hub, tree: Tree) -> None:
    assert hub.ready_tree().all == tree.all


def worker_at(hub: Hub, tree: Tree, key: str) -> psutil.Process:
    """The worker that handles the event of this key just now."""
    until(lambda: key in hub.remote.callers, 10, "the remote was asked")
    return tree.worker_of(hub.remote.callers[key])


def test_a_worker_killed_after_the_remote_has_the_write_and_before_it_answers(hub: Hub, tree: Tree, key):
    one = key()
    hub.remote.hold(one)
    event_id = hub.accept("thing/careful", one)
    hub.remote.wait_for(one)
    worker_at(hub, tree, one).kill()
    hub.remote.release(one)
    hub.await_written_once([one], [event_id], RECOVERY_S)
    event = hub.event(event_id)
    assert (event["attempts"], event["sentence"]) == (2, f"{one} was there already.")
    ((states,),) = hub.sql(
        "SELECT array_agg(state ORDER BY requested_at) FROM events_relatedrequest WHERE event_id = %s", event_id
    )
    assert states == ["answered", "sent", "answered"]  # looked up, written (unanswered), looked up again
    assert_replaced(hub, tree)
    assert_works(hub, key)


def test_a_worker_killed_before_the_write_was_sent(hub: Hub, tree: Tree, key):
    one = key()
    event_id = hub.accept("thing/careful", one, think_s=1.5)
    worker_at(hub, tree, one).kill()
    assert hub.remote.writes[one] == 0
    hub.await_written_once([one], [event_id], RECOVERY_S)
    assert hub.event(event_id)["attempts"] == 2
    assert_replaced(hub, tree)


def test_a_worker_killed_after_the_answer_and_before_the_outcome(hub: Hub, tree: Tree, key):
    one = key()
    event_id = hub.accept("thing/careful", one, rest_s=1.5)
    answered = "SELECT 1 FROM events_relatedrequest WHERE event_id = %s AND is_write AND state = 'answered'"
    until(lambda: hub.sql(answered, event_id), 10, "the write was answered")
    worker_at(hub, tree, one).kill()
    hub.await_written_once([one], [event_id], RECOVERY_S)
    assert_replaced(hub, tree)


def test_an_idle_worker_killed_while_it_holds_the_queues_read_lock(hub: Hub, tree: Tree, key):
    tree.lock_holder().kill()
    assert_works(hub, key)
    assert_replaced(hub, tree)


@pytest.mark.parametrize("who", ["monitor", "pusher", "sentinel", "cluster"])
def test_another_process_of_the_queue_killed(hub: Hub, tree: Tree, key, who: str):
    keys = [key() for _ in range(20)]
    ids = [hub.accept("thing/careful", one, think_s=0.3) for one in keys[:10]]
    getattr(tree, who).kill()
    ids += [hub.accept("thing/careful", one) for one in keys[10:]]
    hub.await_written_once(keys, ids, RECOVERY_S)
    assert_replaced(hub, tree)
    assert_kept(hub, hub.ready_tree())


def test_the_supervisor_killed_leaves_no_orphan_and_a_new_one_goes_on(hub: Hub, tree: Tree, key):
    one = key()
    event_id = hub.accept("thing/careful", one, think_s=1.0)
    worker_at(hub, tree, one)
    hub.kill("worker")
    until(lambda: not any(is_alive(p) for p in tree.all), 3, "no orphan is left")
    assert hub.remote.writes[one] == 0
    hub.start_worker()
    hub.await_written_once([one], [event_id], RECOVERY_S)
    assert_works(hub, key)


def test_the_supervisor_killed_while_its_queue_starts_leaves_no_orphan(hub: Hub, tree: Tree):
    hub.stop("worker")
    started = hub.start("worker", "worker")
    others = {p.pid for p in hub.processes()} - {started.pid}
    until(lambda: psutil.Process(started.pid).children(), 15, "the queue's process was started")
    hub.kill("worker")
    until(lambda: {p.pid for p in hub.processes()} <= others, 10, "no orphan is left")


def test_a_stopped_worker_that_holds_the_queues_read_lock_is_noticed_by_silence(hub: Hub, tree: Tree, key):
    tree.lock_holder().send_signal(signal.SIGSTOP)
    assert_works(hub, key, seconds=30)
    assert_replaced(hub, tree)
    assert "cluster_silent" in hub.log("worker")


def test_a_stopped_worker_beside_one_that_works_is_noticed_too(hub: Hub, tree: Tree, key):
    holder = tree.lock_holder()
    next(w for w in tree.workers if w != holder).send_signal(signal.SIGSTOP)
    assert_works(hub, key)
    until(lambda: not any(is_alive(p) for p in tree.queue), 30, "the tree with a stopped worker is gone")
    assert_works(hub, key)


def test_a_stopped_sentinel_is_noticed_too(hub: Hub, tree: Tree, key):
    tree.sentinel.send_signal(signal.SIGSTOP)
    assert_works(hub, key)
    until(lambda: not any(is_alive(p) for p in tree.queue), 30, "the tree with a stopped sentinel is gone")
    assert_works(hub, key)


def test_the_queue_emptied_while_events_wait(hub: Hub, tree: Tree, key):
    hub.stop("worker")
    keys = [key() for _ in range(10)]
    ids = [hub.accept("thing/careful", one) for one in keys]
    hub.sql("TRUNCATE django_q_ormq")
    # What a cluster that is gone was called with: nobody takes it, the new worker tidies it away.
    hub.sql("INSERT INTO django_q_ormq (key, payload, lock) VALUES ('gone:1', '', now() - interval '1 hour')")
    assert hub.sql("SELECT is_pending FROM events_bell WHERE slot = 0") == [(True,)]
    hub.start_worker()
    hub.await_written_once(keys, ids, RECOVERY_S)
    until(lambda: not hub.sql("SELECT 1 FROM django_q_ormq WHERE key = 'gone:1'"), 5, "stale calls are tidied away")
