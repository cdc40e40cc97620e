"""The GraphQL engine of the sandbox: validates every document against the project's own schema, prices it, keeps the
bucket, checks scopes, and answers with the vendor's error codes. All of it with HTTP 200, as the vendor does.

What it answers is declared by the area modules (``Resolvers``). A member nobody declared is refused loudly.
https://shopify.dev/docs/api/usage/limits and .../admin-graphql/2026-10#status_and_error_codes (checked 2026-11-20).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    build_schema,
    execute,
    is_leaf_type,
    parse,
    validate,
)

from connectors.shopify.sandbox import idempotency
from connectors.shopify.sandbox.cost import operation_cost
from connectors.shopify.sandbox.orders import Shop

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

SCHEMA = build_schema((Path(__file__).parent.parent / "schema.graphql").read_text(encoding="utf-8"))
MOST_POINTS = 1_000
MOST_ROWS = 250
LONGER_LISTS = {"productSet": 2_048}  # mutations whose input may be longer than that
Node = dict[str, Any]


@dataclass
class Resolvers:
    """What the area modules declare. ``queries`` and ``mutations``: ``function(call, info, **arguments)`` by name;
    ``fields``: ``function(call, source, info, **arguments)`` by (type, field), for members that are computed;
    ``scoped``: the scope, or the scopes any of which will do, that a (type, field) needs."""

    queries: dict[str, Callable[..., Any]] = field(default_factory=dict)
    mutations: dict[str, Callable[..., Any]] = field(default_factory=dict)
    fields: dict[tuple[str, str], Callable[..., Any]] = field(default_factory=dict)
    scoped: dict[tuple[str, str], str | tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, modules: Iterable[ModuleType]) -> Resolvers:
        """Those of several modules; each may lack any of ``QUERIES``, ``MUTATIONS``, ``FIELDS``, ``SCOPED``."""
        made = cls()
        for module in modules:
            made.queries |= getattr(module, "QUERIES", {})
            made.mutations |= getattr(module, "MUTATIONS", {})
            made.fields |= getattr(module, "FIELDS", {})
            made.scoped |= getattr(module, "SCOPED", {})
        return made


@dataclass
class Call:
    """One call while it is answered. ``denied``: fields refused whatever the scopes say (a fault); ``user_error``: what
    every mutation of the call answers instead of doing anything (a fault)."""

    shop: Shop
    now: float
    resolvers: Resolvers
    sandbox: ShopifySandbox | None = None
    index_lag_s: float = 0.0
    denied: set[tuple[str, str]] = field(default_factory=set)
    user_error: Mapping[str, Any] | None = None
    search: list[dict[str, Any]] = field(default_factory=list)
    deprecated: set[str] = field(default_factory=set)  # "Type.field" that the schema calls deprecated
    keys: list[str] = field(default_factory=list)  # the idempotency keys it gave
    walked: list[Node] = field(default_factory=list)  # the nodes a bulk query is at

    @property
    def here(self) -> ShopifySandbox:
        """The sandbox, for what needs its clock or files. Raises ``RuntimeError`` where an engine runs without one."""
        if self.sandbox is None:
            raise RuntimeError("this call belongs to no sandbox")
        return self.sandbox


@lru_cache(maxsize=256)
def _checked(text: str) -> tuple[DocumentNode, tuple[GraphQLError, ...]]:
    """A document and what is wrong with it; the same few come again and again. Raises ``GraphQLError``."""
    document = parse(text)
    return document, tuple(validate(SCHEMA, document))


def answer(call: Call, body: Mapping[str, Any], *, is_throttled: bool = False) -> dict[str, Any]:
    """The JSON of the answer. ``is_throttled``: refuse as if the bucket were empty."""
    variables = body.get("variables") or {}
    try:
        document, invalid = _checked(str(body.get("query")))
    except GraphQLError as error:
        return _refused("parse_error", error.message)
    if invalid:
        return {"errors": [error_of(error, _validation_code(error.message)) for error in invalid]}
    most = _most_entries(document)
    if (size := _longest_list(variables)) > most:
        return _refused(
            "MAX_INPUT_SIZE_EXCEEDED",
            f"The input array size of {size} is greater than the maximum allowed of {most}.",
        )
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
        field_resolver=resolve,
    )
    return _reply(call, document, name, variables, requested, result)


def _reply(
    call: Call, document: DocumentNode, name: str | None, variables: Mapping[str, Any], requested: int, result: Any
) -> dict[str, Any]:
    reply: dict[str, Any] = {"data": result.data}
    if result.errors:
        reply["errors"] = [error_of(error) for error in result.errors]
        if result.data is None and not any(error.path for error in result.errors):
            return {"errors": [error_of(error, "INVALID_VARIABLE") for error in result.errors]}
    actual = operation_cost(SCHEMA, document, name, variables, result.data or {})
    call.shop.available -= actual
    reply["extensions"] = {"cost": _cost(call.shop, requested, actual, call.shop.available)}
    if call.search:
        reply["extensions"]["search"] = call.search
    return reply


def resolve(source: Mapping[str, Any], info: Any, **arguments: Any) -> Any:
    """One field of an answer."""
    call: Call = info.context
    key = (info.parent_type.name, info.field_name)
    _check_scope(call, key, info.field_name)
    if info.parent_type.fields[info.field_name].deprecation_reason:
        call.deprecated.add(".".join(key))
    if key[0] == "Mutation":
        return _mutate(call, info, arguments)
    if key[0] == "QueryRoot":
        root = call.resolvers.queries.get(info.field_name)
        if root is None:
            raise not_built(info)
        return root(call, info, **arguments)
    computed = call.resolvers.fields.get(key)
    if computed is not None:
        return computed(call, source, info, **arguments)
    if info.field_name not in source:
        raise not_built(info)
    value = source[info.field_name]
    if str(info.return_type).rstrip("!").endswith("Connection") and isinstance(value, list):
        tag = f"{source.get('id')}.{info.field_name}"
        return page(value, tag, lambda row: [value.index(row)], **arguments)
    if isinstance(value, list) and not is_leaf_type(info.return_type) and arguments.get("first") is not None:
        return value[: arguments["first"]]
    return value


def _mutate(call: Call, info: Any, arguments: Mapping[str, Any]) -> Any:
    run = call.resolvers.mutations.get(info.field_name)
    if run is None:
        raise not_built(info)
    key = idempotency.given_key(info)
    if call.user_error is not None:
        given = {"field": call.user_error.get("field"), "message": call.user_error.get("message", "Refused.")}
        names = [name for name in info.return_type.fields if name.lower().endswith("usererrors")]
        return {**dict.fromkeys(info.return_type.fields), names[0]: [{**given, "code": call.user_error.get("code")}]}
    if not key:
        return run(call, info, **arguments)
    return idempotency.once(call, info, key, arguments, lambda: run(call, info, **arguments))


def _check_scope(call: Call, key: tuple[str, str], name: str) -> None:
    wanted = call.resolvers.scoped.get(key, ())
    scopes = (wanted,) if isinstance(wanted, str) else wanted
    if key in call.denied or (scopes and not any(call.shop.has_scope(scope) for scope in scopes)):
        required = " or ".join(f"`{scope}`" for scope in scopes) + " access scope."
        raise GraphQLError(
            f"Access denied for {name} field. Required access: {required}",
            extensions={"code": "ACCESS_DENIED", "requiredAccess": required},
        )


def not_built(info: Any) -> GraphQLError:
    """A member the sandbox does not answer: a gap is loud."""
    place = ".".join(str(part) for part in info.path.as_list())
    return GraphQLError(f"sandbox: not built: {place}", extensions={"code": "INTERNAL_SERVER_ERROR"})


def number_of(gid: str, kind: str) -> str:
    """The number of a global id, e.g. of ``gid://shopify/Order/1``; raises the vendor's "invalid id"."""
    head, _, number = str(gid).partition("?")[0].rpartition("/")
    if head != f"gid://shopify/{kind}" or not number.isdigit():
        raise GraphQLError("invalid id", extensions={"code": "RESOURCE_NOT_FOUND"})
    return number


def page(
    rows: list[Any],
    tag: str,
    place: Callable[[Any], list[Any]],
    first: int | None = None,
    after: str | None = None,
    reverse: bool = False,
    **unused: Any,
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


def _most_entries(document: DocumentNode) -> int:
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    roots = [one for operation in operations for one in operation.selection_set.selections]
    return max((LONGER_LISTS.get(one.name.value, MOST_ROWS) for one in roots if isinstance(one, FieldNode)),
               default=MOST_ROWS)  # fmt: skip


def _longest_list(value: Any) -> int:
    if isinstance(value, Mapping):
        return max((_longest_list(one) for one in value.values()), default=0)
    if isinstance(value, list):
        return max(len(value), *(_longest_list(one) for one in value), 0)
    return 0


def _validation_code(message: str) -> str:
    for start, code in (("Cannot query field", "undefinedField"), ("Unknown argument", "argumentNotAccepted")):
        if message.startswith(start):
            return code
    return "missingRequiredArguments" if "is required" in message else "argumentLiteralsIncompatible"


def error_of(error: GraphQLError, code: str = "INTERNAL_SERVER_ERROR") -> dict[str, Any]:
    """One member of ``errors``."""
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


def moment(text: str) -> float:
    """Epoch seconds of an ISO time."""
    return datetime.fromisoformat(text).astimezone(UTC).timestamp()
