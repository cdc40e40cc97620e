"""Ten thousand orders into a Xoro tenant that answers calls too close to each other as throttling.

The floor is what the tenant's own budget allows: one call every ``BENCH_GAP_MS`` (100), two calls an order, a look and a
write. The connector's pause is as long. ``BENCH_ORDERS=1000`` makes a short run of it.
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
GAP_MS = float(os.environ.get("BENCH_GAP_MS", "100"))
CALLS_OF_AN_ORDER = 2
WARM = 20  # orders before the clock starts: the first one learns what the account answers without a status

INSTALL = """
from connectors import registry
from connectors.models import Connector, Route
provider = registry.get("xoro")
erp = Connector(name="Xoro", slug="xoro", provider_slug="xoro")
erp.put_settings({**provider.sandbox.settings("SANDBOX/xoro"), "pause_ms": PAUSE})
erp.save()
shop = Connector(name="Shop", slug="shop", provider_slug="bench")
shop.put_settings({"base_url": "SANDBOX", "secret": "x"})
shop.save()
Route.objects.create(source=shop, target=erp, record_kind="order")
print(erp.pk)
"""
PLACE = """
from datetime import UTC, datetime
from decimal import Decimal
from connectors import routing
from connectors.models import Connector
from connectors.records import Address, Customer, Order, OrderLine, Payment, ShippingLine, Tax
from events.models import Kind
from events.record import New, record
from events.models import Event
shop = Connector.objects.get(slug="shop")
made = record(New(kind=Kind.SYNC, topic="bench/nothing", connector_id=shop.pk, connector_name=shop.name,
                  provider="bench", payload=b"{}"))
parent = Event.objects.get(pk=made.event_id)
SKUS = ("LMP-OAK-S", "MUG-BLU-350", "PAPER-A4-80", "PEN-BLU")
home = Address(first_name="Ada", last_name="Brook", address1="12 Alder Way", city="Salem", region_code="OR",
               postal_code="97301", country_code="US")
for n in range(FIRST, FIRST + COUNT):
    lines = tuple(OrderLine(id=str(n * 10 + i), sku=sku, title=sku, quantity=Decimal(1), unit_price=Decimal("10.00"),
                            taxes=(Tax(title="State Tax", rate=Decimal("0.06"), amount=Decimal("0.60")),))
                  for i, sku in enumerate(SKUS[: 1 + n % 4]))
    tax = Decimal("0.60") * len(lines)
    total = Decimal("10.00") * len(lines) + Decimal("9.50") + tax
    order = Order(
        id=str(6_000_000_000_000 + n), number=str(n), name=f"#{n}", source="bench.example", currency="USD",
        created_at=datetime(2026, 11, 20, tzinfo=UTC), total=total, total_tax=tax, email=f"c{n}@example.com",
        financial_status="paid", customer=Customer(id=str(7_000_000_000_000 + n), first_name="Ada", last_name=f"B{n}"),
        billing_address=home, shipping_address=home, lines=lines,
        shipping_lines=(ShippingLine(id="1", title="Standard", price=Decimal("9.50")),),
        payments=(Payment(id=str(8_000_000_000_000 + n), gateway="card", kind="sale", status="success", amount=total),),
    )
    routing.deliver(shop, parent, order)
"""
OPEN = "SELECT count(*) FROM events_event WHERE connector_id = %(erp)s AND outcome IN ('queued', 'waiting', 'running')"
TOOK = (
    "SELECT extract(epoch FROM max(finished_at) - min(started_at))::float8 FROM events_event "
    "WHERE connector_id = %(erp)s AND kind = 'delivery' AND id > %(above)s"
)
LAST = "SELECT coalesce(max(id), 0) FROM events_event"
SENT = "SELECT count(*) FROM connectors_link"
FAILED = "SELECT string_agg(DISTINCT reason_code || ': ' || left(sentence, 200), '; ') FROM events_event " \
         "WHERE outcome = 'failed'"  # fmt: skip


class Tenant:
    """A site with the tenant, its connector and a worker."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.base = f"{site.sandbox_url}/xoro/_sandbox"
        printed = site.python(INSTALL.replace("SANDBOX", site.sandbox_url).replace("PAUSE", str(round(GAP_MS))))
        self.pk = int(printed.split()[-1])
        requests.post(f"{self.base}/config", json={"min_gap_ms": GAP_MS, "throttle_overlap": True}, timeout=60)

    def state(self) -> dict[str, Any]:
        told: dict[str, Any] = requests.get(f"{self.base}/state", timeout=60).json()
        return told

    def place(self, first: int, count: int) -> int:
        """Orders that wait to be sent; the last event there was before them."""
        above = self.site.value(LAST)
        self.site.python(PLACE.replace("FIRST", str(first)).replace("COUNT", str(count)))
        return int(str(above))

    def wait(self) -> None:
        while self.site.value(OPEN, {"erp": self.pk}):
            if failed := self.site.value(FAILED):
                raise RuntimeError(str(failed))
            time.sleep(0.5)

    def numbers(self) -> list[str]:
        books = requests.get(f"{self.base}/books", timeout=300).json()
        return [one["SoEstimateHeader"]["ThirdPartyRefNo"] for one in books["orders"]]


def run() -> Iterator[Figure]:
    with Site() as site:
        site.start_sandbox()
        tenant = Tenant(site)
        tenant.place(0, WARM)
        worker = site.start_worker()
        tenant.wait()
        site.stop(worker)
        throttled = tenant.state()["throttled"]
        above = tenant.place(WARM, ORDERS)
        site.start_worker()
        tenant.wait()
        took_s = float(str(site.value(TOOK, {"erp": tenant.pk, "above": above})))
        if failed := site.value(FAILED):
            raise RuntimeError(str(failed))
        numbers = tenant.numbers()
        if len(numbers) != ORDERS + WARM or len(set(numbers)) != len(numbers):
            raise RuntimeError(
                f"{ORDERS + WARM} orders were sent, {len(numbers)} are there, {len(set(numbers))} of them once"
            )
        yield Figure(
            name=f"{ORDERS} orders imported, one call every {GAP_MS:g} ms allowed", value=ORDERS / took_s, unit="orders/s",
            floor=1000 / GAP_MS / CALLS_OF_AN_ORDER, at_least=0.7,
        )  # fmt: skip
        yield Figure(
            name="calls the tenant throttled meanwhile", value=tenant.state()["throttled"] - throttled, unit="calls",
            at_most=ORDERS * CALLS_OF_AN_ORDER / 100,
        )  # fmt: skip
