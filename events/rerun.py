"""Failed deliveries that nobody resolved, tried again by the hub itself: what a fixed setting or master record mends.

Only the newest delivery of an object, and what a sync or a delivery started as an event of its own (an invoice that was
read, a payment): a later success of the same object would have resolved it. Only what failed for want of right data. What
failed in the connection was tried often enough; what may have been done, or took its worker down, is a person's to
decide. Not for a Retry by hand: that is ``outcomes.retry``.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection, transaction

from events import bell
from events.models import Priority, Reason

MENDABLE = (Reason.CONFIGURATION, Reason.MAPPING_MISSING, Reason.PAYLOAD, Reason.REFUSED)

# Older ones of the object are left: what they carry is out of date, and a success of the newest resolves them.
_AGAIN = """
UPDATE events_event AS e SET outcome = 'queued', reason = '', reason_code = '', sentence = '', next_step = '',
  due_at = NULL, finished_at = NULL, attempts = 0,
  is_supersedable = CASE WHEN kind = 'delivery' THEN forced_by = '' ELSE is_supersedable END, triggered_by = %(by)s,
  priority = %(priority)s
WHERE e.id = ANY(ARRAY(
  SELECT f.id FROM events_event AS f
  WHERE f.connector_id = %(connector)s AND f.outcome = 'failed' AND f.resolved_at IS NULL AND f.id > %(above)s
    AND (f.kind = 'delivery' OR (f.kind = 'sync' AND f.parent_id IS NOT NULL))
    AND f.reason = ANY(%(reasons)s) AND f.reason_code <> ALL(%(never)s)
    AND (%(codes)s::text[] IS NULL OR f.reason_code = ANY(%(codes)s))
    AND f.finished_at <= now() - %(rest)s * interval '1 second'
    AND NOT EXISTS (SELECT 1 FROM events_event AS n WHERE n.lock_key = f.lock_key AND n.kind = 'delivery' AND n.id > f.id)
  ORDER BY f.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
RETURNING e.id
"""


def again(
    connector_id: int,
    *,
    by: str,
    limit: int,
    above: int = 0,
    never: Collection[str] = (),
    codes: Collection[str] | None = None,
    rest_s: float = 0.0,
) -> list[int]:
    """Queue a batch of them, the oldest above an id first; returns their ids. ``never``: reason codes that need a person;
    ``codes``: only these; ``rest_s``: only what failed at least so long ago. What is told of a failure stays told."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _AGAIN,
            {
                "by": by, "priority": int(Priority.BULK), "connector": connector_id, "above": above,
                "reasons": [one.value for one in MENDABLE], "never": list(never),
                "codes": None if codes is None else list(codes), "rest": rest_s, "limit": limit,
            },
        )  # fmt: skip
        ids = sorted(row[0] for row in cursor.fetchall())
    if ids:
        bell.ring()
    return ids
