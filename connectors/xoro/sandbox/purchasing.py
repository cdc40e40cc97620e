"""What the tenant buys: purchase orders and what is expected of them, bills and item receipts, and the currencies it deals
in. Routes the hub does not call; a merchant's key may, and whoever looks for one finds what a tenant answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox import seeds
from connectors.xoro.sandbox.areas import Route, fits
from connectors.xoro.sandbox.refusal import Refused, check_members

if TYPE_CHECKING:
    from connectors.xoro.sandbox.books import Books
    from connectors.xoro.sandbox.server import XoroSandbox

VENDOR, STORE, PO = "Lumen Works", "EAST WAREHOUSE", "EAST-P000001"
CURRENCIES = {"USD": "US Dollar", "CAD": "Canadian Dollar", "EUR": "Euro", "JPY": "Japanese Yen"}
ORDER_FILTERS = {"status": "StatusName", "order_number": "OrderNumber"}
BILL_FILTERS = {
    "status": "StatusName", "po_number": "PoNumber", "vendor_name": "VendorName", "store_name": "StoreName",
    "ref_no": "RefNo", "item_receipt_number": "ItemReceiptNumber",
}  # fmt: skip


def seed(books: Books) -> None:
    """One released order of everything that is on order, and the bill and receipt of an earlier one."""
    day = books.clock.today()
    common = {"VendorName": VENDOR, "StoreName": STORE, "CurrencyCode": "USD", "CreateDttm": books.clock.stamp()}
    lines = [
        {
            "Id": 51_001 + n, "ItemNumber": sku, "Qty": seeds.STOCK[STORE][2], "QtyReceived": 0,
            "UnitCost": one["StandardUnitPrice"],
        }
        for n, (sku, one) in enumerate(books.items.items())
        if one["ItemTypeName"] == seeds.INVENTORY[1]
    ]  # fmt: skip
    header = {**common, "Id": 50_001, "OrderNumber": PO, "StatusName": "Released", "OrderDate": day}
    books.purchase_orders = [{"poHeader": header, "poLines": lines}]
    line = {"Id": 53_001, "ItemNumber": "LMP-OAK-S", "Qty": 10, "UnitCost": 22.0}
    bill = {
        **common,
        "Id": 52_001,
        "BillNumber": "EAST-B000001",
        "PoNumber": "EAST-P000000",
        "StatusName": "Open",
        "TxnDate": day,
    }
    receipt = {
        **common,
        "Id": 52_002,
        "ItemReceiptNumber": "EAST-R000000",
        "PoNumber": "EAST-P000000",
        "StatusName": "Posted",
        "TxnDate": day,
    }
    books.bills = [{"billHeader": bill, "billItemLineArr": [line]}]
    books.receipts = [{"billHeader": receipt, "billItemLineArr": [line]}]


def get_orders(sandbox: XoroSandbox, query: dict[str, str]) -> list[Any]:
    return [one for one in sandbox.books.purchase_orders if fits(one["poHeader"], query, ORDER_FILTERS)]


def get_deliveries(sandbox: XoroSandbox, query: dict[str, str]) -> list[Any]:
    """The lines that are still to come, of the items and stores that are asked for."""
    items, stores = (set(filter(None, query.get(name, "").split(","))) for name in ("item_numbers", "store_names"))
    return [
        {
            "ItemNumber": line["ItemNumber"], "PONumber": one["poHeader"]["OrderNumber"], "POLineQty": line["Qty"],
            "AvailablePOLineQty": line["Qty"] - line["QtyReceived"], "LinkedSOQty": 0, "IsDropshipPO": False,
            "ExpectedDeliveryDate": one["poHeader"]["OrderDate"], "ExpectedShipDate": one["poHeader"]["OrderDate"],
            "StoreName": one["poHeader"]["StoreName"], "VendorName": one["poHeader"]["VendorName"],
        }
        for one in sandbox.books.purchase_orders
        for line in one["poLines"]
        if line["Qty"] > line["QtyReceived"]
        and (not items or line["ItemNumber"] in items)
        and (not stores or one["poHeader"]["StoreName"] in stores)
    ]  # fmt: skip


def get_bills(sandbox: XoroSandbox, query: dict[str, str]) -> list[Any]:
    return _since(sandbox.books.bills, query)


def get_receipts(sandbox: XoroSandbox, query: dict[str, str]) -> list[Any]:
    return _since(sandbox.books.receipts, query)


def _since(rows: list[Any], query: dict[str, str]) -> list[Any]:
    least = int(query.get("since_id") or 0)
    return [one for one in rows if one["billHeader"]["Id"] > least and fits(one["billHeader"], query, BILL_FILTERS)]


def import_bill(sandbox: XoroSandbox, body: Any) -> Any:
    """In the shape it is read in: what the route really takes is not public."""
    books = sandbox.books
    check_members(body, frozenset({"billHeader", "billItemLineArr"}))
    header, lines = body.get("billHeader"), body.get("billItemLineArr")
    if not isinstance(header, dict) or not isinstance(lines, list) or not lines:
        raise Refused(1001, "Required field missing: billHeader, billItemLineArr")
    books.check_store(header.get("StoreName", ""))
    for line in lines:
        books.item(line)
    number = books.number(header["StoreName"], "V")
    bill = {
        "StatusName": "Open",
        "TxnDate": books.clock.today(),
        **header,
        "Id": books.counted("bill", 52_101),
        "BillNumber": number,
    }
    books.bills.append({"billHeader": bill, "billItemLineArr": lines})
    return books.bills[-1]


def get_currencies(sandbox: XoroSandbox, query: dict[str, str]) -> list[Any]:
    return [
        {"Id": n, "CurrencyCode": code, "CurrencyName": name} for n, (code, name) in enumerate(CURRENCIES.items(), 1)
    ]


ROUTES = {
    "purchaseorder/getpurchaseorder": Route("GET", "inventory", get_orders),
    "purchaseorder/getincomingpodeliveries": Route("GET", "inventory", get_deliveries),
    "bill/getbill": Route("GET", "gl", get_bills),
    "bill/getitemreceipt": Route("GET", "gl", get_receipts),
    "bill/import": Route("POST", "gl", import_bill, "Bill created"),
    "currency/getcurrency": Route("GET", "gl", get_currencies),
}
SEED = seed
