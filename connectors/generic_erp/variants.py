"""The sandbox's two odd ERPs: one with other names and wrappers, one that mixes up numbers and text."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

# The names other ERPs use, from the list of tolerated aliases.
ORDER_NAMES = {"order_id": "id", "order_number": "order_no", "order_date": "created_at", "po_number": "customer_po"}
INVOICE_NAMES = {
    "invoice_id": "id",
    "invoice_number": "invoice_no",
    "invoice_date": "date",
    "po_number": "po_reference",
    "balance": "amount_due",
}
INNER_NAMES = {
    "sku": "item_code",
    "quantity": "qty",
    "zip": "postcode",
    "address1": "line_1",
    "address2": "line_2",
    "address3": "line_3",
}
WHOLE_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})", re.ASCII)
DECIMAL_NUMBER = re.compile(r"-?(0|[1-9]\d{0,12})\.\d{1,4}", re.ASCII)


def with_aliases(function: str, answer: dict[str, Any]) -> Any:
    """The answer in another ERP's words, with its dates as Unix seconds and its total where that ERP keeps it."""
    if function in ("orders", "invoices"):
        names = ORDER_NAMES if function == "orders" else INVOICE_NAMES
        rows = [_renamed(row, names) for row in answer["data"]]
        return {function: rows, "meta": {"pagination": {"total": answer["total"]}}}
    if function in ("order", "invoice"):
        return {function: _renamed(answer["data"], ORDER_NAMES if function == "order" else INVOICE_NAMES)}
    if function == "balance":
        return {"balance": _renamed(answer["data"], {"total_balance": "total_due"})}
    if function == "taxes":
        return answer["data"]
    return {"data": answer["shipping_methods"]}


def _renamed(record: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    renamed = {}
    for name, value in record.items():
        is_date = name in ("order_date", "invoice_date")
        shown = int(datetime.fromisoformat(value).timestamp()) if is_date else value
        renamed[names.get(name, name)] = _inner(shown)
    return renamed


def _inner(value: Any) -> Any:
    if isinstance(value, list):
        return [_inner(one) for one in value]
    if isinstance(value, dict):
        return {INNER_NAMES.get(name, name): _inner(one) for name, one in value.items()}
    return value


def with_mixed_types(value: Any) -> Any:
    """Numbers as text and text that looks like a number as number, all through the answer."""
    if isinstance(value, dict):
        return {name: with_mixed_types(one) for name, one in value.items()}
    if isinstance(value, list):
        return [with_mixed_types(one) for one in value]
    if isinstance(value, str) and WHOLE_NUMBER.fullmatch(value):
        return int(value)
    if isinstance(value, str) and DECIMAL_NUMBER.fullmatch(value):
        return float(value)  # the JSON encoder writes its shortest spelling, so no digit is lost on the wire
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value
