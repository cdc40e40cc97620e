"""Invoices and what may be paid of them. The role of ``balance``: article 6318315 (reference checked 2026-11-20)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.generic_erp import shapes
from connectors.generic_erp.paging import read_page
from connectors.generic_erp.reading import (
    BAD_RESPONSE,
    CURRENCY,
    INCONSISTENT,
    TOLERANCE,
    Asked,
    Place,
    Reader,
    rendered,
)
from connectors.generic_erp.values import calendar_day

OPEN = "open"
PAID = "paid"
CREDIT = "credit"
UNKNOWN = "unknown"


def payment_state(balance: Decimal | None) -> str:
    """From the balance alone, never from the status text: the ERP's words for "paid" are anyone's guess."""
    if balance is None:
        return UNKNOWN
    return OPEN if balance > 0 else CREDIT if balance < 0 else PAID


def read_invoices(reader: Reader, answer: Any, asked: Asked) -> dict[str, Any]:
    """``{"invoices": [...], "page": {...}}`` without rows of other customers. Raises ``PayloadError``."""
    rows, place = reader.rows(answer, ("invoices", "items"))
    invoices = []
    for index, row in enumerate(rows):
        at = place.item(index)
        invoice = reader.record(row, shapes.INVOICE_ROW, at)
        if invoice is None:
            continue
        if reader.is_foreign(invoice, asked):
            reader.note(BAD_RESPONSE, f"{at.ours}.customer_code", "belongs to another customer, dropped", is_error=True)
            continue
        invoices.append(_shown(reader, invoice, shapes.INVOICE_ROW, at))
    return {"invoices": invoices, "page": read_page(reader, answer, asked, len(rows))}


def read_invoice(reader: Reader, answer: Any, asked: Asked) -> dict[str, Any]:
    """``{"invoice": {...}}``. Raises ``PayloadError``, also for an invoice of another customer."""
    found, place = reader.single(answer, ("invoice",))
    invoice = reader.record(found, shapes.INVOICE, place)
    if invoice is None:
        return {"invoice": None}
    if reader.is_foreign(invoice, asked):
        reader.fail(place.member("customer_code", "customer_code"), "belongs to another customer")
    if asked.document_id and invoice["invoice_id"] and invoice["invoice_id"] != asked.document_id:
        text = f"is {invoice['invoice_id']}, asked for {asked.document_id}"
        reader.note(INCONSISTENT, f"{place.ours}.invoice_id", text)
    _check_payments(reader, invoice, place)
    return {"invoice": _shown(reader, invoice, shapes.INVOICE, place)}


def _shown(reader: Reader, invoice: dict[str, Any], members: tuple[shapes.Member, ...], place: Place) -> dict[str, Any]:
    currency = reader.currency_of(invoice)
    state = payment_state(invoice["balance"])
    is_store_currency = currency == reader.settings.store_currency
    if not is_store_currency:
        # Shown as given and not converted; paying would charge the figure in the store's currency.
        text = f"{currency} is not the store's {reader.settings.store_currency}, so it cannot be paid"
        reader.note(CURRENCY, f"{place.ours}.currency", text)
    due = invoice["due_date"]
    return {
        **rendered(invoice, members, currency),
        "currency": currency,
        "payment_state": state,
        "is_payable": state == OPEN and is_store_currency,
        "is_overdue": state == OPEN and due is not None and calendar_day(due, reader.settings.zone) < reader.today,
    }


def _check_payments(reader: Reader, invoice: Mapping[str, Any], place: Place) -> None:
    payments, total, balance = invoice["payments"], invoice["total"], invoice["balance"]
    if not payments or total is None or balance is None or any(payment["amount"] is None for payment in payments):
        return
    expected = total - sum(payment["amount"] for payment in payments)
    if abs(expected - balance) > TOLERANCE:
        reader.note(INCONSISTENT, f"{place.ours}.balance", f"is {balance:f}, total less payments makes {expected:f}")
