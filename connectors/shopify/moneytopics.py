"""What deliveries about refunds and returns say about themselves. Not for reading the object: see ``triggers.py``.

https://shopify.dev/docs/api/webhooks/2026-10 (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.base import Identity

DISPOSED = "reverse_fulfillment_orders/dispose"


def identity(topic: str, delivery_id: str, body: Any) -> Identity | None:
    """``None`` for a topic of another area. The refund names its order by id; its name is read with the refund."""
    kind = next(
        (kind for start, kind in (("refunds/", "refund"), ("returns/", "return")) if topic.startswith(start)), ""
    )
    if topic == DISPOSED or (kind and not isinstance(body, Mapping)):
        return Identity(topic=topic, delivery_id=delivery_id)
    if not kind:
        return None
    given = body.get("id") or _tail(body.get("admin_graphql_api_id"))
    number, name = _text(given), _text(body.get("name"))
    order = body.get("order")
    order_id = _text(order.get("id")) if isinstance(order, Mapping) else _text(body.get("order_id"))
    pairs = ((f"{kind}_id", number), ("order_id", order_id), (f"{kind}_name", name))
    found = tuple((key, value) for key, value in pairs if value)
    if not number:
        return Identity(topic=topic, delivery_id=delivery_id, keys=found)
    return Identity(
        topic=topic, delivery_id=delivery_id, object_type=kind, object_id=number, object_label=name, keys=found
    )


def _tail(gid: Any) -> str:
    return gid.rpartition("/")[2] if isinstance(gid, str) else ""


def _text(value: Any) -> str:
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text[:120]
