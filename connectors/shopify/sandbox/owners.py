"""What in a sandbox shop may carry tags and metafields: orders, and everything kept in a table, found by its global id."""

from __future__ import annotations

from typing import Any

from connectors.shopify.sandbox.edits import touch
from connectors.shopify.sandbox.engine import Call
from connectors.shopify.sandbox.orders import Node, stamp
from connectors.shopify.sandbox.payloads import order_payload
from connectors.shopify.sandbox.subscriptions import emit


def kind_of(gid: str) -> str:
    """``Order`` of ``gid://shopify/Order/1``; empty for what is no global id."""
    head, _, number = gid.partition("?")[0].rpartition("/")
    return head.rpartition("/")[2] if head.startswith("gid://shopify/") and number.isdigit() else ""


def owner_of(call: Call, gid: str) -> Node | None:
    kind = kind_of(gid)
    return call.shop.orders.get(gid) if kind == "Order" else call.shop.table(kind).get(gid)


def changing(call: Call, owner: Node) -> None:
    """The owner is about to change: its ``updatedAt`` moves."""
    if kind_of(owner["id"]) == "Order":
        touch(call.shop, owner, call.now)
    elif "updatedAt" in owner:
        owner["updatedAt"] = stamp(call.now)


def changed(call: Call, owner: Node, *topics: str) -> None:
    """An order has changed: its subscribers are told."""
    if call.sandbox is not None and kind_of(owner["id"]) == "Order":
        for topic in ("orders/updated", *topics):
            emit(call.sandbox, call.shop, topic, order_payload(call.shop, owner))


def shown(owner: Node) -> Node:
    """The owner as a ``Node``, with the name of its type."""
    return {"__typename": kind_of(owner["id"]), **owner}


def plain_error(field: list[str] | None, message: str, **more: Any) -> Node:
    return {"field": field, "message": message, **more}
