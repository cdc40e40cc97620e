"""Refunds of one shop: read whole, found on changed orders, worked out, made.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Refund (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.exceptions import RemoteUnavailable
from connectors.shopify.calls.changes import changed_pages
from connectors.shopify.calls.pages import add_pages, check_texts
from connectors.shopify.client import ShopifyClient, next_page
from connectors.shopify.moneys import time_of
from connectors.shopify.replies import promised_shape

Node = dict[str, Any]
RESTARTS = 3


def get_refund(client: ShopifyClient, gid: str) -> Node | None:
    """One refund with all its lines; ``None`` where the shop has none by this id. HubRefund, by 100 lines. Raises
    ``RemoteUnavailable`` where the refund changes faster than it can be read."""
    for _ in range(RESTARTS + 1):
        refund = _refund(client, gid)
        if refund is None:
            return None
        states = {refund["updatedAt"]}

        def further(after: str, states: set[str] = states) -> Node:
            page = _refund(client, gid, after) or {}
            states.add(page["updatedAt"])
            lines: Node = page["refundLineItems"]
            return lines

        with promised_shape("a refund"):
            add_pages(refund["refundLineItems"], further)
        if len(states) == 1:
            return refund
    raise RemoteUnavailable("The refund changes while it is being read.", code="changing", retry_after_s=30)


def _refund(client: ShopifyClient, gid: str, after: str | None = None) -> Node | None:
    data = client.execute("HubRefund", {"id": gid, "after": after})
    with promised_shape("a refund"):
        refund: Node | None = data["refund"]
        if refund is not None:
            check_texts(refund, "id", "updatedAt")
            next_page(refund["refundLineItems"])
    return refund


def refunds_since(client: ShopifyClient, start: datetime, end: datetime) -> Iterator[list[Node]]:
    """Pages of refunds of orders with ``start <= updatedAt < end``: ``{"id", "createdAt", "updatedAt", "order": {"id",
    "name"}}``. HubRefundsSince."""
    for orders in changed_pages(client, "HubRefundsSince", "orders", start, end):
        with promised_shape("refunds of orders"):
            found = []
            for order in orders:
                check_texts(order, "id", "name")
                for refund in order["refunds"]:
                    check_texts(refund, "id", "updatedAt")
                    time_of(refund["updatedAt"])
                    found.append({**refund, "order": {"id": order["id"], "name": order["name"]}})
        yield found


def get_refundable(client: ShopifyClient, order_gid: str) -> Node | None:
    """``name``, currencies, ``refunds`` with their notes, and every line with ``refundableQuantity``; ``None`` where
    the shop has no such order. HubRefundable."""
    data = client.execute("HubRefundable", {"id": order_gid, "after": None})
    with promised_shape("an order"):
        order: Node | None = data["order"]
        if order is not None:
            check_texts(order, "id", "name", "currencyCode", "presentmentCurrencyCode")
            for one in order["refunds"]:
                check_texts(one, *(["id"] if one["note"] is None else ["id", "note"]))
            add_pages(
                order["lineItems"],
                lambda after: client.execute("HubRefundable", {"id": order_gid, "after": after})["order"]["lineItems"],
            )
    return order


def suggest(client: ShopifyClient, order_gid: str, lines: Sequence[Mapping[str, Any]], **shipping: Any) -> Node:
    """What Shopify would refund for these lines: amounts, and over which payments. ``shipping`` or ``wholeShipping``.
    HubSuggestedRefund."""
    data = client.execute("HubSuggestedRefund", {"id": order_gid, "lines": list(lines), **shipping})
    with promised_shape("a suggested refund"):
        suggestion: Node = data["order"]["suggestedRefund"]
        for one in suggestion["suggestedTransactions"]:
            check_texts(one, "gateway")
            check_texts(one["parentTransaction"], "id")
    return suggestion


def create_refund(client: ShopifyClient, order: Mapping[str, Any], key: str) -> Node:
    """``refundCreate``; the same ``key`` makes one refund, however often it is sent within 24 hours. Raises
    ``UserErrors``. HubRefundCreate."""
    payload = client.change("HubRefundCreate", {"input": dict(order), "key": key}, key=key)
    with promised_shape("refundCreate"):
        refund: Node = payload["refund"]
        check_texts(refund, "id")
        _ = [str(one["status"]) for one in refund["transactions"]["nodes"]]
    return refund
