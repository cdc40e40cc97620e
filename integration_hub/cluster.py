"""django-q2's cluster, made strict: a child that dies of itself ends the whole tree, and the supervisor starts a new one.

Why: a worker killed while it holds the shared queue's read lock, or a killed monitor, leaves the stock cluster alive in
looks and deaf for ever (django-q2 issue 23, open since 2016). Time-outs and recycling work as in the stock cluster.
"""

from __future__ import annotations

import os
import signal

import structlog
from django_q import cluster
from django_q.cluster import Cluster, Sentinel

log = structlog.get_logger(__name__)


class StrictSentinel(Sentinel):
    def reincarnate(self, process) -> None:  # type: ignore[no-untyped-def]
        is_worker = process not in (self.monitor, self.pusher)
        timed_out_or_recycled = is_worker and int(process.timer.value) in (0, -2)
        if timed_out_or_recycled:
            super().reincarnate(process)
            return
        log.error("cluster_child_died", child=process.name, exit_code=process.exitcode)
        os.killpg(os.getpgrp(), signal.SIGKILL)


def run() -> None:
    """Run a strict cluster in this process until SIGTERM. The caller leads a process group of its own."""
    cluster.Sentinel = StrictSentinel
    q = Cluster()
    q.start()
    q.sentinel.join()
