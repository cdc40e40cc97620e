"""How long the hub takes to recover with its own, unshortened intervals: ``python -m tests.benchmarks.recovery``.

One JSON line a figure; ends with 1 where one does not hold. Takes about three minutes, most of it waiting.
"""

from __future__ import annotations

import itertools
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from tests.processes.hub import Hub, Tree, until
from tests.processes.remote import Remote

AWAY_S = 30.0  # how long the database stays dead
LONGEST_S = 120.0  # patience of the benchmark, above every limit
_numbers = itertools.count(1)
_figures: list[bool] = []


def key() -> str:
    return f"thing-{next(_numbers)}"


def figure(name: str, value: float, unit: str, at_most: float) -> None:
    holds = value <= at_most
    _figures.append(holds)
    line = {"name": name, "value": round(value, 2), "unit": unit, "floor": None, "ratio": None, "at_most": at_most}
    print(json.dumps({**line, "holds": holds}), flush=True)


def handled_after(hub: Hub, harm: Callable[[], None]) -> float:
    """Seconds from the harm until an event that came just after it is handled."""
    began = time.monotonic()
    harm()
    hub.await_success([hub.accept("thing/careful", key())], LONGEST_S)
    return time.monotonic() - began


def kills(hub: Hub) -> None:
    tree = hub.ready_tree()
    took = handled_after(hub, tree.lock_holder().kill)
    figure("idle worker killed, seconds until the next event is handled", took, "s", 60)
    for name in ("monitor", "pusher", "sentinel"):
        tree = settled(hub)
        process: psutil.Process = getattr(tree, name)
        figure(f"{name} killed, seconds until the next event is handled", handled_after(hub, process.kill), "s", 60)
    tree = settled(hub)
    holder = tree.lock_holder()
    took = handled_after(hub, lambda: holder.send_signal(signal.SIGSTOP))
    figure("idle worker hung, seconds until the next event is handled", took, "s", 60)


def settled(hub: Hub) -> Tree:
    """The new tree; a start soon after the last one is paused for, and that is no part of the next figure."""
    tree = hub.ready_tree(seconds=LONGEST_S)
    time.sleep(1.0)
    return tree


def mid_job(hub: Hub) -> None:
    tree = settled(hub)
    one = key()
    hub.remote.hold(one)
    event_id = hub.accept("thing/careful", one)
    hub.remote.wait_for(one)
    began = time.monotonic()
    tree.worker_of(hub.remote.callers[one]).kill()
    hub.remote.release(one)
    hub.await_success([event_id], LONGEST_S)
    figure("worker killed in mid-job, seconds until its event ends", time.monotonic() - began, "s", 75)
    figure("worker killed in mid-job, writes doubled", hub.remote.writes[one] - 1, "writes", 0)


@contextmanager
def deliveries(hub: Hub, answers: dict[str, int]) -> Iterator[Callable[[float], None]]:
    def post_for(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            one = key()
            answers[one] = hub.post("thing/careful", one, think_s=0.2).status_code
            time.sleep(0.05)

    yield post_for


def database(hub: Hub) -> None:
    settled(hub)
    answers: dict[str, int] = {}
    with deliveries(hub, answers) as post_for:
        post_for(2.0)
        hub.kill_database()
        post_for(AWAY_S)
        hub.database.start(say=False)
        began = time.monotonic()
        hub.await_success([hub.accept("thing/careful", key())], LONGEST_S)
        name = f"database killed for {AWAY_S:g} s"
        figure(f"{name}, seconds after its return until the next event is handled", time.monotonic() - began, "s", 60)
        post_for(1.0)
    taken = [one for one, status in answers.items() if status == 200]
    others = sum(status not in (200, 503) for status in answers.values())
    until(lambda: hub.open_events() == 0, LONGEST_S, "every event ended")
    figure(f"{name}, seconds after its return until every event has ended", time.monotonic() - began, "s", 75)
    rows = hub.sql("SELECT object_id FROM events_event WHERE object_id = ANY(%s) AND outcome = 'succeeded'", taken)
    figure(f"{name}, accepted deliveries lost (of {len(taken)})", len(taken) - len(rows), "events", 0)
    doubled = sum(count - 1 for count in hub.remote.writes.values() if count > 1)
    figure(f"{name}, writes doubled", doubled, "writes", 0)
    figure(f"{name}, answers that were neither 200 nor 503", others, "answers", 0)


def main() -> int:
    remote = Remote()
    hub = Hub(remote, intervals={})
    try:
        hub.start_web()
        hub.start_worker()
        kills(hub)
        mid_job(hub)
        database(hub)
    finally:
        hub.close()
        remote.close()
    return 0 if all(_figures) else 1


if __name__ == "__main__":
    sys.exit(main())
