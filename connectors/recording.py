"""Where a run's HTTP exchanges go: straight to the database for jobs, into a list for lookups (written afterwards)."""

from __future__ import annotations

import time
from datetime import datetime

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from connectors.exceptions import LeaseLost
from events import exchanges
from events.exchanges import Exchange, Kept
from events.models import Event, RequestState

log = structlog.get_logger(__name__)

READS_KEPT = 20
BYTES_KEPT = 256 * 1024  # many events are in hand at once: their answers must not fill the worker's memory
KEPT_FOR_S = 1.0


class JobRecorder:
    """Writes are recorded before they leave, and one that cannot be recorded does not leave. Reads are kept a moment
    and written together, at the latest with the event's outcome: a commit for each would cost more than many a call."""

    def __init__(self, event: Event) -> None:
        self.event_id: int = event.pk
        self.received_at: datetime = event.received_at
        self.lease = event.lease
        self.attempt = event.attempts or 1
        self.trace_id = event.trace_id or "0" * 31 + "1"
        self._began = time.monotonic()
        self._reads: list[Kept] = []
        self._bytes = 0
        self._oldest = 0.0

    def begin(self, exchange: Exchange) -> None:
        """Raises ``LeaseLost`` where another worker has the event by now: this one slept too long to be the only one."""
        self._check_lease()
        exchanges.write_many([*self.take(), (self.event_id, self.received_at, exchange)])

    def complete(self, exchange: Exchange) -> None:
        """Raises ``LeaseLost`` as well: what the answer means is for the other worker to find out, and what this one would
        remember may be long over."""
        exchanges.complete(self.event_id, self.received_at, exchange)
        try:
            self._check_lease()
        except LeaseLost:
            if exchange.state == RequestState.ANSWERED and (exchange.status or 0) < 300:
                exchanges.doubt(self.event_id, str(exchange.id), exchanges.ANSWER_LOST)
            raise

    def _check_lease(self) -> None:
        if self.lease is not None and not exchanges.holds(self.event_id, self.lease):
            raise LeaseLost("Another worker has this event; nothing more is written by this one.")

    def record(self, exchange: Exchange) -> None:
        if not self._reads:
            self._oldest = time.monotonic()
        self._reads.append((self.event_id, self.received_at, exchange))
        self._bytes += len(exchange.request_body) + len(exchange.response_body)
        is_much = len(self._reads) >= READS_KEPT or self._bytes > BYTES_KEPT
        if is_much or time.monotonic() - self._oldest > KEPT_FOR_S:
            self.flush()
        self.check_lease((exchange.duration_ms or 0) / 1000)

    def check_lease(self, took_s: float | None = None) -> None:
        """Raises ``LeaseLost`` where something took so long (left out: the whole attempt) that another worker may have the
        event, and has it: what that one, and newer versions, wrote down must not be overwritten by one that slept."""
        took_s = time.monotonic() - self._began if took_s is None else took_s
        if took_s > settings.HUB_LEASE_S / 2:
            self._check_lease()

    def doubt(self, request_id: str, why: str) -> None:
        """What became of an answered write is open: for every later attempt it is one without an answer."""
        exchanges.doubt(self.event_id, request_id, why)

    def take(self) -> list[Kept]:
        """What was not written yet, for whoever writes it with the outcome."""
        taken, self._reads, self._bytes = self._reads, [], 0
        return taken

    def flush(self) -> None:
        """Write what was kept; a read's record may fail, the read counts all the same."""
        taken = self.take()
        try:
            exchanges.write_many(taken)
        except (DatabaseError, InterfaceError):
            log.exception("exchanges_not_recorded", event_id=self.event_id, count=len(taken))


class ListRecorder:
    """Keeps exchanges in memory: the shopper's answer never waits for the log."""

    def __init__(self, trace_id: str) -> None:
        self.attempt = 1
        self.trace_id = trace_id
        self.exchanges: list[Exchange] = []

    def begin(self, exchange: Exchange) -> None:
        pass

    def complete(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    def record(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    def doubt(self, request_id: str, why: str) -> None:
        for one in self.exchanges:
            if str(one.id) == request_id:
                one.state, one.error = RequestState.NO_ANSWER, why
