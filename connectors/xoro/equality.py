"""Whether a document of Xoro says what a body says: numbers by value, ids as text, members it does not repeat left out."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.xoro import wire

MONEY = frozenset(
    {"DepositAmount", "DepositAccountName", "LiabilityAccountName", "PaymentMethodName", "AutoDepositTotalAmount"}
)
REPLACING = frozenset({"VoidAndCreate", "KeepOriginalOrderNumber", "OrderNumber"})
# Wishes about what happens to it, and about money that is taken once.
NOT_SAID = REPLACING | MONEY | {"AutoReleaseSalesOrder", "AutoWaveSalesOrder"}


def is_same(row: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Whether a document says what the body says, as far as it repeats its members."""
    header, wanted = wire.header_of(row), wire.header_of(body)
    if any(name in header and not equal(header[name], value) for name, value in wanted.items() if name not in NOT_SAID):
        return False
    have, want = wire.lines_of(row), wire.lines_of(body)
    if len(have) != len(want):
        return False
    pairs = zip(have, want, strict=True)
    return all(equal(one[name], value) for one, two in pairs for name, value in two.items() if name in one)


def equal(one: Any, two: Any) -> bool:
    """Numbers by value, everything else as text: Xoro repeats 1 as 1.0, and ids as numbers."""
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(equal(a, b) for a, b in zip(one, two, strict=True))
    if isinstance(one, dict) and isinstance(two, dict):
        return all(equal(one[name], value) for name, value in two.items() if name in one)
    if isinstance(one, bool) or isinstance(two, bool):
        return bool(one) == bool(two)
    if isinstance(one, (int, float, Decimal)) and isinstance(two, (int, float, Decimal)):
        return abs(Decimal(str(one)) - Decimal(str(two))) < Decimal("0.000001")
    return str(one if one is not None else "") == str(two if two is not None else "")
