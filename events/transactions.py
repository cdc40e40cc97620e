"""The log of a connector: one row for each transaction of a flow, and how many of them wait for somebody.

A flow is a set of object types; a transaction is what was done for one object by one route, or in answer to one kind of
message. Of its events one speaks
for it: an open failure as long as there is one, so that the rows with an error are those the tab counts; else the newest
that did something, so that an order told of again still says where it went. A page walks one index from an id downwards,
a bounded number of rows a page; nothing is counted but open failures, up to a limit. Not for everything that happened to one
object (``objects``), nor for every event (``listing``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db import connection
from django.utils import timezone

from events import search
from events.listing import SHOWN, SLACK, as_id, first_id_since
from events.models import Event

PER_PAGE = 50
STEP = 200  # events looked at in one statement
LOOKED_AT = 5_000  # events one page looks at: a rare text is found further on, page by page
KEY_HITS = 2000
COUNT_LIMIT = 1000
MOST_TYPES = 50
BEYOND = 2**63 - 1
FIRST_YEAR, LAST_YEAR = 1970, 9000


@dataclass(frozen=True)
class Asked:
    """What was asked of the log, cleaned. ``q`` is a number people quote, else words of the message."""

    flow: str = ""
    q: str = ""
    day: str = ""  # from this day on
    until: str = ""  # to this day, included
    hide: str = ""  # resolved
    errors: str = ""  # only
    older: int | None = None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Asked:
        return cls(
            flow=given.get("flow", "")[:40],
            q=given.get("q", "").replace("\x00", "").strip()[:200],
            day=_day(given.get("day", "")),
            until=_day(given.get("until", "")),
            hide="resolved" if given.get("hide") == "resolved" else "",
            errors="only" if given.get("errors") == "only" else "",
            older=as_id(given.get("older", "")),
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.q or self.day or self.until or self.errors or self.hide)

    def query(self, **changes: object) -> str:
        """The query string with other members; what changes starts at the first page."""
        wanted = replace(self, **{"older": None, **changes})  # type: ignore[arg-type]
        pairs = {f.name: getattr(wanted, f.name) for f in fields(self)}
        return "?" + urlencode({name: value for name, value in pairs.items() if value not in ("", None)})


@dataclass
class Page:
    """``older``: the id to go on from. ``looked_back_to``: the walk ended there before the page was full."""

    rows: list[Event] = field(default_factory=list)
    older: int | None = None
    looked_back_to: datetime | None = None
    is_by_text: bool = False  # no number is like what was asked for: the messages were looked through


class _Walked(NamedTuple):
    id: int
    object_type: str
    object_id: str
    line: str
    rank: int
    received_at: datetime
    fits: bool


def _day(text: str) -> str:
    """A day as it was typed; empty where it is none, or one that no log reaches (and whose midnight no clock can say)."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return ""
    return day.isoformat() if FIRST_YEAR <= day.year <= LAST_YEAR else ""


_TYPES = """
WITH RECURSIVE t (object_type) AS (
  (SELECT object_type FROM events_event WHERE connector_id = %(connector)s ORDER BY connector_id, object_type LIMIT 1)
  UNION ALL
  SELECT n.object_type FROM t, LATERAL (
    SELECT object_type FROM events_event WHERE connector_id = %(connector)s AND object_type > t.object_type
    ORDER BY connector_id, object_type LIMIT 1) AS n
) SELECT object_type FROM t LIMIT %(most)s
"""


def types(connector_id: int) -> list[str]:
    """The object types a connector's events have: one probe of an index for each."""
    with connection.cursor() as cursor:
        cursor.execute(_TYPES, {"connector": connector_id, "most": MOST_TYPES})
        return [row[0] for row in cursor.fetchall()]


# What an event is one of for its object: what its lock keeps in order (an older failure is resolved along it), else its
# topic.
_LINE = "coalesce(nullif(e.lock_key, ''), e.topic)"
_ERRORS = f"""
SELECT t.name, n.n FROM unnest(%s::text[]) AS t (name), LATERAL (
  SELECT count(DISTINCT (few.line, coalesce(nullif(few.object_id, ''), few.id::text))) AS n FROM (
    SELECT e.object_id, {_LINE} AS line, e.id FROM events_event AS e WHERE e.connector_id = %s AND e.object_type = t.name
      AND e.outcome = 'failed' AND e.resolved_at IS NULL
    ORDER BY e.connector_id, e.object_type, e.id DESC LIMIT %s) AS few) AS n
"""


def errors(connector_id: int, object_types: Collection[str]) -> dict[str, int]:
    """Transactions with an open failure by type, counted up to ``COUNT_LIMIT`` events."""
    with connection.cursor() as cursor:
        cursor.execute(_ERRORS, [list(object_types), connector_id, COUNT_LIMIT])
        return dict(cursor.fetchall())


# Which event speaks for a transaction: an open failure, else the newest that did something, else the newest of all.
_RANK = (
    "CASE WHEN e.outcome = 'failed' AND e.resolved_at IS NULL THEN 2 "
    "WHEN e.outcome = 'skipped' AND e.reason IN ('unchanged', 'superseded') THEN 0 ELSE 1 END"
)
_COLUMNS = f"e.id, e.object_type, e.object_id, {_LINE} AS line, {_RANK} AS rank, e.received_at, ({{fits}}) AS fits"
# The types are walked side by side, each down its own index; what is left of them is merged by id.
_WALK = f"""
SELECT m.* FROM unnest(%(types)s::text[]) AS t (name), LATERAL (
  SELECT {_COLUMNS} FROM events_event AS e
  WHERE e.connector_id = %(connector)s AND e.object_type = t.name AND e.id < %(older)s AND e.id >= %(first)s {{only}}
  ORDER BY e.id DESC LIMIT %(step)s) AS m
"""
_NUMBERED = f"""
SELECT {_COLUMNS} FROM events_event AS e
WHERE e.id = ANY(%(keys)s::bigint[]) AND e.connector_id = %(connector)s AND e.object_type = ANY(%(types)s::text[])
  AND e.id < %(older)s {{only}}
"""
# Whether another event of the same object and line, of those that fit, speaks for it: found through its search key.
_SPOKEN_FOR = f"""
SELECT c.id FROM unnest(%(ids)s::bigint[], %(names)s::text[], %(objects)s::text[], %(lines)s::text[], %(ranks)s::int[],
  %(values)s::text[]) AS c (id, name, object_id, line, rank, value), LATERAL (
  SELECT 1 FROM (
    (SELECT event_id FROM events_searchkey WHERE value = c.value AND event_id > c.id
     ORDER BY value, event_id DESC LIMIT 200)
    UNION ALL
    (SELECT event_id FROM events_searchkey WHERE value = c.value AND event_id < c.id AND c.rank < 2
     ORDER BY value, event_id DESC LIMIT 200)) AS k JOIN events_event AS e ON e.id = k.event_id
  WHERE e.connector_id = %(connector)s AND e.object_type = c.name AND e.object_id = c.object_id AND {_LINE} = c.line
    AND ({{fits}}) AND ({_RANK}, e.id) > (c.rank, c.id)
  LIMIT 1) AS n
"""
_OPEN = "AND e.outcome = 'failed' AND e.resolved_at IS NULL"
_RESOLVED = "AND e.outcome = 'failed' AND e.resolved_at IS NOT NULL"


def page(connector_id: int, object_types: Sequence[str], asked: Asked, per_page: int = PER_PAGE) -> Page:
    """One page of a flow's transactions, newest first."""
    made = Page()
    keys = _by_number(asked.q) if asked.q else []
    made.is_by_text = bool(asked.q) and not keys
    begins = _midnight(asked.day) if asked.day else None
    ends = _midnight(asked.until, 1) if asked.until else None
    values: dict[str, Any] = {
        "types": list(object_types), "connector": connector_id, "step": STEP, "keys": keys,
        "text": f"%{_escaped(asked.q)}%", "begins": begins, "ends": ends,
        "first": first_id_since(begins) if begins else 0,
    }  # fmt: skip
    fits, walk = _statements(asked, by_number=bool(keys))
    below = asked.older if asked.older is not None else BEYOND
    if ends is not None and ends <= timezone.now():
        below = min(below, first_id_since(ends) + 2 * SLACK)  # neighbours may be out of order
    found: list[int] = []
    looked = 0
    while len(found) <= per_page:
        with connection.cursor() as cursor:
            cursor.execute(walk, {**values, "older": below})
            walked = [_Walked(*row) for row in cursor.fetchall()]
        looked += len(walked)
        found += _speaking([row for row in walked if row.fits], fits, values)
        if len(walked) < STEP:
            break
        below = walked[-1].id
        if looked >= LOOKED_AT and len(found) <= per_page:
            made.older, made.looked_back_to = below, walked[-1].received_at
            break
    if len(found) > per_page:
        made.older, found, made.looked_back_to = found[per_page - 1], found[:per_page], None
    made.rows = list(Event.objects.only(*SHOWN, "triggered_by", "next_step").filter(pk__in=found).order_by("-pk"))
    return made


def _statements(asked: Asked, *, by_number: bool) -> tuple[str, str]:
    """(what makes an event a row, the statement that walks). What failed is walked in indexes of its own."""
    fits = ["true"]
    if asked.hide:
        fits.append("NOT (e.outcome = 'failed' AND e.resolved_at IS NOT NULL)")
    if asked.errors:
        fits.append("e.outcome = 'failed'")
    if asked.day:
        fits.append("e.received_at >= %(begins)s")
    if asked.until:
        fits.append("e.received_at < %(ends)s")
    if asked.q and not by_number:
        fits.append("e.sentence ILIKE %(text)s")
    only = [""] if not asked.errors else [_OPEN] if asked.hide else [_OPEN, _RESOLVED]
    condition = " AND ".join(fits)
    source = _NUMBERED if by_number else _WALK
    parts = " UNION ALL ".join(f"({source.format(fits=condition, only=one)})" for one in only)
    return condition, f"SELECT * FROM ({parts}) AS w ORDER BY id DESC LIMIT %(step)s"


def _speaking(walked: Sequence[_Walked], fits: str, values: Mapping[str, Any]) -> list[int]:
    """Of the events that fit, the one that speaks for each transaction; those that name no object stand for themselves."""
    named = [row for row in walked if row.object_id]
    spoken_for: set[int] = set()
    if named:
        more: dict[str, Any] = {
            "ids": [row.id for row in named], "names": [row.object_type for row in named],
            "objects": [row.object_id for row in named], "lines": [row.line for row in named],
            "ranks": [row.rank for row in named], "values": [search.fold(row.object_id) for row in named],
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_SPOKEN_FOR.format(fits=fits), {**values, **more})
            spoken_for = {row[0] for row in cursor.fetchall()}
    return [row.id for row in walked if row.id not in spoken_for]


def _by_number(text: str) -> list[int]:
    keys = _keys(search.fold(text))
    number = as_id(text.strip().removeprefix("#"))
    if number is not None and number not in keys and Event.objects.filter(pk=number).exists():
        keys.append(number)
    return keys


def _keys(value: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT event_id FROM (SELECT event_id FROM events_searchkey WHERE value = %s "
            "ORDER BY value, event_id DESC LIMIT %s) AS k",
            [value, KEY_HITS],
        )
        return [row[0] for row in cursor.fetchall()]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _midnight(day: str, later: int = 0) -> datetime:
    """The beginning of a day, or of one some days later, in the person's zone."""
    first = date.fromisoformat(day) + timedelta(days=later)
    return datetime.combine(first, time(), timezone.get_current_timezone())
