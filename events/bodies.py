"""Bodies of deliveries and exchanges: compressed, in monthly partitions, dropped whole when their month is over.

One table ``events_body``: ``event_id``, ``part`` (``payload``, ``record``, ``<request id>:request``, ``...:response``),
``kept`` (false: goes with its month; true: belongs to an event that is kept longer). Not a Django model: its key
holds the partition columns. Never searched, never in a list.
"""

from __future__ import annotations

import zlib
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

PLAIN, ZLIB = 0, 1
LOCK_TIMEOUT_MS = 3000  # recording waits behind a lock on its tables: better no partition now than no deliveries
COMPRESS_FROM = 256  # bytes; below it compression costs more than it saves


def packed(content: bytes) -> tuple[int, bytes]:
    """(encoding, stored bytes) of a body."""
    if len(content) < COMPRESS_FROM:
        return PLAIN, content
    return ZLIB, zlib.compress(content, 1)


def unpacked(encoding: int, content: bytes) -> bytes:
    return zlib.decompress(content) if encoding == ZLIB else bytes(content)


def cut(content: bytes) -> tuple[bytes, bool]:
    """The part of a body that is kept, and whether anything was cut off."""
    limit = settings.BODY_MAX_BYTES
    return (content[:limit], True) if len(content) > limit else (content, False)


def store(event_id: int, part: str, content: bytes, recorded_at: datetime) -> None:
    """Keep one body; an empty one is not stored. ``recorded_at`` is the event's ``received_at`` (its partition)."""
    store_many([(event_id, part, content, recorded_at)])


def store_many(rows: list[tuple[int, str, bytes, datetime]]) -> None:
    """The same for several bodies, in one statement. A body that is there already is replaced."""
    values = [(e, part, at, *packed(content)) for e, part, content, at in rows if content]
    if not values:
        return
    places = ", ".join(["(%s, %s, %s, %s, %s)"] * len(values))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO events_body (event_id, part, recorded_at, encoding, content) VALUES {places} "
            "ON CONFLICT (event_id, part, kept, recorded_at) DO UPDATE SET encoding = excluded.encoding, "
            "content = excluded.content",
            [one for row in values for one in row],
        )


def read(event_id: int, part: str, recorded_at: datetime | None = None) -> bytes | None:
    """One body, or ``None`` where none was stored or its month is over. With ``recorded_at`` one partition is read."""
    when, more = ("", []) if recorded_at is None else (" AND recorded_at = %s", [recorded_at])
    with connection.cursor() as cursor:
        cursor.execute(
            # Written again after its month was moved, a body is there twice: the live one is the newer.
            f"SELECT encoding, content FROM events_body WHERE event_id = %s AND part = %s{when} ORDER BY kept LIMIT 1",
            [event_id, part, *more],
        )
        row = cursor.fetchone()
    return None if row is None else unpacked(row[0], row[1])


def month_start(day: date, months: int = 0) -> date:
    """First day of the month ``months`` after the one of ``day``."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def partition_name(first: date, *, kept: bool) -> str:
    return f"events_body_{'kept' if kept else 'live'}_{first:%Y_%m}"


def make_partitions(today: date, *, ahead: int = 2) -> None:
    """Partitions for this month, the one before and ``ahead`` more; a default one catches what has none."""
    with connection.cursor() as cursor:
        for kept, parent in ((False, "events_body_live"), (True, "events_body_kept")):
            for months in range(-1, ahead + 1):
                first, after = month_start(today, months), month_start(today, months + 1)
                name = partition_name(first, kept=kept)
                cursor.execute("SELECT to_regclass(%s)", [name])
                if cursor.fetchone()[0] is None:
                    _make_partition(cursor, name, parent, first, after)


def _make_partition(cursor: Any, name: str, parent: str, first: date, after: date) -> None:
    """One partition. Rows of its months that fell into the default one (a hub that slept, a restored backup) move there
    first: the database refuses a partition whose rows lie elsewhere."""
    start, end = f"{first} 00:00+00", f"{after} 00:00+00"
    with transaction.atomic():
        cursor.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
        cursor.execute(f"LOCK TABLE {parent} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {name} (LIKE {parent} INCLUDING ALL)")
        # Compressed by the hub already; compressing again would only cost time.
        cursor.execute(f"ALTER TABLE {name} ALTER COLUMN content SET STORAGE EXTERNAL")
        cursor.execute(
            f"WITH moved AS (DELETE FROM {parent}_other WHERE recorded_at >= %s AND recorded_at < %s RETURNING *) "
            f"INSERT INTO {name} SELECT * FROM moved",
            [start, end],
        )
        cursor.execute(f"ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')")
