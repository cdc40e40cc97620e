"""The cast of the tests about stock and products: a Xoro connector, a route to a shop, and events run to their end."""

from __future__ import annotations

import uuid
from typing import Any

from connectors import jobs, syncing
from connectors.models import Connector, Figure, Route
from events import claims
from events.models import Event, Outcome
from events.outcomes import finish

ROUNDS = 60


def run_sync(connector: Connector, name: str) -> Event:
    """Press the button and run what waits until the sync is over or fails, however often it puts its work down."""
    started = syncing.start_sync(connector, name, by="ada")
    for _ in range(ROUNDS):
        run_waiting(connector)
        event = Event.objects.get(pk=started)
        if event.outcome != Outcome.WAITING or event.reason_code not in ("walk", "throttled"):
            return event
        Event.objects.filter(pk=started).update(outcome=Outcome.QUEUED, due_at=None)
    raise AssertionError(f"it goes on without end: {event.sentence}")


def run_waiting(connector: Connector) -> list[Event]:
    """Every queued event of a connector, once, oldest first, until none is left."""
    done = []
    while claimed := claims.claim(connector.pk, 1, 100, uuid.uuid4(), 600):
        finish([jobs.run(claimed[0])])
        done.append(Event.objects.get(pk=claimed[0].pk))
    return done


def wanted(route: Route) -> dict[tuple[str, str], str]:
    rows = Figure.objects.filter(route=route).values_list("key", "place", "wanted")
    return {(key, place): text for key, place, text in rows}


def notes(event: Event) -> dict[str, str]:
    return {one["code"]: one["text"] for one in event.notes}


def set_stock(sandbox: Any, sku: str, store: str, available: int, **more: Any) -> None:
    sandbox.post("/xoro/_sandbox/stock", {"sku": sku, "store": store, "available": available, **more})
