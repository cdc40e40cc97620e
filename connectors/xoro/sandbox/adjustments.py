"""Stock adjustments: units of one item more or fewer on hand. The route is our assumption.

Fewer on hand takes what is not available first: that is what such goods are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox.areas import Route
from connectors.xoro.sandbox.refusal import Refused, check_mandatory

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

MEMBERS = frozenset({"StoreName", "LocationName", "ItemNumber", "DeltaQty", "Memo", "ThirdPartyRefNo"})


def create(sandbox: XoroSandbox, body: Any) -> dict[str, Any]:
    books = sandbox.books
    if not isinstance(body, dict) or set(body) - MEMBERS:
        raise Refused(1001, "Unknown field in the adjustment")
    check_mandatory(body, ("StoreName", "ItemNumber", "DeltaQty"))
    units = body["DeltaQty"]
    if isinstance(units, bool) or not isinstance(units, int | float):
        raise Refused(1001, "Invalid value: DeltaQty")
    store = books.check_store(body["StoreName"])
    figures = books.stock.figures(body["ItemNumber"], store)
    spoilt = -min(-units, figures.not_available) if units < 0 else 0
    books.stock.change(body["ItemNumber"], store, not_available=spoilt, available=units - spoilt)
    books.adjustments.append({**body, "Id": books.counted("adjustment", 97_001)})
    return dict(books.adjustments[-1])


ROUTES = {"inventory/adjustment": Route("POST", "inventory", create, "Stock adjusted")}
