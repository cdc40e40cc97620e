"""Events claimed together, handled by several threads of one worker process."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque

import structlog

from events.host import host
from events.models import Event, Outcome, Reason
from events.outcomes import Result
from events.pool import look_at_connection

log = structlog.get_logger(__name__)

HAND_OVER_S = 0.01
HAND_OVER_COUNT = 25

stopping = threading.Event()  # this process is to end: what was not started is given back


class Batch:
    """Threads take from it one by one and hand results over a few at a time: with quick handlers most of the cost would
    else be threads waking each other. ``untouched`` receives the ids of what was not started before the process was to
    end."""

    def __init__(
        self, events: list[Event], done: queue.SimpleQueue[list[Result]], untouched: queue.SimpleQueue[int]
    ) -> None:
        self.count = len(events)
        self.started_at = time.monotonic()
        self.took_s: float | None = None
        self._waiting = deque(events)
        self._left = len(events)
        self._done = done
        self._untouched = untouched
        self._guard = threading.Lock()
        self._ready: list[Result] = []
        self._ready_since = self.started_at

    def work(self) -> None:
        """Handle events of the batch until none is left; runs on several threads at once. Never raises."""
        while True:
            try:
                event = self._waiting.popleft()
            except IndexError:
                break
            if stopping.is_set():
                self._untouched.put(event.pk)
                continue
            look_at_connection()
            self._keep(_handle(event))
        self.hand_over(0.0)

    def _keep(self, result: Result) -> None:
        with self._guard:
            if not self._ready:
                self._ready_since = time.monotonic()
            self._ready.append(result)
            is_full = len(self._ready) >= HAND_OVER_COUNT
        self.hand_over(0.0 if is_full else HAND_OVER_S)

    def hand_over(self, older_than_s: float) -> None:
        """Hand over what has been ready for so long. The drainer asks too: a thread that finished one event may sit in
        a slow call of the next, and the first must not wait for that."""
        with self._guard:
            if not self._ready or time.monotonic() - self._ready_since < older_than_s:
                return
            results, self._ready = self._ready, []
            self._left -= len(results)
            if not self._left:
                self.took_s = time.monotonic() - self.started_at
        self._done.put(results)


def _handle(event: Event) -> Result:
    try:
        return host().run(event)
    except BaseException as error:  # the host promises not to raise; a bug there must not lose the event
        log.exception("runner_failed", event_id=event.pk)
        sentence = f"The hub itself failed: {type(error).__name__}."
        return Result.of(event, Outcome.FAILED, reason=Reason.BUG, sentence=sentence)
