"""A table that a provider shows as an event's object: comma separated text as cells a page draws.

Lines of a name and a value, an empty line, the headings, the rows; or headings and rows alone. Not for mappings: those
have a format of their own.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ROWS_SHOWN = 1000
LONG = 25  # rows; a longer table scrolls in a box of its own
TONES = {"good": "ok", "warn": "warn", "bad": "bad"}
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
AMOUNTS = frozenset({"amount", "balance", "difference", "fee", "net", "price", "quantity", "tax", "total", "units"})
GUARD = re.compile(r"'(?=\s*[=+\-@]|[\t\r\n])")  # keeps a sheet from taking a text for a formula


@dataclass(frozen=True)
class Cell:
    text: str
    tone: str = ""
    is_amount: bool = False


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """``facts``: what is said of the whole, by name. ``count``: rows there are, of which a page draws the first."""

    facts: Sequence[tuple[str, Cell]]
    columns: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    count: int

    @property
    def is_cut(self) -> bool:
        return len(self.rows) < self.count

    @property
    def is_long(self) -> bool:
        return len(self.rows) > LONG

    @property
    def bad(self) -> int:
        return sum(_is_bad(row) for row in self.rows)


def read(text: str, tones: Mapping[str, str]) -> Sheet | None:
    """The table in a text, rows with a bad cell first; ``None`` where it is none. ``tones``: words a cell is, or ends in, to
    ``good``, ``warn`` or ``bad``."""
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return None
    gap = next((place for place, line in enumerate(lines) if not line), 0)
    facts = lines[:gap] if all(len(line) == 2 for line in lines[:gap]) else []
    head, *rows = [line for line in lines[len(facts) :] if line] or [[]]
    if len(head) < 2 or any(len(row) != len(head) for row in rows):
        return None
    amounts = [_is_amount(name, [row[place] for row in rows]) for place, name in enumerate(head)]
    drawn = [[_cell(text, tones, is_amount) for text, is_amount in zip(row, amounts, strict=True)] for row in rows]
    drawn.sort(key=lambda row: not _is_bad(row))
    return Sheet(
        facts=[(name, _cell(value, tones)) for name, value in facts if value],
        columns=[Cell(name, is_amount=is_amount) for name, is_amount in zip(head, amounts, strict=True)],
        rows=drawn[:ROWS_SHOWN],
        count=len(rows),
    )


def _cell(text: str, tones: Mapping[str, str], is_amount: bool = False) -> Cell:
    tone = next((tone for words, tone in tones.items() if text.endswith(words)), "")
    return Cell(GUARD.sub("", text, count=1) if text[:1] == "'" else text, TONES.get(tone, ""), is_amount)


def _is_bad(row: Sequence[Cell]) -> bool:
    return any(cell.tone == "bad" for cell in row)


def _is_amount(name: str, texts: Sequence[str]) -> bool:
    """Numbers that stand under each other: numbers of orders and lines are names."""
    filled = [text for text in texts if text]
    if not filled or not all(NUMBER.fullmatch(text) for text in filled):
        return False
    return name.strip().lower() in AMOUNTS or any("." in text for text in filled)
