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
from events.batch import HAND_OVER_S, Batch, stopping
from events.database import in_words
from events.host import host
from events.models import Event, Outcome, Reason
from events.outcomes import NOT_WRITTEN, Result, finish
from events.pool import pool

log = structlog.get_logger(__name__)

BATCH_LIMIT = 100  # events taken by one claim
BATCH_AIM_S = 0.25  # a batch is sized to take about so long: what one drainer holds, others cannot take
LOOK_AGAIN_S = 0.1  # while events are in hand and threads are idle
STRAGGLER_S = 0.02  # a recording statement takes a tenth of that; a slower one is found by the pulse
FLUSH_AFTER_S = 0.1  # outcomes are written together, at the latest after this
SLOW_S = 2.0  # an event in hand for longer is slow: the slice's end does not wait for it
QUEUE_MARGIN_S = 60.0
AWAY_S = 0.5  # pause before a database that is away is asked again


def stop() -> None:
    """This process is to end: drainers finish what they have in hand and take nothing more."""
    stopping.set()


class Drainer:
    """One run of a rung bell. All database work but the handlers' own happens on the calling thread."""

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.lease = uuid.uuid4()
        self.threads = pool(settings.HUB_THREADS)
        self.in_hand: dict[int, float] = {}  # event id -> monotonic time it was claimed
        self.done: queue.SimpleQueue[list[Result]] = queue.SimpleQueue()
        self.batches: list[tuple[int, Batch]] = []
        self.untouched: queue.SimpleQueue[int] = queue.SimpleQueue()  # taken, not started when the process was to stop
        self.pending: list[Result] = []
        self.oldest_pending = 0.0
        self.sizes: dict[int, int] = {}
        self.rotation: deque[int] = deque()
        self.handled = 0
        started = time.monotonic()
        self.ends_at = started + settings.HUB_DRAIN_SLICE_S
        # A slow event keeps this drainer beyond its slice; the others it could handle meanwhile need not wait for that.
        # What is claimed last may run for HUB_MAX_RUN_S: only then may the queue's own time-out come.
        room_s = settings.Q_CLUSTER["timeout"] - settings.HUB_MAX_RUN_S - QUEUE_MARGIN_S
        self.extends_to = max(self.ends_at, started + room_s)

    def run(self) -> int:
        """Drain; returns how many events got an outcome."""
        bell.hear(self.slot)
        renewal = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(renewal,), name="lease-keeper", daemon=True)
        keeper.start()
        try:
            while self._step():
                pass
        except Exception:  # whatever it was, and it is raised again: what is in hand comes first
            self._finish_in_hand()
            raise
        finally:
            renewal.set()
        return self.handled

    def _finish_in_hand(self) -> None:
        """Nothing that was started is left alone: its outcome would be lost and it would run a second time."""
        while self.in_hand or self.pending:
            self._collect(wait_s=1.0)

    def _step(self) -> bool:
        """One round; false when the drainer is finished."""
        in_time = self._is_in_time()
        if in_time and len(self.in_hand) < self.threads.size and self._claim_some():
            self._collect(wait_s=0.0)
            return True
        if self.in_hand or self.pending:
            self._collect(wait_s=LOOK_AGAIN_S if in_time else 1.0)
            return True
        if not in_time:
            bell.ring(self.slot, again=True)  # the slice is over and work may be left
            return False
        bell.hear(self.slot)  # before the last looks: what begins after it rings again
        if self._claim_some():
            return True
        # A delivery that saw the bell pending just before it was heard may commit just after the look above.
        time.sleep(STRAGGLER_S)
        return self._claim_some()

    def _is_in_time(self) -> bool:
        """Whether this drainer may take more: within its slice, and beyond it while a slow event keeps it anyway."""
        now = time.monotonic()
        if stopping.is_set():
            return False
        if now < self.ends_at:
            return True
        return now < self.extends_to and any(now - since > SLOW_S for since in list(self.in_hand.values()))

    def _claim_some(self) -> bool:
        """``_claim``, but a database that is away ends the slice, not the drainer: it holds events whose outcomes are
        still to be written."""
        try:
            return self._claim()
        except (OperationalError, InterfaceError) as error:
            log.warning("nothing_claimed", error=in_words(error), held=len(self.in_hand))
            connection.close()
            self.ends_at = self.extends_to = 0.0
            return False

    def _claim(self) -> bool:
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
            room = open_lanes[lane]
            events = claims.claim(lane, size, room.total, self.lease, settings.HUB_LEASE_S, bulk=room.bulk)
            if events:
                self.rotation = deque([lane])
                self._start(lane, events)  # before anything else can fail: they are ours now
                if len(events) == size and size > 1:
                    bell.ring(self._next_slot())  # more is waiting than this drainer took
                return True
        return False

    def _next_slot(self) -> int:
        return (self.slot + 1) % bell.slots()

    def _start(self, lane: int, events: list[Event]) -> None:
        batch = Batch(events, self.done, self.untouched)
        self.batches.append((lane, batch))
        for event in events:
            self.in_hand[event.pk] = batch.started_at
        for _ in range(min(len(events), self.threads.size)):
            self.threads.submit(batch.work)

    def _learn(self) -> None:
        """Size each lane's next batch so that it takes about ``BATCH_AIM_S``."""
        for lane, batch in self.batches:
            if batch.took_s is not None:
                fitting = int(batch.count * BATCH_AIM_S / max(batch.took_s, 0.001))
                current = self.sizes.get(lane, self.threads.size)
                self.sizes[lane] = max(1, min(BATCH_LIMIT, fitting, current * 4))
        self.batches = [(lane, batch) for lane, batch in self.batches if batch.took_s is None]

    def _collect(self, wait_s: float) -> None:
        """Take results that are ready, waiting up to ``wait_s`` for the first, and write what is due to be written."""
        for _, batch in self.batches:
            batch.hand_over(HAND_OVER_S)
        if self.pending:
            wait_s = min(wait_s, max(0.0, FLUSH_AFTER_S - (time.monotonic() - self.oldest_pending)))
        try:
            results = self.done.get(timeout=wait_s) if wait_s else self.done.get_nowait()
            while True:
                if not self.pending:
                    self.oldest_pending = time.monotonic()
                self.pending += results
                results = self.done.get_nowait()
        except queue.Empty:
            pass
        self._learn()
        self._flush()
        self._give_back()

    def _give_back(self) -> None:
        """Put back what was not started because the process is to end: others need not wait for the lease."""
        ids: list[int] = []
        while not self.untouched.empty():
            ids.append(self.untouched.get_nowait())
        if not ids:
            return
        for event_id in ids:
            self.in_hand.pop(event_id, None)
        try:
            claims.give_back(self.lease, ids)
        except (DatabaseError, InterfaceError):
            log.warning("not_given_back", count=len(ids))  # their lease ends by itself
            connection.close()

    def _flush(self) -> None:
        if not self.pending:
            return
        all_in = len(self.pending) >= len(self.in_hand)
        is_old = time.monotonic() - self.oldest_pending >= FLUSH_AFTER_S
        if not (all_in or is_old or len(self.pending) >= BATCH_LIMIT):
            return
        batch, self.pending = self.pending, []
        self._write(batch)
        for result in batch:
            self.in_hand.pop(result.event_id, None)
        self.handled += len(batch)

    def _write(self, batch: list[Result], *, is_bare: bool = False) -> None:
        """Outcomes survive a database that restarts: tried again as long as an event may run. One that cannot be
        written takes none of the others with it."""
        give_up_at = time.monotonic() + settings.HUB_MAX_RUN_S
        written: set[int] = set()
        while True:
            try:
                written = finish(batch)
                break
            except (OperationalError, InterfaceError) as error:
                log.warning("outcomes_not_written", count=len(batch), error=in_words(error))
                connection.close()
                if time.monotonic() > give_up_at:
                    return
                time.sleep(AWAY_S)
            except Exception:  # whatever one outcome holds that cannot be written: alone it fails alone
                log.exception("outcomes_refused", count=len(batch))
                if len(batch) > 1:
                    for one in batch:
                        self._write([one])
                elif not is_bare:
                    self._write([_bare(batch[0])], is_bare=True)
                return
        try:
            host().finished([r for r in batch if r.event_id in written])
        except Exception:  # health and breakers are told, they decide nothing here: the outcomes are written
            log.exception("host_not_told", count=len(batch))
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()

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


def _bare(result: Result) -> Result:
    """The outcome of an event whose own could not be written, without anything that came from outside."""
    return Result(
        event_id=result.event_id, lease=result.lease, connector_id=result.connector_id, topic=result.topic,
        outcome=Outcome.FAILED, reason=Reason.BUG, reason_code=NOT_WRITTEN, lock_key=result.lock_key,
        duration_ms=result.duration_ms,
        sentence=f"The event ended as “{result.outcome.value}”, but the hub could not write down how.",
        next_step="Look at the target whether it was done; then Retry, or mark this event resolved.",
    )  # fmt: skip


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
