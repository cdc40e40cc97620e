"""The cast of the shipping tests: a shop of the sandbox, a source that tells of shipments, and the hub between them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone

from connectors import jobs, routing
from connectors.models import Connector, Mapping, Route
from connectors.records import Record, Shipment, UnitLine
from connectors.shopify.sandbox.routing import fulfillment_orders_of
from connectors.shopify.sandbox.shops import OUTLET
from events.models import Event, Outcome
from events.outcomes import finish
from tests.cast import an_event, claim
from tests.connectors.shopify.conftest import Vendor


def a_connector(name: str, provider: str, settings: dict[str, Any]) -> Connector:
    connector = Connector(name=name, slug=name.lower().replace(" ", "-"), provider_slug=provider)
    connector.put_settings(settings)
    connector.email_sender, connector.email_receiver = "hub@example.com", "support@example.com"
    connector.save()
    return connector


@dataclass
class Stage:
    """``tell`` lets the source say something and the hub act on it once; ``again`` runs what waits."""

    vendor: Vendor
    shop: Connector
    source: Connector

    @property
    def inside(self) -> Any:
        """The shop as the sandbox keeps it."""
        return self.vendor.app.shops[OUTLET]

    def route(self, kind: str = "shipment", **options: Any) -> Route:
        return Route.objects.create(source=self.source, target=self.shop, record_kind=kind, options=options)

    def map(self, kind: str, **values: str) -> None:
        for code, value in values.items():
            Mapping.objects.create(connector=self.shop, kind=kind, from_value=code.replace("_", " "), to_value=value)

    def place(self, *lines: tuple[str, int], **wish: Any) -> dict[str, Any]:
        """An order of (SKU, units)."""
        rows = [{"sku": sku, "quantity": units} for sku, units in lines]
        return self.vendor.control("order", lines=rows, **wish)  # type: ignore[no-any-return]

    def tell(self, one: Record) -> Event:
        routing.deliver(self.source, an_event(self.source, f"told/{one.kind}"), one)
        Event.objects.filter(connector_id=self.source.pk).delete()
        return self.again()

    def again(self, event: Event | None = None) -> Event:
        """The hub takes up what is queued or waits, a single event; as often as there are attempts."""
        rows = Event.objects.filter(connector_id=self.shop.pk, outcome__in=[Outcome.WAITING, Outcome.QUEUED])
        rows.update(outcome=Outcome.QUEUED, due_at=timezone.now() - timezone.timedelta(seconds=1))
        [taken] = claim(self.shop, limit=1)
        finish([jobs.run(taken)])
        return Event.objects.get(pk=taken.pk)

    def retry_by_hand(self, event: Event) -> Event:
        Event.objects.filter(pk=event.pk).update(outcome=Outcome.QUEUED, attempts=0)
        return self.again()

    def state(self, placed: dict[str, Any]) -> list[tuple[str, str, int]]:
        """The fulfillment orders of an order: (location, status, units left)."""
        order = self.inside.orders[placed["id"]]
        return [
            (one["assignedLocation"]["name"], one["status"], sum(row["remainingQuantity"] for row in one["lineItems"]))
            for one in fulfillment_orders_of(self.inside, order)
        ]

    def shipped(self, placed: dict[str, Any]) -> list[dict[str, Any]]:
        """The order's shipments that were not cancelled."""
        return [one for one in self.inside.orders[placed["id"]]["fulfillments"] if one["status"] == "SUCCESS"]


def a_stage(vendor: Vendor) -> Stage:
    """A shop with two locations that are mapped, and a source that only tells."""
    shop = vendor.app.shops[OUTLET]
    settings = {
        "shop_domain": shop.domain, "client_id": shop.client_id, "client_secret": shop.client_secret,
        "base_url": vendor.url,
    }  # fmt: skip
    source = a_connector("Warehouse", "shopify", settings)
    made = Stage(vendor, a_connector("Shop", "shopify", settings), source)
    made.map("location", **{"WH-1": "Kiel", "WH-2": "Hamburg"})
    return made


def shipment(placed: dict[str, Any], *lines: tuple[str, int], number: str = "SH-1", **more: Any) -> Shipment:
    """What the source says of one shipment."""
    return Shipment(
        id=number,
        number=number,
        **{
            "order_id": placed["legacyResourceId"],
            "order_name": placed["name"],
            "lines": tuple(UnitLine(sku=sku, quantity=Decimal(units)) for sku, units in lines),
            **more,
        },
    )


def texts(event: Event) -> str:
    """The sentence of an event with its remarks, for a test's message."""
    return f"{event.outcome} {event.reason} {event.reason_code}: {event.sentence} {event.notes}"
