"""What the sandbox answers about fulfillment orders and shipments, and how it ships: with the vendor's own refusals.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/fulfillmentCreate (checked 2026-11-20); the refusals have no
code, their texts are recorded ones. Not for holds and moves: those are ``holds``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from connectors.shopify.sandbox import search, shipments, shipping_news
from connectors.shopify.sandbox.engine import Call, moment, number_of, page
from connectors.shopify.sandbox.orders import Node, Shop
from connectors.shopify.sandbox.routing import ACTIONS, OPEN_STATES, fulfillment_orders_of, location_id_of
from connectors.shopify.sandbox.shipments import Refusal

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

READ_SCOPES = (
    "read_merchant_managed_fulfillment_orders",
    "read_assigned_fulfillment_orders",
    "read_third_party_fulfillment_orders",
)
WRITE_SCOPES = tuple(scope.replace("read_", "write_") for scope in READ_SCOPES)
ORDER_FULFILLMENTS = ("read_orders", *READ_SCOPES)


def may_see(shop: Shop, one: Node, *, to_write: bool = False) -> bool:
    """Whether the app's scopes reach the kind of location a fulfillment order is at."""
    location = one["assignedLocation"]["location"] or {}
    if not location.get("isFulfillmentService"):
        scope = READ_SCOPES[0]
    else:
        scope = READ_SCOPES[1 if location.get("isOwnService") else 2]
    return shop.has_scope(scope.replace("read_", "write_") if to_write else scope)


def find_fulfillment_order(call: Call, gid: str, *, to_write: bool = True) -> Node | None:
    """By id, where the app may see it. Raises the vendor's "invalid id"."""
    number_of(gid, "FulfillmentOrder")
    found = call.shop.table("FulfillmentOrder").get(gid)
    return found if found is not None and may_see(call.shop, found, to_write=to_write) else None


def paged(rows: list[Node], tag: str, paging: Mapping[str, Any]) -> Any:
    places = {row["id"]: place for place, row in enumerate(rows)}
    return page(rows, tag, lambda row: [places[row["id"]]], **paging)


def _of_order(call: Call, order: Node, info: Any, **paging: Any) -> Any:
    rows = [one for one in fulfillment_orders_of(call.shop, order) if may_see(call.shop, one)]
    return paged(rows, f"{order['id']}.fulfillmentOrders", paging)


def _fulfillment_orders(
    call: Call, info: Any, query: str = "", sortKey: str = "ID", includeClosed: bool = False, **paging: Any
) -> Any:
    test, warnings = search.parse(query or "", FILTERS, {"updated_at": "updatedAt"})
    if warnings:
        call.search.append({"path": info.path.as_list(), "query": query, "warnings": warnings})
    indexed = call.now - call.index_lag_s
    member = "updatedAt" if sortKey == "UPDATED_AT" else "id"
    rows = [
        one
        for one in call.shop.table("FulfillmentOrder").values()
        if (includeClosed or one["status"] not in {"CLOSED", "CANCELLED"})
        and moment(one["updatedAt"]) <= indexed
        and may_see(call.shop, one)
        and test(one)
    ]
    rows.sort(key=lambda row: (row[member], row["id"]))
    return page(rows, f"fulfillmentOrders {query} {sortKey}", lambda row: [row[member], row["id"]], **paging)


FILTERS: dict[str, Callable[[Any], list[str]]] = {
    "id": lambda one: [one["id"], one["id"].rpartition("/")[2]],
    "status": lambda one: [one["status"]],
    "assigned_location_id": lambda one: [(location_id_of(one) or "").rpartition("/")[2]],
}


def _create(call: Call, info: Any, fulfillment: Mapping[str, Any], message: str | None = None) -> Node:
    try:
        entries = [(_shippable(call, one), one) for one in fulfillment["lineItemsByFulfillmentOrder"]]
        made = shipments.ship(call.shop, entries, fulfillment, call.now)
    except Refusal as refusal:
        return {"fulfillment": None, "userErrors": [refusal.as_user_error()]}
    _tell(call, made, "fulfillments/create")
    return {"fulfillment": made, "userErrors": []}


def _shippable(call: Call, entry: Mapping[str, Any]) -> Node:
    found = find_fulfillment_order(call, entry["fulfillmentOrderId"])
    if found is None:
        raise Refusal(["fulfillment"], "Fulfillment order does not exist.")
    if found["status"] not in OPEN_STATES:
        number, status = found["id"].rpartition("/")[2], found["status"].lower()
        raise Refusal(["fulfillment"], f"Fulfillment order {number} has an unfulfillable status= {status}.")
    return found


def _track(
    call: Call, info: Any, fulfillmentId: str, trackingInfoInput: Mapping[str, Any], notifyCustomer: bool | None = None
) -> Node:
    found = _fulfillment(call, info, fulfillmentId)
    try:
        if found is None:
            raise Refusal(["fulfillmentId"], "Fulfillment does not exist.")
        if found["status"] == "CANCELLED":
            raise Refusal(["fulfillmentId"], "Tracking of a cancelled fulfillment cannot be changed.")
        found["trackingInfo"] = shipments.tracking(trackingInfoInput)
    except Refusal as refusal:
        return {"fulfillment": None, "userErrors": [refusal.as_user_error()]}
    found["noticesSent"] += bool(notifyCustomer)
    shipments.touch(call.shop, found, call.now)
    _tell(call, found, "fulfillments/update")
    return {"fulfillment": found, "userErrors": []}


def _cancel(call: Call, info: Any, id: str) -> Node:
    found = _fulfillment(call, info, id)
    try:
        if found is None:
            raise Refusal(["id"], "Fulfillment not found.")
        shipments.cancel(call.shop, found, call.now)
    except Refusal as refusal:
        return {"fulfillment": None, "userErrors": [refusal.as_user_error()]}
    _tell(call, found, "fulfillments/update")
    return {"fulfillment": found, "userErrors": []}


def _event(call: Call, info: Any, fulfillmentEvent: Mapping[str, Any]) -> Node:
    found = _fulfillment(call, info, fulfillmentEvent["fulfillmentId"])
    if found is None:
        refusal = Refusal(["fulfillmentEvent", "fulfillmentId"], "Fulfillment does not exist.")
        return {"fulfillmentEvent": None, "userErrors": [refusal.as_user_error()]}
    made = shipments.add_event(call.shop, found, fulfillmentEvent, call.now)
    _tell(call, found, "fulfillments/update")
    return {"fulfillmentEvent": made, "userErrors": []}


def _fulfillment(call: Call, info: Any, id: str) -> Node | None:
    number_of(id, "Fulfillment")
    return call.shop.table("Fulfillment").get(id)


def _tell(call: Call, made: Node, topic: str) -> None:
    if call.sandbox is not None:
        shipping_news.tell_of_shipment(call.sandbox, call.shop, made, topic)


def tell_routed(sandbox: ShopifySandbox, shop: Shop, order: Node, wish: Mapping[str, Any]) -> None:
    """Tell the subscribers that a new order was routed."""
    if "change" in wish or wish.get("silent"):
        return
    for one in fulfillment_orders_of(shop, order):
        shipping_news.tell(sandbox, shop, "order_routing_complete", fulfillment_order=one)


QUERIES: dict[str, Callable[..., Any]] = {
    "fulfillmentOrder": lambda call, info, id: find_fulfillment_order(call, id, to_write=False),
    "fulfillmentOrders": _fulfillment_orders,
    "fulfillment": _fulfillment,
    "location": lambda call, info, id=None: (
        call.shop.table("Location").get(id) if id and number_of(id, "Location") else None
    ),
}
MUTATIONS: dict[str, Callable[..., Any]] = {
    "fulfillmentCreate": _create,
    "fulfillmentTrackingInfoUpdate": _track,
    "fulfillmentCancel": _cancel,
    "fulfillmentEventCreate": _event,
}
FIELDS: dict[tuple[str, str], Callable[..., Any]] = {
    ("Order", "fulfillmentOrders"): _of_order,
    ("FulfillmentOrder", "supportedActions"): lambda call, one, info: [
        {"action": action} for action in ACTIONS.get(one["status"], ())
    ],
    ("Fulfillment", "order"): lambda call, one, info: call.shop.orders[one["orderId"]],
}
# Any one of these is enough: https://shopify.dev/docs/api/usage/access-scopes (API 2026-10, checked 2026-11-20).
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("Order", "fulfillmentOrders"): READ_SCOPES,
    ("Order", "fulfillments"): ORDER_FULFILLMENTS,
    ("QueryRoot", "fulfillmentOrder"): READ_SCOPES,
    ("QueryRoot", "fulfillmentOrders"): READ_SCOPES,
    ("QueryRoot", "fulfillment"): ORDER_FULFILLMENTS,
    ("QueryRoot", "location"): ("read_locations", "read_inventory"),
    ("Mutation", "fulfillmentCreate"): WRITE_SCOPES,
    ("Mutation", "fulfillmentTrackingInfoUpdate"): WRITE_SCOPES,
    ("Mutation", "fulfillmentCancel"): WRITE_SCOPES,
    ("Mutation", "fulfillmentEventCreate"): "write_fulfillments",
}
