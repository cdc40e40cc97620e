"""What a merchant does in the sandbox's admin, as control calls: ship, cancel a shipment, hold, release, move, schedule,
delete a location. ``POST /_sandbox/fulfillment``: ``{"shop", "order", "do", ...}``; ``/_sandbox/location``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.sandbox import Reply
from connectors.shopify.sandbox import holds, routing, shipments, shipping_news
from connectors.shopify.sandbox.catalogue import add_location
from connectors.shopify.sandbox.engine import Call, Resolvers
from connectors.shopify.sandbox.orders import Node, Shop, stamp
from connectors.shopify.sandbox.shops import OUTLET
from connectors.shopify.sandbox.subscriptions import emit

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox


def ship_order(
    shop: Shop, order: Node, now: float, *, units: dict[str, int] | None = None, tracking: dict[str, Any] | None = None
) -> list[Node]:
    """Ship what can be shipped of an order, one shipment a location; ``units``: only so many of each SKU."""
    left = dict(units) if units is not None else None
    made = []
    for one in routing.fulfillment_orders_of(shop, order):
        if one["status"] not in routing.OPEN_STATES:
            continue
        lines = []
        for row in one["lineItems"]:
            some = row["remainingQuantity"] if left is None else min(left.get(row["sku"], 0), row["remainingQuantity"])
            if some:
                lines.append({"id": row["id"], "quantity": some})
                if left is not None:
                    left[row["sku"]] -= some
        if lines:
            entry = {"fulfillmentOrderId": one["id"], "fulfillmentOrderLineItems": lines}
            made.append(shipments.ship(shop, [(one, entry)], {"trackingInfo": tracking or {}}, now))
    return made


def _fulfillment(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """``do``: ship (``units`` by SKU, ``tracking``), cancel (the newest shipment), hold (``reason``, ``handle``,
    ``place``), release, move (``to``: a location's name; ``place``), schedule. ``place``: which fulfillment order of the
    order, 0 at first. Answers the order's fulfillment orders and shipments."""
    shop = sandbox.shops[wish.get("shop", OUTLET)]
    order = shop.find(str(wish["order"]))
    if order is None:
        return Reply(404, {"error": "no such order"})
    now, do = sandbox.now(), str(wish["do"])
    own = routing.fulfillment_orders_of(shop, order)
    one = own[int(wish.get("place", 0))]
    call = Call(shop, now, Resolvers(), sandbox)
    try:
        if do == "ship":
            for made in ship_order(shop, order, now, units=wish.get("units"), tracking=wish.get("tracking")):
                shipping_news.tell_of_shipment(sandbox, shop, made, "fulfillments/create")
        elif do == "cancel":
            made = next(one for one in reversed(order["fulfillments"]) if one["status"] == "SUCCESS")
            shipments.cancel(shop, made, now)
            shipping_news.tell_of_shipment(sandbox, shop, made, "fulfillments/update")
        elif do == "hold":
            was_held = bool(one["fulfillmentHolds"])
            given = {"reason": wish.get("reason", "OTHER"), "handle": wish.get("handle", "")}
            hold, rest = holds.add_hold(shop, one, given, now, is_own=bool(wish.get("is_own")))
            holds.tell_of_hold(call, one, hold, rest, was_held=was_held)
        elif do == "release":
            holds.tell_of_release(call, one, holds.release(shop, one, None, now))
        elif do == "move":
            to = next(row for row in shop.table("Location").values() if row["name"] == wish["to"])
            moved, original = holds.move(shop, one, to["id"], wish.get("lines", []), now)
            shipping_news.tell(sandbox, shop, "moved", original_fulfillment_order=original or moved,
                               moved_fulfillment_order=moved, destination_location_id=to["id"])  # fmt: skip
        elif do == "schedule":
            one.update(status="SCHEDULED", fulfillAt=stamp(now + float(wish.get("after_s", 86_400))))
            routing.touch(one, now)
            shipments.order_changed(shop, order["id"], now)
            shipping_news.tell(sandbox, shop, "rescheduled", fulfillment_order=one)
        else:
            return Reply(400, {"error": f"no such action: {do}"})
    except shipments.Refusal as refusal:
        return Reply(400, {"error": refusal.message})
    return Reply(body=state_of(shop, order))


def state_of(shop: Shop, order: Node) -> Node:
    """An order's fulfillment orders and shipments, small."""
    return {
        "status": order["displayFulfillmentStatus"],
        "fulfillment_orders": [
            {
                "id": one["id"],
                "status": one["status"],
                "location": one["assignedLocation"]["name"],
                "lines": {row["sku"]: [row["totalQuantity"], row["remainingQuantity"]] for row in one["lineItems"]},
            }
            for one in routing.fulfillment_orders_of(shop, order)
        ],
        "fulfillments": [
            {"id": one["id"], "status": one["status"], "units": one["totalQuantity"],
             "tracking": [row["number"] for row in one["trackingInfo"]]}
            for one in order["fulfillments"]
        ],
    }  # fmt: skip


def _location(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """``{"shop", "name"}``: a new location; with ``do`` deactivate or delete: that one. Fires the topics."""
    shop = sandbox.shops[wish.get("shop", OUTLET)]
    name, do = str(wish["name"]), str(wish.get("do", "create"))
    found = next((row for row in shop.table("Location").values() if row["name"] == name), None)
    if do == "create":
        found = add_location(shop, name, wish.get("address", {"countryCode": "DE"}))
        found["isFulfillmentService"] = bool(wish.get("is_service"))
        found["isOwnService"] = bool(wish.get("is_own_service"))
    elif found is None:
        return Reply(404, {"error": "no such location"})
    elif do == "delete":
        del shop.table("Location")[found["id"]]
        for one in shop.table("FulfillmentOrder").values():
            if routing.location_id_of(one) == found["id"]:
                one["assignedLocation"] = {**one["assignedLocation"], "location": None}
    else:
        found["isActive"] = do == "activate"
    body = {"id": int(found["legacyResourceId"]), "name": name, "active": found["isActive"]}
    emit(sandbox, shop, f"locations/{do}", {"id": body["id"]} if do == "delete" else body)
    return Reply(body={"id": found["id"]})


CONTROLS = {"fulfillment": _fulfillment, "location": _location}
