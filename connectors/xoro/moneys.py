"""Dividing money so that the parts make the whole, to the smallest unit of its currency (ISO 4217)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_DOWN, Decimal

ZERO = Decimal(0)
# Minor units other than hundredths: https://www.iso.org/iso-4217-currency-codes.html (checked 2026-11-20).
WHOLE = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split())
THOUSANDTHS = frozenset("BHD IQD JOD KWD LYD OMR TND".split())


def smallest_unit(currency: str) -> Decimal:
    """0.01 of most currencies."""
    if currency in WHOLE:
        return Decimal(1)
    return Decimal("0.001") if currency in THOUSANDTHS else Decimal("0.01")


def allocate(amount: Decimal, weights: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    """Shares of an amount in proportion to weights, multiples of ``unit`` but for the last that has weight, which takes
    what is left: together exactly ``amount``. A share depends on the weights before it only, so that what was given out
    stays right when more shares follow and the sum of weights is the same. No weight at all: the first takes everything.
    """
    whole = sum(weights, ZERO)
    if not weights:
        return []
    if whole == 0:
        return [amount, *[ZERO] * (len(weights) - 1)]
    shares, given, seen = [], ZERO, ZERO
    for weight in weights:
        seen += weight
        upto = amount if seen == whole else (amount * seen / whole / unit).quantize(Decimal(1), ROUND_DOWN) * unit
        shares.append(upto - given)
        given = upto
    return shares


def total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
