"""Which connectors' events may be claimed, and what becomes of the others: they wait, with a reason that is shown."""

from __future__ import annotations

from collections.abc import Collection

import structlog
from django.db import connection, transaction
from django.utils import timezone

from connectors import breakers, budgets, registry
from connectors.exceptions import HubError, PayloadError, RemoteError
from connectors.models import Breaker, BreakerState, Connector
from connectors.recording import ListRecorder
from events import alerts, bell, exchanges
from events.host import Room
from events.models import Event, Kind, Outcome, Priority, Reason
from events.outcomes import Result, cause_of
from events.record import New, record

CONNECTION = "connection"  # topic of what concerns a whole connector
LONGEST_PAUSE_S = 900.0  # of a lane; a vendor that wants more is asked again after that

log = structlog.get_logger(__name__)

LABEL_LIMIT = 2000
REOPEN_LIMIT = 500  # events of one lane woken a second: a long queue drains, it does not burst

_CLOSED = """
SELECT c.id, c.is_paused, b.state, b.sentence, c.name FROM connectors_connector AS c
LEFT JOIN connectors_breaker AS b ON b.connector_id = c.id AND b.endpoint = ''
WHERE c.is_enabled AND (c.is_paused OR b.state <> 'closed')
"""


# Lanes with events that wait for nothing but an open lane, and whose lane is open (or deleted, or disabled).
_WAITED_FOR = """
WITH RECURSIVE lane AS (
  (SELECT connector_id FROM events_event WHERE outcome = 'waiting' AND due_at IS NULL AND connector_id IS NOT NULL
   ORDER BY connector_id LIMIT 1)
  UNION ALL
  SELECT n.connector_id FROM lane, LATERAL (
    SELECT connector_id FROM events_event WHERE outcome = 'waiting' AND due_at IS NULL
    AND connector_id > lane.connector_id ORDER BY connector_id LIMIT 1) AS n
) SELECT lane.connector_id FROM lane LEFT JOIN connectors_connector AS c ON c.id = lane.connector_id
LEFT JOIN connectors_breaker AS b ON b.connector_id = c.id AND b.endpoint = ''
WHERE c.id IS NULL OR NOT c.is_enabled OR NOT (c.is_paused OR coalesce(b.state <> 'closed', false))
"""


def open_lanes(connector_ids: Collection[int]) -> dict[int, Room]:
    """Connectors whose events may be claimed now, with how many may run at once. A connector that was deleted or
    disabled stays open: its events are told so, not kept. Bulk work leaves what its provider keeps for live events, and
    rests where its budget is spent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, c.provider_slug, c.is_enabled, c.is_paused OR coalesce(b.state <> 'closed', false) "
            "OR coalesce(p.paused_until > now(), false), coalesce(r.paused_until > now(), false) "
            "FROM connectors_connector AS c "
            "LEFT JOIN connectors_breaker AS b ON b.connector_id = c.id AND b.endpoint = '' "
            "LEFT JOIN connectors_bucket AS p ON p.connector_id = c.id AND p.name = 'pause' "
            "LEFT JOIN connectors_bucket AS r ON r.connector_id = c.id AND r.name = 'rest' WHERE c.id = ANY(%s)",
            [list(connector_ids)],
        )
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
    lanes: dict[int, Room] = {}
    for connector_id in connector_ids:
        row = rows.get(connector_id)
        if row is None or not row[1]:
            lanes[connector_id] = Room(1000, 1000)
        elif not row[2]:
            lanes[connector_id] = _room(row[0], rests=row[3])
    return lanes


def _room(provider_slug: str, *, rests: bool) -> Room:
    try:
        budget = registry.get(provider_slug).budget
    except registry.UnknownProvider:
        return Room(1, 1)
    return Room(budget.concurrency, 0 if rests else max(1, budget.concurrency - budget.kept_for_live))


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
                "UPDATE events_event SET outcome = 'waiting', reason = %s, sentence = %s, due_at = NULL "
                "WHERE id = ANY(ARRAY("
                "SELECT id FROM events_event WHERE connector_id = %s AND outcome = 'queued' "
                "ORDER BY connector_id, priority, id LIMIT %s FOR UPDATE SKIP LOCKED))",
                [reason.value, text, connector_id, LABEL_LIMIT],
            )


def reopen() -> int:
    """Queue events that waited for a lane which is open again, a bounded number of each lane at a time. Finding the
    lanes costs one index probe each, however many events wait for a closed one."""
    count = 0
    with connection.cursor() as cursor:
        cursor.execute(_WAITED_FOR)
        for (connector_id,) in cursor.fetchall():
            cursor.execute(
                "UPDATE events_event SET outcome = 'queued', reason = '', sentence = '' WHERE id = ANY(ARRAY("
                "SELECT id FROM events_event WHERE connector_id = %s AND outcome = 'waiting' AND due_at IS NULL "
                "ORDER BY connector_id, id LIMIT %s FOR UPDATE SKIP LOCKED))",
                [connector_id, REOPEN_LIMIT],
            )
            count += cursor.rowcount
    if count:
        bell.ring()
    return count


def works_again(connector_id: int) -> bool:
    """A call was answered: close the breaker and, where it was open, tell those who heard of its opening."""
    if not breakers.worked(connector_id):
        return False
    alerts.recover_cause(connector_id, _opened_cause(connector_id))
    return True


def tell_opened(connector_id: int, failure: Result) -> None:
    """One mail that a remote is left alone, from the failure that opened its breaker."""
    name = Connector.objects.filter(pk=connector_id).values_list("name", flat=True).first()
    if name is None:
        return
    told = Result(
        event_id=failure.event_id, lease=None, connector_id=connector_id, topic=CONNECTION, outcome=Outcome.FAILED,
        reason=Reason.UNAVAILABLE, cause=_opened_cause(connector_id), object_label=failure.object_label,
        sentence=f"{name} does not answer; its events wait until it does. {failure.sentence}",
        next_step="Nothing to do now: the hub asks again by itself. If it lasts, ask the remote system's operator.",
    )  # fmt: skip
    with transaction.atomic():
        alerts.failed([told])


def _opened_cause(connector_id: int) -> str:
    return cause_of(connector_id, CONNECTION, Reason.UNAVAILABLE, "breaker_open", "")


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
    """The queue task of a probe: true where the connector works again. Who refuses the probe, or answers what cannot be
    read, is there: whether an event passes is for the event to find out."""
    from connectors.checking import run_probe

    connector = Connector.objects.filter(pk=connector_id).first()
    if connector is None:
        return False
    recorder = ListRecorder(trace_id="")
    try:
        run_probe(connector, recorder)
    except HubError as error:
        if error.reason in breakers.COUNTED or not isinstance(error, RemoteError | PayloadError):
            breakers.failed(connector_id, error.sentence)
            return False
    except Exception as error:  # a bug in the probe must not leave the breaker as if a probe were under way
        log.exception("probe_failed", connector_id=connector_id)
        breakers.failed(connector_id, f"The probe itself failed ({type(error).__name__}).")
        return False
    works_again(connector_id)
    with transaction.atomic():
        new = New(
            kind=Kind.CHECK, topic="probe", connector_id=connector_id, connector_name=connector.name,
            provider=connector.provider_slug, outcome=Outcome.SUCCEEDED, priority=Priority.LIVE,
            trace_id=recorder.trace_id, expects_request=bool(recorder.exchanges),
            sentence=f"{connector} answers again; what waited for it goes on.",
        )  # fmt: skip
        made = record(new)
        event = Event.objects.only("received_at").get(pk=made.event_id)
        exchanges.write_all(made.event_id, event.received_at, recorder.exchanges)
    reopen()
    return True


def pause_for(connector_id: int, seconds: float, *, longest_s: float = LONGEST_PAUSE_S) -> None:
    """Leave a lane alone for a while: the vendor asked for it, or its budget is spent. Its events stay queued."""
    budgets.pause(connector_id, min(seconds, longest_s))


def rest_for(connector_id: int, seconds: float) -> None:
    """Leave a lane's bulk work alone for a while: the budget has no room for it. What is urgent goes on."""
    budgets.pause(connector_id, min(seconds, LONGEST_PAUSE_S), name="rest")
