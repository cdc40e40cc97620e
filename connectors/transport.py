"""How bytes leave the hub: pooled connections that pass the guard, and a watchdog that ends any call past its budget.

Time-outs of sockets run per read; a server that sends one byte a second would hold a worker for hours. The watchdog
shuts the connection's socket down when the whole call's time is over, whatever it is doing.
"""

from __future__ import annotations

import heapq
import itertools
import os
import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import certifi
import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

from connectors import guard

if TYPE_CHECKING:
    from collections.abc import Iterator

_current = threading.local()


class Call:
    """One call under way: the connection it uses, and whether its time ran out."""

    def __init__(self, ends_at: float) -> None:
        self.ends_at = ends_at  # monotonic
        self.connection: HTTPConnection | None = None
        self.is_over = False
        self.has_timed_out = False
        self.has_sent = False  # whether any byte of the request may have left
        self._guard = threading.Lock()

    def cut(self) -> None:
        """Called by the watchdog, from its own thread."""
        with self._guard:  # a call that just ended has given its connection back: the next call may use it already
            if self.is_over:
                return
            self.has_timed_out = True
            made = self.connection.sock if self.connection is not None else None
            if made is not None:
                with suppress(OSError):
                    socket.socket.shutdown(made, socket.SHUT_RDWR)

    def end(self) -> None:
        with self._guard:
            self.is_over = True

    def time_left(self, timeout_s: float | None) -> float:
        """What a step that knows only its own time-out may take."""
        left = max(0.01, self.ends_at - time.monotonic())
        return left if timeout_s is None else min(timeout_s, left)


class _Guarded:
    """Connects through the guard and tells the call under way which connection it uses."""

    def _new_conn(self: Any) -> socket.socket:
        call = getattr(_current, "call", None)
        timeout_s = call.time_left(self.timeout) if call is not None else self.timeout
        made = guard.connect(self.host, self.port, timeout_s, self.socket_options)
        if call is not None:
            made.settimeout(call.time_left(self.timeout))  # the handshake, where one follows
        return made

    def send(self: Any, data: Any) -> None:
        if self.sock is None and self.auto_open:
            self.connect()
        call = getattr(_current, "call", None)
        if call is not None:
            call.has_sent = True
        super().send(data)  # type: ignore[misc]

    def request(self: Any, *args: Any, **options: Any) -> None:
        call = getattr(_current, "call", None)
        if call is not None:
            call.connection = self
        super().request(*args, **options)  # type: ignore[misc]

    def connect(self: Any) -> None:
        call = getattr(_current, "call", None)
        if call is not None:
            call.connection = self
        super().connect()  # type: ignore[misc]


class GuardedHTTPConnection(_Guarded, HTTPConnection):
    pass


class GuardedHTTPSConnection(_Guarded, HTTPSConnection):
    pass


class GuardedHTTPPool(HTTPConnectionPool):
    ConnectionCls = GuardedHTTPConnection


class GuardedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = GuardedHTTPSConnection  # type: ignore[assignment]


GUARDED = {"http": GuardedHTTPPool, "https": GuardedHTTPSPool}


class GuardedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        context = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
        context.load_verify_locations(certifi.where())
        if settings.HUB_CA_BUNDLE:
            context.load_verify_locations(settings.HUB_CA_BUNDLE)
        super().init_poolmanager(*args, **options, ssl_context=context)  # type: ignore[no-untyped-call]
        self.poolmanager.pool_classes_by_scheme = GUARDED
        self._context = context

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        """Calls through the egress proxy keep to their budget like all others."""
        made = super().proxy_manager_for(proxy, **options, ssl_context=self._context)
        made.pool_classes_by_scheme = GUARDED
        return made

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Always verified, with the context made above."""
        conn.cert_reqs = "CERT_REQUIRED"

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        made = super().build_connection_pool_key_attributes(request, verify, cert)
        host: Any = made[0]
        pool: Any = made[1]
        for name in ("ca_certs", "ca_cert_dir", "cert_reqs", "ssl_context"):
            pool.pop(name, None)
        return host, pool


def session() -> requests.Session:
    """This thread's session: connections are kept and reused, cookies are not."""
    made: requests.Session | None = getattr(_current, "session", None)
    if made is None:
        made = requests.Session()
        made.trust_env = False
        made.headers.clear()
        made.cookies.set_policy(_NoCookies())
        adapter = GuardedAdapter(pool_connections=20, pool_maxsize=2, max_retries=0)
        made.mount("https://", adapter)
        made.mount("http://", adapter)
        if settings.HUB_EGRESS_PROXY:
            made.proxies = {"http": settings.HUB_EGRESS_PROXY, "https": settings.HUB_EGRESS_PROXY}
        _current.session = made
    return made


class _NoCookies(requests.cookies.cookielib.DefaultCookiePolicy):  # type: ignore[name-defined,misc]
    def set_ok(self, cookie: Any, request: Any) -> bool:
        return False


class _Watchdog:
    """One thread that cuts calls whose deadline has come."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Call]] = []
        self._count = itertools.count()
        self._changed = threading.Condition()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def add(self, deadline: float, call: Call) -> None:
        with self._changed:
            heapq.heappush(self._heap, (deadline, next(self._count), call))
            if self._heap[0][2] is call:
                self._changed.notify()

    def _watch(self) -> None:
        while True:
            with self._changed:
                while self._heap and self._heap[0][2].is_over:
                    heapq.heappop(self._heap)
                wait = self._heap[0][0] - time.monotonic() if self._heap else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                call = heapq.heappop(self._heap)[2]
            call.cut()


_watchdogs: list[_Watchdog] = []  # one, made at the first call: a forked worker gets a thread of its own
_watchdogs_guard = threading.Lock()
os.register_at_fork(after_in_child=_watchdogs.clear)


@contextmanager
def within(budget_s: float) -> Iterator[Call]:
    """Everything the block does on this thread's connection is over after ``budget_s`` seconds."""
    with _watchdogs_guard:
        if not _watchdogs:
            _watchdogs.append(_Watchdog())
    call = Call(time.monotonic() + budget_s)
    _current.call = call
    _watchdogs[0].add(call.ends_at, call)
    try:
        yield call
    finally:
        call.end()
        _current.call = None
