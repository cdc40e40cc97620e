"""Breakers: a remote that does not answer is left alone, its events wait, and a harmless probe finds out when it is back.

Failures count by statement in the database, so all workers see one breaker. Only failures of the connection count
(unavailable, timed out, unauthorised), never a refused object.
"""

from __future__ import annotations

from django.db import connection

from events.models import Reason

OPENS_AFTER = 5  # failures in a row
FIRST_PROBE_S = 15.0
LONGEST_PROBE_S = 300.0
COUNTED = frozenset({Reason.UNAVAILABLE, Reason.TIMED_OUT, Reason.UNAUTHORISED})

_FAIL = """
INSERT INTO connectors_breaker AS b (connector_id, endpoint, state, failures_in_row, probes, sentence)
VALUES (%(id)s, %(endpoint)s, 'closed', %(n)s, 0, %(sentence)s)
ON CONFLICT (connector_id, endpoint) DO UPDATE SET failures_in_row = b.failures_in_row + %(n)s,
  sentence = %(sentence)s,
  state = CASE WHEN b.failures_in_row + %(n)s >= %(limit)s THEN 'open' ELSE b.state END,
  opened_at = CASE WHEN b.state = 'closed' AND b.failures_in_row + %(n)s >= %(limit)s THEN now() ELSE b.opened_at END,
  probe_at = CASE WHEN b.failures_in_row + %(n)s >= %(limit)s
    THEN now() + LEAST(%(longest)s, %(first)s * 2 ^ LEAST(b.probes, 10)) * interval '1 second' ELSE b.probe_at END,
  probes = CASE WHEN b.state <> 'closed' THEN b.probes + 1 ELSE 0 END
RETURNING state
"""


def failed(connector_id: int, sentence: str, *, endpoint: str = "", count: int = 1) -> bool:
    """Count failures; true where the breaker is open now."""
    values = {"id": connector_id, "endpoint": endpoint, "n": count, "sentence": sentence, "limit": OPENS_AFTER,
              "first": FIRST_PROBE_S, "longest": LONGEST_PROBE_S}  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_FAIL, values)
        return bool(cursor.fetchone()[0] != "closed")


def worked(connector_id: int, *, endpoint: str = "") -> bool:
    """Close the breaker and forget its failures; true where that changed anything."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE connectors_breaker SET state = 'closed', failures_in_row = 0, probes = 0, opened_at = NULL, "
            "probe_at = NULL, sentence = '' WHERE connector_id = %s AND endpoint = %s AND failures_in_row > 0",
            [connector_id, endpoint],
        )
        return cursor.rowcount > 0


def state_of(connector_id: int, endpoint: str = "") -> tuple[str, str, bool]:
    """(state, sentence, whether its probe is due) of one breaker."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, sentence, coalesce(probe_at <= now(), true) FROM connectors_breaker "
            "WHERE connector_id = %s AND endpoint = %s",
            [connector_id, endpoint],
        )
        row = cursor.fetchone()
    return (row[0], row[1], bool(row[2])) if row else ("closed", "", False)


def take_probe(connector_id: int, endpoint: str = "") -> bool:
    """Reserve the probe of an open breaker for this caller: one at a time, over all machines."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE connectors_breaker SET state = 'probing', probe_at = now() + interval '60 seconds' "
            "WHERE connector_id = %s AND endpoint = %s AND state <> 'closed' AND coalesce(probe_at, now()) <= now()",
            [connector_id, endpoint],
        )
        return cursor.rowcount > 0
