"""What a customer owes. Article 7210105 for the purpose; members are a stand-in (reference checked 2026-11-20)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.generic_erp import shapes
from connectors.generic_erp.reading import CURRENCY, INCONSISTENT, TOLERANCE, Asked, Place, Reader, rendered


def read_balance(reader: Reader, answer: Any, asked: Asked) -> dict[str, Any]:
    """``{"balance": {...}}``. A missing bucket stays ``None``: it is shown as a dash, not as nothing owed.

    ``past_due`` and ``credit_available`` are computed where the ERP leaves them out and their parts are all known.
    Raises ``PayloadError``, also for the balance of another customer.
    """
    found, place = reader.single(answer, ("balance",))
    balance = reader.record(found, shapes.BALANCE, place)
    if balance is None:
        return {"balance": None}
    if reader.is_foreign(balance, asked):
        reader.fail(place.member("customer_code", "customer_code"), "belongs to another customer")
    currency = reader.currency_of(balance)
    if currency != reader.settings.store_currency:
        text = f"{currency} is not the store's {reader.settings.store_currency}"
        reader.note(CURRENCY, f"{place.ours}.currency", text)
    buckets = [balance[name] for name in shapes.OVERDUE_BUCKETS]
    overdue = None if None in buckets else sum(buckets, Decimal(0))
    if balance["past_due"] is None:
        balance["past_due"] = overdue
    if balance["credit_available"] is None and None not in (balance["credit_limit"], balance["total_balance"]):
        balance["credit_available"] = balance["credit_limit"] - balance["total_balance"]
    if balance["as_of"] is None:
        balance["as_of"] = reader.now
    _check_sum(reader, balance, overdue, place)
    return {"balance": {**rendered(balance, shapes.BALANCE, currency), "currency": currency}}


def _check_sum(reader: Reader, balance: dict[str, Any], overdue: Decimal | None, place: Place) -> None:
    """The ERP's own total is shown in any case; a deviation is only noted."""
    total, current = balance["total_balance"], balance["current"]
    if total is None or current is None or overdue is None:
        return
    expected = current + overdue - (balance["unapplied_credits"] or 0)
    if abs(total - expected) > TOLERANCE:
        reader.note(INCONSISTENT, f"{place.ours}.total_balance", f"is {total:f}, its parts make {expected:f}")
