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

from connectors.base import Delivered
from connectors.exceptions import PayloadError, RemoteTimedOut, RemoteUnavailable
from connectors.http import HttpAnswer
from connectors.models import Connector, DirectoryEntry
from connectors.records import Address, Company, Customer, Order, OrderLine, Payment, ShippingLine, Tax
from connectors.schema import load
from connectors.xoro.changes import fingerprint
from connectors.xoro.client import XoroClient
from connectors.xoro.deposits import header_members, signed, with_order
from connectors.xoro.options import OrderOptions
from connectors.xoro.orders import push_order
from connectors.xoro.salesorders import sales_order
from connectors.xoro.sandbox import XoroSandbox, settings_for
from connectors.xoro.sending import PROOF
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


def body_of(order: Order, settings: XoroSettings, options: OrderOptions | None = None) -> dict[str, Any]:
    """The whole order as it is sent for the first time, its money along."""
    along = with_order(order, settings)
    deposit = header_members(along, sum(map(signed, along), Decimal(0)), settings)
    return sales_order(order, settings, options or OrderOptions(), origin="lumen", deposit=deposit)


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
        call = {"method": method, "url": url, **more}
        self.calls.append(call)
        sent = {name: more.get(name) for name in ("headers", "params", "json", "auth")}
        try:
            answer = requests.request(method, url, timeout=more["timeout_s"], allow_redirects=False, **sent)
        except requests.Timeout:
            raise RemoteTimedOut("No answer in time.", code="read") from None
        except requests.ConnectionError:
            raise RemoteUnavailable("The connection broke.", code="reset") from None
        headers = {name.lower(): value for name, value in answer.headers.items()}
        call["answer"] = answer.text
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


# The account proved that it answers a search without a status: a first look is one call.
PROVEN = {PROOF: "9999-01-01T00:00:00+00:00"}


@dataclass
class FakeRun:
    """What a flow uses of the hub's run."""

    settings: XoroSettings
    client: XoroClient
    options: OrderOptions = field(default_factory=OrderOptions)
    source_connector_slug: str = "lumen"
    link: Any = None
    unfinished_write: bool = False
    unfinished_write_by_other: bool = False
    unfinished_at: datetime | None = None  # left out: it left a moment ago, after everything that is remembered
    notes: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def note(self, code: str, text: str) -> None:
        self.notes[code] = text

    checkpoint: dict[str, Any] = field(default_factory=lambda: dict(PROVEN))
    payload: dict[str, Any] = field(default_factory=dict)
    spawned: list[dict[str, Any]] = field(default_factory=list)
    terms: dict[str, str] = field(default_factory=dict)  # the mapping of payment terms

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    @property
    def unfinished_write_at(self) -> datetime | None:
        return (self.unfinished_at or self.now) if self.unfinished_write else None

    def spawn(self, **given: Any) -> int:
        self.spawned.append(given)
        return len(self.spawned)

    def told(self, topic: str) -> list[dict[str, Any]]:
        """Payloads of the events of a topic that were asked for."""
        return [one["payload"] for one in self.spawned if one["topic"] == topic]

    def map(self, kind: str, value: str, *, default: str) -> str:
        return self.terms.get(value, default)

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
    hashed = fingerprint(order) if sent_hash is None else sent_hash
    return SimpleNamespace(
        target_object_id="70001",
        target_number=number,
        sent_hash=hashed,
        state="sent",
        created_at=datetime(2026, 3, 7, 19, 0, tzinfo=UTC),
    )


def forget() -> None:
    """The hub remembers no document, as after an old backup."""
    DirectoryEntry.objects.all().delete()


def sent(tenant: Tenant, order: Order, **changes: Any) -> FakeRun:
    """The order was sent; the run that comes next knows it by the ledger."""
    first = tenant.run(**changes)
    delivered = push_order(first, order)
    return after(tenant, delivered, **changes)


def after(tenant: Tenant, delivered: Delivered, **changes: Any) -> FakeRun:
    """A run that finds in the ledger what was delivered."""
    run = tenant.run(**changes)
    run.link = SimpleNamespace(
        target_object_id=delivered.target_id,
        target_number=delivered.target_number,
        sent_hash=delivered.sent_hash,
        created_at=datetime.now(UTC),
    )
    return run
