"""Which connectors' events may be claimed, and what becomes of the others: they wait, with a reason that is shown."""

from __future__ import annotations

from collections.abc import Collection

import structlog
from django.db import connection
from django.utils import timezone

from connectors import breakers, budgets, registry
from connectors.exceptions import HubError
from connectors.models import Breaker, BreakerState, Connector
from events import bell
from events.models import Kind, Outcome, Priority, Reason
from events.record import New, record

log = structlog.get_logger(__name__)

LABEL_LIMIT = 2000
REOPEN_LIMIT = 500  # events of one lane woken a second: a long queue drains, it does not burst

_CLOSED = """
SELECT c.id, c.is_paused, b.state, b.sentence, c.name FROM connectors_connector AS c
LEFT JOIN connectors_breaker AS b ON b.connector_id = c.id AND b.endpoint = ''
WHERE c.is_enabled AND (c.is_paused OR b.state <> 'closed')
"""


def open_lanes(connector_ids: Collection[int]) -> dict[int, int]:
    """Connectors whose events may be claimed now, with how many may run at once. A connector that was deleted or
    disabled stays open: its events are told so, not kept."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, c.provider_slug, c.is_enabled, c.is_paused OR coalesce(b.state <> 'closed', false) "
            "OR coalesce(p.paused_until > now(), false) FROM connectors_connector AS c "
            "LEFT JOIN connectors_breaker AS b ON b.connector_id = c.id AND b.endpoint = '' "
            "LEFT JOIN connectors_bucket AS p ON p.connector_id = c.id AND p.name = 'pause' WHERE c.id = ANY(%s)",
            [list(connector_ids)],
        )
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
    lanes: dict[int, int] = {}
    for connector_id in connector_ids:
        row = rows.get(connector_id)
        if row is None or not row[1]:
            lanes[connector_id] = 1000
        elif not row[2]:
            lanes[connector_id] = _concurrency(row[0])
    return lanes


def _concurrency(provider_slug: str) -> int:
    try:
        return registry.get(provider_slug).budget.concurrency
    except registry.UnknownProvider:
        return 1


def label_closed() -> None:
    """Say on queued events of closed lanes why they wait."""
    with connection.cursor() as cursor:
        cursor.execute(_CLOSED)
        closed = cursor.fetchall()
        for connector_id, is_paused, _, sentence, name in closed:
            reason = Reason.PAUSED if is_paused else Reason.BREAKER_OPEN
            text = (
                f"{name} is paused; the event waits until it is resumed."
                if is_paused
                else f"{name} does not answer; the event waits until it does. {sentence}"
            )
            cursor.execute(
                "UPDATE events_event SET outcome = 'waiting', reason = %s, sentence = %s, due_at = NULL WHERE id IN ("
                "SELECT id FROM events_event WHERE connector_id = %s AND outcome = 'queued' "
                "ORDER BY connector_id, priority, id LIMIT %s FOR UPDATE SKIP LOCKED)",
                [reason.value, text, connector_id, LABEL_LIMIT],
            )


def reopen() -> int:
    """Queue events that waited for a lane which is open again, a bounded number at a time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_event SET outcome = 'queued', reason = '', sentence = '' WHERE id IN ("
            "SELECT e.id FROM events_event AS e LEFT JOIN connectors_connector AS c ON c.id = e.connector_id "
            "LEFT JOIN connectors_breaker AS b ON b.connector_id = c.id AND b.endpoint = '' "
            "WHERE e.outcome = 'waiting' AND e.due_at IS NULL AND e.reason IN ('paused', 'breaker_open') "
            "AND (c.id IS NULL OR NOT c.is_enabled OR NOT (c.is_paused OR coalesce(b.state <> 'closed', false))) "
            "ORDER BY e.id LIMIT %s FOR UPDATE OF e SKIP LOCKED)",
            [REOPEN_LIMIT],
        )
        count = cursor.rowcount
    if count:
        bell.ring()
    return count


def probe_due() -> int:
    """Ask connectors with an open breaker, when their time has come, whether they work again. The call is harmless and
    runs as an event of its own, so that it can be read like any other."""
    due = Breaker.objects.select_related("connector").filter(
        endpoint="", probe_at__lte=timezone.now(), connector__is_enabled=True, connector__is_paused=False
    ).exclude(state=BreakerState.CLOSED)[:20]  # fmt: skip
    asked = 0
    for breaker in due:
        if breakers.take_probe(breaker.connector_id):
            bell.call("connectors.lanes.probe", breaker.connector_id)
            asked += 1
    return asked


def probe(connector_id: int) -> bool:
    """The queue task of a probe: true where the connector works again."""
    from connectors.checking import run_probe

    connector = Connector.objects.filter(pk=connector_id).first()
    if connector is None:
        return False
    try:
        run_probe(connector)
    except HubError as error:
        breakers.failed(connector_id, error.sentence)
        return False
    breakers.worked(connector_id)
    record(
        New(
            kind=Kind.CHECK, topic="probe", connector_id=connector_id, connector_name=connector.name,
            provider=connector.provider_slug, outcome=Outcome.SUCCEEDED, priority=Priority.LIVE, expects_request=False,
            sentence=f"{connector} answers again; what waited for it goes on.",
        )  # fmt: skip
    )
    reopen()
    return True


def pause_for(connector_id: int, seconds: float) -> None:
    """Leave a lane alone for a while: the vendor asked for it."""
    budgets.pause(connector_id, seconds)
