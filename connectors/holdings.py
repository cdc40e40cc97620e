"""Holdings: what a target was found to hold of a route's figures, written beside them, so that the next feed corrects it.

Not for what a source wants and what is on its way: that is ``figures``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from connectors.figures import Row
from connectors.models import Figure


def compare_topic(kind: str) -> str:
    """The topic of the event that compares what the target holds with what it should."""
    return f"{kind}/compare"


_HELD = """
WITH held AS (
  SELECT * FROM unnest(%(ids)s::bigint[], %(texts)s::text[]) AS h (id, text)
), known AS (
  SELECT f.id, f.key, f.place, f.wanted, h.text FROM connectors_figure AS f JOIN held AS h ON h.id = f.id
  WHERE f.route_id = %(route)s AND f.batch_id IS NULL AND f.absent_since IS NULL AND f.problem = ''
    AND (f.sent_at IS NULL OR f.sent_at < %(before)s) AND f.sent IS DISTINCT FROM h.text
), put AS (
  UPDATE connectors_figure AS f SET sent = k.text FROM known AS k WHERE f.id = k.id
)
SELECT key, place, wanted, text FROM known WHERE wanted <> text ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure the target holds otherwise than it confirmed, and than is wanted."""

    key: str
    place: str
    wanted: str
    held: str


def compare(route_id: int, held: Mapping[int, str], *, before: datetime) -> list[Difference]:
    """What a target was found to hold, by figure: the next feed sends what differs from what is wanted. Figures that are on
    their way, were sent since ``before`` (when the target was read), or cannot be sent are left alone."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, {"ids": list(held), "texts": list(held.values()), "route": route_id, "before": before})
        return [Difference(*row) for row in cursor.fetchall()]


def at(route_id: int, pairs: Collection[tuple[str, str]]) -> list[Row]:
    """The figures of a route with these keys and places."""
    keys, places = [key for key, _ in pairs], [place for _, place in pairs]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.id, f.key, f.place, f.wanted, f.sent FROM connectors_figure AS f "
            "JOIN unnest(%s::text[], %s::text[]) AS g (key, place) ON f.key = g.key AND f.place = g.place "
            "WHERE f.route_id = %s ORDER BY f.id",
            [keys, places, route_id],
        )
        return [Row(*row) for row in cursor.fetchall()]


def places_of(route_id: int) -> list[str]:
    """Every place a route has figures at."""
    rows = Figure.objects.filter(route_id=route_id).order_by("place").values_list("place", flat=True)
    return list(rows.distinct())
