"""What a person asked for by days: products by the day of their last change, invoices by the day their goods left.

Such a list may have thousands of pages, so that it is read a few at a time; which shipment or product that means is for
the events it makes. Days are taken as Xoro writes them. What the tenant's filters leave in is looked at again here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.exceptions import Skip
from connectors.records import Product
from connectors.xoro import fulfillments, products, telling, wire
from connectors.xoro.calls import catalogue
from connectors.xoro.calls import invoices as calls
from connectors.xoro.changed import moment_of
from connectors.xoro.paging import Page
from connectors.xoro.shipments import Shipped, has_left, is_void, left_on, read
from connectors.xoro.walks import Position, Slice, checkpoint, walk

if TYPE_CHECKING:
    from connectors.run import Run

KEPT = "days"  # checkpoint: walks under way by their event, the newest few
MOST_KEPT = 10
MARGIN = timedelta(days=1)  # between the zones in which days and times of change are written
Node = dict[str, Any]


def bring_products(run: Run) -> str:
    """One event for every product changed last on the days of ``run.days``. Raises as ``products.synchronize``."""
    products.check_direction(run)
    if not run.is_routed(Product):
        raise Skip(f"No route takes products from {run.connector}.", reason="not_routed")
    first, last = run.days
    tags = run.settings.product_tags
    since, until = f"{first}T00:00:00", f"{last + MARGIN}T00:00:00"
    tag = tags[0] if len(tags) == 1 else ""

    def take(rows: Sequence[Node]) -> int:
        wanted = [row for row in rows if str(first) <= _day(row) <= str(last)]
        products.hand_on_again(run, wanted)
        return len(wanted)

    def fetch(page: int) -> Page:
        return catalogue.products_page(run.client, page, since=since, until=until, tag=tag)

    return _walked(run, [("products", fetch)], _number, take, "product was changed last", "products were changed last")


def _day(row: Node) -> str:
    changed = moment_of(row.get("ModifyDttm"))
    return str(changed.date()) if changed else ""


def _number(row: Node) -> str:
    return catalogue.text(row.get("BasePartNumber"))


def bring_shipments(run: Run) -> str:
    """One event for every invoice of the shop whose goods left on the days of ``run.days``. Raises as
    ``fulfillments.synchronize``."""
    telling.check_is_on(run)
    first, last = run.days
    since = (datetime.combine(first, datetime.min.time()) - MARGIN).isoformat()
    lists: list[tuple[str, Callable[[int], Page]]] = []
    for source in fulfillments.sources_of(run):
        for status in run.settings.invoice_statuses:
            lists.append((f"{status.lower()} invoices", _invoices(run, source, status, since)))

    def take(rows: Sequence[Node]) -> int:
        ours = [read(row) for row in rows if fulfillments.is_ours(run, row, "")]
        wanted = [one for one in ours if _is_wanted(run, one, str(first), str(last))]
        for one in wanted:
            fulfillments.hand_on(run, one, is_asked_for=True)
        return len(wanted)

    return _walked(run, lists, wire.document_number, take, "invoice shipped", "invoices shipped")


def _invoices(run: Run, source: str, status: str, since: str) -> Callable[[int], Page]:
    return lambda page: calls.changed_invoices(run.client, source, status, since, page)


def _is_wanted(run: Run, one: Shipped, first: str, last: str) -> bool:
    return has_left(one) and not is_void(one, run.settings) and first <= left_on(one) <= last


def _walked(
    run: Run,
    lists: Sequence[tuple[str, Callable[[int], Page]]],
    key: Callable[[Node], str],
    take: Callable[[Sequence[Node]], int],
    one: str,
    many: str,
) -> str:
    """Read these lists to their ends. Raises ``NotDone`` while more is left, ``Skip`` where somebody cancelled it."""
    memory = _memory(run)
    part = Slice.begin()
    try:
        while memory["list"] < len(lists):
            what, fetch = lists[memory["list"]]
            _walk(run, memory, part, what, fetch, key, take)
            memory |= {"list": memory["list"] + 1, "position": {}, "recent": []}
    finally:
        _keep(run, memory)
    _keep(run, None)
    if memory["unsure"]:
        run.note("uncertain_end", f"Where these lists end is not sure, as Xoro was busy: {', '.join(memory['unsure'])}. "
                 "Bring the same days in again later: what is there already is not made twice.")  # fmt: skip
    first, last = run.days
    found = memory["found"]
    return f"{found:,} {one if found == 1 else many} from {first} to {last}; each has an event of its own."


def _walk(
    run: Run,
    memory: Node,
    part: Slice,
    what: str,
    fetch: Callable[[int], Page],
    key: Callable[[Node], str],
    take: Callable[[Sequence[Node]], int],
) -> None:
    position = Position.read(memory["position"]) or Position(mark="days")

    def take_page(rows: Sequence[Node]) -> int:
        fresh = fulfillments.fresh(memory, rows, key)
        memory["found"] += take(fresh)
        run.progress(memory["found"], memory["found"])
        return len(fresh)

    try:
        if not walk(position, fetch, take_page, part=part, what=what):
            memory["unsure"].append(what)
    finally:
        memory["position"] = position.kept()


def _memory(run: Run) -> Node:
    kept = checkpoint(run, KEPT).get(str(run.the_event.pk))
    return dict(kept) if kept else {"list": 0, "position": {}, "recent": [], "found": 0, "unsure": []}


def _keep(run: Run, memory: Node | None) -> None:
    others = {name: one for name, one in checkpoint(run, KEPT).items() if name != str(run.the_event.pk)}
    newest = dict(list(others.items())[-MOST_KEPT + 1 :])
    run.save_checkpoint(**{KEPT: newest | ({str(run.the_event.pk): memory} if memory is not None else {})})
