"""Which undeposited payment of Xoro stands for which movement of a payout.

By the order's number, as digits, never by amount alone; of one order the same sign first; equal amounts first, then the
nearest within the rounding limit, then several rows that come to the same together: one payment taken in two parts, an order
split over stores, an order that came to Xoro after part of it was paid back. No row is used twice. That ``ChequeNo`` of a row
is the order's number was seen at work in a public client (checked 2026-11-20).
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
    rows = _grouped((order_digits(one.cheque_no), one) for one in payments)
    for number, group in _grouped((order_digits(one.order_name), one) for one in lines).items():
        free = sorted(rows.get(number, []), key=lambda row: row.store not in stores) if number else []
        _match_order(found, group, free, limit)
    return found


def _match_order(found: Match, lines: list[PayoutLine], rows: list[Payment], limit: Decimal) -> None:
    left_lines: list[PayoutLine] = []
    left_rows: list[Payment] = []
    for is_out in (False, True):
        own = [line for line in lines if (line.amount < 0) is is_out]
        free = [row for row in rows if (row.amount < 0) is is_out]
        own, free = _equal(found, own, free)
        own, free = _nearly_equal(found, own, free, limit)
        own, free = _together(found, own, free, limit)
        left_lines += own
        left_rows += free
    left_lines, left_rows = _together(found, left_lines, left_rows, limit)
    found.unmatched += [(line, _near(line, left_rows)) for line in left_lines]


def _together(
    found: Match, lines: list[PayoutLine], rows: list[Payment], limit: Decimal
) -> tuple[list[PayoutLine], list[Payment]]:
    """All of both, where they come to the same; returns what is left."""
    gap = _sum(line.amount for line in lines) - _sum(row.amount for row in rows)
    if not lines or not rows or abs(gap) > limit:
        return lines, rows
    found.pairs += [(lines[min(n, len(lines) - 1)], row) for n, row in enumerate(rows)]
    return [], []


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
    """What a person may have meant: of the same direction, a payment or money given back."""
    same = [row for row in rows if (row.amount < 0) is (line.amount < 0)]
    if not same:
        return ""
    nearest = min(same, key=lambda row: abs(row.amount - line.amount))
    return f"the nearest undeposited payment is {nearest.amount:.2f}"


def _grouped(given: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = {}
    for number, one in given:
        groups.setdefault(number, []).append(one)
    return groups


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
