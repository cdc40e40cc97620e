"""Shipping methods of a basket. Documented in full: article 7930420 (reference checked 2026-11-20); rules are ours."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from connectors.generic_erp import fieldmap, shapes
from connectors.generic_erp.reading import FORM, INCONSISTENT, UNREADABLE, Asked, Place, Reader, rendered
from connectors.generic_erp.values import rounded

SHOWN = tuple(member for member in shapes.SHIPPING_METHOD if member.name != "fixed_rate")


def read_shipping_methods(reader: Reader, answer: Any, asked: Asked) -> dict[str, Any]:
    """``{"shipping_methods": [...], "currency": "USD"}`` in the order received; ``total`` is the charge.

    An empty list is an answer: nothing ships there. A list of which nothing is left after dropping is not, and raises
    ``PayloadError`` like any other unusable answer.
    """
    rows, place = _rows(reader, answer)
    currency = reader.settings.store_currency
    methods: dict[str, dict[str, Any]] = {}
    for index, row in enumerate(rows):
        at = place.item(index)
        method = reader.record(row, shapes.SHIPPING_METHOD, at)
        if method is None or method["label"] is None:
            continue
        _check_form(reader, row, at)
        charge = _charge(reader, method, at)
        if charge is None:
            continue
        if charge < 0:
            reader.note(UNREADABLE, f"{at.ours}.total", f"is {charge:f}, negative: method dropped")
        elif method["label"] in methods:
            # The label is the only identifier, so a second method of that name could never be told from the first.
            reader.note(INCONSISTENT, f"{at.ours}.label", f"“{method['label']}” came twice: the first is kept")
        else:
            method["total"] = rounded(charge, currency)
            methods[method["label"]] = rendered(method, SHOWN, currency)
    if rows and not methods:
        reader.fail(place, "not one usable method among those received")
    return {"shipping_methods": list(methods.values()), "currency": currency}


def _rows(reader: Reader, answer: Any) -> tuple[list[Any], Place]:
    # Unlike every other answer this one is flat by contract, so its own name comes before the wrapper.
    is_mapped = fieldmap.expression_for(reader.field_map, reader.section, "") is not None
    if not is_mapped and isinstance(answer, dict) and isinstance(answer.get("shipping_methods"), list):
        return answer["shipping_methods"], Place(reader.section, "shipping_methods")
    if not is_mapped and isinstance(answer, dict) and "shipping_methods" in answer:
        answer = {"data": answer["shipping_methods"]}
    rows, place = reader.rows(answer, ("shipping_methods", "items"))
    if rows and place.wire == "data" and not is_mapped:
        reader.note(FORM, reader.section, "found under data, the contract has it under shipping_methods")
    return rows, place


def _charge(reader: Reader, method: dict[str, Any], at: Place) -> Decimal | None:
    total, fixed_rate = method["total"], method["fixed_rate"]
    if total is None and fixed_rate is None:
        reader.fail(at.member("total", "total"), "missing like fixed_rate, expected a decimal number")
        return None
    if total is None or fixed_rate is None:
        name = "total" if total is None else "fixed_rate"
        reader.note(FORM, f"{at.ours}.{name}", "missing, the contract has both amounts")
    elif total != fixed_rate:
        reader.note(INCONSISTENT, f"{at.ours}.total", f"is {total:f} but fixed_rate {fixed_rate:f}: total counts")
    return fixed_rate if total is None else total  # type: ignore[no-any-return]


def _check_form(reader: Reader, row: dict[str, Any], at: Place) -> None:
    """Only for the contract check: the documented text has two digits."""
    total = row.get("total")
    if isinstance(total, str) and not re.fullmatch(r"-?\d+\.\d{2}", total.strip()):
        reader.note(FORM, f"{at.ours}.total", f'text "{total.strip()[:40]}", the contract has two digits')
