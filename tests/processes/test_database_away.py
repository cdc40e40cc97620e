"""The database is killed while events run and deliveries arrive, and comes back."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest

from tests.processes.hub import Hub, Tree, until

AWAY_S = 3.5  # longer than the lease of the short intervals
RECOVERY_S = 20.0


class Vendor(threading.Thread):
    """Posts one delivery after another until told to end; what was not taken is remembered, to be sent again."""

    def __init__(self, hub: Hub, key) -> None:
        super().__init__(daemon=True)
        self.hub = hub
        self.key = key
        self.ended = threading.Event()
        self.answers: dict[str, int] = {}

    def run(self) -> None:
        while not self.ended.wait(0.03):
            key = self.key()
            self.answers[key] = self.hub.post("thing/careful", key, think_s=0.2).status_code

    def end(self) -> None:
        self.ended.set()
        self.join(20)
        assert not self.is_alive()


@pytest.fixture
def slow_heart(hub: Hub):
    """A worker that renews its leases less often than the pulse looks for lost ones."""
    if "worker" in hub.started:
        hub.stop("worker")
    hub.start("worker", "worker", HUB_HEARTBEAT_S="2")
    yield hub.ready_tree()
    hub.stop("worker")


def test_killed_while_deliveries_arrive_and_events_run(hub: Hub, slow_heart: Tree, key):
    long = key()
    long_id = hub.accept("thing/careful", long, think_s=AWAY_S + 1.5)
    held = key()
    hub.remote.hold(held)
    held_id = hub.accept("thing/careful", held)
    hub.remote.wait_for(held)
    vendor = Vendor(hub, key)
    vendor.start()
    time.sleep(1.0)
    hub.kill_database()
    time.sleep(AWAY_S / 2)
    hub.remote.release(held)  # the answer comes while the hub cannot write it down
    time.sleep(AWAY_S / 2)
    hub.database.start(say=False)
    time.sleep(1.5)
    vendor.end()

    statuses = set(vendor.answers.values())
    assert statuses == {200, 503}
    taken = [key for key, status in vendor.answers.items() if status == 200]
    refused = [key for key, status in vendor.answers.items() if status == 503]
    assert len(taken) > 20
    assert len(refused) > 10
    # Accepted means kept: every delivery that was answered 200 is one event.
    rows = hub.sql("SELECT object_id, count(*) FROM events_event WHERE object_id = ANY(%s) GROUP BY 1", taken)
    assert dict(rows) == dict.fromkeys(taken, 1)
    # The vendor sends again what was refused.
    for one in refused:
        hub.accept("thing/careful", one)
    keys = [*taken, *refused, long, held]
    rows = hub.sql("SELECT object_id, id FROM events_event WHERE object_id = ANY(%s)", keys)
    assert len(rows) == len(keys)
    ids = [event_id for _, event_id in rows]
    assert {long_id, held_id} <= set(ids)
    hub.await_written_once(keys, ids, RECOVERY_S)
    assert hub.event(long_id)["attempts"] == 1  # it ran on through the outage, once


def is_written_down(hub: Hub, event_id: int) -> bool:
    query = "SELECT 1 FROM events_relatedrequest WHERE event_id = %s AND is_write AND state = 'answered'"
    return bool(hub.sql(query, event_id))


def test_the_queues_processes_and_a_long_event_outlive_it(hub: Hub, tree: Tree, key):
    warm = [hub.accept("thing/careful", key(), think_s=0.1) for _ in range(16)]  # every thread has a connection now
    hub.await_success(warm, RECOVERY_S)
    long = key()
    long_id = hub.accept("thing/careful", long, rest_s=4)
    until(lambda: is_written_down(hub, long_id), 5, "its write was answered")
    hub.kill_database()
    assert hub.post("thing/careful", key()).status_code == 503
    time.sleep(3)
    hub.database.start(say=False)
    began = time.monotonic()
    ids = [hub.accept("thing/careful", key()) for _ in range(5)]
    hub.await_success(ids, RECOVERY_S)
    assert time.monotonic() - began < 4
    hub.await_written_once([long], [long_id], RECOVERY_S)
    assert hub.event(long_id)["attempts"] == 1
    assert hub.ready_tree().all == tree.all
    assert "database_away" in hub.log("worker")


def test_web_and_worker_start_without_it_and_wait(hub: Hub, key):
    hub.stop("worker")
    hub.stop("web")
    hub.kill_database()
    hub.start_web()
    assert hub.post("thing/careful", key()).status_code == 503
    hub.start("worker", "worker")
    time.sleep(3)
    hub.database.start(say=False)
    one = key()
    event_id = until(lambda: hub.post("thing/careful", one).status_code == 200 and hub.accept("thing/careful", one),
                     10, "a delivery is taken")  # fmt: skip
    hub.await_written_once([one], [event_id], RECOVERY_S)


def test_one_that_refuses_connections_is_said_in_one_line(hub: Hub, tree: Tree, key):
    outside = psycopg.connect(
        host=str(hub.database.socket_directory), user="postgres", dbname="postgres", autocommit=True
    )
    outside.execute("ALTER DATABASE hub ALLOW_CONNECTIONS false")
    outside.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'hub'")
    try:
        assert hub.post("thing/careful", key()).status_code == 503
        until(lambda: "The database refuses connections." in hub.log("worker"), 5, "the worker says so")
    finally:
        outside.execute("ALTER DATABASE hub ALLOW_CONNECTIONS true")
        outside.close()
    assert "The database refuses connections." in hub.log("web")
    assert "Traceback" not in hub.log("web")
    assert hub.connectors["one"]["token"] not in hub.log("web")
    one = key()
    hub.await_written_once([one], [hub.accept("thing/careful", one)], RECOVERY_S)
