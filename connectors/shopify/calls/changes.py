"""Walking what changed in a shop: products, customers, companies by the time of their change.

Not for orders, whose walk is the client's own. https://shopify.dev/docs/api/usage/search-syntax (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from connectors.exceptions import PayloadError
from connectors.shopify.client import WALK_LIMIT, ShopifyClient, quoted, zulu
from connectors.shopify.replies import promised_shape

Node = dict[str, Any]
Row = TypeVar("Row")
MOST_AT_ONCE = 250  # entries of one input list


def changed_pages(
    client: ShopifyClient, document: str, member: str, start: datetime, end: datetime
) -> Iterator[list[Node]]:
    """Pages of ``member`` (``products``) with ``start <= updatedAt < end``, oldest change first, each node with at
    least ``id`` and ``updatedAt``.

    A walk longer than Shopify allows starts again at the last time seen, so that an object may come twice. Raises
    ``PayloadError`` where more changed in one second than a walk reaches."""
    after, walked = None, 0
    while True:
        filter_ = f"updated_at:>={quoted(zulu(start))} AND updated_at:<{quoted(zulu(end))}"
        data = client.execute(document, {"filter": filter_, "after": after})
        with promised_shape(member):
            nodes, after = page_of(data[member])
            changed = [(str(node["id"]), str(node["updatedAt"])) for node in nodes]
        yield nodes
        if after is None:
            return
        walked += len(nodes)
        if walked >= WALK_LIMIT:
            last = datetime.fromisoformat(changed[-1][1])
            if last <= start:
                raise PayloadError("More objects changed in one second than Shopify lists.", path=member)
            start, after, walked = last, None, 0


def page_of(connection: Node) -> tuple[list[Node], str | None]:
    """The rows of one page and where the next one begins, ``None`` at the end. Raises like reading any answer."""
    nodes = connection["nodes"]
    if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
        raise TypeError("nodes are no list of objects")
    after = str(connection["pageInfo"]["endCursor"]) if connection["pageInfo"]["hasNextPage"] else None
    return nodes, after


def in_batches(rows: Sequence[Row], size: int = MOST_AT_ONCE) -> Iterator[Sequence[Row]]:
    """The rows in their order, at most ``size`` at once."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
