"""What Shopify declined of a product, in sentences that name the SKU instead of a place in a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.exceptions import RemoteRefused
from connectors.shopify.phrases import counted
from connectors.shopify.product_inputs import Wanted
from connectors.shopify.replies import UserErrors

NAMED = 10
NEXT = "Correct it at the source or in the shop, then press Retry: what was saved already is not sent again."


def refused_creation(wanted: Wanted, error: UserErrors) -> RemoteRefused:
    record = wanted.record
    if "HANDLE_NOT_UNIQUE" in error.codes:
        return RemoteRefused(
            f"The handle “{record.handle}” of product {record.name} is taken by another product of the shop.",
            next_step="Change one of the two handles, or let the route find products by handle; then press Retry.",
            code="HANDLE_NOT_UNIQUE",
            request_id=error.request_id,
        )
    skus = [one.sku or one.title for one in record.variants]
    texts = [_text(one, skus) for one in error.errors]
    return RemoteRefused(
        f"Shopify declined product {record.name}: {_listed(texts)}.", next_step=NEXT, code=error.code,
        request_id=error.request_id,
    )  # fmt: skip


def refused_variants(wanted: Wanted, declined: Sequence[tuple[list[str], UserErrors]]) -> RemoteRefused:
    """``declined``: for each call the SKUs it carried, in their order, and what Shopify said."""
    texts = [_text(one, skus) for skus, error in declined for one in error.errors]
    first = declined[0][1]
    return RemoteRefused(
        f"Shopify declined {counted(len(texts), 'variant')} of product {wanted.record.name}: "
        f"{_listed(texts)}. The others were saved.",
        next_step=NEXT,
        code=first.code,
        request_id=first.request_id,
    )


def _text(error: dict[str, Any], skus: Sequence[str]) -> str:
    """``SKU MUG-1 (price): Price must be ...``: the place in the list becomes the SKU that stands there."""
    path = [str(part) for part in error.get("field") or ()]
    message = str(error["message"]).rstrip(". ")
    if "variants" not in path:
        return f"{'.'.join(path)}: {message}" if path else message
    place = path.index("variants") + 1
    number = int(path[place]) if place < len(path) and path[place].isdigit() else -1
    if not 0 <= number < len(skus):
        return message
    rest = ".".join(path[place + 1 :])
    return f"SKU {skus[number]}{f' ({rest})' if rest else ''}: {message}"


def _listed(texts: Sequence[str]) -> str:
    more = f"; and {len(texts) - NAMED} more" if len(texts) > NAMED else ""
    return "; ".join(texts[:NAMED]) + more
