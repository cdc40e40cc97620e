"""The metafields of type ``id`` by which the hub finds its objects again: defined once in every shop.

https://shopify.dev/docs/apps/build/metafields/working-with-custom-ids (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.exceptions import RemoteRefused
from connectors.shopify.client import ShopifyClient
from connectors.shopify.replies import UserErrors

NAMESPACE = "$app:erp"  # belongs to the app: no other one can write it
NOT_DEFINED = "NOT_FOUND"  # the code of a question by a custom id nobody has defined


def custom_id(metafield: Mapping[str, Any]) -> dict[str, str]:
    """A metafield as an identifier."""
    return {name: str(metafield[name]) for name in ("namespace", "key", "value")}


def ensure_defined(client: ShopifyClient, owner: str, key: str, name: str, ask: Callable[[], object]) -> None:
    """Define the metafield of an owner (PRODUCT, CUSTOMER) unless ``ask``, a question by such an id, shows that it is
    defined. ``name``: what the merchant sees."""
    try:
        ask()
        return
    except RemoteRefused as error:
        if error.code != NOT_DEFINED:
            raise
    definition = {
        "name": name, "namespace": NAMESPACE, "key": key, "type": "id", "ownerType": owner,
        "access": {"admin": "MERCHANT_READ"},
    }  # fmt: skip
    try:
        client.change("HubMetafieldDefinition", {"definition": definition})
    except UserErrors as error:
        if error.codes != {"TAKEN"}:
            raise
