"""Values of Shopify's answers as the hub keeps them: amounts of a money bag, money, times. Only within
``promised_shape``: what cannot be read raises whatever reading it raises."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Node = Mapping[str, Any]


def side_of(presentment: bool) -> str:
    """Which side of a money bag counts: the currency the buyer saw, or the shop's own."""
    return "presentmentMoney" if presentment else "shopMoney"


def amount(bag: Node, side: str) -> Decimal:
    return finite(bag[side]["amount"])


def money(node: Node) -> Decimal:
    return finite(node["amount"])


def finite(value: Any) -> Decimal:
    """Raises ``ArithmeticError`` for what is no number, and for a number without an end."""
    found = Decimal(str(value))
    if not found.is_finite():
        raise ArithmeticError(f"{value} is no amount")
    return found


def moment(text: str) -> datetime:
    """Raises ``ValueError`` for what is no time, and for a time without an offset."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return found.astimezone(UTC)


def optional_moment(text: str | None) -> datetime | None:
    return None if text is None else moment(text)
