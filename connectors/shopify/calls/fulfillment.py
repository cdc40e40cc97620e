"""Calls about fulfillment orders, shipments, holds and locations.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/FulfillmentOrder (checked 2026-11-20). Every read is by id or a
whole walk: search lags behind writes, and is used for walks alone. Raises what ``client.execute`` and ``.change`` raise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.exceptions import RemoteUnavailable
from connectors.shopify.calls.changes import changed_pages
from connectors.shopify.client import Node, ShopifyClient, next_page
from connectors.shopify.shape import check, maybe, moment


def connection(row: Node) -> Node:
    """What a page of such rows promises."""
    return {"nodes": [row], "pageInfo": {"hasNextPage": bool, "endCursor": maybe(str)}}


TRACKING: Node = {"company": maybe(str), "number": maybe(str), "url": maybe(str)}
GROUP: Node = {"id": str, "quantity": int, "variantSku": maybe(str)}
LINE: Node = {
    "id": str, "totalQuantity": int, "remainingQuantity": int, "sku": maybe(str), "requiresShipping": bool,
    "lineItem": {"id": str, "quantity": int, "lineItemGroup": maybe(GROUP)},
}  # fmt: skip
HOLD: Node = {
    "id": str, "handle": maybe(str), "reason": str, "reasonNotes": maybe(str), "displayReason": str,
    "heldByRequestingApp": bool,
}  # fmt: skip
DELIVERY: Node = {
    "methodType": str, "serviceCode": maybe(str), "presentedName": maybe(str),
    "minDeliveryDateTime": maybe(moment), "maxDeliveryDateTime": maybe(moment),
}  # fmt: skip
DESTINATION: Node = dict.fromkeys(
    ("firstName", "lastName", "company", "address1", "address2", "city", "province", "zip", "countryCode", "email",
     "phone"),
    maybe(str),
)  # fmt: skip
FULFILLMENT_ORDER: Node = {
    "id": str, "orderId": str, "orderName": str, "status": str, "requestStatus": str, "createdAt": moment,
    "updatedAt": moment, "fulfillAt": maybe(moment), "fulfillBy": maybe(moment),
    "assignedLocation": {"name": str, "location": maybe({"id": str})},
    "deliveryMethod": maybe(DELIVERY), "destination": maybe(DESTINATION), "fulfillmentHolds": [HOLD],
    "lineItems": connection(LINE),
}  # fmt: skip
FULFILLMENT: Node = {
    "id": str, "name": str, "status": str, "displayStatus": maybe(str), "createdAt": moment, "updatedAt": moment,
    "location": maybe({"id": str}), "trackingInfo": [TRACKING],
    "fulfillmentLineItems": connection(
        {"id": str, "quantity": maybe(int), "lineItem": {"id": str, "sku": maybe(str)}}
    ),
}  # fmt: skip
ORDER: Node = {
    "id": str, "name": str, "updatedAt": str, "fulfillmentOrders": connection(FULFILLMENT_ORDER),
    "fulfillments": [FULFILLMENT],
}  # fmt: skip

RESTARTS = 3  # of a read whose order changed between two pages


def read_order(client: ShopifyClient, gid: str) -> Node | None:
    """``id``, ``name``, ``updatedAt``, every fulfillment order the app may see with all its lines, every fulfillment;
    ``None`` where the shop has no such order. HubFulfillmentOrders, HubFulfillmentOrderLines.

    Raises ``RemoteUnavailable`` where the order changes faster than it can be read: pages of two states are not mixed."""
    for _ in range(RESTARTS + 1):
        order = _order_page(client, gid, None)
        if order is None:
            return None
        found, after, changed = list(order["fulfillmentOrders"]["nodes"]), next_page(order["fulfillmentOrders"]), False
        while after is not None and not changed:
            more = _order_page(client, gid, after)
            changed = more is None or more["updatedAt"] != order["updatedAt"]
            if more is not None:
                found += more["fulfillmentOrders"]["nodes"]
                after = next_page(more["fulfillmentOrders"])
        if not changed and all(_add_lines(client, one) for one in found):
            order["fulfillmentOrders"] = found
            return order
    raise RemoteUnavailable("The order changes while it is being read.", code="changing", retry_after_s=30)


def _order_page(client: ShopifyClient, gid: str, after: str | None) -> Node | None:
    data = client.execute("HubFulfillmentOrders", {"orderId": gid, "after": after})
    check(data, {"order": maybe(ORDER)}, "the fulfillment orders of an order")
    order: Node | None = data["order"]
    return order


def _add_lines(client: ShopifyClient, one: Node) -> bool:
    """True once every line is there; false where the fulfillment order changed meanwhile."""
    rows, after = list(one["lineItems"]["nodes"]), next_page(one["lineItems"])
    while after is not None:
        data = client.execute("HubFulfillmentOrderLines", {"id": one["id"], "after": after})
        page = {"updatedAt": str, "lineItems": connection(LINE)}
        check(data, {"fulfillmentOrder": maybe(page)}, "the lines of a fulfillment order")
        more = data["fulfillmentOrder"]
        if more is None or more["updatedAt"] != one["updatedAt"]:
            return False
        rows += more["lineItems"]["nodes"]
        after = next_page(more["lineItems"])
    one["lineItems"] = rows
    return True


def read_fulfillment_order(client: ShopifyClient, gid: str) -> Node | None:
    """One fulfillment order with all its lines; ``None`` where there is none the app may see. HubFulfillmentOrder."""
    for _ in range(RESTARTS + 1):
        data = client.execute("HubFulfillmentOrder", {"id": gid})
        check(data, {"fulfillmentOrder": maybe(FULFILLMENT_ORDER)}, "a fulfillment order")
        one: Node | None = data["fulfillmentOrder"]
        if one is None or _add_lines(client, one):
            return one
    raise RemoteUnavailable("The fulfillment order changes while it is being read.", code="changing", retry_after_s=30)


def read_fulfillment(client: ShopifyClient, gid: str) -> Node | None:
    """One shipment with its order, tracking and all its lines in ``fulfillmentLineItems``. HubFulfillment."""
    found: Node | None = None
    after: str | None = None
    rows: list[Node] = []
    while True:
        data = client.execute("HubFulfillment", {"id": gid, "after": after})
        check(data, {"fulfillment": maybe({**FULFILLMENT, "order": {"id": str, "name": str}})}, "a fulfillment")
        page: Node | None = data["fulfillment"]
        if page is None:
            return None
        found = found or page
        rows += page["fulfillmentLineItems"]["nodes"]
        after = next_page(page["fulfillmentLineItems"])
        if after is None:
            found["fulfillmentLineItems"] = rows
            return found


def lines_of(client: ShopifyClient, shipment: Node) -> list[Node]:
    """All lines of a fulfillment as it came with its order: ``quantity``, ``lineItem {id sku}``."""
    first = shipment["fulfillmentLineItems"]
    if next_page(first) is None:
        return list(first["nodes"])
    whole = read_fulfillment(client, shipment["id"])
    return list(whole["fulfillmentLineItems"]) if whole else []


def changed_since(client: ShopifyClient, start: datetime, end: datetime) -> Iterator[list[Node]]:
    """Pages of fulfillment orders with ``start <= updatedAt < end``, closed ones too, oldest change first: ``id``,
    ``orderId``, ``status``, ``updatedAt``. A walk longer than Shopify allows starts again at the last time seen."""
    row = {"id": str, "orderId": str, "updatedAt": moment}
    for nodes in changed_pages(client, "HubFulfillmentOrdersSince", "fulfillmentOrders", start, end):
        check(nodes, [row], "fulfillment orders")
        yield nodes


def held(client: ShopifyClient) -> Iterator[Node]:
    """Every fulfillment order somebody holds: ``id``, ``orderId``, ``status``, ``fulfillmentHolds``. HubHeld."""
    hold = {"handle": maybe(str), "reason": str, "heldByRequestingApp": bool}
    row = {"id": str, "orderId": str, "status": str, "fulfillmentHolds": [hold]}
    yield from _walk(client, "HubHeld", "manualHoldsFulfillmentOrders", row)


def locations(client: ShopifyClient) -> Iterator[Node]:
    """Every location, inactive ones too. HubLocations."""
    address = {"city": maybe(str), "countryCode": maybe(str)}
    row = {"id": str, "name": str, "isActive": bool, "shipsInventory": bool,
           "fulfillsOnlineOrders": bool, "isFulfillmentService": bool, "address": address}  # fmt: skip
    yield from _walk(client, "HubLocations", "locations", row)


def _walk(client: ShopifyClient, name: str, member: str, row: Node) -> Iterator[Node]:
    after: str | None = None
    while True:
        data = client.execute(name, {"after": after})
        check(data, {member: connection(row)}, member)
        after = next_page(data[member])
        yield from data[member]["nodes"]
        if after is None:
            return


def ship(client: ShopifyClient, fulfillment: Mapping[str, Any], message: str) -> Node:
    """Make a shipment: ``id``, ``name``, ``status``. Not idempotent: the caller looks before and after. HubShip."""
    answer = client.change("HubShip", {"fulfillment": fulfillment, "message": message or None})
    made = {"id": str, "name": str, "status": str, "trackingInfo": [TRACKING]}
    check(answer, {"fulfillment": made}, "the new fulfillment")
    return dict(answer["fulfillment"])


def set_tracking(client: ShopifyClient, gid: str, tracking: Mapping[str, Any], *, notify: bool) -> None:
    """Replace a shipment's tracking; repeating it does no harm. HubTracking."""
    client.change("HubTracking", {"id": gid, "tracking": tracking, "notify": notify})


def cancel(client: ShopifyClient, gid: str) -> None:
    """Cancel a shipment: its units are to be shipped again. HubShipCancel."""
    client.change("HubShipCancel", {"id": gid})


def add_event(client: ShopifyClient, event: Mapping[str, Any]) -> None:
    """Tell how far a shipment is: ``fulfillmentId``, ``status``, ``happenedAt``. HubShipEvent."""
    client.change("HubShipEvent", {"event": event})


def hold(client: ShopifyClient, gid: str, wish: Mapping[str, Any]) -> str:
    """Hold a fulfillment order or a part of it; the global id of the hold. HubHold."""
    answer = client.change("HubHold", {"id": gid, "hold": wish})
    check(answer, {"fulfillmentHold": {"id": str}}, "the new hold")
    return str(answer["fulfillmentHold"]["id"])


def release(client: ShopifyClient, gid: str, hold_ids: Sequence[str]) -> None:
    """Take off the holds named. Never without ids: all holds would go, those of others too. HubRelease."""
    if not hold_ids:
        raise ValueError("a release names its holds")
    client.change("HubRelease", {"id": gid, "holdIds": list(hold_ids)})


def move(client: ShopifyClient, gid: str, to: str, lines: Sequence[Mapping[str, Any]] = ()) -> Node:
    """Assign to another location; goes on under the id returned. All that remains where no lines are named. HubMove."""
    answer = client.change("HubMove", {"id": gid, "to": to, "lines": list(lines) or None})
    check(answer, {"movedFulfillmentOrder": {"id": str}}, "the moved fulfillment order")
    return dict(answer["movedFulfillmentOrder"])


def report_progress(client: ShopifyClient, gid: str, note: str) -> None:
    """The merchant sees "In progress". HubProgress."""
    client.change("HubProgress", {"id": gid, "report": {"reasonNotes": note or None}})


def reopen(client: ShopifyClient, gid: str) -> None:
    """Back to open: of one in progress, or scheduled for later. HubReopen."""
    client.change("HubReopen", {"id": gid})
