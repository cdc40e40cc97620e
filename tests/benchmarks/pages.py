"""How long the desk's pages take at a million events: p95 of each, over real HTTP through the real web server."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator

import requests

from tests.benchmarks.figure import Figure, percentile
from tests.benchmarks.site import Site

EVENTS = int(os.environ.get("BENCH_EVENTS", "1000000"))
RUNS = 40
WARM = 3
AT_MOST_MS = 100.0
LIST = "/admin/events/event/"

LOG_IN = """
import json
from django.contrib.auth.models import User
from django.test import Client
from tests.benchmarks.pages import paths
person, _ = User.objects.get_or_create(username="bench", defaults={"is_staff": True, "is_superuser": True})
client = Client()
client.force_login(person)
print(json.dumps({"session": client.cookies["sessionid"].value, "paths": paths()}))
"""


def paths() -> dict[str, str]:
    """Every question the desk's lists can be asked, with values the filled ledger has and values it has not."""
    from events.models import Event, Kind, Outcome, Reason

    newest = Event.objects.order_by("-pk")[0]
    last = newest.pk
    failed = Event.objects.filter(outcome="failed").order_by("-pk").only("connector_id", "cause")[0]
    connector = failed.connector_id
    log = f"/admin/connectors/connector/{connector}/log/?flow=orders"
    found = {
        "overview": "/admin/",
        "list": LIST,
        "deep page": f"{LIST}?older={last // 50}",
        "newer page": f"{LIST}?newer={last // 2}",
        "deep page of a filter": f"{LIST}?outcome=failed&older={last // 50}",
        "connector": f"{LIST}?connector={connector}",
        "topic": f"{LIST}?topic=orders/create",
        "open failures": f"{LIST}?resolved=no",
        "resolved failures": f"{LIST}?resolved=yes",
        "one cause": f"{LIST}?connector={connector}&cause={failed.cause}&resolved=no",
        "connector and outcome": f"{LIST}?connector={connector}&outcome=failed",
        "connector, kind, outcome, week": f"{LIST}?connector={connector}&kind=sync&since=7d&outcome=failed",
        "search, one hit": f"{LIST}?q=ex-{last - 5}",
        "search, many hits": f"{LIST}?q=c17",
        "search, many hits and a filter": f"{LIST}?q=c17&outcome=failed",
        "search, no hit": f"{LIST}?q=nothing",
        "command search": "/admin/find/?q=c17",
        "event page": f"{LIST}{last}/change/",
        "page of an object": f"/admin/objects/{newest.connector_id}/order/{newest.object_id}/",
        "failures": "/admin/events/family/",
        "log": log,
        "log, errors only": f"{log}&errors=only",
        "log, one number": f"{log}&q=ex-{last - 5}",
    }
    found |= {f"outcome {value}": f"{LIST}?outcome={value}" for value in Outcome.values}
    found |= {f"kind {value}": f"{LIST}?kind={value}" for value in Kind.values}
    found |= {f"reason {value}": f"{LIST}?reason={value}" for value in Reason.values}
    found |= {f"received within {value}": f"{LIST}?since={value}" for value in ("1h", "24h", "7d")}
    return found


def run() -> Iterator[Figure]:
    with Site() as site:
        site.module("tests.benchmarks.fill", str(EVENTS))
        site.run("VACUUM ANALYZE")
        told = json.loads(site.python(LOG_IN).strip().splitlines()[-1])
        site.start_web()
        person = requests.Session()
        person.trust_env = False
        person.cookies.set("sessionid", told["session"])
        for name, path in told["paths"].items():
            took: list[float] = []
            for number in range(RUNS + WARM):
                started = time.perf_counter()
                answer = person.get(site.web_url + path, timeout=60, allow_redirects=False)
                if number >= WARM:
                    took.append((time.perf_counter() - started) * 1000)
                if answer.status_code != 200:
                    raise RuntimeError(f"{path} was answered {answer.status_code}")
            yield Figure(name=f"page at {EVENTS} events: {name}, p95", value=percentile(took, 0.95), unit="ms",
                         at_most=AT_MOST_MS)  # fmt: skip
