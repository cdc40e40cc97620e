"""Inbound calls that are no deliveries: a synchronous callback, an OAuth return, a page somebody opens.

The provider's function answers; what went wrong inside is for the event and the log, never for the caller, who may be
anybody. Where the endpoint has a topic each call is an event, written once the answer has left: the caller never waits
for the log. Not for deliveries, which are queued.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from connectors import inline
from connectors.base import Endpoint
from connectors.exceptions import HubError, PayloadError, Skip, WebhookRejected
from connectors.inline import Question, Truth
from connectors.models import Connector
from connectors.recording import ListRecorder
from connectors.redaction import Redactor
from connectors.run import Run
from events.models import Outcome

log = structlog.get_logger(__name__)

MAX_BYTES = 1024 * 1024  # of what is asked; a cart of five hundred lines has a quarter of it
KEPT_BYTES = 64 * 1024  # of that, what the event keeps
CHUNK = 64 * 1024
PATIENCE_PART = 0.2  # of an answer's budget that one statement may take
SECRET_QUERY = frozenset({"code", "state", "hmac", "id_token", "access_token", "session"})


class TooLarge(Exception):
    """More was sent than an endpoint reads."""


def call(request: HttpRequest, connector: Connector, name: str, endpoint: Endpoint) -> HttpResponse:
    """The answer of one endpoint. Raises ``WebhookRejected`` and ``TooLarge`` for the door to count and answer, and
    ``django.db.Error`` where the hub's own database is away."""
    started = time.monotonic()
    recorder = ListRecorder(secrets.token_hex(16))
    _read(request)
    run: Run | None = None
    try:
        run = Run(connector, None, recorder=recorder, budget_s=endpoint.budget_s)
        with _patience(endpoint.budget_s):
            response: HttpResponse = endpoint.function(run, request)
        truth = _truth(run)
    except WebhookRejected:
        raise
    except Skip as skip:
        response = HttpResponse(status=204)
        truth = Truth(Outcome.SKIPPED, skip.reason, skip.code, skip.sentence)
    except HubError as error:
        log.error("endpoint_failed", connector_id=connector.pk, endpoint=name, error=error.sentence)
        response, truth = _refusal(error), _failure(error)
    except (DatabaseError, InterfaceError):
        raise
    except Exception as error:  # a bug is told by the event, as with lookups
        if not endpoint.topic:
            raise
        response = answer(500, "The hub cannot answer this at the moment.")
        truth = inline.bug(run, f"endpoint {name}", error)
    if endpoint.topic:
        took_ms = int((time.monotonic() - started) * 1000)
        payload = _asked(request, run.redactor if run else Redactor())
        question = Question(connector=connector, topic=endpoint.topic, payload=payload)

        def write() -> None:
            event_id = inline.write(question, truth, run=run, recorder=recorder, took_ms=took_ms)
            for one in run.afterwards if run else ():
                one(event_id)

        # Closed by the server when the last byte has left, and before the database connection is given back.
        response._resource_closers.append(write)  # type: ignore[attr-defined]
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@contextmanager
def _patience(budget_s: float | None) -> Iterator[None]:
    """Whoever waits for an answer with a budget waits for no statement longer than a fifth of it: a table somebody holds
    must not hold a checkout. A database that is away is told by the first statement that needs it."""
    if not budget_s:
        yield
        return
    _quietly(f"SET statement_timeout = {int(budget_s * 1000 * PATIENCE_PART)}")
    try:
        yield
    finally:
        _quietly("RESET statement_timeout")


def _quietly(statement: str) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    except (DatabaseError, InterfaceError):
        if not connection.in_atomic_block:
            connection.close()  # the next one begins with the database's own limits


def answer(status: int, text: str, *, retry_after: str = "") -> HttpResponse:
    """A neutral refusal."""
    response = JsonResponse({"detail": text}, status=status)
    if retry_after:
        response["Retry-After"] = retry_after
    return response


def chunks(request: HttpRequest) -> Iterator[bytes]:
    """The raw body. Django reads nothing where no length was announced; a server that ends its input by itself (a
    chunked delivery) is read directly."""
    source: Any = request
    if not request.META.get("CONTENT_LENGTH") and request.META.get("wsgi.input_terminated"):
        source = request.META["wsgi.input"]
    while chunk := source.read(CHUNK):
        yield chunk


def check_announced(request: HttpRequest, limit: int) -> None:
    """Raises ``TooLarge`` before a byte is read."""
    try:
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        announced = 0
    if announced > limit:
        raise TooLarge


def _read(request: HttpRequest) -> None:
    """Put the body where ``request.body`` finds it, however it was sent. Raises ``TooLarge``."""
    check_announced(request, MAX_BYTES)
    body = bytearray()
    for chunk in chunks(request):
        body += chunk
        if len(body) > MAX_BYTES:
            raise TooLarge
    request._body = bytes(body)  # type: ignore[attr-defined]


def _truth(run: Run) -> Truth:
    if isinstance(run.failure, Skip):
        return Truth(Outcome.SKIPPED, run.failure.reason, run.failure.code, run.failure.sentence)
    if run.failure is not None:
        return _failure(run.failure)
    sentence = run.sentence or "Answered."
    return Truth(Outcome.SUCCEEDED, "", run.outcome_code, sentence, is_answered=True)


def _failure(error: HubError) -> Truth:
    return Truth(Outcome.FAILED, error.reason, error.code, error.sentence, error.next_step)


def _refusal(error: HubError) -> HttpResponse:
    if isinstance(error, PayloadError):
        return answer(400, "The call cannot be read.")
    return answer(503, "The hub cannot answer this at the moment.", retry_after="60")


def _asked(request: HttpRequest, redactor: Redactor) -> bytes:
    """The body of a post; the query of anything else, without its secrets."""
    if request.method == "POST":
        return redactor.body(request.body[:KEPT_BYTES])
    asked = {name: redactor.text(str(value)) for name, value in request.GET.items() if name not in SECRET_QUERY}
    return json.dumps(asked, ensure_ascii=False).encode()[:KEPT_BYTES]
