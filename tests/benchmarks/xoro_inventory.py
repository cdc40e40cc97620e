"""Stock of a Xoro tenant into a Shopify shop: every SKU in three stores, each a location of the shop.

Calls against the fewest the shop's limit of 250 entries a call permits, one SKU in a hundred changed, and the memory of
the workers with a tenth of the SKUs and with all. ``BENCH_INVENTORY_SKUS``: how many, 100,000 unless said otherwise. The
tenant heeds pages of a thousand rows and asks for no pause, so that the time is the hub's and the shop's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import psutil
import requests

from tests.benchmarks.figure import Figure
from tests.benchmarks.site import Site
from tests.benchmarks.stock import CALL_ENTRIES, LONGEST_S, SKUS, peak

COUNT = int(os.environ.get("BENCH_INVENTORY_SKUS", "100000"))
STORES = {"Main Store": "Spokane", "EAST WAREHOUSE": "Pier 91", "WEB STORE": "Pier 66"}
SHOP_DOMAIN = "lumen-goods.myshopify.com"
OPEN = "('queued', 'running', 'waiting')"
INSTALL = """
from connectors.models import Connector, Route
from connectors.registry import get
shop = Connector(name="Shop", slug="shop", provider_slug="shopify", memory={"assortment_at": "2026-01-01T00:00:00+00:00"})
shop.put_settings(get("shopify").sandbox.settings("SANDBOX/shopify"))
shop.save()
xoro = Connector(name="Xoro", slug="xoro", provider_slug="xoro")
settings = get("xoro").sandbox.settings("SANDBOX/xoro")
xoro.put_settings({**settings, "inventory_location_map": MAP, "inventory_page": 1000, "full_sync_hour": None,
                   "item_tags_include": ["bulk"]})
xoro.save()
route = Route.objects.create(source=xoro, target=shop, record_kind="stock", options={"direct_limit": 1000000})
print(xoro.pk, shop.pk, route.pk)
"""
START = """
from connectors.models import Connector
from connectors.syncing import start_sync
print(start_sync(Connector.objects.get(pk=XORO), "inventory", by="bench"))
"""


class Tenant:
    """One site with a Xoro connector, a shop, and a route for stock between them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        rows = [{"store": store, "location": location} for store, location in STORES.items()]
        code = INSTALL.replace("SANDBOX", site.sandbox_url).replace("MAP", repr(rows))
        self.xoro, self.shop, self.route = (int(one) for one in site.python(code).split()[-3:])
        for location in list(STORES.values())[1:]:
            self.control("shopify/_sandbox/location", shop=SHOP_DOMAIN, name=location)
        self.control("shopify/_sandbox/seed", shop=SHOP_DOMAIN, skus=COUNT)
        self.control("xoro/_sandbox/config", page_size=1000)
        site.run(SKUS, {"shop": self.shop, "count": COUNT})
        site.run("ANALYZE connectors_directoryentry")

    def control(self, call: str, **body: Any) -> None:
        requests.post(f"{self.site.sandbox_url}/{call}", json=body, timeout=60).raise_for_status()

    def hold(self, skus: int, quantity: int) -> None:
        """What the tenant has: so many SKUs in every store."""
        self.control("xoro/_sandbox/inventory", skus=skus, stores=list(STORES), quantity=quantity)

    def synchronize(self) -> dict[str, Any]:
        """One run of the sync and of the feed after it: the feed's sentence, and the seconds of both."""
        began = time.monotonic()
        sync = int(self.site.python(START.replace("XORO", str(self.xoro))).split()[-1])
        self._wait(f"id = {sync}")
        read = time.monotonic() - began
        said = self._wait(f"topic = 'stock/feed' AND parent_id = {sync}")
        return {"said": said, "read_s": read, "seconds": time.monotonic() - began}

    def _wait(self, which: str) -> str:
        """The outcome and sentence of an event once it has ended."""
        end = time.monotonic() + LONGEST_S
        ask = f"SELECT outcome || ': ' || sentence FROM events_event WHERE {which} AND outcome NOT IN {OPEN}"
        while not (said := self.site.value(ask)):
            if time.monotonic() > end:
                rest = "SELECT string_agg(topic || ' ' || outcome || ' ' || sentence, '; ') FROM events_event"
                raise RuntimeError(str(self.site.value(rest)))
            time.sleep(0.2)
        if not str(said).startswith("succeeded"):
            raise RuntimeError(str(said))
        return str(said)

    def calls(self) -> int:
        """Calls that set stock in the shop since the journal began; of a long run it keeps the last ten thousand."""
        rows = requests.get(f"{self.site.sandbox_url}/shopify/_sandbox/log", timeout=120).json()["log"]
        return sum(row.get("operation") == "HubStockSet" for row in rows)

    def check(self, told: dict[str, Any], figures: int) -> None:
        """Raises ``RuntimeError`` where not everything was sent."""
        if not told["said"].startswith(f"succeeded: {figures:,} stock levels sent"):
            why = (
                "SELECT string_agg(DISTINCT place || ': ' || sentence, '; ') FROM connectors_figure WHERE problem <> ''"
            )
            raise RuntimeError(f"{told['said']} {self.site.value(why)}")

    def forget(self) -> None:
        """As before the first run."""
        self.site.run("TRUNCATE connectors_figure, connectors_batch")
        self.site.run("TRUNCATE events_event, events_relatedrequest, events_searchkey, events_body")
        self.site.run("DELETE FROM connectors_directoryentry WHERE kind IN ('stock', 'item')")
        self.site.run(f"UPDATE connectors_connector SET memory = '{{}}' WHERE id = {self.xoro}")


def run() -> Iterator[Figure]:
    with Site() as site:
        site.start_sandbox()
        tenant = Tenant(site)
        worker = psutil.Process(site.start_worker().pid)
        figures = COUNT * len(STORES)
        few = max(COUNT // 10, 1)
        tenant.hold(few, 5)
        tenant.synchronize()  # what a process loads once is loaded
        tenant.forget()
        tenant.hold(few, 6)
        with peak(worker) as seen:
            tenant.synchronize()
        lowest = seen[0]
        tenant.forget()
        tenant.hold(COUNT, 7)
        before = tenant.calls()
        with peak(worker) as seen:
            told = tenant.synchronize()
        tenant.check(told, figures)
        all_calls = tenant.calls() - before
        yield Figure(name=f"calls for {COUNT:,} SKUs in three locations", value=all_calls, unit="calls",
                     floor=-(-figures // CALL_ENTRIES), at_most=1.01)  # fmt: skip
        yield Figure(name="seconds until all of Xoro's stock was read and offered", value=told["read_s"], unit="s",
                     at_most=LONGEST_S)  # fmt: skip
        yield Figure(name="seconds until the shop held all of it", value=told["seconds"], unit="s", at_most=LONGEST_S)
        yield Figure(name=f"memory of the worker tree at its highest, {COUNT:,} SKUs against {few:,}", value=seen[0],
                     unit="MB PSS", floor=lowest, at_most=1.2)  # fmt: skip
        yield from changed(tenant)


def changed(tenant: Tenant) -> Iterator[Figure]:
    """One SKU in a hundred has another quantity in every store."""
    some = max(COUNT // 100, 1)
    tenant.control("xoro/_sandbox/inventory/change", skus=some, quantity=9)
    before = tenant.calls()
    told = tenant.synchronize()
    sent = int(told["said"].split(" ")[1].replace(",", ""))
    yield Figure(name="stock levels sent where one SKU in a hundred changed", value=sent, unit="stock levels",
                 floor=some * len(STORES), at_most=1.0)  # fmt: skip
    yield Figure(name="calls where one SKU in a hundred changed", value=tenant.calls() - before, unit="calls",
                 floor=-(-some * len(STORES) // CALL_ENTRIES), at_most=1.0)  # fmt: skip
