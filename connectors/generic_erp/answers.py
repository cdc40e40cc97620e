"""Which reader reads which function's answer, and what an unreadable answer with an error message in it means."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connectors.exceptions import PayloadError, RemoteRefused
from connectors.generic_erp import outcomes
from connectors.generic_erp.auth import credential_texts
from connectors.generic_erp.balance import read_balance
from connectors.generic_erp.functions import Function
from connectors.generic_erp.invoices import read_invoice, read_invoices
from connectors.generic_erp.orders import read_order, read_orders
from connectors.generic_erp.reading import PARTIAL, Asked, Note, Reader, Reading
from connectors.generic_erp.shipping import read_shipping_methods
from connectors.generic_erp.taxes import read_taxes

if TYPE_CHECKING:
    from connectors.generic_erp.settings import GenericErpSettings

READERS: dict[str, Callable[[Reader, Any, Asked], dict[str, Any]]] = {
    "orders": read_orders,
    "order": read_order,
    "invoices": read_invoices,
    "invoice": read_invoice,
    "balance": read_balance,
    "taxes": read_taxes,
    "shipping_methods": read_shipping_methods,
}


def read_answer(
    function: Function, answer: Any, asked: Asked, settings: GenericErpSettings, *, now: datetime | None = None
) -> Reading:
    """The neutral form of a parsed answer, with notes for the event.

    Raises ``PayloadError`` (``code`` bad_response) for what cannot be read, and ``RemoteRefused`` (``code`` erp_error)
    where the ERP says itself, beside the unreadable data, that something went wrong.
    """
    secrets = credential_texts(settings)
    reader = Reader(function.name, settings, now=now)
    try:
        data = READERS[function.name](reader, answer, asked)
    except PayloadError as error:
        if outcomes.has_error(answer):
            sentence = outcomes.error_sentence(answer, secrets)
            next_step = outcomes.NEXT_STEPS[outcomes.ERP_ERROR]
            raise RemoteRefused(sentence, code=outcomes.ERP_ERROR, next_step=next_step) from error
        raise PayloadError(
            f"ERP answer cannot be used: {outcomes.masked(error.sentence, secrets)}",
            path=outcomes.masked(error.path, secrets),
            code=error.code,
            next_step=outcomes.NEXT_STEPS[outcomes.BAD_RESPONSE],
        ) from None
    notes = [Note(code, outcomes.masked(text, secrets)) for code, text in reader.notes]
    if outcomes.has_error(answer):
        notes.append(Note(PARTIAL, f"ERP sent data with an error: {outcomes.error_sentence(answer, secrets)}"))
    return Reading(data, notes)
