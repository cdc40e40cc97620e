"""Signs of life. A worker tree that gives none is restarted by its supervisor; readiness looks at them too."""

from __future__ import annotations

import os
import socket

from django.db import connection

# The supervisor names the worker tree it started; a cluster started by hand has the name of its host.
CLUSTER = "HUB_CLUSTER_ID"


def cluster_name() -> str:
    return os.environ.get(CLUSTER) or f"{socket.gethostname()}"


def beat(handled: int = 0, *, role: str = "worker", name: str = "") -> None:
    """Say that this worker tree lives and, as a queue task, that its queue moves."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_heartbeat (name, role, host, process_id, started_at, seen_at, events_handled) "
            "VALUES (%s, %s, %s, %s, now(), now(), %s) ON CONFLICT (name) DO UPDATE SET seen_at = now(), "
            "host = excluded.host, process_id = excluded.process_id, "
            "events_handled = events_heartbeat.events_handled + %s",
            [name or cluster_name(), role, socket.gethostname(), os.getpid(), handled, handled],
        )


def silent_for_s(name: str) -> float | None:
    """Seconds since the last sign of life of ``name``; ``None`` when it never gave one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM now() - seen_at)::float8 FROM events_heartbeat WHERE name = %s", [name]
        )
        row = cursor.fetchone()
    return None if row is None else float(row[0])


def alive(role: str, within_s: float) -> int:
    """How many of a role gave a sign of life within so many seconds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM events_heartbeat WHERE role = %s AND seen_at > now() - %s * interval '1 second'",
            [role, within_s],
        )
        return int(cursor.fetchone()[0])
