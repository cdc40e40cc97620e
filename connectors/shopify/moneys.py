"""Amounts as Shopify gives them, in the shop's currency and in the buyer's: read on one side, shared out, summed.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/MoneyBag (checked 2026-11-20). Not for deciding whether an
order adds up: that is ``totals.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.exceptions import PayloadError
from connectors.records import DiscountShare, Tax

Node = Mapping[str, Any]
ZERO = Decimal(0)
# ISO 4217: currencies whose smallest unit is not a hundredth.
NO_DECIMALS = ("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF").split()
THREE_DECIMALS = ("BHD IQD JOD KWD LYD OMR TND").split()
DECIMALS = {**dict.fromkeys(NO_DECIMALS, 0), **dict.fromkeys(THREE_DECIMALS, 3)}
RATE_PLACES = Decimal("0.000001")


class Purse:
    """Reads amounts of one order in the currency asked for. ``unit``: that currency's smallest unit."""

    def __init__(self, order: Node, presentment: bool) -> None:
        self.side, self.other_side = "shopMoney", "presentmentMoney"
        self.currency: str = order["currencyCode"]
        self.other_currency: str = order["presentmentCurrencyCode"]
        if presentment:
            self.side, self.other_side = self.other_side, self.side
            self.currency, self.other_currency = self.other_currency, self.currency
        self.unit = Decimal(1).scaleb(-DECIMALS.get(self.currency, 2))

    def amount(self, bag: Node | None) -> Decimal:
        return ZERO if bag is None else amount_of(bag[self.side])

    def given(self, bag: Node) -> Decimal:
        """An amount that has to be there."""
        return amount_of(bag[self.side])

    def other_amount(self, bag: Node | None) -> Decimal:
        """The same amount in the currency not asked for."""
        return ZERO if bag is None else amount_of(bag[self.other_side])

    def rate(self, bag: Node) -> Decimal:
        """How much of the other currency one unit is worth, by the two sides of ``bag``; 1 where that is not to be
        said."""
        ours, theirs = self.amount(bag), self.other_amount(bag)
        if self.currency == self.other_currency or not ours or not theirs:
            return Decimal(1)
        return (theirs / ours).quantize(RATE_PLACES)

    def allocated(self, node: Node) -> Decimal:
        return sum((self.amount(one["allocatedAmountSet"]) for one in node["discountAllocations"]), ZERO)

    def discount_shares(self, node: Node) -> tuple[DiscountShare, ...]:
        return tuple(
            DiscountShare(index=one["discountApplication"]["index"], amount=self.amount(one["allocatedAmountSet"]))
            for one in node["discountAllocations"]
        )

    def taxed(self, node: Node) -> Decimal:
        return sum((self.amount(one["priceSet"]) for one in node["taxLines"]), ZERO)

    def share(self, amount: Decimal, part: int, whole: int) -> Decimal:
        """``amount`` for ``part`` of ``whole`` units, rounded to the currency's smallest unit."""
        if part == whole or not whole:
            return amount
        return (amount * part / whole).quantize(self.unit, ROUND_HALF_UP)


class Place:
    """Where the goods go: the place a tax is of. Shopify's tax lines do not say it themselves."""

    def __init__(self, order: Node) -> None:
        address = order["shippingAddress"] or order["billingAddress"] or {}
        self.country_code: str = address.get("countryCodeV2") or ""
        self.region_code: str = address.get("provinceCode") or ""


def tax_of(node: Node, purse: Purse, place: Place, part: int, whole: int) -> Tax:
    """The rate as a fraction; where Shopify has only the percentage, that divided by 100; else 0."""
    rate, percentage = node["rate"], node["ratePercentage"]
    fraction = Decimal(str(rate)) if rate is not None else Decimal(str(percentage or 0)) / 100
    return Tax(
        title=node["title"],
        rate=fraction,
        amount=purse.share(purse.amount(node["priceSet"]), part, whole),
        country_code=place.country_code,
        region_code=place.region_code,
        is_channel_liable=bool(node["channelLiable"]),
        source=node["source"] or "",
    )


def amount_of(money: Node) -> Decimal:
    """Raises ``ArithmeticError`` for what is no number, and for one without an end."""
    found = Decimal(str(money["amount"]))
    if not found.is_finite():
        raise ArithmeticError(f"{found} is no amount")
    return found


def total_of(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)


def time_of(text: str) -> datetime:
    """Raises ``PayloadError`` for what is no time."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as error:
        raise PayloadError(f"“{text}” is no time Shopify should send.", path="order.updatedAt") from error


def optional_time(text: str | None) -> datetime | None:
    return None if text is None else time_of(text)
