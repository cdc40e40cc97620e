"""What a back office wants done to an order in its shop: cancel it, add to its note, mark it paid, tag it, close it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from connectors.records.base import Record


@dataclass(frozen=True, kw_only=True)
class OrderCancellation:
    """``reason``: customer, declined, fraud, inventory, staff or other. ``note`` is for the shop's staff only."""

    reason: str = "other"
    restock: bool = True
    refund: bool = False
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class OrderUpdate(Record):
    """``id`` and ``number`` are those of the wish at its source; ``order_id`` is the shop's, else ``order_name`` names the
    order. ``capture`` is an amount of an authorized payment to take, in the buyer's currency; ``capture_all``: all that
    is left of it. What is done already counts as done."""

    kind: ClassVar[str] = "order_update"
    label: ClassVar[str] = "Order update"

    order_id: str = ""
    order_name: str = ""
    cancellation: OrderCancellation | None = None
    note: str = ""  # a paragraph added to the order's note
    is_paid: bool = False
    capture: Decimal | None = None
    capture_all: bool = False
    is_closed: bool = False
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()

    def search_keys(self) -> list[tuple[str, str]]:
        keys = super().search_keys()
        if self.order_id:
            keys.append(("order_id", self.order_id))
        if self.order_name:
            keys.append(("order_name", self.order_name))
        return keys
