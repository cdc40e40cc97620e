"""What the sandbox answers about a shop, its app and its orders by id and by search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.shopify.sandbox import search
from connectors.shopify.sandbox.engine import Call, moment, number_of, page

OLD_S = 60 * 86_400  # older orders need read_all_orders
SORTS = {"UPDATED_AT": "updatedAt", "CREATED_AT": "createdAt", "PROCESSED_AT": "processedAt", "ID": "id"}


def _order(call: Call, info: Any, id: str) -> Any:
    number_of(id, "Order")
    order = call.shop.orders.get(id)
    return order if order is not None and _may_see(call, order) else None


def _orders(
    call: Call, info: Any, query: str = "", sortKey: str = "PROCESSED_AT", reverse: bool = False, **paging: Any
) -> Any:
    """The index knows an order only some time after it was placed."""
    test, warnings = search.parse(query or "")
    if warnings:
        call.search.append({"path": info.path.as_list(), "query": query, "warnings": warnings})
    member = SORTS[sortKey]
    indexed = call.now - call.index_lag_s
    rows = [
        order
        for order in call.shop.orders.values()
        if moment(order["createdAt"]) <= indexed and _may_see(call, order) and test(order)
    ]
    rows.sort(key=lambda row: (row[member], row["id"]), reverse=reverse)
    return page(rows, f"orders {query} {sortKey}", lambda row: [row[member], row["id"]], reverse=reverse, **paging)


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
    "shop": lambda call, info: call.shop.as_graphql(),
    "currentAppInstallation": _installation,
}
# The scope a field needs: https://shopify.dev/docs/api/usage/access-scopes (API 2026-10, checked 2026-11-20)
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("QueryRoot", "order"): "read_orders",
    ("QueryRoot", "orders"): "read_orders",
    ("Order", "customer"): "read_customers",
    ("Order", "purchasingEntity"): "read_customers",
    ("Order", "paymentTerms"): "read_payment_terms",
    ("Order", "retailLocation"): "read_locations",
    ("LineItem", "variant"): "read_products",
    ("LineItem", "product"): "read_products",
}
