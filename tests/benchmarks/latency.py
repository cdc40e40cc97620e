"""From a delivery's first byte to the first remote request it causes, on an idle hub with real web, worker and sandbox."""

from __future__ import annotations

import time
from collections.abc import Iterator

import requests

from tests.benchmarks.figure import Figure, percentile
from tests.benchmarks.ingest import install
from tests.benchmarks.load import Client, delivery
from tests.benchmarks.site import Site

WARM_UP = 10
DELIVERIES = 150
PAUSE_S = 0.2  # idle again before the next one


def run() -> Iterator[Figure]:
    with Site() as site:
        _, token = install(site)
        site.start_sandbox()
        site.start_web()
        site.start_worker()
        client = Client(site.web_port)
        requests.post(f"{site.sandbox_url}/erp/_sandbox/reset", json={}, timeout=10)
        sent: list[float] = []
        for number in range(WARM_UP + DELIVERIES):
            request = delivery(f"/hooks/{token}", number, "bench/request")
            sent.append(time.time())
            assert client.send(request) == 200
            time.sleep(PAUSE_S)
        time.sleep(2)
        log = requests.get(f"{site.sandbox_url}/erp/_sandbox/log", timeout=10).json()["log"]
        arrived = [entry["at"] for entry in log if entry["path"] == "/orders"]
        if len(arrived) != len(sent):
            raise RuntimeError(f"{len(sent)} deliveries caused {len(arrived)} requests")
        took = [there - here for here, there in zip(sent, arrived, strict=True)][WARM_UP:]
        yield Figure(name="delivery to first remote request, p50", value=percentile(took, 0.5), unit="s", at_most=0.1)
        yield Figure(name="delivery to first remote request, p99", value=percentile(took, 0.99), unit="s", at_most=0.3)
