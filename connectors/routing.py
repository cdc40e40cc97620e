"""From a record to its targets: one child event for each enabled route, made once however often the parent runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from connectors import attempts
from connectors.exceptions import Skip
from connectors.models import Connector, Link, LinkState, Route
from connectors.records import Record
from connectors.registry import UnknownProvider
from events import bell, bodies
from events.models import Event, Kind, Priority
from events.record import New, record


def lock_key(connector_id: int, object_type: str, object_id: str) -> str:
    """What keeps two events of one object from running at once; empty where there is no object."""
    return f"{connector_id}:{object_type}:{object_id}" if object_type and object_id else ""


@dataclass(frozen=True, kw_only=True)
class About:
    """The object of another connector that a record tells of. ``ids``: of the object itself, then of others that came from
    the same place; the first that the ledger knows says where that is."""

    kind: type[Record]
    ids: Sequence[str]


def deliver(source: Connector, event: Event, one: Record, about: About | None = None) -> int:
    """Record a child event per route. Raises ``Skip`` where no enabled route takes such records, or only routes to others
    than the connector that the object it is ``about`` came from."""
    routes = list(Route.objects.select_related("target").filter(source=source, record_kind=one.kind, is_enabled=True))
    if not routes:
        raise Skip(
            f"No route takes {one.label.lower()}s from {source}: {one.label} {one.number} went nowhere.",
            reason="not_routed",
        )
    if about is not None:
        routes = _concerned(source, routes, one, about)
    content = one.to_json()
    if len(content) > settings.BODY_MAX_BYTES:
        # A body is cut at this size, and half a record delivers nothing; the vendor's own form is shown on the parent.
        content = replace(one, raw={}).to_json()
    with transaction.atomic():
        for route in routes:
            _child(route, event, one, content)
        bell.ring()
    return len(routes)


def _concerned(source: Connector, routes: list[Route], one: Record, about: About) -> list[Route]:
    """Of two shops of one back office only the one whose object it was hears of it; so do targets that send no such
    objects. All of them where nothing is known. Raises ``Skip`` where none is left."""
    kind = about.kind.kind
    homes: set[int] = next(filter(None, (origins(source, kind, object_id) for object_id in about.ids)), set())
    if not homes:
        return routes
    senders = set(Route.objects.filter(target=source, record_kind=kind).values_list("source_id", flat=True))
    found = [route for route in routes if route.target_id in homes or route.target_id not in senders]
    if not found:
        names = ", ".join(Connector.objects.filter(pk__in=homes).order_by("name").values_list("name", flat=True))
        raise Skip(
            f"No route takes {one.label.lower()}s from {source} to {names}, where the {about.kind.label.lower()} of "
            f"{one.label} {one.number} came from; nobody else is told of it.",
            reason="not_routed",
        )
    return found


def origins(target: Connector, kind: str, object_id: str) -> set[int]:
    """Ids of the connectors that an object was delivered from; empty where the ledger does not know it."""
    if not object_id:
        return set()
    everyone = list(Connector.objects.values_list("pk", flat=True))  # the ledger's index begins with the source
    links = Link.objects.filter(source_id__in=everyone, target=target, record_kind=kind, source_object_id=object_id)
    return set(links.filter(state=LinkState.DELIVERED).values_list("source_id", flat=True))


def is_delivered(source: Connector, kind: str, object_id: str) -> bool:
    """Whether every enabled route of this kind has delivered this object, and there is one."""
    targets = set(
        Route.objects.filter(source=source, record_kind=kind, is_enabled=True).values_list("target", flat=True)
    )
    links = Link.objects.filter(source=source, record_kind=kind, source_object_id=object_id, state=LinkState.DELIVERED)
    return bool(targets) and targets <= set(links.values_list("target", flat=True))


def was_moved(connector_id: int, kind: str) -> bool:
    """Whether a record of this kind was ever delivered out of this connector, or into it."""
    links = Link.objects.filter(record_kind=kind, state=LinkState.DELIVERED)
    return links.filter(Q(source_id=connector_id) | Q(target_id=connector_id)).exists()


def claim_of(event: Event) -> str:
    """What tells one run of an event from the next: its claim."""
    return f"{event.started_at.timestamp():.6f}" if event.started_at else str(event.attempts)


def _child(route: Route, event: Event, one: Record, content: bytes) -> None:
    target = route.target
    try:
        accept = next((a for t, a in target.provider.accepts.items() if t.kind == one.kind), None)
    except UnknownProvider:  # one target whose code is gone must not keep the record from the others
        accept = None
    made = record(
        New(
            kind=Kind.DELIVERY,
            topic=f"{one.kind}/deliver",
            connector_id=target.pk,
            connector_name=target.name,
            provider=target.provider_slug,
            priority=Priority(max(event.priority, Priority.LIVE)),
            max_attempts=attempts.most(target, accept.max_attempts) if accept else 1,
            lock_key=f"route{route.pk}:{one.kind}:{one.id}",
            # It carries the whole current state: only the newest is worth sending. What somebody forced is not dropped
            # for a newer one that nobody did.
            is_supersedable=not event.forced_by,
            forced_by=event.forced_by,
            # A retried parent read the object anew, so its child is a new delivery; the same run's repeat is not.
            # Each claim has a start of its own, while attempts are counted anew after a Retry by hand.
            delivery_id=f"from:{event.pk}:{route.pk}:{claim_of(event)}:{one.fingerprint()[:16]}",
            object_type=one.kind,
            object_id=one.id,
            object_label=getattr(one, "name", "") or one.number,
            parent_id=event.pk,
            route_id=route.pk,
            triggered_by=event.triggered_by,
            trace_id=event.trace_id,
            payload=content,
            keys=one.search_keys(),
        )
    )
    if made.is_new:
        return
    # The same delivery again: its record may be newer than what the first attempt of the parent had read.
    row = Event.objects.only("received_at", "outcome").get(pk=made.event_id)
    if row.is_open:
        bodies.store(made.event_id, "payload", content, row.received_at)
