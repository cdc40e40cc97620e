"""When a delivery of a topic arrived last: one bounded index probe for each topic, however many events there are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import connection

NOT_FURTHER_BACK = 20_000  # events, where nothing is known yet

_LATEST = """
SELECT t.topic, e.id, e.received_at FROM unnest(%s::text[], %s::bigint[]) AS t (topic, after),
LATERAL (SELECT id, received_at FROM events_event WHERE topic = t.topic AND id > t.after AND connector_id = %s
         AND kind = 'webhook' ORDER BY topic, id DESC LIMIT 1) AS e
"""


def newest_id() -> int:
    """The id of the newest event there is; 0 where there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM events_event")
        newest: int = cursor.fetchone()[0]
    return newest


def latest(connector_id: int, after: Mapping[str, int]) -> dict[str, tuple[int, datetime]]:
    """(event id, time of arrival) of the last delivery of each topic that is newer than the event id given for it;
    0 stands for a bounded look back. Topics without one are left out."""
    if not after:
        return {}
    oldest = max(0, newest_id() - NOT_FURTHER_BACK)
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, [list(after), [one or oldest for one in after.values()], connector_id])
        return {topic: (event_id, at) for topic, event_id, at in cursor.fetchall()}
