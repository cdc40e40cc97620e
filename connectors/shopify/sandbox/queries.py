"""What the sandbox answers about a shop, its app and its orders by id and by search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from connectors.sandbox import Reply
from connectors.shopify.sandbox import search
from connectors.shopify.sandbox.edits import as_indexed
from connectors.shopify.sandbox.engine import Call, moment, number_of, page

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

OLD_S = 60 * 86_400  # older orders need read_all_orders
SORTS = {"UPDATED_AT": "updatedAt", "CREATED_AT": "createdAt", "PROCESSED_AT": "processedAt", "ID": "id"}


def _order(call: Call, info: Any, id: str) -> Any:
    number_of(id, "Order")
    order = call.shop.orders.get(id)
    return order if order is not None and _may_see(call, order) else None


def _orders(
    call: Call, info: Any, query: str = "", sortKey: str = "PROCESSED_AT", reverse: bool = False, **paging: Any
) -> Any:
    """The index knows an order, and what became of it, only some time later."""
    test, warnings = search.parse(query or "")
    if warnings:
        call.search.append({"path": info.path.as_list(), "query": query, "warnings": warnings})
    member = SORTS[sortKey]
    indexed = call.now - call.index_lag_s
    known = (as_indexed(call.shop, order, indexed) for order in call.shop.orders.values())
    rows = [one for one in known if moment(one["createdAt"]) <= indexed and _may_see(call, one) and test(one)]
    rows.sort(key=lambda row: (row[member], row["id"]), reverse=reverse)
    tag = f"orders {query} {sortKey} {call.shop.cursor_age}"
    return page(rows, tag, lambda row: [row[member], row["id"]], reverse=reverse, **paging)


def _orders_count(call: Call, info: Any, query: str = "", limit: int = 10_000) -> Any:
    """Counted in the index that ``orders`` reads, up to a limit."""
    test, warnings = search.parse(query or "")
    if warnings:
        call.search.append({"path": info.path.as_list(), "query": query, "warnings": warnings})
    indexed = call.now - call.index_lag_s
    known = (as_indexed(call.shop, order, indexed) for order in call.shop.orders.values())
    count = sum(1 for one in known if moment(one["createdAt"]) <= indexed and _may_see(call, one) and test(one))
    return {"count": min(count, limit), "precision": "EXACT" if count <= limit else "AT_LEAST"}


def _by_identifier(call: Call, info: Any, identifier: Mapping[str, Any]) -> Any:
    """By global id, or by a metafield whose definition is of the type ``id``."""
    if identifier.get("id"):
        return _order(call, info, identifier["id"])
    wanted = identifier["customId"]
    named = (wanted.get("namespace") or "", wanted["key"])
    defined = call.shop.table("MetafieldDefinition").values()
    if not any(("ORDER", "id", *named) == (d["ownerType"], d["type"], d["namespace"], d["key"]) for d in defined):
        text = f"Metafield definition of type 'id' is required when using custom ids: {named[0]}.{named[1]}"
        raise GraphQLError(text, extensions={"code": "NOT_FOUND"})
    for order in call.shop.orders.values():
        for field in order["metafields"]:
            if (field["namespace"], field["key"], field["value"]) == (*named, wanted["value"]):
                return order if _may_see(call, order) else None
    return None


def _installation(call: Call, info: Any) -> Any:
    return {
        "id": "gid://shopify/AppInstallation/1",
        "app": {"id": "gid://shopify/App/300111", "title": "Integration Hub", "handle": "integration-hub"},
        "accessScopes": [{"handle": scope} for scope in call.shop.scopes],
    }


def _may_see(call: Call, order: Mapping[str, Any]) -> bool:
    return call.now - moment(order["createdAt"]) < OLD_S or "read_all_orders" in call.shop.scopes


QUERIES: dict[str, Callable[..., Any]] = {
    "order": _order,
    "orders": _orders,
    "ordersCount": _orders_count,
    "orderByIdentifier": _by_identifier,
    "shop": lambda call, info: call.shop.as_graphql(),
    "currentAppInstallation": _installation,
}
# The scope a field needs: https://shopify.dev/docs/api/usage/access-scopes (API 2026-10, checked 2026-11-20)
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("QueryRoot", "order"): "read_orders",
    ("QueryRoot", "orders"): "read_orders",
    ("QueryRoot", "ordersCount"): "read_orders",
    ("QueryRoot", "orderByIdentifier"): "read_orders",
    ("Order", "customer"): "read_customers",
    ("Order", "purchasingEntity"): "read_customers",
    ("Order", "paymentTerms"): "read_payment_terms",
    ("Order", "retailLocation"): "read_locations",
    ("LineItem", "variant"): "read_products",
    ("LineItem", "product"): "read_products",
}


def _expire_cursors(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """``{"shop"}``: every cursor handed out so far is refused from now on."""
    shop = sandbox.shops[wish["shop"]]
    shop.cursor_age += 1
    return Reply(body={"cursor_age": shop.cursor_age})


CONTROLS: dict[str, Callable[..., Reply]] = {"cursors": _expire_cursors}
