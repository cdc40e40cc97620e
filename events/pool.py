"""A few daemon threads that handle events side by side in one worker process, each with its own database connection.

Not ``concurrent.futures``: its threads are joined at exit, so that one stuck remote call would keep a process from
ending.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable

from django.db import close_old_connections

IDLE_S = 1.0  # a connection may have been unused for so long: the database may have been restarted meanwhile

Job = Callable[[], None]


class Pool:
    """``size`` threads over one queue; jobs must not raise."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        for number in range(size):
            threading.Thread(target=self._work, name=f"event-{number}", daemon=True).start()

    def submit(self, job: Job) -> None:
        self._jobs.put(job)

    def _work(self) -> None:
        while True:
            self._jobs.get()()


_mine = threading.local()


def look_at_connection() -> None:
    """Called by a thread before each event: its connection is tried where the last event began a while ago."""
    now = time.monotonic()
    if now - getattr(_mine, "looked_at", now) > IDLE_S:
        close_old_connections()
    _mine.looked_at = now


_pools: list[Pool] = []
_guard = threading.Lock()
os.register_at_fork(after_in_child=_pools.clear)  # a forked worker has the object, but none of its threads


def pool(size: int) -> Pool:
    """The process's pool; made at the first call, so that a forked worker gets threads of its own."""
    with _guard:
        if not _pools:
            _pools.append(Pool(size))
        return _pools[0]
