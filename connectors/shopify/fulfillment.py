"""Fulfillment orders and shipments out of a shop: read anew at every topic about them, and handed on whole.

A delivery says only that something changed; most name a fulfillment order, none of them all that belong to the order.
So all of the order's are read, and what a target has already is skipped there. Shipments the hub made itself are
recognised, so that nothing goes round in circles.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from connectors.exceptions import PayloadError, Skip, WaitFor
from connectors.records import FulfillmentOrder, Shipment
from connectors.shopify import shipping_ledger
from connectors.shopify.calls import fulfillment as calls
from connectors.shopify.client import plain_id
from connectors.shopify.fulfillment_records import fulfillment_order_record, shipment_record
from connectors.shopify.phrases import counted, short
from connectors.shopify.watermarks import walk

if TYPE_CHECKING:
    from connectors.run import Run

ROUTED = "fulfillment_orders/order_routing_complete"  # what an order a walk found is read as
ORDER_GID = re.compile(r"gid://shopify/Order/\d+")
FULFILLMENT_ORDER_GID = re.compile(r"gid://shopify/FulfillmentOrder/\d+")
OWN_PAUSE_S = 30.0
UNDER_WAY = timedelta(minutes=15)  # a shipment the hub began so recently may be the one the shop tells of
Node = dict[str, Any]


def import_fulfillment_orders(run: Run) -> str:
    """Read every fulfillment order of the order a delivery is about, and hand each to its routes. Where a walk of the
    hub found the order, its shipments as well: a delivery about them may have been lost."""
    gid, is_found_by_walk = _order_of(run)
    order = calls.read_order(run.client, gid)
    if order is None:
        raise Skip("The shop has no such order any more.", reason="filtered", code="not_found")
    run.describe(object_type="order", object_id=plain_id(gid), object_label=order["name"])
    shipments = _deliver_shipments(run, order) if is_found_by_walk and run.is_routed(Shipment) else 0
    found = order["fulfillmentOrders"]
    if not found and not shipments:
        raise Skip(
            f"The app sees no fulfillment order of order {order['name']}: that takes the scope "
            "read_merchant_managed_fulfillment_orders, read_assigned_fulfillment_orders or "
            "read_third_party_fulfillment_orders, by the kind of location.",
            reason="filtered", code="not_visible",
        )  # fmt: skip
    if not is_found_by_walk or run.is_routed(FulfillmentOrder):
        for node in found:
            run.deliver(fulfillment_order_record(node, shop_domain=run.settings.shop_domain.lower()))
    count = counted(len(found), "fulfillment order")
    more = f", and {shipments} of its shipments" if shipments else ""
    return f"{count} of order {order['name']} read from the shop and handed on{more}."


def _deliver_shipments(run: Run, order: Node) -> int:
    """The shipments of an order the hub did not make, each to its routes; a target skips what it has already."""
    if shipping_ledger.is_under_way(run, order["id"], run.now - UNDER_WAY):
        return 0
    count = 0
    for one in order["fulfillments"]:
        if not shipping_ledger.is_made_by_hub(run, one["id"]):
            whole = calls.read_fulfillment(run.client, one["id"])
            count += whole is not None and bool(run.deliver(shipment_record(whole)))
    return count


def _order_of(run: Run) -> tuple[str, bool]:
    """The order a delivery is about, through the first fulfillment order it names; or the one a walk of the hub found."""
    payload = run.payload
    if isinstance(payload, Mapping) and ORDER_GID.fullmatch(str(payload.get("order_id"))):
        return str(payload["order_id"]), True
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
    return str(one["orderId"]), False


def import_shipment(run: Run) -> str:
    """``fulfillments/create``, ``fulfillments/update``: read the shipment and hand it on, unless the hub made it."""
    payload = run.payload
    number = str(payload.get("id")) if isinstance(payload, Mapping) else ""
    if not number.isdigit():
        raise PayloadError("The delivery does not say which fulfillment it is about.", path="id")
    gid = f"gid://shopify/Fulfillment/{number}"
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
    return f"Shipment {one['name']} read from the shop and handed to {counted(routes, 'route')}."


def synchronize_recent(run: Run) -> str:
    """One event for every order whose fulfillment orders changed since the last complete walk. Shopify does not list
    what moves an order's own time of change, so that these have a watermark of their own."""
    if not run.is_routed(FulfillmentOrder) and not run.is_routed(Shipment):
        raise Skip("No route takes fulfillment orders or shipments from this shop.", reason="not_routed")
    told: set[str] = set()

    def tell(node: Mapping[str, Any]) -> None:
        if node["orderId"] not in told:
            told.add(node["orderId"])
            run.spawn(
                topic=ROUTED, object_type="order", object_id=plain_id(node["orderId"]),
                payload={"order_id": node["orderId"]},
            )  # fmt: skip

    pages = partial(calls.changed_since, run.client)
    walked = walk(run, "fulfillment", pages, tell, first_days=run.settings.sync_days)
    orders = counted(len(told), "order")
    return (
        f"Fulfillment orders of {orders} changed since {short(walked.start)} UTC; each order has an event of its own."
    )
