"""A provider for benchmarks: an HMAC webhook and handlers that do nothing or make one remote request."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms

from connectors.base import Accept, Budget, Delivered, Handler, Identity, Provider, Signature, Webhook
from connectors.records import Order, StockLevel
from connectors.run import Run
from connectors.schema import setting
from tests.benchmarks.load import ASK, HEADERS


@dataclass(frozen=True, kw_only=True)
class BenchSettings:
    base_url: str = setting(forms.CharField(help_text="Address of the sandbox."))
    secret: str = setting(forms.CharField(required=False, help_text="Key of the signature."), secret=True)


def signature(settings: BenchSettings, headers: Mapping[str, str]) -> Signature:
    given = bytes.fromhex(headers.get("x-bench-signature", ""))
    return Signature([hmac.new(settings.secret.encode(), digestmod=hashlib.sha256)], given)


def identify(headers: Mapping[str, str], body: Any) -> Identity:
    number = str(body["id"])
    return Identity(
        topic=headers["x-bench-topic"], delivery_id=headers["x-bench-delivery"], object_type="order", object_id=number,
        object_label=body["name"], keys=[("order_id", number), ("order_name", body["name"])],
    )  # fmt: skip


def nothing(run: Run) -> str:
    return "Nothing was to be done."


def one_request(run: Run) -> str:
    answer = run.http.request("POST", f"{run.settings.base_url}/erp/orders", json=ASK, headers=HEADERS)
    return f"The sandbox answered {answer.status}."


def offer_stock(run: Run) -> str:
    """Offer ``count`` stock levels, of which the first ``changed`` hold another quantity than in the run before."""
    count, changed, quantity = (int(run.payload[name]) for name in ("count", "changed", "quantity"))
    rows = (StockLevel(sku=f"BULK-{n + 1:07d}", quantity=Decimal(quantity + (n < changed))) for n in range(count))
    return run.offer(StockLevel, rows).sentence("Stock level")


def take(run: Run, order: Order) -> Delivered:
    return Delivered(target_id=order.id, target_number=order.note or order.number)


provider = Provider(
    slug="bench",
    label="Benchmark",
    settings=BenchSettings,
    webhook=Webhook(signature=signature, identify=identify),
    handlers={
        "bench/nothing": Handler(function=nothing),
        "bench/request": Handler(function=one_request),
        "bench/stock": Handler(function=offer_stock),
    },
    emits=(StockLevel,),
    accepts={Order: Accept(function=take)},
    budget=Budget(concurrency=1000),
)
