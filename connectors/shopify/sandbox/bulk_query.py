"""What a bulk query of the sandbox may ask, and its rows: every node of every connection is one.

Executed for real, a block of nodes at a time, so that a million of them need no memory. Connections of the first level
only are walked in blocks. https://shopify.dev/docs/api/usage/bulk-operations/queries (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    execute_sync,
    get_named_type,
    parse,
    validate,
    visit,
)

from connectors.shopify.sandbox.engine import SCHEMA, Call, resolve
from connectors.shopify.sandbox.orders import Node

LONGEST = 65_535  # bytes
MOST_CONNECTIONS, DEEPEST = 5, 2
BLOCK = 250
TABLES = {"productVariants": "ProductVariant", "products": "Product", "inventoryItems": "InventoryItem"}


class _Connections(Visitor):
    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.count = self.depth = self.deepest = 0
        self.has_nodes = False

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        kind = get_named_type(self.types.get_type())
        if kind is not None and kind.name.endswith("Connection"):
            self.count += 1
            self.depth += 1
            self.deepest = max(self.deepest, self.depth)
            children = node.selection_set.selections if node.selection_set else ()
            self.has_nodes |= any(isinstance(one, FieldNode) and one.name.value == "nodes" for one in children)

    def leave_field(self, node: FieldNode, *_: Any) -> None:
        kind = get_named_type(self.types.get_type())
        if kind is not None and kind.name.endswith("Connection"):
            self.depth -= 1


def problem_of(text: str) -> str:
    """Why the vendor would not take this query, empty where it would."""
    if len(text.encode()) > LONGEST:
        return "The query is too long."
    try:
        document = parse(text)
    except GraphQLError as error:
        return f"Invalid bulk query: {error.message}"
    invalid = validate(SCHEMA, document)
    if invalid:
        return f"Invalid bulk query: {invalid[0].message}"
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation != OperationType.QUERY:
        return "Invalid bulk query: exactly one query is needed."
    if operations[0].variable_definitions:
        return "Invalid bulk query: variables are not supported."
    types = TypeInfo(SCHEMA)
    found = _Connections(types)
    visit(document, TypeInfoVisitor(types, found))
    if not found.count:
        return "Bulk queries must contain at least one connection."
    if found.count > MOST_CONNECTIONS or found.deepest > DEEPEST:
        return "Bulk queries cannot contain more than 5 connections or connections nested deeper than 2 levels."
    if found.has_nodes:
        return "Bulk queries must use edges instead of nodes."
    return ""


def rows_of(call: Call, text: str) -> Iterator[Node]:
    """Every row of the result."""
    document = parse(text)
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    root = next(one for one in operation.selection_set.selections if isinstance(one, FieldNode))
    table = call.shop.table(TABLES[root.name.value])
    nodes = iter(table.values())
    while block := list(islice(nodes, BLOCK)):
        call.walked = block
        result = execute_sync(SCHEMA, document, context_value=call, root_value={}, field_resolver=_resolve)
        if result.errors:
            raise result.errors[0]
        for edge in (result.data or {})[root.name.value]["edges"]:
            yield from _flat(edge["node"], "")


def _resolve(source: Mapping[str, Any], info: Any, **arguments: Any) -> Any:
    if info.parent_type.name == "QueryRoot":
        return {"edges": [{"node": one} for one in info.context.walked]}
    if info.parent_type.name.endswith(("Connection", "Edge")) and info.field_name in source:
        return source[info.field_name]
    found = resolve(source, info, **({**arguments, "first": BLOCK} if _is_connection(info) else arguments))
    if _is_connection(info) and isinstance(found, Mapping) and "edges" not in found:
        return {**found, "edges": [{"node": one} for one in found["nodes"]]}
    return found


def _is_connection(info: Any) -> bool:
    return bool(get_named_type(info.return_type).name.endswith("Connection"))


def _flat(node: Node, parent: str) -> Iterator[Node]:
    children = {name: value for name, value in node.items() if isinstance(value, dict) and "edges" in value}
    own = {name: value for name, value in node.items() if name not in children}
    yield {**own, "__parentId": parent} if parent else own
    for value in children.values():
        for edge in value["edges"]:
            yield from _flat(edge["node"], str(node["id"]))
