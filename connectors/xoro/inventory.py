"""Stock out of Xoro: every mapped store is walked to its end, what was read is kept, then offered to the routes.

The walk goes on over several events (``walks``). What each store holds of an item is an entry of the hub's directory, so
that stores add up whatever the order of their rows (``levels``). Nothing is ever taken for gone that a walk to a sure end
did not leave out: a list that broke off, or is suddenly much shorter, changes nothing of what it does not name.
No filter by time is known for this route, hence the whole walk (https://xorosoft.docs.apiary.io/, checked 2026-11-20).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connectors import directory
from connectors.directory import Known
from connectors.exceptions import PayloadError, Skip
from connectors.records import StockLevel
from connectors.xoro import items, levels, wire
from connectors.xoro.calls import catalogue as calls
from connectors.xoro.paging import Page
from connectors.xoro.settings_inventory import FULL
from connectors.xoro.walks import MARK, Position, Slice, checkpoint, unmet, walk

if TYPE_CHECKING:
    from connectors.run import Run

WALK = "inventory"  # checkpoint: the walk under way
# Checkpoint: rows of each store in the last walk that was believed, at the last doubtful ends, and the last comparison.
DONE = "inventory_done"
LONGEST_WALK = timedelta(hours=12)  # an older one under way is begun anew: its first pages say nothing any more
LEAST_SHARE = 0.9  # of the rows of the walk before: a list that is shorter is believed once it was met twice
Node = dict[str, Any]


def synchronize(run: Run) -> str:
    """Read every mapped store and offer its figures. Raises ``Skip`` (switched off, not routed), ``NotDone`` while the
    walk goes on, and the errors of the client."""
    settings = run.settings
    if not settings.inventory_enabled:
        raise Skip(
            "No stock is sent: the setting “Send inventory” is off.", reason="filtered", code="inventory_enabled"
        )
    if not run.is_routed(StockLevel):
        raise Skip(f"No route takes stock levels from {run.connector}.", reason="not_routed")
    part = Slice.begin()
    if items.are_needed(settings):
        items.synchronize(run, part)
    memory = _under_way(run)
    _walk_stores(run, memory, part)
    return _offer(run, memory)


def _under_way(run: Run) -> Node:
    """The walk to go on with: the one under way, or a new one where there is none, or other stores are asked for."""
    kept = checkpoint(run, WALK)
    asked = _asked(run)
    is_ours = kept.get("asked") == asked and Position.read(kept.get("position")) is not None
    if is_ours and datetime.fromisoformat(str(kept["began"])) > run.now - LONGEST_WALK:
        return kept
    mark = f"{run.the_event.pk}-{run.now:%H%M%S%f}"
    return {"asked": asked, "began": run.now.isoformat(), "store": 0, "unsure": [], "rows": {}, "unreadable": [],
            "position": Position(mark=mark).kept()}  # fmt: skip


def _asked(run: Run) -> str:
    """What makes rows of another walk useless: other stores, or another figure."""
    text = json.dumps([sorted(stores_of(run)), run.settings.quantity_field])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def stores_of(run: Run) -> list[str]:
    """The stores that are mapped, in the order of the settings."""
    return [row["store"] for row in run.settings.inventory_location_map or ()]


def _walk_stores(run: Run, memory: Node, part: Slice) -> None:
    stores = stores_of(run)
    position = Position.read(memory["position"])
    if position is None:
        raise AssertionError("a walk under way has a position")
    mark = position.mark
    try:
        while memory["store"] < len(stores):
            store = stores[memory["store"]]
            is_sure = walk(
                position, partial(_page, run, store), partial(_keep, run, memory, store, mark=mark),
                part=part, what=f"the stock of {store}",
            )  # fmt: skip
            memory["rows"][store] = position.rows
            if not is_sure:
                memory["unsure"].append(store)
            memory["store"] += 1
            position = Position(mark=mark)
    finally:
        memory["position"] = position.kept()
        run.save_checkpoint(**{WALK: memory})


def _page(run: Run, store: str, page: int) -> Page:
    return calls.stock_page(run.client, store, page, size=run.settings.inventory_page)


def _keep(run: Run, memory: Node, store: str, rows: Sequence[Node], mark: str) -> int:
    """Write a page down; how many of its rows this walk had not met. Rows of other stores are left out: a tenant that
    ignores the filter must not have its figures counted twice."""
    known: dict[str, Known] = {}
    foreign = 0
    for row in rows:
        sku = calls.text(row.get("ItemNumber"))
        if calls.text(row.get("StoreName")).casefold() != store.casefold():
            foreign += 1
            continue
        if not sku:
            continue
        try:
            quantity = wire.quantity(row.get(run.settings.quantity_field), run.settings.quantity_field)
        except PayloadError:
            _remember(memory["unreadable"], sku)
            continue
        number = calls.text(row.get("ItemId")) or sku
        data = {"store": store, "q": quantity, "tags": calls.text(row.get("ItemTags")), MARK: mark}
        known[object_id(store, number)] = Known(key=sku, object_id=object_id(store, number), data=data)
    fresh = unmet(run.connector.pk, levels.KIND, known, mark)
    directory.put(run.connector.pk, levels.KIND, known.values())
    return fresh + foreign  # of those nothing is known, so that nothing says that they were met


def object_id(store: str, number: str) -> str:
    """One item in one store, short enough for its column."""
    return f"{hashlib.sha256(store.casefold().encode()).hexdigest()[:12]}:{number}"


def _remember(names: list[str], name: str) -> None:
    if len(names) < 20 and name not in names:
        names.append(name)


# --- offering -------------------------------------------------------------------------------------------------------


def _offer(run: Run, memory: Node) -> str:
    position = Position.read(memory["position"])
    mark = position.mark if position is not None else ""
    done = checkpoint(run, DONE)
    doubtful = _doubtful(run, memory, done)
    picture = levels.Picture(run, mark, doubtful)
    offered = run.offer(StockLevel, picture.rows(), complete=not doubtful, again=run.settings.inventory_mode == FULL)
    if not doubtful:
        directory.forget_unlike(run.connector.pk, levels.KIND, MARK, mark)
    picture.tell()
    if memory["unreadable"]:
        run.note("unreadable", f"Rows whose figure is no number were left out: {', '.join(memory['unreadable'])}.")
    if _is_due(run, done):
        count = run.compare(StockLevel)
        run.note(
            "comparison", f"The nightly comparison with what {count} target{'' if count == 1 else 's'} hold was begun."
        )
    run.save_checkpoint(**{DONE: done, WALK: None})
    return offered.sentence("Stock level")


def _doubtful(run: Run, memory: Node, done: Node) -> frozenset[str]:
    """Stores whose list may have broken off; an end that looks like throttling is believed where the walk before met it at
    the same row, as some tenants never answer otherwise. ``done`` learns what the others have."""
    known: dict[str, int] = done.setdefault("rows", {})
    short: dict[str, int] = done.setdefault("short", {})
    broken: dict[str, int] = done.setdefault("broken", {})
    found = set()
    for store, rows in memory["rows"].items():
        before = broken.pop(store, 0)
        is_unsure = store in memory["unsure"]
        if is_unsure:
            broken[store] = rows
        if is_unsure and (not rows or rows != before):
            found.add(store)
            run.note("broke_off", f"Xoro's list for store {store} broke off after {rows:,} rows; what it does not name "
                     "stays as it is, unless the next walk ends at the same row.")  # fmt: skip
        elif not rows and not known.get(store):
            found.add(store)
            run.note(
                "empty_store", f"Xoro lists no stock for store {store}: check its spelling under “Stores to locations”."
            )
        elif rows < known.get(store, 0) * LEAST_SHARE and not _was_met(rows, short.get(store)):
            found.add(store)
            short[store] = rows
            run.note("shorter", f"Xoro's list for store {store} has {rows:,} rows instead of {known[store]:,}; what it does "
                     "not name stays as it is, unless the next walk finds the same.")  # fmt: skip
        else:
            known[store] = rows
            short.pop(store, None)
    return frozenset(found)


def _was_met(rows: int, before: int | None) -> bool:
    """Whether the walk before found about as few."""
    return before is not None and before * LEAST_SHARE <= rows <= max(before / LEAST_SHARE, before + 1)


def _is_due(run: Run, done: Node) -> bool:
    """Whether the hour of the comparison came since the last one; ``done`` learns that it did. The first time it comes by
    itself: what was just sent need not be compared."""
    hour = run.settings.full_sync_hour
    if hour is None:
        return False
    now = _local(run)
    is_later = now.hour >= hour
    came_on = (now.date() if is_later else now.date() - timedelta(days=1)).isoformat()
    before = str(done.get("compared_on") or "")
    done["compared_on"] = max(came_on, before)
    return before < came_on and (is_later or bool(before))


def _local(run: Run) -> datetime:
    moment: datetime = run.now
    return moment.astimezone(ZoneInfo(run.settings.import_time_zone))
