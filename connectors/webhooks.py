"""Receiving deliveries: prove the sender, store what arrived, answer at once. Everything else is the worker's.

Order of answers (decided, not found): unknown address 404; over 20 MiB 413; signature missing or wrong 401 (counted,
not stored); duplicate 200; signed but not JSON: stored as failed, 200. From 5 to 20 MiB the signature is checked in a
stream and only the first 64 KiB are kept. Database down, or
a table held by somebody: 503, so that the vendor sends again. Accepting costs at most three statements.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from connectors import endpoints
from connectors.base import Identity, Provider, Signature, Webhook
from connectors.endpoints import TooLarge, check_announced, chunks
from connectors.endpoints import answer as _answer
from connectors.exceptions import ConfigurationError, WebhookRejected
from connectors.known import Known, by_token
from connectors.models import Connector
from connectors.redaction import is_secret_header
from connectors.registry import UnknownProvider
from connectors.routing import lock_key
from events import alerts
from events.database import in_words
from events.models import Event, Kind, Outcome, Reason
from events.outcomes import Result, cause_of
from events.patience import limited
from events.record import New, record

log = structlog.get_logger(__name__)

TOKEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
SAME_CONTENT_S = 300
KEPT_OF_LARGE = 64 * 1024
HEADER_LIMIT = 60  # headers kept of a delivery
HEADER_VALUE_LIMIT = 500
UNKEPT_HEADERS = {"cookie", "authorization", "content-length", "connection", "accept-encoding"}
STORE_PATIENCE_MS = 2000  # of the statement that writes a delivery down; a vendor waits five seconds and sends again
_COUNT = (
    "INSERT INTO events_rejection AS r (day, connector_id, reason, count, first_at, last_at, last_sender) "
    "VALUES ((now() AT TIME ZONE 'UTC')::date, %s, %s, 1, now(), now(), %s) "
    "ON CONFLICT (day, connector_id, reason) DO UPDATE SET count = r.count + 1, last_at = now(), "
    "last_sender = excluded.last_sender"
)


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
    known = by_token(token) if TOKEN.fullmatch(token) else None
    if known is None:
        count_rejection(0, "unknown_connector", request)
        return _answer(404, "There is no such address.")
    connector = known.connector
    try:
        provider = connector.provider
    except UnknownProvider:
        return _answer(503, "The hub lacks the code for this connector.", retry_after="300")
    if endpoint:
        return _endpoint(request, connector, provider, endpoint)
    if provider.webhook is None:
        return _answer(404, "This connector takes no deliveries.")
    return _delivery(request, known, provider, provider.webhook)


def _delivery(request: HttpRequest, known: Known, provider: Provider, webhook: Webhook) -> HttpResponse:
    """A post to the address of a connector that takes deliveries."""
    connector = known.connector
    if request.method != "POST":
        response = _answer(405, "Deliveries are posted.")
        response["Allow"] = "POST"
        return response
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        check_announced(request, settings.WEBHOOK_MAX_BYTES)
        kept, size, digest = _read(request, _signature(webhook, known, headers))
    except TooLarge:
        count_rejection(connector.pk, "too_large", request)
        return _answer(413, "The delivery is larger than 20 MiB.")
    except WebhookRejected as rejected:
        count_rejection(connector.pk, rejected.code or "bad_signature", request)
        return _answer(401, "The signature is missing or wrong.")
    except ConfigurationError as error:
        # Whose secret cannot be read cannot be believed; the vendor sends again once it is mended.
        log.error("webhook_settings_unusable", connector_id=connector.pk, error=error.sentence)
        return _answer(503, "The connector is not configured for deliveries.", retry_after="300")
    return _store(connector, provider, headers, kept, size=size, digest=digest)


def _signature(webhook: Webhook, known: Known, headers: dict[str, str]) -> Signature:
    """What the provider makes of the headers. A signature it cannot even read (no hex, no base64) is a wrong one."""
    loaded = known.settings
    try:
        return webhook.signature(loaded, headers)
    except (ValueError, TypeError, LookupError) as error:
        raise WebhookRejected("The signature cannot be read.", code="bad_signature") from error


def _read(request: HttpRequest, signature: Signature) -> tuple[bytes, int, str]:
    """The body (or the first part of a large one), its size and the hash of all of it, its signature checked on the
    way. Raises ``WebhookRejected``, ``TooLarge``."""
    parts: list[bytes] = []
    size = 0
    digest = hashlib.sha256()
    for chunk in chunks(request):
        size += len(chunk)
        if size > settings.WEBHOOK_MAX_BYTES:
            raise TooLarge
        digest.update(chunk)
        for mac in signature.macs:
            mac.update(chunk)
        if size <= settings.WEBHOOK_KEEP_BYTES:
            parts.append(chunk)
    matches = [hmac.compare_digest(mac.digest(), signature.given) for mac in signature.macs]
    if not any(matches):
        raise WebhookRejected("The signature is wrong.", code="bad_signature")
    kept = b"".join(parts)
    return (kept if size <= settings.WEBHOOK_KEEP_BYTES else kept[:KEPT_OF_LARGE]), size, digest.hexdigest()


def _store(
    connector: Connector, provider: Provider, headers: dict[str, str], body: bytes, *, size: int, digest: str
) -> HttpResponse:
    is_whole = size == len(body)
    parsed, is_json = _parse(body) if is_whole else (None, True)
    identity = _identify(provider, headers, parsed)
    is_identified = identity is not None
    identity = identity or Identity(topic="unknown")
    handler = provider.handlers.get(identity.topic)
    new = New(
        kind=Kind.WEBHOOK,
        topic=identity.topic,
        connector_id=connector.pk,
        connector_name=connector.name,
        provider=connector.provider_slug,
        max_attempts=handler.max_attempts if handler else 1,
        delivery_id=_delivery_id(identity, digest),
        object_type=identity.object_type,
        object_id=identity.object_id,
        object_label=identity.object_label,
        headers=_kept_headers(headers),
        payload=body,
        payload_size=size,
        keys=identity.keys,
    )
    if handler is not None:
        # Also where it does not run now: it may be retried by hand later, and then runs like any other.
        new.lock_key = lock_key(connector.pk, identity.object_type, str(identity.object_id))
        new.is_supersedable = handler.reads_current_state
    if not connector.is_enabled and not (handler is not None and handler.is_duty):
        new.outcome, new.reason = Outcome.SKIPPED, Reason.DISABLED
        new.sentence = "The connector is disabled; the delivery was stored and nothing was done."
    elif not is_json:
        new.outcome, new.reason = Outcome.FAILED, Reason.PAYLOAD
        new.sentence = "The delivery is correctly signed but not JSON."
        new.next_step = (
            "Show the raw delivery to the sender's developer; Synchronize the object by its number meanwhile."
        )
    elif not is_identified:
        new.outcome, new.reason, new.reason_code = Outcome.FAILED, Reason.PAYLOAD, "not_identified"
        new.sentence = "The delivery is correctly signed, but the hub cannot read what it is about."
        new.next_step = "Send this event's number to the hub's developers: the vendor has changed its deliveries."
    elif handler is None:
        new.outcome, new.reason = Outcome.SKIPPED, Reason.IGNORED
        new.sentence = f"The hub has no use for deliveries of topic {identity.topic}."
    if new.outcome == Outcome.FAILED:
        with transaction.atomic():
            made = record(new, limit_ms=STORE_PATIENCE_MS)
            if made.is_new:
                _tell(new, made.event_id)
    else:
        made = record(new, ring=True, limit_ms=STORE_PATIENCE_MS)
    return HttpResponse(
        b'{"event_id": "%d", "duplicate": %s}' % (made.event_id, b"false" if made.is_new else b"true"),
        content_type="application/json",
    )


def _delivery_id(identity: Identity, digest: str) -> str:
    """Unique within the connector and topic. Where the vendor gives no id the same content within some minutes is the
    same delivery; later it is news: a trigger looks the same each time."""
    if identity.delivery_id:
        return f"{identity.topic}:{identity.delivery_id}"
    return f"{identity.topic}:sha256:{digest}:{int(time.time() // SAME_CONTENT_S)}"


def _tell(new: New, event_id: int) -> None:
    """A delivery that failed at the door is a failure like any other: it has a cause, and is mailed."""
    connector_id = new.connector_id or 0
    cause = cause_of(connector_id, new.topic, new.reason, new.reason_code, new.sentence)
    Event.objects.filter(pk=event_id).update(cause=cause)
    alerts.failed([
        Result(event_id=event_id, lease=None, connector_id=connector_id, topic=new.topic, outcome=Outcome.FAILED,
               reason=new.reason, sentence=new.sentence, next_step=new.next_step, cause=cause,
               object_label=str(new.object_label))
    ])  # fmt: skip


def _parse(body: bytes) -> tuple[Any, bool]:
    try:
        return json.loads(body), True
    except (ValueError, RecursionError):
        return None, False


def _identify(provider: Provider, headers: dict[str, str], parsed: Any) -> Identity | None:
    """The provider's reading; ``None`` where the shape surprises it: the delivery is kept all the same."""
    if provider.webhook is None:
        return None
    try:
        return provider.webhook.identify(headers, parsed)
    except Exception:  # proven to come from the vendor: it is the hub's to keep, whatever it looks like
        log.exception("delivery_not_identified", provider=provider.slug)
        return None


def _kept_headers(headers: dict[str, str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name, value in list(headers.items())[:HEADER_LIMIT]:
        if name not in UNKEPT_HEADERS:
            kept[name] = "***" if is_secret_header(name) else value[:HEADER_VALUE_LIMIT]
    return kept


def count_rejection(connector_id: int, reason: str, request: HttpRequest) -> None:
    """Raise one counter of the day: junk never adds a row per post."""
    sender = str(request.META.get("REMOTE_ADDR") or "")[:60]
    with connection.cursor() as cursor:
        cursor.execute(
            limited(_COUNT, STORE_PATIENCE_MS),
            [connector_id, reason, sender],
        )


def _endpoint(request: HttpRequest, connector: Connector, provider: Provider, name: str) -> HttpResponse:
    endpoint = provider.endpoints.get(name)
    if endpoint is None:
        return _answer(404, "There is no such address.")
    try:
        return endpoints.call(request, connector, name, endpoint)
    except WebhookRejected as rejected:
        count_rejection(connector.pk, rejected.code or "bad_signature", request)
        return _answer(401, "The call is not proven to come from where it says.")
    except TooLarge:
        count_rejection(connector.pk, "too_large", request)
        return _answer(413, "The call is larger than 1 MiB.")
