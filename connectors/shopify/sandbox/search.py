"""The search strings of the sandbox: ``field:value`` with comparison, quotes, ``AND OR NOT -`` and prefix ``*``.

As at the vendor an unknown field is no error: it is left out, and a warning says so.
https://shopify.dev/docs/api/usage/search-syntax (checked 2026-11-20). Not for parentheses or bare words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Order = Mapping[str, Any]
Test = Callable[[Order], bool]
Warning_ = dict[str, str]

TERM = re.compile(
    r"(?P<word>\bAND\b|\bOR\b|\bNOT\b)|(?P<minus>-)?(?P<field>[\w.]+):(?P<sign>>=|<=|>|<)?"
    r"(?P<value>'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|[^\s'\"]+)"
)

TIMES = {"created_at": "createdAt", "updated_at": "updatedAt", "processed_at": "processedAt"}
TEXTS: dict[str, Callable[[Order], list[str]]] = {
    "id": lambda order: [order["legacyResourceId"], order["id"]],
    "name": lambda order: [order["name"], order["name"].lstrip("#"), *re.split(r"[#\-]", order["name"])],
    "status": lambda order: _statuses(order),  # noqa: PLW0108  (defined below)
    "financial_status": lambda order: [order["displayFinancialStatus"]],
    "fulfillment_status": lambda order: [order["displayFulfillmentStatus"]],
    "tag": lambda order: order["tags"],
    "customer_id": lambda order: [order["customer"]["legacyResourceId"]] if order["customer"] else [],
    "email": lambda order: [order["email"] or ""],
    "sku": lambda order: [line["sku"] or "" for line in order["lineItems"]],
    "source_name": lambda order: [order["sourceName"]],
    "confirmation_number": lambda order: [order["confirmationNumber"]],
    "po_number": lambda order: [order["poNumber"] or ""],
    "test": lambda order: [str(order["test"])],
}


def parse(
    text: str, texts: Mapping[str, Callable[[Any], list[str]]] = TEXTS, times: Mapping[str, str] = TIMES
) -> tuple[Test, list[Warning_]]:
    """A test for one object, and the warnings about what was left out. ``texts``: field to the values an object has;
    ``times``: field to the member that holds a time. Without them: the fields of orders."""
    groups: list[list[Test]] = [[]]
    warnings: list[Warning_] = []
    is_negated = False
    end = 0
    for match in TERM.finditer(text):
        if text[end : match.start()].strip():
            warnings.append(_warning("missing_named_field", text[end : match.start()].strip()))
        end = match.end()
        word = match["word"]
        if word == "OR":
            groups.append([])
        elif word == "NOT":
            is_negated = True
        elif word is None:
            test = _term(match["field"], match["sign"] or "", _unquoted(match["value"]), texts, times)
            if test is None:
                warnings.append(_warning("invalid_field", match["field"]))
            else:
                groups[-1].append(_negated(test) if is_negated or match["minus"] else test)
            is_negated = False
    if text[end:].strip():
        warnings.append(_warning("missing_named_field", text[end:].strip()))
    return lambda order: any(all(test(order) for test in group) for group in groups), warnings


def _term(field: str, sign: str, value: str, texts: Mapping[str, Any], times: Mapping[str, str]) -> Test | None:
    if field in times:
        member, wanted = times[field], datetime.fromisoformat(value).timestamp()
        return lambda order: _compare(datetime.fromisoformat(order[member]).timestamp(), sign, wanted)
    read = texts.get(field)
    if read is None:
        return None
    wanted_text = value.casefold()
    if wanted_text.endswith("*"):
        return lambda order: any(one.casefold().startswith(wanted_text[:-1]) for one in read(order))
    return lambda order: any(one.casefold() == wanted_text for one in read(order))


def _compare(given: float, sign: str, wanted: float) -> bool:
    results = {">=": given >= wanted, "<=": given <= wanted, ">": given > wanted, "<": given < wanted}
    return results.get(sign, given == wanted)


def _negated(test: Test) -> Test:
    return lambda order: not test(order)


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value[:1] in {"'", '"'} else value


def _warning(code: str, field: str) -> Warning_:
    return {"field": field, "code": code, "message": f"{code.replace('_', ' ').capitalize()} for search: {field}"}


def _statuses(order: Order) -> list[str]:
    if order["cancelledAt"]:
        return ["cancelled"]
    return ["closed"] if order["closedAt"] else ["open", "not_closed"]
