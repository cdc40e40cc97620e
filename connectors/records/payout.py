"""What a payment provider transfers to the merchant's bank, with every movement that makes it up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from connectors.records.base import Record

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class AdjustedOrder:
    """The part of an adjustment that belongs to one order."""

    order_name: str
    order_transaction_id: str = ""
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class PayoutLine:
    """One movement. Money that leaves the merchant is negative; ``net`` is ``amount`` less ``fee``."""

    id: str
    type: str  # lower case, the provider's word: charge, refund, adjustment, chargeback_fee, reserved_funds, ...
    source_type: str = ""
    source_id: str = ""
    order_id: str = ""
    order_name: str = ""
    order_transaction_id: str = ""  # the payment of the order it settles
    amount: Decimal
    fee: Decimal = ZERO
    net: Decimal
    currency: str = ""
    at: datetime | None = None
    reason: str = ""
    is_test: bool = False
    orders: tuple[AdjustedOrder, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Payout(Record):
    """One transfer between payment provider and bank. The lines' net amounts add up to ``net``; the transfer itself is
    no line."""

    kind: ClassVar[str] = "payout"
    label: ClassVar[str] = "Payout"

    source: str
    gateway: str
    issued_at: datetime
    status: str  # lower case: scheduled, in_transit, paid, failed, canceled
    type: str  # deposit, withdrawal
    currency: str
    net: Decimal
    trace_id: str = ""  # as the bank shows it
    summary: Mapping[str, Decimal] = field(default_factory=dict)  # charges, charges_fees, refunds, refunds_fees, ...
    lines: tuple[PayoutLine, ...] = ()

    @property
    def fees(self) -> Decimal:
        return sum((one.fee for one in self.lines), ZERO)

    @property
    def began_at(self) -> datetime:
        return self.issued_at

    def search_keys(self) -> list[tuple[str, str]]:
        return [*super().search_keys(), *([("trace_id", self.trace_id)] if self.trace_id else [])]
