"""Which undeposited payment of Xoro stands for which movement of a payout.

By the order's number, as digits, never by amount alone; of one order the same sign only; equal amounts first, then the
nearest within the rounding limit, then several rows that come to the same together (one payment taken in two parts, or
an order split over stores). No row is used twice. That ``ChequeNo`` of a row is the order's number was seen at work in a
public client (checked 2026-11-20).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from connectors.records import PayoutLine

T = TypeVar("T")
ZERO = Decimal(0)
Group = tuple[str, bool]  # digits of the order's number, whether money goes out


@dataclass(frozen=True, kw_only=True)
class Payment:
    """An undeposited payment of Xoro; a negative one is money paid back."""

    id: str
    cheque_no: str
    amount: Decimal
    account: str = ""
    entity_name: str = ""
    entity_account_id: str = ""
    store: str = ""


@dataclass
class Match:
    """``pairs``: several lines or rows that come to the same together appear as one pair for each row. ``unmatched``:
    with a clause on what came near."""

    pairs: list[tuple[PayoutLine, Payment]] = field(default_factory=list)
    unmatched: list[tuple[PayoutLine, str]] = field(default_factory=list)


def order_digits(name: str) -> str:
    """``2041`` of ``#EX-2041``: the form both sides share."""
    return re.sub(r"\D", "", name)


def match(
    lines: Sequence[PayoutLine], payments: Sequence[Payment], *, limit: Decimal, stores: frozenset[str] = frozenset()
) -> Match:
    """``limit``: how much a row may differ from its movement. ``stores``: whose rows are preferred."""
    found = Match()
    rows = _grouped((order_digits(one.cheque_no), one.amount < 0, one) for one in payments)
    for (number, is_out), group in _grouped(
        (order_digits(one.order_name), one.amount < 0, one) for one in lines
    ).items():
        free = sorted(rows.get((number, is_out), []), key=lambda row: row.store not in stores) if number else []
        _match_group(found, group, free, limit)
    return found


def _match_group(found: Match, lines: list[PayoutLine], rows: list[Payment], limit: Decimal) -> None:
    lines, rows = _equal(found, lines, rows)
    lines, rows = _nearly_equal(found, lines, rows, limit)
    if lines and rows and abs(_sum(line.amount for line in lines) - _sum(row.amount for row in rows)) <= limit:
        found.pairs += [(lines[min(n, len(lines) - 1)], row) for n, row in enumerate(rows)]
        return
    found.unmatched += [(line, _near(line, rows)) for line in lines]


def _equal(found: Match, lines: list[PayoutLine], rows: list[Payment]) -> tuple[list[PayoutLine], list[Payment]]:
    """Pairs equal amounts, rows in their order; returns what is left."""
    by_amount: dict[Decimal, deque[Payment]] = {}
    for row in rows:
        by_amount.setdefault(row.amount, deque()).append(row)
    left = []
    for line in lines:
        if same := by_amount.get(line.amount):
            found.pairs.append((line, same.popleft()))
        else:
            left.append(line)
    return left, [row for same in by_amount.values() for row in same]


def _nearly_equal(
    found: Match, lines: list[PayoutLine], rows: list[Payment], limit: Decimal
) -> tuple[list[PayoutLine], list[Payment]]:
    """Pairs amounts within the limit, in the order of their size; returns what is left."""
    waiting = deque(sorted(rows, key=lambda row: row.amount))
    left_lines, left_rows = [], []
    for line in sorted(lines, key=lambda one: one.amount):
        while waiting and waiting[0].amount < line.amount - limit:
            left_rows.append(waiting.popleft())
        if waiting and waiting[0].amount <= line.amount + limit:
            found.pairs.append((line, waiting.popleft()))
        else:
            left_lines.append(line)
    return left_lines, [*left_rows, *waiting]


def _near(line: PayoutLine, rows: list[Payment]) -> str:
    if not rows:
        return ""
    nearest = min(rows, key=lambda row: abs(row.amount - line.amount))
    return f"the nearest undeposited payment is {nearest.amount}"


def _grouped(given: Iterable[tuple[str, bool, T]]) -> dict[Group, list[T]]:
    groups: dict[Group, list[T]] = {}
    for number, is_out, one in given:
        groups.setdefault((number, is_out), []).append(one)
    return groups


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
