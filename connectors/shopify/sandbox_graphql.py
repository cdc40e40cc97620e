"""The GraphQL engine of the sandbox: validates every document against the project's own schema, prices it, keeps the
bucket, checks scopes, and answers with the vendor's error codes. All of it with HTTP 200, as the vendor does.

https://shopify.dev/docs/api/usage/limits and .../admin-graphql/2026-10#status_and_error_codes (checked 2026-11-20).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from graphql import DocumentNode, GraphQLError, build_schema, execute, is_leaf_type, parse, validate

from connectors.shopify import sandbox_search
from connectors.shopify.sandbox_cost import operation_cost
from connectors.shopify.sandbox_orders import Shop

SCHEMA = build_schema((Path(__file__).parent / "schema.graphql").read_text(encoding="utf-8"))
MOST_POINTS = 1_000
MOST_ROWS = 250
OLD_S = 60 * 86_400  # older orders need read_all_orders

# The scope a field needs: https://shopify.dev/docs/api/usage/access-scopes (API 2026-10, checked 2026-11-20)
SCOPED = {
    ("QueryRoot", "order"): "read_orders",
    ("QueryRoot", "orders"): "read_orders",
    ("Order", "customer"): "read_customers",
    ("Order", "purchasingEntity"): "read_customers",
    ("Order", "paymentTerms"): "read_payment_terms",
    ("Order", "retailLocation"): "read_locations",
    ("LineItem", "variant"): "read_products",
    ("LineItem", "product"): "read_products",
}
SORTS = {"UPDATED_AT": "updatedAt", "CREATED_AT": "createdAt", "PROCESSED_AT": "processedAt", "ID": "id"}


@dataclass
class Call:
    """One call while it is answered. ``denied``: fields refused whatever the scopes say (a fault)."""

    shop: Shop
    now: float
    index_lag_s: float = 0.0
    denied: set[tuple[str, str]] = field(default_factory=set)
    search: list[dict[str, Any]] = field(default_factory=list)


def answer(call: Call, body: Mapping[str, Any], *, is_throttled: bool = False) -> dict[str, Any]:
    """The JSON of the answer. ``is_throttled``: refuse as if the bucket were empty."""
    variables = body.get("variables") or {}
    try:
        document = parse(str(body.get("query")))
    except GraphQLError as error:
        return _refused("parse_error", error.message)
    invalid = validate(SCHEMA, document)
    if invalid:
        return {"errors": [_formatted(error, _validation_code(error.message)) for error in invalid]}
    name = body.get("operationName")
    requested = operation_cost(SCHEMA, document, name, variables)
    if requested > MOST_POINTS:
        return _refused("MAX_COST_EXCEEDED", f"Query cost is {requested}, which exceeds the single query max cost.")
    available = call.shop.refill(call.now)
    if is_throttled or requested > available:
        available = min(available, requested - 1)
        return _refused("THROTTLED", "Throttled", _cost(call.shop, requested, None, available))
    result = execute(
        SCHEMA,
        document,
        context_value=call,
        root_value={},
        variable_values=dict(variables),
        operation_name=name,
        field_resolver=_resolve,
    )
    return _reply(call, document, name, variables, requested, result)


def _reply(
    call: Call, document: DocumentNode, name: str | None, variables: Mapping[str, Any], requested: int, result: Any
) -> dict[str, Any]:
    reply: dict[str, Any] = {"data": result.data}
    if result.errors:
        reply["errors"] = [_formatted(error) for error in result.errors]
        if result.data is None and not any(error.path for error in result.errors):
            return {"errors": [_formatted(error, "INVALID_VARIABLE") for error in result.errors]}
    actual = operation_cost(SCHEMA, document, name, variables, result.data or {})
    call.shop.available -= actual
    reply["extensions"] = {"cost": _cost(call.shop, requested, actual, call.shop.available)}
    if call.search:
        reply["extensions"]["search"] = call.search
    return reply


def _resolve(source: Mapping[str, Any], info: Any, **arguments: Any) -> Any:
    call: Call = info.context
    key = (info.parent_type.name, info.field_name)
    scope = SCOPED.get(key)
    if key in call.denied or (scope and scope not in call.shop.scopes):
        raise GraphQLError(
            f"Access denied for {info.field_name} field. Required access: `{scope}` access scope.",
            extensions={"code": "ACCESS_DENIED", "requiredAccess": f"`{scope}` access scope."},
        )
    root = ROOTS.get(info.field_name) if key[0] == "QueryRoot" else None
    if root is not None:
        return root(call, info, **arguments)
    if info.field_name not in source:
        place = ".".join(str(part) for part in info.path.as_list())
        raise GraphQLError(f"sandbox: not built: {place}", extensions={"code": "INTERNAL_SERVER_ERROR"})
    value = source[info.field_name]
    if str(info.return_type).rstrip("!").endswith("Connection"):
        tag = f"{source.get('id')}.{info.field_name}"
        return _page(value, tag, lambda row: [value.index(row)], **arguments)
    if isinstance(value, list) and not is_leaf_type(info.return_type) and arguments.get("first") is not None:
        return value[: arguments["first"]]
    return value


def _order(call: Call, info: Any, id: str) -> Any:
    if not id.startswith("gid://shopify/Order/") or not id.rpartition("/")[2].isdigit():
        raise GraphQLError("invalid id", extensions={"code": "RESOURCE_NOT_FOUND"})
    order = call.shop.orders.get(id)
    return order if order is not None and _may_see(call, order) else None


def _orders(
    call: Call, info: Any, query: str = "", sortKey: str = "PROCESSED_AT", reverse: bool = False, **paging: Any
) -> Any:
    """The index knows an order only some time after it was placed."""
    test, warnings = sandbox_search.parse(query or "")
    if warnings:
        call.search.append({"path": info.path.as_list(), "query": query, "warnings": warnings})
    member = SORTS[sortKey]
    indexed = call.now - call.index_lag_s
    rows = [
        order
        for order in call.shop.orders.values()
        if _time(order["createdAt"]) <= indexed and _may_see(call, order) and test(order)
    ]
    rows.sort(key=lambda row: (row[member], row["id"]), reverse=reverse)
    return _page(rows, f"orders {query} {sortKey}", lambda row: [row[member], row["id"]], reverse=reverse, **paging)


ROOTS: dict[str, Callable[..., Any]] = {
    "order": _order,
    "orders": _orders,
    "shop": lambda call, info: call.shop.as_graphql(),
    "currentAppInstallation": lambda call, info: {
        "id": "gid://shopify/AppInstallation/1",
        "app": {"id": "gid://shopify/App/300111", "title": "Integration Hub"},
        "accessScopes": [{"handle": scope} for scope in call.shop.scopes],
    },
}


def _may_see(call: Call, order: Mapping[str, Any]) -> bool:
    return call.now - _time(order["createdAt"]) < OLD_S or "read_all_orders" in call.shop.scopes


def _page(
    rows: list[Any],
    tag: str,
    place: Callable[[Any], list[Any]],
    first: int | None = None,
    after: str | None = None,
    reverse: bool = False,
) -> Any:
    """One page behind the row the cursor names, so that rows that come or go in front of it do no harm."""
    if first is None or not 0 <= first <= MOST_ROWS:
        raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
    if after is not None:
        try:
            given_tag, given = json.loads(base64.b64decode(after))
        except ValueError:
            given_tag, given = None, []
        if given_tag != tag:
            raise GraphQLError("Invalid cursor for current pagination sort.", extensions={"code": "BAD_REQUEST"})
        rows = [row for row in rows if (place(row) < given if reverse else place(row) > given)]
    nodes = rows[:first]
    cursor = base64.b64encode(json.dumps([tag, place(nodes[-1])]).encode()).decode() if nodes else None
    return {"nodes": nodes, "pageInfo": {"hasNextPage": len(rows) > first, "endCursor": cursor}}


def _validation_code(message: str) -> str:
    for start, code in (("Cannot query field", "undefinedField"), ("Unknown argument", "argumentNotAccepted")):
        if message.startswith(start):
            return code
    return "missingRequiredArguments" if "is required" in message else "argumentLiteralsIncompatible"


def _formatted(error: GraphQLError, code: str = "INTERNAL_SERVER_ERROR") -> dict[str, Any]:
    formatted: dict[str, Any] = {"message": error.message, "extensions": {"code": code, **(error.extensions or {})}}
    if error.path:
        formatted["path"] = error.path
    if code == "INVALID_VARIABLE":
        formatted["extensions"]["problems"] = [{"path": [], "explanation": error.message}]
    return formatted


def _refused(code: str, message: str, cost: Mapping[str, Any] | None = None) -> dict[str, Any]:
    reply: dict[str, Any] = {"errors": [{"message": message, "extensions": {"code": code}}]}
    return {**reply, "extensions": {"cost": cost}} if cost else reply


def _cost(shop: Shop, requested: int, actual: int | None, available: float) -> dict[str, Any]:
    status = {"maximumAvailable": shop.bucket, "currentlyAvailable": int(available), "restoreRate": shop.restore_rate}
    return {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}


def _time(text: str) -> float:
    return datetime.fromisoformat(text).astimezone(UTC).timestamp()
