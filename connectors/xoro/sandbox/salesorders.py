"""Sales orders: created and read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox import deposits, fields, invoices, warehouse, waves
from connectors.xoro.sandbox.areas import Route, fits
from connectors.xoro.sandbox.books import NO_DATE, Books, identity
from connectors.xoro.sandbox.refusal import Refused, check_mandatory, check_members
from connectors.xoro.sandbox.windows import within

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

REFERENCE = ("third_party_ref_no", "third_party_source")
FILTERS = {
    "order_number": "OrderNumber",
    "third_party_ref_no": "ThirdPartyRefNo",
    "third_party_source": "ThirdPartySource",
    "sale_store_name": "SaleStoreName",
}


def create(sandbox: XoroSandbox, body: Any) -> Any:
    """A sales order, open or released; a wave that cannot be made is told in ``SoEstimateEdiLogArr``. With
    ``VoidAndCreate`` it takes the place of the one with its number, or else with its reference."""
    books = sandbox.books
    header, lines = checked(books, body)
    number = _voided(books, header) if header.get("VoidAndCreate") else ""
    if number and sandbox.tenant.void_drops_deposits:
        deposits.drop(books, number)
    books.check_is_new(header)
    order = booked(books, header, lines, number if header.get("KeepOriginalOrderNumber") else "")
    told = None
    if header.get("AutoReleaseSalesOrder"):
        warehouse.release(books, order)
        if header.get("AutoWaveSalesOrder"):
            method = waves.METHODS.get(int(header.get("WaveAllocationCode") or 1), waves.FULL_ORDER)
            try:
                waves.make(books, order, method)
            except Refused as refusal:
                told = [{"ErrorCode": refusal.code, "Message": refusal.message}]
    return {"SoEstimateEdiLogArr": told, **order, "ThirdPartyRequestRawData": None}


def _voided(books: Books, header: Mapping[str, Any]) -> str:
    """Voids the order a new one replaces, for good; its deposits stay with its number. Raises ``Refused`` where there is
    none, or the warehouse has shipped of it."""
    if header.get("OrderNumber"):
        order = books.order(header["OrderNumber"])
    else:
        found = books.orders_by_identity.get(identity(header))
        if found is None:
            raise Refused(1008, f"Document not found: {header['ThirdPartyRefNo']}")
        order = found
    if order["SoEstimateHeader"]["StatusName"] not in ("Open", "Released"):
        raise Refused(1009, f"Status does not allow this action: {order['SoEstimateHeader']['StatusName']}")
    warehouse.withdraw(books, order, "Void")
    books.remove_order(order)
    return str(order["SoEstimateHeader"]["OrderNumber"])


def cancel(sandbox: XoroSandbox, body: Any) -> Any:
    """Only while nothing of it is on a wave or shipped; a second time is refused."""
    check_members(body, frozenset({"OrderNumber"}))
    check_mandatory(body, ("OrderNumber",))
    order = sandbox.books.order(str(body["OrderNumber"]))
    status = order["SoEstimateHeader"]["StatusName"]
    if status not in ("Open", "Released") or any(line["QtyAllocated"] for line in order["SoEstimateItemLineArr"]):
        raise Refused(1009, f"Status does not allow this action: {status}")
    warehouse.withdraw(sandbox.books, order)
    order["SoEstimateHeader"]["CancelDate"] = sandbox.books.clock.today()
    return order


def checked(books: Books, body: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Header and lines of a body nothing is wrong with. Raises ``Refused``."""
    check_members(body, frozenset({"SoEstimateHeader", "SoEstimateItemLineArr"}))
    header, lines = body.get("SoEstimateHeader"), body.get("SoEstimateItemLineArr")
    check_members(header, fields.ORDER_HEADER)
    if not isinstance(lines, list) or not lines:
        raise Refused(1001, "Required field missing: SoEstimateItemLineArr")
    check_mandatory(header, fields.MANDATORY_HEADER)
    for line in lines:
        check_members(line, fields.ORDER_LINE)
        check_mandatory(line, fields.MANDATORY_LINE)
    taxes = [tax for part in lines for tax in part.get("TaxItems") or []] + (header.get("ShippingTaxItems") or [])
    for tax in taxes:
        check_members(tax, fields.TAX)
        if tax.get("RateType") not in ("percentage", "amount"):
            raise Refused(1001, "Invalid value: RateType")
    for name in ("SaleStoreName", "StoreName"):
        books.check_store(header[name])
    if header.get("DefaultLocationName"):
        books.stock.location(header["StoreName"], header["DefaultLocationName"])
    for line in lines:
        books.item(line)
    amount = header.get("DepositAmount") or 0
    for name in ("DepositAccountName", "LiabilityAccountName", "ExpenseShippingAccntName"):
        account = header.get(name)
        if (account or (amount and name != "ExpenseShippingAccntName")) and account not in books.accounts:
            raise Refused(1004, f"Account not found: {account or name}")
    return header, lines


def booked(books: Books, header: dict[str, Any], lines: list[dict[str, Any]], number: str = "") -> dict[str, Any]:
    """The open order that a checked body makes, with its deposit. ``number``: one that it keeps from before."""
    net = [line_amount(line) for line in lines]
    tax = sum(amount * invoices.rate(line.get("TaxItems")) for amount, line in zip(net, lines, strict=True))
    shipping = header.get("ShippingCost") or 0
    total = sum(net) + tax + shipping * (1 + invoices.rate(header.get("ShippingTaxItems")))
    stamp = books.clock.stamp()
    order = {
        "SoEstimateHeader": {
            **header,
            "Id": books.counted("sales order", 70_000),
            "OrderNumber": number or books.number(header["SaleStoreName"], "S"),
            "StatusName": "Open",
            "CustomerId": books.customer_id(header),
            "TotalAmount": round(total, 2),
            "CancelDate": NO_DATE,
            "CreateDttm": stamp,
            "ModifyDttm": stamp,
        },
        "SoEstimateItemLineArr": [
            {
                **line,
                "Id": books.counted("sales order line", 40_000),
                "ItemNumber": books.item(line)["ItemNumber"],
                "BasePartNumber": books.item(line)["BasePartNumber"],
                "LineAmount": round(amount, 2),
                "QtyOrdered": line["Qty"],
                "QtyShipped": 0,
                "QtyAllocated": 0,
                "QtyRemainingToShip": line["Qty"],
                "StatusName": "Open",
            }
            for line, amount in zip(lines, net, strict=True)
        ],
    }
    books.add_order(order)
    warehouse.enter(books, order)
    amount = header.get("DepositAmount") or 0
    if amount:
        account, liability = header["DepositAccountName"], header["LiabilityAccountName"]
        deposits.take(books, order, amount, account=account, liability=liability)
    return order


def line_amount(line: Mapping[str, Any]) -> float:
    gross, discount = line["UnitPrice"] * line["Qty"], line.get("Discount") or 0
    return float(gross - discount if line.get("DiscountTypeName") == "amount" else gross * (1 - discount / 100))


def get(sandbox: XoroSandbox, query: dict[str, str]) -> list[Any]:
    """Nothing without a status or an exact key, as seen on one account; that trap can be switched off."""
    books, tenant = sandbox.books, sandbox.tenant
    asked = {"status", "order_number", *(() if tenant.reference_needs_status else REFERENCE)}
    if tenant.needs_status and not any(query.get(name) for name in asked):
        return []
    status = query.get("status", "")
    if tenant.hides_open and status == "Open":
        return []
    rows: Any = books.orders
    if query.get("order_number"):
        rows = (
            [books.orders_by_number[query["order_number"]]] if query["order_number"] in books.orders_by_number else []
        )
    elif query.get("third_party_ref_no"):
        rows = books.orders_by_reference.get(query["third_party_ref_no"], [])
    rows = [row for row in rows if status in ("", "*", row["SoEstimateHeader"]["StatusName"])]
    rows = [row for row in rows if fits(row["SoEstimateHeader"], query, FILTERS)]
    return within(rows, "SoEstimateHeader", query, books.clock)


ROUTES = {
    "salesorder/getsalesorder": Route("GET", "orders", get),
    "salesorder/create": Route("POST", "orders", create, "Sales order created"),
    "salesorder/cancel": Route("POST", "orders", cancel, "Sales order cancelled"),
}
