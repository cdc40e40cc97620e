"""Ten thousand changed orders of a shop on the standard plan, listed and read, while live orders keep coming.

The floor is what the shop's bucket alone allows in the same run. ``BENCH_ORDERS=300 BENCH_SPEED=4`` make a short run of
it. The second part runs on the real clock: how long a live order waits while bulk work takes all the points it may.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import requests

from tests.benchmarks.figure import Figure
from tests.benchmarks.site import Site

ORDERS = int(os.environ.get("BENCH_ORDERS", "10000"))
SPEED = float(os.environ.get("BENCH_SPEED", "6"))
LIVE_EVERY_S = 3.0  # real seconds
REAL_CLOCK_S = 45.0
RESTORE_RATE = 100.0  # points a second of the standard plan
KEPT = 400  # what bulk work leaves in its bucket of 2,000: begun there, nothing is given that was not earned

INSTALL = """
from connectors import registry
from connectors.models import Connector, Route
provider = registry.get("fastshop")
shop = Connector(name="Shop", slug="shop", provider_slug="fastshop")
shop.put_settings({**provider.sandbox.settings("SANDBOX/fastshop"), "sync_days": 2})
shop.save()
sink = Connector(name="Sink", slug="sink", provider_slug="bench")
sink.put_settings({"base_url": "SANDBOX", "secret": "x"})
sink.save()
Route.objects.create(source=shop, target=sink, record_kind="order")
print(shop.pk, shop.webhook_token)
"""
BEGIN = """
from connectors.models import Connector
from connectors.syncing import start_sync
start_sync(Connector.objects.get(slug="shop"), "orders", by="schedule")
"""
LEFT = (
    "SELECT count(*) FROM events_event WHERE connector_id = %(shop)s AND priority = 3 "
    "AND outcome IN ('queued', 'waiting', 'running')"
)
READ = "SELECT count(*) FROM events_event WHERE connector_id = %(shop)s AND priority = 3 AND topic LIKE 'orders/%%'"
FAILED = "SELECT string_agg(DISTINCT topic || ': ' || sentence, '; ') FROM events_event WHERE outcome = 'failed'"
LIVE = (
    "SELECT array_agg(extract(epoch FROM finished_at - received_at)::float8) FROM events_event "
    "WHERE connector_id = %(shop)s AND kind = 'webhook' AND outcome = 'succeeded'"
)


class Shop:
    """One site with the fast shop, its orders, and a worker that reads them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.base = f"{site.sandbox_url}/fastshop"
        pk, self.hook = site.python(INSTALL.replace("SANDBOX", site.sandbox_url)).split()[-2:]
        self.pk = int(pk)
        self.live = 0

    def control(self, call: str, body: dict[str, Any]) -> Any:
        answer = requests.post(f"{self.base}/_sandbox/{call}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def figures(self) -> dict[str, float]:
        told: dict[str, float] = requests.get(f"{self.base}/_sandbox/figures", timeout=60).json()
        return told

    def place_live(self) -> None:
        placed = self.control("order", {})
        told = self.control("deliver", {"order": placed["name"], "url": f"{self.site.web_url}/hooks/{self.hook}"})
        if told["status"] != 200:
            raise RuntimeError(f"the hub answered {told}")
        self.live += 1

    def ask(self, sql: str) -> Any:
        return self.site.value(sql, {"shop": self.pk})

    def waits(self) -> list[float]:
        """Seconds from each live delivery to the order read and handed on."""
        end = time.monotonic() + 30
        while len(found := self.ask(LIVE) or []) < self.live:
            if time.monotonic() > end:
                raise RuntimeError(f"{self.live} live orders, {len(found)} were read: {self.ask(FAILED)}")
            time.sleep(0.2)
        return [float(one) for one in found]


def environment(speed: float, orders: int) -> dict[str, str]:
    return {
        "HUB_EXTRA_PROVIDERS": "tests.benchmarks.provider,tests.benchmarks.fastshop",
        "BENCH_CLOCK": f"{time.time()}:{speed}",
        "BENCH_ORDERS": str(orders),
    }


def start(site: Site) -> Shop:
    site.start_sandbox()
    shop = Shop(site)
    site.start_web()
    site.start_worker()
    shop.place_live()  # warm
    shop.waits()
    shop.control("plan", {"plan": "Basic", "available": KEPT})
    return shop


def read_all() -> Iterator[Figure]:
    """Bulk work alone with the bucket, on the fast clock; a live order now and then."""
    with Site(**environment(SPEED, ORDERS)) as site:
        shop = start(site)
        before = shop.figures()
        site.python(BEGIN)
        placed_at = 0.0
        while shop.ask(LEFT) or not shop.ask(READ):
            if time.monotonic() - placed_at > LIVE_EVERY_S:
                shop.place_live()
                placed_at = time.monotonic()
            time.sleep(0.25)
        after = shop.figures()
        if failed := site.value(FAILED):
            raise RuntimeError(str(failed))
        read, took_s = float(shop.ask(READ)), after["now"] - before["now"]
        points = after["points"] - before["points"]
        yield Figure(
            name=f"{read:.0f} changed orders listed and read, standard plan", value=read / took_s, unit="orders/s",
            floor=read / (points / RESTORE_RATE), at_least=0.9,
        )  # fmt: skip
        yield Figure(
            name="throttled replies meanwhile", value=after["throttled"] - before["throttled"], unit="replies",
            at_most=0,
        )  # fmt: skip
        yield Figure(
            name=f"live order read meanwhile, slowest of {shop.live}, clock at {SPEED:g}", value=max(shop.waits()),
            unit="s", at_most=1,
        )  # fmt: skip


def read_live() -> Iterator[Figure]:
    """Live orders on the real clock, while bulk work takes every point it may."""
    with Site(**environment(1.0, 400)) as site:
        shop = start(site)
        site.python(BEGIN)
        ends_at = time.monotonic() + REAL_CLOCK_S
        while time.monotonic() < ends_at:
            shop.place_live()
            time.sleep(LIVE_EVERY_S)
        if not shop.ask(LEFT):
            raise RuntimeError("bulk work was over before the live orders were")
        yield Figure(
            name=f"live order read behind bulk work, slowest of {shop.live}", value=max(shop.waits()), unit="s",
            at_most=1,
        )  # fmt: skip


def run() -> Iterator[Figure]:
    yield from read_all()
    yield from read_live()
