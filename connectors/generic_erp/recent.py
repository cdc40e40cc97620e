"""Answers of the last minute, for a question asked again byte by byte: page reloads in checkout.

Only taxes and shipping methods, only successes, in the memory of one web process: what another process asked a moment
ago is asked once more, which costs a call and nothing else. Not for orders, invoices or balances: those are live.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from connectors.http import dump_json

GOOD_FOR_S = 60.0
LIMIT = 1000  # answers
SIZE_LIMIT = 16 * 1024  # bytes of one answer


class RecentAnswers:
    """Bounded in number, size and time. ``clock``: monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    def get(self, key: str) -> tuple[dict[str, Any], float] | None:
        """The neutral data and its age in seconds, ``None`` where there is none young enough."""
        now = self.clock()
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            if now - found[0] >= GOOD_FOR_S:
                del self._kept[key]
                return None
        return json.loads(found[1]), now - found[0]

    def keep(self, key: str, data: Mapping[str, Any]) -> None:
        content = json.dumps(data).encode()
        if len(content) > SIZE_LIMIT:
            return
        with self._lock:
            self._kept[key] = (self.clock(), content)
            self._kept.move_to_end(key)
            while len(self._kept) > LIMIT:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()


def key_of(connector_id: int, function: str, settings: object, body: Mapping[str, Any]) -> str:
    """The same connector, settings (without secrets) and body: another URL or field map asks anew."""
    text = f"{connector_id}\x1f{function}\x1f{settings!r}\x1f".encode() + dump_json(body)
    return hashlib.sha256(text).hexdigest()


RECENT = RecentAnswers()
