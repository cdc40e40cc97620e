"""The line of *Test connection* about stock: whether Xoro lists something for each mapped store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.exceptions import ConfigurationError
from connectors.xoro.calls import catalogue as calls
from connectors.xoro.inventory import stores_of

if TYPE_CHECKING:
    from connectors.run import Run

MOST = 5  # stores that are asked for


def check_stores(run: Run) -> str:
    """One page of each of the first stores. Raises ``ConfigurationError`` where one is unknown, or the filter ignored."""
    stores = stores_of(run)[:MOST]
    unsure = []
    for store in stores:
        page = calls.stock_page(run.client, store, 1)
        names = {calls.text(row.get("StoreName")) for row in page.rows}
        if names and store.casefold() not in {name.casefold() for name in names}:
            raise ConfigurationError(
                f"Asked for the stock of store {store}, Xoro answered rows of {', '.join(sorted(names))}.",
                code="store", next_step="Spell the store under “Stores to locations” as Xoro does, then test again.",
            )  # fmt: skip
        if not page.rows:
            unsure.append(store)
    if unsure:
        raise ConfigurationError(
            f"Xoro lists no stock for {', '.join(unsure)}.", code="store",
            next_step="Spell the store under “Stores to locations” as Xoro does; if it is right, test again: an empty answer "
            "may also mean that Xoro is too busy.",
        )  # fmt: skip
    return f"Xoro lists stock for {', '.join(stores)}."
