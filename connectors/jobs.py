"""Running one claimed event: find its handler, run it, turn whatever happens into exactly one outcome."""

from __future__ import annotations

import random
import time
import traceback
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from pydantic import ValidationError as InvalidRecord

from connectors import acknowledging, attempts, budgets, figures, holdings, lanes, registry
from connectors.base import Delivered, Provider
from connectors.exceptions import ConfigurationError, HubError, LeaseLost, NotDone, PayloadError, Skip
from connectors.known import by_id
from connectors.recording import JobRecorder
from connectors.records import Record
from connectors.routing import lock_key
from connectors.run import Run
from events.database import in_words
from events.exchanges import INTERRUPTED
from events.models import Event, Kind, Outcome, Priority, Reason
from events.outcomes import SENTENCES, Result

log = structlog.get_logger(__name__)

DATABASE_PAUSE_S = 5.0


def run(event: Event, *, defers: bool = False) -> Result:
    """Handle one claimed event. Never raises. ``defers``: the caller writes the result, and with it the exchanges that
    are not written yet."""
    started = time.monotonic()
    structlog.contextvars.bind_contextvars(event_id=event.pk)
    made: Run | None = None
    try:
        known = by_id(event.connector_id)
        if known is None:
            raise Skip("The connector was deleted before this event could run.", reason=Reason.DISABLED)
        connector = known.connector
        if not connector.is_enabled and not _is_duty(event, connector.provider):
            raise Skip(SENTENCES[Reason.DISABLED], reason=Reason.DISABLED)
        if connector.is_paused:
            return _waiting(event, Reason.PAUSED, f"{connector} is paused; the event waits until it is resumed.")
        made = Run(connector, event, settings=known.settings)
        sentence = _dispatch(made, connector.provider)
        result = _result(event, made, Outcome.SUCCEEDED, sentence=_shown(made, sentence or "Done."))
    except Skip as skip:
        sentence = _shown(made, skip.sentence)
        result = _result(event, made, Outcome.SKIPPED, reason=skip.reason, reason_code=skip.code, sentence=sentence)
    except HubError as error:
        result = _failed(event, made, error)
    except registry.UnknownProvider as error:
        result = _result(
            event, made, Outcome.FAILED, reason=Reason.CONFIGURATION, reason_code="provider", sentence=str(error),
            next_step="Install the hub's version that has this provider, then Retry.",
        )  # fmt: skip
    except (OperationalError, InterfaceError) as error:
        log.warning("database_lost_while_running", error=in_words(error))
        result = _interrupted(event, made)
    except Exception as error:
        # Data the database refuses is a bug like any other: tried again it would be refused again, for ever.
        text = traceback.format_exc()
        text = made.redactor.text(text) if made else text
        log.error("handler_bug", traceback=text)  # not the exception itself: its text may hold a secret
        result = _result(
            event, made, Outcome.FAILED, reason=Reason.BUG, reason_code=type(error).__name__,
            sentence=f"The hub has a bug in its {event.topic} handler ({type(error).__name__}).",
            next_step="Send this event's number to the hub's developers; Retry once they have mended it.",
        )  # fmt: skip
        result.notes.append({"code": "traceback", "text": text[-4000:]})
    finally:
        structlog.contextvars.unbind_contextvars("event_id")
    if made is not None and result.outcome == Outcome.FAILED:
        _tell_failure(made, result)
    if made is not None and isinstance(made.recorder, JobRecorder):
        if defers:
            result.exchanges = made.recorder.take()
        else:
            made.recorder.flush()
    result.duration_ms = int((time.monotonic() - started) * 1000)
    return result


def _is_duty(event: Event, provider: Provider) -> bool:
    handler = provider.handler_of(event.topic) if event.kind != Kind.DELIVERY else None
    return handler is not None and handler.is_duty


def _shown(made: Run | None, text: str) -> str:
    return made.redactor.text(text) if made else text


def _interrupted(event: Event, made: Run | None) -> Result:
    """The hub's own database failed the handler. Where it was away the attempt does not count; a query that it ended (a
    deadlock, a time-out) while the connection lives may fail again, and is not tried without end."""
    is_away = not connection.is_usable()
    connection.close()
    if not is_away and event.attempts >= event.max_attempts:
        return _result(
            event, made, Outcome.FAILED, reason=Reason.BUG, reason_code="database",
            sentence="The hub's own database ended this event's work, in every attempt.",
            next_step="Send this event's number to the hub's developers.",
        )  # fmt: skip
    return _result(
        event, made, Outcome.WAITING, reason=Reason.RETRY, reason_code=INTERRUPTED, due_in_s=DATABASE_PAUSE_S,
        gives_back_attempt=is_away,
        sentence="The hub's own database was away for a moment; the event runs again.",
    )  # fmt: skip


def _dispatch(run: Run, provider: Provider) -> str | None:
    event = run.the_event
    if event.kind == Kind.DELIVERY:
        return _deliver(run, provider)
    kind, _, name = event.topic.partition(":")
    if kind == "sync" and name in provider.syncs:
        return provider.syncs[name].function(run)
    if kind == "single" and name in provider.singles:
        return provider.singles[name].function(run)
    if kind == "period" and name in provider.periods:
        return provider.periods[name].function(run)
    told = acknowledging.handler_of(provider, event)
    if told is not None:
        acknowledging.check_is_latest(event)
    handler = told or provider.handler_of(event.topic)
    if handler is not None:
        return handler.function(run)
    if event.topic in provider.ignored:
        raise Skip(
            f"{provider.label} deliveries of topic {event.topic} carry nothing the hub needs.", reason=Reason.IGNORED
        )
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
    if accept.feed is not None and run.the_event.topic == figures.feed_topic(record_type.kind):
        return accept.feed(run)
    if accept.compare is not None and run.the_event.topic == holdings.compare_topic(record_type.kind):
        return accept.compare(run)
    if accept.function is None:
        raise ConfigurationError(f"{run.connector} takes {record_type.label.lower()}s as figures only.")
    try:
        one = record_type.from_json(run.body)
    except InvalidRecord as error:
        raise PayloadError(
            "The stored record does not fit this version of the hub; synchronize the object again."
        ) from error
    run.record_hash = one.fingerprint()
    _check_is_after_start(run, one, provider)
    _check_is_news(run, one)
    delivered = accept.function(run, one)
    _remember(run, one, delivered)
    return delivered.sentence or f"{one.label} {one.number} became {delivered.target_number} in {run.connector}."


def _remember(run: Run, one: Record, delivered: Delivered) -> None:
    """Write the ledger, and tell the source with it. The document exists now: forgetting it because the database is away
    for a moment would make the next attempt create another."""
    give_up_at = time.monotonic() + settings.HUB_LEASE_S / 2
    while True:
        try:
            if run.route is None or not acknowledging.is_wanted(run.route, is_delivered=True):
                run.remember(one, delivered.target_id, delivered.target_number, delivered.sent_hash)
                return
            with transaction.atomic():
                run.remember(one, delivered.target_id, delivered.target_number, delivered.sent_hash)
                acknowledging.tell_delivered(run.route, run.the_event, delivered)
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block or time.monotonic() > give_up_at:
                raise
            log.warning("ledger_not_written_yet", target_id=delivered.target_id)
            connection.close()
            time.sleep(1.0)
        else:
            return


def _tell_failure(run: Run, result: Result) -> None:
    """Tell the source of a delivery that it failed; that this cannot be written down changes nothing of the outcome."""
    if run.the_event.kind != Kind.DELIVERY or result.reason == LeaseLost.reason:
        return
    try:
        if run.route is not None and acknowledging.is_wanted(run.route, is_delivered=False):
            acknowledging.tell_failed(run.route, run.the_event, result.sentence, result.next_step)
    except (OperationalError, InterfaceError) as error:
        log.warning("failure_not_told", error=in_words(error))
        connection.close()


def _check_is_after_start(run: Run, one: Record, provider: Provider) -> None:
    """Raises ``Skip`` for what came into being before the integration did, unless it was delivered already or somebody
    has it brought in all the same."""
    starts_at = provider.starts_at(run.settings) if provider.starts_at is not None else None
    if starts_at is None or one.began_at is None or one.began_at >= starts_at or run.forced_by or run.link is not None:
        return
    label = f"{one.label} {getattr(one, 'name', '') or one.number}"
    raise Skip(
        f"{label} of {one.began_at:%Y-%m-%d %H:%M} UTC is older than the start of the integration of {run.connector} "
        f"({starts_at:%Y-%m-%d %H:%M} UTC) and was left out.",
        reason=Reason.FILTERED, code="before_start",
    )  # fmt: skip


def _check_is_news(run: Run, one: Record) -> None:
    """Raises ``Skip`` for what the target has already, or has in a newer version: a delivery that waited, failed or was
    retried by hand must not overwrite what came after it."""
    link = run.link
    if link is None:
        return
    is_known = link.sent_hash == run.record_hash or one.is_known_as(link.sent_hash)
    # A newer version whose write got no answer may be there in its place.
    if is_known and not run.unfinished_write_by_other:
        raise Skip(
            f"{one.label} {one.number} is in {run.connector} as {link.target_number} and has not changed.",
            reason=Reason.UNCHANGED, code="unchanged",
        )  # fmt: skip
    if one.updated_at and link.source_version and one.updated_at < link.source_version:
        raise Skip(
            f"A newer version of {one.label.lower()} {one.number} was delivered to {run.connector} already.",
            reason=Reason.SUPERSEDED, code="older_version",
        )  # fmt: skip


def _failed(event: Event, made: Run | None, error: HubError) -> Result:
    """Waiting where another attempt may help and is left, failed where not."""
    more: dict[str, Any] = {"reason_code": _shown(made, error.code), "next_step": _shown(made, error.next_step)}
    sentence = _shown(made, error.sentence)
    _leave_alone(event, error)
    if isinstance(error, budgets.BudgetSpent):
        return _result(
            event, made, Outcome.WAITING, reason=Reason.RATE_BUDGET, sentence=sentence, due_in_s=error.retry_after_s,
            gives_back_attempt=True, **more,
        )  # fmt: skip
    if isinstance(error, NotDone):
        return _result(
            event, made, Outcome.WAITING, reason=Reason.DEPENDENCY, sentence=sentence, due_in_s=error.retry_after_s or 1.0,
            gives_back_attempt=True, **more,
        )  # fmt: skip
    if error.closes_lane:
        return _result(
            event, made, Outcome.WAITING, reason=Reason.RETRY, sentence=sentence, due_in_s=error.retry_after_s,
            gives_back_attempt=True, **more,
        )  # fmt: skip
    if error.reason == "dependency":
        pause = error.retry_after_s or attempts.pause_s(event)
        if event.attempts < event.max_attempts:
            more |= {"reason": Reason.DEPENDENCY, "due_in_s": pause}
            return _result(event, made, Outcome.WAITING, sentence=sentence, **more)
    if error.retry and event.attempts < event.max_attempts:
        pause = attempts.pause_s(event)
        if error.retry_after_s is not None:
            pause = max(error.retry_after_s, 1.0) * (1 + random.random() / 10)
        text = f"{sentence} Attempt {event.attempts} of {event.max_attempts}; the hub tries again by itself."
        result = _result(event, made, Outcome.WAITING, reason=Reason.RETRY, sentence=text, due_in_s=pause, **more)
        result.cause = error.reason
        return result
    return _result(event, made, Outcome.FAILED, reason=error.reason, sentence=sentence, **more)


def _leave_alone(event: Event, error: HubError) -> None:
    """Where other events would meet the same answer, the lane is left out of the claim until then. A budget that is
    spent for bulk work has room for what is urgent."""
    if not event.connector_id or not error.retry_after_s:
        return
    if isinstance(error, budgets.BudgetSpent) and not error.closes_lane:
        if event.priority >= Priority.BULK:
            lanes.rest_for(event.connector_id, error.retry_after_s)
    elif error.closes_lane:
        lanes.pause_for(event.connector_id, error.retry_after_s, longest_s=error.retry_after_s)
    elif error.code == "throttled":
        lanes.pause_for(event.connector_id, error.retry_after_s)


def _waiting(event: Event, reason: str, sentence: str) -> Result:
    return Result.of(event, Outcome.WAITING, reason=reason, sentence=sentence, gives_back_attempt=True)


def _result(event: Event, made: Run | None, outcome: Outcome, **more: Any) -> Result:
    if made is not None:
        more |= {
            "notes": made.notes,
            "object_type": made.object_type,
            "object_id": made.object_id,
            "object_label": made.object_label,
            "also_resolves": _also_resolves(event, made),
        }
    return Result.of(event, outcome, **more)


def _also_resolves(event: Event, made: Run) -> str:
    """*Synchronize this order* knows a number at first; the object found by it is what its success is about."""
    if event.topic.startswith("single:") and event.connector_id:
        return lock_key(event.connector_id, made.object_type, made.object_id)
    return ""
