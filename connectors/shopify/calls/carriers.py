"""Carrier services of a shop. Only the app that made one may change or delete it.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/DeliveryCarrierService (checked 2026-11-20).
"""

from __future__ import annotations

from typing import Any

from connectors.shopify.client import ShopifyClient
from connectors.shopify.replies import promised_shape

Node = dict[str, Any]
MEMBERS = ("id", "name", "callbackUrl", "active")


def carrier_services(client: ShopifyClient) -> list[Node]:
    """Every carrier service the app sees: id, name, callbackUrl, active; texts are never ``None``. HubCarriers."""
    data = client.execute("HubCarriers", {})
    with promised_shape("carrier services"):
        return [
            {**{name: node[name] or "" for name in MEMBERS}, "active": bool(node["active"])}
            for node in data["carrierServices"]["nodes"]
        ]


def create(client: ShopifyClient, *, name: str, address: str) -> str:
    """The new service's id; it is active at once. HubCarrierCreate. Raises ``UserErrors``."""
    wish = {"name": name, "callbackUrl": address, "active": True, "supportsServiceDiscovery": True}
    made = client.change("HubCarrierCreate", {"input": wish})
    with promised_shape("the new carrier service"):
        return str(made["carrierService"]["id"])


def update(client: ShopifyClient, gid: str, *, name: str, address: str) -> None:
    """Name, address and being active, as wished. HubCarrierUpdate. Raises ``UserErrors``."""
    client.change("HubCarrierUpdate", {"input": {"id": gid, "name": name, "callbackUrl": address, "active": True}})


def delete(client: ShopifyClient, gid: str) -> None:
    """HubCarrierDelete. Raises ``UserErrors``."""
    client.change("HubCarrierDelete", {"id": gid})
