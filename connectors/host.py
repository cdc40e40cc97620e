"""What ``events`` asks of this layer (``settings.EVENT_HOST``): see ``events/host.py`` for each function's meaning."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import structlog
from django.db import connection

from connectors import breakers, jobs, known, lanes, plans, registry
from connectors.exceptions import ConfigurationError
from connectors.models import Connector
from connectors.registry import UnknownProvider
from events.host import Contact, MailPolicy
from events.models import Event, Outcome, Reason
from events.outcomes import Result
from events.text import SENTENCE_LIMIT, clean

__all__ = [
    "connectors", "contact", "finished", "mail_policy", "open_lanes", "pulse", "retention_days", "run", "tones", "topics",
]  # fmt: skip

log = structlog.get_logger(__name__)

open_lanes = lanes.open_lanes


def run(event: Event) -> Result:
    return jobs.run(event, defers=True)


def contact(connector_id: int) -> Contact | None:
    connector = Connector.objects.filter(pk=connector_id).first()
    if connector is None:
        return None
    receiver = mail_policy(connector_id).receiver or connector.email_receiver
    return Contact(connector.name, connector.email_sender, receiver, connector.admin_path())


def mail_policy(connector_id: int) -> MailPolicy:
    try:
        found = known.by_id(connector_id)
        policy = found.connector.provider.mail_policy if found is not None else None
        return policy(found.settings) if found is not None and policy is not None else MailPolicy()
    except (UnknownProvider, ConfigurationError):
        return MailPolicy()


def connectors() -> dict[int, str]:
    return dict(Connector.objects.order_by("name").values_list("pk", "name"))


def topics() -> list[str]:
    found = {"connection/test"}
    for slug in set(Connector.objects.order_by().values_list("provider_slug", flat=True)):
        try:
            provider = registry.get(slug)
        except UnknownProvider:
            continue
        found |= {*provider.handlers, *provider.spawns, *(lookup.topic for lookup in provider.lookups)}
        found |= {endpoint.topic for endpoint in provider.endpoints.values() if endpoint.topic}
        found |= {f"sync:{name}" for name in provider.syncs} | {f"single:{name}" for name in provider.singles}
        found |= {f"period:{name}" for name in provider.periods}
        found |= {f"{kind.kind}/{'feed' if one.feed else 'deliver'}" for kind, one in provider.accepts.items()}
    return sorted(found)


def tones(provider: str) -> Mapping[str, str]:
    try:
        return registry.get(provider).tones
    except UnknownProvider:
        return {}


def pulse() -> None:
    """Each step by itself: a broken one stops no other."""
    for step in (lanes.label_closed, lanes.reopen, plans.run_due, lanes.probe_due):
        try:
            step()
        except Exception:  # a row nobody foresaw must not stop plans or probes
            if connection.in_atomic_block:
                raise
            log.exception("pulse_step_failed", step=step.__name__)
            connection.close_if_unusable_or_obsolete()


def finished(results: Collection[Result]) -> None:
    """Health and breakers, by connector and not by event: one statement each, however many events."""
    worked: set[int] = set()
    answered: set[int] = set()  # refused counts as well: who refuses is there
    broken: dict[int, list[Result]] = {}
    for one in results:
        if one.outcome == Outcome.SUCCEEDED:
            worked.add(one.connector_id)
            answered.add(one.connector_id)
        elif one.outcome == Outcome.FAILED or (one.outcome == Outcome.WAITING and one.cause):
            broken.setdefault(one.connector_id, []).append(one)
            if one.reason == Reason.REFUSED:
                answered.add(one.connector_id)
    for connector_id, failures in broken.items():
        health_failed(connector_id, failures[-1].sentence)
        counted = [f for f in failures if _breaks(f)]
        if counted:
            answered.discard(connector_id)
            _break(connector_id, counted)
    for connector_id in worked:
        health_worked(connector_id)
    for connector_id in answered:
        lanes.works_again(connector_id)


def _breaks(failure: Result) -> bool:
    """Whether a failure lies in the connection. A remote that asks to be called less often is not broken."""
    reason = failure.cause if failure.outcome == Outcome.WAITING else failure.reason
    return reason in breakers.COUNTED and failure.reason_code != "throttled"


def _break(connector_id: int, failures: list[Result]) -> None:
    last = failures[-1]
    _, opened = breakers.count_failures(connector_id, last.sentence, count=len(failures))
    if opened:
        lanes.tell_opened(connector_id, last)


def health_worked(connector_id: int) -> None:
    """At most one write in ten seconds: every worker finishes events of the same few connectors."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE connectors_connector SET last_success_at = now() WHERE id = %s "
            "AND (last_success_at IS NULL OR last_success_at < now() - interval '10 seconds' "
            "OR last_failure_at >= last_success_at)",
            [connector_id],
        )


def health_failed(connector_id: int, sentence: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE connectors_connector SET last_failure_at = now(), last_failure = %s WHERE id = %s "
            "AND (last_failure_at IS NULL OR last_failure_at < now() - interval '2 seconds')",
            [clean(sentence, SENTENCE_LIMIT), connector_id],
        )


def retention_days() -> dict[int, tuple[int, int]]:
    """Connectors with retention of their own, their provider's included."""
    from django.conf import settings

    found: dict[int, tuple[int, int]] = {}
    default = (settings.RETENTION_SUCCESS_DAYS, settings.RETENTION_FAILURE_DAYS)
    for connector in Connector.objects.only("id", "provider_slug", "retention_success_days", "retention_failure_days"):
        try:
            base = connector.provider.retention_days or default
        except UnknownProvider:
            base = default
        success, failure = connector.retention_success_days, connector.retention_failure_days
        pair = (base[0] if success is None else success, base[1] if failure is None else failure)
        if pair != default:
            found[connector.pk] = pair
    return found
