"""Products into a shop: made where there is none, else changed field by field; never linked by a guess.

A write whose answer was lost does no harm: before anything is written, what is there is read, and only what differs is
sent. A large product is made by Shopify in the background; its operation is remembered, so that a later attempt asks
for it instead of making the product again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.base import Delivered
from connectors.exceptions import RemoteRefused, Skip, UnconfirmedWrite
from connectors.records import Product
from connectors.shopify import product_images, product_matching, product_operations, product_prices
from connectors.shopify.calls import products as calls
from connectors.shopify.calls.changes import in_batches
from connectors.shopify.client import plain_id
from connectors.shopify.currency import shop_currency
from connectors.shopify.definitions import custom_id, ensure_defined
from connectors.shopify.product_changes import Changes, changes_of, identity_conflict
from connectors.shopify.product_errors import refused_creation, refused_variants
from connectors.shopify.product_inputs import Wanted, creation, wanted_product
from connectors.shopify.product_options import ProductOptions
from connectors.shopify.products import remember_own_write
from connectors.shopify.replies import UserErrors

if TYPE_CHECKING:
    from connectors.run import Run

Node = dict[str, Any]


def accept_product(run: Run, product: Product) -> Delivered:
    """Make the product, or change what differs. Raises ``Skip`` (unchanged, filtered), ``PayloadError``,
    ``RemoteRefused`` (several match, SKUs in use, what Shopify declines by SKU), ``WaitFor`` while Shopify still works,
    ``UnconfirmedWrite`` and the errors of the client."""
    options: ProductOptions = run.options.told_by(product)
    _check_filters(product, options)
    currency = shop_currency(run)
    product = product_prices.priced(run, product, currency)
    wanted = wanted_product(product, options, currency=currency, key=run.settings.product_key)
    if run.link is not None and run.link.sent_hash == wanted.fingerprint:
        raise Skip(
            f"Product {product.name} is in {run.connector} as {run.link.target_number}; nothing that is sent changed.",
            reason="unchanged",
            code="unchanged",
        )
    product_prices.tell(run, wanted, currency)
    begun = product_operations.outcome(run, product, wanted.fingerprint)
    if begun is not None:
        made, is_same = begun
        if not is_same:  # begun for an older version of the record: what differs since is still to be sent
            return _update(run, wanted, str(made["id"]))
        return _delivered(run, wanted, made, f"Product {product.name} was made in the shop.")
    gid = product_matching.find(run, wanted)
    return _create(run, wanted) if gid is None else _update(run, wanted, gid)


def _check_filters(product: Product, options: ProductOptions) -> None:
    wanted = {tag.casefold() for tag in options.only_tags}
    if wanted and not wanted & {tag.casefold() for tag in product.tags}:
        sentence = f"Product {product.name} has none of the tags {', '.join(options.only_tags)}."
        raise Skip(sentence, reason="filtered", code="tags")


# --- making ---------------------------------------------------------------------------------------------------------


def _create(run: Run, wanted: Wanted) -> Delivered:
    record = wanted.record
    if not wanted.options.creates:
        raise Skip(f"The shop has no product {record.name}, and the route makes none.", code="not_there")
    identifier = _identifier(wanted)
    if identifier is None and run.unfinished_write:
        raise UnconfirmedWrite(
            f"An earlier attempt to make product {record.name} got no answer, and the shop lists no such product yet.",
            code="unconfirmed",
        )
    product_matching.check_skus_are_free(run, wanted)
    if identifier is not None and "customId" in identifier:
        _ensure_defined(run, identifier)
    is_large = len(wanted.variants) >= run.settings.product_async_from
    payload = _set(run, wanted, identifier, creation(wanted), at_once=not is_large)
    if is_large:
        product_operations.remember(run, record, str(payload["productSetOperation"]["id"]), wanted.fingerprint)
        return _delivered(
            run, wanted, product_operations.wait(run, record), f"Product {record.name} was made in the shop."
        )
    return _delivered(run, wanted, payload["product"], f"Product {record.name} was made in the shop.")


def _identifier(wanted: Wanted) -> Node | None:
    """By which a repeated ``productSet`` meets the product it has made; ``None`` where the route has no such way."""
    if wanted.identity is not None and "custom_id" in wanted.options.match_by:
        return {"customId": custom_id(wanted.identity)}
    if wanted.record.handle and "handle" in wanted.options.match_by:
        return {"handle": wanted.record.handle}
    return None


def _ensure_defined(run: Run, identifier: Node) -> None:
    ensure_defined(
        run.client, "PRODUCT", run.settings.product_key, "Product id in the other system",
        lambda: calls.find_product(run.client, identifier),
    )  # fmt: skip


def _set(run: Run, wanted: Wanted, identifier: Node | None, given: Node, *, at_once: bool) -> Node:
    if identifier is None or "customId" not in identifier:
        given = {**given, "metafields": [one for one in given.get("metafields", ()) if one != wanted.identity]}
    try:
        return calls.set_product(run.client, identifier, given, at_once=at_once)
    except UserErrors as error:
        raise refused_creation(wanted, error) from error


# --- changing -------------------------------------------------------------------------------------------------------


def _update(run: Run, wanted: Wanted, gid: str) -> Delivered:
    product = calls.get_product(run.client, gid)
    if product is None:
        raise RemoteRefused(
            f"Product {plain_id(gid)} was deleted in the shop just now.", code="not_found",
            next_step="Press Retry: the product is then made anew.",
        )  # fmt: skip
    other = identity_conflict(product, wanted)
    if other and "custom_id" in wanted.options.match_by:
        raise RemoteRefused(
            f"The shop's product {product['handle']} belongs to product {other} of the other system, not to "
            f"{wanted.record.id} ({wanted.record.name}). Nothing was changed.",
            next_step="Give one of the two another handle or SKU, then press Retry.",
            code="belongs_to_another",
        )
    keeps_identity = "custom_id" in wanted.options.match_by
    changes = changes_of(product, wanted, keeps_identity=keeps_identity)
    if wanted.options.replaces_whole and (changes or changes.others):
        return _replace(run, wanted, gid, before=str(product["updatedAt"]))
    if changes.others:
        run.note("other_variants", f"{changes.others} variants of the shop's product are not in the record; they stay.")
    updated_at = _apply(run, wanted, product, changes)
    sentence = changes.sentence(wanted.record.name)
    after = {**product, "updatedAt": updated_at}
    return _delivered(run, wanted, after, sentence, before=str(product["updatedAt"]))


def _apply(run: Run, wanted: Wanted, product: Node, changes: Changes) -> str:
    """Send what differs; returns the product's time of change. Variants Shopify declines do not keep the others."""
    gid, updated_at = str(product["id"]), str(product["updatedAt"])
    if changes.product:
        if any(one.get("type") == "id" for one in changes.product.get("metafields", ())) and wanted.identity:
            _ensure_defined(run, {"customId": custom_id(wanted.identity)})
        updated_at = calls.update_product(run.client, {"id": gid, **changes.product})
    declined: list[tuple[list[str], UserErrors]] = []
    for some in in_batches(changes.variants):
        try:
            updated_at, _ = calls.update_variants(run.client, gid, [given for _, given in some])
        except UserErrors as error:
            declined.append(([sku for sku, _ in some], error))
    for some in in_batches(changes.new):
        try:
            updated_at = calls.create_variants(run.client, gid, [given for _, given in some])
        except UserErrors as error:
            declined.append(([sku for sku, _ in some], error))
    if declined:
        raise refused_variants(wanted, product, declined)
    return updated_at


def _replace(run: Run, wanted: Wanted, gid: str, *, before: str) -> Delivered:
    """The product whole, because the route says so: variants the record does not name are gone afterwards."""
    given = {name: value for name, value in creation(wanted).items() if name != "status"}
    is_large = len(wanted.variants) >= run.settings.product_async_from
    payload = _set(run, wanted, {"id": gid}, given, at_once=not is_large)
    if is_large:
        gid = str(payload["productSetOperation"]["id"])
        product_operations.remember(run, wanted.record, gid, wanted.fingerprint)
        product = product_operations.wait(run, wanted.record)
    else:
        product = payload["product"]
    return _delivered(
        run, wanted, product, f"Product {wanted.record.name} was replaced whole in the shop.", before=before
    )


# --- afterwards -----------------------------------------------------------------------------------------------------


def _delivered(run: Run, wanted: Wanted, product: Node, sentence: str, *, before: str = "") -> Delivered:
    """Images last: one that cannot be had must not undo the product. ``before``: the product's time of change before
    this delivery, empty where it was made."""
    gid, updated_at = str(product["id"]), str(product["updatedAt"])
    # One that an earlier attempt made before its answer was lost is new as well: its images are still missing.
    is_new = "variantsCount" not in product or (run.link is None and run.unfinished_write)
    if wanted.record.images and (is_new or wanted.options.changes("images")):
        updated_at = product_images.add_missing(run, wanted.record, gid) or updated_at
    if updated_at != before:
        remember_own_write(run, gid, before=before, after=updated_at)
    number = str(product.get("handle") or wanted.record.handle or plain_id(gid))
    return Delivered(target_id=plain_id(gid), target_number=number, sentence=sentence, sent_hash=wanted.fingerprint)
