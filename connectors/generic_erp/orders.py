"""Orders as the ERP has them: the list, one order, and what its status is called in the shop.

Article 7011969 for the purpose; members are a stand-in (reference checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.generic_erp import shapes
from connectors.generic_erp.paging import read_page
from connectors.generic_erp.reading import BAD_RESPONSE, INCONSISTENT, TOLERANCE, Asked, Place, Reader, rendered

# ERP status texts are free; what is not listed is shown as it came.
STATUS_LABELS = {
    text: label
    for label, texts in {
        "New": ("new", "open", "entered"),
        "In progress": ("in progress", "processing", "picking", "released"),
        "On hold": ("hold", "on hold", "credit hold"),
        "Partly shipped": ("part shipped", "partially shipped", "partial"),
        "Shipped": ("shipped", "dispatched"),
        "Completed": ("complete", "completed", "invoiced", "closed", "delivered"),
        "Cancelled": ("cancelled", "canceled", "void"),
    }.items()
    for text in texts
}


def status_label(status: str) -> str:
    return STATUS_LABELS.get(" ".join(status.lower().split()), status)


def read_orders(reader: Reader, answer: Any, asked: Asked) -> dict[str, Any]:
    """``{"orders": [...], "page": {...}}`` without rows of other customers. Raises ``PayloadError``."""
    rows, place = reader.rows(answer, ("orders", "items"))
    orders = []
    for index, row in enumerate(rows):
        at = place.item(index)
        order = reader.record(row, shapes.ORDER_ROW, at)
        if order is None:
            continue
        if reader.is_foreign(order, asked):
            reader.note(BAD_RESPONSE, f"{at.ours}.customer_code", "belongs to another customer, dropped", is_error=True)
            continue
        orders.append(_shown(reader, order, shapes.ORDER_ROW, at))
    return {"orders": orders, "page": read_page(reader, answer, asked, len(rows))}


def read_order(reader: Reader, answer: Any, asked: Asked) -> dict[str, Any]:
    """``{"order": {...}}``. Raises ``PayloadError``, also for an order of another customer."""
    found, place = reader.single(answer, ("order",))
    order = reader.record(found, shapes.ORDER, place)
    if order is None:
        return {"order": None}
    if reader.is_foreign(order, asked):
        reader.fail(place.member("customer_code", "customer_code"), "belongs to another customer")
    if asked.document_id and order["order_id"] and order["order_id"] != asked.document_id:
        reader.note(INCONSISTENT, f"{place.ours}.order_id", f"is {order['order_id']}, asked for {asked.document_id}")
    return {"order": _shown(reader, order, shapes.ORDER, place)}


def _shown(reader: Reader, order: dict[str, Any], members: tuple[shapes.Member, ...], place: Place) -> dict[str, Any]:
    _check_sum(reader, order, place)
    currency = reader.currency_of(order)
    shown = rendered(order, members, currency)
    return {**shown, "currency": currency, "status_label": status_label(order["status"] or "")}


def _check_sum(reader: Reader, order: Mapping[str, Any], place: Place) -> None:
    names = ("total", "subtotal", "discount", "shipping_amount", "tax")
    if any(order[name] is None for name in names):
        return
    total, subtotal, discount, shipping, tax = (order[name] for name in names)
    expected = subtotal - discount + shipping + tax
    if abs(total - expected) > TOLERANCE:
        reader.note(INCONSISTENT, f"{place.ours}.total", f"is {total:f}, its parts make {expected:f}")
