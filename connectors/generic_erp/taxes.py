"""The tax of a basket. Documented in full: article 7925260 (reference checked 2026-11-20); the limits are ours."""

from __future__ import annotations

from typing import Any

from connectors.generic_erp import shapes
from connectors.generic_erp.reading import Asked, Reader, rendered
from connectors.generic_erp.values import rounded


def read_taxes(reader: Reader, answer: Any, asked: Asked) -> dict[str, Any]:
    """``{"salestax_amount": "16.14", "currency": "USD"}``: one figure for the basket, rounded half up.

    Zero is valid (an exempt customer). Raises ``PayloadError`` for a negative tax and for one above the basket itself.
    """
    currency = reader.settings.store_currency
    found, place = reader.single(answer, ())
    taxes = reader.record(found, shapes.TAXES, place)
    amount = taxes["salestax_amount"] if taxes else None
    if taxes is None or amount is None:
        return {"salestax_amount": None, "currency": currency}
    at = place.member("salestax_amount", "salestax_amount")
    if amount < 0:
        reader.fail(at, f"is {amount:f}, a tax cannot be negative")
    if asked.basket_total is not None and amount > asked.basket_total:
        reader.fail(at, f"is {amount:f}, more than the basket's {asked.basket_total:f}")
    taxes["salestax_amount"] = rounded(amount, currency)
    return {**rendered(taxes, shapes.TAXES, currency), "currency": currency}
