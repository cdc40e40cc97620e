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

# The newest keys of one value are read from their index, some hundred at a time, and each is looked at: the planner left
# to itself reads them all where one object has thousands of events.
_IDS = """
WITH k AS MATERIALIZED (
  SELECT event_id, kind FROM events_searchkey WHERE value = %(value)s AND event_id < %(older)s
  ORDER BY event_id DESC LIMIT %(step)s
)
SELECT k.event_id, coalesce(
  (e.object_type = %(type)s AND e.object_id = %(id)s
    AND (e.connector_id = %(connector)s OR (e.kind = 'delivery' AND p.connector_id = %(connector)s)))
  OR (e.kind = 'delivery' AND e.connector_id = %(connector)s AND k.kind = %(own_key)s), false)
FROM k LEFT JOIN events_event AS e ON e.id = k.event_id LEFT JOIN events_event AS p ON p.id = e.parent_id
ORDER BY k.event_id DESC
"""
STEP = 400  # keys looked at in one statement
STEPS = 50  # statements for one page
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
            ids, is_given_up = _ids(thing, older, per_page + 1)
            rows = list(Event.objects.only(*SHOWN, "started_at").filter(pk__in=ids[:per_page]).order_by("-pk"))
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        return Page(is_given_up=True, is_first=older is None)
    more = ids[per_page - 1] if len(ids) > per_page else None
    return Page(rows, older=more, is_first=older is None, is_given_up=is_given_up and not rows)


def _ids(thing: Thing, older: int | None, limit: int) -> tuple[list[int], bool]:
    """The newest ids, and whether the search ended before it had to: a value very many other events have as well."""
    found: list[int] = []
    below = BEYOND if older is None else older
    for _ in range(STEPS):
        with connection.cursor() as cursor:
            cursor.execute(_IDS, _parameters(thing, below))
            keys = cursor.fetchall()
        # An event has the value under several kinds; those the last statement cut off come again with the next one.
        found = list(dict.fromkeys([*found, *(event_id for event_id, is_its in keys if is_its)]))
        if len(found) >= limit or len(keys) < STEP:
            return found[:limit], False
        below = keys[-1][0] + 1 if keys[-1][0] != keys[0][0] else keys[-1][0]
    return found[:limit], True


def _parameters(thing: Thing, below: int) -> dict[str, str | int]:
    return {
        "value": search.fold(thing.object_id),
        "older": below,
        "type": thing.object_type,
        "id": thing.object_id,
        "connector": thing.connector_id,
        "own_key": f"{thing.provider}_id",
        "step": STEP,
    }
