"""Walking a list of thousands of pages a few at a time, so that a live order passes in between.

A step reads for ``SLICE_S`` at most, keeps its position and has the event go on later (``NotDone``). What was met is
told from older knowledge by the walk's ``mark``, in the hub's directory, so that memory stays that of one page. An empty
answer that may be throttling is asked for again later, and never taken for an end that is sure.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.exceptions import NotDone
from connectors.xoro.paging import PAGES_WITHOUT_NEWS, Page

if TYPE_CHECKING:
    from connectors.run import Run

SLICE_S = 20.0  # of one event; a page that takes longer is read to its end
PAGES_AT_ONCE = 25
GOES_ON_S = 1.0
ASKS = 2  # how often an uncertain end is asked for
ASK_AGAIN_S = 15.0
MOST_PAGES = 10_000
MARK = "mark"  # member of an entry of the directory: the walk that met it last


@dataclass(kw_only=True)
class Position:
    """How far a walk is. ``fullest``: rows of the largest page, ``last``: of the latest; a short one is the list's end."""

    mark: str
    page: int = 1
    stale: int = 0
    rows: int = 0
    fullest: int = 0
    last: int = 0
    asks: int = 0

    @classmethod
    def read(cls, kept: Any) -> Position | None:
        """The position a checkpoint holds; ``None`` where it holds none, or one of another version of the hub."""
        names = {one.name for one in fields(cls)}
        if not isinstance(kept, Mapping) or set(kept) != names or not kept["mark"]:
            return None
        return cls(**kept)

    def kept(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Slice:
    """What one event may read, over all the walks it makes."""

    ends_at: float
    pages: list[int]

    @classmethod
    def begin(cls) -> Slice:
        return cls(time.monotonic() + SLICE_S, [PAGES_AT_ONCE])

    def is_over(self) -> bool:
        return self.pages[0] <= 0 or time.monotonic() > self.ends_at


def walk(
    position: Position,
    fetch: Callable[[int], Page],
    take: Callable[[Sequence[dict[str, Any]]], int],
    *,
    part: Slice,
    what: str,
) -> bool:
    """Go on from a position to the end of the list; whether that end is sure. ``take`` keeps a page's rows and returns how
    many of them this walk had not met. Raises ``NotDone`` where the slice is over or an empty answer proves nothing; the
    position says where to go on."""
    while position.page <= MOST_PAGES:
        if part.is_over():
            raise NotDone(f"{position.rows:,} rows of {what} read so far; the rest goes on at once.",
                          code="walk", retry_after_s=GOES_ON_S)  # fmt: skip
        part.pages[0] -= 1
        page = fetch(position.page)
        if not page.rows:
            return _is_sure_end(position, page, what)
        fresh = take(page.rows)
        position.rows += fresh
        position.asks = 0
        position.stale = 0 if fresh else position.stale + 1
        position.last, position.fullest = len(page.rows), max(position.fullest, len(page.rows))
        position.page += 1
        if position.stale >= PAGES_WITHOUT_NEWS:
            return True
    return False


def _is_sure_end(position: Position, page: Page, what: str) -> bool:
    if page.is_certain or 0 < position.last < position.fullest:
        return True
    position.asks += 1
    if position.asks < ASKS:
        raise NotDone(
            f"Xoro answered page {position.page} of {what} with nothing, as it also does when it is too busy; the hub asks "
            "again.",
            code="throttled", retry_after_s=ASK_AGAIN_S,
        )  # fmt: skip
    return False


def unmet(connector_id: int, kind: str, object_ids: Collection[str], mark: str) -> int:
    """How many of these objects the walk of this mark has not met yet."""
    return directory.count_unlike(connector_id, kind, object_ids, MARK, mark)


def checkpoint(run: Run, name: str) -> dict[str, Any]:
    """What a walk keeps under its name; empty where it keeps nothing that can be read."""
    kept = run.checkpoint.get(name)
    return dict(kept) if isinstance(kept, Mapping) else {}
