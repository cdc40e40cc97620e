"""Events a second through claim, handler and outcome with two workers: against a bare loop, and against django-q2's best."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator

import requests

from tests.benchmarks.figure import Figure
from tests.benchmarks.ingest import install
from tests.benchmarks.load import ASK, HEADERS
from tests.benchmarks.site import Site

REMOTE_EVENTS = 4_000
EMPTY_EVENTS = 20_000
QUEUE_TASKS = 6_000

FILL = """
INSERT INTO events_event (kind, topic, connector_id, connector_name, provider, outcome, reason, reason_code, sentence,
  next_step, notes, priority, received_at, attempts, max_attempts, lock_key, is_supersedable, duplicate_count,
  object_type, object_id, object_label, triggered_by, trace_id, headers, payload_size, is_payload_cut, expects_request,
  cause, resolved_by, resolved_note)
SELECT 'webhook', %(topic)s, %(connector)s, 'Bench', 'bench', 'queued', '', '', '', '', '[]', 1, now(), 0, 8,
  %(connector)s || ':order:' || n, false, 0, 'order', n::text, '#' || n, '', md5(n::text), '{}', 0, false, true,
  '', '', '' FROM generate_series(1, %(count)s) AS n
"""


def drain(site: Site, connector: int, topic: str, count: int) -> float:
    """Events a second from the first start to the last outcome."""
    site.run("TRUNCATE events_event, events_relatedrequest, events_searchkey, events_body")
    site.run("VACUUM ANALYZE events_event")
    site.run(FILL, {"topic": topic, "connector": connector, "count": count})
    end = time.monotonic() + 300
    while site.value("SELECT count(*) FROM events_event WHERE outcome <> 'succeeded'"):
        if time.monotonic() > end:
            raise RuntimeError(
                str(site.value("SELECT string_agg(DISTINCT outcome || ' ' || sentence, '; ') FROM events_event"))
            )
        time.sleep(0.2)
    seconds = site.value("SELECT extract(epoch FROM max(finished_at) - min(started_at))::float8 FROM events_event")
    return count / float(str(seconds))


def _loop(url: str, count: int) -> None:
    session = requests.Session()
    session.trust_env = False
    for _ in range(count):
        session.post(f"{url}/erp/orders", json=ASK, headers=HEADERS, timeout=10).raise_for_status()


def bare_loop(url: str, count: int) -> float:
    """Calls a second of a bare ``requests`` loop in two processes."""
    processes = [multiprocessing.Process(target=_loop, args=(url, count // 2)) for _ in range(2)]
    started = time.monotonic()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return count / (time.monotonic() - started)


QUEUE = """
from django_q.tasks import async_task
from django.db import transaction
with transaction.atomic():
    for n in range(COUNT):
        async_task("tests.benchmarks.queue_best.nothing", n)
"""


def queue_best(site: Site) -> float:
    """Tasks a second of django-q2 at its best: database broker, CONN_MAX_AGE 600, save_limit -1, bulk 50."""
    settings = {"DJANGO_SETTINGS_MODULE": "tests.benchmarks.queue_settings"}
    site.run("TRUNCATE django_q_ormq")
    before = dict(site.environment)
    site.environment |= settings
    try:
        site.python(QUEUE.replace("COUNT", str(QUEUE_TASKS)))
        process = site.spawn("qcluster")
        while site.value("SELECT count(*) FROM django_q_ormq") == QUEUE_TASKS:
            time.sleep(0.01)
        started, first = time.monotonic(), QUEUE_TASKS
        while site.value("SELECT count(*) FROM django_q_ormq"):
            time.sleep(0.05)
        took = time.monotonic() - started
        site.stop(process)
    finally:
        site.environment = before
    return first / took


def run() -> Iterator[Figure]:
    with Site() as site:
        connector, _ = install(site)
        site.start_sandbox()
        floor = queue_best(site)
        site.start_worker()
        drain(site, connector, "bench/nothing", 2_000)  # warm
        rate = drain(site, connector, "bench/nothing", EMPTY_EVENTS)
        yield Figure(
            name="events with an empty handler, 2 workers", value=rate, unit="events/s", floor=floor, at_least=4
        )
        bare_loop(site.sandbox_url, 400)
        drain(site, connector, "bench/request", 400)
        loops = [bare_loop(site.sandbox_url, REMOTE_EVENTS)]
        rates = [drain(site, connector, "bench/request", REMOTE_EVENTS)]
        loops.append(bare_loop(site.sandbox_url, REMOTE_EVENTS))
        rates.append(drain(site, connector, "bench/request", REMOTE_EVENTS))
        yield Figure(
            name="events with one remote request, 2 workers", value=sum(rates) / 2, unit="events/s",
            floor=sum(loops) / 2, at_least=0.5,
        )  # fmt: skip
