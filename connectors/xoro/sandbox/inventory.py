"""Stock figures of every item in every store, and a large assortment for measuring: one number a SKU and store.

Control: ``POST /_sandbox/inventory`` (``skus``: how many, ``stores``: names, ``quantity``) makes the large assortment
``BULK-0000001`` and on, in place of the one there was; ``POST /_sandbox/inventory/change`` (``skus``, ``quantity``)
gives its first SKUs another quantity in every store. Not for how stock moves: that is ``stock.py``.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

from connectors.xoro.sandbox.areas import Route
from connectors.xoro.sandbox.seeds import INVENTORY, STORE_IDS

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

PREFIX = "BULK-"
FIRST_ID = 1_000_000
Node = dict[str, Any]


class Bulk:
    """``count`` SKUs, each with one figure in each of ``stores``."""

    def __init__(self, count: int = 0, stores: Sequence[str] = (), quantity: int = 0) -> None:
        self.count, self.stores = count, tuple(stores)
        self.figures = {store: array("q", [quantity]) * count for store in self.stores}

    def row(self, place: int, store: str) -> Node:
        quantity = float(self.figures[store][place])
        sku = f"{PREFIX}{place + 1:07d}"
        figures = dict.fromkeys(("OnHandQty", "AvailableQty", "NetAvailable", "ATSQty", "ATSQtyIncPO"), quantity)
        zeros = dict.fromkeys(
            ("NotAvailableQty", "AllocatedQty", "QtyOnSO", "QtyOnPO", "QtyOnPODraft", "QtyOnASN"), 0.0
        )
        return {"ItemId": FIRST_ID + place, "ItemNumber": sku, "BasePartNumber": sku, "ProductHeaderId": FIRST_ID + place,
                "ItemDescription": f"Article {sku}", "ItemTags": "web,bulk", "StoreId": STORE_IDS.get(store, 0),
                "StoreName": store, **figures, **zeros}  # fmt: skip

    def item(self, place: int) -> Node:
        sku = f"{PREFIX}{place + 1:07d}"
        return {"Id": FIRST_ID + place, "ItemNumber": sku, "BasePartNumber": sku, "ItemTypeId": INVENTORY[0],
                "ItemTypeName": INVENTORY[1], "Tags": "web,bulk", "IsPreSellFlag": False, "ActiveFlag": True,
                "ModifyDttm": "01/01/2026 12:00:00 AM"}  # fmt: skip


class Made(Sequence[Node]):
    """Rows that are made when they are looked at."""

    def __init__(self, count: int, make: Callable[[int], Node]) -> None:
        self.size, self.make = count, make

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, at: int) -> Node: ...
    @overload
    def __getitem__(self, at: slice) -> list[Node]: ...
    def __getitem__(self, at: int | slice) -> Node | list[Node]:
        if isinstance(at, slice):
            return [self.make(place) for place in range(*at.indices(self.size))]
        return self.make(at)


class Joined(Sequence[Node]):
    """One sequence after the other."""

    def __init__(self, first: Sequence[Node], second: Sequence[Node]) -> None:
        self.first, self.second = first, second

    def __len__(self) -> int:
        return len(self.first) + len(self.second)

    @overload
    def __getitem__(self, at: int) -> Node: ...
    @overload
    def __getitem__(self, at: slice) -> list[Node]: ...
    def __getitem__(self, at: int | slice) -> Node | list[Node]:
        if isinstance(at, slice):
            start, stop, _ = at.indices(len(self))
            length = len(self.first)
            return [*self.first[start:stop], *self.second[max(0, start - length) : max(0, stop - length)]]
        return self.first[at] if at < len(self.first) else self.second[at - len(self.first)]


def bulk_items(sandbox: XoroSandbox) -> Sequence[Node]:
    bulk = sandbox.books.bulk
    return Made(bulk.count, bulk.item)


def get(sandbox: XoroSandbox, query: dict[str, str]) -> Any:
    """Without a filter everything; stores by their names with commas between them, unknown ones ignored."""
    asked = [name.strip() for name in query.get("store", "").split(",") if name.strip()]
    exact = {member: query[name] for name, member in FILTERS.items() if query.get(name)}
    stock = sandbox.books.stock
    rows = [stock.row(sku, store) for sku, store in stock.keys(asked)]
    kept = [row for row in rows if all(str(row[member]) == value for member, value in exact.items())]
    bulk = sandbox.books.bulk
    stores = [one for one in bulk.stores if not asked or one in asked]
    if exact or not stores:
        return kept
    return Joined(kept, Made(bulk.count * len(stores), lambda n: bulk.row(n // len(stores), stores[n % len(stores)])))


FILTERS = {"item_number": "ItemNumber", "item_id": "ItemId", "base_part_number": "BasePartNumber",
           "product_id": "ProductHeaderId"}  # fmt: skip


def seed(sandbox: XoroSandbox, given: Any) -> Any:
    made = Bulk(int(given["skus"]), given["stores"], int(given.get("quantity", 0)))
    sandbox.books.bulk = made
    return {"skus": made.count}


def change(sandbox: XoroSandbox, given: Any) -> Any:
    bulk = sandbox.books.bulk
    count, quantity = min(int(given["skus"]), bulk.count), int(given["quantity"])
    for store in given.get("stores") or bulk.stores:
        bulk.figures[store][:count] = array("q", [quantity]) * count
    return {"skus": count}


ROUTES = {"inventory/getinventorybyitem": Route("GET", "inventory", get)}
CONTROL = {"POST /_sandbox/inventory": seed, "POST /_sandbox/inventory/change": change}
