"""Rate budgets shared by all workers: a token bucket is one ``UPDATE ... RETURNING`` (0.4 ms).

Of calls (``spend``): a token is reserved even where none is left; whoever got a negative one waits his turn, which
keeps callers in order. A wait longer than ``LONGEST_WAIT_S`` is not sat out in a worker: the token goes back and the
event waits instead.

Of points (``book``), where the vendor prices calls and says in each answer what is left: what a call may cost is booked
before it leaves, if the bucket holds that and the share kept for more urgent work; ``settle`` and ``give_back_points``
end the booking. Two bookings never take the same points; the level is what the vendor said last, and what came since.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.db import connection

from connectors.base import Budget
from connectors.exceptions import WaitFor
from connectors.models import Bucket

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
        raise BudgetSpent(
            "The connector's rate budget is spent; the event waits for its turn.",
            retry_after_s=wait_s, closes_lane=True,
        )  # fmt: skip
    if wait_s:
        time.sleep(wait_s)


_REST = """
UPDATE connectors_bucket AS b SET filled_at = now(),
  tokens = LEAST(0, b.tokens + extract(epoch FROM now() - b.filled_at) * %(rate)s)
WHERE connector_id = %(id)s AND name = %(name)s
"""


def rest(connector_id: int, budget: Budget, *, name: str = "rate") -> None:
    """A call has ended: nothing is saved up, and the next one's turn is counted from now. Who waits already keeps his
    place."""
    with connection.cursor() as cursor:
        cursor.execute(_REST, {"id": connector_id, "name": name, "rate": budget.per_second})


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


def resume(connector_id: int) -> None:
    """End the pauses of a connector's lane: somebody has seen that it works."""
    Bucket.objects.filter(connector_id=connector_id, name__in=("pause", "rest")).update(paused_until=None)


# --- points -----------------------------------------------------------------------------------------------------------

POINTS = "points"
STALE_S = 30.0  # bookings nobody ended by then belong to workers that died: no call takes longer

_AT = "coalesce(to_timestamp(%(at)s), clock_timestamp())"
_PASSED = f"greatest(0, extract(epoch FROM {_AT} - b.filled_at))"
_LEVEL = f"least(b.capacity, b.tokens + {_PASSED} * b.per_second)"
_BOOKED = f"CASE WHEN {_PASSED} > {STALE_S} THEN 0 ELSE b.booked END"
_KEPT = "least(%(kept)s * b.capacity, greatest(0, b.capacity - %(cost)s))"  # a dear call would else wait for ever
_BOOK = f"""
INSERT INTO connectors_bucket AS b (connector_id, name, tokens, filled_at, capacity, per_second, booked)
SELECT c.id, %(name)s, %(capacity)s, {_AT}, %(capacity)s, %(rate)s, %(cost)s
FROM connectors_connector AS c WHERE c.id = %(id)s
ON CONFLICT (connector_id, name) DO UPDATE SET tokens = {_LEVEL}, filled_at = {_AT}, booked = {_BOOKED} + %(cost)s
WHERE {_LEVEL} - ({_BOOKED}) >= %(cost)s + {_KEPT}
RETURNING 1
"""
_WAIT = f"""
SELECT (%(cost)s + {_KEPT} - {_LEVEL} + {_BOOKED}) / b.per_second FROM connectors_bucket AS b
WHERE b.connector_id = %(id)s AND b.name = %(name)s
"""
_SETTLE = f"""
UPDATE connectors_bucket AS b SET tokens = %(left)s, capacity = %(capacity)s, per_second = %(rate)s, filled_at = {_AT},
  booked = greatest(0, b.booked - %(cost)s)
WHERE b.connector_id = %(id)s AND b.name = %(name)s
"""
_GIVE_BACK = f"""
UPDATE connectors_bucket AS b SET tokens = greatest(0, {_LEVEL} - %(spent)s), filled_at = {_AT},
  booked = greatest(0, b.booked - %(cost)s)
WHERE b.connector_id = %(id)s AND b.name = %(name)s
"""


@dataclass(frozen=True, kw_only=True)
class Points:
    """A bucket of points: how many it holds at most, how many come back in a second, and how many are there now."""

    capacity: float
    per_second: float
    left: float


def book(connector_id: int, cost: float, start: Points, *, kept: float = 0.0, at: float | None = None) -> float:
    """Book ``cost`` points; 0 where they are booked, else the seconds after which to ask again.

    ``kept``: the share of the bucket (0 to 1) that must be left for more urgent callers. ``start``: what to assume
    before the vendor has said anything. ``at``: epoch seconds of another clock than the database's."""
    values: dict[str, str | int | float | None] = {
        "id": connector_id, "name": POINTS, "cost": cost, "kept": kept, "at": at,
        "capacity": start.capacity, "rate": start.per_second,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_BOOK, values)
        if cursor.fetchone() is not None:
            return 0.0
        cursor.execute(_WAIT, values)
        row = cursor.fetchone()  # none: the connector was deleted meanwhile
    return max(0.01, float(row[0])) if row else 0.0


def settle(connector_id: int, cost: float, said: Points, *, at: float | None = None) -> None:
    """End a booking with what the vendor's answer said."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SETTLE,
            {
                "id": connector_id, "name": POINTS, "cost": cost, "at": at,
                "left": said.left, "capacity": said.capacity, "rate": said.per_second,
            },
        )  # fmt: skip


def give_back_points(connector_id: int, cost: float, *, spent: float = 0.0, at: float | None = None) -> None:
    """End a booking without an answer that said anything; ``spent``: what it is to be reckoned with all the same."""
    with connection.cursor() as cursor:
        cursor.execute(
            _GIVE_BACK, {"id": connector_id, "name": POINTS, "cost": cost, "spent": min(spent, cost), "at": at}
        )


def points_of(connector_id: int) -> Points | None:
    """What the bucket of a connector holds now, bookings taken off; ``None`` before the first call."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT b.capacity, b.per_second, greatest(0, {_LEVEL} - ({_BOOKED})) FROM connectors_bucket AS b "
            "WHERE b.connector_id = %(id)s AND b.name = %(name)s",
            {"id": connector_id, "name": POINTS, "at": None},
        )
        row = cursor.fetchone()
    return Points(capacity=float(row[0]), per_second=float(row[1]), left=float(row[2])) if row else None
