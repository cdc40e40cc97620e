"""Outcomes: what became of a running event, written many at a time and only by whoever holds its lease."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from events import alerts, cancelling
from events.exchanges import INTERRUPTED, Kept, lose_answers, write_many
from events.models import Event, Outcome, Reason
from events.text import SENTENCE_LIMIT, clean, clean_notes, fit

LONGEST_PAUSE_S = 7 * 86_400.0
NOT_WRITTEN = "outcome_not_written"  # reason code of an event whose outcome could not be written down
ASKED_TO_LOOK = [
    Reason.UNCONFIRMED_WRITE.value,
    Reason.WORKER_LOST.value,
]  # whose page says: look at the target, then Retry


@dataclass(kw_only=True)
class Result:
    """The outcome of one run of one event. ``due_in_s``: when a waiting event is looked at again, ``None``: when its
    lane opens. ``lease`` fences: a run whose lease was taken back changes nothing."""

    event_id: int
    lease: uuid.UUID | None
    connector_id: int
    topic: str
    outcome: Outcome
    reason: str = ""
    reason_code: str = ""
    sentence: str = ""
    next_step: str = ""
    notes: list[dict[str, Any]] = field(default_factory=list)
    due_in_s: float | None = None
    duration_ms: int = 0
    object_type: str = ""
    object_id: str = ""
    object_label: str = ""
    lock_key: str = ""
    also_resolves: str = ""  # lock key of the object, where the event was found by something else (its number)
    cause: str = ""
    exchanges: list[Kept] = field(default_factory=list)  # reads of this run that are not written yet
    gives_back_attempt: bool = False  # it did not really run: a closed breaker, a spent budget

    @classmethod
    def of(cls, event: Event, outcome: Outcome, **more: Any) -> Result:
        base: dict[str, Any] = {
            "object_type": event.object_type,
            "object_id": event.object_id,
            "object_label": event.object_label,
        }
        return cls(
            event_id=event.pk,
            lease=event.lease,
            connector_id=event.connector_id or 0,
            topic=event.topic,
            outcome=outcome,
            lock_key=event.lock_key,
            **(base | more),
        )


VARIABLE_PARTS = re.compile(r"“[^”]*”|\"[^\"]*\"|'[^']*'|[#\w-]*\d[\w.:-]*")


def cause_of(connector_id: int, topic: str, reason: str, reason_code: str, sentence: str) -> str:
    """The fingerprint by which failures are grouped: the same sentence but for numbers and quoted names."""
    pattern = reason_code or VARIABLE_PARTS.sub("*", sentence[:SENTENCE_LIMIT])
    text = "\x1f".join((str(connector_id), topic, reason, pattern))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


_FINISH = """
UPDATE events_event AS e SET
  outcome = r.outcome, reason = r.reason, reason_code = r.reason_code, sentence = r.sentence, next_step = r.next_step,
  notes = r.notes, cause = r.cause, object_type = r.object_type, object_id = r.object_id,
  object_label = r.object_label, duration_ms = r.duration_ms, lease = NULL, lease_until = NULL,
  due_at = CASE WHEN r.outcome = 'waiting' AND r.due_in_s >= 0 THEN now() + r.due_in_s * interval '1 second' END,
  finished_at = CASE WHEN r.outcome <> 'waiting' THEN now() END,
  attempts = e.attempts - r.back
FROM (SELECT * FROM unnest(%s::bigint[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
  %s::jsonb[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::float8[], %s::int[])
  AS r (id, lease, outcome, reason, reason_code, sentence, next_step, notes, cause, object_type, object_id,
        object_label, duration_ms, due_in_s, back)) AS r
WHERE e.id = r.id AND e.lease = r.lease AND e.outcome = 'running'
RETURNING e.id
"""


def finish(results: Sequence[Result], *, tell: bool = True) -> set[int]:
    """Write outcomes in one transaction; returns the ids that were really ours. Failures go to the alert families
    (``tell``), successes resolve earlier failures of the same object."""
    if not results:
        return set()
    for one in results:
        if one.outcome == Outcome.FAILED and not one.cause:
            one.cause = cause_of(one.connector_id, one.topic, one.reason, one.reason_code, one.sentence)
    columns: list[list[Any]] = [
        [r.event_id for r in results],
        [r.lease for r in results],
        [r.outcome.value for r in results],
        [clean(r.reason, 20) for r in results],
        [clean(r.reason_code, 80) for r in results],
        [clean(r.sentence, SENTENCE_LIMIT) for r in results],
        [clean(r.next_step, SENTENCE_LIMIT) for r in results],
        [Jsonb(clean_notes(r.notes)) for r in results],
        [r.cause for r in results],
        [clean(r.object_type, 40) for r in results],
        [fit(r.object_id, 120) for r in results],
        [clean(r.object_label, 120) for r in results],
        [r.duration_ms for r in results],
        [-1.0 if r.due_in_s is None else _bounded(r.due_in_s) for r in results],
        [1 if r.gives_back_attempt else 0 for r in results],
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        write_many([kept for r in results for kept in r.exchanges])
        cursor.execute(_FINISH, columns)
        ours = {row[0] for row in cursor.fetchall()}
        written = [r for r in results if r.event_id in ours]
        lost = [r for r in written if r.reason == Reason.BUG or r.reason_code == INTERRUPTED]
        if lost:
            lose_answers([r.event_id for r in lost])
        resolve_earlier([r for r in written if r.outcome == Outcome.SUCCEEDED])
        if tell:
            alerts.failed([r for r in written if r.outcome == Outcome.FAILED])
            alerts.succeeded([r for r in written if r.outcome == Outcome.SUCCEEDED])
    return ours


def say_progress(event: Event, sentence: str) -> str:
    """Say of a running event how far it is, and only where it is still this worker's. Returns who cancelled it meanwhile,
    empty: nobody."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_event SET sentence = %s WHERE id = %s AND lease = %s AND outcome = 'running' "
            "RETURNING cancelled_by",
            [clean(sentence, SENTENCE_LIMIT), event.pk, event.lease],
        )
        row = cursor.fetchone()
    return str(row[0]) if row else ""


def wake(event_ids: Sequence[int]) -> int:
    """Have waiting events looked at now: what they wait for has come. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_event SET outcome = 'queued', reason = '', sentence = '', next_step = '', due_at = NULL "
            "WHERE id = ANY(%s) AND outcome = 'waiting' AND reason = 'dependency'",
            [list(event_ids)],
        )
        count: int = cursor.rowcount
    if count:
        from events import bell

        bell.ring()
    return count


def _bounded(due_in_s: float) -> float:
    """A pause the database can add to now: nothing waits longer than a week by itself, and not a number is at once."""
    return float(min(max(due_in_s, 0.0), LONGEST_PAUSE_S)) if due_in_s == due_in_s else 0.0  # noqa: PLR0124


def resolve_earlier(successes: Sequence[Result]) -> None:
    """A later success of the same object resolves its earlier failures by itself."""
    locked = {key: r.event_id for r in successes for key in (r.lock_key, r.also_resolves) if key}
    if not locked:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_event AS e SET resolved_at = now(), resolved_by = 'the hub', "
            "resolved_note = 'Event ' || s.id || ' for the same object succeeded later.' "
            "FROM unnest(%s::text[], %s::bigint[]) AS s (lock_key, id) "
            "WHERE e.lock_key = s.lock_key AND e.id < s.id AND e.outcome = 'failed' AND e.resolved_at IS NULL",
            [list(locked), list(locked.values())],
        )


def retry(event_ids: Sequence[int], *, by: str) -> int:
    """Queue failed, skipped or waiting events again, by hand: same row, fresh attempts, never superseded. Returns how
    many were queued; events that run or succeeded are left alone. Where the page asked to look at the target first, the
    Retry says that somebody did and that nothing was there (``retried_at``); elsewhere it says nothing of the kind. What
    was cancelled with one of them is queued as well."""
    with transaction.atomic(), connection.cursor() as cursor:
        ended = Event.objects.filter(pk__in=list(event_ids), outcome=Outcome.SKIPPED, reason_code=cancelling.CODE)
        cancelled = list(ended.exclude(cancelled_by="").values_list("pk", flat=True))
        cursor.execute(
            "UPDATE events_event SET outcome = 'queued', reason = '', reason_code = '', sentence = '', next_step = '', "
            "due_at = NULL, finished_at = NULL, attempts = 0, is_supersedable = false, resolved_at = NULL, "
            "resolved_by = '', resolved_note = '', triggered_by = %s, priority = LEAST(priority, 2), told = '', "
            "cancelled_by = '', "
            "retried_at = CASE WHEN outcome = 'failed' AND (reason = ANY(%s) OR reason_code = %s) THEN now() "
            "ELSE retried_at END "
            "WHERE id = ANY(%s) AND outcome IN ('failed', 'skipped', 'waiting') AND kind NOT IN ('lookup', 'check') "
            "AND connector_id IS NOT NULL AND NOT (outcome = 'skipped' AND reason = 'superseded')",
            [clean(by, 150), ASKED_TO_LOOK, NOT_WRITTEN, list(event_ids)],
        )
        count: int = cursor.rowcount
        if cancelled:
            cancelling.revive(cancelled)
    if count:
        from events import bell

        bell.ring()
    return count


def resolve(event_ids: Sequence[int], *, by: str, note: str, with_older: bool = False) -> int:
    """Mark failed events resolved, with a name and a note; returns how many were. ``with_older``: earlier failures of
    the same object as well, because who chose its newest meant the object."""
    with transaction.atomic(), connection.cursor() as cursor:
        values: list[Any] = [clean(by, 150), clean(note), list(event_ids)]
        cursor.execute(
            "UPDATE events_event SET resolved_at = now(), resolved_by = %s, resolved_note = %s "
            "WHERE id = ANY(%s) AND outcome = 'failed' AND resolved_at IS NULL",
            values,
        )
        count: int = cursor.rowcount
        if with_older:
            cursor.execute(
                "UPDATE events_event AS e SET resolved_at = now(), resolved_by = %s, resolved_note = %s "
                "FROM (SELECT id, lock_key FROM events_event WHERE id = ANY(%s) AND lock_key <> '') AS s "
                "WHERE e.lock_key = s.lock_key AND e.id < s.id AND e.outcome = 'failed' AND e.resolved_at IS NULL",
                values,
            )
    return count


def unresolve(event_ids: Sequence[int]) -> int:
    """Take *resolved* back: the failures wait for somebody again, are tried again with the next batch, and are told of
    anew if they fail. Returns how many were."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_event SET resolved_at = NULL, resolved_by = '', resolved_note = '', told = '' "
            "WHERE id = ANY(%s) AND outcome = 'failed' AND resolved_at IS NOT NULL RETURNING connector_id, cause",
            [list(event_ids)],
        )
        rows = cursor.fetchall()
        for connector_id, cause in set(rows):
            alerts.reopen(connector_id or 0, cause)
    return len(rows)


# A sentence for each reason that needs none of its own.
SENTENCES = {
    Reason.WORKER_LOST: "The worker that handled this event died, and so did those of every further attempt.",
    Reason.SUPERSEDED: "A newer event of the same topic reads the same object; this one had nothing left to do.",
    Reason.DISABLED: "The connector is disabled; the delivery was stored and nothing was done.",
}
