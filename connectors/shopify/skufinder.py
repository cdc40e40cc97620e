"""Finding variants by SKU: in the hub's directory first, by a search of the shop for what is not there.

A SKU need not be unique in Shopify: every variant that has exactly this one is found. Not for filling the directory.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from connectors import directory
from connectors.directory import Known
from connectors.shopify.calls.products import variants_by_sku
from connectors.shopify.skus import VARIANT, entry

if TYPE_CHECKING:
    from connectors.run import Run
    from connectors.shopify.client import ShopifyClient

MOST_SEARCHED = 2_000  # SKUs a run asks the shop about; more are better read by the sync “SKU directory”


class SkuFinder:
    """Finds variants of one shop. ``is_exhausted``: it asked about as many as it may, and takes the rest as unknown."""

    def __init__(self, run: Run, client: ShopifyClient) -> None:
        self.run = run
        self.client = client
        self.left = MOST_SEARCHED
        self.is_exhausted = False

    def find(self, skus: Collection[str]) -> dict[str, list[Known]]:
        """The variants of each SKU: none where the shop has none, several where it is used twice."""
        found = directory.find(self.run.connector.pk, VARIANT, skus)
        missing = [sku for sku in skus if sku and sku not in found]
        if missing:
            self.is_exhausted = self.is_exhausted or len(missing) > self.left
            asked = missing[: self.left]
            self.left -= len(asked)
            for one in self._search(asked):
                found.setdefault(one.key, []).append(one)
        return found

    def _search(self, skus: Collection[str]) -> list[Known]:
        made = [
            entry(
                node["sku"], node["id"], node["inventoryItem"]["id"], node["product"]["id"],
                tracked=bool(node["inventoryItem"]["tracked"]), updated_at=str(node["updatedAt"]),
            )
            for node in variants_by_sku(self.client, skus)
        ]  # fmt: skip
        directory.put(self.run.connector.pk, VARIANT, made)
        return made
