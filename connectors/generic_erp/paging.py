"""Where a list answer stands among its pages. Paging words: article 6995799 (reference checked 2026-11-20)."""

from __future__ import annotations

from typing import Any

from connectors.generic_erp import fieldmap, shapes, values
from connectors.generic_erp.reading import FORM, UNREADABLE, Asked, Reader
from connectors.generic_erp.shapes import Member
from connectors.generic_erp.values import Unreadable


def read_page(reader: Reader, answer: Any, asked: Asked, row_count: int) -> dict[str, Any]:
    """``current_page``, ``per_page``, ``total`` (``None`` where the ERP does not tell) and ``has_next``.

    ``row_count`` is what the ERP sent, before foreign rows are dropped. Without a total the next page is offered while
    a page is full. What the ERP echoes beats what was asked, since it may cap the page size; an echoed zero does not.
    """
    current_page = _number(reader, answer, "current_page", ("current_page",)) or asked.page
    per_page = _number(reader, answer, "per_page", ("per_page",)) or asked.per_page
    total = _number(reader, answer, "total", shapes.PAGE_TOTALS)
    if total is None:
        reader.note(FORM, f"{reader.section}.page.total", "missing: the number of pages is unknown")
    # A page past the end, or one without rows, has no next one whatever the total says: no shopper pages for ever.
    has_next = row_count > 0 and (row_count >= per_page if total is None else current_page * per_page < total)
    return {"current_page": current_page, "per_page": per_page, "total": total, "has_next": has_next}


def _number(reader: Reader, answer: Any, name: str, keys: tuple[str, ...]) -> int | None:
    path = f"{reader.section}.page.{name}"
    expression = fieldmap.expression_for(reader.field_map, reader.section, f"page.{name}")
    try:
        if expression is not None:
            found, key = fieldmap.find(expression, answer), name
        else:
            found, key = _first(answer, keys)
        if found is None:
            return None
        number, remark = values.READERS[shapes.COUNT](found, Member(name=name, kind=shapes.COUNT))
    except Unreadable as error:
        reader.note(UNREADABLE, path, f"{error}, expected {values.EXPECTED[shapes.COUNT]}")
        return None
    if key != name:
        reader.note(FORM, path, f"found as {key}, the contract has {name}")
    elif remark:
        reader.note(FORM, path, remark)
    return int(number)


def _first(answer: Any, keys: tuple[str, ...]) -> tuple[Any, str]:
    for key in keys:
        found = answer
        for part in key.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if found is not None:
            return found, key
    return None, ""
