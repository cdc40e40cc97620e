"""Breakers: a remote that does not answer is left alone, its events wait, and a harmless probe finds out when it is
back.

Failures count by statement in the database, so all workers see one breaker. Only failures of the connection count
(unavailable, timed out, unauthorised), never a refused object.
"""

from __future__ import annotations

from django.db import connection

from events.models import Reason
from events.text import SENTENCE_LIMIT, clean

OPENS_AFTER = 5  # failures in a row
FIRST_PROBE_S = 15.0
LONGEST_PROBE_S = 300.0
COUNTED = frozenset({Reason.UNAVAILABLE, Reason.TIMED_OUT, Reason.UNAUTHORISED})

# Late failures of calls that were under way when it opened move nothing: only a failed probe puts the next one off.
_FAIL = """
INSERT INTO connectors_breaker AS b
  (connector_id, endpoint, state, failures_in_row, probes, sentence, opened_at, probe_at)
SELECT c.id, %(endpoint)s, CASE WHEN %(n)s >= %(limit)s THEN 'open' ELSE 'closed' END, %(n)s, 0, %(sentence)s,
  CASE WHEN %(n)s >= %(limit)s THEN now() END,
  CASE WHEN %(n)s >= %(limit)s THEN now() + %(first)s * interval '1 second' END
FROM connectors_connector AS c WHERE c.id = %(id)s
ON CONFLICT (connector_id, endpoint) DO UPDATE SET failures_in_row = LEAST(b.failures_in_row + %(n)s, 1000000),
  sentence = %(sentence)s,
  state = CASE WHEN b.state = 'probing' OR b.failures_in_row + %(n)s >= %(limit)s THEN 'open' ELSE b.state END,
  opened_at = CASE WHEN b.state = 'closed' AND b.failures_in_row + %(n)s >= %(limit)s THEN now() ELSE b.opened_at END,
  probe_at = CASE
    WHEN b.state = 'probing'
    THEN now() + LEAST(%(longest)s, %(first)s * 2 ^ LEAST(b.probes + 1, 10)) * interval '1 second'
    WHEN b.state = 'closed' AND b.failures_in_row + %(n)s >= %(limit)s THEN now() + %(first)s * interval '1 second'
    ELSE b.probe_at END,
  probes = CASE b.state WHEN 'probing' THEN b.probes + 1 WHEN 'open' THEN b.probes ELSE 0 END
RETURNING state, failures_in_row >= %(limit)s AND failures_in_row - %(n)s < %(limit)s
"""


def failed(connector_id: int, sentence: str, *, endpoint: str = "", count: int = 1) -> bool:
    """Count failures; true where the breaker is open now. A connector that was deleted meanwhile has none."""
    return count_failures(connector_id, sentence, endpoint=endpoint, count=count)[0]


def count_failures(connector_id: int, sentence: str, *, endpoint: str = "", count: int = 1) -> tuple[bool, bool]:
    """(whether the breaker is open now, whether these failures opened it)."""
    values: dict[str, str | int | float] = {
        "id": connector_id, "endpoint": endpoint, "n": count, "sentence": clean(sentence, SENTENCE_LIMIT),
        "limit": OPENS_AFTER, "first": FIRST_PROBE_S, "longest": LONGEST_PROBE_S,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_FAIL, values)
        row = cursor.fetchone()
    return (row[0] != "closed", bool(row[1])) if row else (False, False)


def worked(connector_id: int, *, endpoint: str = "") -> bool:
    """Close the breaker and forget its failures; true where that changed anything."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE connectors_breaker SET state = 'closed', failures_in_row = 0, probes = 0, opened_at = NULL, "
            "probe_at = NULL, sentence = '' WHERE connector_id = %s AND endpoint = %s AND failures_in_row > 0",
            [connector_id, endpoint],
        )
        changed: int = cursor.rowcount
    return changed > 0


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
        taken: int = cursor.rowcount
    return taken > 0
