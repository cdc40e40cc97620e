"""Deliveries: proving who sent them, and what they say about themselves.

https://shopify.dev/docs/apps/build/webhooks/subscribe/https (API 2026-10, checked 2026-11-20). Only the raw body is
signed, the headers are not: the shop and the ids in them are compared again by whoever acts on them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from connectors.base import Identity, Signature
from connectors.exceptions import WebhookRejected
from connectors.shopify import moneytopics, shipping_topics
from connectors.shopify.settings import ShopifySettings

SIGNATURE = "x-shopify-hmac-sha256"
TOPIC = "x-shopify-topic"
SHOP = "x-shopify-shop-domain"
DELIVERY = "x-shopify-webhook-id"
API_VERSION = "x-shopify-api-version"
TRIGGERED_AT = "x-shopify-triggered-at"

# Each of these comes with an orders/updated of the same order, which is read anyway; the last one only reports on the
# shop itself.
IGNORED = frozenset(
    {
        "orders/paid",
        "orders/cancelled",
        "orders/edited",
        "orders/fulfilled",
        "orders/partially_fulfilled",
        "shop/update",
    }
)

# First part of a topic to what it is about, where an object's id stands in its body.
OBJECTS = {
    "products": "product",
    "inventory_items": "inventory_item",
    "customers": "customer",
    "companies": "company",
    "company_locations": "company",
    "fulfillments": "shipment",
    "locations": "location",
}
LABELS = ("title", "name", "email", "sku", "handle")  # the first one a body has is what the object is called
KEYS: Mapping[str, Mapping[str, str]] = {
    "product": {"handle": "product_number"},
    "inventory_item": {"sku": "sku"},
    "customer": {"email": "email"},
    "company": {"external_id": "company_external_id"},
    "shipment": {"order_id": "order_id", "tracking_number": "tracking_number"},
    "location": {},
}

SETUP = (
    "Nothing to enter: the hub subscribes the shop to the topics its routes need, and repairs that every hour. The "
    "compliance topics (customers/data_request, customers/redact, shop/redact) can only stand in the app's configuration "
    "file (shopify.app.toml, section webhooks), with this address and API version 2026-10."
)


def signature(settings: ShopifySettings, headers: Mapping[str, str]) -> Signature:
    """HMAC-SHA256 over the raw body with the current and, while it is kept, the previous secret.

    Raises ``WebhookRejected`` (``bad_signature``) where the header is missing or no digest, or no secret is set."""
    given = headers.get(SIGNATURE, "")
    if not given:
        raise WebhookRejected("The delivery carries no signature.", code="bad_signature")
    try:
        digest = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise WebhookRejected("The delivery's signature is not an HMAC-SHA256 in Base64.", code="bad_signature")
    if not settings.signing_secrets:
        raise WebhookRejected(
            "The delivery cannot be verified: the connector has no API secret key.",
            next_step="Enter the API secret key of the app on the connector's page.",
            code="bad_signature",
        )
    macs = [hmac.new(secret.encode(), digestmod=hashlib.sha256) for secret in settings.signing_secrets]
    return Signature(macs=macs, given=digest)


def sign(settings: ShopifySettings, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """The header that makes a delivery of this body Shopify's own: for samples, never for what was received."""
    digest = hmac.new(settings.signing_secrets[0].encode(), body, hashlib.sha256).digest()
    return {SIGNATURE: base64.b64encode(digest).decode()}


def identify(headers: Mapping[str, str], body: Any) -> Identity:
    """What the delivery says about itself. For orders the search keys a person may quote; ``body`` may be ``None``
    (too large, or no JSON), then only the headers speak."""
    topic = headers.get(TOPIC, "")
    delivery_id = headers.get(DELIVERY, "")
    if (found_money := moneytopics.identity(topic, delivery_id, body)) is not None:
        return found_money
    if (found_shipping := shipping_topics.identity(topic, delivery_id, body)) is not None:
        return found_shipping
    if topic.startswith("company_locations/") and isinstance(body, Mapping):
        body = body.get("company")  # a location is read with its company
    if (object_type := OBJECTS.get(topic.partition("/")[0])) and isinstance(body, Mapping):
        return _identity_of_object(topic, delivery_id, object_type, body)
    order_id = _order_id(body) if topic.startswith("orders/") and isinstance(body, Mapping) else ""
    if not order_id:
        return Identity(topic=topic, delivery_id=delivery_id)
    customer = body.get("customer")
    customer_id = customer.get("id") if isinstance(customer, Mapping) else None
    found = [
        ("order_id", order_id),
        ("order_number", _text(body.get("order_number"))),
        ("order_name", _text(body.get("name"))),
        ("po_number", _text(body.get("po_number"))),
        ("email", _text(body.get("email")).lower()),
        ("customer_id", _text(customer_id)),
    ]
    return Identity(
        topic=topic,
        delivery_id=delivery_id,
        object_type="order",
        object_id=order_id,
        object_label=_text(body.get("name")),
        keys=tuple((kind, value) for kind, value in found if value),
    )


def _order_id(body: Mapping[str, Any]) -> str:
    """The order's number: an edit and a risk name the order beside an id of their own."""
    edit = body.get("order_edit")
    named = edit.get("order_id") if isinstance(edit, Mapping) else body.get("order_id") or body.get("id")
    return _text(named)


def _identity_of_object(topic: str, delivery_id: str, object_type: str, body: Mapping[str, Any]) -> Identity:
    """Of objects other than orders: the number of their id, what they are called, and SKU, handle, e-mail as keys."""
    gid = _text(body.get("admin_graphql_api_id")) or _text(body.get("id"))
    object_id = gid.rpartition("/")[2]
    if not object_id.isdigit():
        return Identity(topic=topic, delivery_id=delivery_id)
    label = next((text for name in LABELS if (text := _text(body.get(name)).strip())), "")
    found = [(f"{object_type}_id", object_id)]
    for member, kind in KEYS[object_type].items():
        if text := _text(body.get(member)):
            found.append((kind, text.lower() if kind == "email" else text))
    return Identity(
        topic=topic,
        delivery_id=delivery_id,
        object_type=object_type,
        object_id=object_id,
        object_label=label,
        keys=tuple(found),
    )


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
