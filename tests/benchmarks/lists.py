"""How long the desk's pages take on a full ledger: p95 of each, one JSON line a figure.

    HUB_VAR_DIR=/tmp/bench python manage.py migrate
    HUB_VAR_DIR=/tmp/bench python -m tests.benchmarks.fill 1000000
    HUB_VAR_DIR=/tmp/bench python -m tests.benchmarks.lists

Pages are asked for in this process, through every middleware but without a web server; the first two runs warm up.
"""

from __future__ import annotations

import json
import os
import time
import warnings

RUNS = 40
WARM = 2
AT_MOST_MS = 100.0
LIST = "/admin/events/event/"


def paths() -> dict[str, str]:
    """Every question the desk's lists can be asked, with values the filled ledger has and values it has not."""
    from events.models import Event, Kind, Outcome, Reason

    last = Event.objects.order_by("-pk").values_list("pk", flat=True)[0]
    failed = Event.objects.filter(outcome="failed").order_by("-pk").only("connector_id", "cause")[0]
    connector = failed.connector_id
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
        "failures": "/admin/events/family/",
    }
    found |= {f"outcome {value}": f"{LIST}?outcome={value}" for value in Outcome.values}
    found |= {f"kind {value}": f"{LIST}?kind={value}" for value in Kind.values}
    found |= {f"reason {value}": f"{LIST}?reason={value}" for value in Reason.values}
    found |= {f"received within {value}": f"{LIST}?since={value}" for value in ("1h", "24h", "7d")}
    return found


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration_hub.settings")
    warnings.simplefilter("ignore")
    import django
    from django.conf import settings

    if settings.EMBEDDED is not None:
        settings.EMBEDDED.start()
    django.setup()
    from django.contrib.auth.models import User
    from django.test import Client

    person, _ = User.objects.get_or_create(username="bench", defaults={"is_staff": True, "is_superuser": True})
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(person)
    for name, path in paths().items():
        took = []
        for run in range(RUNS + WARM):
            started = time.perf_counter()
            answer = client.get(path)
            if run >= WARM:
                took.append((time.perf_counter() - started) * 1000)
            assert answer.status_code == 200, path
        took.sort()
        p95 = took[int(RUNS * 0.95) - 1]
        line = {"name": f"desk: {name}", "value": round(p95, 1), "unit": "ms p95", "floor": None, "ratio": None}
        print(
            json.dumps({**line, "at_most": AT_MOST_MS, "holds": p95 <= AT_MOST_MS, "median": round(took[RUNS // 2], 1)})
        )


if __name__ == "__main__":
    main()
