"""From what each store holds of an item to one figure a SKU and location: stores add up, then buffer, floor and cap.

Reads the directory in the order of SKUs, a block at a time, so that memory does not grow with the catalogue. Not for
reading Xoro: that is ``inventory.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from connectors import directory
from connectors.directory import Known
from connectors.records import StockLevel
from connectors.xoro import items
from connectors.xoro.settings_inventory import InventorySettings, place_key
from connectors.xoro.walks import MARK

if TYPE_CHECKING:
    from connectors.run import Run

KIND = "stock"  # directory: key: SKU; object id: store and item; data: store, q, tags, mark
BLOCK = 500  # SKUs whose items are looked up together
NAMED = 8


@dataclass
class Left:
    """SKUs that were left out for one reason: how many, and the first of them."""

    count: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        self.count += 1
        if len(self.names) < NAMED:
            self.names.append(name)

    def listed(self) -> str:
        more = self.count - len(self.names)
        return ", ".join(self.names) + (f" and {more:,} more" if more else "")


class Picture:
    """The figures of one walk (``mark``). ``doubtful``: stores whose list may have broken off."""

    def __init__(self, run: Run, mark: str, doubtful: frozenset[str]) -> None:
        self.run, self.mark, self.doubtful = run, mark, doubtful
        self.settings: InventorySettings = run.settings
        self.places = places_of(self.settings)
        self.twice, self.unknown, self.filtered = Left(), Left(), Left()

    def rows(self) -> Iterator[StockLevel]:
        """Every figure that can be told for sure."""
        block: list[tuple[str, list[Known]]] = []
        for sku, entries in groupby(directory.all_of(self.run.connector.pk, KIND), key=lambda one: one.key):
            block.append((sku, list(entries)))
            if len(block) == BLOCK:
                yield from self._of(block)
                block = []
        yield from self._of(block)

    def _of(self, block: list[tuple[str, list[Known]]]) -> Iterator[StockLevel]:
        known = items.find(self.run, [sku for sku, _ in block]) if items.are_needed(self.settings) else None
        for sku, entries in block:
            if self._takes_part(sku, entries, known):
                yield from self._levels(sku, entries)

    def _takes_part(self, sku: str, entries: list[Known], known: Mapping[str, items.Item] | None) -> bool:
        stores = [one.data["store"] for one in entries if one.data.get(MARK) == self.mark]
        if len(stores) > len(set(stores)):
            self.twice.add(sku)
            return False
        tags = {tag.strip().casefold() for one in entries for tag in str(one.data.get("tags") or "").split(",")}
        if known is not None:
            item = known.get(sku)
            if item is None:
                self.unknown.add(sku)
                return False
            tags |= item.tags
            if not item.takes_part(self.settings):
                self.filtered.add(sku)
                return False
        if not fits_tags(tags, self.settings):
            self.filtered.add(sku)
            return False
        return True

    def _levels(self, sku: str, entries: list[Known]) -> Iterator[StockLevel]:
        for place, stores in self.places.items():
            mine = [one for one in entries if one.data["store"] in stores]
            met = [one for one in mine if one.data.get(MARK) == self.mark]
            if not mine or (stores & self.doubtful and (len(stores) > 1 or not met)):
                continue
            if not met and not self.settings.zero_missing:
                continue
            total = sum((Decimal(str(one.data["q"])) for one in met), Decimal(0))
            yield StockLevel(
                sku=sku, location=place, quantity=bounded(total, self.settings), counts=counts(self.settings)
            )

    def tell(self) -> None:
        """What was left out, as notes of the event."""
        many = [place for place, stores in self.places.items() if len(stores) > 1 and stores & self.doubtful]
        if many:
            self.run.note(
                "incomplete", f"{', '.join(many)}: nothing is sent until the lists of all its stores are complete."
            )
        for left, code, why in (
            (self.twice, "sku_twice", "Several items of Xoro have this SKU; none of them is sent"),
            (self.unknown, "unknown_item", "Not in Xoro's list of items, so that its type is not known; not sent"),
            (self.filtered, "filtered", "Left out by the settings for items"),
        ):
            if left.count:
                self.run.note(code, f"{why}: {left.listed()}.")


def places_of(settings: InventorySettings) -> dict[str, frozenset[str]]:
    """Stores by the location they add up into. Two spellings of one name are one location, called as it is first: they
    would overwrite each other in the shop."""
    made: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    for row in settings.inventory_location_map or ():
        place = names.setdefault(place_key(row["location"]), row["location"])
        made.setdefault(place, set()).add(row["store"])
    return {place: frozenset(stores) for place, stores in made.items()}


def bounded(total: Decimal, settings: InventorySettings) -> Decimal:
    """Less the buffer, not below zero where so set, not above the cap."""
    left = total - settings.stock_buffer
    if settings.zero_floor:
        left = max(left, Decimal(0))
    return left if settings.max_quantity is None else min(left, Decimal(settings.max_quantity))


def counts(settings: InventorySettings) -> str:
    """What the figure means to a shop: on hand is what lies on the shelf, open orders included."""
    return "on_hand" if settings.quantity_field == "OnHandQty" else "available"


def fits_tags(tags: set[str], settings: InventorySettings) -> bool:
    include = {tag.casefold() for tag in settings.item_tags_include}
    exclude = {tag.casefold() for tag in settings.item_tags_exclude}
    return not exclude & tags and (not include or bool(include & tags))
