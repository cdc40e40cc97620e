"""Xoro tenants of the kill tests: the sandbox over real HTTP in the test's own process, one tenant a prefix, each of
which can be made to stop at one call: before the write is done, or after it and before its answer."""

from __future__ import annotations

import io
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from connectors.sandbox import Environ, StartResponse, mount
from connectors.xoro.sandbox import XoroSandbox

LONGEST_S = 60.0


@dataclass
class Stop:
    """Where a tenant stops: at the ``nth`` call of a route whose query or body has ``text`` in it, counted from now on.
    ``is_done``: the call's work is done before the stop, else after it. ``is_cut``: after the stop it is not done at
    all."""

    route: str
    nth: int = 1
    text: str = ""
    is_done: bool = True
    is_cut: bool = False
    arrived: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    count: int = 0
    port: int = 0  # of whoever made that call

    def is_met(self, path: str, content: str) -> bool:
        if not path.endswith(self.route) or self.text not in content:
            return False
        self.count += 1
        return self.count == self.nth

    def wait(self) -> None:
        self.arrived.set()
        self.released.wait(LONGEST_S)


class Tenant(XoroSandbox):
    def __init__(self) -> None:
        super().__init__()
        self.stop: Stop | None = None
        self.next: Stop | None = None  # from when the first is met

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        stop = self.stop
        if stop is None or not stop.is_met(environ["PATH_INFO"], environ.get("QUERY_STRING", "") + body.decode()):
            return super().__call__(environ, start_response)
        stop.port = int(environ["REMOTE_PORT"])
        self.stop, self.next = self.next, None
        if not stop.is_done:
            stop.wait()
            if stop.is_cut:
                raise ConnectionResetError
        answer = list(super().__call__(environ, start_response))
        if stop.is_done:
            stop.wait()
        return answer

    def writes(self) -> dict[str, int]:
        """How often each route that writes was called."""
        return dict(Counter("/".join(one["path"].split("/")[-2:]) for one in self.journal if one["method"] == "POST"))


class _Handler(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def get_environ(self) -> Environ:
        return {**super().get_environ(), "REMOTE_PORT": str(self.client_address[1])}

    def get_stderr(self) -> Any:
        return io.StringIO()  # whoever asked was killed


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        pass


class Tenants:
    """``url`` is what a hub's ``SANDBOX_URL`` names."""

    def __init__(self, names: Iterable[str]) -> None:
        self.of = {name: Tenant() for name in names}
        self.server = make_server("127.0.0.1", 0, mount(self.of), _Server, _Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
