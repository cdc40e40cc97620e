"""Calls about fulfillment orders, shipments, holds and locations.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/FulfillmentOrder (checked 2026-11-20). Every read is by id or a
whole walk: search lags behind writes, and is used for walks alone. Raises what ``client.execute`` and ``.change`` raise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.exceptions import PayloadError, RemoteUnavailable
from connectors.shopify.client import WALK_LIMIT, Node, ShopifyClient, quoted, zulu
from connectors.shopify.replies import promised_shape

RESTARTS = 3  # of a read whose order changed between two pages


def read_order(client: ShopifyClient, gid: str) -> Node | None:
    """``id``, ``name``, ``updatedAt``, every fulfillment order the app may see with all its lines, every fulfillment;
    ``None`` where the shop has no such order. HubFulfillmentOrders, HubFulfillmentOrderLines.

    Raises ``RemoteUnavailable`` where the order changes faster than it can be read: pages of two states are not mixed."""
    for _ in range(RESTARTS + 1):
        order = _order_page(client, gid, None)
        if order is None:
            return None
        found, after, changed = list(order["fulfillmentOrders"]["nodes"]), _next(order["fulfillmentOrders"]), False
        while after is not None and not changed:
            more = _order_page(client, gid, after)
            changed = more is None or more["updatedAt"] != order["updatedAt"]
            if more is not None:
                found += more["fulfillmentOrders"]["nodes"]
                after = _next(more["fulfillmentOrders"])
        if not changed and all(_add_lines(client, one) for one in found):
            order["fulfillmentOrders"] = found
            return order
    raise RemoteUnavailable("The order changes while it is being read.", code="changing", retry_after_s=30)


def _order_page(client: ShopifyClient, gid: str, after: str | None) -> Node | None:
    data = client.execute("HubFulfillmentOrders", {"orderId": gid, "after": after})
    with promised_shape("the fulfillment orders of an order"):
        order: Node | None = data["order"]
        if order is not None:
            _ = (order["updatedAt"], order["name"], order["fulfillments"], _next(order["fulfillmentOrders"]))
    return order


def _add_lines(client: ShopifyClient, one: Node) -> bool:
    """True once every line is there; false where the fulfillment order changed meanwhile."""
    with promised_shape("a fulfillment order"):
        rows, after = list(one["lineItems"]["nodes"]), _next(one["lineItems"])
        while after is not None:
            more = client.execute("HubFulfillmentOrderLines", {"id": one["id"], "after": after})["fulfillmentOrder"]
            if more is None or more["updatedAt"] != one["updatedAt"]:
                return False
            rows += more["lineItems"]["nodes"]
            after = _next(more["lineItems"])
        one["lineItems"] = rows
    return True


def read_fulfillment_order(client: ShopifyClient, gid: str) -> Node | None:
    """One fulfillment order with all its lines; ``None`` where there is none the app may see. HubFulfillmentOrder."""
    for _ in range(RESTARTS + 1):
        one: Node | None = client.execute("HubFulfillmentOrder", {"id": gid}).get("fulfillmentOrder")
        if one is None or _add_lines(client, one):
            return one
    raise RemoteUnavailable("The fulfillment order changes while it is being read.", code="changing", retry_after_s=30)


def read_fulfillment(client: ShopifyClient, gid: str) -> Node | None:
    """One shipment with its order, tracking and all its lines in ``fulfillmentLineItems``. HubFulfillment."""
    found: Node | None = None
    after: str | None = None
    rows: list[Node] = []
    while True:
        page: Node | None = client.execute("HubFulfillment", {"id": gid, "after": after}).get("fulfillment")
        if page is None:
            return None
        with promised_shape("a fulfillment"):
            found = found or page
            rows += page["fulfillmentLineItems"]["nodes"]
            after = _next(page["fulfillmentLineItems"])
        if after is None:
            found["fulfillmentLineItems"] = rows
            return found


def lines_of(client: ShopifyClient, shipment: Node) -> list[Node]:
    """All lines of a fulfillment as it came with its order: ``quantity``, ``lineItem {id sku}``."""
    with promised_shape("a fulfillment"):
        first = shipment["fulfillmentLineItems"]
        if _next(first) is None:
            return list(first["nodes"])
    whole = read_fulfillment(client, shipment["id"])
    return list(whole["fulfillmentLineItems"]) if whole else []


def changed_since(client: ShopifyClient, start: datetime, end: datetime) -> Iterator[list[Node]]:
    """Pages of fulfillment orders with ``start <= updatedAt < end``, closed ones too, oldest change first: ``id``,
    ``orderId``, ``status``, ``updatedAt``. A walk longer than Shopify allows starts again at the last time seen."""
    after, walked = None, 0
    while True:
        filter_ = f"updated_at:>={quoted(zulu(start))} AND updated_at:<{quoted(zulu(end))}"
        data = client.execute("HubFulfillmentOrdersSince", {"filter": filter_, "after": after})
        with promised_shape("fulfillment orders"):
            nodes = list(data["fulfillmentOrders"]["nodes"])
            after = _next(data["fulfillmentOrders"])
        yield nodes
        if after is None:
            return
        walked += len(nodes)
        if walked >= WALK_LIMIT:
            last = datetime.fromisoformat(nodes[-1]["updatedAt"])
            if last <= start:
                raise PayloadError("More fulfillment orders changed in one second than Shopify lists.")
            start, after, walked = last, None, 0


def held(client: ShopifyClient) -> Iterator[Node]:
    """Every fulfillment order somebody holds: ``id``, ``orderId``, ``status``, ``fulfillmentHolds``. HubHeld."""
    yield from _walk(client, "HubHeld", "manualHoldsFulfillmentOrders")


def locations(client: ShopifyClient) -> Iterator[Node]:
    """Every location, inactive ones too. HubLocations."""
    yield from _walk(client, "HubLocations", "locations")


def _walk(client: ShopifyClient, name: str, member: str) -> Iterator[Node]:
    after: str | None = None
    while True:
        data = client.execute(name, {"after": after})
        with promised_shape(member):
            nodes, after = list(data[member]["nodes"]), _next(data[member])
        yield from nodes
        if after is None:
            return


def ship(client: ShopifyClient, fulfillment: Mapping[str, Any], message: str) -> Node:
    """Make a shipment: ``id``, ``name``, ``status``. Not idempotent: the caller looks before and after. HubShip."""
    made = client.change("HubShip", {"fulfillment": fulfillment, "message": message or None})["fulfillment"]
    with promised_shape("the new fulfillment"):
        _ = (made["id"], made["name"], made["status"])
        return dict(made)


def set_tracking(client: ShopifyClient, gid: str, tracking: Mapping[str, Any], *, notify: bool) -> None:
    """Replace a shipment's tracking; repeating it does no harm. HubTracking."""
    client.change("HubTracking", {"id": gid, "tracking": tracking, "notify": notify})


def cancel(client: ShopifyClient, gid: str) -> None:
    """Cancel a shipment: its units are to be shipped again. HubShipCancel."""
    client.change("HubShipCancel", {"id": gid})


def add_event(client: ShopifyClient, event: Mapping[str, Any]) -> None:
    """Tell how far a shipment is: ``fulfillmentId``, ``status``, ``happenedAt``. HubShipEvent."""
    client.change("HubShipEvent", {"event": event})


def hold(client: ShopifyClient, gid: str, wish: Mapping[str, Any]) -> Node:
    """``fulfillmentHold``, ``fulfillmentOrder``, ``remainingFulfillmentOrder`` (of a part held). HubHold."""
    return client.change("HubHold", {"id": gid, "hold": wish})


def release(client: ShopifyClient, gid: str, hold_ids: Sequence[str]) -> None:
    """Take off the holds named. Never without ids: all holds would go, those of others too. HubRelease."""
    if not hold_ids:
        raise ValueError("a release names its holds")
    client.change("HubRelease", {"id": gid, "holdIds": list(hold_ids)})


def move(client: ShopifyClient, gid: str, to: str, lines: Sequence[Mapping[str, Any]] = ()) -> Node:
    """Assign to another location; goes on under the id returned. All that remains where no lines are named. HubMove."""
    answer = client.change("HubMove", {"id": gid, "to": to, "lines": list(lines) or None})
    with promised_shape("the moved fulfillment order"):
        _ = answer["movedFulfillmentOrder"]["id"]
        return dict(answer["movedFulfillmentOrder"])


def report_progress(client: ShopifyClient, gid: str, note: str) -> None:
    """The merchant sees "In progress". HubProgress."""
    client.change("HubProgress", {"id": gid, "report": {"reasonNotes": note or None}})


def reopen(client: ShopifyClient, gid: str) -> None:
    """Back to open: of one in progress, or scheduled for later. HubReopen."""
    client.change("HubReopen", {"id": gid})


def _next(connection: Node) -> str | None:
    return str(connection["pageInfo"]["endCursor"]) if connection["pageInfo"]["hasNextPage"] else None
