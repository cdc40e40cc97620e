"""A shop on the sandbox with a route into it and one out of it, for products, prices, customers and companies."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from connectors import registry
from connectors.base import Accept, Delivered, Provider
from connectors.models import Connector, Route
from connectors.records import Record
from connectors.registry import get
from connectors.shopify.sandbox import OUTLET
from events.models import Event, Kind
from events.record import New, record
from tests.connectors import cases as driving
from tests.connectors.shopify.conftest import Vendor

Node = dict[str, Any]


class Place:
    """``connector`` is the shop's; ``inside`` the sandbox's shop; ``took`` what a target of the shop's records got."""

    def __init__(self, vendor: Vendor, took: list[Record], **settings: Any) -> None:
        self.vendor, self.took = vendor, took
        self.inside = vendor.app.shops[OUTLET]
        self.connector = Connector(name="Shop", slug="shop", provider_slug="shopify")
        mine = {
            "shop_domain": OUTLET, "client_id": self.inside.client_id, "client_secret": self.inside.client_secret,
            "base_url": vendor.url, **settings,
        }  # fmt: skip
        self.connector.put_settings(mine)
        self.connector.email_sender, self.connector.email_receiver = "hub@example.com", "support@example.com"
        self.connector.save()
        self.other = Connector.objects.create(name="ERP", slug="erp", provider_slug="books")

    def route_in(self, kind: str, **options: Any) -> Route:
        return Route.objects.create(source=self.other, target=self.connector, record_kind=kind, options=options)

    def route_out(self, kind: str) -> Route:
        return Route.objects.create(source=self.connector, target=self.other, record_kind=kind)

    def bring(self, one: Record, *, again: Event | None = None) -> Event:
        """One delivery of a record into the shop, run; ``again``: the same event once more."""
        if again is None:
            route = Route.objects.get(target=self.connector, record_kind=one.kind)
            made = record(
                New(
                    kind=Kind.DELIVERY, topic=f"{one.kind}/deliver", connector_id=self.connector.pk,
                    connector_name="Shop", provider="shopify", max_attempts=20, object_type=one.kind, object_id=one.id,
                    object_label=one.number, route_id=route.pk, payload=one.to_json(),
                    lock_key=f"route{route.pk}:{one.kind}:{one.id}",
                )
            )  # fmt: skip
            again = Event.objects.get(pk=made.event_id)
        return driving.again(again).event

    def tell(self, topic: str, payload: Node) -> Event:
        """The shop told the hub of something: that event, run."""
        made = record(
            New(
                kind=Kind.WEBHOOK, topic=topic, connector_id=self.connector.pk, connector_name="Shop",
                provider="shopify", max_attempts=8, payload=json.dumps(payload).encode(), delivery_id=uuid.uuid4().hex,
            )
        )  # fmt: skip
        return driving.again(Event.objects.get(pk=made.event_id)).event

    def ask(self, name: str, number: str) -> Event:
        """ "Synchronize this": that event, run."""
        return self.tell(f"single:{name}", {"number": number})

    def walk(self, name: str) -> Event:
        return self.tell(f"sync:{name}", {})

    def lose(self, operation: str, times: int = 1) -> None:
        """The shop does it, and its answer is lost."""
        self.vendor.control("fault", kind="drop_after_commit", operation=operation, times=times)

    def calls(self, operation: str) -> list[Node]:
        return [one for one in self.vendor.app.journal if one.get("operation") == operation]

    def products(self, handle: str) -> list[Node]:
        return [one for one in self.inside.table("Product").values() if one["handle"] == handle]

    def variants(self, product: Node) -> dict[str, Node]:
        rows = self.inside.table("ProductVariant")
        return {rows[gid]["sku"]: rows[gid] for gid in product["variantIds"]}

    def item(self, sku: str) -> Node:
        return self.inside.table("InventoryItem")[self.inside.variant(sku)["inventoryItem"]]


@pytest.fixture
def place(vendor: Vendor, db: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Place]:
    """``place(**settings)``: see ``Place``. Nothing sleeps."""
    took: list[Record] = []

    def take(run: Any, one: Record) -> Delivered:
        took.append(one)
        return Delivered(target_id=one.id, target_number=one.number)

    shop = get("shopify")
    accepts = {kind: Accept(function=take) for kind in shop.emits}
    books = Provider(slug="books", label="Books", settings=driving.Nothing, accepts=accepts, emits=tuple(shop.accepts))
    monkeypatch.setitem(registry._providers, "books", books)
    monkeypatch.setitem(registry._providers, "shopify", driving.hurried(shop))
    return lambda **settings: Place(vendor, took, **settings)


def text(event: Event) -> str:
    """All an event says, for messages of tests."""
    return f"{event.outcome} {event.reason} {event.reason_code}: {event.sentence} | {event.next_step} | {event.notes}"


def notes(event: Event) -> dict[str, str]:
    return {one["code"]: one["text"] for one in event.notes}
