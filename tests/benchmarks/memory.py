"""Memory of the workers: flat from 1,000 to 100,000 events, and each worker's proportional share."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psutil

from tests.benchmarks.figure import Figure
from tests.benchmarks.ingest import install
from tests.benchmarks.site import Site
from tests.benchmarks.throughput import drain


def worker_memory(worker: psutil.Process) -> list[float]:
    """Proportional set size in MB of every process of the worker's tree."""
    tree = [worker, *worker.children(recursive=True)]
    return [process.memory_full_info().pss / 1e6 for process in tree]


def run() -> Iterator[Figure]:
    with Site() as site:
        connector, _ = install(site)
        worker = psutil.Process(site.start_worker().pid)
        drain(site, connector, "bench/nothing", 1_000)
        time.sleep(2)
        early = worker_memory(worker)
        for _ in range(10):
            drain(site, connector, "bench/nothing", 10_000)
        time.sleep(2)
        late = worker_memory(worker)
        yield Figure(
            name="memory of the worker tree after 100,000 events against 1,000", value=sum(late), unit="MB PSS",
            floor=sum(early), at_most=1.1,
        )  # fmt: skip
        yield Figure(name="memory of the largest worker process", value=max(late), unit="MB PSS", at_most=150)
