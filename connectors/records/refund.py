"""Money and goods given back on an order: a refund as its shop made it, and the wish of another system to make one.

Not for the goods on their way back: that is a return.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from connectors.records.base import Record
from connectors.records.returns import ExchangeLine

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class RefundLine:
    """Units of one order line that are refunded. Amounts are of all these units, discounts taken off."""

    id: str
    order_line_id: str
    sku: str = ""
    title: str = ""
    quantity: Decimal
    unit_price: Decimal = ZERO
    subtotal: Decimal = ZERO  # with the tax inside where the order's prices include it
    tax: Decimal = ZERO
    restock: str = "none"  # return: sold units come back; cancel: units never shipped; none: nothing returns to stock
    is_restocked: bool = False
    location_id: str = ""  # where the units went
    location_name: str = ""
    is_gift_card: bool = False


@dataclass(frozen=True, kw_only=True)
class RefundShipping:
    """A shipping line of the order, or part of it, that is refunded."""

    id: str
    title: str = ""
    amount: Decimal
    tax: Decimal = ZERO


@dataclass(frozen=True, kw_only=True)
class RefundAdjustment:
    """What lies between the value of the goods and the money: a fee kept back is negative for the buyer."""

    id: str
    reason: str = ""  # lower case: damage, restock, customer, refund_discrepancy, ...
    amount: Decimal
    tax: Decimal = ZERO


@dataclass(frozen=True, kw_only=True)
class RefundPayment:
    """Money on its way back to the buyer. Only ``success`` has moved."""

    id: str
    kind: str = "refund"
    status: str = "success"  # success, pending, failure, error
    gateway: str = ""
    amount: Decimal
    parent_id: str = ""  # the payment it is taken from


@dataclass(frozen=True, kw_only=True)
class Refund(Record):
    """One refund of an order: what was credited and what was paid back. The two may differ by ``adjustments``.
    ``reference``: the document of another system that asked for it, where one says so. ``exchange_lines``: what the buyer
    gets instead, of the return it belongs to."""

    kind: ClassVar[str] = "refund"
    label: ClassVar[str] = "Refund"
    beside: ClassVar[Mapping[str, Any]] = {"exchange_lines": True}

    source: str  # the shop's permanent host name
    order_id: str
    order_number: str
    order_name: str = ""
    order_created_at: datetime | None = None
    order_cancelled_at: datetime | None = None
    order_fulfillment_status: str = ""  # lower case: unfulfilled, partially_fulfilled, fulfilled, ...
    created_at: datetime
    processed_at: datetime | None = None
    currency: str
    total: Decimal  # money, as the shop counts it
    prices_include_tax: bool = False
    is_test: bool = False
    note: str = ""
    reference: str = ""
    customer_id: str = ""
    customer_name: str = ""
    email: str = ""
    return_id: str = ""
    return_name: str = ""
    lines: tuple[RefundLine, ...] = ()
    shipping: tuple[RefundShipping, ...] = ()
    adjustments: tuple[RefundAdjustment, ...] = ()
    duties: Decimal = ZERO
    payments: tuple[RefundPayment, ...] = ()
    exchange_lines: tuple[ExchangeLine, ...] = ()

    @property
    def paid_back(self) -> Decimal:
        """The money that has moved."""
        return sum((one.amount for one in self.payments if one.status == "success"), ZERO)

    @property
    def is_pending(self) -> bool:
        """Whether some of the money is still on its way."""
        return any(one.status == "pending" for one in self.payments)

    @property
    def began_at(self) -> datetime:
        return self.created_at

    def search_keys(self) -> list[tuple[str, str]]:
        keys = [
            *super().search_keys(),
            ("order_id", self.order_id),
            ("order_number", self.order_number),
            ("order_name", self.order_name),
            ("return_name", self.return_name),
            ("customer_id", self.customer_id),
            ("email", self.email.lower()),
        ]
        return [(kind, value) for kind, value in keys if value]


@dataclass(frozen=True, kw_only=True)
class RequestedLine:
    """Units to be refunded: of the order line named, or else of the line with this SKU."""

    order_line_id: str = ""
    sku: str = ""
    quantity: Decimal
    restock: str = "none"  # as in ``RefundLine``
    location_id: str = ""


@dataclass(frozen=True, kw_only=True)
class RefundRequest(Record):
    """Another system, where the credit was granted, asks the shop to refund an order. ``id`` and ``number`` are those
    of its own document. One request makes one refund."""

    kind: ClassVar[str] = "refund_request"
    label: ClassVar[str] = "Refund request"

    order_id: str = ""  # as the shop numbers it; else the order is found by its name
    order_name: str = ""
    currency: str
    amount: Decimal | None = None  # money to pay back; none: what the shop works out for lines and shipping
    is_goods_only: bool = False  # book the goods, pay nothing: the money went another way
    shipping: Decimal = ZERO  # of it, or on top of the lines
    is_whole_shipping: bool = False
    note: str = ""
    lines: tuple[RequestedLine, ...] = ()

    def search_keys(self) -> list[tuple[str, str]]:
        keys = [*super().search_keys(), ("order_id", self.order_id), ("order_name", self.order_name)]
        return [(kind, value) for kind, value in keys if value]
