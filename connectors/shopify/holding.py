"""Holds, moves and progress of fulfillment orders, as another system asks for them. Each of these converges: what is so
already is left as it is, so that a repeat, or a lost answer, does no harm.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/fulfillmentOrderHold, ...ReleaseHold, ...Move,
...ReportProgress (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.base import Cell, Delivered, Table
from connectors.directory import Known
from connectors.exceptions import RemoteRefused, Skip
from connectors.records import FulfillmentMove, FulfillmentProgress, Hold, HoldRelease
from connectors.records.shipment import OfOrder
from connectors.shopify import locations, shipping_plan
from connectors.shopify.calls import fulfillment as calls
from connectors.shopify.client import plain_id
from connectors.shopify.order_lookup import find_order
from connectors.shopify.phrases import counted
from connectors.shopify.replies import UserErrors
from connectors.shopify.shipping_plan import Part

if TYPE_CHECKING:
    from connectors.run import Run

KIND = "held"  # of the directory: fulfillment orders somebody holds
HANDLE_LIMIT = 64
MOST_HOLDS = 10  # of one app on one fulfillment order
EVERY_TIME = "every time"  # instead of a fingerprint: the same wish is carried out again, e.g. after a release
LIVE = ("OPEN", "IN_PROGRESS", "ON_HOLD", "SCHEDULED")
# https://shopify.dev/docs/api/admin-graphql/2026-10/enums/FulfillmentHoldReason (checked 2026-11-20)
REASONS = frozenset(
    {"AWAITING_PAYMENT", "AWAITING_RETURN_ITEMS", "HIGH_RISK_OF_FRAUD", "INCORRECT_ADDRESS", "INVENTORY_OUT_OF_STOCK",
     "ONLINE_STORE_POST_PURCHASE_CROSS_SELL", "UNKNOWN_DELIVERY_DATE", "OTHER"}
)  # fmt: skip
DUPLICATE = "DUPLICATE_FULFILLMENT_HOLD_HANDLE"
Node = dict[str, Any]


def accept_hold(run: Run, hold: Hold) -> Delivered:
    """Hold what is not shipped yet of an order, or the lines named. A hold of this handle that is there counts."""
    name, orders = _read(run, hold)
    wanted = [one for one in orders if one["status"] in LIVE and _remaining(one)]
    held = [one for one in wanted if _own(one, hold.handle)]
    free = [one for one in wanted if one not in held]
    there = [_own(one, hold.handle)[0] for one in held]
    if hold.lines:
        placed = _hold_units(run, hold, name, held, free)
    else:
        placed = [_place(run, hold, one, ()) for one in free]
    if there and not placed and run.link is not None:
        raise Skip(f"Order {name} is held as “{hold.handle}” already.", reason="unchanged", code="held")
    placed = [*there, *placed]
    if not placed:
        raise Skip(f"Order {name} has nothing left that could be held.", code="nothing_open")
    count = counted(len(placed), "fulfillment order")
    return _delivered(placed, name, f"{count} of order {name} held as “{hold.handle}”.")


def _hold_units(run: Run, hold: Hold, name: str, held: Sequence[Node], free: Sequence[Node]) -> list[str]:
    """Hold only so many units: a fulfillment order is split by that, which one held already does not allow."""
    wants, unknown = shipping_plan.wants_of([*held, *free], hold.lines)
    _refuse_unknown(name, hold, unknown)
    already = [(row["lineItem"]["id"], row["remainingQuantity"]) for one in held for row in one["lineItems"]]
    splittable = [one for one in free if one["status"] != "ON_HOLD"]
    found = shipping_plan.plan(splittable, shipping_plan.less(wants, already), None)
    parts = [*found.parts, *found.scheduled]
    if found.missing:
        what = ", ".join(f"{units} × {sku}" for sku, units in found.missing.items())
        run.note("less_held", f"Order {name} has nothing open for {what}, or it is held under another name already.")
    return [_place(run, hold, one, lines) for one, lines in _by_order(parts)]


def _place(run: Run, hold: Hold, one: Node, lines: Sequence[tuple[str, int]]) -> str:
    reason = hold.reason.upper()
    if reason not in REASONS:
        run.note("reason", f"Shopify knows no reason “{hold.reason}”: the hold says “other”.")
    wish: Node = {
        "reason": reason if reason in REASONS else "OTHER",
        "reasonNotes": hold.note or None,
        "handle": _handle(hold.handle),
        "externalId": f"hub:{hold.id}",
        "notifyMerchant": hold.notify_merchant,
    }
    if lines and dict(lines) != {row["id"]: row["remainingQuantity"] for row in one["lineItems"]}:
        wish["fulfillmentOrderLineItems"] = [{"id": gid, "quantity": units} for gid, units in lines]
    try:
        return calls.hold(run.client, one["id"], wish)
    except UserErrors as error:
        if error.codes == {DUPLICATE}:  # placed by an attempt whose answer was lost
            return str(one["id"])
        if "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED" in error.codes:
            error.next_step = f"Release one of the {MOST_HOLDS} holds the hub has placed there, then press Retry."
        raise


def accept_release(run: Run, release: HoldRelease) -> Delivered:
    """Take off the hub's own holds of a handle, or all of its own. Holds of others are never touched."""
    name, orders = _read(run, release)
    gone: list[str] = []
    for one in orders:
        own = _own(one, release.handle)
        if own:
            calls.release(run.client, one["id"], own)
            gone += own
    if not gone:
        handle = f" called “{release.handle}”" if release.handle else ""
        raise Skip(f"The hub holds nothing{handle} in order {name}.", reason="unchanged", code="not_held")
    left = [one for one in orders if len(one["fulfillmentHolds"]) > len(_own(one, release.handle))]
    if left:
        run.note("still_held", f"Others hold a part of order {name} still: it is not shipped until they release it.")
    count = counted(len(gone), "hold")
    return _delivered(gone, name, f"{count} of order {name} released.")


def accept_move(run: Run, move: FulfillmentMove) -> Delivered:
    """Assign what is not shipped yet, or the lines named, to the location the source names."""
    to = locations.find(run, move.location)
    name, orders = _read(run, move)
    live = [one for one in orders if one["status"] in LIVE and _remaining(one)]
    away = [one for one in live if shipping_plan.location_of(one) != to]
    if move.lines:
        wants, unknown = shipping_plan.wants_of(live, move.lines)
        _refuse_unknown(name, move, unknown)
        here = [row for one in live if one not in away for row in one["lineItems"]]
        there = [(row["lineItem"]["id"], row["remainingQuantity"]) for row in here]
        found = shipping_plan.plan(away, shipping_plan.less(wants, there), None)
        chosen = _by_order([*found.parts, *found.held, *found.scheduled])
    else:
        chosen = [(one, []) for one in away]
    moved = []
    for one, lines in chosen:
        rows = [{"id": gid, "quantity": units} for gid, units in lines]
        try:
            moved.append(str(calls.move(run.client, one["id"], to, rows)["id"]))
        except UserErrors as error:
            if "CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS" in error.codes:
                error.next_step = f"Mark it as open again in order {name} in Shopify, then press Retry."
            raise
    if not moved:
        raise Skip(
            f"Everything open of order {name} is assigned to {move.location} already.",
            reason="unchanged",
            code="there_already",
        )
    count = counted(len(moved), "fulfillment order")
    return _delivered(moved, name, f"{count} of order {name} moved to {move.location}.")


def accept_progress(run: Run, progress: FulfillmentProgress) -> Delivered:
    """Show the merchant that picking began, or that it was given up."""
    name, orders = _read(run, progress)
    is_start = progress.status == "in_progress"
    if not is_start and progress.status != "open":
        raise RemoteRefused(
            f"{progress.label} {progress.number} says “{progress.status}”, which is neither in_progress nor open.",
            next_step="Correct it at the source, then send it again.",
        )
    before = ("OPEN",) if is_start else ("IN_PROGRESS", "SCHEDULED")
    chosen = [one for one in orders if one["status"] in before and _remaining(one)]
    for one in chosen:
        if is_start:
            calls.report_progress(run.client, one["id"], progress.note)
        else:
            calls.reopen(run.client, one["id"])
    if not chosen:
        raise Skip(
            f"No fulfillment order of order {name} is in a state that could change.", reason="unchanged",
            code="nothing_open",
        )  # fmt: skip
    said = "is in progress" if is_start else "is open again"
    return _delivered([one["id"] for one in chosen], name, f"Order {name} {said}.")


def synchronize(run: Run) -> str:
    """Read what is held in the shop, by whom and why, for the connector's page."""
    rows = []
    for one in calls.held(run.client):
        holds = one["fulfillmentHolds"]
        data = {
            "status": one["status"].lower(),
            "reasons": ", ".join(str(hold["reason"]).lower().replace("_", " ") for hold in holds),
            "handles": ", ".join(hold["handle"] for hold in holds if hold["handle"]),
            "is_own": any(hold["heldByRequestingApp"] for hold in holds),
        }
        rows.append(Known(key=plain_id(one["orderId"]), object_id=plain_id(one["id"]), data=data))
    count = directory.put(run.connector.pk, KIND, rows)
    released = {one.object_id for one in directory.all_of(run.connector.pk, KIND)} - {one.object_id for one in rows}
    directory.forget(run.connector.pk, KIND, released)
    run.save_checkpoint(held_at=run.now.isoformat())
    return f"{counted(count, 'fulfillment order is', 'fulfillment orders are')} held in the shop."


def panel(run: Run) -> Sequence[Table]:
    """What was held when the shop was last asked."""
    rows = [
        [
            one.key,
            one.object_id,
            one.data.get("reasons", ""),
            one.data.get("handles", ""),
            Cell(text="yes" if one.data.get("is_own") else "no", tone="warn" if one.data.get("is_own") else ""),
        ]
        for one in directory.all_of(run.connector.pk, KIND)
    ]
    at = run.checkpoint.get("held_at")
    title = f"As of {datetime.fromisoformat(at):%Y-%m-%d %H:%M} UTC" if at else ""
    empty = "Nothing was held when the shop was last asked." if at else "The shop was not asked yet: run the sync."
    columns = ("Order", "Fulfillment order", "Reasons", "Handles", "By the hub")
    return [Table(columns=columns, rows=rows, title=title, empty=empty)]


def _read(run: Run, one: OfOrder) -> tuple[str, list[Node]]:
    """The order's name and its fulfillment orders, or the only one the record names."""
    gid = find_order(run, one)
    order = calls.read_order(run.client, gid)
    if order is None:
        raise RemoteRefused(
            f"The shop has no order {one.order_name or plain_id(gid)}, which {one.label.lower()} {one.number} is about.",
            code="not_found",
        )
    run.key("order_name", order["name"])
    wanted = plain_id(str(getattr(one, "fulfillment_order_id", ""))) or str(getattr(one, "fulfillment_order_id", ""))
    found = [row for row in order["fulfillmentOrders"] if not wanted or plain_id(row["id"]) == wanted]
    if wanted and not found:
        raise RemoteRefused(
            f"Order {order['name']} has no fulfillment order {wanted}: it was moved, merged or split since.",
            code="not_found",
            next_step="Let the source read the order's fulfillment orders again, and send this anew.",
        )
    return str(order["name"]), found


def _refuse_unknown(name: str, one: OfOrder, unknown: Sequence[str]) -> None:
    if unknown:
        raise RemoteRefused(
            f"Order {name} has no open line for {', '.join(unknown)} of {one.label.lower()} {one.number}.",
            code="unknown_line",
            next_step="Compare the SKUs in both systems, correct them, then press Retry.",
        )


def _own(one: Node, handle: str) -> list[str]:
    """The hub's own holds of this handle, all of its own where none is named."""
    return [
        str(hold["id"])
        for hold in one["fulfillmentHolds"]
        if hold["heldByRequestingApp"] and (not handle or hold["handle"] == _handle(handle))
    ]


def _handle(handle: str) -> str:
    return handle[:HANDLE_LIMIT]


def _remaining(one: Node) -> int:
    return sum(row["remainingQuantity"] for row in one["lineItems"])


def _by_order(parts: Sequence[Part]) -> list[tuple[Node, list[tuple[str, int]]]]:
    found: dict[str, tuple[Node, dict[str, int]]] = {}
    for part in parts:
        _, lines = found.setdefault(part.fulfillment_order["id"], (dict(part.fulfillment_order), {}))
        lines[part.row["id"]] = lines.get(part.row["id"], 0) + part.units
    return [(one, list(lines.items())) for one, lines in found.values()]


def _delivered(gids: Sequence[str], name: str, sentence: str) -> Delivered:
    return Delivered(target_id=plain_id(gids[0]), target_number=name, sentence=sentence, sent_hash=EVERY_TIME)
