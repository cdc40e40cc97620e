"""How the sandbox's deliveries travel: really signed, 1 s to connect and 5 s for the whole answer, only 2xx counts, eight
more tries within four hours on the sandbox's clock, always the original payload to the original address; a subscription
with eight failures in a row is removed. https://shopify.dev/docs/apps/build/webhooks (checked 2026-11-20).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connectors.sandbox import Reply
from connectors.shopify.sandbox.orders import Shop, stamp
from connectors.shopify.sandbox.shops import LUMEN, OUTLET

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

CONNECT_TIMEOUT_S = 1.0
ANSWER_TIMEOUT_S = 5.0
RETRY_AFTER_S = (10.0, 60.0, 300.0, 900.0, 1_800.0, 2_700.0, 3_600.0, 4_500.0)  # together a little less than 4 h
FAILURES_IN_A_ROW = 8
LATE_S = 4 * 3600
DELIVERY_MODES = ("normal", "duplicate", "reordered", "late", "bad_hmac", "old_secret", "wrong_shop")
PAYLOAD_VERSION = "2026-10"
DELIVERED = "Delivery"


@dataclass
class Parcel:
    """One delivery on its way: what is sent stays the same through every try. ``gid``: the subscription it is for,
    empty for one of the app's configuration."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    gid: str = ""
    tries: int = 0

    @property
    def webhook_id(self) -> str:
        return self.headers["X-Shopify-Webhook-Id"]


def make_parcel(
    sandbox: ShopifySandbox, shop: Shop, topic: str, body: bytes, url: str, *, mode: str = "normal",
    event_id: str = "", gid: str = "",
) -> Parcel:  # fmt: skip
    """A delivery with its signature."""
    headers = delivery_headers(sandbox, shop, topic, body, mode)
    if event_id:
        headers["X-Shopify-Event-Id"] = event_id
    return Parcel(url, headers, body, gid)


def dispatch(sandbox: ShopifySandbox, shop: Shop, parcel: Parcel) -> None:
    """Send it a moment later, and again until it is taken or given up."""
    sandbox.schedule(0.0, partial(_attempt, sandbox, shop, parcel))


def _attempt(sandbox: ShopifySandbox, shop: Shop, parcel: Parcel) -> None:
    status = post(parcel)  # never under the lock: the hub may ask this sandbox something before it answers
    parcel.tries += 1
    is_taken = 200 <= status < 300
    with sandbox.lock:
        topic = parcel.headers["X-Shopify-Topic"]
        row = shop.table(DELIVERED).setdefault(parcel.webhook_id, {"topic": topic, "url": parcel.url, "statuses": []})
        row["statuses"].append(status)
        subscription = shop.table("WebhookSubscription").get(parcel.gid)
        if subscription is not None:
            subscription["failures"] = 0 if is_taken else subscription["failures"] + 1
            if subscription["failures"] >= FAILURES_IN_A_ROW:
                shop.table("WebhookSubscription").pop(parcel.gid)
        if not is_taken and parcel.tries <= len(RETRY_AFTER_S):
            sandbox.schedule(RETRY_AFTER_S[parcel.tries - 1], partial(_attempt, sandbox, shop, parcel))


def post(parcel: Parcel) -> int:
    """The status of the answer; 0 where there is none in time. Redirects count as failures, as at the vendor."""
    parts = urlsplit(parcel.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    started = time.monotonic()
    connection = kind(parts.hostname or "", parts.port, timeout=CONNECT_TIMEOUT_S)
    try:
        connection.connect()
        connection.sock.settimeout(max(0.01, ANSWER_TIMEOUT_S - (time.monotonic() - started)))
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        connection.request("POST", path, parcel.body, dict(parcel.headers))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def delivery_headers(
    sandbox: ShopifySandbox, shop: Shop, topic: str, body: bytes, mode: str = "normal"
) -> dict[str, str]:
    """The headers of one delivery: https://shopify.dev/docs/apps/build/webhooks (checked 2026-11-20)."""
    secret = shop.previous_secret if mode == "old_secret" else shop.client_secret
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    if mode == "bad_hmac":
        digest = bytes(one ^ 0xFF for one in digest)
    other = LUMEN if shop.domain == OUTLET else OUTLET
    triggered_at = sandbox.now() - (LATE_S if mode == "late" else 0)
    rules: Mapping[str, Any] = shop.table("WebhookRules").get("rules", {})
    return {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": other if mode == "wrong_shop" else shop.domain,
        "X-Shopify-API-Version": rules.get("version", PAYLOAD_VERSION),
        "X-Shopify-Webhook-Id": str(uuid.uuid4()),
        "X-Shopify-Event-Id": str(uuid.uuid4()),
        "X-Shopify-Triggered-At": stamp(triggered_at),
        "X-Shopify-Name": "hub-orders",
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
    }


def _log(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """Every delivery of a shop by its id, with the answer of each try (0: none in time)."""
    shop = sandbox.shops[wish.get("shop", OUTLET)]
    return Reply(body={"deliveries": dict(shop.table(DELIVERED))})


CONTROLS = {"deliveries": _log}
