"""The bodies of the sandbox's deliveries about refunds and returns, and who is told.

https://shopify.dev/docs/api/webhooks/2026-10 (checked 2026-11-20). ``subtotal`` and ``total_tax`` of a refund's lines
are numbers, other money is text; the payload of ``returns/process`` is not documented.
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


def tell_of_refund(sandbox: ShopifySandbox, shop: Shop, refund: Mapping[str, Any]) -> None:
    """``refunds/create``, and ``orders/updated`` of its order."""
    emit(sandbox, shop, "refunds/create", refund_payload(shop, refund))
    emit(sandbox, shop, "orders/updated", order_payload(shop, shop.orders[refund["orderId"]]))


def tell_of_return(sandbox: ShopifySandbox, shop: Shop, event: str, one: Mapping[str, Any]) -> None:
    """``returns/<event>``, and ``orders/updated`` of its order."""
    emit(sandbox, shop, f"returns/{event}", return_payload(shop, event, one))
    emit(sandbox, shop, "orders/updated", order_payload(shop, shop.orders[one["orderId"]]))


def tell_of_disposal(sandbox: ShopifySandbox, shop: Shop, rows: list[tuple[Node, Node]]) -> None:
    """``reverse_fulfillment_orders/dispose``: it names neither the return nor the order."""
    emit(sandbox, shop, "reverse_fulfillment_orders/dispose", disposal_payload(rows))


def refund_payload(shop: Shop, refund: Mapping[str, Any]) -> Node:
    offset = datetime.strptime(shop.utc_offset, "%z").tzinfo
    order = shop.orders[refund["orderId"]]
    order_number = int(order["legacyResourceId"])
    lines = refund["refundLineItems"]

    def time(text: str) -> str:
        return datetime.fromisoformat(text).astimezone(offset).isoformat()

    return {
        "id": int(refund["legacyResourceId"]),
        "admin_graphql_api_id": refund["id"],
        "order_id": order_number,
        "created_at": time(refund["createdAt"]),
        "processed_at": time(refund["processedAt"]),
        "note": refund["note"],
        "user_id": None,
        "restock": any(one["restocked"] for one in lines),
        "return": {"id": plain_number(refund["returnId"])} if refund["returnId"] else None,
        "duties": [],
        "refund_shipping_lines": [],
        "order_adjustments": [
            {"id": plain_number(one["id"]), "reason": one["reason"].lower(), "amount": _amount(one["amountSet"])}
            for one in refund["orderAdjustments"]
        ],
        "refund_line_items": [
            {
                "id": plain_number(one["id"]),
                "line_item_id": plain_number(one["lineItem"]["id"]),
                "quantity": one["quantity"],
                "location_id": plain_number(one["location"]["id"]) if one["location"] else None,
                "restock_type": one["restockType"].lower(),
                "subtotal": float(_amount(one["subtotalSet"])),
                "total_tax": float(_amount(one["totalTaxSet"])),
                "line_item": {"id": plain_number(one["lineItem"]["id"]), "sku": one["lineItem"]["sku"]},
            }
            for one in lines
        ],
        "transactions": [
            {
                "id": plain_number(one["id"]),
                "admin_graphql_api_id": one["id"],
                "kind": "refund",
                "status": one["status"].lower(),
                "gateway": one["gateway"],
                "amount": _amount(one["amountSet"]),
                "currency": order["currencyCode"],
                "parent_id": plain_number(one["parentTransaction"]["id"]),
                "order_id": order_number,
                "test": one["test"],
            }
            for one in refund["transactions"]
        ],
    }


def return_payload(shop: Shop, event: str, one: Mapping[str, Any]) -> Node:
    """Each family of topics has a shape of its own: whole, small, without an order, or nearly nothing."""
    order = shop.orders[one["orderId"]]
    number, order_number = plain_number(one["id"]), int(order["legacyResourceId"])
    if event == "update":
        return {
            "admin_graphql_api_id": one["id"],
            "return_line_items": {"removals": []},
            "restocking_fees": {"updates": [], "removals": []},
            "return_shipping_fees": {"updates": [], "removals": []},
        }
    if event == "process":
        return {"id": number, "admin_graphql_api_id": one["id"]}
    small = {"id": number, "admin_graphql_api_id": one["id"], "status": one["status"].lower()}
    if event in {"cancel", "close", "reopen"}:
        return {**small, "order_id": order_number}
    body = {
        **small,
        "name": one["name"],
        "order": {"id": order_number, "admin_graphql_api_id": order["id"]},
        "total_return_line_items": one["totalQuantity"],
        "return_line_items": [
            {
                "id": plain_number(line["id"]),
                "admin_graphql_api_id": line["id"],
                "quantity": line["quantity"],
                "customer_note": line["customerNote"],
                "return_reason_note": line["returnReasonNote"],
            }
            for line in one["returnLineItems"]
        ],
        "return_shipping_fees": [],
        "exchange_line_items": [],
        "total_exchange_line_items": 0,
    }
    if event == "decline":
        decline = one["decline"] or {}
        body["decline"] = {"reason": str(decline.get("reason", "OTHER")).lower(), "note": decline.get("note")}
    return body


def disposal_payload(rows: list[tuple[Node, Node]]) -> Node:
    return {
        "dispositions": [
            {
                "reverse_fulfillment_order_line_item": {"id": line["id"]},
                "type": made["type"].lower(),
                "location": {"id": made["location"]["id"]} if made["location"] else None,
                "quantity": made["quantity"],
            }
            for line, made in rows
        ]
    }


def _amount(bag: Mapping[str, Any]) -> str:
    return str(bag["shopMoney"]["amount"])
