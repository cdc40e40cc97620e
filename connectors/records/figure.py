"""Records that are one value each and come by the hundred thousand: no document of their own, hence no delivery of
their own. A source offers them in a stream, the hub keeps what is wanted, and the target's feed sends what differs.

Not for objects with members of their own worth reading: those are records with an event each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Self

from connectors.records.base import Record


@dataclass(frozen=True, kw_only=True)
class FigureRecord(Record):
    """One value of ``key`` (a SKU) at ``place`` (a location, a price list), both as the source calls them. ``text`` is
    the value as it is compared and kept: two that mean the same read the same."""

    id: str = ""
    number: str = ""

    @property
    def key(self) -> str:
        raise NotImplementedError

    @property
    def place(self) -> str:
        raise NotImplementedError

    @property
    def text(self) -> str:
        raise NotImplementedError

    @classmethod
    def read(cls, key: str, place: str, text: str, at: datetime | None = None) -> Self:
        """The record a kept figure was made of. Raises ``ValueError``."""
        raise NotImplementedError


def plain(number: Decimal) -> str:
    """A number without an exponent or idle zeros behind the point: 12.50 and 12.5 are one value."""
    text = f"{number.normalize():f}"
    return "0" if text == "-0" else text


@dataclass(frozen=True, kw_only=True)
class StockLevel(FigureRecord):
    """How much of a SKU there is at one of the source's locations, after whatever the source takes off it.

    ``counts``: ``available`` (may be sold: open orders are taken off already) or ``on_hand`` (lies on the shelf)."""

    kind: ClassVar[str] = "stock"
    label: ClassVar[str] = "Stock level"

    sku: str
    location: str = ""
    quantity: Decimal
    counts: str = "available"

    @property
    def key(self) -> str:
        return self.sku

    @property
    def place(self) -> str:
        return self.location

    @property
    def text(self) -> str:
        return plain(self.quantity) if self.counts == "available" else f"{plain(self.quantity)} {self.counts}"

    @classmethod
    def read(cls, key: str, place: str, text: str, at: datetime | None = None) -> Self:
        quantity, _, counts = text.partition(" ")
        return cls(sku=key, location=place, quantity=_number(quantity), counts=counts or "available", updated_at=at)


@dataclass(frozen=True, kw_only=True)
class Price(FigureRecord):
    """What one piece of a SKU costs in one of the source's price lists, in major units of ``currency``; ``compare_at``
    is the price it is said to have cost before. An empty ``price_list`` is the shop's own price. ``min_quantity``: from
    how many pieces on. Where a source does not name a price any more it is offered as ``NO_PRICE``."""

    kind: ClassVar[str] = "price"
    label: ClassVar[str] = "Price"

    sku: str
    price_list: str = ""
    currency: str
    amount: Decimal
    compare_at: Decimal | None = None
    min_quantity: int = 1

    @property
    def key(self) -> str:
        return self.sku

    @property
    def place(self) -> str:
        """List and currency, and the quantity where it is not one: each is a price of its own. The shop's own price has
        one place whatever its currency."""
        listed = f"{self.price_list} {self.currency}" if self.price_list else ""
        return listed if self.min_quantity == 1 else f"{listed} from {self.min_quantity}".lstrip()

    @property
    def text(self) -> str:
        before = "" if self.compare_at is None else f" was {plain(self.compare_at)}"
        return f"{plain(self.amount)} {self.currency}{before}"

    @classmethod
    def read(cls, key: str, place: str, text: str, at: datetime | None = None) -> Self:
        words = text.split(" ")
        if len(words) not in (2, 4):
            raise ValueError(f"“{text}” is no price")
        before = _number(words[3]) if len(words) == 4 else None
        price_list, min_quantity = price_place(place)
        return cls(sku=key, price_list=price_list, amount=_number(words[0]), currency=words[1], compare_at=before,
                   min_quantity=min_quantity, updated_at=at)  # fmt: skip


NO_PRICE = "none"  # the text of a price that is to be taken away
FROM = re.compile(r"(?:^| )from ([0-9]+)$")


def price_place(place: str) -> tuple[str, int]:
    """List and least quantity of a price's place."""
    found = FROM.search(place)
    listed = place[: found.start()] if found else place
    return listed.rpartition(" ")[0], int(found[1]) if found else 1


def price_currency(place: str) -> str:
    """The currency of a price's place; empty for the shop's own price, whose text says it."""
    found = FROM.search(place)
    return (place[: found.start()] if found else place).rpartition(" ")[2]


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise ValueError(f"“{text}” is no number") from None
