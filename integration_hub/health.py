"""Liveness, readiness and metrics."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import REGISTRY

from events import heartbeat


def healthz(request: HttpRequest) -> HttpResponse:
    """The process lives; says nothing about anything else."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """Ready to take work: the database answers; ``worker`` tells whether somebody does the work. 503 where not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        workers = heartbeat.alive("worker", settings.HUB_RESTART_AFTER_S)
        pulses = heartbeat.alive("pulse", 15.0)
    except (DatabaseError, InterfaceError):
        connection.close()
        return JsonResponse({"status": "unavailable", "database": False}, status=503)
    body = {"database": True, "workers": workers, "pulse": bool(pulses)}
    # Web machines take deliveries while workers are away; a worker's own check asks with ?worker=1.
    is_ready = (workers > 0 and pulses > 0) if request.GET.get("worker") else True
    return JsonResponse({"status": "ok" if is_ready else "unavailable", **body}, status=200 if is_ready else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics; counts of events come from indexes, never from a scan of the ledger."""
    registry = CollectorRegistry()
    queued = Gauge("hub_events_open", "Events without a final outcome", ["outcome"], registry=registry)
    failures = Gauge("hub_failures_open", "Failed events nobody resolved (counted to 10,000)", registry=registry)
    workers = Gauge("hub_workers_alive", "Worker trees heard of lately", registry=registry)
    warnings = Gauge("hub_warnings_open", "Health warnings of connectors nobody has seen to", registry=registry)
    mails = Gauge("hub_mails_waiting", "Mails in the outbox", registry=registry)
    try:
        with connection.cursor() as cursor:
            for outcome in ("queued", "waiting", "running"):
                cursor.execute(
                    "SELECT count(*) FROM (SELECT 1 FROM events_event WHERE outcome = %s LIMIT 10000) AS n", [outcome]
                )
                queued.labels(outcome).set(cursor.fetchone()[0])
            cursor.execute(
                "SELECT count(*) FROM (SELECT 1 FROM events_event WHERE outcome = 'failed' AND resolved_at IS NULL "
                "LIMIT 10000) AS n"
            )
            failures.set(cursor.fetchone()[0])
            cursor.execute("SELECT count(*) FROM events_mail WHERE state = 'waiting'")
            mails.set(cursor.fetchone()[0])
            cursor.execute("SELECT count(*) FROM connectors_notice WHERE cleared_at IS NULL")
            warnings.set(cursor.fetchone()[0])
        workers.set(heartbeat.alive("worker", settings.HUB_RESTART_AFTER_S))
    except (DatabaseError, InterfaceError):
        connection.close()
        return HttpResponse("# the database is away\n", status=503, content_type="text/plain")
    return HttpResponse(generate_latest(registry) + generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)
