"""A gift card: value a shop owes to whoever holds the code. The code itself is never part of a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from connectors.records.base import Record


@dataclass(frozen=True, kw_only=True)
class GiftCardTransaction:
    """A change of the balance; what was taken from the card is negative."""

    id: str
    amount: Decimal
    kind: str = ""  # credit, debit, cash_out
    note: str = ""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class GiftCard(Record):
    """One card and its balance. ``reference``: the document of another system it was issued for, where one says so.

    ``api_client_id``: the app that made it, where the shop says so; empty for a card made by staff or bought.
    A target that issues cards creates it with ``initial_value`` and repeats each of ``transactions`` once."""

    kind: ClassVar[str] = "gift_card"
    label: ClassVar[str] = "Gift card"
    beside: ClassVar[Mapping[str, Any]] = {"customer_name": True, "api_client_id": True}

    source: str = ""
    last_characters: str = ""
    masked_code: str = ""
    reference: str = ""
    initial_value: Decimal
    balance: Decimal
    currency: str
    is_enabled: bool = True
    created_at: datetime | None = None
    expires_on: date | None = None
    deactivated_at: datetime | None = None
    customer_id: str = ""
    order_id: str = ""  # the order that sold it
    order_name: str = ""
    note: str = ""
    transactions: tuple[GiftCardTransaction, ...] = ()
    customer_name: str = ""
    api_client_id: str = ""

    @property
    def began_at(self) -> datetime | None:
        return self.created_at

    def search_keys(self) -> list[tuple[str, str]]:
        keys = [*super().search_keys(), ("customer_id", self.customer_id), ("order_id", self.order_id)]
        keys += [("order_name", self.order_name), ("gift_card_reference", self.reference)]
        return [(kind, value) for kind, value in keys if value]
