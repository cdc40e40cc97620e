"""Waves: stock reserved for a released order, by one of three methods.

Methods: ``full_order`` (everything or nothing), ``full_line`` (lines that can be reserved in full), ``available`` (what
is there). ``WaveAllocationCode`` 1, 2, 3: our assumption, the vendor's numbers are not public.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox.books import Books
from connectors.xoro.sandbox.refusal import Refused

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

FULL_ORDER, FULL_LINE, AVAILABLE = "full_order", "full_line", "available"
METHODS = {1: FULL_ORDER, 2: FULL_LINE, 3: AVAILABLE}


def make(books: Books, order: dict[str, Any], method: str = FULL_ORDER) -> dict[str, float]:
    """Reserve stock for what the order still waits for; units by line id. Raises ``Refused``: the order is not
    released (1009), its payment terms are not met (1010), the stock does not do (1007)."""
    header = order["SoEstimateHeader"]
    if header["StatusName"] not in ("Released", "Partially Shipped"):
        raise Refused(1009, f"Status does not allow this action: {header['StatusName']}")
    check_terms(books, order)
    units = _reservable(books, order, method)
    if not units:
        raise Refused(1007, "Insufficient inventory to create wave")
    for line in order["SoEstimateItemLineArr"]:
        allocate(books, order, line, units.get(line["Id"], 0))
    return units


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


def _reservable(books: Books, order: dict[str, Any], method: str) -> dict[str, float]:
    store = order["SoEstimateHeader"]["StoreName"]
    left: dict[str, float] = {}  # two lines may want the same item
    found: dict[str, float] = {}
    for line in order["SoEstimateItemLineArr"]:
        wanted = line["QtyRemainingToShip"] - line["QtyAllocated"]
        if wanted <= 0:
            continue
        sku = line["ItemNumber"]
        free = left.get(sku, books.stock.figures(sku, store).net_available)
        units = wanted if not books.stock.is_stocked(sku) else min(wanted, free)
        if units < wanted and method == FULL_ORDER:
            return {}
        if units > 0 and (units == wanted or method == AVAILABLE):
            found[line["Id"]] = units
            left[sku] = free - units
    return found


def control(sandbox: XoroSandbox, given: Any) -> Any:
    """``order_number``, ``method`` (or ``code``)."""
    method = given.get("method") or METHODS[int(given.get("code", 1))]
    return make(sandbox.books, sandbox.books.order(given["order_number"]), method)


CONTROL = {"POST /_sandbox/wave": control}
