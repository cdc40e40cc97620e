"""A stage: one provider's sandbox, fresh, behind a real server that can go wrong at any request of a run.

``stage.address()`` is where a connector is pointed at. ``stage.after`` requests are played well, then ``stage.fault``
answers each one; what it answers repeats everything that was sent and every secret it was told, as careless remotes do.
"""

from __future__ import annotations

import io
import itertools
import json
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from connectors.base import Provider
from tests.remote import Received, Remote, _send

MARK = "BOO-SAYS-THE-REMOTE"  # part of every text a faulty remote sends: no shopper may ever read it
Fault = Callable[["Stage", socket.socket, Received], bool]
Change = Callable[[int, Any], Any]  # (number of the request, parsed answer) -> answer
CONTROL = "/_sandbox/"


class Stage(Remote):
    """``count`` requests came since the last ``set``, ``hits`` of them met the fault; ``answers_given`` are the parsed
    JSON answers; ``change`` may replace one."""

    def __init__(self, provider: Provider) -> None:
        assert provider.sandbox is not None
        self.spec = provider.sandbox
        self.numbers = itertools.count(1)
        super().__init__()

    def reset(self) -> None:
        super().reset()
        self.application = self.spec.application()
        self.secrets: list[str] = []
        self.ended = threading.Event()
        self.set(None)

    def set(self, fault: Fault | None, *, after: int = 0, change: Change | None = None) -> None:
        self.fault, self.after, self.change = fault, after, change
        self.count = self.hits = 0
        self.answers_given: list[Any] = []

    def address(self) -> str:
        """The sandbox's address, prefix included; another one each time, so that nothing kept for one connector (a
        token) serves the next."""
        return f"{self.url}/{next(self.numbers)}/{self.spec.prefix}"

    def journal(self) -> list[dict[str, Any]]:
        return json.loads(self.control("GET", "log"))["log"]

    def control(self, method: str, call: str, body: object = None) -> bytes:
        content = b"" if body is None else json.dumps(body).encode()
        status, _, answer = self._call(Received(method, f"{CONTROL}{call}", {}, content, 0), "")
        assert status == 200, answer
        return answer

    def _answer(self, made: socket.socket, request: Received) -> bool:
        self.count += 1
        if self.fault is not None and self.count > self.after:
            self.hits += 1
            return self.fault(self, made, request)
        return self.play(made, request)

    def play(self, made: socket.socket, request: Received) -> bool:
        """Have the sandbox answer."""
        number = self.count - 1
        first, _, rest = request.path.lstrip("/").partition("/")  # the number of ``address``
        path = "/" + rest.removeprefix(self.spec.prefix).lstrip("/")
        try:
            status, headers, content = self._call(request, path, f"/{first}/{self.spec.prefix}")
        except ConnectionResetError:
            return False
        try:
            parsed = json.loads(content)
        except ValueError:
            parsed = None
        else:
            if self.change is not None:
                parsed = self.change(number, parsed)
                content = json.dumps(parsed).encode()
        self.answers_given.append(parsed)
        kept = {name: value for name, value in headers if name.lower() != "content-length"}
        return _send(made, status, content, kept)

    def _call(self, request: Received, path: str, script: str = "") -> tuple[int, list[tuple[str, str]], bytes]:
        path, _, query = (path or request.path).partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method, "PATH_INFO": unquote(path), "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(request.body)), "CONTENT_TYPE": request.headers.get("content-type", ""),
            "wsgi.input": io.BytesIO(request.body), "SERVER_NAME": "127.0.0.1", "SERVER_PORT": str(self.port),
            "wsgi.url_scheme": "http", "SCRIPT_NAME": script,
        }  # fmt: skip
        for name, value in request.headers.items():
            if name not in ("content-type", "content-length"):
                environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        started: list[Any] = []
        content = b"".join(self.application(environ, lambda *given: started.append(given)))
        status, headers = started[0][:2]
        return int(status.split(" ")[0]), headers, content


# --- faults ---------------------------------------------------------------------------------------------------------


def _said(stage: Stage, request: Received) -> str:
    """What a careless remote writes into its error: the whole call, and whatever else it knows of us."""
    return f"{MARK} {request.method} {request.path} {request.headers} {request.body!r} {' '.join(stage.secrets)}"


def _error_body(stage: Stage, request: Received) -> dict[str, Any]:
    said = _said(stage, request)
    return {
        "error": said, "errors": [{"message": said, "extensions": {"code": said}}], "error_description": said,
        "message": said, "Message": said, "detail": said, "title": said, "code": 77, "ErrorCode": 77,
    }  # fmt: skip


def _status(status: int, **headers: str) -> Fault:
    def answer(stage: Stage, made: socket.socket, request: Received) -> bool:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        said = _said(stage, request).encode("ascii", "replace").decode()
        return _send(made, status, _error_body(stage, request), {"X-Said": said[:1500], **more})

    return answer


def _text(kind: str, template: str, status: int = 200) -> Fault:
    def answer(stage: Stage, made: socket.socket, request: Received) -> bool:
        content = template.replace("%", _said(stage, request)).encode()
        return _send(made, status, content, {"Content-Type": kind})

    return answer


def _json(body: Any) -> Fault:
    return lambda stage, made, request: _send(made, 200, body)


def _silent(stage: Stage, made: socket.socket, request: Received) -> bool:
    stage.ended.wait(3)
    return False


def _reset(stage: Stage, made: socket.socket, request: Received) -> bool:
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    made.close()
    return False


def lost(stage: Stage, made: socket.socket, request: Received) -> bool:
    """The remote does what was asked and dies before it answers."""

    class Nowhere:
        def sendall(self, content: bytes) -> None:
            pass

    stage.play(Nowhere(), request)  # type: ignore[arg-type]
    return _reset(stage, made, request)


HTML = "<!doctype html><html><body><h1>Sign in</h1><p>%</p></body></html>"
FAULTS: dict[str, Fault] = {
    "500": _status(500), "503": _status(503, Retry_After="7"), "429": _status(429, Retry_After="7"),
    "401": _status(401), "403": _status(403), "404": _status(404), "422": _status(422),
    "silent": _silent, "reset": _reset, "html": _text("text/html", HTML), "html 500": _text("text/html", HTML, 500),
    "garbage": _text("application/json", '{"a": ["%", '),
}  # fmt: skip
# Answers that are JSON and no more: no run may take one of them for what it asked for, or fall over it.
SHAPES: dict[str, Fault] = {
    "null": _json(None), "number": _json(12.5), "text": _json("text"), "list": _json([]), "nested list": _json([[[1]]]),
    "object": _json({}), "objects": _json([{}]), "data null": _json({"data": None, "Data": None, "Result": True}),
    "data text": _json({"data": "text", "Data": "text", "Result": True, "ErrorCode": 0}),
    "data list": _json({"data": [], "Data": [], "Result": True, "ErrorCode": 0}),
    "errors text": _json({"errors": "text", "error": {"a": 1}, "Result": False, "ErrorCode": [1], "Message": {"a": 1}}),
}  # fmt: skip
