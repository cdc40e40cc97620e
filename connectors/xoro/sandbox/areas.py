"""The areas of the sandbox: every module of this folder that has routes or control calls.

``ROUTES``: path below the base path -> ``Route``. ``CONTROL``: "POST /_sandbox/<name>" -> function of (sandbox, body).
``SEED``: function of the books that adds what a fresh tenant holds besides.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connectors.xoro.sandbox.books import Books
    from connectors.xoro.sandbox.server import XoroSandbox


@dataclass(frozen=True)
class Route:
    """``function(sandbox, query)`` of a GET gives the rows, which are paged; ``function(sandbox, body)`` of a POST gives
    the ``Data`` of the answer. Both raise ``Refused``. ``is_paged`` false: a GET gives ``Data`` itself. ``shape(sandbox,
    rows, query)`` makes ``Data`` of the rows of a page where it is not the list of them."""

    method: str
    scope: str
    function: Callable[[XoroSandbox, Any], Any]
    message: str = ""
    is_paged: bool = True
    shape: Callable[[XoroSandbox, list[Any], dict[str, str]], Any] | None = None


LISTS = frozenset({"store_name", "sale_store_name", "store"})
Control = Callable[["XoroSandbox", Any], Any]


def _modules() -> list[Any]:
    names = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return [import_module(f"connectors.xoro.sandbox.{name}") for name in names if name not in ("areas", "server")]


def routes() -> dict[str, Route]:
    return _merged("ROUTES")


def controls() -> dict[str, Control]:
    return _merged("CONTROL")


def _merged(name: str) -> dict[str, Any]:
    """One table of all areas. Raises ``ValueError`` where two serve the same, of which one would be silent."""
    found: dict[str, Any] = {}
    for module in _modules():
        table = getattr(module, name, {})
        if doubles := sorted(set(table) & set(found)):
            raise ValueError(f"{module.__name__} serves what another area serves: {', '.join(doubles)}")
        found |= table
    return found


def seeds() -> list[Callable[[Books], None]]:
    return [module.SEED for module in _modules() if hasattr(module, "SEED")]


def fits(header: dict[str, Any], query: dict[str, str], filters: dict[str, str]) -> bool:
    """Whether a document has every value that is asked for; what is no known filter is ignored without a word. Stores
    may be several, with commas between their names."""
    return all(
        str(header.get(filters[name]) or "") in (value.split(",") if name in LISTS else (value,))
        for name, value in query.items()
        if value and name in filters
    )
