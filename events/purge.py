"""Retention: events, their keys and requests go in bounded batches, bodies with their month's partition.

Never purged: what has no final outcome, and failures that are neither resolved nor past their own time.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

import structlog
from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.utils import timezone

from events import alerts
from events.bodies import month_start
from events.host import host

log = structlog.get_logger(__name__)

BATCH = 1000
MAX_BATCHES = 200  # of one purge; the next one goes on
MAIL_DAYS = 90
LIVE_PARTITION = re.compile(r"^events_body_live_(\d{4})_(\d{2})$")

_EXPIRED = """
SELECT id FROM events_event WHERE finished_at < now() - %s * interval '1 day' AND outcome = ANY(%s) AND {lanes}
ORDER BY finished_at LIMIT %s
"""


def purge() -> int:
    """Delete what is older than its retention; returns the number of events deleted."""
    close_old_connections()
    own = host().retention_days()
    deleted = 0
    successes, failures = settings.RETENTION_SUCCESS_DAYS, settings.RETENTION_FAILURE_DAYS
    deleted += _purge(successes, failures, "connector_id IS DISTINCT FROM ALL(%s)" if own else "true", list(own))
    for connector_id, (success_days, failure_days) in own.items():
        deleted += _purge(success_days, failure_days, "connector_id = ANY(%s)", [connector_id])
    drop_old_partitions(timezone.now().date())
    _purge_small_tables()
    alerts.close_quiet()
    if deleted:
        log.info("purged", events=deleted)
    return deleted


def _purge(success_days: int, failure_days: int, lanes: str, ids: list[int]) -> int:
    deleted = 0
    for days, outcomes in ((success_days, ["succeeded", "skipped"]), (failure_days, ["failed"])):
        for _ in range(MAX_BATCHES):
            with transaction.atomic(), connection.cursor() as cursor:
                lane_values = [ids] if "%s" in lanes else []
                condition = lanes.replace("IS DISTINCT FROM ALL(%s)", "<> ALL(%s::bigint[])")
                cursor.execute(_EXPIRED.format(lanes=condition), [days, outcomes, *lane_values, BATCH])
                expired = [row[0] for row in cursor.fetchall()]
                if expired:
                    _delete(cursor, expired)
            deleted += len(expired)
            if len(expired) < BATCH:
                break
    return deleted


def _delete(cursor, ids: list[int]) -> None:  # type: ignore[no-untyped-def]
    cursor.execute("DELETE FROM events_body WHERE event_id = ANY(%s)", [ids])
    cursor.execute("DELETE FROM events_relatedrequest WHERE event_id = ANY(%s)", [ids])
    cursor.execute("DELETE FROM events_searchkey WHERE event_id = ANY(%s)", [ids])
    cursor.execute("DELETE FROM events_event WHERE id = ANY(%s)", [ids])


def drop_old_partitions(today: date) -> list[str]:
    """Drop the live partitions whose whole month is past the retention of successes; what belongs to events that still
    exist (failures, open ones) moves to the kept partitions first. Returns the names dropped."""
    oldest_kept = month_start(today - timedelta(days=settings.RETENTION_SUCCESS_DAYS))
    dropped = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname LIKE 'events_body_live_%%' AND relkind = 'r' ORDER BY 1")
        names = [row[0] for row in cursor.fetchall()]
    for name in names:
        match = LIVE_PARTITION.match(name)
        if match is None or date(int(match[1]), int(match[2]), 1) >= oldest_kept:
            continue
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")
            cursor.execute(
                "INSERT INTO events_body (event_id, part, kept, recorded_at, encoding, content) "
                f"SELECT b.event_id, b.part, true, b.recorded_at, b.encoding, b.content FROM {name} AS b "
                "JOIN events_event AS e ON e.id = b.event_id ON CONFLICT DO NOTHING"
            )
            cursor.execute(f"DROP TABLE {name}")
        dropped.append(name)
    return dropped


def _purge_small_tables() -> None:
    with connection.cursor() as cursor:
        days = settings.RETENTION_FAILURE_DAYS
        cursor.execute("DELETE FROM events_rejection WHERE day < current_date - %s * interval '1 day'", [days])
        cursor.execute("DELETE FROM events_mail WHERE state <> 'waiting' AND created_at < now() - %s * interval '1 day'",
                       [MAIL_DAYS])  # fmt: skip
        cursor.execute("DELETE FROM events_family WHERE recovered_at < now() - %s * interval '1 day'", [days])
