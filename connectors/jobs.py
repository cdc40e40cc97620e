"""Running one claimed event: find its handler, run it, turn whatever happens into exactly one outcome."""

from __future__ import annotations

import random
import time
import traceback
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, connection
from pydantic import ValidationError as InvalidRecord

from connectors import breakers, budgets, registry
from connectors.base import Provider
from connectors.exceptions import ConfigurationError, HubError, PayloadError, RemoteError, Skip
from connectors.models import Connector
from connectors.run import Run
from events.database import in_words
from events.models import Event, Kind, Outcome, Reason
from events.outcomes import Result

log = structlog.get_logger(__name__)

# Pause before attempt 2, 3, ... in seconds; then the last one again. Jitter of a quarter is added.
PAUSES_S = (5, 30, 120, 600, 1800, 3600, 7200)
DATABASE_PAUSE_S = 5.0


def run(event: Event) -> Result:
    """Handle one claimed event. Never raises."""
    started = time.monotonic()
    structlog.contextvars.bind_contextvars(event_id=event.pk)
    made: Run | None = None
    try:
        connector = Connector.objects.filter(pk=event.connector_id).first()
        if connector is None:
            raise Skip("The connector was deleted before this event could run.", reason=Reason.DISABLED)
        if not connector.is_enabled:
            raise Skip("The connector is disabled; the delivery was stored and nothing was done.", reason=Reason.DISABLED)
        if connector.is_paused:
            return _waiting(event, Reason.PAUSED, f"{connector} is paused; the event waits until it is resumed.")
        made = Run(connector, event)
        sentence = _dispatch(made, connector.provider)
        result = _result(event, made, Outcome.SUCCEEDED, sentence=sentence or "Done.")
    except Skip as skip:
        result = _result(event, made, Outcome.SKIPPED, reason=skip.reason, reason_code=skip.code, sentence=skip.sentence)
    except HubError as error:
        result = _failed(event, made, error)
    except (DatabaseError, InterfaceError) as error:
        log.warning("database_lost_while_running", error=in_words(error))
        connection.close()
        result = _result(
            event, made, Outcome.WAITING, reason=Reason.RETRY, due_in_s=DATABASE_PAUSE_S, gives_back_attempt=True,
            sentence="The hub's own database was away for a moment; the event runs again.",
        )  # fmt: skip
    except Exception as error:
        log.exception("handler_bug")
        text = made.redactor.text(traceback.format_exc()) if made else traceback.format_exc()
        result = _result(
            event, made, Outcome.FAILED, reason=Reason.BUG, reason_code=type(error).__name__,
            sentence=f"The hub has a bug in its {event.topic} handler ({type(error).__name__}).",
            next_step="Send this event's number to the hub's developers; Retry once they have mended it.",
        )  # fmt: skip
        result.notes.append({"code": "traceback", "text": text[-4000:]})
    finally:
        structlog.contextvars.unbind_contextvars("event_id")
    result.duration_ms = int((time.monotonic() - started) * 1000)
    return result


def _dispatch(run: Run, provider: Provider) -> str | None:
    event = run.event
    assert event is not None
    if event.kind == Kind.DELIVERY:
        return _deliver(run, provider)
    kind, _, name = event.topic.partition(":")
    if kind == "sync" and name in provider.syncs:
        return provider.syncs[name].function(run)
    if kind == "single" and name in provider.singles:
        return provider.singles[name].function(run)
    handler = provider.handlers.get(event.topic)
    if handler is not None:
        return handler.function(run)
    if event.topic in provider.ignored:
        raise Skip(f"{provider.label} deliveries of topic {event.topic} carry nothing the hub needs.", reason=Reason.IGNORED)
    raise Skip(f"The hub has no use for topic {event.topic} of {provider.label}.", reason=Reason.IGNORED)


def _deliver(run: Run, provider: Provider) -> str | None:
    """One record to one target: unchanged ones are skipped, the ledger is written after success."""
    route = run.route
    if route is None:
        raise Skip("The route was deleted before this delivery could run.", reason=Reason.NOT_ROUTED)
    if not route.is_enabled:
        raise Skip(f"The route {route} is switched off.", reason=Reason.NOT_ROUTED)
    pair = next(((t, a) for t, a in provider.accepts.items() if t.kind == route.record_kind), None)
    if pair is None:
        raise ConfigurationError(f"{run.connector} does not take records of kind “{route.record_kind}”.")
    record_type, accept = pair
    try:
        one = record_type.from_json(run.body)
    except InvalidRecord as error:
        raise PayloadError("The stored record does not fit this version of the hub; synchronize the object again.") from error
    run.record_hash = one.fingerprint()
    delivered = accept.function(run, one)
    run.remember(one, delivered.target_id, delivered.target_number)
    return delivered.sentence or f"{one.label} {one.number} became {delivered.target_number} in {run.connector}."


def _failed(event: Event, made: Run | None, error: HubError) -> Result:
    """Waiting where another attempt may help and is left, failed where not."""
    more: dict[str, Any] = {"reason_code": error.code, "next_step": error.next_step}
    sentence = made.redactor.text(error.sentence) if made else error.sentence
    if isinstance(error, budgets.BudgetSpent):
        return _result(
            event, made, Outcome.WAITING, reason=Reason.RATE_BUDGET, sentence=sentence, due_in_s=error.retry_after_s,
            gives_back_attempt=True, **more,
        )  # fmt: skip
    if error.reason == "dependency":
        pause = error.retry_after_s or PAUSES_S[min(event.attempts, len(PAUSES_S)) - 1]
        if event.attempts < event.max_attempts:
            return _result(event, made, Outcome.WAITING, reason=Reason.DEPENDENCY, sentence=sentence, due_in_s=pause, **more)
    if error.retry and event.attempts < event.max_attempts:
        pause = PAUSES_S[min(max(event.attempts, 1), len(PAUSES_S)) - 1] * (1 + random.random() / 4)
        if error.retry_after_s is not None:
            pause = max(error.retry_after_s, 1.0)
        more["reason_code"] = error.code
        text = f"{sentence} Attempt {event.attempts} of {event.max_attempts}; the hub tries again by itself."
        result = _result(event, made, Outcome.WAITING, reason=Reason.RETRY, sentence=text, due_in_s=pause, **more)
        result.cause = error.reason
        return result
    return _result(event, made, Outcome.FAILED, reason=error.reason, sentence=sentence, **more)


def _waiting(event: Event, reason: str, sentence: str) -> Result:
    return Result.of(event, Outcome.WAITING, reason=reason, sentence=sentence, gives_back_attempt=True)


def _result(event: Event, made: Run | None, outcome: Outcome, **more: Any) -> Result:
    if made is not None:
        more |= {
            "notes": made.notes,
            "object_type": made.object_type,
            "object_id": made.object_id,
            "object_label": made.object_label,
        }
    return Result.of(event, outcome, **more)


def is_remote_failure(error: HubError) -> bool:
    return isinstance(error, RemoteError) and error.reason in breakers.COUNTED


def provider_of(event: Event) -> Provider | None:
    try:
        return registry.get(event.provider)
    except registry.UnknownProvider:
        return None
