"""The cast of the Xoro tests: an order, a tenant, a run, and a plain stand-in for the hub's HTTP client."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import requests

from connectors.exceptions import PayloadError, RemoteTimedOut, RemoteUnavailable
from connectors.http import HttpAnswer
from connectors.models import Connector
from connectors.records import Address, Company, Customer, Order, OrderLine, Payment, ShippingLine, Tax
from connectors.schema import load
from connectors.xoro.client import XoroClient
from connectors.xoro.options import OrderOptions
from connectors.xoro.orders import _fingerprint
from connectors.xoro.sandbox import XoroSandbox, settings_for
from connectors.xoro.settings import XoroSettings

STATE_TAX = Decimal("0.06")
ADDRESS = Address(
    first_name="Ada",
    last_name="Brook",
    company="Brook LLC",
    address1="12 Alder Way",
    city="Salem",
    region="Oregon",
    region_code="OR",
    postal_code="97301",
    country="United States",
    country_code="US",
    phone="+15550100",
)


def make_tax(amount: str, rate: Decimal = STATE_TAX) -> Tax:
    return Tax(title="State Tax", rate=rate, amount=Decimal(amount))


def make_line(**changes: Any) -> OrderLine:
    members: dict[str, Any] = {
        "id": "1440099100771",
        "sku": "LMP-OAK-S",
        "title": "Oak lamp S",
        "quantity": Decimal(1),
        "unit_price": Decimal("55.00"),
        "taxes": (make_tax("3.30"),),
    }
    return OrderLine(**(members | changes))


def make_order(**changes: Any) -> Order:
    """A paid order of a company's buyer: 55.00 + 9.50 shipping + 3.30 tax = 67.80."""
    members: dict[str, Any] = {
        "id": "6120045512001",
        "number": "2041",
        "name": "#2041",
        "source": "lumen-goods.example",
        "created_at": datetime(2026, 3, 7, 18, 30, tzinfo=UTC),
        "currency": "USD",
        "total": Decimal("67.80"),
        "subtotal": Decimal("55.00"),
        "total_tax": Decimal("3.30"),
        "email": "ada@example.com",
        "note": "leave at door",
        "po_number": "PO-77",
        "tags": ("web", "gift"),
        "source_name": "web",
        "financial_status": "paid",
        "customer": Customer(
            id="7710042001", first_name="Ada", last_name="Brook", email="ada@example.com", phone="+15550100"
        ),
        "company": Company(id="330045", name="Brook LLC", external_id="C-330045", location_name="Salem shop"),
        "billing_address": ADDRESS,
        "shipping_address": ADDRESS,
        "lines": (make_line(),),
        "shipping_lines": (ShippingLine(id="51", title="Standard", price=Decimal("9.50")),),
        "payments": (make_payment("67.80"),),
    }
    return Order(**(members | changes))


def make_payment(amount: str, **changes: Any) -> Payment:
    members: dict[str, Any] = {"id": "9001", "gateway": "card", "kind": "sale", "status": "success"}
    return Payment(**(members | {"amount": Decimal(amount)} | changes))


def make_settings(base_url: str = "https://xoro.example", **changes: Any) -> XoroSettings:
    settings: XoroSettings = load(XoroSettings, settings_for(base_url) | changes)
    return settings


class Answer(HttpAnswer):
    def json(self) -> Any:
        try:
            return json.loads(self.content, parse_float=Decimal)
        except ValueError:
            raise PayloadError("not JSON") from None


class PlainHttp:
    """What the hub's HTTP client promises, in the shortest form."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def request(self, method: str, url: str, **more: Any) -> HttpAnswer:
        self.calls.append({"method": method, "url": url, **more})
        sent = {name: more.get(name) for name in ("headers", "params", "json", "auth")}
        try:
            answer = requests.request(method, url, timeout=more["timeout_s"], allow_redirects=False, **sent)
        except requests.Timeout:
            raise RemoteTimedOut("No answer in time.", code="read") from None
        except requests.ConnectionError:
            raise RemoteUnavailable("The connection broke.", code="reset") from None
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status_code, answer.content, headers)


class ScriptedHttp:
    """Answers from a list, in order: (status, body, headers) or an exception to raise."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[dict[str, Any]] = []

    def request(self, method: str, url: str, **more: Any) -> HttpAnswer:
        self.calls.append({"method": method, "url": url, **more})
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body, *headers = answer
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        return Answer(status, content, headers[0] if headers else {})


def scripted_client(*answers: Any, **changes: Any) -> XoroClient:
    pauses: list[float] = []
    client = XoroClient(make_settings(**changes), ScriptedHttp(*answers), sleep=pauses.append)
    client.pauses = pauses  # type: ignore[attr-defined]
    return client


@dataclass
class FakeRun:
    """What a flow uses of the hub's run."""

    settings: XoroSettings
    client: XoroClient
    options: OrderOptions = field(default_factory=OrderOptions)
    source_connector_slug: str = "lumen"
    link: Any = None
    unfinished_write: bool = False
    notes: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def note(self, code: str, text: str) -> None:
        self.notes[code] = text

    checkpoint: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def connector(self) -> Connector:
        """The connector of the tests, in the database."""
        return Connector.objects.get_or_create(slug="xoro", defaults={"name": "Xoro", "provider_slug": "xoro"})[0]

    def save_checkpoint(self, **values: Any) -> None:
        self.checkpoint |= values

    def key(self, kind: str, value: str) -> None:
        self.keys[kind] = value


class Tenant:
    """A sandbox behind HTTP, with its control calls."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.sandbox = XoroSandbox()
        self.http = PlainHttp()
        self.pauses: list[float] = []

    def run(self, options: dict[str, Any] | None = None, **changes: Any) -> FakeRun:
        settings = make_settings(self.address, **changes)
        client = XoroClient(settings, self.http, sleep=self.pauses.append)
        return FakeRun(settings, client, load(OrderOptions, options or {}))

    def control(self, call: str, **given: Any) -> Any:
        answer = requests.post(f"{self.address}/_sandbox/{call}", json=given, timeout=5)
        assert answer.ok, answer.text
        return answer.json()

    def fault(self, kind: str, match: str = "/", **more: Any) -> None:
        self.control("fault", kind=kind, match=match, **more)

    def orders(self) -> list[dict[str, Any]]:
        return [order["SoEstimateHeader"] for order in self.sandbox.books.orders]

    def writes(self) -> list[dict[str, Any]]:
        return [call for call in self.http.calls if call["write"]]


def link(order: Order, number: str = "MAIN-S000123", sent_hash: str | None = None) -> SimpleNamespace:
    hashed = _fingerprint(order) if sent_hash is None else sent_hash
    return SimpleNamespace(target_object_id="70001", target_number=number, sent_hash=hashed, state="sent")
