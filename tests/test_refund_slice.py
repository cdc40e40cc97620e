"""An order's whole money: placed and unpaid, paid later, shipped by Xoro, given back; each step told by a signed delivery
of the shop or read from Xoro, with both systems served over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from connectors import registry, syncing
from connectors.models import Link, Route
from events.drain import Drainer
from events.models import Event, Kind, Outcome
from tests.connectors.cases import hurried

pytestmark = pytest.mark.django_db(transaction=True)

LAMP = "LMP-OAK-S"


class Trade:
    """A shop and a tenant, and the hub between them."""

    def __init__(self, sandbox: Any, install: Any, live_server: Any) -> None:
        self.sandbox = sandbox
        self.shop = install("shopify", name="Lumen Goods")
        self.erp = install("xoro", name="Xoro")
        self.address = f"{live_server.url}/hooks/{self.shop.webhook_token}"
        for kind in ("order", "refund"):
            Route.objects.create(source=self.shop, target=self.erp, record_kind=kind, options={})
        Route.objects.create(source=self.erp, target=self.shop, record_kind="shipment", options={})

    def in_shop(self, call: str, **given: Any) -> dict[str, Any]:
        return dict(
            self.sandbox.post(f"/shopify/_sandbox/{call}", {"shop": self.shop.settings["shop_domain"], **given})
        )

    def tell(self, topic: str, **given: Any) -> None:
        """A signed delivery of the shop, and everything that comes of it."""
        answer = self.in_shop("webhook", topic=topic, url=self.address, **given)
        assert answer["status"] == 200, answer
        self.drain()

    def drain(self) -> None:
        while Drainer(0).run():
            pass

    def books(self, name: str) -> list[dict[str, Any]]:
        return list(self.sandbox.get("/xoro/_sandbox/books")[name])

    def available(self) -> float:
        [row] = self.sandbox.post("/xoro/_sandbox/stock", {"sku": LAMP, "store": "EAST WAREHOUSE"})
        return float(row["AvailableQty"])

    def ended(self, kind: str) -> Event:
        return Event.objects.filter(kind=Kind.DELIVERY, topic=f"{kind}/deliver").latest("id")


@pytest.fixture
def trade(sandbox: Any, install: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Trade:
    monkeypatch.setitem(registry._providers, "xoro", hurried(registry.get("xoro")))
    return Trade(sandbox, install, live_server)


def test_an_order_is_paid_late_shipped_by_xoro_and_given_back_with_its_stock(trade: Trade) -> None:
    placed = trade.in_shop("order", lines=[{"sku": LAMP, "quantity": 2}], payment="pending", silent=True)
    trade.tell("orders/create", order=placed["name"])
    order = trade.ended("order")
    assert order.outcome == Outcome.SUCCEEDED, order.sentence
    number = Link.objects.get(record_kind="order").target_number
    assert trade.books("deposits") == []

    trade.in_shop("order", change=placed["name"], paid=True, silent=True)
    trade.tell("orders/updated", order=placed["name"])
    [deposit] = trade.books("deposits")
    total = trade.books("orders")[0]["SoEstimateHeader"]["TotalAmount"]
    assert (deposit["OrderNumber"], deposit["Amount"]) == (number, total)

    before = trade.available()
    trade.sandbox.post("/xoro/_sandbox/ship", {"order_number": number, "tracking": "1Z999"})
    assert trade.books("invoices")[0]["invoiceHeader"]["StatusName"] == "Paid"
    syncing.start_sync(trade.erp, "fulfillments", by="ada")
    trade.drain()
    shipment = trade.ended("shipment")
    assert shipment.outcome == Outcome.SUCCEEDED, shipment.sentence

    made = trade.in_shop("refund", order=placed["name"], lines=[{"sku": LAMP, "restock": "RETURN"}])
    told = {"id": int(made["id"]), "order_id": int(placed["legacyResourceId"])}
    trade.tell("refunds/create", payload=told)
    refund = trade.ended("refund")
    assert refund.outcome == Outcome.SUCCEEDED, refund.sentence
    [memo] = trade.books("credit_memos")
    header = memo["creditMemoHeader"]
    assert (header["ThirdPartyRefNo"], header["InvoiceNumber"]) == (made["id"], "MAIN-I000001")
    assert header["TotalAmount"] == float(made["total"]["shopMoney"]["amount"])
    assert trade.available() == before - 2 + 1

    trade.tell("orders/updated", order=placed["name"])
    assert trade.ended("order").outcome in (Outcome.SUCCEEDED, Outcome.SKIPPED), trade.ended("order").sentence
    trade.tell("refunds/create", payload=told)
    assert len(trade.books("credit_memos")) == 1
    assert len(trade.books("deposits")) == 1


def test_an_order_given_back_whole_before_it_ships_is_taken_out_of_xoro_with_its_money(trade: Trade) -> None:
    placed = trade.in_shop("order", lines=[{"sku": LAMP}], silent=True)
    trade.tell("orders/create", order=placed["name"])
    [deposit] = trade.books("deposits")
    made = trade.in_shop("refund", order=placed["name"], lines=[{"sku": LAMP, "restock": "CANCEL"}])
    trade.tell("refunds/create", payload={"id": int(made["id"]), "order_id": int(placed["legacyResourceId"])})
    trade.tell("orders/updated", order=placed["name"])
    refund, order = trade.ended("refund"), trade.ended("order")
    assert (refund.outcome, refund.reason_code) == (Outcome.SKIPPED, "not_invoiced"), refund.sentence
    assert order.outcome == Outcome.SUCCEEDED, order.sentence
    assert "because nothing is left of order" in order.sentence
    assert trade.books("orders")[0]["SoEstimateHeader"]["StatusName"] == "Cancelled"
    assert [one["Amount"] for one in trade.books("deposits")] == [deposit["Amount"], -deposit["Amount"]]
    assert trade.books("credit_memos") == []


def test_a_shipped_order_given_back_whole_stops_nothing(trade: Trade) -> None:
    placed = trade.in_shop("order", lines=[{"sku": LAMP}], silent=True)
    trade.tell("orders/create", order=placed["name"])
    number = Link.objects.get(record_kind="order").target_number
    trade.sandbox.post("/xoro/_sandbox/ship", {"order_number": number})
    syncing.start_sync(trade.erp, "fulfillments", by="ada")
    trade.drain()
    made = trade.in_shop("refund", order=placed["name"], lines=[{"sku": LAMP, "restock": "RETURN"}])
    trade.tell("refunds/create", payload={"id": int(made["id"]), "order_id": int(placed["legacyResourceId"])})
    trade.tell("orders/updated", order=placed["name"])
    refund, order = trade.ended("refund"), trade.ended("order")
    assert refund.outcome == Outcome.SUCCEEDED, refund.sentence
    assert order.outcome == Outcome.SUCCEEDED, order.sentence
    assert f"{number} had left" in order.sentence
    assert [one["Amount"] for one in trade.books("deposits")] == [float(made["total"]["shopMoney"]["amount"])]
