"""Walking the pages of a Xoro list.

Observed, not documented: ``TotalPages`` may be absent or too small (an account that trusted it got 1,600 of 2,449
orders) and pages overlap. So it is never looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

MAX_PAGES = 200
PAGES_WITHOUT_NEWS = 3


@dataclass(frozen=True)
class Page:
    """Rows of one page that no earlier page had. ``is_certain`` false: an empty answer that may be throttling, so that
    there may be more."""

    number: int
    rows: list[dict[str, Any]]
    is_certain: bool = True


def walk(fetch: Callable[[int], Page], key: Callable[[dict[str, Any]], str]) -> Iterator[Page]:
    """Pages from 1 until one is empty, or 3 in a row bring no new key, or 200 are read. The empty last page is yielded
    too, because it says whether the end is certain."""
    seen: set[str] = set()
    stale = 0
    for number in range(1, MAX_PAGES + 1):
        page = fetch(number)
        fresh = []
        for row in page.rows:
            if key(row) not in seen:
                seen.add(key(row))
                fresh.append(row)
        yield Page(number, fresh, page.is_certain)
        stale = 0 if fresh else stale + 1
        if not page.rows or stale >= PAGES_WITHOUT_NEWS:
            return
