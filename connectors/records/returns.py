"""Goods on their way back from the buyer, from the request to the shelf. Not for the money: that is a refund."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from connectors.records.base import Record

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Disposition:
    """What became of returned units."""

    id: str = ""
    kind: str  # restocked, not_restocked, missing, processing_required
    quantity: Decimal
    location_id: str = ""
    location_name: str = ""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ReturnLine:
    """Units of one order line that come back. ``dispositions`` are all there were so far, never only the newest."""

    id: str = ""
    order_line_id: str = ""
    sku: str = ""
    title: str = ""
    quantity: Decimal
    refunded: Decimal = ZERO  # of the quantity
    processed: Decimal = ZERO
    reason: str = ""  # a handle, such as wrong-item
    reason_name: str = ""
    reason_note: str = ""
    customer_note: str = ""
    restocking_fee: Decimal = ZERO
    dispositions: tuple[Disposition, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ExchangeLine:
    """What the buyer gets instead."""

    id: str
    sku: str = ""
    title: str = ""
    quantity: Decimal
    is_gift_card: bool = False


@dataclass(frozen=True, kw_only=True)
class Return(Record):
    """One return of an order. Where another system sends it to a shop, ``shop_return_id`` names the return it began
    with there, if it did; ``reference``: the document of another system it was made for, where one says so."""

    kind: ClassVar[str] = "return"
    label: ClassVar[str] = "Return"
    beside: ClassVar[Mapping[str, Any]] = {"exchange_lines": {"__all__": {"is_gift_card": True}}}

    source: str = ""
    shop_return_id: str = ""
    reference: str = ""
    name: str = ""
    status: str  # requested, open, declined, cancelled, closed
    order_id: str
    order_number: str = ""
    order_name: str = ""
    order_created_at: datetime | None = None
    customer_id: str = ""
    customer_name: str = ""
    created_at: datetime | None = None
    approved_at: datetime | None = None
    closed_at: datetime | None = None
    currency: str = ""
    decline_reason: str = ""
    decline_note: str = ""
    shipping_fee: Decimal = ZERO  # what the buyer pays for the way back
    lines: tuple[ReturnLine, ...] = ()
    exchange_lines: tuple[ExchangeLine, ...] = ()
    refund_ids: tuple[str, ...] = ()

    @property
    def began_at(self) -> datetime | None:
        return self.created_at

    def search_keys(self) -> list[tuple[str, str]]:
        keys = [
            *super().search_keys(),
            ("return_name", self.name),
            ("order_id", self.order_id),
            ("order_number", self.order_number),
            ("order_name", self.order_name),
            ("customer_id", self.customer_id),
        ]
        return [(kind, value) for kind, value in keys if value]
