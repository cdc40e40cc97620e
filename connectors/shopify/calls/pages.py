"""Connections read to their end. Not for lists without pages: those come whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.exceptions import PayloadError
from connectors.shopify.client import WALK_LIMIT, next_page

Node = dict[str, Any]


def check_texts(node: Node, *names: str) -> None:
    """Raises ``TypeError`` and ``KeyError`` unless these members are texts. Only within ``promised_shape``."""
    for name in names:
        if not isinstance(node[name], str):
            raise TypeError(f"{name} is no text")


def add_pages(connection: Node, fetch: Callable[[str], Node]) -> None:
    """Append every further page to the nodes of this one. ``fetch`` gives the connection behind a cursor. Raises
    ``PayloadError`` where it never ends. Only within ``promised_shape``."""
    after = next_page(connection)
    while after is not None:
        if len(connection["nodes"]) > WALK_LIMIT:
            raise PayloadError("Shopify lists more rows than one list may have.", path="pageInfo", code="endless")
        page = fetch(after)
        before, after = after, next_page(page)
        if after == before:
            raise PayloadError("Shopify's list does not move on from page to page.", path="pageInfo", code="endless")
        connection["nodes"] += page["nodes"]
    connection["pageInfo"] = {"hasNextPage": False, "endCursor": None}
