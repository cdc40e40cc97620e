"""Values by the tables an administrator keeps: what a source's value becomes at a target."""

from __future__ import annotations

from connectors.models import Connector, Mapping, Route
from events.text import clean


def find(connector: Connector, route: Route | None, kind: str, value: str) -> str | None:
    """The target's value, a row of the route's own before one of all routes; ``None`` where there is none."""
    rows = Mapping.objects.filter(connector=connector, kind=kind, from_value=clean(value))
    own = [row for row in rows if row.route_id is None or (route is not None and row.route_id == route.pk)]
    best = max(own, key=lambda row: row.route_id is not None, default=None)
    return best.to_value if best is not None else None


def all_of(connector: Connector, kind: str) -> dict[str, str]:
    """Every value of a kind that has a mapping, with what it becomes; of one route or of all."""
    return dict(Mapping.objects.filter(connector=connector, kind=kind).values_list("from_value", "to_value"))
