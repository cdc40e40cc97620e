"""Sales orders: read, create, ship."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox.areas import Route, fits

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

FILTERS = {"third_party_ref_no": "ThirdPartyRefNo", "third_party_source": "ThirdPartySource"}


def get(sandbox: XoroSandbox, query: dict[str, str]) -> list[Any]:
    asked = {"status", "order_number", *FILTERS}
    if not any(query.get(name) for name in asked):
        return []  # as seen on one account: success, and no rows
    filters = {"order_number": "OrderNumber", **FILTERS}
    status = query.get("status", "")
    rows = [row for row in sandbox.books.orders if fits(row["SoEstimateHeader"], query, filters)]
    return [row for row in rows if status in ("", "*", row["SoEstimateHeader"]["StatusName"])]


def create(sandbox: XoroSandbox, body: Any) -> Any:
    order = sandbox.books.create_order(body)
    return {"SoEstimateEdiLogArr": None, **order, "ThirdPartyRequestRawData": None}


def ship(sandbox: XoroSandbox, given: Any) -> Any:
    return sandbox.books.ship(given["order_number"], given.get("tracking", ""))


def set_status(sandbox: XoroSandbox, given: Any) -> Any:
    sandbox.books.order(given["order_number"])["SoEstimateHeader"]["StatusName"] = given["status"]
    return {"ok": True}


ROUTES = {
    "salesorder/getsalesorder": Route("GET", "orders", get),
    "salesorder/create": Route("POST", "orders", create, "Sales order created"),
}
CONTROL = {"POST /_sandbox/ship": ship, "POST /_sandbox/status": set_status}
