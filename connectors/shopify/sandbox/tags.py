"""``tagsAdd`` and ``tagsRemove``: compared without case, split at commas, sorted, with the limits of each kind.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/tagsAdd (checked 2026-11-20); the rules as seen in recorded
replies. Not for inputs that replace all tags.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.shopify.sandbox.engine import Call
from connectors.shopify.sandbox.orders import Node
from connectors.shopify.sandbox.owners import changed, changing, kind_of, owner_of, plain_error, shown

MOST_TAGS = 250
LONGEST = {"Order": 40, "Customer": 40}
LONGEST_OTHER = 255
WRITES = {
    "Order": "write_orders",
    "Product": "write_products",
    "Customer": "write_customers",
}


def _add(call: Call, info: Any, id: str, tags: list[str]) -> Node:
    owner, error = _owner(call, id)
    if owner is None:
        return {"node": None, "userErrors": [error]}
    kept = {tag.casefold(): tag for tag in owner["tags"]}
    for tag in _split(tags):
        if len(tag) > LONGEST.get(kind_of(id), LONGEST_OTHER):
            return {"node": None, "userErrors": [plain_error(["tags"], "Tags is too long")]}
        kept.setdefault(tag.casefold(), tag)
    if len(kept) > MOST_TAGS:
        return {"node": None, "userErrors": [plain_error(["tags"], f"Cannot have more than {MOST_TAGS} tags")]}
    return _set(call, owner, list(kept.values()))


def _remove(call: Call, info: Any, id: str, tags: list[str]) -> Node:
    owner, error = _owner(call, id)
    if owner is None:
        return {"node": None, "userErrors": [error]}
    gone = {tag.casefold() for tag in _split(tags)}
    return _set(call, owner, [tag for tag in owner["tags"] if tag.casefold() not in gone])


def _owner(call: Call, gid: str) -> tuple[Node | None, Node]:
    owner, kind = owner_of(call, gid), kind_of(gid)
    if owner is not None and not call.shop.has_scope(WRITES.get(kind, "write_products")):
        return None, plain_error(["id"], f"Access denied. Required access: `{WRITES.get(kind, 'write_products')}`")
    return owner, plain_error(["id"], f"{kind or 'Resource'} does not exist")


def _set(call: Call, owner: Node, tags: list[str]) -> Node:
    wanted = sorted(tags, key=str.casefold)
    if wanted != owner["tags"]:
        changing(call, owner)
        owner["tags"] = wanted
        changed(call, owner)
    return {"node": shown(owner), "userErrors": []}


def _split(tags: list[str]) -> list[str]:
    return [part.strip() for tag in tags for part in tag.split(",") if part.strip()]


MUTATIONS: dict[str, Callable[..., Any]] = {"tagsAdd": _add, "tagsRemove": _remove}
