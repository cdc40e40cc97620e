"""Telling the source of a record what became of it: one event for the source's connector, after a delivery.

Topic ``<kind>/delivered`` or ``<kind>/failed``; the payload names target, document and object. It is recorded in the
transaction that writes the ledger, so that neither is there without the other, and is work of its own: what it fails
at undoes no delivery. A loop is impossible: such an event is no delivery, and only deliveries are told of. Not for
deciding what the source does with it: that is the provider's ``acknowledges``.
"""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from connectors import known, routing
from connectors.base import Acknowledgement, Delivered, Provider
from connectors.exceptions import HubError, Skip
from connectors.models import Route
from connectors.registry import UnknownProvider
from events import bell
from events.models import Event, Kind, Outcome, Priority, Reason
from events.record import New, record

DELIVERED, FAILED = "delivered", "failed"


def is_wanted(route: Route, *, is_delivered: bool) -> bool:
    """Whether the source wants to know. One that cannot work at the moment is not told."""
    return _handler_for(route, is_delivered=is_delivered) is not None


def tell_delivered(route: Route, event: Event, delivered: Delivered) -> None:
    """The record became a document."""
    told = {
        "target_id": delivered.target_id,
        "target_number": delivered.target_number or delivered.target_id,
        "sentence": delivered.sentence,
    }
    _tell(route, event, told, is_delivered=True)


def tell_failed(route: Route, event: Event, sentence: str, next_step: str) -> None:
    """The delivery failed for good."""
    _tell(route, event, {"sentence": sentence, "next_step": next_step}, is_delivered=False)


def handler_of(provider: Provider, event: Event) -> Acknowledgement | None:
    """What handles an event of this module; ``None`` for any other event, whatever its topic is called."""
    kind, _, outcome = event.topic.rpartition("/")
    if event.kind != Kind.SYNC or outcome not in (DELIVERED, FAILED):
        return None
    return next((one for t, one in provider.acknowledges.items() if t.kind == kind), None)


def check_is_latest(event: Event) -> None:
    """An acknowledgement that waited must not undo what came of the object since. Raises ``Skip`` (superseded) where
    its delivery succeeded after the failure it tells of, or where a newer delivery of the object succeeded, or failed
    and the source wants to know that."""
    delivery = Event.objects.filter(pk=event.parent_id or 0, kind=Kind.DELIVERY).first()
    if delivery is None:
        return
    route = Route.objects.filter(pk=delivery.route_id or 0).first()
    if route is None:
        return
    ended = [Outcome.SUCCEEDED, *([Outcome.FAILED] if is_wanted(route, is_delivered=False) else [])]
    is_newer = delivery.outcome == Outcome.SUCCEEDED and event.topic.endswith(f"/{FAILED}")
    if not is_newer and delivery.lock_key:
        later = Event.objects.filter(kind=Kind.DELIVERY, lock_key=delivery.lock_key, id__gt=delivery.pk)
        is_newer = later.filter(outcome__in=ended).exists()
    if is_newer:
        raise Skip(
            "Something newer became of the object meanwhile; this is not written any more.",
            reason=Reason.SUPERSEDED, code="older_version",
        )  # fmt: skip


def _handler_for(route: Route, *, is_delivered: bool) -> Acknowledgement | None:
    source = known.by_id(route.source_id)
    if source is None:
        return None
    try:
        handlers = source.connector.provider.acknowledges
        handler = next((one for t, one in handlers.items() if t.kind == route.record_kind), None)
        return handler if handler is not None and handler.wants(source.settings, is_delivered) else None
    except (UnknownProvider, HubError):
        return None


def _tell(route: Route, event: Event, told: dict[str, Any], *, is_delivered: bool) -> None:
    handler = _handler_for(route, is_delivered=is_delivered)
    if handler is None or not event.object_id:
        return
    source, outcome = route.source, DELIVERED if is_delivered else FAILED
    payload = {
        **told,
        "is_delivered": is_delivered,
        "target": route.target.slug,
        "target_name": route.target.name,
        "source_id": event.object_id,
        "source_number": event.object_label,
        "at": timezone.now().isoformat(timespec="seconds"),
    }
    record(
        New(
            kind=Kind.SYNC,
            topic=f"{route.record_kind}/{outcome}",
            connector_id=source.pk,
            connector_name=source.name,
            provider=source.provider_slug,
            priority=Priority(max(event.priority, Priority.LIVE)),
            max_attempts=handler.max_attempts,
            lock_key=routing.lock_key(source.pk, route.record_kind, event.object_id),
            delivery_id=f"ack:{event.pk}:{outcome}:{routing.claim_of(event)}",
            object_type=route.record_kind,
            object_id=event.object_id,
            object_label=event.object_label,
            parent_id=event.pk,
            triggered_by=event.triggered_by,
            trace_id=event.trace_id,
            payload=json.dumps(payload).encode(),
            keys=[(f"{route.record_kind}_id", event.object_id), (f"{route.record_kind}_number", event.object_label)],
        )
    )
    bell.ring()
