"""Stock into a Shopify shop of the smallest plan: calls, throttling, time against the bucket of points, memory.

A hundred thousand stock levels by direct calls, against the time the shop's bucket alone forces (2,000 points, 100 a
second, a tenth left to others); then one in a hundred changed; then ten thousand and a million by file, for the memory
of the workers. The sandbox makes its million SKUs when they are asked for.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import requests

from tests.benchmarks.figure import Figure
from tests.benchmarks.ingest import install
from tests.benchmarks.memory import worker_memory
from tests.benchmarks.site import Site

ROWS, MOST = 100_000, 1_000_000
BUCKET, PER_SECOND, KEPT = 2_000.0, 100.0, 0.1
CALL_ENTRIES = 250
LONGEST_S = 2_400.0

SHOP = """
from connectors.models import Connector, Route
from connectors.registry import get
shop = Connector(name="Shop", slug="shop", provider_slug="shopify", memory={"assortment_at": "2026-01-01T00:00:00+00:00"})
shop.put_settings(get("shopify").sandbox.settings("SANDBOX/shopify"))
shop.save()
route = Route.objects.create(source_id=SOURCE, target=shop, record_kind="stock",
                             options={"location": "Spokane", "direct_limit": 1000000})
print(shop.pk, route.pk)
"""
SKUS = """
INSERT INTO connectors_directoryentry (connector_id, kind, key, object_id, data, seen_at)
SELECT %(shop)s, 'variant', 'BULK-' || lpad(n::text, 7, '0'), 'gid://shopify/ProductVariant/' || (50000000 + n),
  jsonb_build_object('item', 'gid://shopify/InventoryItem/' || (50000000 + n), 'product',
    'gid://shopify/Product/' || (50000000 + n), 'tracked', true, 'updated_at', '2026-01-01T00:00:00Z'), now()
FROM generate_series(1, %(count)s) AS n
"""
FEED = "topic = 'stock/feed' AND payload_size = 0 AND id > %(id)s"  # without its helpers
OFFER = """
from events import bell
from events.models import Kind, Priority
from events.record import New, record
import json
record(New(kind=Kind.SYNC, topic="bench/stock", connector_id=SOURCE, connector_name="Bench", provider="bench",
           priority=Priority.BULK, payload=json.dumps(WISH).encode()))
bell.ring()
"""


class Stock:
    """One site with a shop and a route from the benchmark's own provider."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.source, _ = install(site)
        made = site.python(SHOP.replace("SANDBOX", site.sandbox_url).replace("SOURCE", str(self.source)))
        self.shop, self.route = (int(one) for one in made.split()[-2:])
        site.run(SKUS, {"shop": self.shop, "count": MOST})
        site.run("ANALYZE connectors_directoryentry")

    def control(self, call: str, **body: Any) -> None:
        requests.post(f"{self.site.sandbox_url}/shopify/_sandbox/{call}", json=body, timeout=60).raise_for_status()

    def offer(self, count: int, *, changed: int = 0, quantity: int = 7) -> dict[str, Any]:
        """Have so many rows offered; the feed's sentence and seconds once it has ended."""
        before = self.site.value("SELECT coalesce(max(id), 0) FROM events_event")
        wish = {"count": count, "changed": changed, "quantity": quantity}
        self.site.python(OFFER.replace("SOURCE", str(self.source)).replace("WISH", json.dumps(wish)))
        ended = f"SELECT outcome || ': ' || sentence FROM events_event WHERE {FEED} AND " \
                "outcome NOT IN ('queued', 'running', 'waiting')"  # fmt: skip
        end = time.monotonic() + LONGEST_S
        while not (said := self.site.value(ended, {"id": before})):
            if time.monotonic() > end:
                raise RuntimeError(str(self.site.value("SELECT string_agg(topic || ' ' || outcome || ' ' || sentence, '; ') "
                                                       "FROM events_event")))  # fmt: skip
            time.sleep(0.2)
        took = f"SELECT extract(epoch FROM finished_at - received_at)::float8 FROM events_event WHERE {FEED}"
        seconds = self.site.value(took, {"id": before})
        return {"said": str(said), "seconds": float(str(seconds))}

    def log(self) -> list[dict[str, Any]]:
        rows = requests.get(f"{self.site.sandbox_url}/shopify/_sandbox/log", timeout=120).json()["log"]
        return [row for row in rows if row.get("operation")]

    def forget(self) -> None:
        """As before the first run."""
        self.site.run("TRUNCATE connectors_figure, connectors_batch")
        self.site.run("TRUNCATE events_event, events_relatedrequest, events_searchkey, events_body")


@contextmanager
def peak(worker: psutil.Process) -> Iterator[list[float]]:
    """The highest sum of the worker tree's proportional memory while the block runs, in MB."""
    seen = [0.0]
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.5):
            seen[0] = max(seen[0], sum(worker_memory(worker)))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    yield seen
    ended.set()
    thread.join()


def run() -> Iterator[Figure]:
    with Site() as site:
        site.start_sandbox()
        stock = Stock(site)
        worker = psutil.Process(site.start_worker().pid)
        stock.control("seed", shop="lumen-goods.myshopify.com", skus=MOST)
        yield from by_calls(stock)
        yield from by_file(stock, worker)


def by_calls(stock: Stock) -> Iterator[Figure]:
    told = stock.offer(ROWS)
    if not told["said"].startswith(f"succeeded: {ROWS:,} stock levels sent"):
        raise RuntimeError(told["said"])
    log = stock.log()
    sets = [row for row in log if row["operation"] == "HubStockSet"]
    points = sum(row["cost"]["actualQueryCost"] or 0 for row in log)
    forced = (points - BUCKET * (1 - KEPT)) / PER_SECOND
    yield Figure(name="calls for 100,000 stock levels", value=len(sets), unit="calls", floor=ROWS / CALL_ENTRIES,
                 at_most=1.01)  # fmt: skip
    throttled = sum("THROTTLED" in row["codes"] for row in log)
    yield Figure(name="throttled replies", value=throttled, unit="replies", at_most=0)
    yield Figure(name="100,000 stock levels, against the time the bucket forces", value=told["seconds"], unit="s",
                 floor=forced, at_most=1.1)  # fmt: skip
    before = len(sets)
    told = stock.offer(ROWS, changed=ROWS // 100)
    sent = int(told["said"].split(" ")[1].replace(",", ""))
    yield Figure(name="stock levels sent where one in a hundred changed", value=sent, unit="stock levels",
                 floor=ROWS / 100, at_most=1.0)  # fmt: skip
    again = sum(row["operation"] == "HubStockSet" for row in stock.log()) - before
    yield Figure(name="calls where one in a hundred changed", value=again, unit="calls",
                 floor=ROWS / 100 / CALL_ENTRIES, at_most=1.0)  # fmt: skip


def by_file(stock: Stock, worker: psutil.Process) -> Iterator[Figure]:
    stock.site.run("UPDATE connectors_route SET options = options || '{\"direct_limit\": 0}'")
    highest: dict[int, float] = {}
    for count in (10_000, MOST):
        stock.forget()
        with peak(worker) as seen:
            told = stock.offer(count, quantity=9)
        if not told["said"].startswith(f"succeeded: {count:,} stock levels sent"):
            raise RuntimeError(told["said"])
        highest[count] = seen[0]
        yield Figure(name=f"{count:,} stock levels by file", value=told["seconds"], unit="s", at_most=LONGEST_S)
    yield Figure(name="memory of the worker tree at its highest, a million stock levels against ten thousand",
                 value=highest[MOST], unit="MB PSS", floor=highest[10_000], at_most=1.2)  # fmt: skip
