"""Claiming: taking due events for one drainer, so that several machines share the work by the database alone.

One lane per connector. Claims of a lane are serialised by an advisory lock held for a few milliseconds, which keeps
"one object at a time" and the lane's concurrency true over all machines; rows are taken with SKIP LOCKED.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import connection, transaction

from events.models import Event, Priority

SUPERSEDING_ROUNDS = 20  # a whole page of candidates may be superseded at once; then the next page is looked at
LANE_LOCK = 7201  # first half of the advisory lock; the second is the lane

_LANES = """
WITH RECURSIVE lane AS (
  (SELECT connector_id, priority FROM events_event WHERE outcome = 'queued' AND connector_id IS NOT NULL
   ORDER BY connector_id, priority LIMIT 1)
  UNION ALL
  SELECT n.connector_id, n.priority FROM lane, LATERAL (
    SELECT connector_id, priority FROM events_event WHERE outcome = 'queued' AND connector_id > lane.connector_id
    ORDER BY connector_id, priority LIMIT 1) AS n
) SELECT connector_id FROM lane ORDER BY priority, connector_id
"""
_CANDIDATES = """
SELECT id, lock_key, topic, is_supersedable, priority FROM events_event
WHERE connector_id = %s AND outcome = 'queued' AND priority <= %s AND (lock_key = '' OR lock_key <> ALL(%s::text[]))
ORDER BY connector_id, priority, id LIMIT %s FOR UPDATE SKIP LOCKED
"""
_SUPERSEDE = """
UPDATE events_event AS old SET outcome = 'skipped', reason = 'superseded', superseded_by = newest.id, due_at = NULL,
  finished_at = now(),
  sentence = 'Event ' || newest.id || ' is newer and reads the same object; nothing was left to do.'
FROM (SELECT lock_key, topic, max(id) AS id FROM events_event
      WHERE lock_key = ANY(%s) AND lock_key <> '' AND outcome = 'queued' GROUP BY lock_key, topic) AS newest
WHERE old.lock_key = newest.lock_key AND old.lock_key <> '' AND old.topic = newest.topic AND old.id < newest.id
  AND old.outcome IN ('queued', 'waiting') AND old.is_supersedable
RETURNING old.id
"""
_TAKE = """
UPDATE events_event SET outcome = 'running', reason = '', lease = %s, lease_until = now() + %s * interval '1 second',
  started_at = now(), due_at = NULL, attempts = attempts + 1
WHERE id = ANY(%s) RETURNING *
"""


def lanes() -> list[int]:
    """Connectors that have queued events, the most urgent first. Costs one index probe per lane, not per event."""
    with connection.cursor() as cursor:
        cursor.execute(_LANES)
        return [row[0] for row in cursor.fetchall()]


def claim(
    connector_id: int, limit: int, concurrency: int, lease: uuid.UUID, lease_s: float, *, bulk: int | None = None
) -> list[Event]:
    """Take up to ``limit`` due events of a lane, oldest of the highest priority first, never more than
    ``concurrency`` running at once, of bulk work never more than ``bulk``, and never two of one object. Empty where
    another drainer is claiming it just now."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LANE_LOCK, connector_id % 2**31])
        if not cursor.fetchone()[0]:
            return []
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE priority >= %s), "
            "coalesce(array_agg(lock_key) FILTER (WHERE lock_key <> ''), '{}') "
            "FROM events_event WHERE connector_id = %s AND outcome = 'running'",
            [Priority.BULK, connector_id],
        )
        running, running_bulk, busy = cursor.fetchone()
        limit = min(limit, concurrency - running)
        if limit <= 0:
            return []
        bulk = limit if bulk is None else min(limit, bulk - running_bulk)
        least_urgent = Priority.BULK if bulk > 0 else Priority.BULK - 1
        chosen: list[int] = []
        for _ in range(SUPERSEDING_ROUNDS):
            cursor.execute(_CANDIDATES, [connector_id, least_urgent, busy, limit])
            candidates = _within(cursor.fetchall(), bulk)
            superseded = _supersede(cursor, candidates)
            chosen = _one_each(candidates, superseded)
            if chosen or not superseded:
                break
        if not chosen:
            return []
        events = list(Event.objects.raw(_TAKE, [lease, lease_s, chosen]))
    return sorted(events, key=lambda event: (event.priority, event.pk))


Candidate = tuple[int, str, str, bool, int]  # id, lock key, topic, whether it may be superseded, priority


def _within(candidates: Sequence[Candidate], bulk: int) -> list[Candidate]:
    """All that is urgent and the first ``bulk`` of the others; they come in order of priority."""
    urgent = [one for one in candidates if one[4] < Priority.BULK]
    return [*urgent, *candidates[len(urgent) : len(urgent) + max(bulk, 0)]]


def _one_each(candidates: Sequence[Candidate], superseded: set[int]) -> list[int]:
    """The oldest event of each object, and all that belong to none."""
    chosen: list[int] = []
    taken: set[str] = set()
    for event_id, lock_key, *_ in candidates:
        if event_id not in superseded and not (lock_key and lock_key in taken):
            chosen.append(event_id)
            taken.add(lock_key)
    return chosen


def _supersede(cursor, candidates: Sequence[Candidate]) -> set[int]:  # type: ignore[no-untyped-def]
    keys = {lock_key for _, lock_key, _, supersedable, _ in candidates if lock_key and supersedable}
    if not keys:
        return set()
    cursor.execute(_SUPERSEDE, [sorted(keys)])
    return {row[0] for row in cursor.fetchall()}


def renew(lease: uuid.UUID, event_ids: Sequence[int], lease_s: float, longest_s: float) -> None:
    """Keep what is in hand: leases of events that run for longer than ``longest_s`` are left to expire."""
    if not event_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_event SET lease_until = now() + %s * interval '1 second' WHERE id = ANY(%s) AND lease = %s "
            "AND outcome = 'running' AND started_at > now() - %s * interval '1 second'",
            [lease_s, list(event_ids), lease, longest_s],
        )


def give_back(lease: uuid.UUID, event_ids: Sequence[int]) -> int:
    """Put back what a drainer took and did not start (it is stopping); the attempt does not count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_event SET outcome = 'queued', lease = NULL, lease_until = NULL, attempts = attempts - 1 "
            "WHERE id = ANY(%s) AND lease = %s AND outcome = 'running'",
            [list(event_ids), lease],
        )
        count: int = cursor.rowcount
    return count
