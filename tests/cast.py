"""Small helpers of the core's tests: an event of a connector, a claim, a run."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

from django.db import connection

from connectors import jobs
from connectors.models import Connector
from connectors.routing import lock_key
from events import claims
from events.models import Event, Kind
from events.outcomes import Result, finish
from events.record import New, record


def an_event(connector: Connector | None, topic: str = "noop", **more: Any) -> Event:
    """A queued event, recorded as a webhook's would be; ``obj`` names its object."""
    obj = more.pop("obj", "")
    base: dict[str, Any] = {
        "kind": Kind.WEBHOOK, "topic": topic, "connector_id": connector.pk if connector else 1,
        "connector_name": connector.name if connector else "Shop", "provider": "testing",
    }  # fmt: skip
    if obj:
        base |= {"object_type": "thing", "object_id": obj, "object_label": f"#{obj}",
                 "is_supersedable": topic == "noop",
                 "lock_key": lock_key(base["connector_id"], "thing", obj)}  # fmt: skip
    return Event.objects.get(pk=record(New(**(base | more))).event_id)


def claim(connector: Connector | int, limit: int = 100, concurrency: int = 100) -> list[Event]:
    number = connector if isinstance(connector, int) else connector.pk
    return claims.claim(number, limit, concurrency, uuid.uuid4(), 60)


def run_one(connector: Connector, event: Event | None = None) -> tuple[Result, Event]:
    """Claim the lane's next event, run it and write its outcome, as a drainer would."""
    [claimed] = claim(connector, limit=1)
    assert event is None or claimed.pk == event.pk
    result = jobs.run(claimed)
    assert finish([result]) == {claimed.pk}
    return result, Event.objects.get(pk=claimed.pk)


def together(*functions: Callable[[], Any]) -> list[Any]:
    """Run functions at once, each in a thread with a connection of its own; their results in order."""
    barrier = threading.Barrier(len(functions))
    results: list[Any] = [None] * len(functions)

    def work(number: int, function: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            results[number] = function()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return results
