"""The field map of a connector: JMESPath expressions that beat our names and their aliases.

A key is our own path: ``orders.order_number`` or ``order.lines.sku`` are read relative to the object that holds the
member, ``orders`` or ``order`` alone finds the rows or the record in the whole answer, ``orders.page.total`` the
paging. A mapped member is read from its expression only: falling back to a name that happens to fit could make the
wrong amount payable. ``order.*`` falls back to ``orders.*`` and ``invoice.*`` to ``invoices.*``, since one record has
the members of a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from connectors.generic_erp import shapes
from connectors.generic_erp.values import Unreadable

PAGE_MEMBERS = ("current_page", "per_page", "total")
PARENT_SECTIONS = {"order": "orders", "invoice": "invoices"}


@cache
def compiled(expression: str) -> ParsedResult:
    """Raises ``JMESPathError`` for an expression that is none."""
    return jmespath.compile(expression)


def expression_for(field_map: Mapping[str, str], section: str, path: str) -> str | None:
    """The expression for ``path`` below ``section`` (``""``: the section itself), or ``None``."""
    for name in (section, PARENT_SECTIONS.get(section, "")):
        # The rows of a list answer say nothing about where a by-id answer keeps its one record.
        if name and (path or name == section):
            found = field_map.get(f"{name}.{path}" if path else name)
            if found is not None:
                return found
    return None


def find(expression: str, source: Any) -> Any:
    """What the expression finds in ``source``. Raises ``Unreadable`` where it does not fit the answer."""
    try:
        return compiled(expression).search(source)
    except (JMESPathError, TypeError, ValueError, ArithmeticError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Unreadable(
            f"the field map's expression {expression!r} does not fit the answer ({reason[:80]})"
        ) from error


def problems(field_map: Mapping[Any, Any]) -> list[str]:
    """What is wrong with an entered field map, a sentence each."""
    found = []
    known = known_paths()
    for key, expression in field_map.items():
        if key not in known:
            found.append(f"“{key}” is not a field of ours, such as orders.order_number or order.lines.sku.")
        elif not isinstance(expression, str) or not expression.strip():
            found.append(f"“{key}”: the expression must be text.")
        else:
            try:
                compiled(expression)
            except JMESPathError as error:
                found.append(f"“{key}”: {str(error).splitlines()[0]}")
    return found


@cache
def known_paths() -> frozenset[str]:
    """Every key a field map may have."""
    paths: set[str] = set()
    for section, members in shapes.SECTIONS.items():
        paths.add(section)
        paths.update(f"{section}.{path}" for path in _paths(members))
        if section in PARENT_SECTIONS.values():
            paths.update(f"{section}.page.{name}" for name in PAGE_MEMBERS)
    return frozenset(paths)


def _paths(members: tuple[shapes.Member, ...]) -> Iterator[str]:
    for member in members:
        yield member.name
        yield from (f"{member.name}.{inner}" for inner in _paths(member.members))
