"""What the hub knows of a remote system's own objects, by the key other systems call them: SKU to variant, name to
location. A copy for finding ids without a call; the remote system stays the truth. Written in blocks, read in blocks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Count

from connectors.models import DirectoryEntry
from events.text import clean, fit

BLOCK = 1000
LOCK = 7203  # first half of the advisory lock of ``put_alone``; the second is the key


@dataclass(frozen=True, kw_only=True)
class Known:
    """One object: ``key`` as others call it, ``data`` small and flat."""

    key: str
    object_id: str
    data: dict[str, Any] = field(default_factory=dict)


_PUT = """
INSERT INTO connectors_directoryentry AS e (connector_id, kind, key, object_id, data, seen_at)
SELECT %s, %s, k, o, d::jsonb, clock_timestamp() FROM unnest(%s::text[], %s::text[], %s::text[]) AS given (k, o, d)
ON CONFLICT (connector_id, kind, object_id) DO UPDATE SET seen_at = excluded.seen_at,
  key = CASE WHEN {older} THEN e.key ELSE excluded.key END, data = CASE WHEN {older} THEN e.data ELSE excluded.data END
"""
_OLDER = "coalesce(e.data ->> %s > excluded.data ->> %s, false)"


def clock() -> datetime:
    """The time by the clock that ``seen_at`` is written with: what a walk that ends in ``forget_unseen`` began at."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def put(connector_id: int, kind: str, rows: Iterable[Known], *, newest_by: str = "") -> int:
    """Add objects, or write anew what is known of them; returns how many. Memory stays that of one block.
    ``newest_by``: the member of ``data`` that says how new it is; what is newer already stays, and counts as seen."""
    count = 0
    older = _OLDER if newest_by else "false"
    compared = [newest_by, newest_by] * 2 if newest_by else []
    for block in _blocks(rows):
        unique = {fit(one.object_id, 120): one for one in block}  # one statement may not touch a row twice
        with connection.cursor() as cursor:
            cursor.execute(
                _PUT.format(older=older),
                [
                    connector_id, kind, [clean(one.key, 200) for one in unique.values()], list(unique),
                    [json.dumps(one.data, default=str) for one in unique.values()], *compared,
                ],
            )  # fmt: skip
        count += len(unique)
    return count


def put_alone(connector_id: int, kind: str, one: Known, is_rival: Callable[[Known], bool]) -> bool:
    """The same for one object, unless another one of its key is a rival: of two workers at once one is told no."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK, f"{connector_id} {kind} {one.key}"])
        others = find(connector_id, kind, [one.key]).get(clean(one.key, 200), [])
        if any(other.object_id != fit(one.object_id, 120) and is_rival(other) for other in others):
            return False
        put(connector_id, kind, [one])
        return True


def find(connector_id: int, kind: str, keys: Collection[str]) -> dict[str, list[Known]]:
    """Objects by key; several where the remote system has a key twice, none where the key is unknown."""
    found: dict[str, list[Known]] = {}
    rows = DirectoryEntry.objects.filter(connector_id=connector_id, kind=kind, key__in=[clean(k, 200) for k in keys])
    for row in rows.order_by("id"):
        found.setdefault(row.key, []).append(Known(key=row.key, object_id=row.object_id, data=row.data))
    return found


def by_id(connector_id: int, kind: str, object_id: str) -> Known | None:
    row = DirectoryEntry.objects.filter(connector_id=connector_id, kind=kind, object_id=fit(object_id, 120)).first()
    return Known(key=row.key, object_id=row.object_id, data=row.data) if row else None


def all_of(connector_id: int, kind: str) -> Iterator[Known]:
    """Every object of a kind, by key; read in blocks."""
    rows = DirectoryEntry.objects.filter(connector_id=connector_id, kind=kind).order_by("key", "id")
    for row in rows.iterator(chunk_size=BLOCK):
        yield Known(key=row.key, object_id=row.object_id, data=row.data)


def count(connector_id: int, kind: str) -> int:
    return DirectoryEntry.objects.filter(connector_id=connector_id, kind=kind).count()


def count_key(connector_id: int, kind: str, key: str) -> int:
    """How many objects are called so."""
    return DirectoryEntry.objects.filter(connector_id=connector_id, kind=kind, key=key).count()


def doubles(connector_id: int, kind: str) -> list[tuple[str, int]]:
    """Keys that more than one object has, with how many."""
    rows = DirectoryEntry.objects.filter(connector_id=connector_id, kind=kind).exclude(key="")
    counted = rows.order_by("key").values_list("key").annotate(count=Count("id")).filter(count__gt=1)
    return [(key, count) for key, count in counted]


def forget(connector_id: int, kind: str, object_ids: Collection[str]) -> None:
    """Objects that are gone."""
    DirectoryEntry.objects.filter(
        connector_id=connector_id, kind=kind, object_id__in=[fit(one, 120) for one in object_ids]
    ).delete()


def forget_where(connector_id: int, kind: str, member: str, value: str) -> int:
    """Objects whose ``data`` has this value, as those of a parent that is gone; returns how many. It looks at every
    object of the kind: for what happens now and then."""
    rows = DirectoryEntry.objects.filter(connector_id=connector_id, kind=kind, **{f"data__{member}": value})
    return rows.delete()[0]


def count_unlike(connector_id: int, kind: str, object_ids: Collection[str], member: str, value: str) -> int:
    """How many of these objects are not known with this value: what a walk that marks its entries has not met yet."""
    known = DirectoryEntry.objects.filter(connector_id=connector_id, kind=kind, object_id__in=list(object_ids))
    return len(set(object_ids)) - known.filter(**{f"data__{member}": value}).count()


def forget_unlike(connector_id: int, kind: str, member: str, value: str) -> int:
    """After a complete walk that marked what it met: what does not have the mark is gone. Returns how many."""
    rows = DirectoryEntry.objects.filter(connector_id=connector_id, kind=kind)
    return rows.exclude(**{f"data__{member}": value}).delete()[0]


def forget_unseen(connector_id: int, kind: str, since: datetime) -> int:
    """After a complete walk that began at ``since``: what it did not meet is gone. Returns how many."""
    return DirectoryEntry.objects.filter(connector_id=connector_id, kind=kind, seen_at__lt=since).delete()[0]


def _blocks(rows: Iterable[Known]) -> Iterator[list[Known]]:
    block: list[Known] = []
    for row in rows:
        block.append(row)
        if len(block) == BLOCK:
            yield block
            block = []
    if block:
        yield block
