"""Stock of every item in every store, exactly by the vendor's formulas.

On hand = available + not available; net available = max(0, available - allocated); ATS = available - on released sales
orders; ATS incl. PO = ATS + on released purchase orders. Source: the vendor's page on inventory levels (2026-11-20).
Items that are no goods (``Miscellaneous``) have no stock: changing it does nothing.

Control: ``POST /_sandbox/stock`` with ``sku``, ``store``, ``location`` and figures to set (``available``,
``not_available``, ``on_po``, ``on_po_draft``), or ``rows`` of such.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox.refusal import Refused
from connectors.xoro.sandbox.seeds import INVENTORY, LOCATIONS, STOCK, STORE_IDS

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

SETTABLE = ("available", "not_available", "on_po", "on_po_draft")


@dataclass
class Figures:
    """Units of one item in one store. ``bins``: location -> [available, not available]."""

    allocated: float = 0
    on_so: float = 0
    on_so_draft: float = 0
    on_po: float = 0
    on_po_draft: float = 0
    on_asn: float = 0
    bins: dict[str, list[float]] = field(default_factory=dict)

    @property
    def available(self) -> float:
        return sum(units[0] for units in self.bins.values())

    @property
    def not_available(self) -> float:
        return sum(units[1] for units in self.bins.values())

    @property
    def net_available(self) -> float:
        return max(0, self.available - self.allocated)


class Stock:
    """``items`` by SKU: only what they hold has stock. ``locations`` by store: tests may add some."""

    def __init__(self, items: Mapping[str, Mapping[str, Any]]) -> None:
        self.items = items
        self.locations = {store: list(names) for store, names in LOCATIONS.items()}
        self.kept: dict[tuple[str, str], Figures] = {}

    def seed(self) -> None:
        for sku in self.items:
            for store, (available, not_available, on_po) in STOCK.items():
                self.change(sku, store, available=available, not_available=not_available, on_po=on_po)

    def is_stocked(self, sku: str) -> bool:
        return sku in self.items and self.items[sku]["ItemTypeId"] == INVENTORY[0]

    def figures(self, sku: str, store: str) -> Figures:
        """What is kept of an item in a store; made where there was nothing. Raises ``Refused``."""
        if sku not in self.items:
            raise Refused(1002, f"Item not found: {sku}")
        if store not in self.locations:
            raise Refused(1003, f"Store not found: {store}")
        return self.kept.setdefault((sku, store), Figures())

    def change(
        self,
        sku: str,
        store: str,
        location: str = "",
        *,
        available: float = 0,
        not_available: float = 0,
        on_so: float = 0,
        on_so_draft: float = 0,
        allocated: float = 0,
        on_asn: float = 0,
        on_po: float = 0,
        on_po_draft: float = 0,
    ) -> None:
        """Add to the figures; ``location`` empty: the store's first. Whether there is enough is the caller's question.
        Raises ``Refused`` for an item, store or location that does not exist."""
        if sku in self.items and not self.is_stocked(sku):
            return
        kept = self.figures(sku, store)
        units = kept.bins.setdefault(self.location(store, location), [0, 0])
        units[0] += available
        units[1] += not_available
        kept.on_so += on_so
        kept.on_so_draft += on_so_draft
        kept.allocated += allocated
        kept.on_asn += on_asn
        kept.on_po += on_po
        kept.on_po_draft += on_po_draft

    def location(self, store: str, name: str) -> str:
        """The location of that name, the store's first where none is named. Raises ``Refused``."""
        known = self.locations[store]
        if name and name not in known:
            raise Refused(1001, f"Invalid value: LocationName {name}")
        return name or known[0]

    def set(self, sku: str, store: str, location: str = "", **figures: float) -> None:
        """Make figures of ``SETTABLE`` what they shall be; goods lie in ``location`` and nowhere else in the store."""
        kept = self.figures(sku, store)
        where = self.location(store, location)
        for name in ("available", "not_available"):
            if name in figures:
                side = 0 if name == "available" else 1
                for units in kept.bins.values():
                    units[side] = 0
                kept.bins.setdefault(where, [0, 0])[side] = figures[name]
        kept.on_po = figures.get("on_po", kept.on_po)
        kept.on_po_draft = figures.get("on_po_draft", kept.on_po_draft)

    def row(self, sku: str, store: str) -> dict[str, Any]:
        """The figures as ``inventory/getinventorybyitem`` shows them."""
        kept, item = self.figures(sku, store), self.items[sku]
        available, ats = kept.available, kept.available - kept.on_so
        return {
            "ItemId": item["Id"],
            "ItemNumber": sku,
            "BasePartNumber": item["BasePartNumber"],
            "ProductHeaderId": item["ProductHeaderId"],
            "ItemDescription": item["Description"],
            "ItemTags": item["Tags"],
            "StoreId": STORE_IDS.get(store, 0),
            "StoreName": store,
            "OnHandQty": float(available + kept.not_available),
            "AvailableQty": float(available),
            "NotAvailableQty": float(kept.not_available),
            "AllocatedQty": float(kept.allocated),
            "NetAvailable": float(kept.net_available),
            "QtyOnSO": float(kept.on_so),
            "QtyOnPO": float(kept.on_po),
            "QtyOnPODraft": float(kept.on_po_draft),
            "QtyOnASN": float(kept.on_asn),
            "ATSQty": float(ats),
            "ATSQtyIncPO": float(ats + kept.on_po),
        }

    def keys(self, stores: Collection[str] = ()) -> Iterator[tuple[str, str]]:
        """(SKU, store) of every row there is, of some stores or of all, oldest first."""
        return (key for key in self.kept if not stores or key[1] in stores)


def set_stock(sandbox: XoroSandbox, given: Any) -> Any:
    stock = sandbox.books.stock
    rows = given.get("rows") or [given]
    for row in rows:
        figures = {name: float(row[name]) for name in SETTABLE if name in row}
        stock.set(row["sku"], row["store"], row.get("location", ""), **figures)
    return [stock.row(row["sku"], row["store"]) for row in rows]


CONTROL = {"POST /_sandbox/stock": set_stock}
