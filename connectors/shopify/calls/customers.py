"""Calls about customers. https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Customer (checked 2026-11-20).

Names, addresses, e-mail and phone are protected customer data: an app without that permission gets them as errors.
"""

from __future__ import annotations

from typing import Any

from connectors.shopify.client import ShopifyClient
from connectors.shopify.replies import promised_shape

Node = dict[str, Any]
MOST_ADDRESSES = 20  # that one answer holds


def find_customer(client: ShopifyClient, identifier: Node) -> Node | None:
    """The one customer of an ``{id | emailAddress | phoneNumber | customId}`` with addresses and companies; ``None``
    where there is none. HubCustomer: a read, no search."""
    data = client.execute("HubCustomer", {"identifier": identifier})
    with promised_shape("a customer"):
        found: Node | None = data["customerByIdentifier"]
        if found is not None:
            _ = (str(found["id"]), str(found["updatedAt"]), list(found["tags"]), found["addressesV2"]["nodes"],
                 found["taxExemptions"], found["metafields"]["nodes"])  # fmt: skip
    return found


def set_customer(client: ShopifyClient, identifier: Node | None, given: Node) -> str:
    """Make or change a customer; lists that are given replace those there are. The global id. HubCustomerSet: with an
    identifier a repeat converges."""
    payload = client.change("HubCustomerSet", {"identifier": identifier, "input": given})
    with promised_shape("HubCustomerSet"):
        return str(payload["customer"]["id"])
