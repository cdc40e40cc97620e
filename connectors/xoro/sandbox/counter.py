"""Invoices created at once, without a sales order, as for sales at a counter. The route is the hub's assumption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox import deposits, fields, invoices
from connectors.xoro.sandbox.areas import Route
from connectors.xoro.sandbox.books import identity
from connectors.xoro.sandbox.refusal import Refused, check_mandatory, check_members

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

HEADER = fields.ORDER_HEADER | {"TxnDate"}
MANDATORY = (*(name for name in fields.MANDATORY_HEADER if name != "DateToBeShipped"), "TxnDate")
MONEY = ("DepositAccountName", "LiabilityAccountName", "ExpenseShippingAccntName")


def create(sandbox: XoroSandbox, body: Any) -> Any:
    """An invoice whose goods leave the store now; paid where the money that came with it covers it."""
    books = sandbox.books
    check_members(body, frozenset({"invoiceHeader", "invoiceItemLineArr"}))
    header, lines = body.get("invoiceHeader"), body.get("invoiceItemLineArr")
    check_members(header, HEADER)
    check_mandatory(header, MANDATORY)
    if not isinstance(lines, list) or not lines:
        raise Refused(1001, "Required field missing: invoiceItemLineArr")
    for line in lines:
        check_members(line, fields.ORDER_LINE)
        check_mandatory(line, fields.MANDATORY_LINE)
        books.item(line)
    for name in ("SaleStoreName", "StoreName"):
        books.check_store(header[name])
    for name in MONEY:
        if header.get(name):
            books.check_account(header[name])
    if any(identity(one["invoiceHeader"]) == identity(header) for one in books.invoices):
        raise Refused(1005, f"Duplicate third party reference: {header['ThirdPartyRefNo']}")
    rows = [_row(sandbox, line) for line in lines]
    shipping = (header.get("ShippingCost") or 0) * (1 + invoices.rate(header.get("ShippingTaxItems")))
    taxed = sum(
        r["LineAmount"] * (1 + invoices.rate(line.get("TaxItems"))) for r, line in zip(rows, lines, strict=True)
    )
    total = round(taxed + shipping, 2)
    for line in lines:
        location = header.get("DefaultLocationName") or ""
        books.stock.change(line["ItemNumber"], header["StoreName"], location, available=-line["Qty"])
    made = invoices.book(books, {**header, "CustomerId": books.customer_id(header), "TotalAmount": total}, rows)
    paid = header.get("DepositAmount") or 0
    if paid:
        deposits.hold(books, made["invoiceHeader"], paid, header.get("DepositAccountName", ""))
    books.pay(made["invoiceHeader"], min(total, paid))
    return made


def _row(sandbox: XoroSandbox, line: dict[str, Any]) -> dict[str, Any]:
    gross, discount = line["UnitPrice"] * line["Qty"], line.get("Discount") or 0
    amount = gross - discount if line.get("DiscountTypeName") == "amount" else gross * (1 - discount / 100)
    number = sandbox.books.counted("invoice line", 20_001)
    return {**line, "Id": number, "QtyShipped": line["Qty"], "LineAmount": round(float(amount), 2)}


ROUTES = {"invoice/import": Route("POST", "invoices", create, "Invoice created")}
