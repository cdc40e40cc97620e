"""Writing related requests: one row per HTTP exchange, bodies beside it.

A write is begun (committed before it leaves) and completed after its answer; a read is written once, with its answer.
What is given here has been redacted already.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection
from psycopg.types.json import Jsonb

from events import bodies
from events.models import RelatedRequest, RequestState
from events.text import SENTENCE_LIMIT, clean

if TYPE_CHECKING:
    from events.models import Event


@dataclass(kw_only=True)
class Exchange:
    """One HTTP exchange as it will be shown. Sizes are those on the wire, bodies may be cut to the cap."""

    id: uuid.UUID
    attempt: int
    method: str
    endpoint: str
    requested_at: datetime
    is_write: bool = False
    idempotency_key: str = ""
    request_headers: Mapping[str, str] = field(default_factory=dict)
    request_body: bytes = b""
    status: int | None = None
    state: RequestState = RequestState.SENT
    duration_ms: int | None = None
    error: str = ""
    vendor_request_id: str = ""
    response_headers: Mapping[str, str] = field(default_factory=dict)
    response_body: bytes = b""
    response_size: int = 0


INTERRUPTED = "interrupted"  # reason code of an event whose attempt ended without an outcome

HEADERS_LIMIT = 100  # of one exchange
HEADER_LIMIT = 2000  # characters
ENDPOINT_LIMIT = 4000

_COLUMNS = {
    "id": "uuid", "event_id": "bigint", "attempt": "smallint", "method": "text", "endpoint": "text", "status": "int",
    "state": "text", "is_write": "bool", "requested_at": "timestamptz", "duration_ms": "int", "error": "text",
    "vendor_request_id": "text", "idempotency_key": "text", "request_headers": "jsonb", "response_headers": "jsonb",
    "request_size": "int", "response_size": "int", "is_request_cut": "bool", "is_response_cut": "bool",
}  # fmt: skip
_BODY_COLUMNS = {
    "event_id": "bigint", "part": "text", "recorded_at": "timestamptz", "encoding": "int", "content": "bytea",
}  # fmt: skip


def _unnested(columns: Mapping[str, str]) -> str:
    arrays = ", ".join(f"%s::{kind}[]" for kind in columns.values())
    # A write that begins comes without a time: it gets the database's, because it is compared with other times of the
    # database, and clocks of machines differ.
    chosen = [f"coalesce({name}, clock_timestamp())" if name == "requested_at" else name for name in columns]
    return f"({', '.join(columns)}) SELECT {', '.join(chosen)} FROM unnest({arrays}) AS n ({', '.join(columns)})"


# A commit whose answer was lost is written again: what is there already stays.
_INSERT = (
    f"WITH r AS (INSERT INTO events_relatedrequest {_unnested(_COLUMNS)} ON CONFLICT DO NOTHING) "
    f"INSERT INTO events_body {_unnested(_BODY_COLUMNS)} ON CONFLICT DO NOTHING"
)

# An exchange of an event: (event id, the event's received_at, exchange).
Kept = tuple[int, datetime, Exchange]


def _headers(headers: Mapping[str, str]) -> Any:
    """Headers as they are stored: a remote may send a hundred of 64 KiB each, which nobody reads."""
    few = list(headers.items())[:HEADERS_LIMIT]
    return Jsonb({clean(name, HEADER_LIMIT): clean(value, HEADER_LIMIT) for name, value in few})


def write(event_id: int, received_at: datetime, exchange: Exchange) -> None:
    """Write one exchange as it stands; outside any transaction it is durable at once."""
    write_many([(event_id, received_at, exchange)])


def write_many(kept: Sequence[Kept]) -> None:
    """Write exchanges of any number of events in one statement."""
    if not kept:
        return
    rows, parts = [], []
    for event_id, received_at, exchange in kept:
        request_body, request_cut = bodies.cut(exchange.request_body)
        response_body, response_cut = bodies.cut(exchange.response_body)
        rows.append(
            (
                exchange.id, event_id, exchange.attempt, exchange.method[:10], clean(exchange.endpoint, ENDPOINT_LIMIT),
                exchange.status, exchange.state.value, exchange.is_write,
                None if exchange.state == RequestState.SENT else exchange.requested_at, exchange.duration_ms,
                clean(exchange.error, SENTENCE_LIMIT), clean(exchange.vendor_request_id, 120),
                clean(exchange.idempotency_key, 120), _headers(exchange.request_headers),
                _headers(exchange.response_headers), len(exchange.request_body), exchange.response_size,
                request_cut, response_cut or exchange.response_size > len(exchange.response_body),
            )
        )  # fmt: skip
        parts += [
            (event_id, f"{exchange.id}:{part}", received_at, *bodies.packed(content))
            for part, content in (("request", request_body), ("response", response_body))
            if content
        ]
    columns = [list(column) for column in zip(*rows, strict=True)]
    body_columns = [list(column) for column in zip(*parts, strict=True)] if parts else [[] for _ in _BODY_COLUMNS]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [*columns, *body_columns])


def holds(event_id: int, lease: uuid.UUID) -> bool:
    """Whether the event still belongs to whoever claimed it with this lease."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM events_event WHERE id = %s AND lease = %s AND outcome = 'running')",
            [event_id, lease],
        )
        return bool(cursor.fetchone()[0])


def complete(event_id: int, received_at: datetime, exchange: Exchange) -> None:
    """Write the answer (or its absence) of an exchange that was begun."""
    response_body, cut = bodies.cut(exchange.response_body)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_relatedrequest SET status = %s, state = %s, duration_ms = %s, error = %s, "
            "vendor_request_id = %s, response_headers = %s, response_size = %s, is_response_cut = %s WHERE id = %s",
            [
                exchange.status, exchange.state.value, exchange.duration_ms, clean(exchange.error, SENTENCE_LIMIT),
                clean(exchange.vendor_request_id, 120), _headers(exchange.response_headers), exchange.response_size,
                cut or exchange.response_size > len(exchange.response_body), exchange.id,
            ],
        )  # fmt: skip
    bodies.store(event_id, f"{exchange.id}:response", response_body, received_at)


def write_all(event_id: int, received_at: datetime, exchanges: Sequence[Exchange]) -> None:
    write_many([(event_id, received_at, exchange) for exchange in exchanges])


def doubt(event_id: int, request_id: str, why: str) -> None:
    """An answered write whose answer leaves open what became of it: it counts as not answered."""
    RelatedRequest.objects.filter(pk=request_id, event_id=event_id).update(
        state=RequestState.NO_ANSWER, error=clean(why, SENTENCE_LIMIT)
    )


ANSWER_LOST = "The answer came, but the hub was interrupted before it wrote down what became of it."


def lose_answers(event_ids: Sequence[int]) -> None:
    """The current attempt of these events ended before anybody wrote down what its answered writes had done: for what
    comes after, they are writes without an answer."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_relatedrequest AS r SET state = 'no_answer', error = %s FROM events_event AS e "
            "WHERE e.id = ANY(%s) AND r.event_id = e.id AND r.is_write AND r.state = 'answered' AND r.status < 300 "
            "AND r.attempt >= e.attempts",
            [ANSWER_LOST, list(event_ids)],
        )


@dataclass(frozen=True, kw_only=True)
class Unfinished:
    """Writes that may or may not have happened. ``at``: when the last one left. ``event_ids``: whose they all are. Another
    event than the one that asks may have written another version of the object. ``other_event_id``: the last that did."""

    at: datetime
    other_event_id: int | None
    event_ids: frozenset[int]


def unfinished_write(event: Event) -> Unfinished | None:
    """Writes that may or may not have happened, of an earlier attempt of this event or of another one for the same object
    at the same place; ``None`` where there is none, or something has succeeded there since. A person's
    Retry of an event whose page asked him to look (``outcomes.retry``) says that it is not there: what came before
    counts no more. *Resolved* does not: it says that it is there, or that nobody wants it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(r.requested_at), (array_agg(e.id ORDER BY r.requested_at DESC) FILTER (WHERE e.id <> %s))[1], "
            "array_agg(DISTINCT e.id) "
            "FROM events_event AS e JOIN events_relatedrequest AS r ON r.event_id = e.id "
            "WHERE (e.id = %s OR (%s <> '' AND e.lock_key = %s AND e.kind = 'delivery' AND e.outcome <> 'succeeded' "
            "AND e.resolved_by <> 'the hub')) "
            "AND r.is_write AND (r.state IN ('sent', 'no_answer') OR r.status >= 500) "
            "AND (e.id <> %s OR r.attempt < %s OR r.requested_at < %s) "
            "AND r.requested_at > greatest(coalesce(e.retried_at, '-infinity'), coalesce(%s, '-infinity'::timestamptz)) "
            "AND NOT EXISTS (SELECT 1 FROM events_event AS s WHERE %s <> '' AND s.lock_key = %s AND s.kind = 'delivery' "
            "AND s.outcome = 'succeeded' AND s.finished_at > r.requested_at)",
            [
                event.pk, event.pk, event.lock_key, event.lock_key, event.pk, event.attempts, event.started_at,
                event.retried_at, event.lock_key, event.lock_key,
            ],
        )  # fmt: skip
        at, other_event_id, event_ids = cursor.fetchone()
    if at is None:
        return None
    return Unfinished(at=at, other_event_id=other_event_id, event_ids=frozenset(event_ids))
