"""Where a run's HTTP exchanges go: straight to the database for jobs, into a list for lookups (written afterwards)."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import DatabaseError, InterfaceError

from connectors.exceptions import LeaseLost
from events import exchanges
from events.exchanges import Exchange
from events.models import Event

log = structlog.get_logger(__name__)


class JobRecorder:
    """Writes each exchange as it happens. A write that cannot be recorded does not leave; a read's record may fail."""

    def __init__(self, event: Event) -> None:
        self.event_id: int = event.pk
        self.received_at: datetime = event.received_at
        self.lease = event.lease
        self.attempt = event.attempts or 1
        self.trace_id = event.trace_id or "0" * 31 + "1"

    def begin(self, exchange: Exchange) -> None:
        """Raises ``LeaseLost`` where another worker has the event by now: this one slept too long to be the only one."""
        if self.lease is not None and not exchanges.holds(self.event_id, self.lease):
            raise LeaseLost("Another worker has this event; nothing more is written by this one.")
        exchanges.write(self.event_id, self.received_at, exchange)

    def complete(self, exchange: Exchange) -> None:
        exchanges.complete(self.event_id, self.received_at, exchange)

    def record(self, exchange: Exchange) -> None:
        try:
            exchanges.write(self.event_id, self.received_at, exchange)
        except (DatabaseError, InterfaceError):
            log.exception("exchange_not_recorded", event_id=self.event_id, request_id=str(exchange.id))


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
