"""Cancelling what one event started: whatever below it has not begun ends as skipped; what has begun goes on."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection, transaction

from events.models import Outcome, Reason
from events.text import clean

CODE = "cancelled"

# Only what was never tried: a write of an earlier attempt may have been done, and its retry is what finds that out.
_CANCEL = """
WITH RECURSIVE tree (id) AS (
  SELECT %(event)s::bigint UNION ALL SELECT e.id FROM tree JOIN events_event AS e ON e.parent_id = tree.id
)
UPDATE events_event AS e SET outcome = 'skipped', reason = %(reason)s, reason_code = %(code)s, sentence = %(sentence)s,
  next_step = '', due_at = NULL, finished_at = now(), cancelled_by = %(by)s
WHERE e.id IN (SELECT id FROM tree) AND e.outcome IN ('queued', 'waiting') AND e.attempts = 0
"""

_REVIVE = """
WITH RECURSIVE tree (id) AS (
  SELECT id FROM unnest(%(events)s::bigint[]) AS g (id)
  UNION ALL SELECT e.id FROM tree JOIN events_event AS e ON e.parent_id = tree.id
)
UPDATE events_event AS e SET outcome = 'queued', reason = '', reason_code = '', sentence = '', finished_at = NULL,
  cancelled_by = ''
WHERE e.id IN (SELECT id FROM tree) AND e.outcome = 'skipped' AND e.reason_code = %(code)s AND e.cancelled_by <> ''
"""


def cancel(event_id: int, *, by: str) -> int:
    """Cancel an event and all below it that has not begun; returns how many events that ended. One that runs ends at its
    next sign of progress."""
    by = clean(by, 150)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_event SET cancelled_by = %s WHERE id = %s AND outcome IN (%s, %s, %s)",
            [by, event_id, Outcome.QUEUED, Outcome.RUNNING, Outcome.WAITING],
        )
        cursor.execute(
            _CANCEL,
            {
                "event": event_id, "reason": Reason.NOT_SENT.value, "code": CODE, "by": by,
                "sentence": f"Cancelled by {by} before it began.",
            },
        )  # fmt: skip
        count: int = cursor.rowcount
    return count


def revive(event_ids: Collection[int]) -> None:
    """What was cancelled below these events waits for its turn again: whoever retries them meets the same objects, each
    of which has its event already."""
    with connection.cursor() as cursor:
        cursor.execute(_REVIVE, {"events": list(event_ids), "code": CODE})
