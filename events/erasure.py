"""Erasing personal data from the ledger: that something happened stays, about whom it was does not.

Finds by search keys, walks to whatever came of an event, erases in bounded batches. What still runs or waits is left
alone and counted: erasing it would change what it does. Not for retention, which deletes whole events: ``purge.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from django.db import connection, transaction

from events.search import folded

BATCH = 500
SENTENCE = "The personal data of this event was erased, as the law and the remote system asked."

_FIND = """
WITH RECURSIVE mine AS (
  SELECT e.id FROM unnest(%s::text[], %s::text[]) AS g (kind, value)
  JOIN events_searchkey AS k ON k.value = g.value AND k.kind = g.kind JOIN events_event AS e ON e.id = k.event_id
  WHERE e.connector_id = %s
  UNION
  SELECT n.id FROM mine JOIN events_event AS m ON m.id = mine.id, LATERAL (
    SELECT c.id FROM events_event AS c WHERE c.parent_id = m.id
    UNION ALL
    SELECT p.id FROM events_event AS p WHERE p.id = m.parent_id AND p.object_id <> '') AS n
) SELECT id FROM mine ORDER BY id
"""
_OF_CONNECTOR = """
WITH RECURSIVE mine AS (
  (SELECT id FROM events_event WHERE connector_id = %s AND id > %s ORDER BY connector_id, id LIMIT %s)
  UNION
  SELECT c.id FROM mine JOIN events_event AS c ON c.parent_id = mine.id
) SELECT id FROM mine
"""
_LAST_OF_CONNECTOR = """
SELECT max(id) FROM (SELECT id FROM events_event WHERE connector_id = %s AND id > %s ORDER BY connector_id, id LIMIT %s)
"""
_SHOWN = """
SELECT id, received_at, connector_name, topic, object_type, object_id, object_label, outcome
FROM events_event WHERE id = ANY(%s) ORDER BY id
"""


def find(connector_id: int, keys: Iterable[tuple[str, str]]) -> list[int]:
    """Events of a connector that carry any of these keys, all that came of them, at other connectors as well, and what
    they came of where that is about one object: what another connector handed over was read there with its buyer. What
    walks many objects (it names none) is not the person's."""
    pairs = folded(keys, most=None)
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [[kind for kind, _ in pairs], [value for _, value in pairs], connector_id])
        return [row[0] for row in cursor.fetchall()]


def values(event_ids: Sequence[int], kind: str) -> list[str]:
    """The search keys of one kind that some events carry."""
    found: set[str] = set()
    with connection.cursor() as cursor:
        for start in range(0, len(event_ids), BATCH):
            some = list(event_ids[start : start + BATCH])
            cursor.execute("SELECT value FROM events_searchkey WHERE event_id = ANY(%s) AND kind = %s", [some, kind])
            found |= {row[0] for row in cursor.fetchall()}
    return sorted(found)


def of_connector(connector_id: int) -> Iterator[list[int]]:
    """All events of a connector with what came of them, in batches."""
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_LAST_OF_CONNECTOR, [connector_id, after, BATCH])
            last = cursor.fetchone()[0]
            if last is None:
                return
            cursor.execute(_OF_CONNECTOR, [connector_id, after, BATCH])
            ids = [row[0] for row in cursor.fetchall()]
        yield ids
        after = last


def shown(event_ids: Collection[int]) -> list[dict[str, Any]]:
    """What the hub holds about some events, as a list that may be handed over; no payloads."""
    names = ("event", "received_at", "connector", "topic", "object_type", "object_id", "object_label", "outcome")
    with connection.cursor() as cursor:
        cursor.execute(_SHOWN, [list(event_ids)])
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def erase(event_ids: Collection[int], *, but: int = 0) -> tuple[int, int]:
    """Erase what these events hold of a person: bodies, search keys, labels, headers, sentences, and the same of their
    related requests. ``but`` is left alone. Returns (erased, left because they are not finished)."""
    ids = sorted(set(event_ids) - {but})
    erased = 0
    for start in range(0, len(ids), BATCH):
        erased += _erase(ids[start : start + BATCH])
    return erased, len(ids) - erased


def erase_own(event_id: int) -> None:
    """The payload and the keys of the event that asked for an erasure, once everything else is gone."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_body WHERE event_id = %s", [event_id])
        cursor.execute("DELETE FROM events_searchkey WHERE event_id = %s", [event_id])


def _erase(ids: list[int]) -> int:
    """Of one batch. The lock of an object looked up by hand holds what a person typed, which may be an address."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_event SET object_label = '', headers = '{}', sentence = %s, next_step = '', notes = '[]', "
            "resolved_note = '', "
            "lock_key = CASE WHEN left(topic, 7) = 'single:' THEN '' ELSE lock_key END "
            "WHERE id = ANY(%s) AND outcome IN ('succeeded', 'skipped', 'failed') RETURNING id",
            [SENTENCE, ids],
        )
        done = [row[0] for row in cursor.fetchall()]
        cursor.execute("DELETE FROM events_body WHERE event_id = ANY(%s)", [done])
        cursor.execute("DELETE FROM events_searchkey WHERE event_id = ANY(%s)", [done])
        cursor.execute(
            "UPDATE events_relatedrequest SET endpoint = split_part(endpoint, '?', 1), error = '', "
            "request_headers = '{}', response_headers = '{}' WHERE event_id = ANY(%s)",
            [done],
        )
        cursor.execute(
            "UPDATE events_family SET sentence = %s, next_step = '', last_object_label = '' "
            "WHERE first_event_id = ANY(%s) OR last_event_id = ANY(%s) RETURNING id",
            [SENTENCE, done, done],
        )
        families = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            "UPDATE events_mail SET subject = %s, text = %s, html = '' WHERE family_id = ANY(%s) AND state <> 'waiting'",
            [SENTENCE, SENTENCE, families],
        )
        # A digest belongs to no family; it leads to each event it lists.
        cursor.execute(
            "UPDATE events_mail AS m SET subject = %s, text = %s, html = '' WHERE m.kind = 'digest' "
            "AND m.state <> 'waiting' AND m.connector_id IN (SELECT connector_id FROM events_event WHERE id = ANY(%s)) "
            "AND m.text ~ ('/events/event/(' || array_to_string(%s::bigint[], '|') || ')/change/')",
            [SENTENCE, SENTENCE, done, done],
        )
    return len(done)
