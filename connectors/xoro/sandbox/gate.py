"""Throttling as the tenant does it: two calls of one key at once, or one too soon after the other, get nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """``min_gap_ms``: between the arrivals of two calls of one key; ``is_strict``: no two at once. Both off at first.
    ``was_throttled`` is about the call of this thread."""

    def __init__(self) -> None:
        self.min_gap_ms = 0.0
        self.is_strict = False
        self.throttled = 0  # calls so far
        self._lock = threading.Lock()
        self._running: dict[str, int] = {}
        self._arrived: dict[str, float] = {}
        self._call = threading.local()

    @property
    def was_throttled(self) -> bool:
        return bool(getattr(self._call, "is_throttled", False))

    @contextmanager
    def passing(self, key: str) -> Iterator[None]:
        """While a call of this key is answered, its delay included."""
        with self._lock:
            arrived, before = time.monotonic(), self._arrived.get(key)
            is_close = before is not None and (arrived - before) * 1000 < self.min_gap_ms
            self._call.is_throttled = is_close or (self.is_strict and self._running.get(key, 0) > 0)
            self.throttled += self._call.is_throttled
            self._arrived[key] = arrived
            self._running[key] = self._running.get(key, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                self._running[key] -= 1
