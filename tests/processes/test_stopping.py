"""Being asked to stop: what is in hand is finished, nothing is lost, nobody stays behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import psutil
import pytest
import requests

from tests.processes.hub import ROOT, Hub, Tree, is_alive, until


def test_a_worker_asked_to_stop_finishes_what_it_has_in_hand(hub: Hub, tree: Tree, key):
    keys = [key() for _ in range(30)]
    ids = [hub.accept("thing/careful", one, think_s=1.0) for one in keys]
    until(lambda: hub.sql("SELECT count(*) FROM events_event WHERE outcome = 'running'")[0][0] >= 4, 10, "events run")
    took = hub.stop("worker")
    assert took < 10
    assert not any(is_alive(p) for p in tree.all)
    assert hub.sql("SELECT count(*) FROM events_event WHERE outcome = 'running'") == [(0,)]
    assert hub.sql("SELECT count(*) FROM events_event WHERE attempts > 1 AND id = ANY(%s)", ids) == [(0,)]
    assert hub.sql("SELECT 1 FROM events_heartbeat WHERE name LIKE %s", f"%:{tree.supervisor.pid}") == []
    assert hub.open_events() > 0  # the others wait for the next worker
    hub.start_worker()
    hub.await_written_once(keys, ids, 25)
    assert hub.sql("SELECT max(attempts) FROM events_event WHERE id = ANY(%s)", ids) == [(1,)]


def test_a_worker_asked_to_stop_while_a_pulse_runs_obeys(hub: Hub, tree: Tree):
    """Each pulse is made slow inside one of its guarded steps: the request to stop arrives there."""
    hub.sql("BEGIN; LOCK TABLE events_mail IN ACCESS EXCLUSIVE MODE")
    try:
        until(lambda: hub.sql("SELECT 1 FROM pg_locks WHERE NOT granted"), 5, "the pulse waits")
        assert hub.stop("worker") < 10
    finally:
        hub.sql("ROLLBACK")
    assert not any(is_alive(p) for p in tree.all)


def test_a_worker_asked_twice_ends_at_once_and_leaves_no_orphan(hub: Hub, tree: Tree, key):
    one = key()
    hub.remote.hold(one)
    event_id = hub.accept("thing/careful", one)
    hub.remote.wait_for(one)
    process = hub.started["worker"]
    process.terminate()
    time.sleep(0.5)
    assert hub.stop("worker", 3) < 3
    until(lambda: not any(is_alive(p) for p in tree.all), 3, "no orphan is left")
    hub.remote.release(one)
    hub.start_worker()
    hub.await_written_once([one], [event_id], 15)


def test_a_second_one_on_a_taken_port_says_what_to_do(hub: Hub):
    for command in ("web", "hub"):
        done = subprocess.run(
            [sys.executable, "manage.py", command], env=hub.environment, cwd=ROOT, capture_output=True, text=True,
            timeout=30, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        said = done.stderr.strip().splitlines()[-1]
        assert said.startswith(f"CommandError: The hub cannot listen at 127.0.0.1:{hub.port}")
        assert "HUB_BIND" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def small_hub(remote):
    made = Hub(remote, embedded=True)
    yield made
    made.close()


@pytest.fixture
def whole_hub(small_hub: Hub) -> Hub:
    """``manage.py hub`` with the embedded database, as on a small merchant's machine."""
    small_hub.start("hub", "hub")
    until(small_hub.is_answering, 30, "the hub answers")
    return small_hub


def worker_pid(hub: Hub) -> int:
    def find() -> int:
        for child in psutil.Process(hub.started["hub"].pid).children():
            if "worker" in child.cmdline():
                return child.pid
        return 0

    return until(find, 20, "the worker runs")


def post_or_none(hub: Hub, key: str) -> requests.Response | None:
    try:
        answer = hub.post("thing/careful", key)
    except requests.ConnectionError:
        return None
    return answer if answer.status_code == 200 else None


def test_the_hub_survives_its_database_and_stops_everything_on_ctrl_c(whole_hub: Hub, key):
    hub = whole_hub
    tree = hub.ready_tree("hub", pid=worker_pid(hub))
    keys = [key() for _ in range(6)]
    ids = [hub.accept("thing/careful", one, think_s=1.0) for one in keys]

    # The postmaster is killed: it comes back by itself.
    killed = psutil.Process(hub.database.pid())
    hub.kill_database()
    began = time.monotonic()
    until(lambda: hub.database.is_up() and hub.database.is_running(), 20, "the database is back")
    assert hub.database.pid() != killed.pid
    one = key()
    until(lambda: post_or_none(hub, one), 10, "deliveries are taken again")
    assert time.monotonic() - began < 15
    hub.await_success(ids, 20)
    assert [hub.remote.writes[k] for k in keys] == [1] * len(keys)

    # The web server and the worker are killed: they come back too.
    for child in psutil.Process(hub.started["hub"].pid).children():
        child.kill()
    until(lambda: not any(is_alive(p) for p in tree.all), 5, "the old worker's tree is gone")
    two = key()
    answer = until(lambda: post_or_none(hub, two), 20, "web is back")
    hub.await_written_once([two], [int(answer.json()["event_id"])], 20)

    # Ctrl-C: what is in hand is finished, everything stops, the database too.
    three = key()
    event_id = hub.accept("thing/careful", three, think_s=1.5)
    until(lambda: hub.event(event_id)["outcome"] == "running", 10, "the event runs")
    everybody = hub.processes()
    postmaster = psutil.Process(hub.database.pid())
    took = hub.stop("hub", 40, signal.SIGINT)
    assert took < 15
    assert not hub.processes()
    assert not [p for p in everybody if is_alive(p)]
    assert not is_alive(postmaster)
    hub.database.start(say=False)
    assert hub.event(event_id)["outcome"] == "succeeded"
    assert hub.sql("SELECT count(*) FROM events_event WHERE outcome IN ('running', 'failed')") == [(0,)]
    assert hub.remote.writes[three] == 1


def test_the_hub_killed_leaves_no_orphan(whole_hub: Hub):
    hub = whole_hub
    tree = hub.ready_tree("hub", pid=worker_pid(hub))
    everybody = [p for p in hub.processes() if "postgres" not in p.name()]
    assert len(everybody) >= len(tree.all)
    hub.kill("hub")
    until(lambda: not any(is_alive(p) for p in everybody), 5, "no orphan is left")
