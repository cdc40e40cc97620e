"""Events of what is answered at once, written after the answer: live questions of a storefront, calls of an endpoint.

Whoever asked never waits for the log and never learns of its trouble: event, requests and alert are written in one
short transaction with a statement time-out, and where that fails it is counted and logged. Not for work that is queued:
that has its event before it starts.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from django.db import connection, transaction
from prometheus_client import Counter

from connectors.host import health_failed, health_worked
from connectors.models import Connector
from connectors.recording import ListRecorder
from connectors.redaction import Redactor
from connectors.run import Run
from events import alerts, exchanges
from events.models import Event, Kind, Outcome, Priority, Reason
from events.outcomes import Result, cause_of
from events.record import New, record
from events.text import clean_notes

log = structlog.get_logger(__name__)

WRITE_TIMEOUT_MS = 2000
NOT_WRITTEN = Counter("hub_lookup_events_not_written_total", "Questions answered whose event could not be written")
UNTOLD = frozenset({"breaker_open", "busy"})  # follow from a failure that was mailed already


@dataclass
class Truth:
    """What the event will say, whatever the caller was told."""

    outcome: Outcome
    reason: str = ""
    reason_code: str = ""
    sentence: str = ""
    next_step: str = ""
    is_answered: bool = False  # with what was asked for: then the event names no error


@dataclass(frozen=True, kw_only=True)
class Question:
    """What was asked: of whom, under which topic, by whom, and about which object where the run does not know.
    ``parent_id``: the event it came of, so that an erasure that reaches that one reaches this one."""

    connector: Connector
    topic: str
    payload: bytes = b""
    asked_by: str = ""
    object_type: str = ""
    object_id: str = ""
    object_label: str = ""
    keys: Iterable[tuple[str, str]] = ()
    parent_id: int | None = None


def bug(run: Run | None, what: str, error: Exception) -> Truth:
    """Called while ``error`` is handled: its traceback becomes a note of the run and a line of the log."""
    text = traceback.format_exc()
    text = run.redactor.text(text) if run else text
    log.error("lookup_bug", what=what, traceback=text)  # not the exception: its text may hold a secret
    if run:
        run.note("traceback", text[-4000:])
    return Truth(
        Outcome.FAILED, Reason.BUG, type(error).__name__,
        f"The hub has a bug in its {what} ({type(error).__name__}).",
        "Send this event's number to the hub's developers.",
    )  # fmt: skip


def write(question: Question, truth: Truth, *, run: Run | None, recorder: ListRecorder, took_ms: int) -> int | None:
    """The id of the event, ``None`` where none could be written. Never raises."""
    new = _new(question, truth, run, recorder)
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {WRITE_TIMEOUT_MS}")
            event_id = record(new).event_id
            event = Event.objects.only("received_at").get(pk=event_id)
            exchanges.write_all(event_id, event.received_at, recorder.exchanges)
            Event.objects.filter(pk=event_id).update(
                duration_ms=took_ms, attempts=1, started_at=event.received_at,
                notes=clean_notes(run.notes) if run else [],
            )  # fmt: skip
            _tell(question, truth, event_id, new.object_label)
    except Exception as error:  # the answer is there already: whatever keeps the log from being written is counted
        NOT_WRITTEN.inc()
        log.exception("lookup_event_not_written", topic=question.topic, error=str(error))
        if not connection.in_atomic_block:
            connection.close()
        return None
    return event_id


def _new(question: Question, truth: Truth, run: Run | None, recorder: ListRecorder) -> New:
    redactor = run.redactor if run else Redactor()
    connector = question.connector
    return New(
        kind=Kind.LOOKUP,
        topic=question.topic,
        connector_id=connector.pk,
        connector_name=connector.name,
        provider=connector.provider_slug,
        outcome=truth.outcome,
        reason=truth.reason,
        reason_code=truth.reason_code,
        sentence=redactor.text(truth.sentence),
        next_step=redactor.text(truth.next_step),
        priority=Priority.BUYER,
        object_type=(run.object_type if run else "") or question.object_type,
        object_id=(run.object_id if run else "") or question.object_id,
        object_label=(run.object_label if run else "") or question.object_label,
        parent_id=question.parent_id,
        triggered_by=question.asked_by,
        trace_id=recorder.trace_id,
        payload=question.payload,
        keys=[*question.keys, *(run.found_keys if run else [])],
        expects_request=bool(recorder.exchanges),
    )


def _tell(question: Question, truth: Truth, event_id: int, label: str) -> None:
    """Alert families and the connector's health."""
    connector_id = question.connector.pk
    result = Result(
        event_id=event_id, lease=None, connector_id=connector_id, topic=question.topic, outcome=truth.outcome,
        reason=truth.reason, reason_code=truth.reason_code, sentence=truth.sentence, next_step=truth.next_step,
        object_label=label,
    )  # fmt: skip
    if truth.outcome == Outcome.FAILED:
        result.cause = cause_of(connector_id, question.topic, truth.reason, truth.reason_code, truth.sentence)
        Event.objects.filter(pk=event_id).update(cause=result.cause)
        health_failed(connector_id, truth.sentence)
        if truth.reason_code not in UNTOLD:
            alerts.failed([result])
    elif truth.outcome == Outcome.SUCCEEDED:
        health_worked(connector_id)
        alerts.succeeded([result])
