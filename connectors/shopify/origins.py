"""Where the lines of an order ship from, and what of it has left: added to the order's record where the connector says so.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/FulfillmentOrder (checked 2026-11-20). A read of its own, because
it takes scopes of its own; off for shops whose targets need none of it. What it adds never makes an order look changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.records import Fulfillment, LinePlace, Order
from connectors.shopify.calls import fulfillment as calls
from connectors.shopify.client import plain_id
from connectors.shopify.fulfillment_records import ENDED
from connectors.shopify.replies import promised_shape

if TYPE_CHECKING:
    from connectors.shopify.client import ShopifyClient

Node = Mapping[str, Any]
GONE = frozenset({"CANCELLED", "INCOMPLETE"})  # of a fulfillment order: its units are in others, or nowhere


def with_origins(client: ShopifyClient, record: Order, gid: str) -> Order:
    """The record with the places of its lines and its fulfillments. Raises what reading fulfillment orders raises."""
    order = calls.read_order(client, gid)
    if order is None:
        return record
    with promised_shape("the fulfillment orders of an order"):
        places = _places(order["fulfillmentOrders"])
        sent = [one for one in order["fulfillments"] if one["status"] not in ENDED]
        fulfillments = tuple(_fulfillment(one, _rows(client, one)) for one in sent)
    lines = tuple(replace(line, places=tuple(places.get(line.id, ()))) for line in record.lines)
    return replace(record, lines=lines, fulfillments=fulfillments)


def _places(nodes: list[Node]) -> dict[str, list[LinePlace]]:
    found: dict[str, list[LinePlace]] = {}
    for one in nodes:
        if one["status"] in GONE:
            continue
        place = one["assignedLocation"]
        location_id = plain_id(place["location"]["id"]) if place["location"] else ""
        for row in one["lineItems"]:
            assigned = LinePlace(
                location_id=location_id, location_name=place["name"], quantity=Decimal(row["totalQuantity"])
            )
            if assigned.quantity:
                found.setdefault(plain_id(row["lineItem"]["id"]), []).append(assigned)
    return found


def _rows(client: ShopifyClient, one: Node) -> list[Node]:
    """All lines of a fulfillment; what a page of the order does not hold is read with the fulfillment."""
    page = one["fulfillmentLineItems"]
    whole = calls.read_fulfillment(client, one["id"]) if page["pageInfo"]["hasNextPage"] else None
    rows: list[Node] = page["nodes"] if whole is None else whole["fulfillmentLineItems"]
    return rows


def _fulfillment(one: Node, rows: list[Node]) -> Fulfillment:
    return Fulfillment(
        id=plain_id(one["id"]),
        location_id=plain_id(one["location"]["id"]) if one["location"] else "",
        units=tuple((plain_id(row["lineItem"]["id"]), Decimal(row["quantity"] or 0)) for row in rows),
    )
