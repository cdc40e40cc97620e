"""A burst of deliveries, duplicates and disorder mixed: all accepted in time, each order handed over once and as it is now."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import requests

from tests.benchmarks.figure import Figure
from tests.benchmarks.load import Client
from tests.benchmarks.site import Site

ORDERS = 500
DELIVERIES = 5_000
CONNECTIONS = 16
SHOP = "lumen-goods.myshopify.com"
SECRET = "sandbox-lumen-secret"
FIRST, NOW = "as it was placed", "as it is now"

INSTALL = """
from connectors import registry
from connectors.models import Connector, Route
shop = Connector(name="Shop", slug="shop", provider_slug="shopify")
shop.put_settings(registry.get("shopify").sandbox.settings("SANDBOX/shopify"))
shop.save()
bench = Connector(name="Bench", slug="bench", provider_slug="bench")
bench.put_settings({"base_url": "SANDBOX", "secret": "benchmark-secret"})
bench.save()
Route.objects.create(source=shop, target=bench, record_kind="order", options={})
print(shop.webhook_token)
"""
OPEN = "SELECT count(*) FROM events_event WHERE outcome IN ('queued', 'running', 'waiting')"
FAILED = "SELECT count(*) FROM events_event WHERE outcome = 'failed'"
ONCE = """
SELECT count(*) FROM (SELECT object_id FROM events_event WHERE kind = 'delivery' AND outcome = 'succeeded'
GROUP BY object_id HAVING count(*) = 1) AS o
"""
NEWEST = "SELECT count(*) FROM connectors_link WHERE target_number = 'as it is now'"
ARRIVED = "SELECT count(*) + coalesce(sum(duplicate_count), 0) FROM events_event WHERE kind = 'webhook'"


def place(site: Site) -> list[dict[str, Any]]:
    """Orders that were changed since they were placed; the shop tells nobody: the burst does. The shop assesses their
    risk while they are handled."""
    control = f"{site.sandbox_url}/shopify/_sandbox"
    requests.post(f"{control}/plan", json={"shop": SHOP, "plan": "Plus"}, timeout=10).raise_for_status()
    orders = []
    for _ in range(ORDERS):
        wish: dict[str, Any] = {"shop": SHOP, "silent": True, "note": FIRST}
        made = requests.post(f"{control}/order", json=wish, timeout=10).json()
        change = {"shop": SHOP, "silent": True, "change": made["id"], "note": NOW}
        orders.append(made | requests.post(f"{control}/order", json=change, timeout=10).json())
    return orders


def burst(orders: list[dict[str, Any]], path: str) -> list[bytes]:
    """Ten deliveries of each order: placed, paid and changed, two of them sent again under their own id. Shuffled."""
    made = []
    for order in orders:
        own = [delivery(order, path, topic) for topic in ("orders/create", "orders/paid", *["orders/updated"] * 6)]
        made += [*own, *random.sample(own, 2)]
    random.shuffle(made)
    return made


def delivery(order: dict[str, Any], path: str, topic: str) -> bytes:
    lines = [{"id": 1_410_000 + n, "sku": f"MUG-{n:03d}", "title": "Mug, blue, 350 ml", "quantity": 2, "price": "26.30",
              "tax_lines": [{"title": "County tax", "rate": 0.0825, "price": "7.61"}], "properties": []}
             for n in range(9)]  # fmt: skip
    number = order["id"].rpartition("/")[2]
    body = json.dumps({"id": int(number), "admin_graphql_api_id": order["id"], "name": order["name"],
                       "updated_at": order["updatedAt"], "note": FIRST, "line_items": lines}).encode()  # fmt: skip
    digest = base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256)).decode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-Shopify-Topic: {topic}\r\n"
        f"X-Shopify-Webhook-Id: {uuid.uuid4()}\r\nX-Shopify-Shop-Domain: {SHOP}\r\nX-Shopify-API-Version: 2026-10\r\n"
        f"X-Shopify-Hmac-Sha256: {digest}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def send(port: int, deliveries: list[bytes]) -> tuple[float, dict[int, int]]:
    """(seconds, answers by status) of ``CONNECTIONS`` clients that each send as fast as they are answered."""
    counts: dict[int, int] = {}
    lock = threading.Lock()
    clients = [Client(port) for _ in range(CONNECTIONS)]
    started = time.monotonic()

    def work(index: int) -> None:
        for one in deliveries[index::CONNECTIONS]:
            status = clients[index].send(one)
            with lock:
                counts[status] = counts.get(status, 0) + 1

    threads = [threading.Thread(target=work, args=(n,)) for n in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - started, counts


def run() -> Iterator[Figure]:
    with Site() as site:
        site.start_sandbox()
        token = site.python(INSTALL.replace("SANDBOX", site.sandbox_url)).split()[-1]
        orders = place(site)
        site.start_web()
        site.start_worker()
        deliveries = burst(orders, f"/hooks/{token}")
        if len(deliveries) != DELIVERIES:
            raise RuntimeError(f"{len(deliveries)} deliveries instead of {DELIVERIES}")
        took, statuses = send(site.web_port, deliveries)
        refused = sum(count for status, count in statuses.items() if status != 200)
        yield Figure(name="burst: 5,000 deliveries accepted", value=took, unit="s", at_most=10)
        yield Figure(
            name="burst: deliveries answered with anything but 200", value=refused, unit="deliveries", at_most=0
        )
        end = time.monotonic() + 600
        while site.value(OPEN):
            if time.monotonic() > end:
                raise RuntimeError(f"{site.value(OPEN)} events are still open")
            time.sleep(0.5)
        for name, sql, wanted in (
            ("burst: deliveries recorded, duplicates counted", ARRIVED, DELIVERIES),
            ("burst: orders handed over exactly once", ONCE, ORDERS),
            ("burst: orders handed over as they are now", NEWEST, ORDERS),
        ):
            yield Figure(name=name, value=float(str(site.value(sql))), unit="of " + str(wanted), at_least=wanted)
        yield Figure(name="burst: events failed", value=float(str(site.value(FAILED))), unit="events", at_most=0)
