"""Texts from outside, made fit for the database: PostgreSQL takes no NUL, UTF-8 no lone surrogate, columns have an end.

One hostile character in one delivery or answer must not fail a whole batch of outcomes, nor be retried for ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

SENTENCE_LIMIT = 2000
NOTE_LIMIT = 4000
NOTES_LIMIT = 100


def clean(value: object, limit: int | None = None) -> str:
    """``value`` as a text without NULs and lone surrogates, at most ``limit`` characters of it."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    text = text.replace("\x00", "")
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    return text if limit is None else text[:limit]


def fit(value: object, limit: int) -> str:
    """An identifier of at most ``limit`` characters. A longer one ends in its hash: cutting it off would make two
    things one, and the second would pass for a duplicate of the first."""
    text = clean(value)
    if len(text) <= limit:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    return f"{text[: limit - len(digest) - 1]}~{digest}"


def clean_json(value: Any) -> Any:
    """The same for everything inside a JSON value."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(k): clean_json(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(one) for one in value]
    return value


def clean_notes(notes: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Remarks as they are stored: a bounded number of bounded texts."""
    kept = [{k: clean(v, NOTE_LIMIT) for k, v in note.items()} for note in notes[:NOTES_LIMIT]]
    if len(notes) > NOTES_LIMIT:
        kept.append({"code": "more_notes", "text": f"{len(notes) - NOTES_LIMIT} further remarks were left out."})
    return kept
