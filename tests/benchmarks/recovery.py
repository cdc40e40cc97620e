"""How long the hub takes to recover with its own, unshortened intervals: about four minutes, most of it waiting."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Callable, Iterator

import psutil

from tests.benchmarks.figure import Figure
from tests.processes.hub import Hub, Tree, until
from tests.processes.remote import Remote

AWAY_S = 30.0  # how long the database stays dead
LONGEST_S = 120.0  # patience of the benchmark, above every limit
_numbers = itertools.count(1)


def key() -> str:
    return f"thing-{next(_numbers)}"


def figure(name: str, value: float, unit: str, at_most: float) -> Figure:
    return Figure(name=name, value=value, unit=unit, at_most=at_most)


def handled_after(hub: Hub, harm: Callable[[], None]) -> float:
    """Seconds from the harm until an event that came just after it is handled."""
    began = time.monotonic()
    harm()
    hub.await_success([hub.accept("thing/careful", key())], LONGEST_S)
    return time.monotonic() - began


def kills(hub: Hub) -> Iterator[Figure]:
    tree = hub.ready_tree()
    took = handled_after(hub, tree.lock_holder().kill)
    yield figure("idle worker killed, seconds until the next event is handled", took, "s", 60)
    for name in ("monitor", "pusher", "sentinel"):
        tree = settled(hub)
        process: psutil.Process = getattr(tree, name)
        took = handled_after(hub, process.kill)
        yield figure(f"{name} killed, seconds until the next event is handled", took, "s", 60)
    tree = settled(hub)
    holder = tree.lock_holder()
    took = handled_after(hub, lambda: holder.send_signal(signal.SIGSTOP))
    yield figure("idle worker hung, seconds until the next event is handled", took, "s", 60)


def settled(hub: Hub) -> Tree:
    """The new tree; a start soon after the last one is paused for, and that is no part of the next figure."""
    tree = hub.ready_tree(seconds=LONGEST_S)
    time.sleep(1.0)
    return tree


def mid_job(hub: Hub) -> Iterator[Figure]:
    tree = settled(hub)
    one = key()
    hub.remote.hold(one)
    event_id = hub.accept("thing/careful", one)
    hub.remote.wait_for(one)
    began = time.monotonic()
    tree.worker_of(hub.remote.callers[one]).kill()
    hub.remote.release(one)
    hub.await_success([event_id], LONGEST_S)
    yield figure("worker killed in mid-job, seconds until its event ends", time.monotonic() - began, "s", 75)
    yield figure("worker killed in mid-job, writes doubled", hub.remote.writes[one] - 1, "writes", 0)


def post_for(hub: Hub, seconds: float, answers: dict[str, int]) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        one = key()
        answers[one] = hub.post("thing/careful", one, think_s=0.2).status_code
        time.sleep(0.05)


def database(hub: Hub) -> Iterator[Figure]:
    settled(hub)
    answers: dict[str, int] = {}
    post_for(hub, 2.0, answers)
    hub.kill_database()
    post_for(hub, AWAY_S, answers)
    hub.database.start(say=False)
    began = time.monotonic()
    hub.await_success([hub.accept("thing/careful", key())], LONGEST_S)
    took = time.monotonic() - began
    name = f"database killed for {AWAY_S:g} s"
    yield figure(f"{name}, seconds after its return until the next event is handled", took, "s", 60)
    post_for(hub, 1.0, answers)
    taken = [one for one, status in answers.items() if status == 200]
    others = sum(status not in (200, 503) for status in answers.values())
    until(lambda: hub.open_events() == 0, LONGEST_S, "every event ended")
    yield figure(f"{name}, seconds after its return until every event has ended", time.monotonic() - began, "s", 75)
    rows = hub.sql("SELECT object_id FROM events_event WHERE object_id = ANY(%s) AND outcome = 'succeeded'", taken)
    yield figure(f"{name}, accepted deliveries lost (of {len(taken)})", len(taken) - len(rows), "events", 0)
    doubled = sum(count - 1 for count in hub.remote.writes.values() if count > 1)
    yield figure(f"{name}, writes doubled", doubled, "writes", 0)
    yield figure(f"{name}, answers that were neither 200 nor 503", others, "answers", 0)


def run() -> Iterator[Figure]:
    remote = Remote()
    hub = Hub(remote, intervals={})
    try:
        hub.start_web()
        hub.start_worker()
        yield from kills(hub)
        yield from mid_job(hub)
        yield from database(hub)
    finally:
        hub.close()
        remote.close()
