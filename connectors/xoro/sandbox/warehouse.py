"""What the warehouse does with a sales order: release it, ship all or part of it, let go of it.

Stock moves by the vendor's formulas: a release puts units on "on SO", a wave on "allocated", a shipment takes them off
both and out of what is available. Shipping makes an invoice and uses the order's deposit for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox import deposits, invoices, waves
from connectors.xoro.sandbox.books import Books
from connectors.xoro.sandbox.refusal import Refused

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

PARCEL = {"tracking": "", "carrier": "", "service": "", "tracking_url": "", "lines": None}


def enter(books: Books, order: dict[str, Any]) -> None:
    """An open order's units are on draft."""
    _move(books, order, on_so_draft=1)


def release(books: Books, order: dict[str, Any]) -> None:
    """Open -> Released. Raises ``Refused``."""
    header = order["SoEstimateHeader"]
    if header["StatusName"] != "Open":
        raise Refused(1009, f"Status does not allow this action: {header['StatusName']}")
    _move(books, order, on_so_draft=-1, on_so=1)
    set_status(books, order, "Released")


def withdraw(books: Books, order: dict[str, Any], status: str = "Cancelled") -> None:
    """Close, cancel or void an order: what it has not shipped comes off waves and off "on SO"."""
    header = order["SoEstimateHeader"]
    if header["StatusName"] not in ("Open", "Released", "Partially Shipped"):
        raise Refused(1009, f"Status does not allow this action: {header['StatusName']}")
    for line in order["SoEstimateItemLineArr"]:
        waves.allocate(books, order, line, -line["QtyAllocated"])
    _move(books, order, **({"on_so_draft": -1} if header["StatusName"] == "Open" else {"on_so": -1}))
    for line in order["SoEstimateItemLineArr"]:
        line["QtyRemainingToShip"] = 0
    set_status(books, order, status)
    waves.close(books, order)


def ship(books: Books, order: dict[str, Any], parcels: Sequence[Mapping[str, Any]] = (PARCEL,)) -> dict[str, Any]:
    """Wave what is not waved yet, pick, pack and ship: one invoice with a shipment for each parcel. A parcel without
    ``lines`` (SKU or line id -> units) takes all that is left. Returns the invoice; raises ``Refused``."""
    header = order["SoEstimateHeader"]
    if header["StatusName"] not in ("Released", "Partially Shipped"):
        raise Refused(1009, f"Status does not allow this action: {header['StatusName']}")
    waves.check_terms(books, order)
    packed = [_packed(order, parcel.get("lines")) for parcel in parcels]
    total: dict[int, float] = {}
    for units in packed:
        for line_id, quantity in units.items():
            total[line_id] = total.get(line_id, 0) + quantity
    lines = {line["Id"]: line for line in order["SoEstimateItemLineArr"]}
    _check_stock(books, order, lines, total)
    for line_id, quantity in total.items():
        _take(books, order, lines[line_id], quantity)
    is_full = all(line["QtyRemainingToShip"] <= 0 for line in lines.values())
    set_status(books, order, "Shipped" if is_full else "Partially Shipped")
    if is_full:
        waves.close(books, order)
    invoice = invoices.of_order(books, order, total)
    invoices.add_shipments(books, invoice, parcels, packed, lines)
    deposits.settle(books, header["OrderNumber"])
    return invoice


def set_status(books: Books, order: dict[str, Any], status: str) -> None:
    order["SoEstimateHeader"] |= {"StatusName": status, "ModifyDttm": books.clock.stamp()}
    for line in order["SoEstimateItemLineArr"]:
        left = line["QtyRemainingToShip"]
        line["StatusName"] = status if left or status not in ("Shipped", "Partially Shipped") else "Shipped"


def _move(books: Books, order: dict[str, Any], **figures: int) -> None:
    """Add what the order has not shipped to figures, times their sign."""
    for line in order["SoEstimateItemLineArr"]:
        units = {name: sign * line["QtyRemainingToShip"] for name, sign in figures.items()}
        books.stock.change(line["ItemNumber"], order["SoEstimateHeader"]["StoreName"], **units)


def _packed(order: dict[str, Any], wanted: Mapping[str, float] | None) -> dict[int, float]:
    """Units by line id. Raises ``Refused``."""
    lines = order["SoEstimateItemLineArr"]
    if wanted is None:
        return {line["Id"]: line["QtyRemainingToShip"] for line in lines if line["QtyRemainingToShip"] > 0}
    found: dict[int, float] = {}
    for name, units in wanted.items():
        line = next((line for line in lines if name in (line["ItemNumber"], str(line["Id"]))), None)
        if line is None:
            raise Refused(1002, f"Item not found: {name}")
        found[line["Id"]] = units
    return found


def _check_stock(books: Books, order: dict[str, Any], lines: Mapping[int, Any], total: Mapping[int, float]) -> None:
    store = order["SoEstimateHeader"]["StoreName"]
    wanted: dict[str, float] = {}
    for line_id, units in total.items():
        line = lines[line_id]
        if units <= 0 or units > line["QtyRemainingToShip"]:
            raise Refused(1001, f"Invalid value: Qty {units:g}")
        wanted[line["ItemNumber"]] = wanted.get(line["ItemNumber"], 0) + max(0, units - line["QtyAllocated"])
    for sku, units in wanted.items():
        if books.stock.is_stocked(sku) and units > books.stock.figures(sku, store).net_available:
            raise Refused(1007, "Insufficient inventory to create wave")


def _take(books: Books, order: dict[str, Any], line: dict[str, Any], units: float) -> None:
    header = order["SoEstimateHeader"]
    waves.allocate(books, order, line, -min(units, line["QtyAllocated"]))
    line["QtyShipped"] += units
    line["QtyRemainingToShip"] -= units
    location = header.get("DefaultLocationName") or ""
    books.stock.change(line["ItemNumber"], header["StoreName"], location, available=-units, on_so=-units)


def control_release(sandbox: XoroSandbox, given: Any) -> Any:
    release(sandbox.books, sandbox.books.order(given["order_number"]))
    return {"ok": True}


def control_ship(sandbox: XoroSandbox, given: Any) -> Any:
    """``order_number`` and one parcel's members, or ``parcels`` of them."""
    order = sandbox.books.order(given["order_number"])
    parcels = given.get("parcels") or [{name: given.get(name, value) for name, value in PARCEL.items()}]
    return ship(sandbox.books, order, parcels)


def control_status(sandbox: XoroSandbox, given: Any) -> Any:
    """A status out of the blue, with no effect on stock."""
    set_status(sandbox.books, sandbox.books.order(given["order_number"]), given["status"])
    return {"ok": True}


CONTROL = {
    "POST /_sandbox/release": control_release,
    "POST /_sandbox/ship": control_ship,
    "POST /_sandbox/status": control_status,
}
