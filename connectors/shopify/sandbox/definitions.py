"""Metafield definitions of a sandbox shop: without one of type ``id`` nothing is found by a custom id.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/metafieldDefinitionCreate (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.shopify.sandbox.engine import Call
from connectors.shopify.sandbox.orders import Node


def _create(call: Call, info: Any, definition: Mapping[str, Any]) -> Node:
    namespace, key = definition.get("namespace") or "", definition["key"]
    table = call.shop.table("MetafieldDefinition")
    error = None
    if len(key) < 2:
        error = {
            "field": ["definition", "key"],
            "message": "Key is too short (minimum is 2 characters)",
            "code": "TOO_SHORT",
        }
    elif any((one["ownerType"], one["namespace"], one["key"]) == (definition["ownerType"], namespace, key)
             for one in table.values()):  # fmt: skip
        text = f"Key is in use for {definition['ownerType'].capitalize()} metafields on the '{namespace}' namespace."
        error = {"field": ["definition", "key"], "message": text, "code": "TAKEN"}
    if error is not None:
        return {"createdDefinition": None, "userErrors": [error]}
    node: Node = {
        "id": f"gid://shopify/MetafieldDefinition/{call.shop.take_id()}",
        "namespace": namespace,
        "key": key,
        "type": definition["type"],
        "ownerType": definition["ownerType"],
    }
    table[node["id"]] = node
    return {"createdDefinition": node, "userErrors": []}


MUTATIONS: dict[str, Callable[..., Any]] = {"metafieldDefinitionCreate": _create}
