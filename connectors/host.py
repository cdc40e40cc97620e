"""What ``events`` asks of this layer (``settings.EVENT_HOST``): see ``events/host.py`` for each function's meaning."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection

from connectors import breakers, lanes, plans, registry
from connectors.jobs import run
from connectors.models import Connector
from connectors.registry import UnknownProvider
from events.host import Contact
from events.models import Outcome
from events.outcomes import Result

__all__ = ["connectors", "contact", "finished", "open_lanes", "pulse", "retention_days", "run", "topics"]

open_lanes = lanes.open_lanes


def contact(connector_id: int) -> Contact | None:
    connector = Connector.objects.filter(pk=connector_id).first()
    if connector is None:
        return None
    return Contact(connector.name, connector.email_sender, connector.email_receiver, connector.admin_path())


def connectors() -> dict[int, str]:
    return dict(Connector.objects.order_by("name").values_list("pk", "name"))


def topics() -> list[str]:
    found = {"connection/test"}
    for slug in set(Connector.objects.order_by().values_list("provider_slug", flat=True)):
        try:
            provider = registry.get(slug)
        except UnknownProvider:
            continue
        found |= {*provider.handlers, *(lookup.topic for lookup in provider.lookups)}
        found |= {f"sync:{name}" for name in provider.syncs} | {f"single:{name}" for name in provider.singles}
        found |= {f"{record.kind}/deliver" for record in provider.accepts}
    return sorted(found)


def pulse() -> None:
    lanes.label_closed()
    lanes.reopen()
    plans.run_due()
    lanes.probe_due()


def finished(results: Collection[Result]) -> None:
    """Health and breakers, by connector and not by event: one statement each, however many events."""
    worked: dict[int, int] = {}
    broken: dict[int, list[Result]] = {}
    for one in results:
        if one.outcome == Outcome.SUCCEEDED:
            worked[one.connector_id] = worked.get(one.connector_id, 0) + 1
        elif one.outcome == Outcome.FAILED or (one.outcome == Outcome.WAITING and one.cause):
            broken.setdefault(one.connector_id, []).append(one)
    for connector_id, failures in broken.items():
        health_failed(connector_id, failures[-1].sentence)
        counted = [f for f in failures if (f.cause if f.outcome == Outcome.WAITING else f.reason) in breakers.COUNTED]
        if counted:
            breakers.failed(connector_id, counted[-1].sentence, count=len(counted))
    for connector_id in worked:
        health_worked(connector_id)
        if connector_id not in broken:
            breakers.worked(connector_id)


def health_worked(connector_id: int) -> None:
    """At most one write in ten seconds: every worker finishes events of the same few connectors."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE connectors_connector SET last_success_at = now() WHERE id = %s "
            "AND (last_success_at IS NULL OR last_success_at < now() - interval '10 seconds')",
            [connector_id],
        )


def health_failed(connector_id: int, sentence: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE connectors_connector SET last_failure_at = now(), last_failure = %s WHERE id = %s "
            "AND (last_failure_at IS NULL OR last_failure_at < now() - interval '2 seconds')",
            [sentence, connector_id],
        )


def retention_days() -> dict[int, tuple[int, int]]:
    """Connectors with retention of their own, their provider's included."""
    from django.conf import settings

    found: dict[int, tuple[int, int]] = {}
    default = (settings.RETENTION_SUCCESS_DAYS, settings.RETENTION_FAILURE_DAYS)
    for connector in Connector.objects.only(
        "id", "provider_slug", "retention_success_days", "retention_failure_days"
    ):
        try:
            base = connector.provider.retention_days or default
        except UnknownProvider:
            base = default
        pair = (connector.retention_success_days or base[0], connector.retention_failure_days or base[1])
        if pair != default:
            found[connector.pk] = pair
    return found
