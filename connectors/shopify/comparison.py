"""What the shop really holds, compared with what it was sent: one bulk query over all stock, and the feed corrects.

Whatever somebody changed in the shop, or a lost answer left behind, is found so. Differences are told on the event, and
written beside the route's figures, so that its feed sends them. Not for what the source says: that is the feed's own
difference. https://shopify.dev/docs/api/usage/bulk-operations/queries (API 2026-10, checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from connectors import feeds, figures, holdings
from connectors.exceptions import RemoteRefused, RemoteUnavailable
from connectors.figures import Row
from connectors.holdings import Difference
from connectors.records import StockLevel
from connectors.shopify import bulk
from connectors.shopify.calls import bulk as calls
from connectors.shopify.places import Places
from connectors.shopify.replies import promised_shape
from connectors.shopify.settings_stock import AS_SAID

if TYPE_CHECKING:
    from connectors.run import Run

QUERY = "HubStockInBulk"
UNDER_WAY = "stock_comparison"  # checkpoint: route to the operation and when it was started
BLOCK = 1_000  # levels of the shop looked up together
NAMED = 8
Node = dict[str, Any]


def compare(run: Run) -> str:
    """Read all stock of the shop and write down what it holds of the route's figures; where something differs its feed is
    started. Raises ``NotDone`` while Shopify collects it, ``RemoteUnavailable`` where it gives up."""
    route_id = run.the_route.pk
    places = _places(run)
    if not places:
        return "Nothing was compared: no stock was sent along this route yet, or none of its places is mapped."
    under_way = _under_way(run)
    node = bulk.over(run, under_way["operation"], "the list of all its stock")
    if node is None or node["status"] != "COMPLETED":
        _forget(run)
        reason = str(node["errorCode"] or node["status"]).lower() if node else "unknown"
        raise RemoteUnavailable(f"Shopify gave up listing the shop's stock ({reason}).", code="bulk_failed")
    began = datetime.fromisoformat(under_way["began"])
    count = found = 0
    named: list[str] = []
    try:
        for levels in _blocks(_levels(run, node, places)):
            rows = holdings.at(route_id, list(levels))
            different = holdings.compare(route_id, _held(run, rows, levels), before=began)
            count, found = count + len(rows), found + len(different)
            named += [_told(one) for one in different[: NAMED - len(named)]]
            run.progress(count, figures.count_all(route_id))
    except RemoteRefused:  # the address of the result has expired: the next attempt asks anew
        _forget(run)
        raise
    _forget(run)
    text = f"{count:,} stock level{' was' if count == 1 else 's were'} compared with the shop"
    if not found:
        return f"{text}; none differs."
    more = f" and {found - len(named):,} more" if found > len(named) else ""
    run.note("differs", f"The shop held something else than it was sent: {'; '.join(named)}{more}.")
    feeds.follow(run)
    return f"{text}; {found:,} differ{'s' if found == 1 else ''} and {'is' if found == 1 else 'are'} corrected."


def _told(one: Difference) -> str:
    where = f" at {one.place}" if one.place else ""
    return f"{one.key}{where} holds {one.held}, wanted {one.wanted}"


def _under_way(run: Run) -> dict[str, str]:
    """The operation that collects the stock; started where there is none."""
    kept = run.checkpoint.get(UNDER_WAY) or {}
    key = str(run.the_route.pk)
    if key in kept:
        found: dict[str, str] = kept[key]
        return found
    began = timezone.now()
    gid = calls.run_query(run.client, QUERY)
    made = {"operation": gid, "began": began.isoformat()}
    waits = run.checkpoint.get(bulk.WAITS) or {}
    run.save_checkpoint(**{UNDER_WAY: {**kept, key: made}, bulk.WAITS: {**waits, gid: run.the_event.pk}})
    return made


def _forget(run: Run) -> None:
    kept = dict(run.checkpoint.get(UNDER_WAY) or {})
    gone = kept.pop(str(run.the_route.pk), None) or {}
    waits = {
        gid: event for gid, event in (run.checkpoint.get(bulk.WAITS) or {}).items() if gid != gone.get("operation")
    }
    run.save_checkpoint(**{UNDER_WAY: kept, bulk.WAITS: waits or None})


def _places(run: Run) -> dict[str, str]:
    """The places of the route's figures by the shop's location; those without one are told by the feed."""
    known = Places(run)
    found = {place: known.find(place) for place in holdings.places_of(run.the_route.pk)}
    return {location: place for place, location in found.items() if isinstance(location, str)}


def _levels(run: Run, node: Node, places: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], dict[str, int]]]:
    """SKU and place of each level of a place that is mapped, with its quantities by name."""
    if node["url"] is None:
        return
    for row in bulk.rows(run, node["url"]):
        if "quantities" not in row:
            continue  # an item; its levels have rows of their own
        with promised_shape("a stock level"):
            sku, place = row["item"]["sku"], places.get(str(row["location"]["id"]))
            quantities = {str(one["name"]): int(one["quantity"]) for one in row["quantities"]}
        if sku and place is not None:
            yield (str(sku), place), quantities


def _blocks(
    levels: Iterable[tuple[tuple[str, str], dict[str, int]]],
) -> Iterator[dict[tuple[str, str], dict[str, int]]]:
    rest = iter(levels)
    while block := list(islice(rest, BLOCK)):
        yield dict(block)


def _held(run: Run, rows: Iterable[Row], levels: Mapping[tuple[str, str], Mapping[str, int]]) -> dict[int, str]:
    """What the shop holds of each figure, as the figure reads."""
    held: dict[int, str] = {}
    for row in rows:
        try:
            counts = StockLevel.read(row.key, row.place, row.text).counts
        except ValueError:
            continue  # told by the feed
        name = counts if run.options.quantity == AS_SAID else run.options.quantity
        quantity = levels[row.key, row.place].get(name)
        if quantity is not None:
            held[row.id] = StockLevel(sku=row.key, quantity=Decimal(quantity), counts=counts).text
    return held
