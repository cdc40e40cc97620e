"""The event list: filters that each walk one index, and pages by id instead of by offset. Never a count of the table.

A page is the 50 newest events below (``older``) or the 50 oldest above (``newer``) an id, so that page 20,000 costs
what page 1 costs. Bodies are in another table and never read here.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db import OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from psycopg.errors import QueryCanceled

from events import search
from events.models import Event, Kind, Outcome, Reason, RelatedRequest, SearchKey

PER_PAGE = 50
KEY_HITS = 2000  # newest events of one number that are looked through
SPANS = {"1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7)}
BIGGEST_ID = 2**63 - 1
PATIENCE_MS = 2500  # each filter walks an index; a combination that never occurs may walk a long one in vain

# What a row shows; the rest of a wide table stays unread.
SHOWN = (
    "id", "outcome", "reason", "connector_id", "connector_name", "kind", "topic", "object_type", "object_id",
    "object_label", "sentence", "received_at", "duration_ms", "due_at", "attempts", "max_attempts", "resolved_at",
    "duplicate_count", "parent_id",
)  # fmt: skip


@dataclass(frozen=True)
class Filters:
    """What was asked for, cleaned: a value that is not a choice counts as not given."""

    q: str = ""
    outcome: str = ""
    reason: str = ""
    connector: int | None = None
    kind: str = ""
    topic: str = ""
    resolved: str = ""  # yes, no
    since: str = ""
    cause: str = ""
    older: int | None = None
    newer: int | None = None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Filters:
        def one(name: str, allowed: object = None) -> str:
            value = given.get(name, "").replace("\x00", "").strip()[:200]
            return value if allowed is None or value in allowed else ""  # type: ignore[operator]

        return cls(
            q=one("q"),
            outcome=one("outcome", Outcome.values),
            reason=one("reason", Reason.values),
            connector=as_id(given.get("connector", "")),
            kind=one("kind", Kind.values),
            topic=one("topic")[:120],
            resolved=one("resolved", ("yes", "no")),
            since=one("since", SPANS),
            cause=one("cause")[:64],
            older=as_id(given.get("older", "")),
            newer=as_id(given.get("newer", "")),
        )

    @property
    def is_narrowed(self) -> bool:
        return replace(self, older=None, newer=None) != Filters()

    def query(self, **changes: object) -> str:
        """The query string of this list with other members; a new filter starts at its first page."""
        if not changes.keys() & {"older", "newer"}:
            changes |= {"older": None, "newer": None}
        pairs = {f.name: changes.get(f.name, getattr(self, f.name)) for f in fields(self)}
        return "?" + urlencode({k: v for k, v in pairs.items() if v not in ("", None)})


def as_id(text: str) -> int | None:
    """A number that can be an id, else nothing."""
    return int(text) if len(text) <= 19 and text.isascii() and text.isdecimal() and int(text) <= BIGGEST_ID else None


@dataclass
class Page:
    rows: list[Event] = field(default_factory=list)
    older: int | None = None  # the id to page on from, where there is more
    newer: int | None = None
    is_first: bool = True
    is_given_up: bool = False  # nothing was found within ``PATIENCE_MS``


def page(filters: Filters, per_page: int = PER_PAGE) -> Page:
    """One page, newest first."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE_MS}")
            return _page(filters, per_page)
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        return Page(is_given_up=True, is_first=filters.older is None and filters.newer is None)


def _page(filters: Filters, per_page: int) -> Page:
    events = narrowed(filters)
    if filters.newer is not None:
        rows = list(events.filter(pk__gt=filters.newer).order_by("pk")[: per_page + 1])
        more, rows = len(rows) > per_page, rows[:per_page][::-1]
        if rows:
            return Page(rows, older=rows[-1].pk, newer=rows[0].pk if more else None, is_first=not more)
        filters = replace(filters, newer=None)
        events = narrowed(filters)
    if filters.older is not None:
        events = events.filter(pk__lt=filters.older)
    rows = list(events.order_by("-pk")[: per_page + 1])
    more, rows = len(rows) > per_page, rows[:per_page]
    is_first = filters.older is None
    newer = None if is_first else (rows[0].pk if rows else filters.older - 1)  # type: ignore[operator]
    return Page(rows, older=rows[-1].pk if more else None, newer=newer, is_first=is_first)


def narrowed(filters: Filters) -> QuerySet[Event]:
    """The events a filter lets through, unordered, without paging."""
    events = Event.objects.only(*SHOWN)
    for name in ("outcome", "reason", "kind", "topic", "cause"):
        value = getattr(filters, name)
        if value:
            events = events.filter(**{name: value})
    if filters.connector is not None:
        events = events.filter(connector_id=filters.connector)
    if filters.cause and not filters.outcome:
        events = events.filter(outcome=Outcome.FAILED)  # the index of causes holds failures only
    if filters.resolved:
        events = events.filter(outcome=Outcome.FAILED, resolved_at__isnull=filters.resolved == "no")
    if filters.since:
        moment = timezone.now() - SPANS[filters.since]
        events = events.filter(pk__gte=first_id_since(moment), received_at__gte=moment)
    if filters.q:
        events = events.filter(_matches(filters))
    return events


def _matches(filters: Filters) -> Q:
    """Events a number belongs to: a search key, the event's own id, a related request's id."""
    keys = SearchKey.objects.filter(value=search.fold(filters.q))
    if filters.older is not None:
        keys = keys.filter(event_id__lt=filters.older)
    ids = list(keys.order_by("-event_id").values_list("event_id", flat=True)[:KEY_HITS])
    return Q(pk__in={*ids, *_numbered(filters.q)})


def _numbered(text: str) -> list[int]:
    """Ids of events that the text names itself: an event's number, or the id of a related request."""
    plain = text.strip().removeprefix("#")
    number = as_id(plain)
    ids = [] if number is None else [number]
    try:
        request_id = uuid.UUID(plain)
    except ValueError:
        return ids
    return [*ids, *RelatedRequest.objects.filter(pk=request_id).values_list("event_id", flat=True)]


def found(text: str, *, limit: int) -> list[Event]:
    """The newest events a number belongs to."""
    return page(Filters(q=text.replace("\x00", "").strip()[:200]), per_page=limit).rows


_FIRST_SINCE = """
WITH RECURSIVE half (low, high) AS (
  SELECT min(id), max(id) + 1 FROM events_event
  UNION ALL
  SELECT CASE WHEN m.received_at < %(moment)s THEN m.id + 1 ELSE low END,
         CASE WHEN m.received_at < %(moment)s THEN high ELSE (low + high) / 2 END
  FROM half, LATERAL (
    SELECT id, received_at FROM events_event WHERE id >= (low + high) / 2 ORDER BY id LIMIT 1
  ) AS m
  WHERE low < high
)
SELECT low FROM half WHERE low >= high
"""
SLACK = 1000  # ids are given before the row is written: neighbours may be out of order


def first_id_since(moment: datetime) -> int:
    """An id at or just below the first event received since then: some twenty look-ups by primary key."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_SINCE, {"moment": moment})
        row = cursor.fetchone()
    return max(0, row[0] - SLACK) if row and row[0] is not None else 0
