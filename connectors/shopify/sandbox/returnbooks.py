"""Returns of the sandbox and their states: requested, open or declined, cancelled, closed, reopened; goods put away.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Return (checked 2026-11-20). The codes of refusals are the
vendor's, the texts are ours. Not for calls: those are ``returns``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.shopify.sandbox import routing
from connectors.shopify.sandbox.edits import touch
from connectors.shopify.sandbox.orders import Node, Shop, stamp
from connectors.shopify.sandbox.shipments import Refusal

REASONS = {
    "unknown": "Unknown",
    "wrong-item": "Wrong item received",
    "defective": "Item is defective",
    "unwanted": "Customer changed their mind",
    "other": "Other",
}
DONE = {"DECLINED", "CANCELED"}
# What each action needs and leads to: https://shopify.dev/docs/api/admin-graphql/2026-10/enums/ReturnStatus
MOVES = {
    "approve": ({"REQUESTED"}, "OPEN"),
    "decline": ({"REQUESTED"}, "DECLINED"),
    "cancel": ({"OPEN"}, "CANCELED"),
    "close": ({"OPEN"}, "CLOSED"),
    "reopen": ({"CLOSED"}, "OPEN"),
}


def returns_of(shop: Shop, order: Mapping[str, Any]) -> list[Node]:
    return [one for one in shop.table("Return").values() if one["orderId"] == order["id"]]


def shipped_rows(shop: Shop, order: Node) -> list[tuple[Node, Node, int]]:
    """(shipment, its line, units that can still be returned) of what was shipped."""
    taken: dict[str, int] = {}
    for one in returns_of(shop, order):
        for line in one["returnLineItems"] if one["status"] not in DONE else ():
            gid = line["fulfillmentLineItem"]["id"]
            taken[gid] = taken.get(gid, 0) + line["quantity"]
    return [
        (made, row, row["quantity"] - taken.get(row["id"], 0))
        for made in order["fulfillments"]
        if made["status"] == "SUCCESS"
        for row in made["fulfillmentLineItems"]
    ]


def make_return(shop: Shop, order: Node, wish: Mapping[str, Any], now: float, *, is_requested: bool = False) -> Node:
    """As a ``ReturnInput`` says, approved at once unless only requested; raises ``Refusal``."""
    left = {row["id"]: (row, units) for _, row, units in shipped_rows(shop, order)}
    lines, number = [], shop.take_id()
    if not wish.get("returnLineItems"):
        raise Refusal(["returnInput", "returnLineItems"], "Return line items can't be blank", "BLANK")
    for place, one in enumerate(wish["returnLineItems"]):
        path = ["returnInput", "returnLineItems", str(place)]
        row, units = left.get(one["fulfillmentLineItemId"], (None, 0))
        if row is None:
            raise Refusal([*path, "fulfillmentLineItemId"], "Fulfillment line item not found", "NOT_FOUND")
        if one["quantity"] <= 0:
            raise Refusal([*path, "quantity"], "Quantity must be greater than 0", "GREATER_THAN")
        if one["quantity"] > units:
            text = f"Quantity must be less than or equal to {units}"
            raise Refusal([*path, "quantity"], text, "LESS_THAN_OR_EQUAL_TO")
        left[row["id"]] = (row, units - one["quantity"])
        reason_id = one.get("returnReasonDefinitionId")
        if reason_id is not None and reason_id not in shop.table("ReturnReasonDefinition"):
            raise Refusal([*path, "returnReasonDefinitionId"], "Return reason definition not found", "NOT_FOUND")
        if len(one.get("returnReasonNote") or "") > 255:
            raise Refusal([*path, "returnReasonNote"], "Return reason note is too long", "TOO_LONG")
        lines.append(_line(shop, row, one))
    moment = stamp(now)
    made: Node = {
        "id": f"gid://shopify/Return/{number}",
        "name": f"{order['name']}-R{len(returns_of(shop, order)) + 1}",
        "orderId": order["id"],
        "status": "REQUESTED" if is_requested else "OPEN",
        "createdAt": moment,
        "requestApprovedAt": None if is_requested else moment,
        "closedAt": None,
        "totalQuantity": sum(line["quantity"] for line in lines),
        "decline": None,
        "returnLineItems": lines,
        "exchangeLineItems": [],
        "returnShippingFees": [],
        "reverseFulfillmentOrders": [],
        "refunds": [],
    }
    if not is_requested:
        _expect(shop, made)
    shop.table("Return")[made["id"]] = made
    refresh(shop, made, now)
    return made


def _line(shop: Shop, row: Node, one: Mapping[str, Any]) -> Node:
    return {
        "__typename": "ReturnLineItem",
        "id": f"gid://shopify/ReturnLineItem/{shop.take_id()}",
        "quantity": one["quantity"],
        "refundableQuantity": one["quantity"],
        "refundedQuantity": 0,
        "processedQuantity": 0,
        "unprocessedQuantity": one["quantity"],
        "customerNote": one.get("customerNote"),
        "returnReasonNote": one.get("returnReasonNote") or "",
        "returnReasonDefinition": shop.table("ReturnReasonDefinition").get(one.get("returnReasonDefinitionId") or ""),
        "fulfillmentLineItem": row,
        "restockingFee": None,
    }


def _expect(shop: Shop, one: Node) -> None:
    """An approved return makes a reverse fulfillment order: what the warehouse waits for."""
    one["reverseFulfillmentOrders"].append(
        {
            "id": f"gid://shopify/ReverseFulfillmentOrder/{shop.take_id()}",
            "status": "OPEN",
            "lineItems": [
                {
                    "id": f"gid://shopify/ReverseFulfillmentOrderLineItem/{shop.take_id()}",
                    "totalQuantity": line["quantity"],
                    "fulfillmentLineItem": line["fulfillmentLineItem"],
                    "dispositions": [],
                }
                for line in one["returnLineItems"]
            ],
        }
    )


def move(shop: Shop, one: Node, action: str, now: float, **decline: Any) -> None:
    """One step of a return's life; raises ``Refusal`` where its state does not allow it."""
    allowed, state = MOVES[action]
    if one["status"] not in allowed or (action == "cancel" and any(x["processedQuantity"] for x in _lines(one))):
        raise Refusal(["id"], f"A return in status {one['status']} does not allow to {action} it", "INVALID_STATE")
    one["status"] = state
    one["closedAt"] = stamp(now) if state == "CLOSED" else None
    if action == "approve":
        one["requestApprovedAt"] = stamp(now)
        _expect(shop, one)
    if action == "decline":
        one["decline"] = {"reason": decline.get("reason", "OTHER"), "note": decline.get("note")}
    refresh(shop, one, now)


def _lines(one: Node) -> list[Node]:
    lines: list[Node] = one["returnLineItems"]
    return lines


def process(shop: Shop, one: Node, entries: Iterable[Mapping[str, Any]], now: float) -> list[tuple[Node, Node]]:
    """Units are done with; returns what was put away by it. Raises ``Refusal`` and then nothing has changed."""
    if one["status"] != "OPEN":
        raise Refusal(["input", "returnId"], f"Return cannot be processed in status {one['status']}", "INVALID_STATE")
    lines = {line["id"]: line for line in _lines(one)}
    picked = []
    for place, entry in enumerate(entries):
        path = ["input", "returnLineItems", str(place)]
        line = lines.get(entry["id"])
        if line is None:
            raise Refusal([*path, "id"], "Return line item not found", "NOT_FOUND")
        if not 0 < entry["quantity"] <= line["unprocessedQuantity"]:
            raise Refusal([*path, "quantity"], "Quantity is invalid", "INVALID")
        picked.append((line, entry))
    rows: list[tuple[Node, Node]] = []
    for _, entry in picked:
        rows += dispose(shop, entry.get("dispositions") or (), now)
    for line, entry in picked:
        line["processedQuantity"] += entry["quantity"]
        line["unprocessedQuantity"] -= entry["quantity"]
    refresh(shop, one, now)
    return rows


def dispose(shop: Shop, entries: Iterable[Mapping[str, Any]], now: float) -> list[tuple[Node, Node]]:
    """Put units away; restocked ones are available again. Raises ``Refusal`` and then nothing has changed."""
    known = {
        line["id"]: (one, line)
        for one in shop.table("Return").values()
        for order in one["reverseFulfillmentOrders"]
        for line in order["lineItems"]
    }
    planned: list[tuple[Node, Node, Mapping[str, Any]]] = []
    taken: dict[str, int] = {}
    for place, entry in enumerate(entries):
        path = ["dispositionInputs", str(place)]
        one, line = known.get(entry["reverseFulfillmentOrderLineItemId"], (None, None))
        if one is None or line is None:
            raise Refusal([*path, "reverseFulfillmentOrderLineItemId"], "Line item not found", "NOT_FOUND")
        if one["status"] != "OPEN":
            raise Refusal(path, f"Return cannot be disposed in status {one['status']}", "INVALID_STATE")
        done = sum(x["quantity"] for x in line["dispositions"] if x["type"] != "PROCESSING_REQUIRED")
        free = line["totalQuantity"] - done - taken.get(line["id"], 0)
        if not 0 < entry["quantity"] <= free:
            text = f"Quantity must be less than or equal to {free}"
            raise Refusal([*path, "quantity"], text, "LESS_THAN_OR_EQUAL_TO")
        location = entry.get("locationId")
        if entry["dispositionType"] == "RESTOCKED" and location not in shop.table("Location"):
            raise Refusal([*path, "locationId"], "Location can't be blank", "BLANK")
        taken[line["id"]] = taken.get(line["id"], 0) + entry["quantity"]
        planned.append((one, line, entry))
    rows = []
    for one, line, entry in planned:
        made = {
            "id": f"gid://shopify/ReverseFulfillmentOrderDisposition/{shop.take_id()}",
            "type": entry["dispositionType"],
            "quantity": entry["quantity"],
            "location": shop.table("Location").get(entry.get("locationId") or ""),
            "createdAt": stamp(now),
        }
        line["dispositions"].append(made)
        rows.append((line, made))
        level = shop.stock.get(
            (routing.item_of(line["fulfillmentLineItem"]["lineItem"]) or "", entry.get("locationId") or "")
        )
        if made["type"] == "RESTOCKED" and level is not None:
            level["available"] += made["quantity"]
        refresh(shop, one, now)
    return rows


def refresh(shop: Shop, one: Node, now: float) -> None:
    """The order shows the most urgent of its returns, and has changed."""
    order = shop.orders[one["orderId"]]
    touch(shop, order, now)
    states = {row["status"] for row in returns_of(shop, order)}
    order["returnStatus"] = next(
        (
            shown
            for state, shown in (("REQUESTED", "RETURN_REQUESTED"), ("OPEN", "IN_PROGRESS"), ("CLOSED", "RETURNED"))
            if state in states
        ),
        "NO_RETURN",
    )
