"""Search keys: exact, indexed, one row per number a customer may quote."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from events.text import clean

KIND_LIMIT = 40
KEY_LIMIT = 40  # keys an event may have; a hostile payload does not fill the table
VALUE_LIMIT = 200
# Whatever str.strip() takes for white space.
WHITESPACE = "".join(chr(n) for n in range(0x3001) if chr(n).isspace())


def fold(value: str) -> str:
    """The form in which values are stored and looked for: trimmed, lower case, without leading ``#``, NUL-free. Folding
    twice changes nothing, so that what is shown can be looked for."""
    folded_ = clean(value).lower().strip().lstrip("#" + WHITESPACE)[:VALUE_LIMIT]
    return folded_.rstrip()


def folded(keys: Iterable[tuple[str, str]], *, most: int | None = KEY_LIMIT) -> list[tuple[str, str]]:
    """Distinct (kind, folded value) pairs with a value, at most ``most``; ``None`` for whoever only looks."""
    pairs = ((clean(kind, KIND_LIMIT), fold(str(value))) for kind, value in keys if value is not None)
    # The first ones count: what a provider names first is what people quote.
    return list(dict.fromkeys(pair for pair in pairs if pair[1]))[:most]


def add(event_id: int, keys: Iterable[tuple[str, str]]) -> None:
    """Write the keys of an event; those it has already are left alone."""
    pairs = folded(keys)
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_searchkey (event_id, kind, value) "
            "SELECT %s, kind, value FROM unnest(%s::text[], %s::text[]) AS k (kind, value) ON CONFLICT DO NOTHING",
            [event_id, [k for k, _ in pairs], [v for _, v in pairs]],
        )
