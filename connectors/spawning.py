"""Further events of a connector's own event: one for each object that a walk found. Not for deliveries: ``routing``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from connectors import attempts
from connectors.models import Connector
from connectors.routing import lock_key
from events import bell
from events.models import Event, Kind, Priority
from events.record import New, record


def spawn(
    connector: Connector,
    event: Event,
    topic: str,
    named: tuple[str, str, str],
    payload: Mapping[str, Any],
    version: str = "",
) -> int:
    """Record an event of ``topic`` below ``event``, once for each object; ``named``: type, id and label of the object.
    ``version``: once for each state of the object, as a long walk may meet it twice and changed in between.
    What somebody forced is forced below as well, and is not dropped for a newer event that nobody did. Returns its id."""
    object_type, object_id, object_label = named
    handler = connector.provider.handler_of(topic)
    made = record(
        New(
            kind=Kind.SYNC,
            topic=topic,
            connector_id=connector.pk,
            connector_name=connector.name,
            provider=connector.provider_slug,
            priority=Priority.BULK,
            max_attempts=attempts.most(connector, handler.max_attempts if handler else attempts.USUAL),
            lock_key=lock_key(connector.pk, object_type, object_id),
            is_supersedable=bool(handler and handler.reads_current_state and not event.forced_by),
            forced_by=event.forced_by,
            delivery_id=":".join(("spawn", str(event.pk), topic, object_id, *filter(None, [version])))
            if object_id
            else None,
            object_type=object_type,
            object_id=object_id,
            object_label=object_label,
            parent_id=event.pk,
            triggered_by=event.triggered_by,
            trace_id=event.trace_id,
            payload=json.dumps(payload).encode(),
            keys=[(f"{object_type}_id", object_id), (f"{object_type}_number", object_label)] if object_type else [],
        )
    )
    bell.ring()
    return made.event_id
