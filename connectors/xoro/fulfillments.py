"""Shipments out of Xoro: every shipped invoice of the shop becomes a ``Shipment`` for the shop, once for each shipment.

A run walks the invoices of one status after the other, because Xoro lists open ones only unless told otherwise and a
prepaid order's invoice is paid the moment it ships. It reads what changed since the newest moment it saw (never by the
hub's own clock) minus the overlap, a few pages an event, and hands each invoice to an event of its own. Then it looks for
what such a walk may have missed (``missed``). A cursor moves only past an end that is sure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db.models import F, Func, Value

from connectors.exceptions import HubError, PayloadError, RemoteRefused, Skip
from connectors.models import DirectoryEntry
from connectors.xoro import applications, documents, earlier, missed, shipped, telling, wire
from connectors.xoro.calls import invoices as calls
from connectors.xoro.client import unsure
from connectors.xoro.paging import Page
from connectors.xoro.shipments import Shipped, has_left, is_void, read, units_of
from connectors.xoro.walks import Position, Slice, checkpoint, walk

if TYPE_CHECKING:
    from connectors.run import Run

WALK = "fulfillments"  # checkpoint: the run under way
CURSORS = "fulfillment_cursors"  # checkpoint: newest moment seen, by what was walked
VOIDED, INVOICES, LOOKS, ORDERS = "voided", "invoices", "looks", "orders"
SINGLE = "fulfillment"
RECENT_PAGES = 5
ORDER_STATUSES = ("Partially Shipped", "Shipped")
Node = dict[str, Any]


def synchronize(run: Run) -> str:
    """Raises ``Skip`` (switched off, not routed), ``NotDone`` while the run goes on, and the errors of the client."""
    telling.check_is_on(run)
    part = Slice.begin()
    memory = _under_way(run)
    steps = memory["steps"]
    while memory["step"] < len(steps):
        try:
            _step(run, memory, steps[memory["step"]], part)
        except HubError:  # it goes on from here: later, or with the next attempt
            run.save_checkpoint(**{WALK: memory})
            raise
        memory |= {"step": memory["step"] + 1, "position": {}, "newest": "", "recent": []}
        run.save_checkpoint(**{WALK: memory})
    run.save_checkpoint(**{WALK: {}})
    return _sentence(run, memory)


def _under_way(run: Run) -> Node:
    """The run to go on with, or a new one where none is under way or the settings ask for another one."""
    sources = sources_of(run)
    # Void ones first: what was invoiced again instead is told once the first is settled.
    steps = [[VOIDED, source, status] for source in sources for status in run.settings.void_statuses or ()]
    steps += [[INVOICES, source, status] for source in sources for status in run.settings.invoice_statuses]
    steps.append([LOOKS, "", ""])
    steps += [[ORDERS, source, status] for source in sources for status in ORDER_STATUSES]
    kept = checkpoint(run, WALK)
    if kept.get("steps") == steps:
        return kept
    return {"steps": steps, "step": 0, "position": {}, "newest": "", "recent": [], "found": 0, "unsure": [], "odd": 0}


def sources_of(run: Run) -> list[str]:
    """The shops this connector has sent orders of; an empty one (every shop) where it knows none yet."""
    rows = DirectoryEntry.objects.filter(connector_id=run.connector.pk, kind=documents.KIND)
    without_order = Func(F("key"), Value(" [^ ]+$"), Value(""), function="regexp_replace")
    return sorted(rows.annotate(source=without_order).values_list("source", flat=True).distinct()) or [""]


def _step(run: Run, memory: Node, step: Sequence[str], part: Slice) -> None:
    kind, source, status = step
    if kind == LOOKS:
        missed.look(run, part, partial(_take_rows, run, memory, source))
        return
    position = Position.read(memory["position"]) or Position(mark=kind)
    of_invoices = kind in (VOIDED, INVOICES)
    call = {VOIDED: calls.voided_invoices, INVOICES: calls.changed_invoices, ORDERS: calls.changed_orders}[kind]
    take = partial(_take_rows, run, memory, source) if of_invoices else partial(missed.compare, run, source)
    what = f"{status.lower()} {'invoices' if of_invoices else 'sales orders'}"

    def take_page(rows: Sequence[Node]) -> int:
        new = fresh(memory, rows)
        take(new)
        return len(new)

    try:
        fetch = partial(_page, run, memory, call, source, status, _since(run, step))
        is_sure = walk(position, fetch, take_page, part=part, what=what)
    finally:
        memory["position"] = position.kept()
    if not is_sure:
        memory["unsure"].append(what)
    elif memory["newest"]:
        kept = run.checkpoint.get(CURSORS) or {}
        run.save_checkpoint(**{CURSORS: {**kept, _cursor(step): max(memory["newest"], kept.get(_cursor(step), ""))}})


def fresh(memory: Node, rows: Sequence[Node], key: Callable[[Node], str] = wire.document_number) -> list[Node]:
    """Rows that no page shortly before had: pages overlap, and some tenants answer the same one again and again."""
    seen = {number for page in memory["recent"] for number in page}
    by_number = {key(row): row for row in rows}
    memory["recent"] = [*memory["recent"], list(by_number)][-RECENT_PAGES:]
    return [row for number, row in by_number.items() if number not in seen]


def _page(run: Run, memory: Node, call: Any, source: str, status: str, since: str, page: int) -> Page:
    """A page, with the newest moment of it noted."""
    found: Page = call(run.client, source, status, since, page)
    for row in found.rows:
        moment = wire.local_moment(wire.header_of(row).get("ModifyDttm"), "ModifyDttm")
        if moment is not None:
            memory["newest"] = max(memory["newest"], moment.isoformat())
    return found


def _cursor(step: Sequence[str]) -> str:
    return "|".join(step)


def _since(run: Run, step: Sequence[str]) -> str:
    """From when on: the newest moment seen minus the overlap; the first time, the integration's start date."""
    newest = (run.checkpoint.get(CURSORS) or {}).get(_cursor(step))
    if newest:
        settings = run.settings
        moment = datetime.fromisoformat(newest)
        return wire.look_back(moment, settings.import_overlap_minutes, settings.api_time_zone).isoformat()
    first: date | None = run.settings.import_start_date
    return f"{first.isoformat()}T00:00:00" if first else ""


def _take_rows(run: Run, memory: Node, source: str, rows: Sequence[Node]) -> None:
    """Hand what is new or changed to events of its own."""
    met: dict[str, Shipped] = {}
    for row in rows:
        if not is_ours(run, row, source):
            continue
        try:
            one = read(row)
        except PayloadError:
            memory["odd"] += 1
        else:
            met |= {one.id: one} if has_left(one) or is_void(one, run.settings) else {}
    known = shipped.memories(run, list(met))
    old = earlier.of(run, met.values())
    remembered, changed_orders = [], set()
    for one in met.values():
        before = known.get(one.id, {})
        changed = one.changed_at.isoformat() if one.changed_at else ""
        if is_void(one, run.settings) and not shipped.told_of(before):
            remembered.append((one, shipped.as_nothing(before, changed)))
            continue
        if (before.get("changed") != changed or not changed) and one.id not in old:
            memory["found"] += 1
            changed_orders.add(one.shop_number)
            hand_on(run, one)
        units = {sku: str(units) for sku, units in units_of(one, run.settings).items()}
        remembered.append((one, {**before, "changed": changed, "units": units}))
    memory["old"] = memory.get("old", 0) + len(old)
    shipped.remember(run, remembered)
    applications.wake_waiting(run, changed_orders)


def is_ours(run: Run, row: Node, source: str) -> bool:
    """Whether a row is of the shop asked for; of any shop of this account where none is known yet."""
    if source:
        return calls.is_of(row, source)
    named = wire.identifier(wire.header_of(row).get("ThirdPartySource"))
    return named.startswith("https://") and named.endswith(f"-{run.settings.account_name}")


def hand_on(run: Run, one: Shipped, *, is_asked_for: bool = False) -> int:
    """An event for one invoice, with what the walk read of it. ``is_asked_for``: by a person, so that the shop is told of
    what it heard before as well."""
    payload = {"number": one.number, "row": plain(one.row), "asked": is_asked_for}
    return run.spawn(
        topic=f"single:{SINGLE}",
        object_type=SINGLE,
        object_id=one.id,
        object_label=one.number,
        payload=payload,
        version=f"{one.changed_at:%Y%m%d%H%M%S}" if one.changed_at else "",
    )


def plain(value: Any) -> Any:
    """A row of an answer without decimals, for a payload."""
    if isinstance(value, Mapping):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _sentence(run: Run, memory: Node) -> str:
    found = memory["found"]
    said = f"{found:,} shipped invoice{'' if found == 1 else 's'} new or changed."
    if memory.get("old"):
        run.note("before_start", f"{memory['old']:,} invoices left before {earlier.first_day(run)} and were left out. "
                 "One of them can be told by its number, under “Fulfillment”.")  # fmt: skip
    if memory["odd"]:
        run.note("unreadable", f"{memory['odd']:,} invoices named neither themselves nor a time, and were left out.")
    if memory["unsure"]:
        what = ", ".join(memory["unsure"])
        run.note("uncertain_end", f"Where these lists end is not sure, as Xoro was busy: {what}. They are read again.")
        said += " Some lists may go on: the next run reads them again from the same place."
    return said


def synchronize_single(run: Run) -> str:
    """The shipments of an invoice, a sales order or an order of the shop, by its number; an invoice a walk met comes with
    its row. Raises ``Skip`` (switched off, held back, told before), ``RemoteRefused`` where Xoro knows no shipped invoice
    of it, ``RemoteUnavailable`` where its emptiness proves nothing."""
    telling.check_is_on(run)
    payload = run.payload if isinstance(run.payload, dict) else {}
    if isinstance(payload.get("row"), dict):
        return telling.tell(run, read(payload["row"]), is_asked_for=bool(payload.get("asked")))
    number = str(payload.get("number") or "").strip()
    found, is_certain = _found(run, number)
    left = [one for one in found if has_left(one) and not is_void(one, run.settings)]
    if left:
        return telling.tell_all(run, left, is_asked_for=True)
    if found:
        if is_void(found[0], run.settings):
            return telling.tell(run, found[0])
        raise Skip(f"Invoice {found[0].number} says nothing of goods that left.", reason="filtered", code="not_shipped")
    if not is_certain:
        raise unsure(number)
    raise RemoteRefused(
        f"Xoro has no invoice of number {number}, nor one of that order, for this account.",
        code="not_found",
        next_step="Check the number, and in Xoro whether the order has shipped; then try again.",
    )


def _found(run: Run, number: str) -> tuple[list[Shipped], bool]:
    """Invoices of this account by whatever the number is of, and whether every empty answer was certain."""
    is_certain = True
    keys = (("invoice_number", number), ("so_number", number), ("so_ref_no", number.lstrip("#")))
    for parameter, value in keys:
        rows, certain = calls.invoices_by(run.client, parameter, value)
        is_certain = is_certain and certain
        found = [read(row) for row in rows if is_ours(run, row, "")]
        if found:
            return found, True
    return [], is_certain
