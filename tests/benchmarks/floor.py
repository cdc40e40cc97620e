"""The ingest floor: a bare Django view without any middleware that checks the HMAC and writes the same rows.

Two of them: ``/orm`` writes as anyone would, with models in one transaction; ``/sql`` uses the hub's own single statement
and so leaves only what the hub adds around it (finding the connector, reading its secret, identifying, ringing).
"""

from __future__ import annotations

import hashlib
import hmac
import json

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from events import bodies, search
from events.models import Event, Kind, SearchKey
from events.record import New, record
from tests.benchmarks.load import SECRET


def _is_signed(request: HttpRequest) -> bool:
    digest = hmac.new(SECRET.encode(), request.body, hashlib.sha256).digest()
    return hmac.compare_digest(digest, bytes.fromhex(request.headers.get("X-Bench-Signature", "")))


@csrf_exempt
def orm(request: HttpRequest) -> HttpResponse:
    if not _is_signed(request):
        return HttpResponse(status=401)
    body = json.loads(request.body)
    number = str(body["id"])
    with transaction.atomic():
        event = Event.objects.create(
            kind=Kind.WEBHOOK, topic=request.headers["X-Bench-Topic"], connector_id=1, connector_name="Bench",
            provider="bench", delivery_id=request.headers["X-Bench-Delivery"], object_type="order", object_id=number,
            object_label=body["name"], lock_key=f"1:order:{number}", headers=dict(request.headers),
            payload_size=len(request.body), received_at=timezone.now(),
        )  # fmt: skip
        bodies.store(event.pk, "payload", request.body, event.received_at)
        SearchKey.objects.bulk_create(
            [SearchKey(event_id=event.pk, kind=kind, value=search.fold(value))
             for kind, value in (("order_id", number), ("order_name", body["name"]))]
        )  # fmt: skip
    return _answer(event.pk)


@csrf_exempt
def sql(request: HttpRequest) -> HttpResponse:
    if not _is_signed(request):
        return HttpResponse(status=401)
    body = json.loads(request.body)
    number = str(body["id"])
    made = record(
        New(
            kind=Kind.WEBHOOK, topic=request.headers["X-Bench-Topic"], connector_id=1, connector_name="Bench",
            provider="bench", delivery_id=request.headers["X-Bench-Delivery"], object_type="order", object_id=number,
            object_label=body["name"], lock_key=f"1:order:{number}", headers=dict(request.headers),
            payload=request.body, keys=[("order_id", number), ("order_name", body["name"])],
        )
    )  # fmt: skip
    return _answer(made.event_id)


def _answer(event_id: int) -> HttpResponse:
    response = JsonResponse({"event_id": event_id})
    response["Content-Length"] = str(len(response.content))
    return response


def healthz(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok")


urlpatterns = [path("orm", orm), path("sql", sql), path("healthz", healthz)]
