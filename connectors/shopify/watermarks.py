"""Watermarks: what changed in a shop since the last complete walk, one event for each object.

The index lags behind by seconds and clocks differ: the window of a walk ends a little before now and the next one
begins well before that end. https://shopify.dev/docs/api/usage/search-syntax names no bound for the lag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.shopify.client import zulu
from connectors.shopify.trigger import OVERLAP, short, window

if TYPE_CHECKING:
    from connectors.run import Run

Node = dict[str, Any]
Pages = Callable[[datetime, datetime], Iterator[list[Node]]]


@dataclass(frozen=True)
class Walked:
    count: int
    start: datetime
    end: datetime

    def sentence(self, one: str, many: str) -> str:
        """``one``: "product", ``many``: "products"."""
        found = f"1 {one} was" if self.count == 1 else f"{self.count} {many} were"
        return f"{found} changed between {short(self.start)} and {short(self.end)} UTC; each has an event of its own."


def walk(run: Run, name: str, pages: Pages, handle: Callable[[Node], object], *, first_days: int) -> Walked:
    """Have ``handle`` take every object changed since the last complete walk of this ``name``, each state once.

    The checkpoint ``name`` holds ``until`` (end of the last complete walk) and ``seen`` (id to time of change of what
    lies in the overlap, which the next walk meets again). It moves only after the last page: a broken walk is done
    again. ``first_days``: how far the first walk goes back."""
    kept = run.checkpoint.get(name)
    memory: Mapping[str, Any] = kept if isinstance(kept, Mapping) else {}
    until = memory.get("until")
    start, end = window(until, timedelta(days=first_days))
    before: Mapping[str, str] = memory.get("seen") or {}
    seen: dict[str, str] = {}
    count = 0
    for page in pages(start, end):
        for node in page:
            gid, changed = str(node["id"]), str(node["updatedAt"])
            is_known = changed in (seen.get(gid), before.get(gid))
            seen[gid] = changed
            if not is_known:
                handle(node)
                count += 1
    overlap = zulu(end - OVERLAP)
    seen = {gid: changed for gid, changed in seen.items() if changed >= overlap}
    run.save_checkpoint(**{name: {"until": end.isoformat(), "seen": seen}})
    return Walked(count, start, end)
