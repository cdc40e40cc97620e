"""Taking turns at a shop's bucket of points, together with every other worker: what is urgent finds room always.

https://shopify.dev/docs/api/usage/limits (API 2026-10, checked 2026-11-20): one bucket for each app and shop, whose size
and rate only the replies tell. Not for what a document costs: that is ``cost.py``.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectors import budgets
from connectors.budgets import BudgetSpent, Points
from events.models import Priority

START = Points(capacity=1000.0, per_second=50.0, left=1000.0)  # before the first reply: less than any plan gives


@dataclass(frozen=True)
class Turn:
    """``kept``: the share of the bucket left to those who are more urgent. ``longest_wait_s``: how long a worker sits
    and waits for points before its event does."""

    kept: float
    longest_wait_s: float


TURNS: Mapping[int, Turn] = {
    Priority.BUYER: Turn(0.0, 5.0),  # somebody waits at a page: no longer than a page may take
    Priority.LIVE: Turn(0.0, 10.0),  # the dearest read of an order is earned back in 4 s on the smallest plan
    Priority.MANUAL: Turn(0.05, 10.0),  # a person pressed a button: behind what happens in the shop
    Priority.BULK: Turn(0.20, 2.0),  # the vendor's own advice; a worker that sits longer is missing elsewhere
}
STOCK = Turn(0.10, 2.0)  # figures are old soon: before bulk work, behind everything that happens in the shop
STARTED_WAIT_S = 20.0  # what was read so far is lost where the event waits: better the worker sits
NEARLY = 1.1  # who has waited that long does not give up for a moment more
NAP_S = 1.0  # asked again at the latest after that: others may have given points back


class Pace:
    """The turn of one run at the bucket of its connector. ``now``: epoch seconds of another clock than the database's;
    ``ends_at``: a monotonic time this run may not wait beyond."""

    def __init__(
        self,
        connector_id: int,
        turn: Turn,
        *,
        now: Callable[[], float] | None = None,
        ends_at: float | None = None,
    ) -> None:
        self.connector_id = connector_id
        self.turn = turn
        self.now = now
        self.ends_at = ends_at
        self.has_begun = False  # an answer was paid for in this run

    def at(self, turn: Turn) -> Pace:
        """The same bucket at another turn."""
        return Pace(self.connector_id, turn, now=self.now, ends_at=self.ends_at)

    def take(self, cost: float, sleep: Callable[[float], object]) -> None:
        """Book the points of one call, waiting for them. Raises ``BudgetSpent`` where that takes too long."""
        longest_s = max(STARTED_WAIT_S if self.has_begun else 0.0, self.turn.longest_wait_s)
        if self.ends_at is not None:
            longest_s = min(longest_s, max(0.0, self.ends_at - time.monotonic()))
        waited_s = 0.0
        while wait_s := budgets.book(self.connector_id, cost, START, kept=self.turn.kept, at=self._at()):
            if waited_s + wait_s > longest_s * NEARLY:
                raise BudgetSpent(
                    f"The shop's points for API calls are used up for the moment; {cost:.0f} are needed.",
                    next_step="Nothing to do: the event runs as soon as enough points have come back.",
                    code="points",
                    retry_after_s=wait_s,
                )
            nap_s = min(wait_s, NAP_S) * (1 + random.random() / 20)  # not all who wait ask at the same moment
            sleep(nap_s)
            waited_s += nap_s

    def settle(self, cost: float, reply: Mapping[str, Any]) -> None:
        """End the booking with what the reply says; one that says nothing is reckoned with all that was booked."""
        said = _said(reply)
        self.has_begun = True
        if said is None:
            self.give_back(cost, spent=cost)
        else:
            budgets.settle(self.connector_id, cost, said, at=self._at())

    def give_back(self, cost: float, *, spent: float = 0.0) -> None:
        """End the booking of a call that was not answered; ``spent``: what it may have cost all the same."""
        budgets.give_back_points(self.connector_id, cost, spent=spent, at=self._at())

    def _at(self) -> float | None:
        return self.now() if self.now is not None else None


def _said(reply: Mapping[str, Any]) -> Points | None:
    """The bucket as the vendor sees it; ``None`` where the reply does not say it in numbers that make sense."""
    try:
        status = reply["extensions"]["cost"]["throttleStatus"]
        said = Points(
            capacity=float(status["maximumAvailable"]),
            per_second=float(status["restoreRate"]),
            left=float(status["currentlyAvailable"]),
        )
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None
    is_sane = 1 <= said.capacity < 1e9 and 0 < said.per_second < 1e9 and -1e9 < said.left < 1e9
    return replace(said, left=min(said.left, said.capacity)) if is_sane else None
