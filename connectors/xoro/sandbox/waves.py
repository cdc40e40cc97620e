"""Waves: stock reserved for a released order, by one of three methods, and the documents that say so.

Methods: ``full_order`` (everything or nothing), ``full_line`` (lines that can be reserved in full), ``available`` (what
is there). ``WaveAllocationCode`` 1, 2, 3: our assumption, the vendor's numbers are not public.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox.areas import Route
from connectors.xoro.sandbox.books import Books
from connectors.xoro.sandbox.refusal import Refused
from connectors.xoro.sandbox.windows import within

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

FULL_ORDER, FULL_LINE, AVAILABLE = "full_order", "full_line", "available"
METHODS = {1: FULL_ORDER, 2: FULL_LINE, 3: AVAILABLE}
ALLOCATED, RELEASED = (330, "Allocated"), (340, "Released")  # the second number is ours
HEADER = "WaveHeaderData"


def make(books: Books, order: dict[str, Any], method: str = FULL_ORDER) -> dict[str, Any]:
    """Reserve stock for what the order still waits for; the wave. Raises ``Refused``: the order is not released
    (1009), its payment terms are not met (1010), the stock does not do (1007)."""
    header = order["SoEstimateHeader"]
    if header["StatusName"] not in ("Released", "Partially Shipped"):
        raise Refused(1009, f"Status does not allow this action: {header['StatusName']}")
    check_terms(books, order)
    units = _reservable(books, order, method)
    if not units:
        raise Refused(1007, "Insufficient inventory to create wave")
    lines = [line for line in order["SoEstimateItemLineArr"] if units.get(line["Id"])]
    for line in lines:
        allocate(books, order, line, units[line["Id"]])
    wave = _document(books, order, lines, units)
    books.waves.append(wave)
    books.waves_by_order.setdefault(header["OrderNumber"], []).append(wave)
    return wave


def close(books: Books, order: dict[str, Any]) -> None:
    """An order that left, or is let go of, has no open wave."""
    for wave in books.waves_by_order.get(order["SoEstimateHeader"]["OrderNumber"], []):
        wave[HEADER] |= {"StatusId": RELEASED[0], "StatusName": RELEASED[1], "CloseWave": True}


def check_terms(books: Books, order: dict[str, Any]) -> None:
    """Raises ``Refused`` while an order whose terms ask for it has not been paid in full."""
    header = order["SoEstimateHeader"]
    if not books.terms.get(header.get("PaymentTermsName") or ""):
        return
    received = sum(deposit["Amount"] for deposit in books.deposits_by_order.get(header["OrderNumber"], []))
    if round(received, 2) < header["TotalAmount"]:
        raise Refused(1010, "Payment terms not met")


def allocate(books: Books, order: dict[str, Any], line: dict[str, Any], units: float) -> None:
    """Move units on or, negative, off the waves of a line."""
    line["QtyAllocated"] += units
    books.stock.change(line["ItemNumber"], order["SoEstimateHeader"]["StoreName"], allocated=units)


def _reservable(books: Books, order: dict[str, Any], method: str) -> dict[int, float]:
    store = order["SoEstimateHeader"]["StoreName"]
    left: dict[str, float] = {}  # two lines may want the same item
    found: dict[int, float] = {}
    for line in order["SoEstimateItemLineArr"]:
        wanted = line["QtyRemainingToShip"] - line["QtyAllocated"]
        if wanted <= 0:
            continue
        sku = line["ItemNumber"]
        if not books.stock.is_stocked(sku):
            found[line["Id"]] = wanted
            continue
        free = left.get(sku, books.stock.figures(sku, store).net_available)
        units = min(wanted, free)
        if units < wanted and method == FULL_ORDER:
            return {}
        if units > 0 and (units == wanted or method == AVAILABLE):
            found[line["Id"]] = units
            left[sku] = free - units
    return found


def _document(books: Books, order: dict[str, Any], lines: list[Any], units: dict[int, float]) -> dict[str, Any]:
    header = order["SoEstimateHeader"]
    wave_id, number = books.counted("wave", 90_001), books.number(header["StoreName"], "W")
    status = {"StatusId": ALLOCATED[0], "StatusName": ALLOCATED[1]}
    details, allocations = [], []
    for line in lines:
        detail_id = books.counted("wave line", 91_001)
        common = {"SoId": header["Id"], "SoLineId": line["Id"], "ItemNumber": line["ItemNumber"], "QtyPicked": 0}
        details.append(
            {
                **common, **status, "Id": detail_id, "OrderNumber": header["OrderNumber"], "RefNo": header.get("RefNo"),
                "QtyToPick": units[line["Id"]], "QtyAllocated": units[line["Id"]], "UnitPrice": line["UnitPrice"],
                "ShipMethodName": header.get("ShipMethodName"), "ThirdPartySource": header["ThirdPartySource"],
                "WaveNumber": number,
            }
        )  # fmt: skip
        location = books.stock.location(header["StoreName"], header.get("DefaultLocationName") or "")
        allocations.append(
            {
                **common, "Id": books.counted("wave allocation", 92_001), "QtyAllocated": units[line["Id"]],
                "PickLocationName": location, "WaveDetailId": detail_id, "WaveId": wave_id, "StatusId": status["StatusId"],
            }
        )  # fmt: skip
    return {
        "OrderNumber": header["OrderNumber"],
        HEADER: {
            "Id": wave_id, "WaveNumber": number, **status, "StoreName": header["StoreName"],
            "PlannedShipDate": header["DateToBeShipped"], "TypeId": 10, "TypeName": "Sales",
            "LockFlag": bool(header.get("AutoLockWave")), "CloseWave": False, "CreateDttm": books.clock.stamp(),
        },
        "WaveDetailArr": details,
        "WaveDetailAllocationArr": allocations,
    }  # fmt: skip


def get(sandbox: XoroSandbox, query: dict[str, str]) -> list[Any]:
    """By number, status (``released`` or ``[Allocated]``) and day of creation."""
    status = query.get("status", "").strip("[]").lower()
    rows = [row for row in sandbox.books.waves if status in ("", row[HEADER]["StatusName"].lower())]
    rows = [row for row in rows if query.get("wave_number", "") in ("", row[HEADER]["WaveNumber"])]
    created = {name: value for name, value in query.items() if name.startswith("created_at")}
    return within(rows, HEADER, created, sandbox.books.clock)


def shown(sandbox: XoroSandbox, rows: list[Any], query: dict[str, str]) -> dict[str, Any]:
    """Two lists of the same length: the orders, and their waves."""
    orders = [sandbox.books.orders_by_number.get(row["OrderNumber"]) for row in rows]
    return {"OrderData": [_order(sandbox.books, order) for order in orders], "WaveData": [_wave(row) for row in rows]}


def _order(books: Books, order: dict[str, Any] | None) -> dict[str, Any]:
    if order is None:
        return {}
    header, lines = order["SoEstimateHeader"], order["SoEstimateItemLineArr"]
    count = len(books.waves_by_order.get(header["OrderNumber"], []))
    more = {"TotalQty": sum(line["Qty"] for line in lines), "TotalWaveCount": count, "TypeName": "Sales"}
    return {**header, **more, "ShipStoreName": header["StoreName"], "ShippingAmount": header.get("ShippingCost") or 0}


def _wave(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "OrderNumber"}


def control(sandbox: XoroSandbox, given: Any) -> Any:
    """``order_number``, ``method`` (or ``code``)."""
    method = given.get("method") or METHODS[int(given.get("code", 1))]
    return make(sandbox.books, sandbox.books.order(given["order_number"]), method)


ROUTES = {"wave/getwave": Route("GET", "warehouse", get, shape=shown)}
CONTROL = {"POST /_sandbox/wave": control}
