"""Fulfillment orders and shipments out of a shop: read anew at every topic about them, and handed on whole.

A delivery says only that something changed; most name a fulfillment order, none of them all that belong to the order.
So all of the order's are read, and what a target has already is skipped there. Shipments the hub made itself are
recognised, so that nothing goes round in circles.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.exceptions import PayloadError, Skip, WaitFor
from connectors.records import FulfillmentOrder
from connectors.shopify import shipping_ledger
from connectors.shopify.calls import fulfillment as calls
from connectors.shopify.client import plain_id, zulu
from connectors.shopify.fulfillment_records import fulfillment_order_record, shipment_record
from connectors.shopify.orders import MARGIN, OVERLAP

if TYPE_CHECKING:
    from connectors.run import Run

CHANGED = "fulfillment_orders/changed"  # the hub's own topic: found by a walk
FULFILLMENT_ORDER_GID = re.compile(r"gid://shopify/FulfillmentOrder/\d+")
OWN_PAUSE_S = 30.0
UNDER_WAY = timedelta(minutes=15)  # a shipment the hub began so recently may be the one the shop tells of
Node = dict[str, Any]


def import_fulfillment_orders(run: Run) -> str:
    """Read every fulfillment order of the order a delivery is about, and hand each to its routes."""
    gid = _order_of(run)
    order = calls.read_order(run.client, gid)
    if order is None:
        raise Skip("The shop has no such order any more.", reason="filtered", code="not_found")
    run.describe(object_type="order", object_id=plain_id(gid), object_label=order["name"])
    found = order["fulfillmentOrders"]
    if not found:
        raise Skip(
            f"The app sees no fulfillment order of order {order['name']}: that takes the scope "
            "read_merchant_managed_fulfillment_orders, read_assigned_fulfillment_orders or "
            "read_third_party_fulfillment_orders, by the kind of location.",
            reason="filtered", code="not_visible",
        )  # fmt: skip
    for node in found:
        run.deliver(fulfillment_order_record(node, shop_domain=run.settings.shop_domain.lower()))
    count = "1 fulfillment order" if len(found) == 1 else f"{len(found)} fulfillment orders"
    return f"{count} of order {order['name']} read from the shop and handed on."


def _order_of(run: Run) -> str:
    """The order a delivery is about: named by itself, or through the first fulfillment order it names."""
    payload = run.payload
    if isinstance(payload, Mapping) and payload.get("order_id"):
        return str(payload["order_id"])
    named = FULFILLMENT_ORDER_GID.search(run.body.decode("utf-8", "replace").replace("\\/", "/"))
    if named is None:
        raise PayloadError("The delivery names no fulfillment order.", path="fulfillment_order.id")
    one = calls.read_fulfillment_order(run.client, named[0])
    if one is None:
        raise Skip(
            "The shop shows the app no such fulfillment order: it was merged into another one, or the app lacks the "
            "scope for its kind of location.",
            reason="filtered", code="not_found",
        )  # fmt: skip
    return str(one["orderId"])


def import_shipment(run: Run) -> str:
    """``fulfillments/create``, ``fulfillments/update``: read the shipment and hand it on, unless the hub made it."""
    payload = run.payload
    if not isinstance(payload, Mapping) or not payload.get("id"):
        raise PayloadError("The delivery does not say which fulfillment it is about.", path="id")
    gid = str(payload.get("admin_graphql_api_id") or f"gid://shopify/Fulfillment/{payload['id']}")
    one = calls.read_fulfillment(run.client, gid)
    if one is None:
        raise Skip("The shop has no such fulfillment.", reason="filtered", code="not_found")
    run.describe(object_type="shipment", object_id=plain_id(gid), object_label=one["name"])
    run.keys([("order_id", plain_id(one["order"]["id"])), ("order_name", one["order"]["name"])])
    if shipping_ledger.is_made_by_hub(run, gid):
        raise Skip(f"The hub made {one['name']} itself, of a shipment it was told of.", reason="filtered", code="own")
    if shipping_ledger.is_under_way(run, one["order"]["id"], run.now - UNDER_WAY):
        raise WaitFor(
            f"The hub is just shipping order {one['order']['name']}: whether {one['name']} is its own is known then.",
            code=f"order:{plain_id(one['order']['id'])}", retry_after_s=OWN_PAUSE_S,
        )  # fmt: skip
    routes = run.deliver(shipment_record(one))
    return f"Shipment {one['name']} read from the shop and handed to {routes} route{'' if routes == 1 else 's'}."


def synchronize_recent(run: Run) -> str:
    """One event for every order whose fulfillment orders changed since the last complete walk. Shopify does not list
    what moves an order's own time of change, so that these have a watermark of their own.

    ``run.checkpoint``: ``fulfillment_until`` and ``fulfillment_seen``, as the walk of orders keeps its own."""
    if not run.is_routed(FulfillmentOrder):
        raise Skip("No route takes fulfillment orders from this shop.", reason="not_routed")
    end = datetime.now(UTC) - MARGIN
    until = run.checkpoint.get("fulfillment_until")
    start = datetime.fromisoformat(until) - OVERLAP if until else end - timedelta(days=run.settings.sync_days)
    before: Mapping[str, str] = run.checkpoint.get("fulfillment_seen") or {}
    seen: dict[str, str] = {}
    told: set[str] = set()
    for page in calls.changed_since(run.client, start, end):
        for node in page:
            number, changed = plain_id(node["id"]), node["updatedAt"]
            is_new = changed not in (seen.get(number), before.get(number))
            seen[number] = changed
            if is_new and node["orderId"] not in told:
                told.add(node["orderId"])
                run.spawn(
                    topic=CHANGED, object_type="order", object_id=plain_id(node["orderId"]),
                    payload={"order_id": node["orderId"]},
                )  # fmt: skip
    overlap = zulu(end - OVERLAP)
    kept = {number: changed for number, changed in seen.items() if changed >= overlap}
    run.save_checkpoint(fulfillment_seen=kept, fulfillment_until=end.isoformat())
    orders = "1 order" if len(told) == 1 else f"{len(told)} orders"
    return (
        f"Fulfillment orders of {orders} changed since {start:%Y-%m-%d %H:%M} UTC; each order has an event of its own."
    )
