"""The cast: a sandbox ERP served over real HTTP, and small stand-ins of the hub's own HTTP client."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
import requests

from connectors.exceptions import RemoteTimedOut, RemoteUnavailable
from connectors.generic_erp import recent
from connectors.generic_erp import sandbox as erp_sandbox
from connectors.generic_erp.client import GenericErpClient
from connectors.generic_erp.settings import GenericErpSettings
from connectors.http import HttpAnswer
from connectors.models import Connector
from connectors.sandbox import mount

SAMPLES = Path(erp_sandbox.__file__).parent / "samples"


def sample(name: str) -> Any:
    """A canonical request or response, as the client would parse it."""
    return json.loads((SAMPLES / f"{name}.json").read_text(), parse_float=Decimal)


class PlainHttp:
    """The hub's HTTP client reduced to what the contract relies on; ``sent`` keeps the calls, attempts included."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.attempts = 0

    def request(self, method: str, url: str, **call: Any) -> HttpAnswer:
        self.calls.append({"method": method, "url": url, **call})
        started = time.monotonic()
        while True:
            self.attempts += 1
            answer: HttpAnswer | None = None
            try:
                answer = self._once(method, url, call)
                is_worth_another = answer.status in call["retry_statuses"]
            except requests.ReadTimeout as error:
                raise RemoteTimedOut("No answer within the time allowed.") from error
            except requests.ConnectionError as error:
                if self.attempts % 2 == 0:
                    raise RemoteUnavailable("No connection to the remote system.", code="connect") from error
                is_worth_another = True
            has_time = time.monotonic() - started + call["retry_pause_s"] < call["budget_s"]
            if answer is not None and not (is_worth_another and has_time and self.attempts == 1):
                return answer
            time.sleep(call["retry_pause_s"] / 10)

    def _once(self, method: str, url: str, call: dict[str, Any]) -> HttpAnswer:
        answer = requests.request(
            method, url, headers=call["headers"], json=call["json"], timeout=call["timeout_s"], allow_redirects=False
        )
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return HttpAnswer(answer.status_code, answer.content, headers, request_id="r-1")


class Canned:
    """An HTTP client that gives one answer, or raises one error, whatever is asked."""

    def __init__(self, answer: HttpAnswer | Exception) -> None:
        self.answer = answer
        self.calls: list[dict[str, Any]] = []

    def request(self, method: str, url: str, **call: Any) -> HttpAnswer:
        self.calls.append({"method": method, "url": url, **call})
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def canned(status: int, body: Any = b"", **headers: str) -> Canned:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Canned(HttpAnswer(status, content, {k.replace("_", "-"): v for k, v in headers.items()}, request_id="r-1"))


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    """The address of a running sandbox, its prefix included."""
    application = mount({"erp": erp_sandbox.application()})
    server = make_server("127.0.0.1", 0, application, server_class=_Server, handler_class=_Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/erp"
    server.shutdown()
    server.server_close()


@pytest.fixture
def erp(sandbox_url: str) -> Iterator[str]:
    """The sandbox, fresh."""
    control(sandbox_url, "reset")
    yield sandbox_url
    control(sandbox_url, "reset")


def control(url: str, call: str, **body: Any) -> None:
    requests.post(f"{url}/_sandbox/{call}", json=body, timeout=5).raise_for_status()


def journal(url: str) -> list[dict[str, Any]]:
    return requests.get(f"{url}/_sandbox/log", timeout=5).json()["log"]  # type: ignore[no-any-return]


@pytest.fixture
def http() -> PlainHttp:
    return PlainHttp()


@pytest.fixture
def client(erp: str, http: PlainHttp) -> GenericErpClient:
    return GenericErpClient(GenericErpSettings(**erp_sandbox.sandbox_settings(erp)), http)


@pytest.fixture(autouse=True)
def _nothing_recent() -> None:
    """No answer of another test is given again."""
    recent.RECENT.clear()


@pytest.fixture
def shop(install: Any) -> Connector:
    """A connector pointed at the sandbox."""
    return install("generic_erp")  # type: ignore[no-any-return]
