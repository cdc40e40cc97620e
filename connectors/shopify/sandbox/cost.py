"""What a document costs at the vendor: https://shopify.dev/docs/api/usage/limits (API 2026-10, checked 2026-11-20).

Scalars 0, an object 1, a plain list of objects as one object, a connection ``2 + f(rows) * (1 + cost of a row)`` whose
``nodes`` and ``pageInfo`` add nothing, a union its dearest branch; a mutation 10 with the objects directly in its
payload, deeper ones as usual. ``f`` is measured, not documented.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    get_named_type,
    is_leaf_type,
)

ROWS = (0, 1, 3, 5, 10, 20, 50, 100, 250)
FACTORS = (0, 1, 2, 3, 4, 5, 7, 9, 11)
MUTATION = 10
WRAPPERS = {"nodes", "edges", "pageInfo", "node"}


def operation_cost(
    schema: GraphQLSchema,
    document: DocumentNode,
    name: str | None,
    variables: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
) -> int:
    """The requested cost; with ``data`` the actual one: only rows and objects that came count."""
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    operation = next((one for one in operations if one.name and one.name.value == name), operations[0])
    given = dict(variables)
    for definition in operation.variable_definitions or ():
        if isinstance(definition.default_value, IntValueNode):
            given.setdefault(definition.variable.name.value, int(definition.default_value.value))
    pricing = _Pricing(schema, fragments, given)
    if operation.operation == OperationType.MUTATION:
        fields = [one for one in operation.selection_set.selections if isinstance(one, FieldNode)]
        return sum(pricing.mutation(one, schema.mutation_type, data) for one in fields)
    return pricing.selection(operation.selection_set, schema.query_type, data)


class _Pricing:
    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
        self.schema = schema
        self.fragments = fragments
        self.variables = variables

    def selection(self, selections: Any, parent: Any, data: Any) -> int:
        """The cost of all fields of one object of the type ``parent``."""
        common, branches = 0, [0]
        for one in selections.selections:
            if isinstance(one, FieldNode):
                common += self.field(one, parent, data)
                continue
            fragment = one if isinstance(one, InlineFragmentNode) else self.fragments[one.name.value]
            condition = fragment.type_condition
            inner = self.schema.get_type(condition.name.value) if condition else parent
            cost = self.selection(fragment.selection_set, inner, data)
            if inner is parent:
                common += cost
            else:
                branches.append(cost)
        return common + max(branches)

    def mutation(self, node: FieldNode, parent: Any, data: Any) -> int:
        """10 for the mutation and the objects directly in its payload; what lies deeper adds what it costs."""
        payload = get_named_type(parent.fields[node.name.value].type)
        own = data.get(node.name.value) if isinstance(data, Mapping) else None
        fields = (
            [one for one in node.selection_set.selections if isinstance(one, FieldNode)] if node.selection_set else []
        )
        deeper = 0
        for one in fields:
            inner = get_named_type(payload.fields[one.name.value].type)
            value = own.get(one.name.value) if isinstance(own, Mapping) else None
            if one.selection_set is not None and not is_leaf_type(inner) and (data is None or value):
                value = value[0] if isinstance(value, list) and value else value
                deeper += self.selection(one.selection_set, inner, value)
        return MUTATION + deeper

    def field(self, node: FieldNode, parent: Any, data: Any) -> int:
        name = node.name.value
        if name.startswith("__"):
            return 0
        inner = get_named_type(parent.fields[name].type)
        if is_leaf_type(inner):
            return 0
        value = data.get(node.alias.value if node.alias else name) if isinstance(data, Mapping) else None
        if data is not None and value is None:
            return 0
        if isinstance(value, list):
            value = value[0] if value else None
            if value is None:
                return 0
        if inner.name.endswith("Connection"):
            rows = self.rows(node) if value is None else len(value.get("nodes", ()))
            return 2 + _factor(rows) * (1 + self.selection(node.selection_set, inner, value))
        own = 0 if name in WRAPPERS and parent.name.endswith(("Connection", "Edge")) else 1
        return own + self.selection(node.selection_set, inner, value)

    def rows(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value == "first":
                value = argument.value
                if isinstance(value, VariableNode):
                    return int(self.variables.get(value.name.value) or 0)
                return int(getattr(value, "value", 0))
        return 0


def _factor(rows: int) -> int:
    return FACTORS[bisect_right(ROWS, max(rows, 0)) - 1]
