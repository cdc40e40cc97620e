"""django-q2's cluster, made strict: a child that dies of itself ends the whole tree, and the supervisor starts a new one.

Why: a worker killed while it holds the shared queue's read lock, or a killed monitor, leaves the stock cluster alive in
looks and deaf for ever (django-q2 issue 23, open since 2016). Time-outs and recycling work as in the stock cluster.
"""

from __future__ import annotations

import gc
import os
import signal
from contextlib import suppress
from typing import Any

import structlog
from django_q import cluster
from django_q.cluster import Cluster, Sentinel
from django_q.signals import post_spawn

from events import drain
from integration_hub.processes import die_with_parent, die_with_parent_after_fork

log = structlog.get_logger(__name__)


class StrictSentinel(Sentinel):  # type: ignore[misc]
    def reincarnate(self, process: Any) -> None:
        is_worker = process not in (self.monitor, self.pusher)
        if is_worker and int(process.timer.value) in (0, -2):  # timed out, recycled: both are meant
            super().reincarnate(process)
            return
        log.error("cluster_child_died", child=process.name, exit_code=process.exitcode)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    def stop(self) -> None:
        """Tell drainers to end after what they have in hand, then stop as the stock cluster does."""
        for process in self.pool:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGUSR1)
        super().stop()


def _in_worker(**_: Any) -> None:
    signal.signal(signal.SIGUSR1, lambda *_: drain.stop())


def run() -> None:
    """Run a strict cluster in this process until SIGTERM. This process must lead a group of its own."""
    if os.environ.get("HUB_PARENT"):
        die_with_parent()
    die_with_parent_after_fork()
    post_spawn.connect(_in_worker, weak=False)
    cluster.Sentinel = StrictSentinel
    # What is loaded by now is shared by all children. A full garbage collection in a worker would write into each of
    # these objects and so give the worker a copy of its own: some 25 MB each, after a while.
    gc.collect()
    gc.freeze()
    q = Cluster()
    q.start()
    q.sentinel.join()
