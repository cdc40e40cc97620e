"""How strictly the sandbox ERP reads a request: required members, their types, and the problems as field -> text.

Documented for taxes and shipping (articles 7925260 and 7930420, reference checked 2026-11-20). Members nobody knows are
ignored, unless the sandbox is told to be strict: then they are problems too, which proves that nothing extra is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

DECIMAL_TEXT = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
MOMENT_TEXT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
SORTS = {
    "orders": ("order_date", "order_number", "total"),
    "invoices": ("invoice_date", "due_date", "invoice_number", "total", "balance"),
}

TEXT, NULLABLE, MOMENT, NUMBER, WHOLE = "text", "text or null", "ISO date or null", "decimal", "whole number"
LIST_BODY = {
    "customer_code": TEXT,
    "seller_reference?": NULLABLE,
    "date_from?": MOMENT,
    "date_to?": MOMENT,
    "order_number?": NULLABLE,
    "po_number?": NULLABLE,
    "status?": NULLABLE,
    "keyword?": NULLABLE,
    "sort_by?": TEXT,
    "sort_direction?": TEXT,
    "current_page": WHOLE,
    "per_page": WHOLE,
}
BODIES: dict[str, dict[str, Any]] = {
    "orders": LIST_BODY,
    "order": {"customer_code": TEXT, "order_id": TEXT, "seller_reference?": NULLABLE},
    "invoices": {**LIST_BODY, "invoice_number?": NULLABLE, "payment_state?": TEXT},
    "invoice": {"customer_code": TEXT, "invoice_id": TEXT, "seller_reference?": NULLABLE},
    "balance": {"customer_code": TEXT, "seller_reference?": NULLABLE},
    "taxes": {
        "request": {
            "header": {"customer_code": TEXT, "shiptopostcode": "text, may be empty"},
            "lines": [{"item_sku": TEXT, "line_amount": NUMBER}],
        }
    },
    "shipping_methods": {
        "customer_code": TEXT,
        "address1": "text, may be empty",
        "address2?": NULLABLE,
        "address3?": NULLABLE,
        "city": "text, may be empty",
        "state?": NULLABLE,
        "country": "text, may be empty",
        "zip": "text, may be empty",
        "items": [{"sku": TEXT, "quantity": NUMBER, "uom": TEXT, "unit_price": NUMBER, "total_price": NUMBER}],
    },
}


def problems(function: str, body: Mapping[str, Any], *, is_strict: bool = False) -> dict[str, str]:
    """Field -> what is wrong with it; empty where the body is good."""
    found = dict(_object(body, BODIES[function], "", is_strict))
    if function in SORTS and not found:
        if body.get("sort_by", SORTS[function][0]) not in SORTS[function]:
            found["sort_by"] = f"must be one of {', '.join(SORTS[function])}"
        if body.get("sort_direction", "desc") not in ("asc", "desc"):
            found["sort_direction"] = "must be asc or desc"
        if body.get("payment_state", "all") not in ("all", "open", "paid"):
            found["payment_state"] = "must be all, open or paid"
        found.update({name: "must be 1 or more" for name in ("current_page", "per_page") if int(body[name]) < 1})
    return found


def _object(raw: Any, schema: Mapping[str, Any], path: str, is_strict: bool) -> Iterator[tuple[str, str]]:
    if not isinstance(raw, dict):
        yield path.rstrip(".") or "body", "must be an object"
        return
    known = {name.rstrip("?"): (name, kind) for name, kind in schema.items()}
    for name, (declared, kind) in known.items():
        if name not in raw:
            if not declared.endswith("?"):
                yield path + name, "is required"
        elif isinstance(kind, dict):
            yield from _object(raw[name], kind, f"{path}{name}.", is_strict)
        elif isinstance(kind, list):
            yield from _objects(raw[name], kind[0], path + name, is_strict)
        else:
            problem = _value(raw[name], kind)
            if problem:
                yield path + name, problem
    if is_strict:
        yield from ((path + name, "is not part of the contract") for name in raw if name not in known)


def _objects(raw: Any, schema: Mapping[str, Any], path: str, is_strict: bool) -> Iterator[tuple[str, str]]:
    if not isinstance(raw, list) or not raw:
        yield path, "must be a list with at least one member"
        return
    for index, one in enumerate(raw):
        yield from _object(one, schema, f"{path}[{index}].", is_strict)


def _value(raw: Any, kind: str) -> str:
    is_number = isinstance(raw, int | float | Decimal) and not isinstance(raw, bool)
    if kind == TEXT:
        is_good = isinstance(raw, str) and bool(raw.strip())
    elif kind == NULLABLE:
        is_good = raw is None or isinstance(raw, str)
    elif kind == MOMENT:
        is_good = raw is None or (isinstance(raw, str) and bool(MOMENT_TEXT.fullmatch(raw)) and _is_date(raw))
    elif kind == NUMBER:
        is_good = is_number or (isinstance(raw, str) and bool(DECIMAL_TEXT.fullmatch(raw)))
    elif kind == WHOLE:
        is_whole_text = isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) < 10
        is_good = (isinstance(raw, int) and is_number) or is_whole_text
    else:
        is_good = isinstance(raw, str)
    return "" if is_good else f"must be {kind}"


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return False
    return True
