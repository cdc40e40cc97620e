"""Shopify on a clock that runs faster than time: the sandbox's and the pacing's, and nothing else.

``BENCH_CLOCK``: ``<epoch>:<speed>``, the moment both clocks are right and how many of their seconds a real one has. What
the hub does itself takes the time it takes, so that a speed the machine cannot follow spoils the figure, never flatters
it. ``BENCH_ORDERS``: how many orders the shop opens with.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from connectors.budgets import BudgetSpent
from connectors.run import Run
from connectors.sandbox import Reply, Request
from connectors.shopify.client import ShopifyClient, connect
from connectors.shopify.pacing import Pace
from connectors.shopify.provider import provider as real
from connectors.shopify.sandbox.server import ShopifySandbox, demo_settings
from connectors.shopify.sandbox.shops import OUTLET, place_order

PREFIX = "fastshop"
START, SPEED = (float(part) for part in os.environ.get("BENCH_CLOCK", "0:1").split(":"))
ORDERS = int(os.environ.get("BENCH_ORDERS", "0"))


def now() -> float:
    """Epoch seconds of the fast clock."""
    return START + (time.time() - START) * SPEED


def sleep(seconds: float) -> None:
    """Sleep seconds of the fast clock."""
    time.sleep(seconds / SPEED)


class FastPace(Pace):
    """A turn on the fast clock; how long an event is to wait is told in real seconds, as the queue counts."""

    def take(self, cost: float, sleep: Callable[[float], object]) -> None:
        try:
            super().take(cost, sleep)
        except BudgetSpent as error:
            error.retry_after_s = (error.retry_after_s or 0.0) / SPEED
            raise


def fast_connect(run: Run) -> ShopifyClient:
    client = connect(run)
    client.sleep = sleep
    if client.pace is not None:
        client.pace = FastPace(client.pace.connector_id, client.pace.turn, now=now, ends_at=client.pace.ends_at)
    return client


class FastSandbox(ShopifySandbox):
    """Counts what calls cost. ``GET /_sandbox/figures``: ``{"points", "calls", "throttled", "now"}`` since the reset."""

    def reset(self) -> None:
        super().reset()
        self.points = self.calls = self.throttled = 0
        shop = self.shops[OUTLET]
        for number in range(ORDERS):
            wish = {
                "minutes_ago": 10 + 900 * (ORDERS - number) / max(ORDERS, 1),
                "customer": {"id": 1000 + number % 90},
            }
            place_order(shop, wish, self.now())

    def now(self) -> float:
        return now() + self.offset_s

    def handle(self, request: Request) -> Reply:
        reply = super().handle(request)
        self.calls += 1
        self.points += (reply.journal.get("cost") or {}).get("actualQueryCost") or 0
        self.throttled += "THROTTLED" in reply.journal.get("codes", ())
        return reply

    def control(self, request: Request) -> Reply | None:
        if request.path == "/_sandbox/figures":
            told: dict[str, Any] = {"points": self.points, "calls": self.calls, "throttled": self.throttled}
            return Reply(body={**told, "now": self.now()})
        return super().control(request)


provider = replace(
    real,
    slug=PREFIX,
    connect=fast_connect,
    sandbox=replace(
        real.sandbox,  # type: ignore[type-var]
        prefix=PREFIX,
        application=FastSandbox,
        settings=lambda base_url: demo_settings(base_url, OUTLET),
    ),
)
