"""Everything that happened to one object: its own events at its system, and the deliveries that came of them.

Found through the search keys, because every event that knows its object's id has it as one: an object's page costs what
the object has events, however many the ledger has. Not for finding an object somebody names: that is the search.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from events import search
from events.listing import PATIENCE_MS, PER_PAGE, SHOWN, Page
from events.models import Event

# The walk along one value's keys is the index itself, newest first; each step reads one event and its parent by key.
_IDS = """
SELECT DISTINCT k.event_id FROM events_searchkey AS k
JOIN events_event AS e ON e.id = k.event_id
LEFT JOIN events_event AS p ON p.id = e.parent_id
WHERE k.value = %(value)s AND k.event_id < %(older)s AND (
  (e.object_type = %(type)s AND e.object_id = %(id)s
    AND (e.connector_id = %(connector)s OR (e.kind = 'delivery' AND p.connector_id = %(connector)s)))
  OR (e.kind = 'delivery' AND e.connector_id = %(connector)s AND k.kind = %(own_key)s)
)
ORDER BY k.event_id DESC LIMIT %(limit)s
"""
BEYOND = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Thing:
    """An object of one connector. ``provider``: its provider's slug, under which deliveries note the ids they made."""

    connector_id: int
    object_type: str
    object_id: str
    provider: str = ""


def page(thing: Thing, older: int | None = None, per_page: int = PER_PAGE) -> Page:
    """One page of its events, newest first, below the id ``older``."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE_MS}")
                cursor.execute(_IDS, _parameters(thing, older, per_page + 1))
                ids = [row[0] for row in cursor.fetchall()]
            rows = list(Event.objects.only(*SHOWN, "started_at").filter(pk__in=ids[:per_page]).order_by("-pk"))
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        return Page(is_given_up=True, is_first=older is None)
    return Page(rows, older=ids[per_page - 1] if len(ids) > per_page else None, is_first=older is None)


def _parameters(thing: Thing, older: int | None, limit: int) -> dict[str, str | int]:
    return {
        "value": search.fold(thing.object_id),
        "older": BEYOND if older is None else older,
        "type": thing.object_type,
        "id": thing.object_id,
        "connector": thing.connector_id,
        "own_key": f"{thing.provider}_id",
        "limit": limit,
    }
