"""The cast of the credit tests: a shop and a tenant on the real sandbox, refunds, returns and gift cards."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors import known
from connectors.models import Connector, Route
from connectors.records import (
    Disposition,
    GiftCard,
    Order,
    Record,
    Refund,
    RefundLine,
    RefundPayment,
    Return,
    ReturnLine,
)
from events.drain import Drainer
from events.models import Event, Kind
from events.record import New, record
from tests.connectors.xoro.cast import make_order

ORDER_ID, LINE_ID = "6120045512001", "1440099100771"
REFUNDED_AT = datetime(2026, 3, 14, 9, 20, tzinfo=UTC)
SKU, STORE = "LMP-OAK-S", "EAST WAREHOUSE"
IMPORT = "/api/xerp/creditmemo/import"
SEARCH = "/api/xerp/creditmemo/getcreditmemo"


def make_refund_line(**changes: Any) -> RefundLine:
    """One lamp, shipped, returned and put back on the shelf."""
    members: dict[str, Any] = {
        "id": "501", "order_line_id": LINE_ID, "sku": SKU, "title": "Oak lamp S", "quantity": Decimal(1),
        "unit_price": Decimal("55.00"), "subtotal": Decimal("55.00"), "tax": Decimal("3.30"), "restock": "return",
        "is_restocked": True,
    }  # fmt: skip
    return RefundLine(**(members | changes))


def make_refund(**changes: Any) -> Refund:
    """Of the whole lamp of order #2041: 55.00 + 3.30 tax."""
    members: dict[str, Any] = {
        "id": "88100450012", "number": "88100450012", "updated_at": REFUNDED_AT, "source": "lumen-goods.example",
        "order_id": ORDER_ID, "order_number": "2041", "order_name": "#2041",
        "order_created_at": datetime(2026, 3, 7, 18, 30, tzinfo=UTC), "order_fulfillment_status": "fulfilled",
        "created_at": REFUNDED_AT, "currency": "USD", "total": Decimal("58.30"), "customer_name": "Ada Brook",
        "lines": (make_refund_line(),),
    }  # fmt: skip
    made = members | changes
    made.setdefault("payments", (RefundPayment(id="9901", gateway="card", amount=made["total"], parent_id="9001"),))
    return Refund(**made)


def make_return(**changes: Any) -> Return:
    """A closed return of the lamp, put back on the shelf, without a refund."""
    disposition = Disposition(id="701", kind="restocked", quantity=Decimal(1))
    line = ReturnLine(
        id="1", order_line_id=LINE_ID, sku=SKU, title="Oak lamp S", quantity=Decimal(1), dispositions=(disposition,)
    )
    members: dict[str, Any] = {
        "id": "33100450020", "number": "#2041-R1", "name": "#2041-R1", "source": "lumen-goods.example",
        "status": "closed", "order_id": ORDER_ID, "order_number": "2041", "order_name": "#2041",
        "order_created_at": datetime(2026, 3, 7, 18, 30, tzinfo=UTC), "closed_at": REFUNDED_AT, "currency": "USD",
        "lines": (line,),
    }  # fmt: skip
    return Return(**(members | changes))


def make_card(**changes: Any) -> GiftCard:
    members: dict[str, Any] = {
        "id": "600100203001", "number": "9f3k", "source": "lumen-goods.example", "last_characters": "9f3k",
        "initial_value": Decimal("40.00"), "balance": Decimal("40.00"), "currency": "USD", "created_at": REFUNDED_AT,
        "customer_name": "Ada Brook",
    }  # fmt: skip
    return GiftCard(**(members | changes))


class Books:
    """A shop that sends records to a tenant, and what the tenant keeps."""

    def __init__(self, install: Any, sandbox: Any, **settings: Any) -> None:
        self.sandbox = sandbox
        self.shop: Connector = install("shopify", name="Lumen")
        self.erp: Connector = install("xoro", name="Xoro", **settings)

    def set(self, **settings: Any) -> None:
        """Settings of the tenant's connector, changed as an administrator does."""
        self.erp.settings = {**self.erp.settings, **settings}
        self.erp.save()
        known.forget()

    def route(self, kind: str) -> Route:
        return Route.objects.get_or_create(source=self.shop, target=self.erp, record_kind=kind)[0]

    def give(self, one: Record, **more: Any) -> int:
        """A delivery of a record that waits to be done; its event's id."""
        route = self.route(one.kind)
        made = record(
            New(
                kind=Kind.DELIVERY, topic=f"{one.kind}/deliver", connector_id=self.erp.pk,
                connector_name=self.erp.name, provider="xoro", max_attempts=8, object_type=one.kind, object_id=one.id,
                object_label=getattr(one, "name", "") or one.number, route_id=route.pk, payload=one.to_json(),
                lock_key=f"route{route.pk}:{one.kind}:{one.id}", **more,
            )
        )  # fmt: skip
        return made.event_id

    def push(self, one: Record) -> Event:
        """Deliver a record, and run what is due; the delivery as it ended."""
        event_id = self.give(one)
        Drainer(0).run()
        return Event.objects.get(pk=event_id)

    def again(self, event: Event) -> Event:
        """Make a waiting or failed event run once more, as the hub does when it is due or a person presses Retry."""
        Event.objects.filter(pk=event.pk).update(outcome="queued", due_at=None, finished_at=None)
        Drainer(0).run()
        return Event.objects.get(pk=event.pk)

    def control(self, call: str, **given: Any) -> Any:
        return self.sandbox.post(f"/xoro/_sandbox/{call}", given)

    def fault(self, kind: str, match: str, **more: Any) -> None:
        self.control("fault", kind=kind, match=match, **more)

    def order(self, *, is_shipped: bool = True, **changes: Any) -> Order:
        """Order #2041 in Xoro, shipped and so invoiced unless it shall not be."""
        order = make_order(**changes)
        event = self.push(order)
        assert event.outcome == "succeeded", event.sentence
        if is_shipped:
            self.ship()
        return order

    def ship(self, **more: Any) -> None:
        for order in self.books("orders"):
            header = order["SoEstimateHeader"]
            if header["StatusName"] in ("Released", "Partially Shipped"):
                self.control("ship", order_number=header["OrderNumber"], **more)

    def books(self, name: str) -> list[dict[str, Any]]:
        return self.sandbox.get("/xoro/_sandbox/books")[name]

    def memos(self) -> list[dict[str, Any]]:
        return self.books("credit_memos")

    def memo(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Header and lines of the one credit memo there is."""
        [memo] = self.memos()
        return memo["creditMemoHeader"], memo["creditMemoItemLineArry"]

    def stock(self, sku: str = SKU, store: str = STORE) -> dict[str, float]:
        return self.control("stock", sku=sku, store=store)[0]

    def sent(self, path: str = IMPORT) -> list[dict[str, Any]]:
        """Bodies of the requests to a route."""
        return [json.loads(one["body"]) for one in self.sandbox.log("xoro") if one["path"].endswith(path)]
