"""Webhook subscriptions of the app in one shop: listed, made, changed, deleted.

https://shopify.dev/docs/api/admin-graphql/2026-10/queries/webhookSubscriptions (checked 2026-11-20). Those of the app's
own configuration file are never listed. Which ones there should be: ``subscriptions.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.exceptions import ConfigurationError
from connectors.shopify.replies import UserErrors, promised_shape

if TYPE_CHECKING:
    from connectors.shopify.client import ShopifyClient

Node = dict[str, Any]
# These mutations have no codes: the vendor's texts are all there is. Recorded from real shops (API 2025-01 to 2026-04).
TAKEN = "already been taken"
UNKNOWN = "does not exist"


def listed(client: ShopifyClient) -> list[Node]:
    """Every shop-specific subscription of the app: id, topic, uri, format, filter, includeFields, version, updatedAt."""
    found: list[Node] = []
    after: str | None = None
    while True:
        data = client.execute("HubWebhooks", {"after": after})
        with promised_shape("webhook subscriptions"):
            page = data["webhookSubscriptions"]
            found += [_read(node) for node in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = str(page["pageInfo"]["endCursor"])


def _read(node: Node) -> Node:
    return {
        "id": str(node["id"]),
        "topic": str(node["topic"]),
        "uri": str(node["uri"]),
        "format": str(node["format"]),
        "filter": node["filter"] or "",
        "fields": [str(one) for one in node["includeFields"] or ()],
        "version": str((node["apiVersion"] or {})["handle"]),
    }


def created(client: ShopifyClient, enum: str, uri: str) -> bool:
    """Ask for deliveries of whole payloads. False where Shopify says that the address has the topic already. Raises
    ``UserErrors``, ``ConfigurationError`` (a scope is missing)."""
    try:
        client.change("HubWebhookCreate", {"topic": enum, "sub": {"uri": uri, "format": "JSON"}})
    except UserErrors as error:
        if _says(error, TAKEN):
            return False
        raise
    return True


def updated(client: ShopifyClient, gid: str, uri: str) -> bool:
    """Whole payloads to this address from now on. False where there is no such subscription any more, or the address
    has the topic already through another one. Raises ``UserErrors``."""
    sub = {"uri": uri, "format": "JSON", "filter": "", "includeFields": []}
    try:
        client.change("HubWebhookUpdate", {"id": gid, "sub": sub})
    except UserErrors as error:
        if _says(error, UNKNOWN) or _says(error, TAKEN):
            return False
        raise
    return True


def deleted(client: ShopifyClient, gid: str) -> None:
    """One that is gone already is as good as deleted. Raises ``UserErrors``."""
    try:
        client.change("HubWebhookDelete", {"id": gid})
    except UserErrors as error:
        if not _says(error, UNKNOWN):
            raise


def lacks_scope(error: ConfigurationError) -> bool:
    return error.code == "access_denied"


def _says(error: UserErrors, text: str) -> bool:
    return any(text in str(one.get("message", "")) for one in error.errors)
