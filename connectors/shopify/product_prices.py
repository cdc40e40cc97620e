"""Variants without a price in the shop's currency: told, and left out where the source asks for that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from connectors.exceptions import Skip
from connectors.records import Product, ProductVariant
from connectors.shopify.product_inputs import Wanted, prices_of

if TYPE_CHECKING:
    from connectors.run import Run

NAMED = 8


def priced(run: Run, product: Product, currency: str) -> Product:
    """The product without what has no price in the shop's currency, where its source says so. Raises ``Skip`` (filtered)
    where nothing is left."""
    if not product.leaves_out_unpriced:
        return product
    kept = tuple(one for one in product.variants if _price(product, one, currency))
    if len(kept) == len(product.variants):
        return product
    gone = [one.sku or one.title for one in product.variants if not _price(product, one, currency)]
    if not kept:
        raise Skip(
            f"Product {product.name} has no price in {currency}, the shop's currency: {_listed(gone)}.",
            code="no_price_row",
        )
    run.note(
        "no_price_row", f"Left out, because they have no price in {currency}, the shop's currency: {_listed(gone)}."
    )
    return replace(product, variants=kept)


def _price(product: Product, variant: ProductVariant, currency: str) -> bool:
    found = prices_of(product, variant, currency)
    return found is not None and found[0] is not None


def tell(run: Run, wanted: Wanted, currency: str) -> None:
    """A remark on variants that keep their price."""
    if wanted.unpriced:
        count = len(wanted.unpriced)
        run.note(
            "no_price_row",
            f"{count} variant{' has' if count == 1 else 's have'} no price in {currency}, the shop's currency, and "
            f"{'keeps its' if count == 1 else 'keep their'} price: {_listed(wanted.unpriced)}.",
        )


def _listed(skus: Sequence[str]) -> str:
    return ", ".join(skus[:NAMED]) + (" and more" if len(skus) > NAMED else "")
