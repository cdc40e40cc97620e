"""Writing a new event: one statement for the event, its body and its search keys, duplicates included."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from events import bell, bodies, search
from events.models import Kind, Outcome, Priority
from events.patience import limited
from events.text import SENTENCE_LIMIT, clean, clean_json, fit


@dataclass(kw_only=True)
class New:
    """What an event is recorded with. ``delivery_id`` makes it unique within its connector."""

    kind: Kind
    topic: str
    connector_id: int | None
    connector_name: str = ""
    provider: str = ""
    outcome: Outcome = Outcome.QUEUED
    reason: str = ""
    reason_code: str = ""
    sentence: str = ""
    next_step: str = ""
    priority: Priority = Priority.LIVE
    max_attempts: int = 8
    lock_key: str = ""
    is_supersedable: bool = False
    delivery_id: str | None = None
    object_type: str = ""
    object_id: str = ""
    object_label: str = ""
    parent_id: int | None = None
    route_id: int | None = None
    triggered_by: str = ""
    forced_by: str = ""
    trace_id: str = field(default_factory=lambda: secrets.token_hex(16))
    headers: Mapping[str, str] = field(default_factory=dict)
    payload: bytes = b""
    payload_size: int | None = None  # where only a part of the body is kept
    keys: Iterable[tuple[str, str]] = ()
    expects_request: bool = True


@dataclass(frozen=True)
class Recorded:
    """``is_new`` false: the delivery was there already, its duplicate counter was raised."""

    event_id: int
    is_new: bool


# The columns New fills, in the order of ``_values``; everything else starts with the constant beside it.
COLUMNS = (
    "kind", "topic", "connector_id", "connector_name", "provider", "outcome", "reason", "reason_code", "sentence",
    "next_step", "priority", "max_attempts", "lock_key", "is_supersedable", "delivery_id", "object_type", "object_id",
    "object_label", "parent_id", "route_id", "triggered_by", "trace_id", "headers", "payload_size", "is_payload_cut",
    "expects_request", "forced_by",
)  # fmt: skip
STARTS = {
    "notes": "'[]'", "received_at": "now()", "attempts": "0", "duplicate_count": "0", "cause": "''",
    "resolved_by": "''", "resolved_note": "''",
}  # fmt: skip
_INSERT = (
    f"INSERT INTO events_event ({', '.join(COLUMNS)}, {', '.join(STARTS)}, finished_at) "
    f"VALUES ({', '.join(['%s'] * len(COLUMNS))}, {', '.join(STARTS.values())}, "
    "CASE WHEN %s THEN now() END) "
    "ON CONFLICT (connector_id, delivery_id) WHERE delivery_id IS NOT NULL "
    "DO UPDATE SET duplicate_count = events_event.duplicate_count + 1, last_duplicate_at = now() "
    "RETURNING id, received_at, xmax = 0 AS is_new"
)
RECORD = (
    f"WITH e AS ({_INSERT}), "
    "b AS (INSERT INTO events_body (event_id, part, recorded_at, encoding, content) "
    "SELECT id, 'payload', received_at, %s, %s FROM e WHERE is_new AND %s), "
    "k AS (INSERT INTO events_searchkey (event_id, kind, value) SELECT e.id, k.kind, k.value "
    "FROM e, unnest(%s::text[], %s::text[]) AS k (kind, value) WHERE e.is_new)"
)
PLAIN = RECORD + " SELECT id, is_new FROM e"
RINGING = (
    f"{RECORD}, {bell.RING.format(condition='NOT is_pending AND EXISTS (SELECT 1 FROM e WHERE is_new)')} "
    f"SELECT id, is_new, ({bell.NOTIFY}) FROM e"
)


def record(new: New, *, ring: bool = False, limit_ms: int = 0) -> Recorded:
    """Write the event in one statement, which rings the bell as well where ``ring`` says so and the event is new and
    queued. ``limit_ms``: the longest it may take, 0 without end. Raises ``django.db.Error``."""
    kept, was_cut = bodies.cut(new.payload)
    size = new.payload_size if new.payload_size is not None else len(new.payload)
    encoding, content = bodies.packed(kept)
    object_id = fit(new.object_id, 120)
    # Its object's page finds an event by this one.
    own = [(f"{new.object_type}_id", object_id)] if new.object_type and object_id else []
    pairs = search.folded([*own, *new.keys])
    is_final = new.outcome in (Outcome.SUCCEEDED, Outcome.SKIPPED, Outcome.FAILED)
    values: list[Any] = [
        new.kind.value, clean(new.topic, 120), new.connector_id, clean(new.connector_name, 120), new.provider,
        new.outcome.value, new.reason, clean(new.reason_code, 80), clean(new.sentence, SENTENCE_LIMIT),
        clean(new.next_step, SENTENCE_LIMIT), int(new.priority), new.max_attempts,
        fit(new.lock_key, 200), new.is_supersedable, fit(new.delivery_id, 200) if new.delivery_id else None,
        clean(new.object_type, 40), object_id, clean(new.object_label, 120), new.parent_id, new.route_id,
        clean(new.triggered_by, 150), clean(new.trace_id, 32), Jsonb(clean_json(new.headers)), size,
        was_cut or size > len(new.payload), new.expects_request, clean(new.forced_by, 150), is_final,
        encoding, content, bool(content),
        [kind for kind, _ in pairs], [value for _, value in pairs],
    ]  # fmt: skip
    ring = ring and new.outcome == Outcome.QUEUED
    statement = RINGING if ring else PLAIN
    with connection.cursor() as cursor:
        cursor.execute(
            limited(statement, limit_ms) if limit_ms else statement,
            [*values, *bell.ring_parameters()] if ring else values,
        )
        if limit_ms:
            cursor.nextset()
        event_id, is_new = cursor.fetchone()[:2]
    return Recorded(event_id, is_new)
