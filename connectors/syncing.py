"""Pressing Synchronize: a whole connector's sync, or one object by number. Both are events like any other."""

from __future__ import annotations

import json

from django.db import transaction

from connectors.exceptions import ConfigurationError
from connectors.models import Connector
from events import bell
from events.models import OPEN_OUTCOMES, Event, Kind, Priority
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
                triggered_by=by,
            )
        )
        bell.ring()
    return made.event_id


def start_single(connector: Connector, name: str, number: str, *, by: str) -> int:
    """Queue the synchronization of one object, named by the number people know. Raises ``ConfigurationError``."""
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
                payload=json.dumps({"number": number}).encode(),
                keys=[(f"{name}_number", number)],
            )
        )
        bell.ring()
    return made.event_id
