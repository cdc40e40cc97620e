"""Returns of one shop: read whole, found on changed orders, made, approved, processed, closed; goods disposed of.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Return (checked 2026-11-20). None of the writes is
idempotent at the vendor: whoever writes has read before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from connectors.shopify.calls.pages import add_pages, check_texts
from connectors.shopify.client import ShopifyClient, next_page, quoted, zulu
from connectors.shopify.replies import promised_shape

Node = dict[str, Any]


def return_gid(number: str) -> str:
    return f"gid://shopify/Return/{number}"


def get_return(client: ShopifyClient, gid: str) -> Node | None:
    """One return with all its lines, exchanges and reverse fulfillment orders; ``None`` where the shop has none by this
    id. HubReturn, then HubReverseOrder, by 50 lines."""
    one = _return(client, gid)
    if one is None:
        return None
    with promised_shape("a return"):
        # Cursors of two lists of one object travel apart: a page of one asks for the first page of the other.
        add_pages(one["returnLineItems"], lambda after: (_return(client, gid, after=after) or {})["returnLineItems"])
        add_pages(
            one["exchangeLineItems"],
            lambda after: (_return(client, gid, exchangeAfter=after) or {})["exchangeLineItems"],
        )
        for order in one["reverseFulfillmentOrders"]["nodes"]:
            add_pages(order["lineItems"], partial(_reverse_lines, client, str(order["id"])))
    return one


def _return(client: ShopifyClient, gid: str, **cursors: str) -> Node | None:
    data = client.execute("HubReturn", {"id": gid, **cursors})
    with promised_shape("a return"):
        one: Node | None = data["return"]
        if one is not None:
            check_texts(one, "id", "name", "status")
            next_page(one["returnLineItems"])
    return one


def _reverse_lines(client: ShopifyClient, gid: str, after: str) -> Node:
    data = client.execute("HubReverseOrder", {"id": gid, "reverseAfter": after})
    lines: Node = data["reverseFulfillmentOrder"]["lineItems"]
    return lines


def returns_since(client: ShopifyClient, start: datetime, end: datetime) -> Iterator[list[Node]]:
    """Pages of returns of orders with ``start <= updatedAt < end``: id, name, and ``updatedAt`` of the order, for a return
    has no time of change. HubReturnsSince."""
    after = None
    while True:
        filter_ = f"updated_at:>={quoted(zulu(start))} AND updated_at:<{quoted(zulu(end))}"
        data = client.execute("HubReturnsSince", {"filter": filter_, "after": after})
        with promised_shape("returns of orders"):
            found = []
            for order in data["orders"]["nodes"]:
                check_texts(order, "updatedAt")
                for one in order["returns"]["nodes"]:
                    check_texts(one, "id", "name")
                    found.append({"id": one["id"], "name": one["name"], "updatedAt": order["updatedAt"]})
            after = next_page(data["orders"])
        yield found
        if after is None:
            return


def order_returns(client: ShopifyClient, order_gid: str) -> Node | None:
    """``id``, ``name`` and all ``returns`` of an order, each with the notes of its first lines; ``None`` where the shop
    has no such order. HubOrderReturns."""
    order = _order_returns(client, order_gid)
    if order is not None:
        with promised_shape("the returns of an order"):
            add_pages(order["returns"], lambda after: (_order_returns(client, order_gid, after) or {})["returns"])
    return order


def _order_returns(client: ShopifyClient, order_gid: str, after: str | None = None) -> Node | None:
    data = client.execute("HubOrderReturns", {"orderId": order_gid, "after": after})
    with promised_shape("the returns of an order"):
        order: Node | None = data["order"]
        if order is not None:
            check_texts(order, "id", "name")
            next_page(order["returns"])
            for one in order["returns"]["nodes"]:
                check_texts(one, "id", "name")
                for line in one["returnLineItems"]["nodes"]:
                    check_texts(line, "returnReasonNote")
    return order


def returnable(client: ShopifyClient, order_gid: str) -> tuple[list[Node], dict[str, str]]:
    """What of an order can still be returned, ``[{"id" of the fulfillment line, "line_id", "sku", "quantity"}]``, and
    the shop's reasons, handle to id. HubReturnable."""
    rows: list[Node] = []
    after = None
    while True:
        data = client.execute("HubReturnable", {"orderId": order_gid, "after": after})
        with promised_shape("what can be returned"):
            for shipment in data["returnableFulfillments"]["nodes"]:
                rows += [
                    {
                        "id": str(row["fulfillmentLineItem"]["id"]),
                        "line_id": str(row["fulfillmentLineItem"]["lineItem"]["id"]),
                        "sku": str(row["fulfillmentLineItem"]["lineItem"]["sku"] or ""),
                        "quantity": int(row["quantity"]),
                    }
                    for row in shipment["returnableFulfillmentLineItems"]["nodes"]
                ]
            reasons = {
                str(one["handle"]): str(one["id"])
                for one in data["returnReasonDefinitions"]["nodes"]
                if not one["deleted"]
            }
            after = next_page(data["returnableFulfillments"])
        if after is None:
            return rows, reasons


def create_return(client: ShopifyClient, wish: Mapping[str, Any]) -> Node:
    """``returnCreate``: an approved return at once. Raises ``UserErrors``. HubReturnCreate."""
    payload = client.change("HubReturnCreate", {"input": dict(wish)})
    with promised_shape("returnCreate"):
        made: Node = payload["return"]
        check_texts(made, "id", "name")
    return made


def approve_return(client: ShopifyClient, gid: str) -> None:
    client.change("HubReturnApprove", {"input": {"id": gid}})


def decline_return(client: ShopifyClient, gid: str, *, reason: str, note: str) -> None:
    """``returnDeclineRequest``; nobody is mailed. HubReturnDecline."""
    wish = {"id": gid, "declineReason": reason}
    client.change("HubReturnDecline", {"input": {**wish, "declineNote": note} if note else wish})


def cancel_return(client: ShopifyClient, gid: str) -> None:
    """``returnCancel``: the units count as delivered again. HubReturnCancel."""
    client.change("HubReturnCancel", {"id": gid})


def process_return(client: ShopifyClient, gid: str, lines: Sequence[Mapping[str, Any]]) -> None:
    """``returnProcess`` for quantities alone: no money moves. HubReturnProcess."""
    client.change("HubReturnProcess", {"input": {"returnId": gid, "returnLineItems": list(lines)}})


def close_return(client: ShopifyClient, gid: str) -> None:
    client.change("HubReturnClose", {"id": gid})


def dispose(client: ShopifyClient, lines: Sequence[Mapping[str, Any]]) -> None:
    """``reverseFulfillmentOrderDispose``, at most 250 entries. HubDispose."""
    client.change("HubDispose", {"lines": list(lines)})
