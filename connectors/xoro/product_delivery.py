"""Products into Xoro: read, merged, written whole, and only where something differs; never linked by a guess.

Before a base part is made Xoro is searched by its number and by its first SKUs. The write creates or updates by the base
part number, so that after a lost answer reading it again tells whether it was done. Success is what ``Result`` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.base import Delivered
from connectors.exceptions import PayloadError, RemoteRefused, RemoteUnavailable, Skip, UnconfirmedWrite
from connectors.records import Product
from connectors.xoro.calls import catalogue as calls
from connectors.xoro.product_merge import base_part_number, merged
from connectors.xoro.settings_products import TO_XORO

if TYPE_CHECKING:
    from connectors.run import Run

SEARCHED = 5  # SKUs Xoro is searched for before a base part is made; of the others it says itself that they are taken
Node = dict[str, Any]


def accept_product(run: Run, product: Product) -> Delivered:
    """Make the base part, or change what differs. Raises ``Skip`` (switched off, the other direction, filtered),
    ``PayloadError``, ``RemoteRefused`` (a SKU or handle of another base part), ``UnconfirmedWrite`` and what calls
    raise."""
    _check_wanted(run, product)
    wanted_of_new = merged(None, product, run.settings)  # what cannot be translated fails before any call
    part = _find(run, product)
    if part is None:
        if run.unfinished_write:
            raise UnconfirmedWrite(
                f"An earlier attempt to make base part {base_part_number(product)} got no answer, and Xoro lists no such base "
                "part yet.",
                next_step=f"Look in Xoro for the base part {base_part_number(product)}. If it is there, press Retry: it is "
                "taken for this product then. If not, press Retry as well.",
            )  # fmt: skip
        return _write(run, product, wanted_of_new, "made")
    wanted = merged(part, product, run.settings)
    _note_currency(run, product)
    if wanted == part:
        number = calls.text(part.get("BasePartNumber"))
        return _delivered(product, part, f"Base part {number} is in Xoro as product {product.name} asks for.")
    return _write(run, product, wanted, "changed")


def _check_wanted(run: Run, product: Product) -> None:
    settings = run.settings
    if not settings.products_enabled:
        raise Skip(f"Product {product.name} was not sent to Xoro: the setting “Synchronize products” is off.",
                   reason="filtered", code="products_enabled")  # fmt: skip
    if settings.product_direction != TO_XORO:
        raise Skip(f"Product {product.name} was not sent to Xoro: the setting “Direction” of products says “Xoro to the "
                   "shop”.", reason="filtered", code="product_direction")  # fmt: skip
    tags = {tag.casefold() for tag in settings.product_tags}
    if tags and not tags & {tag.casefold() for tag in product.tags}:
        raise Skip(f"Product {product.name} has none of the tags {', '.join(settings.product_tags)}.", reason="filtered",
                   code="product_tags")  # fmt: skip
    if product.is_gift_card:
        raise Skip(f"Product {product.name} is a gift card; in Xoro the setting “Gift card SKU” stands for it.",
                   reason="filtered", code="gift_card")  # fmt: skip


def _note_currency(run: Run, product: Product) -> None:
    currency = run.settings.price_currency.upper()
    if currency and product.currency and product.currency != currency:
        run.note("no_price_row", f"The shop's prices are in {product.currency}, and the setting “Item price currency” says "
                 f"{currency}: no price was written.")  # fmt: skip


# --- finding --------------------------------------------------------------------------------------------------------


def _find(run: Run, product: Product) -> Node | None:
    """The base part of the ledger, else the one of the product's handle; ``None`` where it is certain that there is none.
    Raises ``RemoteRefused`` where its SKUs are another's, ``RemoteUnavailable`` where nothing is certain."""
    if run.link is not None and run.link.target_number:
        part = _read(run, run.link.target_number)
        if part is not None:
            return part
        run.note("deleted_in_xoro", f"Base part {run.link.target_number} is not in Xoro any more.")
    number = base_part_number(product)
    part = _read(run, number)
    if part is not None:
        return _checked(product, part)
    for variant in product.variants[:SEARCHED]:
        item = calls.get_item(run.client, variant.sku)
        other = calls.text(item.get("BasePartNumber")) if item is not None else ""
        if other and other != number:
            found = _read(run, other)
            if found is not None:
                return _of_sku(product, variant.sku, found)
    return None


def _read(run: Run, number: str) -> Node | None:
    part, is_certain = calls.get_product(run.client, number)
    if part is None and not is_certain:
        raise RemoteUnavailable(
            f"Xoro answered with nothing for base part {number}, as it also does when it is too busy; nothing was written.",
            code="throttled",
        )
    return part


def _checked(product: Product, part: Node) -> Node:
    """A base part of the product's name; one with somebody else's handle is not taken."""
    handle = calls.text(part.get("Handle"))
    if handle and handle != product.handle:
        number = calls.text(part.get("BasePartNumber"))
        raise RemoteRefused(
            f"Base part {number} of Xoro has the handle “{handle}”, product {product.name} of the shop “{product.handle}”; "
            "nothing was written.",
            code="handle_differs", next_step="Give both the same handle, then press Retry.",
        )  # fmt: skip
    return part


def _of_sku(product: Product, sku: str, part: Node) -> Node:
    """A base part that has one of the product's SKUs: the product's own where its handle says so, else an error."""
    handle, number = calls.text(part.get("Handle")), calls.text(part.get("BasePartNumber"))
    if handle and handle == product.handle:
        return part
    named = f"the handle “{handle}”" if handle else "no handle"
    raise RemoteRefused(
        f"SKU {sku} of product {product.name} (handle “{product.handle}”) is in Xoro at base part {number}, which has {named}. "
        "They were not linked, and nothing was written.",
        code="sku_used", next_step=f"Give base part {number} the handle “{product.handle}” in Xoro if it is the same product, "
        "else another SKU to one of them; then press Retry.",
    )  # fmt: skip


# --- writing --------------------------------------------------------------------------------------------------------


def _write(run: Run, product: Product, wanted: Node, verb: str) -> Delivered:
    number = calls.text(wanted.get("BasePartNumber"))
    try:
        answered = calls.write_product(run.client, wanted)
    except RemoteRefused as error:
        if error.code in run.settings.duplicate_codes or "duplicate" in error.sentence.lower():
            raise RemoteRefused(
                f"Xoro does not take base part {number} of product {product.name}: {error.sentence}", code=error.code,
                next_step="Give the base part Xoro names the handle of this product if it is the same, else another SKU or "
                "handle to one of them; then press Retry.", status=error.status, request_id=error.request_id,
            ) from error  # fmt: skip
        raise
    echoed = calls.text(answered.get("BasePartNumber"))
    if echoed and echoed != number:
        raise UnconfirmedWrite(
            f"Base part {number} was sent to Xoro, whose answer is about {echoed}.",
            next_step=f"Look in Xoro at base part {number}; if it is right, mark this event resolved, else press Retry.",
        )
    if not echoed:  # success without a product: what stands there now is read
        found, _ = calls.get_product(run.client, number)
        if found is None:
            raise UnconfirmedWrite(
                f"Xoro took base part {number} of product {product.name} without answering it, and does not list it.",
                next_step=f"Look in Xoro for the base part {number}. If it is there, mark this event resolved, else press "
                "Retry.",
            )
        answered = found
    return _delivered(product, answered, f"Base part {number} was {verb} in Xoro for product {product.name}.")


def _delivered(product: Product, part: Node, sentence: str) -> Delivered:
    number = calls.text(part.get("BasePartNumber"))
    if not number:
        raise PayloadError(f"Xoro answered a base part without its number for product {product.name}.",
                           path="BasePartNumber")  # fmt: skip
    return Delivered(target_id=calls.text(part.get("Id")) or number, target_number=number, sentence=sentence)
