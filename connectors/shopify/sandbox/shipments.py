"""Shipments of the sandbox: made of fulfillment orders, tracked, cancelled, followed by events.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Fulfillment (checked 2026-11-20). The refusals have no code;
their texts are recorded ones where the reference has them. Not for judging who may call: that is ``fulfillment``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.shopify.sandbox import routing
from connectors.shopify.sandbox.edits import touch as touch_order
from connectors.shopify.sandbox.orders import Node, Shop, stamp

MOST_LINES = 512
# Names that make a link by themselves, in their exact spelling; the real list is longer.
# https://shopify.dev/docs/api/admin-graphql/2026-10/objects/FulfillmentTrackingInfo (checked 2026-11-20)
LINKS = {
    "DHL Express": "https://www.dhl.com/us-en/home/tracking.html?tracking-id={}",
    "DHL eCommerce": "https://webtrack.dhlglobalmail.com/orders?trackingNumber={}",
    "UPS": "https://www.ups.com/WebTracking?loc=en_US&requester=ST&trackNums={}",
    "USPS": "https://tools.usps.com/go/TrackConfirmAction?qtc_tLabels1={}",
    "FedEx": "https://www.fedex.com/fedextrack/?trknbr={}",
    "DPD": "https://tracking.dpd.de/status/de_DE/parcel/{}",
    "GLS": "https://gls-group.eu/track/{}",
}
DISPLAYED = {"CONFIRMED", "LABEL_PURCHASED", "LABEL_PRINTED", "READY_FOR_PICKUP", "CARRIER_PICKED_UP", "IN_TRANSIT",
             "OUT_FOR_DELIVERY", "ATTEMPTED_DELIVERY", "DELAYED", "DELIVERED", "FAILURE"}  # fmt: skip


class Refusal(Exception):
    """A user error: ``field`` is its path; ``code`` only where the payload's error type has one."""

    def __init__(self, field: Sequence[str] | None, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.field, self.message, self.code = field, message, code

    def as_user_error(self) -> Node:
        return {"field": self.field, "message": self.message, "code": self.code}


def ship(shop: Shop, entries: list[tuple[Node, Mapping[str, Any]]], wish: Mapping[str, Any], now: float) -> Node:
    """One shipment of some units; raises ``Refusal`` and then nothing has changed."""
    if not entries:
        raise Refusal(["fulfillment"], "At least one fulfillment order is required.")
    if len({one["orderId"] for one, _ in entries}) > 1:
        raise Refusal(["fulfillment"], "All fulfillment orders must belong to the same order.")
    if len({routing.location_id_of(one) for one, _ in entries}) > 1:
        raise Refusal(["fulfillment"], "All fulfillment orders must be assigned to a single location.")
    if sum(len(entry.get("fulfillmentOrderLineItems") or ()) for _, entry in entries) > MOST_LINES:
        raise Refusal(["fulfillment"], f"A fulfillment may have at most {MOST_LINES} line items.")
    parts = [part for place, (one, entry) in enumerate(entries) for part in _parts(one, entry, place)]
    if not parts:
        raise Refusal(["fulfillment"], "Invalid fulfillment order line item quantity requested.")
    tracked = tracking(wish.get("trackingInfo") or {})
    for one, row, units in parts:
        row["remainingQuantity"] -= units
        routing.take_off(shop, row["inventoryItemId"], routing.location_id_of(one), units)
    for one, _ in entries:
        one["status"] = "IN_PROGRESS" if any(row["remainingQuantity"] for row in one["lineItems"]) else "CLOSED"
        routing.touch(one, now)
    made = _fulfillment(shop, parts, tracked, now)
    made["noticesSent"] += bool(wish.get("notifyCustomer"))
    order_changed(shop, made["orderId"], now)
    return made


def _parts(one: Node, entry: Mapping[str, Any], place: int) -> list[tuple[Node, Node, int]]:
    given = entry.get("fulfillmentOrderLineItems")
    if not given:
        return [(one, row, row["remainingQuantity"]) for row in one["lineItems"] if row["remainingQuantity"]]
    rows = {row["id"]: row for row in one["lineItems"]}
    found: dict[str, tuple[Node, Node, int]] = {}
    for position, line in enumerate(given):
        if line["quantity"] <= 0:
            path = ["fulfillment", "lineItemsByFulfillmentOrder", str(place), "fulfillmentOrderLineItems",
                    str(position), "quantity"]  # fmt: skip
            raise Refusal(path, "Quantity must be greater than 0")
        row = rows.get(line["id"])
        if row is None or line["id"] in found or line["quantity"] > row["remainingQuantity"]:
            raise Refusal(["fulfillment"], "Invalid fulfillment order line item quantity requested.")
        found[line["id"]] = (one, row, line["quantity"])
    return list(found.values())


def _fulfillment(shop: Shop, parts: list[tuple[Node, Node, int]], tracked: list[Node], now: float) -> Node:
    first = parts[0][0]
    order = shop.orders[first["orderId"]]
    moment = stamp(now)
    made: Node = {
        "id": f"gid://shopify/Fulfillment/{order['legacyResourceId']}{len(order['fulfillments']) + 1:02d}",
        "orderId": order["id"],
        "name": f"{order['name']}-F{len(order['fulfillments']) + 1}",
        "status": "SUCCESS",
        "displayStatus": "FULFILLED",
        "createdAt": moment,
        "updatedAt": moment,
        "totalQuantity": sum(units for _, _, units in parts),
        "location": first["assignedLocation"]["location"],
        "trackingInfo": tracked,
        "fulfillmentLineItems": [
            {
                "id": f"gid://shopify/FulfillmentLineItem/{shop.take_id()}",
                "quantity": units,
                "lineItem": row["lineItem"],
                "fulfillmentOrderId": one["id"],
                "fulfillmentOrderLineItemId": row["id"],
            }
            for one, row, units in parts
        ],
        "events": [],
        "noticesSent": 0,
    }
    shop.table("Fulfillment")[made["id"]] = made
    order["fulfillments"].append(made)
    return made


def tracking(given: Mapping[str, Any]) -> list[Node]:
    """Company, number and link of each parcel; a known company makes its link by itself."""
    if ("number" in given or "url" in given) and ("numbers" in given or "urls" in given):
        raise Refusal(["trackingInfo"], "Give number with url, or numbers with urls.")
    numbers = list(given.get("numbers") or ([given["number"]] if given.get("number") else []))
    urls = list(given.get("urls") or ([given["url"]] if given.get("url") else []))
    company = given.get("company")
    if not numbers and not urls:
        return [{"company": company, "number": None, "url": None}] if company else []
    link = LINKS.get(company or "")
    rows = []
    for place in range(max(len(numbers), len(urls))):
        number = numbers[place] if place < len(numbers) else None
        made = link.format(number) if link and number else None
        rows.append({"company": company, "number": number, "url": urls[place] if place < len(urls) else made})
    return rows


def cancel(shop: Shop, one: Node, now: float) -> None:
    """Cancel a shipment: its units are to be shipped again, from the fulfillment order they came from."""
    if one["status"] == "CANCELLED":
        raise Refusal(["id"], "Fulfillment is already cancelled.")
    one.update(status="CANCELLED", displayStatus="CANCELED")
    table = shop.table("FulfillmentOrder")
    for line in one["fulfillmentLineItems"]:
        source = table[line["fulfillmentOrderId"]]
        row = next(row for row in source["lineItems"] if row["id"] == line["fulfillmentOrderLineItemId"])
        row["remainingQuantity"] += line["quantity"]
        routing.take_off(shop, row["inventoryItemId"], routing.location_id_of(source), -line["quantity"])
        source["status"] = "OPEN"
        routing.touch(source, now)
    touch(shop, one, now)


def add_event(shop: Shop, one: Node, given: Mapping[str, Any], now: float) -> Node:
    made = {
        "id": f"gid://shopify/FulfillmentEvent/{shop.take_id()}",
        "status": given["status"],
        "happenedAt": given.get("happenedAt") or stamp(now),
        "message": given.get("message"),
    }
    one["events"].append(made)
    if given["status"] in DISPLAYED:
        one["displayStatus"] = given["status"]
    touch(shop, one, now)
    return made


def touch(shop: Shop, one: Node, now: float) -> None:
    one["updatedAt"] = max(stamp(now), one["updatedAt"])
    order_changed(shop, one["orderId"], now)


def order_changed(shop: Shop, gid: str, now: float) -> None:
    """The order's own state and time of change follow what happened to its shipping."""
    order = shop.orders[gid]
    touch_order(shop, order, now)
    routing.refresh(shop, order)
