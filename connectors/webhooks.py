"""Receiving deliveries: prove the sender, store what arrived, answer at once. Everything else is the worker's.

Order of answers (decided, not found): unknown address 404; over 20 MiB 413; signature missing or wrong 401 (counted, not
stored); duplicate 200; signed but not JSON: stored as failed, 200. From 5 to 20 MiB the signature is checked in a stream
and only the first 64 KiB are kept. Database down: 503, so that the vendor sends again. Accepting costs at most three
statements in one transaction.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from connectors.base import Identity, Provider, Signature
from connectors.exceptions import ConfigurationError, WebhookRejected
from connectors.models import Connector
from connectors.redaction import SECRET_HEADERS
from connectors.registry import UnknownProvider
from connectors.routing import lock_key
from events import bell
from events.database import in_words
from events.models import Kind, Outcome, Reason
from events.record import New, record

log = structlog.get_logger(__name__)

CHUNK = 64 * 1024
KEPT_OF_LARGE = 64 * 1024
HEADER_LIMIT = 60  # headers kept of a delivery
HEADER_VALUE_LIMIT = 500
UNKEPT_HEADERS = {"cookie", "authorization", "content-length", "connection", "accept-encoding"}


class _TooLarge(Exception):
    pass


@csrf_exempt
def receive(request: HttpRequest, token: str, endpoint: str = "") -> HttpResponse:
    """``POST /hooks/<token>``."""
    try:
        return _receive(request, token, endpoint)
    except (DatabaseError, InterfaceError) as error:
        log.error("delivery_not_stored", error=in_words(error))
        connection.close()
        return _answer(503, "The hub cannot store deliveries at the moment; send again.", retry_after="30")
    except UnreadablePostError:
        return _answer(400, "The delivery broke off.")


def _receive(request: HttpRequest, token: str, endpoint: str) -> HttpResponse:
    connector = Connector.objects.by_webhook_token(token)
    if connector is None:
        count_rejection(0, "unknown_connector", request)
        return _answer(404, "There is no such address.")
    try:
        provider = connector.provider
    except UnknownProvider:
        return _answer(503, "The hub lacks the code for this connector.", retry_after="300")
    if endpoint:
        return _endpoint(request, connector, provider, endpoint)
    if provider.webhook is None:
        return _answer(404, "This connector takes no deliveries.")
    if request.method != "POST":
        response = _answer(405, "Deliveries are posted.")
        response["Allow"] = "POST"
        return response
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        signature = provider.webhook.signature(_settings(connector), headers)
        kept, size = _read(request, signature)
    except _TooLarge:
        count_rejection(connector.pk, "too_large", request)
        return _answer(413, "The delivery is larger than 20 MiB.")
    except WebhookRejected as rejected:
        count_rejection(connector.pk, rejected.code or "bad_signature", request)
        return _answer(401, "The signature is missing or wrong.")
    except ConfigurationError as error:
        # Whose secret cannot be read cannot be believed; the vendor sends again once it is mended.
        log.error("webhook_settings_unusable", connector_id=connector.pk, error=error.sentence)
        return _answer(503, "The connector is not configured for deliveries.", retry_after="300")
    return _store(connector, provider, headers, kept, size)


def _settings(connector: Connector) -> Any:
    return connector.load_settings()


def _read(request: HttpRequest, signature: Signature) -> tuple[bytes, int]:
    """The body (or the first part of a large one) and its size, its signature checked on the way. Raises
    ``WebhookRejected``, ``_TooLarge``."""
    try:
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        announced = 0
    if announced > settings.WEBHOOK_MAX_BYTES:
        raise _TooLarge
    parts: list[bytes] = []
    size = 0
    while chunk := request.read(CHUNK):
        size += len(chunk)
        if size > settings.WEBHOOK_MAX_BYTES:
            raise _TooLarge
        for mac in signature.macs:
            mac.update(chunk)
        if size <= settings.WEBHOOK_KEEP_BYTES:
            parts.append(chunk)
    matches = [hmac.compare_digest(mac.digest(), signature.given) for mac in signature.macs]
    if not any(matches):
        raise WebhookRejected("The signature is wrong.", code="bad_signature")
    kept = b"".join(parts)
    return (kept if size <= settings.WEBHOOK_KEEP_BYTES else kept[:KEPT_OF_LARGE]), size


def _store(connector: Connector, provider: Provider, headers: dict[str, str], body: bytes, size: int) -> HttpResponse:
    assert provider.webhook is not None
    is_whole = size == len(body)
    parsed, is_json = _parse(body) if is_whole else (None, True)
    identity = _identify(provider, headers, parsed)
    handler = provider.handlers.get(identity.topic)
    new = New(
        kind=Kind.WEBHOOK,
        topic=identity.topic,
        connector_id=connector.pk,
        connector_name=connector.name,
        provider=connector.provider_slug,
        max_attempts=handler.max_attempts if handler else 1,
        delivery_id=identity.delivery_id or f"sha256:{hashlib.sha256(identity.topic.encode() + body).hexdigest()}",
        object_type=identity.object_type,
        object_id=identity.object_id,
        object_label=identity.object_label,
        headers=_kept_headers(headers),
        payload=body,
        payload_size=size,
        keys=identity.keys,
    )
    if not connector.is_enabled:
        new.outcome, new.reason = Outcome.SKIPPED, Reason.DISABLED
        new.sentence = "The connector is disabled; the delivery was stored and nothing was done."
    elif not is_json:
        new.outcome, new.reason = Outcome.FAILED, Reason.PAYLOAD
        new.sentence = "The delivery is correctly signed but not JSON."
        new.next_step = "Show the raw delivery to the sender's developer; Synchronize the object by its number meanwhile."
    elif handler is None:
        new.outcome, new.reason = Outcome.SKIPPED, Reason.IGNORED
        new.sentence = f"The hub has no use for deliveries of topic {identity.topic}."
    else:
        new.lock_key = lock_key(connector.pk, identity.object_type, identity.object_id)
        new.is_supersedable = handler.reads_current_state
    with transaction.atomic():
        made = record(new)
        if made.is_new and new.outcome == Outcome.QUEUED:
            bell.ring()
    return JsonResponse({"event_id": str(made.event_id), "duplicate": not made.is_new})


def _parse(body: bytes) -> tuple[Any, bool]:
    try:
        return json.loads(body), True
    except (ValueError, RecursionError):
        return None, False


def _identify(provider: Provider, headers: dict[str, str], parsed: Any) -> Identity:
    """The provider's reading; where the shape surprises it, the delivery is kept under its bare topic."""
    assert provider.webhook is not None
    try:
        return provider.webhook.identify(headers, parsed)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        log.exception("delivery_not_identified", provider=provider.slug)
        return Identity(topic="unknown")


def _kept_headers(headers: dict[str, str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name, value in list(headers.items())[:HEADER_LIMIT]:
        if name not in UNKEPT_HEADERS:
            kept[name] = "***" if name in SECRET_HEADERS else value.replace("\x00", "")[:HEADER_VALUE_LIMIT]
    return kept


def count_rejection(connector_id: int, reason: str, request: HttpRequest) -> None:
    """Raise one counter of the day: junk never adds a row per post."""
    sender = str(request.META.get("REMOTE_ADDR") or "")[:60]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_rejection AS r (day, connector_id, reason, count, first_at, last_at, last_sender) "
            "VALUES ((now() AT TIME ZONE 'UTC')::date, %s, %s, 1, now(), now(), %s) "
            "ON CONFLICT (day, connector_id, reason) DO UPDATE SET count = r.count + 1, last_at = now(), "
            "last_sender = excluded.last_sender",
            [connector_id, reason, sender],
        )


def _endpoint(request: HttpRequest, connector: Connector, provider: Provider, name: str) -> HttpResponse:
    from connectors.run import Run

    endpoint = provider.endpoints.get(name)
    if endpoint is None:
        return _answer(404, "There is no such address.")
    return endpoint.function(Run(connector, None), request)  # type: ignore[no-any-return]


def _answer(status: int, text: str, *, retry_after: str = "") -> HttpResponse:
    response = JsonResponse({"detail": text}, status=status)
    if retry_after:
        response["Retry-After"] = retry_after
    return response
