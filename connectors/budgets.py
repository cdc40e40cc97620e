"""Rate budgets shared by all workers: a token bucket is one ``UPDATE ... RETURNING`` (0.4 ms).

A token is reserved even where none is left; whoever got a negative one waits his turn, which keeps callers in order. A
wait longer than ``LONGEST_WAIT_S`` is not sat out in a worker: the token goes back and the event waits instead.
"""

from __future__ import annotations

import time

from django.db import connection

from connectors.base import Budget
from connectors.exceptions import WaitFor

LONGEST_WAIT_S = 2.0

_TAKE = """
INSERT INTO connectors_bucket AS b (connector_id, name, tokens, filled_at)
SELECT c.id, %(name)s, %(burst)s - 1, now() FROM connectors_connector AS c WHERE c.id = %(id)s
ON CONFLICT (connector_id, name) DO UPDATE SET filled_at = now(),
  tokens = LEAST(%(burst)s, b.tokens + extract(epoch FROM now() - b.filled_at) * %(rate)s) - 1
RETURNING tokens::float8
"""


class BudgetSpent(WaitFor):
    """The connector's rate budget is spent for longer than a worker should sit there."""

    reason = "rate_budget"


def take(connector_id: int, budget: Budget, *, name: str = "rate") -> float:
    """Reserve one call; returns the seconds to wait before it may leave (0 where a token was there)."""
    if budget.per_second <= 0:
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKE, {"id": connector_id, "name": name, "burst": max(1, budget.burst), "rate": budget.per_second}
        )
        row = cursor.fetchone()  # none: the connector was deleted meanwhile
    return max(0.0, -float(row[0]) / budget.per_second) if row else 0.0


def give_back(connector_id: int, *, name: str = "rate") -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE connectors_bucket SET tokens = tokens + 1 WHERE connector_id = %s AND name = %s",
            [connector_id, name],
        )


def spend(connector_id: int, budget: Budget) -> None:
    """Wait for one call's turn. Raises ``BudgetSpent`` where the turn is too far away."""
    wait_s = take(connector_id, budget)
    if wait_s > LONGEST_WAIT_S:
        give_back(connector_id)
        raise BudgetSpent("The connector's rate budget is spent; the event waits for its turn.", retry_after_s=wait_s)
    if wait_s:
        time.sleep(wait_s)


def pause(connector_id: int, seconds: float, *, name: str = "pause") -> None:
    """Leave a connector (or one of its lookups, by ``name``) alone: it asked for that."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO connectors_bucket AS b (connector_id, name, tokens, filled_at, paused_until) "
            "SELECT c.id, %s, 0, now(), now() + %s * interval '1 second' FROM connectors_connector AS c "
            "WHERE c.id = %s "
            "ON CONFLICT (connector_id, name) "
            "DO UPDATE SET paused_until = GREATEST(b.paused_until, excluded.paused_until)",
            [name[:60], seconds, connector_id],
        )


def paused_for_s(connector_id: int, *, name: str = "pause") -> float:
    """Seconds a pause still lasts, 0 where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM paused_until - now())::float8 FROM connectors_bucket "
            "WHERE connector_id = %s AND name = %s AND paused_until > now()",
            [connector_id, name[:60]],
        )
        row = cursor.fetchone()
    return float(row[0]) if row else 0.0
