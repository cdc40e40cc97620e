"""Really signed webhook deliveries of the sandbox: https://shopify.dev/docs/apps/build/webhooks (checked 2026-11-20)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connectors.sandbox import Reply
from connectors.shopify.sandbox.orders import Shop, stamp
from connectors.shopify.sandbox.payloads import order_payload, shop_payload
from connectors.shopify.sandbox.shops import LUMEN, OUTLET

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

DELIVERY_TIMEOUT_S = 5.0  # the vendor's own limit
DELIVERY_MODES = ("normal", "duplicate", "bad_hmac", "old_secret", "wrong_shop", "late")
PAYLOAD_VERSION = "2026-10"


def post_delivery(sandbox: ShopifySandbox, shop: Shop, topic: str, body: bytes, url: str, mode: str = "normal") -> int:
    """Post one signed delivery; the status of the answer, 0 where there was none in time. Never under the lock."""
    return _post(url, delivery_headers(sandbox, shop, topic, body, mode), body)


def deliver(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """One signed delivery about an order, in a mode of ``DELIVERY_MODES``; answers the status it got."""
    shop = sandbox.shops[wish.get("shop", OUTLET)]
    topic, mode = wish.get("topic", "orders/create"), wish.get("mode", "normal")
    if mode not in DELIVERY_MODES:
        raise ValueError(f"mode is one of {', '.join(DELIVERY_MODES)}")
    order = shop.find(str(wish["order"])) if topic.startswith("orders/") else None
    if order is None and topic.startswith("orders/"):
        return Reply(404, {"error": "no such order"})
    if order is not None and mode == "late":
        order = shop.first_states[order["id"]]
    body = json.dumps(order_payload(shop, order) if order else shop_payload(shop), separators=(",", ":")).encode()
    headers = delivery_headers(sandbox, shop, topic, body, mode)
    # The hub may ask this sandbox something before it answers: other calls must not wait for it.
    sandbox.lock.release()
    try:
        statuses = [_post(wish["url"], headers, body) for _ in range(2 if mode == "duplicate" else 1)]
    finally:
        sandbox.lock.acquire()
    return Reply(body={"status": statuses[-1], "statuses": statuses, "id": headers["X-Shopify-Webhook-Id"]})


def delivery_headers(
    sandbox: ShopifySandbox, shop: Shop, topic: str, body: bytes, mode: str = "normal"
) -> dict[str, str]:
    """The headers of one delivery: https://shopify.dev/docs/apps/build/webhooks (checked 2026-11-20)."""
    secret = shop.previous_secret if mode == "old_secret" else shop.client_secret
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    if mode == "bad_hmac":
        digest = bytes(one ^ 0xFF for one in digest)
    other = LUMEN if shop.domain == OUTLET else OUTLET
    triggered_at = sandbox.now() - (4 * 3600 if mode == "late" else 0)
    return {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": other if mode == "wrong_shop" else shop.domain,
        "X-Shopify-API-Version": PAYLOAD_VERSION,
        "X-Shopify-Webhook-Id": str(uuid.uuid4()),
        "X-Shopify-Event-Id": str(uuid.uuid4()),
        "X-Shopify-Triggered-At": stamp(triggered_at),
        "X-Shopify-Name": "hub-orders",
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
    }


def _post(url: str, headers: dict[str, str], body: bytes) -> int:
    """The status of the answer; 0 where there is none in time. Redirects count as failures, as at the vendor."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=DELIVERY_TIMEOUT_S)
    try:
        connection.request("POST", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}", body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


CONTROLS = {"deliver": deliver}
