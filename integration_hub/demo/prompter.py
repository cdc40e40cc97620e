"""What every scene needs: control calls of the sandbox, the hub's API as a storefront uses it, patience, and checks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import requests
from django.conf import settings

from integration_hub.demo.cast import Cast

PATIENCE_S = 30.0


class Unverified(AssertionError):
    """A step did not show where it must."""


class Prompter:
    """``say(text, link)`` prints one line."""

    def __init__(self, cast: Cast, say: Callable[[str, str], None]) -> None:
        self.cast = cast
        self.say = say
        self.hub = requests.Session()
        self.hub.headers["Authorization"] = f"Bearer {cast.key}"

    def sandbox(self, path: str, **wish: Any) -> dict[str, Any]:
        answer = requests.post(settings.SANDBOX_URL + path, json=wish, timeout=30)
        self.check(
            answer.status_code == 200, f"the sandbox answered {answer.status_code} to {path}: {answer.text[:200]}"
        )
        return dict(answer.json())

    def erp_calls(self) -> int:
        return len(requests.get(f"{settings.SANDBOX_URL}/erp/_sandbox/log", timeout=10).json()["log"])

    def ask(self, method: str, path: str, params: dict[str, Any]) -> dict[str, Any]:
        url = f"{settings.HUB_BASE_URL}/api/v1/connectors/{self.cast.erp.slug}/{path}"
        more: dict[str, Any] = {"params": params} if method == "GET" else {"json": params}
        answer = self.hub.request(method, url, timeout=30, **more)
        self.check(answer.status_code == 200, f"{path} was answered {answer.status_code}: {answer.text[:300]}")
        return dict(answer.json())

    def newest(self, connector: str, number: str, topic: str, *, after: int = 0) -> dict[str, Any] | None:
        answer = self.hub.get(
            f"{settings.HUB_BASE_URL}/api/v1/events", params={"connector": connector, "number": number}, timeout=10
        )
        self.check(answer.status_code == 200, f"the events API answered {answer.status_code}: {answer.text[:200]}")
        return next((dict(event) for event in answer.json()["events"]
                     if event["topic"] == topic and int(event["id"]) > after), None)  # fmt: skip

    def event(self, number: str) -> dict[str, Any]:
        answer = self.hub.get(f"{settings.HUB_BASE_URL}/api/v1/events/{number}", timeout=10)
        self.check(answer.status_code == 200, f"event {number} was answered {answer.status_code}")
        return dict(answer.json())

    def event_of(self, find: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
        found: list[dict[str, Any]] = []

        def look() -> bool:
            one = find()
            found.extend([one] if one else [])
            return bool(one)

        self.wait(look, "the event was not found by its number")
        return found[0]

    def final(self, number: str) -> dict[str, Any]:
        """The event once it has its outcome."""
        self.wait(lambda: self.event(number)["outcome"] in {"succeeded", "skipped", "failed"},
                  f"event {number} got no outcome")  # fmt: skip
        return self.event(number)

    def wait(self, ready: Callable[[], bool], otherwise: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not ready():
            self.check(time.monotonic() < end, f"{otherwise} within {PATIENCE_S:.0f} s")
            time.sleep(0.1)

    def link(self, event: dict[str, Any], page: str = "change/") -> str:
        return f"{settings.HUB_BASE_URL}/admin/events/event/{event['id']}/{page}"

    def check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise Unverified(otherwise)
