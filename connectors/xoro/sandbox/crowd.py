"""A large tenant at one call: ``POST /_sandbox/seed`` with ``items`` (in every store), ``orders`` (released, one line
each) and ``is_shipped``. ``source`` and ``first`` say whose orders they are, and the first one's reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox import salesorders, seeds, warehouse

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

PART = seeds.Part("CROWD", (), 10.0, "Crowd item", "crowd-item")


def seed(sandbox: XoroSandbox, given: Any) -> Any:
    books = sandbox.books
    for number in range(int(given.get("items", 0))):
        sku = f"CROWD-{number:06d}"
        if sku in books.items:
            continue
        books.items[sku] = seeds.item(5500 + len(books.items), sku, PART, 990)
        books.items_by_upc[books.items[sku]["ItemUpc"]] = books.items[sku]
        for store in seeds.STORES:
            books.stock.change(sku, store, available=number % 100)
    source, first = given.get("source", "https://crowd.example-Demo"), int(given.get("first", 1))
    count = int(given.get("orders", 0))
    books.stock.change("PEN-BLU", "EAST WAREHOUSE", available=count)
    for number in range(first, first + count):
        header = _header(source, str(number), books.clock.today())
        order = salesorders.booked(books, header, [{"ItemNumber": "PEN-BLU", "UnitPrice": 1.2, "Qty": 1}])
        warehouse.release(books, order)
        if given.get("is_shipped"):
            warehouse.ship(books, order)
    return {"items": len(books.items), "orders": len(books.orders), "stock_rows": len(books.stock.kept)}


def _header(source: str, reference: str, today: str) -> dict[str, Any]:
    return {
        "ThirdPartySource": source,
        "ThirdPartyRefNo": reference,
        "RefNo": reference,
        "SaleStoreName": "Main Store",
        "StoreName": "EAST WAREHOUSE",
        "CurrencyCode": "USD",
        "CustomerName": "Walk-in Customer",
        "OrderDate": today,
        "DateToBeShipped": today,
    }


CONTROL = {"POST /_sandbox/seed": seed}
