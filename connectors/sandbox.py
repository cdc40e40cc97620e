"""The small toolkit every provider's sandbox is built with, and the mount that serves them all on one port.

A sandbox is a strict in-memory stand-in for one vendor: a WSGI application made by a function, with its own state, its
journal of received requests and its faults. Not for production traffic: state lives in one process and dies with it.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

JOURNAL_LIMIT = 10_000
BLOCK = 256 * 1024


@dataclass
class Request:
    """One received request. ``path`` is relative to the sandbox's own prefix and starts with a slash."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # lower-case names
    body: bytes
    base_url: str = ""  # where this sandbox is reached, its prefix included, without a slash at the end

    def json(self) -> Any:
        """The body as JSON; raises ``ValueError`` where it is none."""
        return json.loads(self.body)


@dataclass
class Reply:
    """What the sandbox answers. ``drop`` closes the connection without an answer (the write may have been done)."""

    status: int = 200
    body: Any = None  # str, bytes and files (a path) go out as they are, anything else as JSON
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    drop: bool = False
    journal: dict[str, Any] = field(default_factory=dict)  # what the journal says besides: operation, cost, outcome

    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return b"" if self.body is None else json.dumps(self.body, default=str).encode()


class Sandbox:
    """Base of a provider's sandbox: override ``handle`` and ``reset``. Calls of one sandbox run one at a time under
    ``lock``; a reply's delay is waited for outside it.

    Control, the same for every sandbox: ``POST /_sandbox/reset``, ``GET /_sandbox/log`` (the journal, oldest first),
    ``POST /_sandbox/fault`` (``{"kind": ..., "match": path prefix, "times": n}``).
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.journal: list[dict[str, Any]] = []
        self.faults: list[dict[str, Any]] = []
        self.reset()

    def reset(self) -> None:
        """Back to the seeds."""

    def handle(self, request: Request) -> Reply:
        raise NotImplementedError

    def control(self, request: Request) -> Reply | None:
        """The vendor-specific control calls below ``/_sandbox/``; ``None`` where there is no such call."""
        return None

    def take_fault(self, path: str) -> dict[str, Any] | None:
        """The next fault set for this path, used up by one."""
        for fault in self.faults:
            if path.startswith(fault.get("match", "/")):
                fault["times"] = int(fault.get("times", 1)) - 1
                if fault["times"] <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request = _read(environ)
        with self.lock:
            reply = self._control(request) if request.path.startswith("/_sandbox/") else self._handle(request)
        if reply.delay_s:
            time.sleep(reply.delay_s)
        if reply.drop:
            start_response("500 Dropped", [("Content-Length", "0")])
            _drop(environ)
            return []
        if isinstance(reply.body, Path):
            return _stream(reply, start_response)
        content = reply.content()
        default_type = "application/json" if not isinstance(reply.body, str) else "text/html; charset=utf-8"
        headers = {"Content-Type": default_type, **reply.headers, "Content-Length": str(len(content))}
        start_response(f"{reply.status} {_phrase(reply.status)}", list(headers.items()))
        return [content]

    def _handle(self, request: Request) -> Reply:
        reply = self.handle(request)
        self.journal.append(
            {
                "at": time.time(),
                "method": request.method,
                "path": request.path,
                "query": request.query,
                "headers": {k: ("***" if k in SECRET_HEADERS else v) for k, v in request.headers.items()},
                "body": SECRET_MEMBERS.sub(r"\1***", request.body[:65_536].decode("utf-8", "replace")),
                "status": 0 if reply.drop else reply.status,
                **reply.journal,
            }
        )
        del self.journal[:-JOURNAL_LIMIT]
        return reply

    def _control(self, request: Request) -> Reply:
        call = (request.method, request.path)
        if call == ("POST", "/_sandbox/reset"):
            self.journal.clear()
            self.faults.clear()
            self.reset()
            return Reply(body={"ok": True})
        if call == ("GET", "/_sandbox/log"):
            return Reply(body={"log": self.journal})
        if call == ("POST", "/_sandbox/fault"):
            self.faults.append(request.json())
            return Reply(body={"ok": True})
        return self.control(request) or Reply(404, {"error": "no such control call"})


SECRET_MEMBERS = re.compile(r"((?:client_secret|refresh_token)(?:=|\":\s*\"))[^&\"]+")
SECRET_HEADERS = {"x-erp-key", "authorization", "x-shopify-access-token", "cookie"}


def mount(applications: Mapping[str, Application]) -> Application:
    """One WSGI application that hands ``/<prefix>/...`` to the sandbox of that prefix; ``/`` lists them."""

    def serve(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        prefix, _, rest = environ.get("PATH_INFO", "/").lstrip("/").partition("/")
        application = applications.get(prefix)
        if application is None:
            known = not prefix
            body = json.dumps({"sandboxes": sorted(applications)} if known else {"error": "no such sandbox"}).encode()
            start_response("200 OK" if known else "404 Not Found", [("Content-Type", "application/json")])
            return [body]
        inner = {**environ, "SCRIPT_NAME": environ.get("SCRIPT_NAME", "") + "/" + prefix, "PATH_INFO": "/" + rest}
        return application(inner, start_response)

    return serve


def _read(environ: Environ) -> Request:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO") or "/",
        query=dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
        headers=headers,
        body=environ["wsgi.input"].read(length) if length else b"",
        base_url=f"{environ.get('wsgi.url_scheme', 'http')}://{environ.get('HTTP_HOST', '')}{environ.get('SCRIPT_NAME', '')}",
    )


def _stream(reply: Reply, start_response: StartResponse) -> Iterable[bytes]:
    """A file, a block at a time."""
    path: Path = reply.body
    headers = {"Content-Type": "application/octet-stream", **reply.headers, "Content-Length": str(path.stat().st_size)}
    start_response(f"{reply.status} {_phrase(reply.status)}", list(headers.items()))
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def _drop(environ: Environ) -> None:
    """Close the client's connection at once: the far end sees a reset, as when a server dies after a write."""
    connection = environ.get("gunicorn.socket")
    if connection is None:
        raise ConnectionResetError("the sandbox was told to drop the connection")
    connection.shutdown(socket.SHUT_RDWR)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
