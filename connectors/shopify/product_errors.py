"""What Shopify declined of a product, in sentences that name the SKU instead of a place in a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.exceptions import RemoteRefused
from connectors.shopify.phrases import counted
from connectors.shopify.product_inputs import Wanted, option_names
from connectors.shopify.replies import UserErrors

NAMED = 10
NEXT = "Correct it at the source or in the shop, then press Retry: what was saved already is not sent again."

NEXT_OPTIONS = (
    "Give the product in the shop the options of the source, or switch on “Replace products whole” of the route, which "
    "also takes away variants the source does not have; then press Retry."
)


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


def refused_variants(
    wanted: Wanted, product: Mapping[str, Any], declined: Sequence[tuple[list[str], UserErrors]]
) -> RemoteRefused:
    """``product``: HubProduct's, as it was before; ``declined``: for each call the SKUs it carried, in their order, and what
    Shopify said."""
    texts = [_text(one, skus) for skus, error in declined for one in error.errors]
    first = declined[0][1]
    there, given = _option_names_of(product), option_names(wanted.record)
    has_other_options = bool(there) and sorted(there) != sorted(given)
    why = (
        f" The shop's product has {_quoted(there)} as its options, the source {_quoted(given)}."
        if has_other_options
        else ""
    )
    return RemoteRefused(
        f"Shopify declined {counted(len(texts), 'variant')} of product {wanted.record.name}: "
        f"{_listed(texts)}. The others were saved.{why}",
        next_step=NEXT_OPTIONS if has_other_options else NEXT,
        code=first.code,
        request_id=first.request_id,
    )


def _option_names_of(product: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(one["name"] for node in product["variants"]["nodes"] for one in node["selectedOptions"]))


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


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
