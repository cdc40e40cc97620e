"""The shop's own currency, which the prices of its products are in. Asked for once, then kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.shopify.replies import promised_shape

if TYPE_CHECKING:
    from connectors.run import Run


def shop_currency(run: Run) -> str:
    """Three letters, like EUR."""
    kept = run.checkpoint.get("shop_currency")
    if isinstance(kept, str) and kept:
        return kept
    shop = run.client.ping()["shop"]
    with promised_shape("the shop"):
        currency = str(shop["currencyCode"])
    run.save_checkpoint(shop_currency=currency)
    return currency
