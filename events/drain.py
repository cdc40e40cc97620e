"""The drainer: what a rung bell starts in a worker. It claims due events lane by lane, handles them a few side by side,
writes their outcomes in batches, and ends when nothing is due or its time slice is over.
"""

from __future__ import annotations

import os
import queue
import socket
import threading
import time
import uuid
from collections import deque

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connection

from events import bell, claims, heartbeat
from events.database import in_words
from events.host import host
from events.models import Event, Outcome, Reason
from events.outcomes import Result, finish
from events.pool import pool

log = structlog.get_logger(__name__)

BATCH_LIMIT = 100  # events taken by one claim
BATCH_AIM_S = 0.25  # a batch is sized to take about so long: what one drainer holds, others cannot take
LOOK_AGAIN_S = 0.1  # while events are in hand and threads are idle
FLUSH_AFTER_S = 0.1  # outcomes are written together, at the latest after this
UNWRITABLE = "unwritable"  # reason code of an outcome that could not be written as it was
AWAY_S = 0.5  # pause before a database that is away is asked again


_stopping = threading.Event()


def stop() -> None:
    """This process is to end: drainers finish what they have in hand and take nothing more."""
    _stopping.set()


class Drainer:
    """One run of a rung bell. All database work but the handlers' own happens on the calling thread."""

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.lease = uuid.uuid4()
        self.threads = pool(settings.HUB_THREADS)
        self.in_hand: dict[int, float] = {}  # event id -> monotonic time it was claimed
        self.done: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self.pending: list[Result] = []
        self.oldest_pending = 0.0
        self.sizes: dict[int, int] = {}
        self.rotation: deque[int] = deque()
        self.handled = 0
        self.ends_at = time.monotonic() + settings.HUB_DRAIN_SLICE_S

    def run(self) -> int:
        """Drain; returns how many events got an outcome."""
        bell.hear(self.slot)
        renewal = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(renewal,), name="lease-keeper", daemon=True)
        keeper.start()
        try:
            while self._step_or_wait():
                pass
        finally:
            self._flush(everything=True)
            renewal.set()
        return self.handled

    def _step_or_wait(self) -> bool:
        """One round; while the database is away nothing is taken, and what is in hand is seen to its end."""
        try:
            return self._step()
        except (DatabaseError, InterfaceError) as error:
            log.warning("database_away", error=in_words(error), held=len(self.in_hand))
            connection.close()
            if not (self.in_hand or self.pending):
                return False  # the pulse rings again for what is due
            time.sleep(AWAY_S)
            return True

    def _step(self) -> bool:
        """One round; false when the drainer is finished."""
        in_time = not _stopping.is_set() and (time.monotonic() < self.ends_at or self._is_held())
        if in_time and len(self.in_hand) < self.threads.size and self._claim_some():
            self._collect(wait_s=0.0)
            return True
        if self.in_hand or self.pending:
            self._collect(wait_s=LOOK_AGAIN_S if in_time else 1.0)
            return True
        if not in_time:
            bell.ring(self.slot, again=True)  # the slice is over and work may be left
            return False
        bell.hear(self.slot)  # before the last look: what comes after it rings again
        return self._claim_some()

    def _is_held(self) -> bool:
        """Whether an event of the slice that is over runs on: others are taken beside it, or all would wait for a long
        sync. What it never ends for is left to the queue's own time-out."""
        now, ends_at = time.monotonic(), self.ends_at
        return now < ends_at + settings.HUB_MAX_RUN_S and any(since < ends_at for since in self.in_hand.values())

    def _claim_some(self) -> bool:
        """Claim from the next lane that has anything; true if events were taken."""
        waiting = claims.lanes()
        if not waiting:
            return False
        open_lanes = host().open_lanes(waiting)
        # The most urgent lane first, then each in turn: no lane can starve another.
        order = [lane for lane in waiting if lane in open_lanes]
        if len(order) > 1 and self.rotation:
            last = self.rotation[-1]
            if last in order:
                cut = order.index(last) + 1
                order = order[cut:] + order[:cut]
        for lane in order:
            size = self.sizes.get(lane, self.threads.size)
            events = claims.claim(lane, size, open_lanes[lane], self.lease, settings.HUB_LEASE_S)
            if events:
                self.rotation = deque([lane])
                if len(events) == size and size > 1:
                    bell.ring(self._next_slot())  # more is waiting than this drainer took
                self._start(lane, events)
                return True
        return False

    def _next_slot(self) -> int:
        return (self.slot + 1) % bell.slots()

    def _start(self, lane: int, events: list[Event]) -> None:
        now = time.monotonic()
        left = [len(events)]
        guard = threading.Lock()

        def handle(event: Event) -> None:
            try:
                result = host().run(event)
            except BaseException as error:  # the host promises not to raise; a bug there must not lose the event
                log.exception("runner_failed", event_id=event.pk)
                result = Result.of(
                    event, Outcome.FAILED, reason=Reason.BUG, sentence=f"The hub itself failed: {type(error).__name__}."
                )
            with guard:
                left[0] -= 1
                is_last = left[0] == 0
            if is_last:
                self._learn(lane, len(events), time.monotonic() - now)
            self.done.put(result)

        for event in events:
            self.in_hand[event.pk] = now
        for event in events:
            self.threads.submit(lambda event=event: handle(event))  # type: ignore[misc]

    def _learn(self, lane: int, count: int, took_s: float) -> None:
        """Size the lane's next batch so that it takes about ``BATCH_AIM_S``."""
        fitting = int(count * BATCH_AIM_S / max(took_s, 0.001))
        current = self.sizes.get(lane, self.threads.size)
        self.sizes[lane] = max(1, min(BATCH_LIMIT, fitting, current * 4))

    def _collect(self, wait_s: float) -> None:
        """Take results that are ready, waiting up to ``wait_s`` for the first, and write what is due to be written."""
        if self.pending:
            wait_s = min(wait_s, max(0.0, FLUSH_AFTER_S - (time.monotonic() - self.oldest_pending)))
        try:
            result = self.done.get(timeout=wait_s) if wait_s else self.done.get_nowait()
            while True:
                if not self.pending:
                    self.oldest_pending = time.monotonic()
                self.pending.append(result)
                result = self.done.get_nowait()
        except queue.Empty:
            pass
        self._flush()

    def _flush(self, *, everything: bool = False) -> None:
        if everything:
            while self.in_hand and not self.done.empty():
                self.pending.append(self.done.get_nowait())
        if not self.pending:
            return
        all_in = len(self.pending) >= len(self.in_hand)
        is_old = time.monotonic() - self.oldest_pending >= FLUSH_AFTER_S
        if not (everything or all_in or is_old or len(self.pending) >= BATCH_LIMIT):
            return
        batch, self.pending = self.pending, []
        self._write(batch)
        for result in batch:
            self.in_hand.pop(result.event_id, None)
        self.handled += len(batch)

    def _write(self, batch: list[Result], *, tell: bool = True) -> None:
        """Outcomes survive a database that restarts: tried again as long as the leases are renewed."""
        give_up_at = time.monotonic() + settings.HUB_MAX_RUN_S
        while True:
            try:
                written = finish(batch, tell=tell)
                break
            except (OperationalError, InterfaceError) as error:
                log.warning("outcomes_not_written", count=len(batch), error=in_words(error))
                connection.close()
                if time.monotonic() > give_up_at:
                    return
                time.sleep(AWAY_S)
            except Exception:
                log.exception("outcomes_not_written", count=len(batch))
                self._write_alone(batch, tell)
                return
        try:
            host().finished([r for r in batch if r.event_id in written])
        except Exception:  # the outcomes are written; a connector's health is worth no event
            log.exception("health_not_written")
            connection.close_if_unusable_or_obsolete()

    def _write_alone(self, batch: list[Result], tell: bool) -> None:
        """One outcome that cannot be written, or told of, takes no other with it and does not stay unwritten."""
        if len(batch) > 1:
            for one in batch:
                self._write([one])
        elif tell:
            self._write(batch, tell=False)
        elif batch[0].reason_code != UNWRITABLE:
            one = batch[0]
            self._write(
                [
                    Result(
                        event_id=one.event_id, lease=one.lease, connector_id=one.connector_id, topic=one.topic,
                        outcome=Outcome.FAILED, reason=Reason.BUG, reason_code=UNWRITABLE, lock_key=one.lock_key,
                        sentence="The hub could not write down what became of this event.",
                    )
                ],
                tell=False,
            )  # fmt: skip

    def _keep(self, stop: threading.Event) -> None:
        """Renew leases and say that this worker lives, until the drainer ends."""
        while not stop.wait(settings.HUB_HEARTBEAT_S):
            try:
                claims.renew(self.lease, list(self.in_hand), settings.HUB_LEASE_S, settings.HUB_MAX_RUN_S)
                heartbeat.beat()
            except (DatabaseError, InterfaceError, RuntimeError):
                log.warning("lease_not_renewed", held=len(self.in_hand))
                connection.close()
        connection.close()


def drain(slot: int = bell.FIRST) -> int:
    """The queue task a bell rings. Raises nothing the queue should repeat: the queue never repeats."""
    close_old_connections()
    structlog.contextvars.bind_contextvars(drainer=f"{socket.gethostname()}:{os.getpid()}")
    handled = 0
    try:
        handled = Drainer(slot).run()
        heartbeat.beat(handled)
    except (DatabaseError, InterfaceError) as error:
        log.warning("database_away", error=in_words(error), held=0)
        connection.close()
    return handled
