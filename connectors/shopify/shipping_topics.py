"""What deliveries about shipping say about themselves. Fulfillment orders come by global id inside the body, two of them
where one was moved or split; not for shipments and locations, which say their id as other objects do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.base import Identity

FAMILIES = ("fulfillment_orders/", "fulfillment_holds/")
MEMBERS = ("fulfillment_order", "original_fulfillment_order")
GID = re.compile(r"gid://shopify/FulfillmentOrder/(\d+)\Z")


def identity(topic: str, delivery_id: str, body: Any) -> Identity | None:
    """Which fulfillment order a delivery is about; ``None`` for topics that are not about any."""
    if not topic.startswith(FAMILIES):
        return None
    for one in _named(body):
        found = GID.match(str(one.get("id"))) if isinstance(one, Mapping) else None
        if found:
            return Identity(
                topic=topic, delivery_id=delivery_id, object_type="fulfillment_order", object_id=found[1],
                keys=(("fulfillment_order_id", found[1]),),
            )  # fmt: skip
    return Identity(topic=topic, delivery_id=delivery_id)


def _named(body: Any) -> Iterator[Any]:
    """What may be a fulfillment order in a body; after a merge a list names those that were merged."""
    if not isinstance(body, Mapping):
        return
    yield from (body.get(name) for name in MEMBERS)
    merges = body.get("fulfillment_order_merges")
    for one in merges if isinstance(merges, list) else [merges]:
        if isinstance(one, Mapping):
            yield one.get("fulfillment_order")
