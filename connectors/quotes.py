"""Offers made to buyers: given again while they are fresh, and kept for the order that names their key.

Shared by all web processes through the database; every statement has a limit of time, because a buyer waits. Not for
prices of a catalogue: those are figures.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone
from psycopg.types.json import Jsonb

from connectors.models import Quote

KEY_LENGTH = 16
CART = "cart"  # object type of the event that asked; its id is the quote's key
ORDER_KEY = "quote"  # kind of the search key under which an order's events carry the keys of quotes
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
PATIENCE_MS = 300
PURGED_AT_ONCE = 5_000


def key_of(asked: Mapping[str, Any]) -> str:
    """Sixteen letters and digits that are the same for the same question."""
    content = json.dumps(asked, sort_keys=True, separators=(",", ":"), default=str).encode()
    number = int.from_bytes(hashlib.sha256(content).digest()[:12], "big")
    letters: list[str] = []
    while len(letters) < KEY_LENGTH:
        number, one = divmod(number, 36)
        letters.append(ALPHABET[one])
    return "".join(letters)


def fresh(connector_id: int, key: str, source: str, max_age: timedelta) -> list[dict[str, Any]] | None:
    """The last answer to this question, if it came from ``source`` and is young enough; ``None`` too where the database
    does not say so in time: then it is asked anew."""
    if max_age <= timedelta(0):
        return None
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE_MS}")
            row = (
                Quote.objects.filter(
                    connector_id=connector_id, key=key, source=source, answered_at__gt=timezone.now() - max_age
                )
                .values_list("answer", flat=True)
                .first()
            )
    except (DatabaseError, InterfaceError):
        return None
    return row


def keep(
    connector_id: int, key: str, source: str, answer: Sequence[Mapping[str, Any]], asked: Mapping[str, Any]
) -> bool:
    """Keep an answer, each offer under its ``code``. False where the database did not take it in time."""
    offers = {str(one["code"]): one for one in answer}
    values: list[Any] = [connector_id, key, source, Jsonb(list(answer)), Jsonb(offers), Jsonb(dict(asked))]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # The check that the connector is still there would else run at commit, which no limit of time covers.
            cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE_MS}; SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(
                "INSERT INTO connectors_quote AS q (connector_id, key, source, answer, offers, asked, created_at, "
                "answered_at) VALUES (%s, %s, %s, %s, %s, %s, now(), now()) "
                "ON CONFLICT (connector_id, key) DO UPDATE SET source = excluded.source, answer = excluded.answer, "
                "offers = q.offers || excluded.offers, answered_at = now()",
                values,
            )
    except (DatabaseError, InterfaceError):
        return False
    return True


def find(connector_id: int, key: str) -> Quote | None:
    """The quote an order names; ``None`` where it is unknown or older than quotes are kept."""
    return Quote.objects.filter(connector_id=connector_id, key=key[:KEY_LENGTH]).first()


def forget(connector_id: int, keys: Collection[str]) -> None:
    """Drop what was asked and offered under some keys: the person who asked is to be forgotten."""
    Quote.objects.filter(connector_id=connector_id, key__in=keys).delete()


def purge(connector_id: int, older_than: timedelta) -> int:
    """Delete old quotes, a bounded number at once; how many those were."""
    old = Quote.objects.filter(connector_id=connector_id, answered_at__lt=timezone.now() - older_than)
    return Quote.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:PURGED_AT_ONCE])).delete()[0]
