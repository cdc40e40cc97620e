"""Holds, moves and progress of the sandbox's fulfillment orders, with the vendor's codes; and what a merchant does by hand.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/fulfillmentOrderHold, ...Move (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.shopify.sandbox import routing, shipping_news
from connectors.shopify.sandbox.engine import Call, number_of
from connectors.shopify.sandbox.fulfillment import READ_SCOPES, find_fulfillment_order, may_see, paged
from connectors.shopify.sandbox.orders import Node, Shop
from connectors.shopify.sandbox.shipments import Refusal, order_changed

MOST_HOLDS = 10  # of one app on one fulfillment order
HANDLE_LIMIT = 64
HOLD_SCOPES = ("write_merchant_managed_fulfillment_orders", "write_third_party_fulfillment_orders")
PROGRESS_SCOPES = ("write_merchant_managed_fulfillment_orders", "write_assigned_fulfillment_orders")
REPORTED = "CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS"


def add_hold(
    shop: Shop, one: Node, wish: Mapping[str, Any], now: float, *, is_own: bool = True
) -> tuple[Node, Node | None]:
    """Hold a fulfillment order, or a part of it: the rest then becomes one of its own. Raises ``Refusal``."""
    handle = wish.get("handle") or ""
    own = [hold for hold in one["fulfillmentHolds"] if hold["heldByRequestingApp"] == is_own]
    if len(handle) > HANDLE_LIMIT:
        raise Refusal(["fulfillmentHold", "handle"], f"Handle is too long (maximum is {HANDLE_LIMIT} characters)")
    if any(hold["handle"] == handle for hold in own):
        raise Refusal(
            ["fulfillmentHold", "handle"],
            "The handle provided for the fulfillment hold is already in use by this app for another hold on this "
            "fulfillment order.",
            "DUPLICATE_FULFILLMENT_HOLD_HANDLE",
        )
    if len(own) >= MOST_HOLDS:
        message = "The maximum number of fulfillment holds for this fulfillment order has been reached for this app."
        raise Refusal(["id"], message, "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED")
    if one["status"] not in {"OPEN", "ON_HOLD", "SCHEDULED", "IN_PROGRESS"}:
        raise Refusal(["id"], f"The fulfillment order is {one['status'].lower()} and cannot be held.")
    rest = None
    if wish.get("fulfillmentOrderLineItems"):
        if one["fulfillmentHolds"]:
            message = "The fulfillment order is not in a splittable state."
            raise Refusal(["fulfillmentHold", "fulfillmentOrderLineItems"], message, "FULFILLMENT_ORDER_NOT_SPLITTABLE")
        rest = split(shop, one, wish["fulfillmentOrderLineItems"], now, keeps_given=True)
    hold = {
        "id": f"gid://shopify/FulfillmentHold/{shop.take_id()}",
        "handle": handle or None,
        "reason": wish["reason"],
        "reasonNotes": wish.get("reasonNotes"),
        "displayReason": wish["reason"].replace("_", " ").capitalize(),
        "heldByRequestingApp": is_own,
        "externalId": wish.get("externalId"),
    }
    one["fulfillmentHolds"].append(hold)
    one["status"] = "ON_HOLD"
    _changed(shop, one, now)
    return hold, rest


def split(
    shop: Shop, one: Node, lines: Sequence[Mapping[str, Any]], now: float, *, keeps_given: bool, location_id: str = ""
) -> Node | None:
    """Part a fulfillment order: it keeps the lines given (or all but them), the other part becomes a new one, where
    another location is named at that one. Returns the new one; nothing where one part would be empty."""
    rows = {row["id"]: row for row in one["lineItems"]}
    given: dict[str, int] = {}
    for line in lines:
        field = ["fulfillmentOrderLineItems", "quantity"]
        if line["quantity"] <= 0:
            raise Refusal(field, "You must select at least one item to place on partial hold.", "GREATER_THAN_ZERO")
        if line["id"] in given:
            message = "The fulfillment order line items are not unique."
            raise Refusal(field, message, "DUPLICATED_FULFILLMENT_ORDER_LINE_ITEMS")
        row = rows.get(line["id"])
        if row is None or line["quantity"] > row["remainingQuantity"]:
            raise Refusal(field, "The line item quantity is invalid.", "INVALID_LINE_ITEM_QUANTITY")
        given[line["id"]] = line["quantity"]
    leaving = [
        (row, row["remainingQuantity"] - given.get(row["id"], 0) if keeps_given else given.get(row["id"], 0))
        for row in one["lineItems"]
    ]
    leaving = [(row, units) for row, units in leaving if units]
    if not leaving or (not keeps_given and sum(units for _, units in leaving) == _remaining(one)):
        return None
    order, source = shop.orders[one["orderId"]], routing.location_id_of(one)
    for row, units in leaving:
        row["totalQuantity"] -= units
        row["remainingQuantity"] -= units
        routing.commit(shop, row["inventoryItemId"], source, -units)
    parts = [(row["lineItem"], units) for row, units in leaving]
    made = routing.add_fulfillment_order(shop, order, location_id or source or "", parts, now, like=one)
    one["lineItems"] = [row for row in one["lineItems"] if row["totalQuantity"]]
    routing.touch(one, now)
    return made


def move(shop: Shop, one: Node, to: str, lines: Sequence[Mapping[str, Any]], now: float) -> tuple[Node, Node | None]:
    """Assign what remains, or some of it, to another location: (moved, original where a part stays)."""
    location = shop.table("Location").get(to)
    if location is None or not location["isActive"]:
        raise Refusal(["newLocationId"], "Location not found.")
    if one["status"] not in {"OPEN", "ON_HOLD", "SCHEDULED", "IN_PROGRESS"}:
        raise Refusal(["id"], "The fulfillment order is closed and cannot be moved.")
    if one["hasReportedProgress"]:
        raise Refusal(["id"], "Cannot move a fulfillment order that has had progress reported.", REPORTED)
    if one["requestStatus"] in {"SUBMITTED", "ACCEPTED", "CANCELLATION_REQUESTED"}:
        raise Refusal(["id"], "The fulfillment order has a pending request and cannot be moved.")
    wanted = {line["id"] for line in lines or ()}
    for row in one["lineItems"]:
        is_counted = row["inventoryItemId"] and row["remainingQuantity"] and (not wanted or row["id"] in wanted)
        if is_counted and (row["inventoryItemId"], to) not in shop.stock:
            raise Refusal(["newLocationId"], "None of the items are stocked at the new location.")
    has_shipped = any(row["remainingQuantity"] < row["totalQuantity"] for row in one["lineItems"])
    every = [{"id": row["id"], "quantity": row["remainingQuantity"]} for row in one["lineItems"]]
    chosen = list(lines or (row for row in every if row["quantity"]))
    if lines or has_shipped:
        is_whole = sum(line["quantity"] for line in chosen) == _remaining(one)
        if has_shipped and is_whole:
            return _move_rest(shop, one, to, now), one
        made = split(shop, one, chosen, now, keeps_given=False, location_id=to)
        if made is not None:
            _changed(shop, made, now)
            return made, one
    for row in one["lineItems"]:
        routing.commit(shop, row["inventoryItemId"], routing.location_id_of(one), -row["remainingQuantity"])
        routing.commit(shop, row["inventoryItemId"], to, row["remainingQuantity"])
    code = location["address"]["countryCode"] or "DE"
    one["assignedLocation"] = {"name": location["name"], "countryCode": code, "location": location}
    _changed(shop, one, now)
    return one, None


def _move_rest(shop: Shop, one: Node, to: str, now: float) -> Node:
    """What was shipped stays with the old one, which closes; the rest goes on under a new id."""
    order, source = shop.orders[one["orderId"]], routing.location_id_of(one)
    parts = []
    for row in one["lineItems"]:
        units = row["remainingQuantity"]
        if units:
            row["totalQuantity"] -= units
            row["remainingQuantity"] = 0
            routing.commit(shop, row["inventoryItemId"], source, -units)
            parts.append((row["lineItem"], units))
    one["lineItems"] = [row for row in one["lineItems"] if row["totalQuantity"]]
    one["status"] = "CLOSED"
    made = routing.add_fulfillment_order(shop, order, to, parts, now, like=one)
    _changed(shop, one, now)
    return made


def release(shop: Shop, one: Node, hold_ids: Sequence[str] | None, now: float) -> list[Node]:
    """Take off holds: those named, all of them where none is named. Returns those taken off."""
    gone = [hold for hold in one["fulfillmentHolds"] if hold_ids is None or hold["id"] in hold_ids]
    one["fulfillmentHolds"] = [hold for hold in one["fulfillmentHolds"] if hold not in gone]
    if not one["fulfillmentHolds"] and one["status"] == "ON_HOLD":
        has_shipped = any(row["remainingQuantity"] < row["totalQuantity"] for row in one["lineItems"])
        one["status"] = "IN_PROGRESS" if has_shipped else "OPEN"
    _changed(shop, one, now)
    return gone


def _remaining(one: Node) -> int:
    return sum(row["remainingQuantity"] for row in one["lineItems"])


def _changed(shop: Shop, one: Node, now: float) -> None:
    routing.touch(one, now)
    order_changed(shop, one["orderId"], now)


# --- the calls of an app --------------------------------------------------------------------------------------------


def _hold(call: Call, info: Any, id: str, fulfillmentHold: Mapping[str, Any]) -> Node:
    one = find_fulfillment_order(call, id)
    names = ("fulfillmentHold", "fulfillmentOrder", "remainingFulfillmentOrder")
    try:
        if one is None:
            raise Refusal(["id"], "Fulfillment order could not be found.", "FULFILLMENT_ORDER_NOT_FOUND")
        was_held = bool(one["fulfillmentHolds"])
        hold, rest = add_hold(call.shop, one, fulfillmentHold, call.now)
    except Refusal as refusal:
        return {**dict.fromkeys(names), "userErrors": [refusal.as_user_error()]}
    tell_of_hold(call, one, hold, rest, was_held=was_held)
    return {"fulfillmentHold": hold, "fulfillmentOrder": one, "remainingFulfillmentOrder": rest, "userErrors": []}


def tell_of_hold(call: Call, one: Node, hold: Node, rest: Node | None, *, was_held: bool) -> None:
    if call.sandbox is None:
        return
    shipping_news.tell_of_hold(call.sandbox, call.shop, "added", one, hold)
    if not was_held:
        held = [{"id": row["id"], "quantity": row["remainingQuantity"]} for row in one["lineItems"]]
        shipping_news.tell(
            call.sandbox, call.shop, "placed_on_hold", fulfillment_order=one, remaining_fulfillment_order=rest,
            created_fulfillment_hold=shipping_news.hold_payload(hold), held_fulfillment_order_line_items=held,
        )  # fmt: skip


def _release(call: Call, info: Any, id: str, holdIds: list[str] | None = None, externalId: str | None = None) -> Node:
    one = find_fulfillment_order(call, id)
    try:
        if one is None:
            raise Refusal(["id"], "Fulfillment order could not be found.", "FULFILLMENT_ORDER_NOT_FOUND")
        for hold_id in holdIds or ():
            number_of(hold_id, "FulfillmentHold")
        foreign = {hold["id"] for hold in one["fulfillmentHolds"] if not hold["heldByRequestingApp"]}
        if foreign & set(holdIds or ()):
            raise Refusal(["holdIds"], "The app is not authorized to release a hold.", "INVALID_ACCESS")
        gone = release(call.shop, one, holdIds, call.now)
    except Refusal as refusal:
        return {"fulfillmentOrder": None, "userErrors": [refusal.as_user_error()]}
    tell_of_release(call, one, gone)
    return {"fulfillmentOrder": one, "userErrors": []}


def tell_of_release(call: Call, one: Node, gone: list[Node]) -> None:
    if call.sandbox is None or not gone:
        return
    for hold in gone:
        shipping_news.tell_of_hold(call.sandbox, call.shop, "released", one, hold)
    if not one["fulfillmentHolds"]:
        shipping_news.tell(call.sandbox, call.shop, "hold_released", fulfillment_order=one)


def _move(
    call: Call, info: Any, id: str, newLocationId: str, fulfillmentOrderLineItems: list[Any] | None = None
) -> Node:
    one = find_fulfillment_order(call, id)
    number_of(newLocationId, "Location")
    try:
        if one is None:
            raise Refusal(["id"], "Fulfillment order not found.")
        source = routing.location_id_of(one)
        moved, original = move(call.shop, one, newLocationId, fulfillmentOrderLineItems or [], call.now)
    except Refusal as refusal:
        return {"movedFulfillmentOrder": None, "originalFulfillmentOrder": None,
                "userErrors": [refusal.as_user_error()]}  # fmt: skip
    if call.sandbox is not None:
        shipping_news.tell(
            call.sandbox, call.shop, "moved", original_fulfillment_order=original or moved,
            moved_fulfillment_order=moved, source_location={"id": source}, destination_location_id=newLocationId,
            fulfillment_order_line_items_requested=fulfillmentOrderLineItems or [],
        )  # fmt: skip
    return {"movedFulfillmentOrder": moved, "originalFulfillmentOrder": original or moved, "userErrors": []}


def _report_progress(call: Call, info: Any, id: str, progressReport: Mapping[str, Any] | None = None) -> Node:
    one = find_fulfillment_order(call, id)
    refusal = None
    if one is None:
        refusal = Refusal(["id"], "Fulfillment order could not be found.", "FULFILLMENT_ORDER_NOT_FOUND")
    elif one["status"] not in routing.OPEN_STATES:
        refusal = Refusal(["id"], "The fulfillment order status is invalid.", "FULFILLMENT_ORDER_STATUS_INVALID")
    if one is None or refusal:
        return {"fulfillmentOrder": None, "userErrors": [refusal.as_user_error() if refusal else {}]}
    one.update(status="IN_PROGRESS", hasReportedProgress=True)
    _changed(call.shop, one, call.now)
    if call.sandbox is not None:
        shipping_news.tell(call.sandbox, call.shop, "progress_reported", fulfillment_order=one)
    return {"fulfillmentOrder": one, "userErrors": []}


def _open(call: Call, info: Any, id: str) -> Node:
    one = find_fulfillment_order(call, id)
    if one is None or one["status"] not in {"SCHEDULED", "IN_PROGRESS", "OPEN"}:
        said = "Fulfillment order not found." if one is None else "The fulfillment order cannot be marked as open."
        return {"fulfillmentOrder": None, "userErrors": [Refusal(["id"], said).as_user_error()]}
    one.update(status="OPEN", hasReportedProgress=False)
    _changed(call.shop, one, call.now)
    return {"fulfillmentOrder": one, "userErrors": []}


def _held(call: Call, info: Any, query: str = "", **paging: Any) -> Any:
    rows = [one for one in call.shop.table("FulfillmentOrder").values() if one["fulfillmentHolds"]]
    return paged([one for one in rows if may_see(call.shop, one)], "manualHolds", paging)


QUERIES: dict[str, Callable[..., Any]] = {"manualHoldsFulfillmentOrders": _held}
MUTATIONS: dict[str, Callable[..., Any]] = {
    "fulfillmentOrderHold": _hold,
    "fulfillmentOrderReleaseHold": _release,
    "fulfillmentOrderMove": _move,
    "fulfillmentOrderReportProgress": _report_progress,
    "fulfillmentOrderOpen": _open,
}
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("QueryRoot", "manualHoldsFulfillmentOrders"): READ_SCOPES,
    ("Mutation", "fulfillmentOrderHold"): HOLD_SCOPES,
    ("Mutation", "fulfillmentOrderReleaseHold"): HOLD_SCOPES,
    ("Mutation", "fulfillmentOrderMove"): tuple(scope.replace("read_", "write_") for scope in READ_SCOPES),
    ("Mutation", "fulfillmentOrderReportProgress"): PROGRESS_SCOPES,
    ("Mutation", "fulfillmentOrderOpen"): PROGRESS_SCOPES,
}
