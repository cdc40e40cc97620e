"""What the event page says: the outcome and what comes next, the object, its requests, its story."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import reverse

from events import bodies, shown
from events.admin.base import connector_page, page_of
from events.host import host
from events.models import Event, Kind, Outcome, Reason, RelatedRequest

REQUESTS_SHOWN = 200
CHILDREN_SHOWN = 100
NOTES_SHOWN = 200
REQUESTS_TOLD = 30  # of one attempt

SENTENCES = {
    Outcome.QUEUED: "It was received and waits for a free worker.",
    Outcome.RUNNING: "A worker is on it now.",
    Outcome.WAITING: "It waits.",
    Outcome.SUCCEEDED: "It was done.",
    Outcome.SKIPPED: "There was nothing to do.",
    Outcome.FAILED: "It failed.",
}


@dataclass(frozen=True)
class Step:
    """One line of the timeline."""

    at: datetime | None
    text: str
    tone: str = "idle"
    url: str = ""
    detail: str = ""
    is_part: bool = False  # of the step before it


def context(request: HttpRequest, event: Event, *, with_bodies: bool = True) -> dict[str, Any]:
    may_see = request.user.has_perm("events.view_payload")
    requests = list(_requests(event)) if request.user.has_perm("events.view_relatedrequest") else []
    if not may_see:
        for one in requests:
            one.endpoint = shown.masked_url(one.endpoint)
    children = list(
        Event.objects.filter(parent_id=event.pk)
        .only("id", "topic", "outcome", "connector_id", "connector_name", "object_label", "sentence", "received_at")
        .order_by("id")[: CHILDREN_SHOWN + 1]
    )  # fmt: skip
    part, content = shown.object_payload(event) if with_bodies else ("payload", None)
    parent = Event.objects.filter(pk=event.parent_id).first() if event.parent_id else None
    data = shown.event_data(content) if event.kind == Kind.LOOKUP else {}
    if data:
        content = json.dumps({"event_data": data}, ensure_ascii=False).encode()
    delivered = content
    if part != "payload" or data:
        delivered = bodies.read(event.pk, "payload", event.received_at)
    return {
        "event": event,
        "sentence": event.sentence or SENTENCES[Outcome(event.outcome)],
        "connector_url": connector_page(event.connector_id)
        if request.user.has_perm("connectors.view_connector")
        else "",
        "may_see": may_see,
        "may_retry": request.user.has_perm("events.retry_event") and can_be_retried(event),
        "may_resolve": request.user.has_perm("events.resolve_event") and event.is_failure_open,
        "may_unresolve": request.user.has_perm("events.resolve_event") and event.resolved_at is not None,
        "payload": shown.body(part, content, may_see=may_see, tones=host().tones(event.provider)),
        "raw": shown.body("payload", delivered, may_see=may_see),
        "is_delivery_shown": event.kind == Kind.WEBHOOK or bool(event.headers),
        "event_data": data if may_see else {},
        "requests": requests[:REQUESTS_SHOWN],
        "requests_more": len(requests) > REQUESTS_SHOWN,
        "why_no_request": "" if requests else why_no_request(event),
        "children": children[:CHILDREN_SHOWN],
        "children_more": len(children) > CHILDREN_SHOWN,
        "parent": parent,
        "object_url": _object_page(event, parent),
        "steps": timeline(event, requests, parent, children),
        "notes": event.notes[:NOTES_SHOWN],
        "notes_more": max(0, len(event.notes) - NOTES_SHOWN),
    }


def _object_page(event: Event, parent: Event | None) -> str:
    """The page of the event's object: a delivery carries the object of the connector it came from."""
    owner = parent.connector_id if event.kind == Kind.DELIVERY and parent else event.connector_id
    if not owner or not event.object_type or not event.object_id or (event.kind == Kind.DELIVERY and not parent):
        return ""
    return page_of("admin:object", owner, event.object_type, event.object_id)


def _requests(event: Event) -> Any:
    return (
        event.requests.only("id", "event_id", "attempt", "method", "endpoint", "status", "state", "requested_at",
                            "duration_ms", "error", "vendor_request_id", "is_write")
        .order_by("requested_at")[: REQUESTS_SHOWN + 1]
    )  # fmt: skip


def can_be_retried(event: Event) -> bool:
    """As ``events.outcomes.retry`` decides."""
    return (
        event.outcome in (Outcome.FAILED, Outcome.SKIPPED, Outcome.WAITING)
        and event.kind not in (Kind.LOOKUP, Kind.CHECK)
        and event.connector_id is not None
        and event.reason != Reason.SUPERSEDED
    )


def why_no_request(event: Event) -> str:
    """The sentence in place of an empty table; empty where requests are still being written."""
    if event.outcome == Outcome.QUEUED:
        return "Nothing was asked yet: the event waits for a free worker."
    if event.outcome == Outcome.RUNNING:
        return ""
    if event.outcome == Outcome.WAITING:
        return "Nothing was asked: the event waits, for the reason above."
    if event.kind == Kind.LOOKUP and event.expects_request:
        return ""
    if event.outcome == Outcome.SKIPPED:
        return "No request was made: the event was skipped before anything had to be asked."
    if not event.expects_request:
        return "No request was made: the answer was known without asking, or the remote is left alone at the moment."
    if event.outcome == Outcome.FAILED:
        return "No request was made: the event failed before anything was asked."
    return "No request was made: none was needed."


def timeline(
    event: Event, requests: list[RelatedRequest], parent: Event | None = None, children: Sequence[Event] = ()
) -> list[Step]:
    """Every step of the transaction with its result, in order of time: where it came from, each attempt and what was
    asked in it, how it ended and what came of it."""
    steps = _own_steps(event, requests)
    if parent is not None:
        where = f" at {parent.connector_name}" if parent.connector_name else ""
        first = Step(parent.received_at, f"{parent.topic}{where}", _tone(parent), _page(parent.pk), parent.sentence)
        steps.insert(0, first)
    for one in children[:CHILDREN_SHOWN]:
        text = f"Handed on to {one.connector_name or one.topic}"
        steps.append(Step(one.received_at, text, _tone(one), _page(one.pk), one.sentence or one.get_outcome_display()))
    # What has no time yet comes last; of two at one moment, as they were written here.
    steps.sort(key=lambda step: step.at or event.received_at)
    if event.outcome == Outcome.WAITING and event.due_at:
        steps.append(Step(event.due_at, f"Next attempt ({event.attempts + 1} of {event.max_attempts})", "warn"))
    return steps


def _page(event_id: int) -> str:
    return reverse("admin:events_event_change", args=[event_id])


def _own_steps(event: Event, requests: list[RelatedRequest]) -> list[Step]:
    received = "Received" if event.kind == Kind.WEBHOOK else "Created"
    by = f"by {event.triggered_by}" if event.triggered_by else ""
    steps = [Step(event.received_at, received, "info", detail=by)]
    if event.duplicate_count:
        times = "once" if event.duplicate_count == 1 else f"{event.duplicate_count} times"
        steps.append(Step(event.last_duplicate_at, f"Delivered again {times}; the repeats were attached here", "idle"))
    attempts: dict[int, list[RelatedRequest]] = {}
    for one in requests:
        attempts.setdefault(one.attempt, []).append(one)
    for number, made in sorted(attempts.items()):
        bad = [one for one in made if one.error or (one.status or 0) >= 400]
        detail = f"{len(made)} request{'' if len(made) == 1 else 's'}"
        if bad:
            detail += f", {len(bad)} not successful"
        steps.append(Step(made[0].requested_at, f"Attempt {number}", "warn" if bad else "ok", detail=detail))
        steps += [_request_step(one) for one in made[:REQUESTS_TOLD]]
    if event.started_at and event.attempts not in attempts:
        steps.append(Step(event.started_at, f"Attempt {event.attempts or 1} started", "info"))
    if event.finished_at:
        steps.append(
            Step(
                event.finished_at,
                ": ".join(filter(None, (event.get_outcome_display().capitalize(), str(event.get_reason_display())))),
                _tone(event),
                detail=event.sentence,
            )
        )
    if event.superseded_by:
        url = _page(event.superseded_by)
        steps.append(Step(event.finished_at, f"Superseded by event {event.superseded_by}", "idle", url))
    if event.resolved_at:
        steps.append(Step(event.resolved_at, f"Resolved by {event.resolved_by}", "ok", detail=event.resolved_note))
    return steps


def _request_step(one: RelatedRequest) -> Step:
    """One thing asked in an attempt, with what was answered."""
    answer = one.error or (f"answered {one.status}" if one.status else str(one.get_state_display()))
    is_bad = bool(one.error) or (one.status or 0) >= 400
    text = f"{one.method} {urlsplit(one.endpoint).path or one.endpoint}"
    url = reverse("admin:events_relatedrequest_change", args=[one.pk])
    return Step(one.requested_at, text[:120], "warn" if is_bad else "ok", url, answer[:200], is_part=True)


def _tone(event: Event) -> str:
    return {"succeeded": "ok", "failed": "bad"}.get(event.outcome, "idle")
