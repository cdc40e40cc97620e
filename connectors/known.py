"""Connectors as a process knows them: row and typed settings, read again after ``KNOWN_FOR_S``.

A burst of events or deliveries of one connector would else read and check the same settings thousands of times. A
change by an administrator takes hold within a second.
"""

from __future__ import annotations

import time
from typing import Any

from django.db import connection, transaction

from connectors.models import Connector

KNOWN_FOR_S = 1.0
DOOR_PATIENCE_MS = 500  # a caller at the door waits no longer for this: the shortest answer's budget is 2.5 s
LIMIT = 1000  # connectors remembered by one process


class Known:
    """``connector``, and its ``settings`` once they were asked for."""

    def __init__(self, connector: Connector) -> None:
        self.connector = connector
        self.read_at = time.monotonic()
        self._settings: Any = None

    @property
    def is_fresh(self) -> bool:
        return time.monotonic() - self.read_at < KNOWN_FOR_S

    @property
    def settings(self) -> Any:
        """Typed settings, secrets included. Raises ``ConfigurationError``."""
        if self._settings is None:
            self._settings = self.connector.load_settings()
        return self._settings


_by_token: dict[str, Known] = {}
_by_id: dict[int, Known] = {}


def by_token(token: str) -> Known | None:
    """The connector of a webhook address; an unknown address is asked for each time. Raises ``OperationalError`` where
    the database does not say it in time."""
    known = _by_token.get(token)
    if known is not None and known.is_fresh:
        return known
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {DOOR_PATIENCE_MS}")
        connector = Connector.objects.by_webhook_token(token)
    return _keep(_by_token, token, connector)


def by_id(connector_id: int | None) -> Known | None:
    if connector_id is None:
        return None
    known = _by_id.get(connector_id)
    if known is not None and known.is_fresh:
        return known
    return _keep(_by_id, connector_id, Connector.objects.filter(pk=connector_id).first())


def forget() -> None:
    """Read everything anew from now on (tests, and whoever has just changed a connector in this process)."""
    _by_token.clear()
    _by_id.clear()


def _keep(table: dict[Any, Known], key: Any, connector: Connector | None) -> Known | None:
    if connector is None:
        table.pop(key, None)
        return None
    if len(table) > LIMIT:
        table.clear()
    known = table[key] = Known(connector)
    return known
