"""Webhook subscriptions of a shop, and what happens in it told to them: ``emit`` is what every area calls.

https://shopify.dev/docs/apps/build/webhooks (checked 2026-11-20).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from connectors.shopify.sandbox.deliveries import post_delivery
from connectors.shopify.sandbox.orders import Shop

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox


def emit(sandbox: ShopifySandbox, shop: Shop, topic: str, payload: Mapping[str, Any]) -> None:
    """Something happened: tell the subscriptions to ``topic`` (``orders/create``) of it, a moment later."""
    enum = topic.upper().replace("/", "_").replace(".", "_")
    body = json.dumps(payload, separators=(",", ":")).encode()
    for one in list(shop.table("WebhookSubscription").values()):
        if one["topic"] == enum:
            sandbox.schedule(0.0, partial(post_delivery, sandbox, shop, topic, body, one["uri"]))
