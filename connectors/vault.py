"""Credentials the hub was granted: kept encrypted, renewed by one worker at a time over all machines.

No lock is held while the remote is asked: who renews books the row for a moment, the others wait and read it again. A
renewal is written down before it leaves, so that a crash between answer and commit is seen afterwards.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from connectors import crypto
from connectors.exceptions import RemoteUnavailable
from connectors.models import Connector, Credential

BUSY_S = 30.0  # longer than any renewal may take
POLL_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Grant:
    """``values`` are secret. ``renew_at``, ``expires_at``: epoch seconds, 0 where it never ends. ``was_interrupted``:
    a renewal left and its answer was not written down."""

    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    renew_at: float = 0.0
    expires_at: float = 0.0
    was_interrupted: bool = False


def read(connector: Connector, name: str) -> Grant | None:
    """What is kept, ``None`` where nothing is. Raises ``UndecryptableSecret``."""
    row = Credential.objects.filter(connector_id=connector.pk, name=name).first()
    if row is None or not row.value:
        return None
    return Grant(
        values=json.loads(crypto.decrypt(row.value, _context(connector, name))),
        renew_at=row.renew_at.timestamp() if row.renew_at else 0.0,
        expires_at=row.expires_at.timestamp() if row.expires_at else 0.0,
        was_interrupted=row.renewal_started_at is not None,
    )


def write(connector: Connector, name: str, grant: Grant) -> None:
    """Keep a grant in place of the one before."""
    value = crypto.encrypt(json.dumps(dict(grant.values)), _context(connector, name))
    Credential.objects.update_or_create(
        connector_id=connector.pk,
        name=name,
        defaults={
            "value": value,
            "renew_at": _time(grant.renew_at),
            "expires_at": _time(grant.expires_at),
            "renewal_started_at": None,
            "busy_until": None,
        },
    )


def forget(connector: Connector, name: str) -> None:
    """Drop what is kept: it is dead at the vendor."""
    Credential.objects.filter(connector_id=connector.pk, name=name).delete()


def forget_all(connector: Connector) -> None:
    """Drop everything the hub was granted for a connector: the app was removed, nothing of it works any more."""
    Credential.objects.filter(connector_id=connector.pk).delete()


def renew(
    connector: Connector,
    name: str,
    is_good: Callable[[Grant | None], bool],
    fetch: Callable[[Grant | None], Grant],
    *,
    longest_wait_s: float = BUSY_S,
) -> Grant:
    """A grant that ``is_good``: the kept one, or one that ``fetch`` brings from the vendor. Of several workers one
    fetches. Raises ``RemoteUnavailable`` where another one is at it for too long, and what ``fetch`` raises."""
    ends_at = time.monotonic() + longest_wait_s
    while True:
        kept = read(connector, name)
        if is_good(kept) and kept is not None:
            return kept
        if _book(connector, name):
            break
        if time.monotonic() > ends_at:
            raise RemoteUnavailable(
                "Another worker is renewing the access and does not finish.", code="renewal_busy", retry_after_s=5
            )
        time.sleep(POLL_S)
    try:
        kept = read(connector, name)  # it may have been renewed between the look and the booking
        if is_good(kept) and kept is not None:
            return kept
        fresh = fetch(kept)
        write(connector, name, fresh)
        return fresh
    finally:
        _release(connector, name)


def once(connector: Connector, name: str, life_s: float) -> bool:
    """True for the first who asks by this name within ``life_s`` seconds, over all processes; false for the others."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM connectors_credential WHERE connector_id = %s AND value = '' AND expires_at < now()",
            [connector.pk],
        )
        cursor.execute(
            "INSERT INTO connectors_credential (connector_id, name, value, expires_at, updated_at) "
            "VALUES (%s, %s, '', now() + %s * interval '1 second', now()) ON CONFLICT DO NOTHING RETURNING id",
            [connector.pk, name, life_s],
        )
        return cursor.fetchone() is not None


def mark_started(connector: Connector, name: str) -> None:
    """Write down that a renewal is leaving which uses up what is kept."""
    Credential.objects.filter(connector_id=connector.pk, name=name).update(renewal_started_at=datetime.now(UTC))


def _book(connector: Connector, name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO connectors_credential AS c (connector_id, name, value, busy_until, updated_at) "
            "VALUES (%s, %s, '', now() + %s * interval '1 second', now()) "
            "ON CONFLICT (connector_id, name) DO UPDATE SET busy_until = excluded.busy_until "
            "WHERE c.busy_until IS NULL OR c.busy_until < now() RETURNING id",
            [connector.pk, name, BUSY_S],
        )
        return cursor.fetchone() is not None


def _release(connector: Connector, name: str) -> None:
    Credential.objects.filter(connector_id=connector.pk, name=name).update(busy_until=None)


def _context(connector: Connector, name: str) -> str:
    return f"connector:{connector.uid}:credential:{name}"


def _time(epoch_s: float) -> datetime | None:
    return datetime.fromtimestamp(epoch_s, UTC) if epoch_s else None
