"""The cast of the tests about shipments: a shop and a tenant in their sandboxes, a hub between them, and a warehouse."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from django.utils import timezone

from connectors import jobs, registry, syncing
from connectors.models import Connector, Route
from connectors.shopify.sandbox.server import demo_settings
from connectors.shopify.sandbox.shops import OUTLET
from events import bodies, claims
from events.models import Event, Outcome
from events.outcomes import finish
from tests.connectors import cases

SHOP = "lumen-goods.myshopify.com"
LAMP, MUG = "LMP-OAK-S", "MUG-BLU-350"
ROUNDS = 40


@dataclass
class House:
    """``order`` places one in the shop and brings it to Xoro; ``ship`` lets the tenant's warehouse act; ``tell`` runs the
    fulfillments with all that follows."""

    sandbox: Any
    shop: Connector
    xoro: Connector
    told: list[Event] = field(default_factory=list)
    domain: str = SHOP
    others: list[Connector] = field(default_factory=list)

    def routes(self, **options: Any) -> None:
        Route.objects.create(source=self.shop, target=self.xoro, record_kind="order", options={})
        Route.objects.create(source=self.xoro, target=self.shop, record_kind="shipment", options=options)

    def settings(self, **changes: Any) -> None:
        self.xoro.settings = {**self.xoro.settings, **changes}
        self.xoro.save()

    def second(self, install: Any) -> House:
        """Another shop of the same tenant, on the same connector of Xoro, with routes of its own."""
        settings = demo_settings(f"{self.sandbox.url}/shopify", OUTLET)
        made = House(self.sandbox, install("shopify", name="Example Outlet", **settings), self.xoro, domain=OUTLET)
        made.routes()
        self.others.append(made.shop)
        made.others.append(self.shop)
        return made

    def order(self, *lines: tuple[str, int], **more: Any) -> dict[str, Any]:
        """The order as the shop knows it; ``number`` is that of the sales order it became."""
        rows: list[dict[str, Any]] = [{"sku": sku, "quantity": units} for sku, units in lines or ((LAMP, 2),)]
        rows += [more.pop("custom")] if "custom" in more else []
        placed: dict[str, Any] = self.sandbox.post(
            "/shopify/_sandbox/order", {"shop": self.domain, "lines": rows, **more}
        )
        syncing.start_single(self.shop, "order", placed["name"], by="ada")
        self.drain()
        headers = [one["SoEstimateHeader"] for one in self.books()["orders"]]
        [placed["number"]] = [
            one["OrderNumber"] for one in headers if one["ThirdPartyRefNo"] == placed["legacyResourceId"]
        ]
        return placed

    def books(self) -> dict[str, Any]:
        found: dict[str, Any] = self.sandbox.get("/xoro/_sandbox/books")
        return found

    def ship(self, placed: dict[str, Any], **parcel: Any) -> dict[str, Any]:
        return self.control("ship", order_number=placed["number"], **parcel)

    def control(self, call: str, **given: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.sandbox.post(f"/xoro/_sandbox/{call}", given)
        return found

    def fault(self, kind: str, match: str = "/", **more: Any) -> None:
        self.control("fault", kind=kind, match=match, **more)

    def create(self, body: dict[str, Any]) -> str:
        """The number of a sales order made by the API of Xoro, by somebody else than the hub."""
        address = self.xoro.settings["base_url"] + "salesorder/create"
        answer = requests.post(address, json=body, auth=("sandbox-key", "sandbox-secret"), timeout=5).json()
        assert answer["Result"], answer["Message"]
        number: str = answer["Data"]["SoEstimateHeader"]["OrderNumber"]
        return number

    def start(self) -> Event:
        return Event.objects.get(pk=syncing.start_sync(self.xoro, "fulfillments", by="ada"))

    def tell(self) -> Event:
        """The event of the run; all that followed is in ``told``."""
        event = self.start()
        self.told = self.drain()
        return Event.objects.get(pk=event.pk)

    def single_start(self, number: str) -> Event:
        return Event.objects.get(pk=syncing.start_single(self.xoro, "fulfillment", number, by="ada"))

    def single(self, number: str) -> Event:
        event = self.single_start(number)
        self.told = self.drain()
        return Event.objects.get(pk=event.pk)

    def step(self) -> Event:
        """One event of Xoro's lane, once."""
        [claimed] = claims.claim(self.xoro.pk, 1, 100, uuid.uuid4(), 600)
        finish([jobs.run(claimed)])
        return Event.objects.get(pk=claimed.pk)

    def drain(self, rounds: int = ROUNDS) -> list[Event]:
        """Every event that is due, once, and what goes on later as often as it takes; what was done, in order."""
        done: list[int] = []
        for _ in range(rounds):
            waiting = Event.objects.filter(outcome=Outcome.WAITING, reason_code__in=("walk", "looks", "throttled"))
            waiting.update(outcome=Outcome.QUEUED, due_at=timezone.now() - timezone.timedelta(seconds=1))
            claimed = [
                event
                for one in (self.shop, *self.others, self.xoro)
                for event in claims.claim(one.pk, 1, 100, uuid.uuid4(), 600)
            ]
            if not claimed:
                return list(Event.objects.filter(pk__in=done).order_by("pk"))
            for event in claimed:
                finish([jobs.run(event)])
                done.append(event.pk)
        raise AssertionError(f"it goes on without end: {Event.objects.filter(pk__in=done).latest('pk').sentence}")

    def say(self) -> str:
        """All that was done, for a test's message."""
        return "\n".join(f"{e.topic} {e.outcome} {e.reason_code}: {e.sentence} {e.notes}" for e in self.told)

    def of(self, topic: str) -> list[Event]:
        return [event for event in self.told if event.topic == topic]

    def records(self) -> list[dict[str, Any]]:
        """What the shop's connector was told, as records."""
        told = self.of("shipment/deliver")
        return [json.loads(bodies.read(one.pk, "payload", one.received_at) or b"{}") for one in told]

    def made(self, operation: str = "fulfillmentCreate") -> list[dict[str, Any]]:
        """The variables of each call of that kind the shop received."""
        received = [one["body"] for one in self.sandbox.log("shopify") if one["status"] == 200]
        return [json.loads(body)["variables"] for body in received if operation in body]

    def calls(self, path: str) -> list[dict[str, Any]]:
        return [one for one in self.sandbox.log("xoro") if one["path"].endswith(path)]


def a_house(sandbox: Any, install: Any, monkeypatch: pytest.MonkeyPatch) -> House:
    """With both routes, without the pauses between calls, and a shop that lists its new orders at once."""
    for slug in ("shopify", "xoro"):
        monkeypatch.setitem(registry._providers, slug, cases.hurried(registry.get(slug)))
    sandbox.post("/shopify/_sandbox/clock", {"index_lag_s": 0})
    made = House(sandbox, install("shopify", name="Lumen Goods"), install("xoro", name="Xoro"))
    made.routes()
    return made
