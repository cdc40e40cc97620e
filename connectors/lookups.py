"""Answering a storefront's live question: ask the remote now, answer in the neutral form, write down the truth.

The shopper's answer never carries the remote's error text. Its event is written by ``inline``, and where that fails the
answer goes out all the same.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, connection
from prometheus_client import Counter

from connectors import breakers, budgets, inline
from connectors.base import Answer, Lookup
from connectors.exceptions import ConfigurationError, HubError, PayloadError, RemoteError, RemoteUnavailable, Skip
from connectors.inline import Question, Truth, bug
from connectors.models import Connector
from connectors.recording import ListRecorder
from connectors.run import Run
from events.models import Outcome, Reason

log = structlog.get_logger(__name__)

LONGEST_PAUSE_S = 300.0  # a vendor that asks for more is asked again after that: a shopper waits for no hour
LOOKUPS = Counter("hub_lookups_total", "Lookups answered", ["connector", "lookup", "outcome"])


_shares: dict[str, threading.BoundedSemaphore] = {}
_shares_guard = threading.Lock()


def _share(connector: Connector, lookup: Lookup) -> threading.BoundedSemaphore:
    key = f"{connector.pk}:{lookup.topic}"
    with _shares_guard:
        return _shares.setdefault(key, threading.BoundedSemaphore(lookup.share))


def answer(
    connector: Connector,
    lookup: Lookup,
    params: Mapping[str, Any],
    *,
    asked_by: str = "",
    later: Callable[[Callable[[int | None], object]], object] | None = None,
) -> tuple[Answer, int | None]:
    """The answer for the storefront and the id of its event (``None`` where none could be written, or where ``later``
    takes its writing to be done when the asker's own answer has left, as what came of the asker's event)."""
    started = time.monotonic()
    recorder = ListRecorder(secrets.token_hex(16))
    run: Run | None = None
    found = Answer(available=False, message="This information is not available at the moment.", outcome="configuration")
    try:
        run = Run(connector, None, recorder=recorder, budget_s=lookup.budget_s)
        found = replace(lookup.neutral(run.settings), outcome="bug")
        found, truth = _ask(run, connector, lookup, params)
    except ConfigurationError as error:
        truth = Truth(Outcome.FAILED, Reason.CONFIGURATION, error.code, error.sentence, error.next_step)
    except Exception as error:  # the hub's own database is away, a neutral answer has a bug: who asked is told
        truth = bug(run, f"{lookup.topic} lookup", error)
    took_ms = int((time.monotonic() - started) * 1000)
    LOOKUPS.labels(connector.slug, lookup.topic, found.outcome).inc()
    question = _question(connector, lookup, params, run=run, truth=truth, trace_id=recorder.trace_id, asked_by=asked_by)
    if later is not None:

        def write(asker_id: int | None) -> None:
            told = replace(question, parent_id=asker_id)
            inline.write(told, truth, run=run, recorder=recorder, took_ms=took_ms)

        later(write)
        return found, None
    return found, inline.write(question, truth, run=run, recorder=recorder, took_ms=took_ms)


def _ask(run: Run, connector: Connector, lookup: Lookup, params: Mapping[str, Any]) -> tuple[Answer, Truth]:
    neutral = lookup.neutral(run.settings)
    if not connector.is_enabled or connector.is_paused:
        state = "disabled" if not connector.is_enabled else "paused"
        reason = Reason.DISABLED if state == "disabled" else Reason.PAUSED
        sentence = f"{connector} is {state}; nothing was asked."
        return replace(neutral, outcome=state), Truth(Outcome.SKIPPED, reason, state, sentence)
    paused_s = budgets.paused_for_s(connector.pk, name=f"lookup:{lookup.topic}")
    if paused_s:
        sentence = f"{connector} asked us to slow down; nothing was asked for {paused_s:.0f} s more."
        return replace(neutral, outcome="throttled"), Truth(Outcome.FAILED, Reason.UNAVAILABLE, "throttled", sentence)
    share = _share(connector, lookup)
    if not share.acquire(timeout=min(1.0, lookup.budget_s / 10)):
        sentence = f"{lookup.share} such questions are under way already; this one was not asked."
        return replace(neutral, outcome="busy"), Truth(Outcome.FAILED, Reason.UNAVAILABLE, "busy", sentence)
    try:
        # The probe is reserved last: once taken, the question must be asked.
        state, why, _ = breakers.state_of(connector.pk, lookup.topic)
        if state != "closed" and not breakers.take_probe(connector.pk, lookup.topic):
            sentence = f"{connector} does not answer; nothing was asked, to spare the shopper the wait. {why}"
            truth = Truth(Outcome.FAILED, Reason.UNAVAILABLE, "breaker_open", sentence)
            return replace(neutral, outcome="breaker_open"), truth
        return _call(run, connector, lookup, params, neutral)
    finally:
        share.release()


def _call(
    run: Run, connector: Connector, lookup: Lookup, params: Mapping[str, Any], neutral: Answer
) -> tuple[Answer, Truth]:
    try:
        found = lookup.function(run, params)
    except Skip as skip:
        return replace(neutral, outcome=skip.code or "not_sent"), Truth(
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
        return replace(neutral, outcome=error.code or error.reason), Truth(
            Outcome.FAILED, error.reason, error.code, sentence, run.redactor.text(error.next_step)
        )
    except Exception as error:  # a bug is for the event; the shopper gets the neutral answer
        return replace(neutral, outcome="bug"), bug(run, f"{lookup.topic} lookup", error)
    _quietly(lambda: breakers.worked(connector.pk, endpoint=lookup.topic))
    code = found.outcome if found.outcome != "success" else ""
    sentence = found.sentence or found.message or _sentence(found)
    return found, Truth(Outcome.SUCCEEDED, "", code, run.redactor.text(sentence), is_answered=found.available)


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


def _question(
    connector: Connector,
    lookup: Lookup,
    params: Mapping[str, Any],
    *,
    run: Run | None,
    truth: Truth,
    trace_id: str,
    asked_by: str,
) -> Question:
    """What the event says was asked, in the form people of the storefront know as ``event_data``."""
    customer = ""
    if lookup.customer_param:
        customer = (run.customer if run else "") or str(params.get(lookup.customer_param) or "")
    event_data = {
        "event_data": {
            "external_customer_id": customer or None,
            "related_to": {"customer": params.get("account_id") or None, "user": params.get("user_id") or None},
            "trace_id": trace_id,
            "error": None if truth.is_answered else truth.sentence,
            "asked": {k: v for k, v in params.items() if v not in (None, "", [])},
        }
    }
    return Question(
        connector=connector,
        topic=lookup.topic,
        payload=json.dumps(event_data, default=str).encode(),
        asked_by=asked_by,
        object_type="customer" if customer else "",
        object_id=customer,
        object_label=customer,
        keys=[("customer_code", customer)] if customer else [],
    )
