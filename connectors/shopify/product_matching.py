"""Which product of the shop a record is: found by id, handle, SKU or barcode, and never guessed.

Where several products match, none is taken: the delivery names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from connectors.exceptions import RemoteRefused
from connectors.shopify.calls import products as calls
from connectors.shopify.client import plain_id
from connectors.shopify.definitions import NOT_DEFINED, custom_id
from connectors.shopify.product_inputs import Wanted

if TYPE_CHECKING:
    from connectors.run import Run

NAMED = 8  # products or SKUs an error names


def find(run: Run, wanted: Wanted) -> str | None:
    """The global id of the record's product, ``None`` where the shop has none. The ledger's own id comes first, then
    the ways of the route's options in their order. Raises ``RemoteRefused`` (``several_match``)."""
    if run.link is not None and run.link.target_object_id:
        gid = calls.product_gid(run.link.target_object_id)
        if calls.find_product(run.client, {"id": gid}) is not None:
            return gid
        run.note("deleted_in_shop", f"Product {run.link.target_number or plain_id(gid)} is not in the shop any more.")
    for way in wanted.options.match_by:
        found = WAYS[way](run, wanted)
        if len(found) > 1:
            raise _several(wanted, way, found)
        if found:
            return next(iter(found))
    return None


def _several(wanted: Wanted, way: str, found: Mapping[str, str]) -> RemoteRefused:
    return RemoteRefused(
        f"Product {wanted.record.name} fits {len(found)} products of the shop by {way}: {_listed(found.values())}. "
        "None was linked.",
        next_step="Merge them in the shop, or give the right one the handle of this product; then press Retry.",
        code="several_match",
    )


def _by_custom_id(run: Run, wanted: Wanted) -> dict[str, str]:
    if wanted.identity is None:
        return {}
    try:
        found = calls.find_product(run.client, {"customId": custom_id(wanted.identity)})
    except RemoteRefused as error:
        if error.code == NOT_DEFINED:  # no such metafield is defined yet, so no product has it
            return {}
        raise
    return {found["id"]: found["handle"]} if found else {}


def _by_handle(run: Run, wanted: Wanted) -> dict[str, str]:
    handle = wanted.record.handle
    found = calls.find_product(run.client, {"handle": handle}) if handle else None
    return {found["id"]: found["handle"]} if found else {}


def _by_sku(run: Run, wanted: Wanted) -> dict[str, str]:
    return _products_of(calls.variants_by_sku(run.client, [one.sku for one in wanted.record.variants if one.sku]))


def _by_barcode(run: Run, wanted: Wanted) -> dict[str, str]:
    codes = [one.barcode for one in wanted.record.variants if one.barcode]
    return _products_of(calls.variants_by_barcode(run.client, codes))


def _products_of(nodes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {str(node["product"]["id"]): str(node["product"]["handle"]) for node in nodes}


WAYS = {"custom_id": _by_custom_id, "handle": _by_handle, "sku": _by_sku, "barcode": _by_barcode}


def check_skus_are_free(run: Run, wanted: Wanted) -> None:
    """Before a product is made: no other product may have its SKUs. Raises ``RemoteRefused`` (``sku_used``), or leaves
    a note where the route's options say so."""
    skus = [one.sku for one in wanted.record.variants if one.sku]
    where = {str(node["sku"]): str(node["product"]["handle"]) for node in calls.variants_by_sku(run.client, skus)}
    if not where:
        return
    listed = _listed(f"{sku} in {handle}" for sku, handle in sorted(where.items()))
    sentence = f"Other products of the shop have SKUs of {wanted.record.name}: {listed}."
    if wanted.options.on_known_sku == "note":
        run.note("sku_used", sentence)
        return
    raise RemoteRefused(
        f"{sentence} The product was not made, so that no SKU stands twice.",
        next_step="Give that product this one's handle, or let the route find products by SKU; then press Retry.",
        code="sku_used",
    )


def _listed(texts: Iterable[str]) -> str:
    named = list(texts)
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return ", ".join(named[:NAMED]) + more
