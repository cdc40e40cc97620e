"""A throwaway provider for the core's own tests: every kind of declaration, and handlers that do as a test says.

Registered by the ``testing_provider`` fixture and removed afterwards. ``STATE`` is what a test programs.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms

from connectors.base import (
    Accept,
    Answer,
    Budget,
    Check,
    Delivered,
    Endpoint,
    Handler,
    Identity,
    Lookup,
    MappingKind,
    Provider,
    Signature,
    Single,
    Sync,
    Webhook,
)
from connectors.exceptions import (
    ConfigurationError,
    HubError,
    MappingMissing,
    PayloadError,
    RemoteRefused,
    RemoteTimedOut,
    RemoteUnauthorised,
    RemoteUnavailable,
    Skip,
    UnconfirmedWrite,
    WaitFor,
    WebhookRejected,
)
from connectors.http import HttpAnswer, HttpClient, raise_for_status
from connectors.records import Order, StockLevel
from connectors.run import Run
from connectors.schema import setting

SLUG = "testing"
TOKEN = 'tok-secret/+&"ü=1'


@dataclass(frozen=True, kw_only=True)
class Settings:
    base_url: str = setting(forms.CharField(label="Address", help_text="Where the remote answers."))
    token: str = setting(forms.CharField(label="Token", required=False, strip=False), secret=True)
    level: int = setting(forms.IntegerField(label="Level", required=False, initial=1))


@dataclass(frozen=True, kw_only=True)
class Options:
    tag: str = setting(forms.CharField(label="Tag", required=False, initial="hub"))


class Client:
    """One method per way of calling; ``path`` chooses the remote's behaviour."""

    def __init__(self, settings: Settings, http: HttpClient) -> None:
        self.settings = settings
        self.http = http

    def call(self, method: str, path: str, **more: Any) -> HttpAnswer:
        headers = {"X-Token": self.settings.token.encode().decode("latin-1")} | more.pop("headers", {})
        more = {"timeout_s": (1.0, 2.0)} | more
        return self.http.request(method, self.settings.base_url + path, headers=headers, **more)

    def read(self, path: str = "/ok", **more: Any) -> Any:
        return raise_for_status(self.call("GET", path, **more), "The remote").json()

    def write(self, path: str, body: Any, **more: Any) -> Any:
        return raise_for_status(self.call("POST", path, json=body, write=True, **more), "The remote").json()


@dataclass
class State:
    """What the handlers do; a test replaces members, ``reset`` brings back the usual."""

    call: Callable[[Run], str | None] = lambda run: "Called."
    accept: Callable[[Run, Order], Delivered] = lambda run, order: push(run, order)
    lookup: Callable[[Run, Mapping[str, Any]], Answer] = lambda run, params: Answer(
        available=True, data={"things": [run.client.read("/ok")]}
    )
    check: Callable[[Run], str] = lambda run: f"The remote says {run.client.read('/ok')}."
    probe: Callable[[Run], object] = lambda run: run.client.read("/probe")
    sync: Callable[[Run], str | None] = lambda run: "Walked."
    feed: Callable[[Run], str | None] = lambda run: "Fed."
    identify: Callable[[Mapping[str, str], Any], Identity] | None = None
    endpoint: Callable[[Run, Any], Any] | None = None
    handled: list[int] = field(default_factory=list)

    def reset(self) -> None:
        self.__dict__.update(State().__dict__)


STATE = State()

ERRORS: dict[str, HubError] = {
    "configuration": ConfigurationError("The settings are wrong."),
    "mapping": MappingMissing("location", "Bonn"),
    "payload": PayloadError("It cannot be read.", path="a.b"),
    "rejected": WebhookRejected("No."),
    "unconfirmed": UnconfirmedWrite("It may be there.", code="unconfirmed"),
    "dependency": WaitFor("The order must be there first.", code="order:1"),
    "unavailable": RemoteUnavailable("It is away.", code="503"),
    "later": RemoteUnavailable("Later.", code="503", retry_after_s=90),
    "throttled": RemoteUnavailable("Slow down.", code="throttled", retry_after_s=40),
    "timed_out": RemoteTimedOut("It is slow.", code="timeout"),
    "refused": RemoteRefused("It refused.", code="422"),
    "unauthorised": RemoteUnauthorised("Wrong key.", code="401"),
}


def _note(run: Run) -> None:
    assert run.event is not None
    STATE.handled.append(run.event.pk)


def _no_op(run: Run) -> str:
    _note(run)
    return "Nothing to do."


def _raise(name: str) -> Callable[[Run], str]:
    def handle(run: Run) -> str:
        _note(run)
        raise ERRORS[name]

    return handle


def _skip(run: Run) -> str:
    raise Skip("Test orders are not sent.", reason="filtered", code="test_order")


def _bug(run: Run) -> str:
    raise ZeroDivisionError(f"with {run.settings.token} in hand")


def _order(run: Run) -> str:
    count = run.deliver(order(**run.payload))
    return f"Delivered along {count} route(s)."


def _call(run: Run) -> str | None:
    _note(run)
    return STATE.call(run)


def order(**more: Any) -> Order:
    base: dict[str, Any] = {
        "id": "1001", "number": "1", "name": "#1", "source": "shop.example", "created_at": "2026-01-01T00:00:00Z",
        "currency": "EUR", "total": "10.00",
    }  # fmt: skip
    import json

    return Order.from_json(json.dumps(base | more).encode())


def push(run: Run, one: Order) -> Delivered:
    """The usual acceptance: writes the order, mapping its currency where a mapping asks for it."""
    made = run.client.write("/orders", {"reference": one.id, "total": str(one.total), "tag": run.options.tag})
    return Delivered(target_id=str(made.get("id", "T1")), target_number=f"SO-{one.number}")


def sign(body: bytes, token: str = TOKEN) -> str:
    return hmac.new(token.encode(), body, hashlib.sha256).hexdigest()


def _signature(settings: Settings, headers: Mapping[str, str]) -> Signature:
    given = headers.get("x-signature", "")
    if not given:
        raise WebhookRejected("No signature.", code="bad_signature")
    return Signature([hmac.new(settings.token.encode(), digestmod=hashlib.sha256)], bytes.fromhex(given))


def _identify(headers: Mapping[str, str], parsed: Any) -> Identity:
    if STATE.identify is not None:
        return STATE.identify(headers, parsed)
    one = parsed if isinstance(parsed, dict) else {}
    return Identity(
        topic=headers.get("x-topic", "noop"), delivery_id=headers.get("x-delivery", ""), object_type="thing",
        object_id=str(one.get("id", "")), object_label=str(one.get("name", "")),
        keys=[("thing_number", str(one.get("name", "")))],
    )  # fmt: skip


def _endpoint(run: Run, request: Any) -> Any:
    assert STATE.endpoint is not None
    return STATE.endpoint(run, request)


class ThingParams(forms.Form):
    customer_code = forms.CharField(required=False)


provider = Provider(
    slug=SLUG,
    label="Testing",
    settings=Settings,
    client=Client,
    checks=(
        Check(name="answer", label="Answer", function=lambda run: STATE.check(run)),
        Check(name="off", label="Off", function=lambda run: "never", applies=lambda settings: False),
    ),
    probe=lambda run: STATE.probe(run),
    webhook=Webhook(signature=_signature, identify=_identify),
    handlers={
        "noop": Handler(function=_no_op, reads_current_state=True),
        "delete": Handler(function=_no_op),
        "duty": Handler(function=_no_op, is_duty=True),
        "read": Handler(function=lambda run: f"Read {run.client.read('/ok')}."),
        "write": Handler(function=lambda run: f"Wrote {run.client.write('/write', run.payload)}."),
        "call": Handler(function=_call),
        "skip": Handler(function=_skip),
        "bug": Handler(function=_bug),
        "order": Handler(function=_order, reads_current_state=True),
        **{f"raise/{name}": Handler(function=_raise(name), max_attempts=3) for name in ERRORS},
    },
    ignored=frozenset({"ignored"}),
    syncs={
        "all": Sync(label="All", function=lambda run: STATE.sync(run), every_minutes=30),
        "routes": Sync(label="Routes", function=lambda run: STATE.sync(run), follows_routes=True),
    },
    singles={"thing": Single(label="Thing", function=_call)},
    emits=(Order, StockLevel),
    accepts={
        Order: Accept(function=lambda run, one: STATE.accept(run, one), options=Options, max_attempts=4),
        StockLevel: Accept(feed=lambda run: STATE.feed(run), max_attempts=3),
    },
    lookups=(
        Lookup(
            path="things", label="Things", topic="things", params=ThingParams, budget_s=2.0, share=2,
            function=lambda run, params: STATE.lookup(run, params), customer_param="customer_code",
            neutral=lambda settings: Answer(available=False, message="Not now.", fallback="ask_us"),
        ),
    ),
    endpoints={
        "echo": Endpoint(function=_endpoint),
        "rates": Endpoint(function=_endpoint, topic="rates/asked", budget_s=2.0),
    },
    mappings=(MappingKind(name="location", label="Locations"),),
    budget=Budget(concurrency=8),
)  # fmt: skip
