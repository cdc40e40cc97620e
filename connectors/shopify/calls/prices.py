"""Calls about price lists, the prices fixed in them, and the catalogues by which companies get them.

https://shopify.dev/docs/apps/build/b2b (API 2026-10, checked 2026-11-20). The shop's own prices stand at its variants:
those are ``products.update_variants``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connectors.shopify.calls.changes import page_of
from connectors.shopify.client import ShopifyClient
from connectors.shopify.replies import promised_shape

Node = dict[str, Any]


def price_lists(client: ShopifyClient) -> Iterator[Node]:
    """Every price list: id, name, currency, catalog. HubPriceLists."""
    after = None
    while True:
        data = client.execute("HubPriceLists", {"after": after})
        with promised_shape("price lists"):
            nodes, after = page_of(data["priceLists"])
            for node in nodes:
                _ = (str(node["id"]), str(node["name"]), str(node["currency"]), (node["catalog"] or {"id": ""})["id"])
        yield from nodes
        if after is None:
            return


def create_list(client: ShopifyClient, name: str, currency: str) -> str:
    """A price list that changes no price by itself; its global id. HubPriceListCreate: look for the name first, a name
    is unique (``TAKEN``)."""
    parent = {"adjustment": {"type": "PERCENTAGE_DECREASE", "value": 0}}
    given = {"name": name, "currency": currency, "parent": parent}
    payload = client.change("HubPriceListCreate", {"input": given})
    with promised_shape("HubPriceListCreate"):
        return str(payload["priceList"]["id"])


def change_prices(client: ShopifyClient, list_id: str, add: Sequence[Node], delete: Sequence[str]) -> None:
    """Set and remove up to 250 fixed prices of one list; to set one again does no harm. HubPricesChange. Raises
    ``replies.UserErrors`` whose fields name the place of what is bad."""
    variables = {"id": list_id, "add": list(add), "delete": list(delete)}
    payload = client.change("HubPricesChange", variables)
    with promised_shape("HubPricesChange"):
        _ = [one["variant"]["id"] for one in payload["pricesAdded"] or ()]


def change_volume_prices(client: ShopifyClient, list_id: str, breaks: Sequence[Node]) -> None:
    """Set prices from a quantity on (``variantId``, ``minimumQuantity``, ``price``) of variants that have a fixed price
    in the list. HubVolumePrices."""
    empty = ("pricesToAdd", "pricesToDeleteByVariantId", "quantityPriceBreaksToDelete", "quantityRulesToAdd",
             "quantityRulesToDeleteByVariantId")  # fmt: skip
    given: Node = {name: [] for name in empty}
    payload = client.change(
        "HubVolumePrices", {"id": list_id, "input": {**given, "quantityPriceBreaksToAdd": list(breaks)}}
    )
    with promised_shape("HubVolumePrices"):
        _ = [one["id"] for one in payload["productVariants"] or ()]


def first_price(client: ShopifyClient, list_id: str) -> Node | None:
    """A price fixed in a list, with its variant: enough to see whether the list works. HubPriceList."""
    data = client.execute("HubPriceList", {"id": list_id, "after": None})
    with promised_shape("a price list"):
        nodes = data["priceList"]["prices"]["nodes"] if data["priceList"] is not None else []
        found: Node | None = nodes[0] if nodes else None
        if found is not None:
            _ = (
                found["variant"]["id"],
                found["variant"]["sku"],
                found["price"]["amount"],
                found["price"]["currencyCode"],
            )
    return found


def location_price(client: ShopifyClient, variant: str, location: str) -> Node | None:
    """What a company's location pays for a variant: amount and currencyCode. HubLocationPrice."""
    data = client.execute("HubLocationPrice", {"variant": variant, "location": location})
    with promised_shape("a price of a location"):
        node = data["productVariant"]
        price: Node | None = node["contextualPricing"]["price"] if node is not None else None
        if price is not None:
            _ = (str(price["amount"]), str(price["currencyCode"]))
    return price


def create_catalog(client: ShopifyClient, title: str, list_id: str, location_id: str) -> str:
    """An active catalogue with a price list for one location of a company; its global id. HubCatalogCreate."""
    given = {
        "title": title,
        "status": "ACTIVE",
        "priceListId": list_id,
        "context": {"companyLocationIds": [location_id]},
    }
    payload = client.change("HubCatalogCreate", {"input": given})
    with promised_shape("HubCatalogCreate"):
        return str(payload["catalog"]["id"])


def assign_catalog(client: ShopifyClient, catalog_id: str, location_id: str) -> None:
    """Give a catalogue to one more location. HubCatalogContext."""
    variables = {"id": catalog_id, "add": {"companyLocationIds": [location_id]}, "remove": None}
    payload = client.change("HubCatalogContext", variables)
    with promised_shape("HubCatalogContext"):
        _ = payload["catalog"]["id"]
