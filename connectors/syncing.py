"""Pressing Synchronize: a whole connector's sync, or one object by number. Both are events like any other."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from connectors.exceptions import ConfigurationError, PayloadError
from connectors.models import Connector
from connectors.routing import lock_key
from events import bell
from events.models import OPEN_OUTCOMES, Event, Kind, Outcome, Priority
from events.record import New, record


def start_sync(connector: Connector, name: str, *, by: str) -> int:
    """Queue one sync of a connector; a second press while the first waits or runs returns the first one's event.
    Raises ``ConfigurationError`` for a sync the provider does not have."""
    sync = connector.provider.syncs.get(name)
    if sync is None:
        raise ConfigurationError(f"{connector.provider.label} has no sync called “{name}”.")
    lock_key = f"{connector.pk}:sync:{name}"
    with transaction.atomic():
        Connector.objects.select_for_update().only("pk").get(pk=connector.pk)
        running = Event.objects.filter(lock_key=lock_key, outcome__in=OPEN_OUTCOMES).order_by("-id").first()
        if running is not None:
            return running.pk
        is_plan = by == "schedule"
        made = record(
            New(
                kind=Kind.SCHEDULE if is_plan else Kind.SYNC,
                topic=f"sync:{name}",
                connector_id=connector.pk,
                connector_name=connector.name,
                provider=connector.provider_slug,
                priority=Priority.BULK if is_plan else Priority.MANUAL,
                max_attempts=3,
                lock_key=lock_key,
                object_type=sync.records.kind if sync.records is not None else "",
                triggered_by=by,
            )
        )
        bell.ring()
    return made.event_id


def start_single(connector: Connector, name: str, number: str, *, by: str, is_forced: bool = False) -> int:
    """Queue the synchronization of one object, named by the number people know. ``is_forced``: also where a target's
    integration starts later. Raises ``ConfigurationError``."""
    single = connector.provider.singles.get(name)
    if single is None:
        raise ConfigurationError(f"{connector.provider.label} cannot synchronize a single {name}.")
    number = number.strip()
    if not number:
        raise ConfigurationError("Enter a number.", next_step="")
    with transaction.atomic():
        made = record(
            New(
                kind=Kind.SYNC,
                topic=f"single:{name}",
                connector_id=connector.pk,
                connector_name=connector.name,
                provider=connector.provider_slug,
                priority=Priority.MANUAL,
                max_attempts=3,
                lock_key=f"{connector.pk}:single:{name}:{number}",
                object_type=name,
                object_label=number,
                triggered_by=by,
                forced_by=by if is_forced else "",
                payload=json.dumps({"number": number}).encode(),
                keys=[(f"{name}_number", number)],
            )
        )
        bell.ring()
    return made.event_id


def start_period(connector: Connector, name: str, first: date, last: date, *, by: str, is_forced: bool = False) -> int:
    """Queue the walk over everything from one day to another, both included; the same days again, while the first walk
    goes on, return its event. Raises ``ConfigurationError``."""
    period = connector.provider.periods.get(name)
    if period is None:
        raise ConfigurationError(f"{connector.provider.label} cannot bring in a range of days of {name}.")
    if first > last:
        raise ConfigurationError("The first day is after the last one.", next_step="")
    lock = f"{connector.pk}:period:{name}:{first}:{last}:{'forced' if is_forced else ''}"
    with transaction.atomic():
        Connector.objects.select_for_update().only("pk").get(pk=connector.pk)
        running = Event.objects.filter(lock_key=lock, outcome__in=OPEN_OUTCOMES).order_by("-id").first()
        if running is not None:
            return running.pk
        made = record(
            New(
                kind=Kind.SYNC,
                topic=f"period:{name}",
                connector_id=connector.pk,
                connector_name=connector.name,
                provider=connector.provider_slug,
                priority=Priority.MANUAL,
                max_attempts=3,
                lock_key=lock,
                object_type=period.records.kind,
                object_label=f"{first} to {last}",
                triggered_by=by,
                forced_by=by if is_forced else "",
                payload=json.dumps({"first": first.isoformat(), "last": last.isoformat()}).encode(),
            )
        )
        bell.ring()
    return made.event_id


def days_of(payload: Mapping[str, Any]) -> tuple[date, date]:
    """The days of an event that ``start_period`` made. Raises ``PayloadError``."""
    try:
        return date.fromisoformat(payload["first"]), date.fromisoformat(payload["last"])
    except (KeyError, TypeError, ValueError) as error:
        raise PayloadError("The event does not say which days were asked for.", path="first") from error


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """One object a person chose: what its handler is told, and what people call it, as far as that is known."""

    object_id: str
    payload: Mapping[str, Any]
    label: str = ""


def start_selection(
    connector: Connector, topic: str, object_type: str, chosen: Sequence[Chosen], *, key: str, by: str
) -> int:
    """Queue one event of ``topic`` for each chosen object, below one event that stands for the choice; returns that
    one's id. The same ``key`` again starts nothing and returns the first one. Raises ``ConfigurationError`` for a topic
    the provider has no handler for."""
    handler = connector.provider.handlers.get(topic)
    if handler is None:
        raise ConfigurationError(f"{connector.provider.label} cannot synchronize a chosen {object_type}.")
    named = f"{len(chosen)} {object_type}{'' if len(chosen) == 1 else 's'}"
    common: dict[str, Any] = {
        "kind": Kind.SYNC, "connector_id": connector.pk, "connector_name": connector.name,
        "provider": connector.provider_slug, "priority": Priority.MANUAL, "triggered_by": by,
        "trace_id": secrets.token_hex(16),
    }  # fmt: skip
    with transaction.atomic():
        parent = record(
            New(
                **common, topic=f"selection:{object_type}", outcome=Outcome.SUCCEEDED, delivery_id=f"selection:{key}",
                sentence=f"{named} chosen by hand; each has an event of its own.", expects_request=False,
                object_label=named,
            )
        )  # fmt: skip
        if not parent.is_new:
            return parent.event_id
        for one in chosen:
            record(
                New(
                    **common,
                    topic=topic,
                    max_attempts=handler.max_attempts,
                    lock_key=lock_key(connector.pk, object_type, one.object_id),
                    is_supersedable=False,  # its row on the page of the choice is to say what became of it
                    object_type=object_type,
                    object_id=one.object_id,
                    object_label=one.label,
                    parent_id=parent.event_id,
                    payload=json.dumps(dict(one.payload)).encode(),
                    keys=[(f"{object_type}_id", one.object_id)],
                )
            )
        bell.ring()
    return parent.event_id
