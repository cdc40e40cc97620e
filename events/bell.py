"""Ringing: a queue task that carries nothing and wakes one drainer.

A bell that is pending already is not rung again, so the queue's own cost is paid per burst, not per event. Losing every
queued task loses nothing: the pulse rings again for what is due.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

CHANNEL = "hub_bell"
FIRST = 0

# Two parts of a WITH, so that recording an event and ringing for it can be one statement.
RING = (
    "rung AS (UPDATE events_bell SET is_pending = true, rung_at = now() "
    "WHERE slot = %s AND {condition} RETURNING slot), "
    "task AS (INSERT INTO django_q_ormq (key, payload, lock) SELECT %s, %s, now() FROM rung RETURNING id)"
)
NOTIFY = f"SELECT pg_notify('{CHANNEL}', '')::text FROM task"


@lru_cache(maxsize=64)
def _task(function: str, *args: object) -> str:
    """A signed queue task, made once: it never differs, and making it costs more than writing it."""
    from django_q.signing import SignedPackage

    signed: str = SignedPackage.dumps(
        {
            "id": f"{function}-{'-'.join(map(str, args))}"[:32],
            "name": function[:100],
            "func": function,
            "args": args,
            "kwargs": {},
            "started": timezone.now(),
            "ack_failure": True,
        }
    )
    return signed


def ring(slot: int = FIRST, *, again: bool = False) -> bool:
    """Wake a drainer, unless one was rung and has not come yet; true if this call rang. ``again`` rings all the same.

    Part of the caller's transaction: a rolled-back event rings nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {RING.format(condition='true' if again else 'NOT is_pending')} {NOTIFY}", ring_parameters(slot)
        )
        rung: int = cursor.rowcount
    return rung > 0


def ring_parameters(slot: int = FIRST) -> list[Any]:
    """The parameters of ``RING``."""
    return [slot, settings.Q_CLUSTER["name"], _task("events.drain.drain", slot)]


def hear(slot: int) -> None:
    """Mark the bell as heard: whatever is recorded from now on rings again."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE events_bell SET is_pending = false WHERE slot = %s AND is_pending", [slot])


def call(function: str, *args: object, key: str = "") -> None:
    """Put one more small task of the hub into the queue (mail, purge, a sign of life)."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_q_ormq (key, payload, lock) VALUES (%s, %s, now())",
            [key or settings.Q_CLUSTER["name"], _task(function, *args)],
        )
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


def hang() -> None:
    """Make the rows of all bells; those that hang already are left alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_bell (slot, is_pending, rung_at) SELECT n, false, now() "
            "FROM generate_series(0, %s) AS n ON CONFLICT DO NOTHING",
            [slots() - 1],
        )


def slots() -> int:
    """How many drainers may be awake at once over all machines."""
    workers: int = settings.HUB_WORKERS
    return max(2, 4 * workers)
