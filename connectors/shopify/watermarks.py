"""Watermarks: what changed in a shop since the last complete walk, one event for each object. Not for which stretch of
time a walk covers: that is ``trigger.window``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.shopify.client import plain_id, zulu
from connectors.shopify.phrases import counted, short
from connectors.shopify.trigger import OVERLAP, window

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
        found = counted(self.count, f"{one} was", f"{many} were")
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
        for node in unseen(page, seen, before):
            handle(node)
            count += 1
    run.save_checkpoint(**{name: {"until": end.isoformat(), "seen": in_overlap(seen, end)}})
    return Walked(count, start, end)


def unseen(page: list[Node], seen: dict[str, str], before: Mapping[str, str]) -> Iterator[Node]:
    """The nodes of a page that neither this walk (``seen``, which they join) nor the last one met in this state."""
    for node in page:
        number, changed = plain_id(str(node["id"])), str(node["updatedAt"])
        is_known = changed in (seen.get(number), before.get(number))
        seen[number] = changed
        if not is_known:
            yield node


def in_overlap(seen: Mapping[str, str], end: datetime) -> dict[str, str]:
    """What the next walk meets again."""
    overlap = zulu(end - OVERLAP)
    return {number: changed for number, changed in seen.items() if changed >= overlap}
