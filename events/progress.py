"""How far the events below one are: for a page that shows exactly what was chosen, and nothing else. Not for lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from events.models import OPEN_OUTCOMES, Event, Outcome

MOST_ROWS = 250

_ROWS = """
SELECT e.id, e.object_label, e.object_id, e.outcome, e.sentence, d.outcome, d.sentence
FROM events_event AS e LEFT JOIN LATERAL (
  SELECT outcome, sentence FROM events_event WHERE parent_id = e.id
  ORDER BY (outcome IN ('queued', 'running', 'waiting')) DESC, (outcome = 'failed') DESC, id DESC LIMIT 1) AS d ON true
WHERE e.parent_id = %s ORDER BY e.id LIMIT %s
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One chosen object. What came of it counts where anything did: an order is done when its deliveries are."""

    event_id: int
    object_id: str
    label: str
    outcome: str
    sentence: str

    @property
    def is_open(self) -> bool:
        return self.outcome in (Outcome.QUEUED, Outcome.RUNNING, Outcome.WAITING)


@dataclass(frozen=True, kw_only=True)
class Progress:
    event: Event
    rows: Sequence[Row]

    @property
    def counts(self) -> Mapping[str, int]:
        """Rows by outcome, in the order they have in life; outcomes nobody has are left out."""
        found = {outcome.value: sum(row.outcome == outcome for row in self.rows) for outcome in Outcome}
        return {outcome: number for outcome, number in found.items() if number}

    @property
    def is_open(self) -> bool:
        return any(row.is_open for row in self.rows)


def of(event_id: int, connector_id: int) -> Progress | None:
    """The progress of what is below an event of this connector; ``None`` where there is no such event (any more)."""
    event = Event.objects.filter(pk=event_id, connector_id=connector_id).first()
    if event is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [event_id, MOST_ROWS])
        rows = [
            Row(
                event_id=row_id,
                object_id=object_id,
                label=label or object_id,
                outcome=below or outcome,
                sentence=below_sentence or sentence,
            )
            for row_id, label, object_id, outcome, sentence, below, below_sentence in cursor.fetchall()
        ]
    return Progress(event=event, rows=rows)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many objects below an event stand where: of each what came of it, where anything did."""

    event: Event
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def is_open(self) -> bool:
        return self.event.is_open or any(self.counts.get(outcome) for outcome in OPEN_OUTCOMES)


_TALLY = """
SELECT coalesce(d.outcome, e.outcome), count(*) FROM (
  SELECT id, outcome FROM events_event WHERE parent_id = %s ORDER BY id LIMIT %s) AS e
LEFT JOIN LATERAL (
  SELECT outcome FROM events_event WHERE parent_id = e.id
  ORDER BY (outcome IN ('queued', 'running', 'waiting')) DESC, (outcome = 'failed') DESC, id DESC LIMIT 1) AS d ON true
GROUP BY 1
"""
MOST_COUNTED = 20_000


def tally(event: Event) -> Tally:
    """The state of everything an event started, up to ``MOST_COUNTED`` objects."""
    with connection.cursor() as cursor:
        cursor.execute(_TALLY, [event.pk, MOST_COUNTED])
        found = dict(cursor.fetchall())
    return Tally(event=event, counts={one.value: found[one.value] for one in Outcome if one.value in found})


def open_failures(connector_id: int, *, most: int = 1000) -> int:
    """Failures of a connector nobody has resolved; counting ends at ``most``."""
    rows = Event.objects.filter(connector_id=connector_id, outcome=Outcome.FAILED, resolved_at__isnull=True)
    return rows.values("pk")[:most].count()
