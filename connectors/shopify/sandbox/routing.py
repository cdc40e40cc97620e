"""Routing of the sandbox: an order becomes one fulfillment order a location, by stock; their states, and the order's.

Kept in ``shop.tables`` as ``FulfillmentOrder`` and ``Fulfillment`` by global id; an order names its own in
``fulfillmentOrderIds`` and carries its ``fulfillments``. Stock moves from ``available`` to ``committed`` when an order is
routed and leaves with the shipment. Not for the calls of an app: those are ``fulfillment`` and ``holds``.
https://shopify.dev/docs/api/admin-graphql/2026-10/objects/FulfillmentOrder (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.shopify.sandbox.orders import Node, Shop, stamp

OPEN_STATES = ("OPEN", "IN_PROGRESS")  # what may be shipped
LIVE_STATES = (*OPEN_STATES, "ON_HOLD", "SCHEDULED", "INCOMPLETE")
ACTIONS = {
    "OPEN": ("CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD", "SPLIT"),
    "IN_PROGRESS": ("CREATE_FULFILLMENT", "MARK_AS_OPEN", "HOLD", "SPLIT"),
    "ON_HOLD": ("RELEASE_HOLD", "HOLD", "MOVE"),
    "SCHEDULED": ("MARK_AS_OPEN", "MOVE"),
}


def route(shop: Shop, order: Node, now: float) -> list[Node]:
    """Make the fulfillment orders of a new order: everything from the first location that has it all, else each line
    from the locations that have some; what nobody has stays at the first. Lines that need no shipping go apart."""
    order["fulfillments"], order["fulfillmentOrderIds"] = [], []
    places = [one for one in shop.table("Location").values() if one["isActive"] and one["fulfillsOnlineOrders"]]
    if not places:
        refresh(shop, order)
        return []
    wanted = [(line, line["currentQuantity"]) for line in order["lineItems"] if line["currentQuantity"]]
    parts: dict[tuple[str, bool], list[tuple[Node, int]]] = {}
    goods = [(line, units) for line, units in wanted if line["requiresShipping"]]
    whole = next((place for place in places if all(_stock(shop, line, place) >= units for line, units in goods)), None)
    for line, units in wanted:
        if not line["requiresShipping"]:
            parts.setdefault((places[0]["id"], False), []).append((line, units))
        else:
            for place, some in _allot(shop, line, units, [whole] if whole else places):
                parts.setdefault((place["id"], True), []).append((line, some))
    made = [
        add_fulfillment_order(shop, order, location_id, lines, now, is_shipped=is_shipped)
        for (location_id, is_shipped), lines in parts.items()
    ]
    refresh(shop, order)
    return made


def _allot(shop: Shop, line: Node, units: int, places: list[Node]) -> list[tuple[Node, int]]:
    found, left = [], units
    for place in places:
        some = min(left, max(0, _stock(shop, line, place)))
        if some:
            found.append((place, some))
            left -= some
    if left:
        first, already = places[0], {place["id"]: some for place, some in found}
        found = [(place, some) for place, some in found if place is not first]
        found.insert(0, (first, already.get(first["id"], 0) + left))
    return found


def _stock(shop: Shop, line: Node, place: Node) -> int:
    item = item_of(line)
    if item is None:  # a custom line: nothing is counted
        return int(line["currentQuantity"])
    return shop.stock.get((item, place["id"]), {}).get("available", 0)


def item_of(line: Node) -> str | None:
    """The inventory item of an order's line; none where the line is a custom one."""
    return line["variant"]["inventoryItem"] if line["variant"] else None


def add_fulfillment_order(
    shop: Shop, order: Node, location_id: str, lines: Iterable[tuple[Node, int]], now: float, *,
    is_shipped: bool = True, like: Node | None = None,
) -> Node:  # fmt: skip
    """A fulfillment order of some units of an order's lines; ``like``: the one it is split from. Commits the stock."""
    location = shop.table("Location")[location_id]
    shipping = next((one for one in order["shippingLines"] if not one["isRemoved"]), None) if is_shipped else None
    moment = stamp(now)
    made: Node = {
        "id": f"gid://shopify/FulfillmentOrder/{order['legacyResourceId']}{len(order['fulfillmentOrderIds']) + 1:02d}",
        "orderId": order["id"],
        "orderName": order["name"],
        "status": "OPEN",
        "requestStatus": "UNSUBMITTED",
        "createdAt": moment,
        "updatedAt": moment,
        "fulfillAt": moment,
        "fulfillBy": None,
        "assignedLocation": {
            "name": location["name"],
            "countryCode": location["address"]["countryCode"] or "DE",
            "location": location,
        },
        "deliveryMethod": {
            "id": f"gid://shopify/DeliveryMethod/{shop.take_id()}",
            "methodType": "SHIPPING" if is_shipped else "NONE",
            "serviceCode": shipping["code"] if shipping else None,
            "presentedName": shipping["title"] if shipping else None,
            "minDeliveryDateTime": None,
            "maxDeliveryDateTime": None,
        },
        "destination": _destination(shop, order) if is_shipped else None,
        "fulfillmentHolds": [],
        "hasReportedProgress": False,
        "lineItems": [],
    }
    if like is not None:
        made |= {name: like[name] for name in ("deliveryMethod", "destination", "fulfillAt", "fulfillBy", "createdAt")}
    for line, units in lines:
        made["lineItems"].append(
            {
                "id": f"gid://shopify/FulfillmentOrderLineItem/{shop.take_id()}",
                "totalQuantity": units,
                "remainingQuantity": units,
                "sku": line["sku"],
                "inventoryItemId": item_of(line),
                "requiresShipping": line["requiresShipping"],
                "lineItem": line,
            }
        )
        commit(shop, item_of(line), location_id, units)
    shop.table("FulfillmentOrder")[made["id"]] = made
    order["fulfillmentOrderIds"].append(made["id"])
    return made


def _destination(shop: Shop, order: Node) -> Node | None:
    address = order["shippingAddress"]
    if address is None:
        return None
    same = ("firstName", "lastName", "company", "address1", "address2", "city", "province", "zip", "phone")
    return {
        "id": f"gid://shopify/FulfillmentOrderDestination/{shop.take_id()}",
        **{name: address[name] for name in same},
        "countryCode": address["countryCodeV2"],
        "email": order["email"],
    }


def fulfillment_orders_of(shop: Shop, order: Mapping[str, Any]) -> list[Node]:
    table = shop.table("FulfillmentOrder")
    return [table[gid] for gid in order["fulfillmentOrderIds"]]


def location_id_of(fulfillment_order: Node) -> str | None:
    """Where it is to be shipped from; none where that location was deleted."""
    location = fulfillment_order["assignedLocation"]["location"]
    return location["id"] if location else None


def commit(shop: Shop, item: str | None, location_id: str | None, units: int) -> None:
    """Units promised to a buyer: no longer available, still on the shelf. Negative: given back."""
    level = shop.stock.get((item or "", location_id or ""))
    if level is not None:
        level["available"] -= units
        level["committed"] = level.get("committed", 0) + units


def take_off(shop: Shop, item: str | None, location_id: str | None, units: int) -> None:
    """Promised units leave the shelf. Negative: they come back and are promised again."""
    level = shop.stock.get((item or "", location_id or ""))
    if level is not None:
        level["committed"] = level.get("committed", 0) - units


def touch(fulfillment_order: Node, now: float) -> None:
    fulfillment_order["updatedAt"] = max(stamp(now), fulfillment_order["updatedAt"])


def follow(shop: Shop, order: Node, now: float) -> None:
    """After the order was edited or cancelled: its fulfillment orders lose the units that are no longer wanted, and get
    those that were added; a cancelled order's are cancelled."""
    own = fulfillment_orders_of(shop, order)
    for line in order["lineItems"]:
        rows = [(one, row) for one in own for row in one["lineItems"] if row["lineItem"]["id"] == line["id"]]
        wanted = 0 if order["cancelledAt"] else line["currentQuantity"]
        for _, row in rows:
            row["lineItem"] = line
        surplus = sum(row["totalQuantity"] for _, row in rows) - wanted
        if surplus < 0 and not order["cancelledAt"]:
            _add_units(shop, order, line, -surplus, now)
        for one, row in reversed(rows):
            gone = min(max(0, surplus), row["remainingQuantity"])
            if gone:
                row["totalQuantity"] -= gone
                row["remainingQuantity"] -= gone
                surplus -= gone
                commit(shop, row["inventoryItemId"], location_id_of(one), -gone)
                touch(one, now)
    for one in own:
        if one["status"] in LIVE_STATES and not any(row["remainingQuantity"] for row in one["lineItems"]):
            has_shipped = any(row["totalQuantity"] for row in one["lineItems"])
            one.update(status="CLOSED" if has_shipped else "CANCELLED", fulfillmentHolds=[])
    refresh(shop, order)


def cancel_all(shop: Shop, order: Node) -> None:
    """Nothing more of an order is to be shipped; its stock is no longer promised, and whoever cancels decides about it."""
    for one in fulfillment_orders_of(shop, order):
        for row in one["lineItems"]:
            take_off(shop, row["inventoryItemId"], location_id_of(one), row["remainingQuantity"])
            row["remainingQuantity"] = 0
        if one["status"] in LIVE_STATES:
            one.update(status="CANCELLED", fulfillmentHolds=[])
    refresh(shop, order)


def _add_units(shop: Shop, order: Node, line: Node, units: int, now: float) -> None:
    places = [one for one in shop.table("Location").values() if one["isActive"] and one["fulfillsOnlineOrders"]]
    for place, some in _allot(shop, line, units, places) if places else ():
        add_fulfillment_order(shop, order, place["id"], [(line, some)], now, is_shipped=line["requiresShipping"])


def refresh(shop: Shop, order: Node) -> None:
    """Set what the order says of its shipping from its fulfillment orders."""
    own = fulfillment_orders_of(shop, order)
    left: dict[str, int] = {}
    for one in own:
        for row in one["lineItems"]:
            left[row["lineItem"]["id"]] = left.get(row["lineItem"]["id"], 0) + row["remainingQuantity"]
    for line in order["lineItems"]:
        line["unfulfilledQuantity"] = left.get(line["id"], 0)
    shipped = any(one["status"] not in {"CANCELLED", "ERROR", "FAILURE"} for one in order["fulfillments"])
    live = {one["status"] for one in own if one["status"] in LIVE_STATES}
    if shipped:
        order["displayFulfillmentStatus"] = "PARTIALLY_FULFILLED" if any(left.values()) else "FULFILLED"
    elif live in ({"ON_HOLD"}, {"SCHEDULED"}):
        order["displayFulfillmentStatus"] = next(iter(live))
    else:
        is_in_progress = "IN_PROGRESS" in live
        order["displayFulfillmentStatus"] = "IN_PROGRESS" if is_in_progress else "UNFULFILLED"
