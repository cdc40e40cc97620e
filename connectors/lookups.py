"""Answering a storefront's live question: ask the remote now, answer in the neutral form, write down the truth.

The shopper's answer never carries the remote's error text, and never waits for the log: event and requests are written
in one short transaction with a statement time-out, and if that fails the answer goes out all the same.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, connection, transaction
from prometheus_client import Counter

from connectors import breakers, budgets
from connectors.base import Answer, Lookup
from connectors.exceptions import ConfigurationError, HubError, PayloadError, RemoteError, RemoteUnavailable, Skip
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
LONGEST_PAUSE_S = 300.0  # a vendor that asks for more is asked again after that: a shopper waits for no hour
NOT_WRITTEN = Counter("hub_lookup_events_not_written_total", "Lookups answered whose event could not be written")
LOOKUPS = Counter("hub_lookups_total", "Lookups answered", ["connector", "lookup", "outcome"])


@dataclass
class _Truth:
    """What the event of one lookup will say."""

    outcome: Outcome
    reason: str = ""
    reason_code: str = ""
    sentence: str = ""
    next_step: str = ""
    is_answered: bool = False  # with what was asked for: then the event names no error


_shares: dict[str, threading.BoundedSemaphore] = {}
_shares_guard = threading.Lock()


def _share(connector: Connector, lookup: Lookup) -> threading.BoundedSemaphore:
    key = f"{connector.pk}:{lookup.topic}"
    with _shares_guard:
        return _shares.setdefault(key, threading.BoundedSemaphore(lookup.share))


def answer(
    connector: Connector, lookup: Lookup, params: Mapping[str, Any], *, asked_by: str = ""
) -> tuple[Answer, int | None]:
    """The answer for the storefront and the id of its event (``None`` where none could be written)."""
    started = time.monotonic()
    recorder = ListRecorder(secrets.token_hex(16))
    run: Run | None = None
    found = Answer(available=False, message="This information is not available at the moment.", outcome="configuration")
    try:
        run = Run(connector, None, recorder=recorder, budget_s=lookup.budget_s)
        found = replace(lookup.neutral(run.settings), outcome="bug")
        found, truth = _ask(run, connector, lookup, params)
    except ConfigurationError as error:
        truth = _Truth(Outcome.FAILED, Reason.CONFIGURATION, error.code, error.sentence, error.next_step)
    except Exception as error:  # the hub's own database is away, a neutral answer has a bug: who asked is told
        truth = _bug(run, lookup, error)
    took_ms = int((time.monotonic() - started) * 1000)
    LOOKUPS.labels(connector.slug, lookup.topic, found.outcome).inc()
    event_id = _write(connector, lookup, params, run, recorder, truth=truth, took_ms=took_ms, asked_by=asked_by)
    return found, event_id


def _ask(run: Run, connector: Connector, lookup: Lookup, params: Mapping[str, Any]) -> tuple[Answer, _Truth]:
    neutral = lookup.neutral(run.settings)
    if not connector.is_enabled or connector.is_paused:
        state = "disabled" if not connector.is_enabled else "paused"
        reason = Reason.DISABLED if state == "disabled" else Reason.PAUSED
        sentence = f"{connector} is {state}; nothing was asked."
        return replace(neutral, outcome=state), _Truth(Outcome.SKIPPED, reason, state, sentence)
    paused_s = budgets.paused_for_s(connector.pk, name=f"lookup:{lookup.topic}")
    if paused_s:
        sentence = f"{connector} asked us to slow down; nothing was asked for {paused_s:.0f} s more."
        return replace(neutral, outcome="throttled"), _Truth(Outcome.FAILED, Reason.UNAVAILABLE, "throttled", sentence)
    share = _share(connector, lookup)
    if not share.acquire(timeout=min(1.0, lookup.budget_s / 10)):
        sentence = f"{lookup.share} such questions are under way already; this one was not asked."
        return replace(neutral, outcome="busy"), _Truth(Outcome.FAILED, Reason.UNAVAILABLE, "busy", sentence)
    try:
        # The probe is reserved last: once taken, the question must be asked.
        state, why, _ = breakers.state_of(connector.pk, lookup.topic)
        if state != "closed" and not breakers.take_probe(connector.pk, lookup.topic):
            sentence = f"{connector} does not answer; nothing was asked, to spare the shopper the wait. {why}"
            truth = _Truth(Outcome.FAILED, Reason.UNAVAILABLE, "breaker_open", sentence)
            return replace(neutral, outcome="breaker_open"), truth
        return _call(run, connector, lookup, params, neutral)
    finally:
        share.release()


def _bug(run: Run | None, lookup: Lookup, error: Exception) -> _Truth:
    text = traceback.format_exc()
    text = run.redactor.text(text) if run else text
    log.error("lookup_bug", topic=lookup.topic, traceback=text)  # not the exception: its text may hold a secret
    if run:
        run.note("traceback", text[-4000:])
    return _Truth(
        Outcome.FAILED, Reason.BUG, type(error).__name__,
        f"The hub has a bug in its {lookup.topic} lookup ({type(error).__name__}).",
        "Send this event's number to the hub's developers.",
    )  # fmt: skip


def _call(
    run: Run, connector: Connector, lookup: Lookup, params: Mapping[str, Any], neutral: Answer
) -> tuple[Answer, _Truth]:
    try:
        found = lookup.function(run, params)
    except Skip as skip:
        return replace(neutral, outcome=skip.code or "not_sent"), _Truth(
            Outcome.SKIPPED, skip.reason, skip.code, run.redactor.text(skip.sentence)
        )
    except HubError as error:
        sentence = run.redactor.text(error.sentence)
        if error.reason in breakers.COUNTED and error.code != "throttled":
            _quietly(lambda: breakers.failed(connector.pk, sentence, endpoint=lookup.topic))
        elif isinstance(error, RemoteError | PayloadError):  # it answered, if not what we wanted
            _quietly(lambda: breakers.worked(connector.pk, endpoint=lookup.topic))
        if error.code == "throttled" and isinstance(error, RemoteUnavailable) and error.retry_after_s:
            pause_s = min(error.retry_after_s, LONGEST_PAUSE_S)
            _quietly(lambda: budgets.pause(connector.pk, pause_s, name=f"lookup:{lookup.topic}"))
        return replace(neutral, outcome=error.code or error.reason), _Truth(
            Outcome.FAILED, error.reason, error.code, sentence, run.redactor.text(error.next_step)
        )
    except Exception as error:  # a bug is for the event; the shopper gets the neutral answer
        return replace(neutral, outcome="bug"), _bug(run, lookup, error)
    _quietly(lambda: breakers.worked(connector.pk, endpoint=lookup.topic))
    code = found.outcome if found.outcome != "success" else ""
    sentence = found.sentence or found.message or _sentence(found)
    return found, _Truth(Outcome.SUCCEEDED, "", code, run.redactor.text(sentence), is_answered=found.available)


def _quietly(write: Callable[[], object]) -> None:
    """Bookkeeping beside an answer: where the database fails it the answer goes out all the same."""
    try:
        write()
    except (DatabaseError, InterfaceError) as error:
        log.warning("lookup_bookkeeping_failed", error=str(error).partition("\n")[0])
        if not connection.in_atomic_block:
            connection.close()


def _sentence(found: Answer) -> str:
    if isinstance(found.data, Mapping):
        for value in found.data.values():
            if isinstance(value, list):
                return f"Answered with {len(value)} {'entry' if len(value) == 1 else 'entries'}."
    return "Answered."


def _write(
    connector: Connector,
    lookup: Lookup,
    params: Mapping[str, Any],
    run: Run | None,
    recorder: ListRecorder,
    *,
    truth: _Truth,
    took_ms: int,
    asked_by: str,
) -> int | None:
    """Event, requests and alert in one short transaction; its failure is counted and logged, nothing more."""
    customer = ""
    if lookup.customer_param:
        customer = (run.customer if run else "") or str(params.get(lookup.customer_param) or "")
    event_data = {
        "event_data": {
            "external_customer_id": customer or None,
            "related_to": {"customer": params.get("account_id") or None, "user": params.get("user_id") or None},
            "trace_id": recorder.trace_id,
            "error": None if truth.is_answered else truth.sentence,
            "asked": {k: v for k, v in params.items() if v not in (None, "", [])},
        }
    }
    keys = [("customer_code", customer)] if customer else []
    object_type, object_id = (run.object_type, run.object_id) if run else ("", "")
    new = New(
        kind=Kind.LOOKUP,
        topic=lookup.topic,
        connector_id=connector.pk,
        connector_name=connector.name,
        provider=connector.provider_slug,
        outcome=truth.outcome,
        reason=truth.reason,
        reason_code=truth.reason_code,
        sentence=truth.sentence,
        next_step=truth.next_step,
        priority=Priority.BUYER,
        object_type=object_type or ("customer" if customer else ""),
        object_id=object_id or customer,
        object_label=(run.object_label if run else "") or customer,
        triggered_by=asked_by,
        trace_id=recorder.trace_id,
        payload=json.dumps(event_data, default=str).encode(),
        keys=[*keys, *(run.found_keys if run else [])],
        expects_request=bool(recorder.exchanges),
    )
    redactor = run.redactor if run else Redactor()
    new.sentence = redactor.text(new.sentence)
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
            _tell(connector, lookup, truth, event_id, new.object_label)
    except Exception as error:  # the answer is there already: whatever keeps the log from being written is counted
        NOT_WRITTEN.inc()
        log.exception("lookup_event_not_written", topic=lookup.topic, error=str(error))
        if not connection.in_atomic_block:
            connection.close()
        return None
    return event_id


def _tell(connector: Connector, lookup: Lookup, truth: _Truth, event_id: int, label: str) -> None:
    """Alert families and the connector's health."""
    result = Result(
        event_id=event_id, lease=None, connector_id=connector.pk, topic=lookup.topic, outcome=truth.outcome,
        reason=truth.reason, reason_code=truth.reason_code, sentence=truth.sentence, next_step=truth.next_step,
        object_label=label,
    )  # fmt: skip
    if truth.outcome == Outcome.FAILED:
        result.cause = cause_of(connector.pk, lookup.topic, truth.reason, truth.reason_code, truth.sentence)
        Event.objects.filter(pk=event_id).update(cause=result.cause)
        health_failed(connector.pk, truth.sentence)
        if truth.reason_code not in {"breaker_open", "busy"}:
            alerts.failed([result])
    elif truth.outcome == Outcome.SUCCEEDED:
        health_worked(connector.pk)
        alerts.succeeded([result])
