"""Shopify's fulfillment orders and shipments become the hub's records. Pure: no calls, no rows.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/FulfillmentOrder and .../Fulfillment (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.records import (
    Address,
    DeliveryMethod,
    FulfillmentHold,
    FulfillmentLine,
    FulfillmentOrder,
    Shipment,
    UnitLine,
)
from connectors.shopify.client import plain_id
from connectors.shopify.replies import promised_shape

Node = Mapping[str, Any]
ENDED = frozenset({"CANCELLED", "ERROR", "FAILURE"})


def fulfillment_order_record(node: Node, *, shop_domain: str) -> FulfillmentOrder:
    """One fulfillment order with all its lines in ``lineItems``. Raises ``PayloadError`` for another shape."""
    with promised_shape("a fulfillment order"):
        place = node["assignedLocation"]
        return FulfillmentOrder(
            id=plain_id(node["id"]),
            number=f"{node['orderName']} {plain_id(node['id'])}",
            updated_at=_time(node["updatedAt"]),
            order_id=plain_id(node["orderId"]),
            order_name=node["orderName"],
            source=shop_domain,
            status=node["status"].lower(),
            request_status=node["requestStatus"].lower(),
            created_at=_time(node["createdAt"]),
            location_id=plain_id(place["location"]["id"]) if place["location"] else "",
            location_name=place["name"],
            delivery=_delivery(node["deliveryMethod"]),
            destination=_destination(node["destination"]),
            email=(node["destination"] or {}).get("email") or "",
            fulfill_at=_time(node["fulfillAt"]),
            fulfill_by=_time(node["fulfillBy"]),
            lines=tuple(_line(row) for row in node["lineItems"]),
            holds=tuple(_hold(hold) for hold in node["fulfillmentHolds"]),
            raw=node,
        )


def _line(row: Node) -> FulfillmentLine:
    return FulfillmentLine(
        id=plain_id(row["id"]),
        order_line_id=plain_id(row["lineItem"]["id"]),
        sku=row["sku"] or "",
        quantity=Decimal(row["totalQuantity"]),
        remaining=Decimal(row["remainingQuantity"]),
        requires_shipping=row["requiresShipping"],
    )


def _hold(hold: Node) -> FulfillmentHold:
    return FulfillmentHold(
        id=plain_id(hold["id"]),
        handle=hold["handle"] or "",
        reason=hold["reason"].lower(),
        note=hold["reasonNotes"] or "",
        is_own=hold["heldByRequestingApp"],
    )


def _delivery(node: Node | None) -> DeliveryMethod | None:
    if node is None:
        return None
    return DeliveryMethod(
        kind=node["methodType"].lower(),
        code=node["serviceCode"] or "",
        title=node["presentedName"] or "",
        earliest_at=_time(node["minDeliveryDateTime"]),
        latest_at=_time(node["maxDeliveryDateTime"]),
    )


def _destination(node: Node | None) -> Address | None:
    if node is None:
        return None
    theirs = {"first_name": "firstName", "last_name": "lastName", "region": "province", "postal_code": "zip",
              "country_code": "countryCode"}  # fmt: skip
    same = ("company", "address1", "address2", "city", "phone")
    return Address(**{ours: node[name] or "" for ours, name in [*theirs.items(), *zip(same, same, strict=True)]})


def shipment_record(node: Node) -> Shipment:
    """One shipment with all its lines in ``fulfillmentLineItems``. Raises ``PayloadError`` for another shape."""
    with promised_shape("a fulfillment"):
        rows = node["trackingInfo"]
        return Shipment(
            id=plain_id(node["id"]),
            number=node["name"],
            updated_at=_time(node["updatedAt"]),
            order_id=plain_id(node["order"]["id"]),
            order_name=node["order"]["name"],
            status=_status(node),
            location=plain_id(node["location"]["id"]) if node["location"] else "",
            carrier=next((row["company"] for row in rows if row["company"]), ""),
            tracking_numbers=tuple(row["number"] for row in rows if row["number"]),
            tracking_urls=tuple(row["url"] for row in rows if row["url"]),
            shipped_at=_time(node["createdAt"]),
            lines=tuple(
                UnitLine(
                    sku=row["lineItem"]["sku"] or "",
                    quantity=Decimal(row["quantity"] or 0),
                    order_line_id=plain_id(row["lineItem"]["id"]),
                )
                for row in node["fulfillmentLineItems"]
            ),
            raw=node,
        )


def _status(node: Node) -> str:
    if node["status"] in ENDED:
        return "cancelled"
    shown = str(node["displayStatus"] or "").lower()
    return "shipped" if shown in {"", "fulfilled", "marked_as_fulfilled", "submitted", "canceled"} else shown


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
