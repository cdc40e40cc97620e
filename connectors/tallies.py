"""How an endpoint or lookup fared lately, counted over the newest of its events: for panels and health checks.

A bounded number of rows is read, so that a busy checkout costs no more than a quiet one. Not for figures over months:
those are the metrics'.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone

from events.models import Event

ROWS = 1_000


@dataclass(frozen=True)
class Tally:
    """``counts`` by finer outcome, failures under ``failed``; ``p95_ms`` of all of them; ``is_cut``: there were more
    than were read. ``last_at`` may be older than the span."""

    number: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    p95_ms: int | None = None
    last_at: datetime | None = None
    last_id: int | None = None
    last_sentence: str = ""
    last_outcome: str = ""
    is_cut: bool = False


def lately(connector_id: int, topic: str, span: timedelta = timedelta(days=1)) -> Tally:
    rows = list(
        Event.objects.filter(connector_id=connector_id, topic=topic)
        .order_by("-id")
        .values_list("id", "outcome", "reason_code", "duration_ms", "received_at", "sentence")[:ROWS]
    )
    if not rows:
        return Tally()
    since = timezone.now() - span
    recent = [row for row in rows if row[4] >= since]
    took = sorted(row[3] for row in recent if row[3] is not None)
    return Tally(
        number=len(recent),
        counts=Counter("failed" if row[1] == "failed" else row[2] for row in recent),
        p95_ms=took[min(len(took) - 1, int(len(took) * 0.95))] if took else None,
        last_at=rows[0][4],
        last_id=rows[0][0],
        last_sentence=rows[0][5],
        last_outcome=rows[0][1],
        is_cut=len(recent) == ROWS,
    )
