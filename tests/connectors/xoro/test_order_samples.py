"""Samples of every document of the order flow: what is sent is what the code makes, what comes is what the sandbox says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import connectors.xoro
from connectors.records import Order
from connectors.xoro.accounts import upsert
from connectors.xoro.adjustments import adjust_stock
from connectors.xoro.depositimport import import_deposit
from connectors.xoro.orders import push_order
from tests.connectors.xoro.cast import Tenant, make_payment, sent

pytestmark = pytest.mark.django_db

SAMPLES = Path(connectors.xoro.__path__[0]) / "samples"
MOMENTS = {"CreateDttm", "ModifyDttm", "CancelDate", "ShipDate", "FullPaymentDate"}


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def still(content: Any) -> Any:
    """Without what the clock says."""
    if isinstance(content, dict):
        return {name: still(value) for name, value in content.items() if name not in MOMENTS}
    return [still(one) for one in content] if isinstance(content, list) else content


@pytest.fixture
def order() -> Order:
    found: Order = Order.from_json((SAMPLES / "order.json").read_bytes())
    return found


def exchanges(tenant: Tenant) -> dict[str, tuple[Any, Any]]:
    """What was sent and answered, by the route's path; of several the last."""
    found = {}
    for call in tenant.http.calls:
        path = call["url"].partition("/api/xerp/")[2]
        found[path] = (call["json"] if call["write"] else None, json.loads(call["answer"]))
    return found


def check(tenant: Tenant, path: str, name: str) -> None:
    asked, answered = exchanges(tenant)[path]
    if asked is not None:
        assert asked == sample(f"{name}_request")
    assert still(answered) == still(sample(f"{name}_response"))


def test_a_replaced_sales_order(tenant: Tenant, order: Order) -> None:
    run = sent(tenant, order)
    push_order(run, replace(order, note="ring twice"))
    check(tenant, "salesorder/create", "salesorder_replace")
    check(tenant, "salesorder/getsalesorder", "salesorder_getsalesorder")


def test_a_cancelled_sales_order(tenant: Tenant, order: Order) -> None:
    push_order(sent(tenant, order), replace(order, cancelled_at=order.created_at))
    check(tenant, "salesorder/cancel", "salesorder_cancel")


def test_a_deposit_that_comes_later(tenant: Tenant, order: Order) -> None:
    unpaid = replace(order, payments=())
    run = sent(tenant, unpaid)
    push_order(run, replace(unpaid, payments=(make_payment("67.80", gateway="paypal"),)))
    rows = [{"gateway": "paypal", "account": "PayPal", "method": "PayPal"}]
    event = tenant.run(gateway_map=rows)
    event.payload = run.told("deposits/import")[0]
    import_deposit(event)
    check(tenant, "deposit/import", "deposit_import")


def test_an_invoice_in_place_of_an_order(tenant: Tenant, order: Order) -> None:
    push_order(tenant.run(drop_as="invoices"), order)
    check(tenant, "invoice/import", "invoice_import")


def test_a_customer(tenant: Tenant, order: Order) -> None:
    run = tenant.run(customer_upsert=True)
    push_order(run, order)
    event = tenant.run(customer_upsert=True)
    event.payload = run.told("accounts/upsert")[0]
    upsert(event)
    check(tenant, "customer/create", "customer_create")
    check(tenant, "customer/getcustomer", "customer_getcustomer")


def test_a_stock_adjustment(tenant: Tenant, order: Order) -> None:
    told = {
        "source": "https://lumen-goods.example-Demo", "reference": "88100450012-7", "order_name": "#2041",
        "sku": "LMP-OAK-S", "quantity": "1", "store": "EAST WAREHOUSE", "location": "A-01",
    }  # fmt: skip
    run = tenant.run(use_adjustment_route=True)
    run.payload = told
    adjust_stock(run)
    check(tenant, "inventory/adjustment", "inventory_adjustment")
