"""What the hub knows of Xoro's items beside their stock: type, tags, pre-sell. A light copy, kept fresh by what changed.

Only where a filter asks for it: rows of stock do not say what an item is. https://xorosoft.docs.apiary.io/ (checked
2026-11-20); the route as seen in use.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.directory import Known
from connectors.exceptions import RemoteUnavailable
from connectors.xoro.calls import catalogue as calls
from connectors.xoro.changed import Cursor
from connectors.xoro.settings_inventory import InventorySettings
from connectors.xoro.walks import MARK, Slice, unmet, walk

if TYPE_CHECKING:
    from connectors.run import Run

KIND = "item"  # directory: key: SKU; object id: Xoro's id
CURSOR = "items"  # checkpoint
BROKE_OFF = "items_broke_off"  # checkpoint: rows of a first list with a doubtful end; met twice, it is the end
Node = dict[str, Any]


@dataclass(frozen=True)
class Item:
    type: str
    is_presell: bool
    tags: frozenset[str]

    def takes_part(self, settings: InventorySettings) -> bool:
        types = {one.casefold() for one in settings.item_types}
        return not (types and self.type.casefold() not in types) and not (settings.skip_presell and self.is_presell)


def are_needed(settings: InventorySettings) -> bool:
    """Whether a filter asks for what only an item says."""
    return bool(settings.item_types) or settings.skip_presell


def synchronize(run: Run, part: Slice) -> None:
    """Read the items that changed since the last time; the first time all of them. Raises ``NotDone`` while more are left,
    ``RemoteUnavailable`` where the first list broke off."""
    cursor = Cursor.read(run, CURSOR)
    size = run.settings.inventory_page
    try:
        is_sure = walk(
            cursor.position, lambda page: calls.items_page(run.client, page, since=cursor.since, size=size),
            lambda rows: _keep(run, rows, cursor), part=part, what="the items",
        )  # fmt: skip
    finally:
        cursor.save(run)
    rows = cursor.position.rows
    if is_sure or cursor.until or (rows and rows == run.checkpoint.get(BROKE_OFF)):
        cursor.finish(run, is_sure=is_sure or not cursor.until)
        return
    run.save_checkpoint(**{BROKE_OFF: rows})
    cursor.begin_anew(run)
    raise RemoteUnavailable(
        f"Xoro's list of items broke off after {cursor.position.rows:,}; which of them take part is not known.",
        code="throttled",
    )


def _keep(run: Run, rows: Sequence[Node], cursor: Cursor) -> int:
    known: dict[str, Known] = {}
    for row in rows:
        sku, number = calls.text(row.get("ItemNumber")), calls.text(row.get("Id"))
        if not sku:
            continue
        data = {
            "type": calls.text(row.get("ItemTypeName")), "presell": flag(row, "IsPreSellFlag"),
            "tags": calls.text(row.get("Tags")), MARK: cursor.position.mark,
        }  # fmt: skip
        known[number or sku] = Known(key=sku, object_id=number or sku, data=data)
        cursor.meet(row)
    fresh = unmet(run.connector.pk, KIND, known, cursor.position.mark)
    directory.put(run.connector.pk, KIND, known.values())
    return fresh


def flag(row: Node, name: str) -> bool:
    """A flag of Xoro's, which often has a twin of text with ``Y`` or ``N``."""
    value = row.get(name)
    return value is True or (value is None and row.get(f"{name}Str") == "Y")


def find(run: Run, skus: Collection[str]) -> dict[str, Item]:
    """Items by SKU; of several with one SKU the first."""
    found = directory.find(run.connector.pk, KIND, skus)
    return {
        sku: Item(
            type=str(some[0].data.get("type") or ""),
            is_presell=bool(some[0].data.get("presell")),
            tags=frozenset(one.strip().casefold() for one in str(some[0].data.get("tags") or "").split(",")),
        )
        for sku, some in found.items()
    }
