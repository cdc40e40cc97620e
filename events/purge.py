"""Retention: events, their keys and requests go in bounded batches, bodies with their month's partition.

Never purged: what has no final outcome, and failures that are neither resolved nor past their own time.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import OperationalError, close_old_connections, connection, transaction
from django.utils import timezone

from events import alerts
from events.bodies import LOCK_TIMEOUT_MS, month_start
from events.host import host

log = structlog.get_logger(__name__)

BATCH = 1000
MAX_BATCHES = 200  # of one purge; the next one goes on
MAIL_DAYS = 90
PURGE_LOCK = 7203
KEPT_PARTITION = re.compile(r"^events_body_kept_(\d{4})_(\d{2})$")
LIVE_PARTITION = re.compile(r"^events_body_live_(\d{4})_(\d{2})$")

_EXPIRED = """
SELECT id FROM events_event WHERE finished_at < now() - %s * interval '1 day' AND outcome = ANY(%s) AND {lanes}
ORDER BY finished_at LIMIT %s
"""


def purge() -> int:
    """Delete what is older than its retention; returns the number of events deleted."""
    close_old_connections()
    with connection.cursor() as cursor:  # two at once would meet at the same rows in another order
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [PURGE_LOCK])
        if not cursor.fetchone()[0]:
            return 0
    try:
        return _purge_all()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [PURGE_LOCK])


def _purge_all() -> int:
    own = host().retention_days()
    deleted = 0
    successes, failures = settings.RETENTION_SUCCESS_DAYS, settings.RETENTION_FAILURE_DAYS
    deleted += _purge(successes, failures, "(connector_id IS NULL OR connector_id <> ALL(%s::bigint[]))", list(own))
    for connector_id, (success_days, failure_days) in own.items():
        deleted += _purge(success_days, failure_days, "connector_id = ANY(%s)", [connector_id])
    today = timezone.now().date()
    for step in (drop_old_partitions, drop_empty_partitions):
        try:
            step(today)
        except OperationalError:  # no lock in time: the next purge comes soon
            log.warning("partitions_not_dropped", step=step.__name__)
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
                cursor.execute(_EXPIRED.format(lanes=lanes), [days, outcomes, ids, BATCH])
                expired = [row[0] for row in cursor.fetchall()]
                if expired:
                    _delete(cursor, expired)
            deleted += len(expired)
            if len(expired) < BATCH:
                break
    return deleted


def _delete(cursor: Any, ids: list[int]) -> None:
    cursor.execute("DELETE FROM events_body WHERE event_id = ANY(%s)", [ids])
    cursor.execute("DELETE FROM events_relatedrequest WHERE event_id = ANY(%s)", [ids])
    cursor.execute("DELETE FROM events_searchkey WHERE event_id = ANY(%s)", [ids])
    cursor.execute("DELETE FROM events_event WHERE id = ANY(%s)", [ids])


def drop_old_partitions(today: date) -> list[str]:
    """Drop the live partitions whose whole month is past the retention of successes; what belongs to events that still
    exist (failures, open ones) moves to the kept partitions first. Returns the names dropped."""
    oldest_kept = month_start(today - timedelta(days=settings.RETENTION_SUCCESS_DAYS))
    dropped = []
    for name in _partitions("live"):
        match = LIVE_PARTITION.match(name)
        if match is None or date(int(match[1]), int(match[2]), 1) >= oldest_kept:
            continue
        with transaction.atomic(), connection.cursor() as cursor:
            _move_kept(cursor, name)  # the long part, while recording goes on
        with transaction.atomic(), connection.cursor() as cursor:
            # The parent first, as recording does: the other way round the two would wait for each other.
            cursor.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
            cursor.execute("LOCK TABLE events_body_live IN ACCESS EXCLUSIVE MODE")
            _move_kept(cursor, name)  # what was written meanwhile
            cursor.execute(f"DROP TABLE {name}")
        dropped.append(name)
    return dropped


def _partitions(form: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname LIKE %s AND relkind = 'r' ORDER BY 1", [f"events_body_{form}_%"]
        )
        return [row[0] for row in cursor.fetchall()]


def _move_kept(cursor: Any, name: str) -> None:
    """Copy the bodies of events that still exist to the kept partitions; a newer body replaces an older copy."""
    cursor.execute(
        "INSERT INTO events_body AS k (event_id, part, kept, recorded_at, encoding, content) "
        f"SELECT b.event_id, b.part, true, b.recorded_at, b.encoding, b.content FROM {name} AS b "
        "JOIN events_event AS e ON e.id = b.event_id "
        "ON CONFLICT (event_id, part, kept, recorded_at) DO UPDATE SET encoding = excluded.encoding, "
        "content = excluded.content WHERE k.content <> excluded.content"
    )


def drop_empty_partitions(today: date) -> list[str]:
    """Drop kept partitions of months long past that nothing lies in any more. Returns the names dropped."""
    newest = month_start(today - timedelta(days=settings.RETENTION_SUCCESS_DAYS), -1)
    dropped = []
    for name in _partitions("kept"):
        match = KEPT_PARTITION.match(name)
        if match is None or date(int(match[1]), int(match[2]), 1) >= newest:
            continue
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {name})")
            if cursor.fetchone()[0]:
                continue
            cursor.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
            cursor.execute("LOCK TABLE events_body_kept IN ACCESS EXCLUSIVE MODE")
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {name})")
            if not cursor.fetchone()[0]:
                cursor.execute(f"DROP TABLE {name}")
                dropped.append(name)
    return dropped


def _purge_small_tables() -> None:
    with connection.cursor() as cursor:
        days = settings.RETENTION_FAILURE_DAYS
        cursor.execute("DELETE FROM events_rejection WHERE day < current_date - %s * interval '1 day'", [days])
        cursor.execute(
            "DELETE FROM events_mail WHERE state <> 'waiting' AND created_at < now() - %s * interval '1 day'",
            [MAIL_DAYS],
        )
        cursor.execute("DELETE FROM events_family WHERE recovered_at < now() - %s * interval '1 day'", [days])
