"""A checkout's question for shipping rates: how long twenty shoppers at once wait, with an ERP that answers, one that was
asked before, and one that takes eight seconds for everything."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.benchmarks.figure import Figure, percentile
from tests.benchmarks.site import Site

SHOP = "lumen-goods.myshopify.com"
AT_ONCE = 20
QUESTIONS = 400
SLOW_QUESTIONS = 100
INSTALL = """
from connectors import registry
from connectors.models import Connector
made = []
for slug, more in (("generic_erp", {"guest_customer_code": "BRK-2210"}),
                   ("shopify", {"offers_rates": True, "rates_from": "erp",
                                "rates_table": "* | * | | Ground | GROUND | 9 USD | 3-5"})):
    sandbox = registry.get(slug).sandbox
    one = Connector(name=slug, slug="erp" if slug == "generic_erp" else "shop", provider_slug=slug)
    one.put_settings({**sandbox.settings("%s/" + sandbox.prefix), **more})
    one.save()
print(one.webhook_token)
"""


def cart(number: int) -> bytes:
    """A cart of its own for each number."""
    place = {"country": "US", "postal_code": "97205", "city": "Portland", "province": "OR", "address1": "14 Mill Lane"}
    item = {"sku": "TONER-77K", "quantity": number + 1, "grams": 900, "price": 6490, "variant_id": 1}
    return json.dumps({"rate": {"origin": place, "destination": place, "items": [item], "currency": "USD"}}).encode()


def ask(url: str, count: int, *, first: int, same: bool = False) -> tuple[list[float], list[int]]:
    """(seconds, statuses) of ``count`` questions, ``AT_ONCE`` at a time."""
    sessions = [requests.Session() for _ in range(AT_ONCE)]
    headers = {"X-Shopify-Shop-Domain": SHOP, "Content-Type": "application/json"}

    def one(number: int) -> tuple[float, int]:
        content = cart(first if same else first + number)
        began = time.perf_counter()
        status = sessions[number % AT_ONCE].post(url, content, headers=headers, timeout=20).status_code
        return time.perf_counter() - began, status

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(one, range(count)))
    return [took for took, _ in found], [status for _, status in found]


def run() -> Iterator[Figure]:
    with Site() as site:
        token = site.python(INSTALL % site.sandbox_url).strip().splitlines()[-1]
        site.start_sandbox()
        site.start_web()
        url = f"{site.web_url}/hooks/{token}/rates"
        ask(url, 40, first=100_000)
        yield from _figures("asked of the ERP", url, QUESTIONS, first=0)
        yield from _figures("given again", url, QUESTIONS, first=0, same=True)
        fault = {"kind": "slow", "delay_s": 8, "match": "/checkout/shipping-methods", "times": 10_000}
        requests.post(f"{site.sandbox_url}/erp/_sandbox/fault", json=fault, timeout=10)
        yield from _figures("ERP too slow", url, SLOW_QUESTIONS, first=200_000)


def _figures(what: str, url: str, count: int, *, first: int, same: bool = False) -> Iterator[Figure]:
    took, statuses = ask(url, count, first=first, same=same)
    if set(statuses) != {200}:
        raise RuntimeError(f"{what}: answered {sorted(set(statuses))}")
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        yield Figure(name=f"rates, {what}, 20 at once, {name}", value=percentile(took, share), unit="s", at_most=2.5)
