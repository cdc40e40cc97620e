"""Webhooks accepted durably: requests a second against a bare Django view, and statements of one."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from tests.benchmarks.figure import Figure
from tests.benchmarks.load import SECRET, delivery, hammer
from tests.benchmarks.site import Site, free_port, wait_for

SECONDS = 6.0
ROUNDS = 3

INSTALL = f"""
from connectors.models import Connector
c = Connector(name="Bench", slug="bench", provider_slug="bench")
c.put_settings({{"base_url": "SANDBOX", "secret": "{SECRET}"}})
c.save()
print(c.pk, c.webhook_token)
"""


def install(site: Site) -> tuple[int, str]:
    """(id, webhook token) of a benchmark connector."""
    pk, token = site.python(INSTALL.replace("SANDBOX", site.sandbox_url)).split()[-2:]
    return int(pk), token


def run() -> Iterator[Figure]:
    with Site() as site:
        _, token = install(site)
        site.start_web()
        floor_port = free_port()
        site.spawn("web", "--bind", f"127.0.0.1:{floor_port}", DJANGO_SETTINGS_MODULE="tests.benchmarks.floor_settings")
        wait_for(f"http://127.0.0.1:{floor_port}/healthz")
        rates: dict[str, list[float]] = {"hub": [], "orm": [], "sql": []}
        for _ in range(ROUNDS):  # side by side in time: whatever else the machine does hits all alike
            for name, port, path in (
                ("hub", site.web_port, f"/hooks/{token}"), ("orm", floor_port, "/orm"), ("sql", floor_port, "/sql"),
            ):  # fmt: skip
                rate, statuses = hammer(port, lambda n, p=path: delivery(p, n, "bench/nothing"), seconds=SECONDS)
                if set(statuses) != {200}:
                    raise RuntimeError(f"{name} answered {statuses}")
                rates[name].append(rate)
        best = {name: median(values) for name, values in rates.items()}
        yield Figure(
            name="webhook accepted durably", value=best["hub"], unit="requests/s", floor=best["orm"], at_least=0.8
        )
        yield Figure(
            name="webhook accepted durably, against the hub's own statement in a bare view",
            value=best["hub"], unit="requests/s", floor=best["sql"], at_least=0.6,
        )  # fmt: skip
        yield Figure(
            name="statements per accepted webhook", value=_statements(site, token), unit="statements", at_most=3
        )


_COUNT = """
from django.test import Client
from django.db import connection
from django.test.utils import CaptureQueriesContext
import json
from tests.benchmarks.load import delivery
raw = delivery("/", 987654321, "bench/nothing")
head, _, body = raw.partition(b"\\r\\n\\r\\n")
headers = dict(line.split(": ", 1) for line in head.decode().split("\\r\\n")[1:])
given = {"HTTP_" + k.upper().replace("-", "_"): v for k, v in headers.items() if k.startswith("X-")}
with CaptureQueriesContext(connection) as seen:
    answer = Client().post("/hooks/TOKEN", body, content_type="application/json", **given)
assert answer.status_code == 200 and not answer.json()["duplicate"], answer.content
print(len([q for q in seen.captured_queries if q["sql"] not in ("BEGIN", "COMMIT")]))
"""


def _statements(site: Site, token: str) -> float:
    return float(site.python(_COUNT.replace("TOKEN", token)).split()[-1])
