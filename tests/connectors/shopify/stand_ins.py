"""Small stand-ins: an HTTP client over the wire, one with prepared answers, and the run a handler is given."""

from __future__ import annotations

import json as json_module
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import requests

from connectors.exceptions import PayloadError, RemoteTimedOut, RemoteUnavailable, Skip
from connectors.http import Form, HttpAnswer


class Answer(HttpAnswer):
    def json(self) -> Any:
        try:
            return json_module.loads(self.content, parse_float=Decimal)
        except ValueError as error:
            raise PayloadError("The answer is not JSON.") from error


class RealHttp:
    """Sends over the wire and keeps what it sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def request(self, method: str, url: str, *, headers=None, json=None, data=None, timeout_s=(3.0, 10.0), **more: Any):
        self.sent.append({"method": method, "url": url, "headers": headers, "json": json, "data": data, **more})
        try:
            if isinstance(data, Form):
                headers = {**(headers or {}), "Content-Type": data.content_type}
            answer = requests.request(
                method, url, headers=headers, json=json, data=data, timeout=timeout_s, allow_redirects=False
            )
        except requests.Timeout as error:
            raise RemoteTimedOut("No answer in time.") from error
        except requests.ConnectionError as error:
            raise RemoteUnavailable("The connection broke.", code="reset") from error
        lower = {name.lower(): value for name, value in answer.headers.items()}
        if (into := more.get("into")) is not None and answer.status_code < 300:
            into.write(answer.content)
        return Answer(answer.status_code, answer.content, lower)

    def doubt(self, request_id: str, why: str) -> None:
        self.doubted = [*getattr(self, "doubted", []), why]


class ScriptedHttp:
    """Gives prepared answers one after another: (status, body, headers). More calls than answers are an error."""

    def __init__(self, *answers: tuple[int, Any] | tuple[int, Any, Mapping[str, str]]) -> None:
        self.answers = list(answers)
        self.sent: list[dict[str, Any]] = []

    def request(self, method: str, url: str, **more: Any) -> Answer:
        self.sent.append({"method": method, "url": url, **more})
        status, body, *rest = self.answers.pop(0)
        content = body.encode() if isinstance(body, str) else json_module.dumps(body).encode()
        return Answer(status, content, rest[0] if rest else {}, request_id="r1")

    def doubt(self, request_id: str, why: str) -> None:
        self.doubted = [*getattr(self, "doubted", []), why]


@dataclass
class FakeRun:
    """What a handler uses of the hub's run, kept for the test to look at."""

    client: Any
    payload: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    checkpoint: dict[str, Any] = field(default_factory=dict)
    routes: int = 1
    delivered: list[Any] = field(default_factory=list)
    described: dict[str, str] = field(default_factory=dict)
    found_keys: list[tuple[str, str]] = field(default_factory=list)
    spawned: list[dict[str, Any]] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    connector: Any = field(default_factory=lambda: SimpleNamespace(pk=None))
    became: list[tuple[str, str]] = field(default_factory=list)
    link: Any = None
    options: Any = None
    source_connector_slug: str = "erp"
    body: bytes = b""
    unfinished_write: bool = False
    told: tuple[int, int] = (0, 0)

    @property
    def settings(self) -> Any:
        return self.client.settings

    def describe(self, **named: str) -> None:
        self.described = named

    def keys(self, keys: list[tuple[str, str]]) -> None:
        self.found_keys += keys

    def key(self, kind: str, value: str) -> None:
        self.found_keys.append((kind, value))

    def map(self, kind: str, value: str, *, default: str) -> str:
        return default

    def deliver(self, record: Any) -> int:
        if not self.routes:
            raise Skip("No route takes orders.", reason="not_routed")
        self.delivered.append(record)
        return self.routes

    def is_routed(self, kind: Any) -> bool:
        return self.routes > 0

    @property
    def days(self) -> tuple[date, date]:
        return date.fromisoformat(self.payload["first"]), date.fromisoformat(self.payload["last"])

    def progress(self, done: int, expected: int) -> None:
        self.told = (done, expected)

    def spawn(self, **event: Any) -> None:
        self.spawned.append(event)

    def note(self, code: str, text: str) -> None:
        self.notes[code] = text

    def documents(self, record_type: type, object_id: str) -> list[tuple[str, str]]:
        return self.became

    def save_checkpoint(self, **values: Any) -> None:
        self.checkpoint |= values
