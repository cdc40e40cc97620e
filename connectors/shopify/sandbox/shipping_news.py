"""The bodies of the sandbox's deliveries about shipping: fulfillment orders by global ids with values in lower case,
shipments in the shape of the retired REST API. https://shopify.dev/docs/api/webhooks/2026-10 (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connectors.shopify.sandbox.orders import Node, Shop
from connectors.shopify.sandbox.payloads import order_payload, plain_number
from connectors.shopify.sandbox.subscriptions import emit

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox


def tell(sandbox: ShopifySandbox, shop: Shop, event: str, **members: Any) -> None:
    """``fulfillment_orders/<event>``; members that are fulfillment orders are shown by id and state."""
    body = {name: _shown(value) if _is_order(value) else value for name, value in members.items()}
    emit(sandbox, shop, f"fulfillment_orders/{event}", body)


def tell_of_hold(sandbox: ShopifySandbox, shop: Shop, event: str, one: Node, hold: Node) -> None:
    """``fulfillment_holds/added`` and ``.../released``: every single hold."""
    body = {"fulfillment_order": _shown(one), "fulfillment_hold": hold_payload(hold)}
    emit(sandbox, shop, f"fulfillment_holds/{event}", body)


def tell_of_shipment(sandbox: ShopifySandbox, shop: Shop, made: Node, topic: str) -> None:
    """The shipment's own topic, and those of its order."""
    order = shop.orders[made["orderId"]]
    emit(sandbox, shop, topic, shipment_payload(shop, made))
    body = order_payload(shop, order)
    emit(sandbox, shop, "orders/updated", body)
    state = order["displayFulfillmentStatus"]
    if topic == "fulfillments/create" and state in {"FULFILLED", "PARTIALLY_FULFILLED"}:
        emit(sandbox, shop, f"orders/{state.lower()}", body)


def shipment_payload(shop: Shop, made: Node) -> Node:
    offset = datetime.strptime(shop.utc_offset, "%z").tzinfo
    rows = made["trackingInfo"]
    order = shop.orders[made["orderId"]]
    return {
        "id": plain_number(made["id"]),
        "admin_graphql_api_id": made["id"],
        "order_id": int(order["legacyResourceId"]),
        "name": made["name"].replace("-F", "."),
        "status": made["status"].lower(),
        "created_at": datetime.fromisoformat(made["createdAt"]).astimezone(offset).isoformat(),
        "updated_at": datetime.fromisoformat(made["updatedAt"]).astimezone(offset).isoformat(),
        "service": "manual",
        "tracking_company": rows[0]["company"] if rows else None,
        "tracking_number": rows[0]["number"] if rows else None,
        "tracking_numbers": [row["number"] for row in rows if row["number"]],
        "tracking_url": rows[0]["url"] if rows else None,
        "tracking_urls": [row["url"] for row in rows if row["url"]],
        "shipment_status": made["displayStatus"].lower() if made["events"] else None,
        "location_id": plain_number(made["location"]["id"]) if made["location"] else None,
        "line_items": [
            {"id": plain_number(row["lineItem"]["id"]), "sku": row["lineItem"]["sku"], "quantity": row["quantity"]}
            for row in made["fulfillmentLineItems"]
        ],
    }


def hold_payload(hold: Mapping[str, Any]) -> Node:
    return {
        "id": hold["id"],
        "reason": hold["reason"].lower(),
        "reason_notes": hold["reasonNotes"],
        "handle": hold["handle"],
        "held_by_requesting_app": hold["heldByRequestingApp"],
        "held_by_app": {"id": "gid://shopify/App/300111"} if hold["heldByRequestingApp"] else None,
    }


def _is_order(value: Any) -> bool:
    return isinstance(value, dict) and "fulfillmentHolds" in value


def _shown(one: Node) -> Node:
    shown: Node = {"id": one["id"], "status": one["status"].lower()}
    if one["fulfillmentHolds"]:
        shown["fulfillment_holds"] = [hold_payload(hold) for hold in one["fulfillmentHolds"]]
    return shown
