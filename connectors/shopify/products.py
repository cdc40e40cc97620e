"""Products out of a shop: one by one because the shop told us or a person asked, changed ones on a plan.

A delivery is a trigger only: the product is read whole, its SKUs are written down, and it is handed on whole, or not at
all. Not for translating it (``product_translation``) nor for what comes into the shop (``product_delivery``).
"""

from __future__ import annotations

import re
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.directory import Known
from connectors.exceptions import PayloadError, RemoteRefused, Skip
from connectors.shopify import days, skus, trigger, watermarks
from connectors.shopify.calls import products as calls
from connectors.shopify.calls.changes import changed_pages
from connectors.shopify.client import plain_id
from connectors.shopify.currency import shop_currency
from connectors.shopify.phrases import counted
from connectors.shopify.product_translation import product_record

if TYPE_CHECKING:
    from connectors.run import Run

STATE = "product_state"  # directory: product to the state last handed on or, where ``own``, caused by the hub itself


def import_product(run: Run) -> str:
    """``products/create``, ``products/update``: read the product and hand it to its routes.

    Raises ``Skip`` (not found; the hub's own write; what ``run.deliver`` skips), ``ConfigurationError`` naming a missing
    scope or a wrong shop, ``PayloadError``, and what a call raises."""
    return _import(run, trigger.named_gid(run, "Product"), is_asked_for=False)


def product_deleted(run: Run) -> str:
    """``products/delete``: said on the event; its SKUs are forgotten. Nothing is deleted anywhere else."""
    gid = trigger.named_gid(run, "Product")
    run.describe(object_type="product", object_id=plain_id(gid))
    known = directory.by_id(run.connector.pk, STATE, gid)
    directory.forget(run.connector.pk, STATE, [gid])
    count = skus.forget_product(run, gid)
    if known is not None and known.data.get("own"):
        run.note("own_product", "The hub itself had written this product; its next delivery creates it anew.")
    return (
        f"Product {plain_id(gid)} was deleted in the shop; {counted(count, 'SKU')} of it forgotten. "
        "Nothing was deleted in other systems."
    )


def synchronize_product(run: Run) -> str:
    """The product a person named in ``run.payload["number"]``: by its id, its handle or title, or one of its SKUs.
    Raises as ``import_product`` does, ``RemoteRefused`` where several products have that SKU."""
    number = str(run.payload.get("number") or "").strip()
    if not number:
        raise PayloadError("No product was named.", path="number", next_step="Enter handle or SKU and try again.")
    run.describe(object_type="product", object_id="", object_label=number)
    gid = _by_gid(number) or _by_handle(run, number) or _by_sku(run, number) or _by_number(number)
    if gid is None:
        raise Skip(
            f"The shop has no product with the handle or SKU “{number}”; one made seconds ago may not be found yet.",
            code="not_found",
        )
    return _import(run, gid, is_asked_for=True)


def synchronize_changed(run: Run) -> str:
    """One event for every product changed since the last complete walk."""

    def spawn(node: dict[str, Any]) -> None:
        number, changed = plain_id(str(node["id"])), str(node["updatedAt"])
        payload = {"id": number, "admin_graphql_api_id": str(node["id"]), "updated_at": changed}
        label = str(node.get("handle") or number)
        run.spawn(topic="products/update", object_type="product", object_id=number, object_label=label, payload=payload)

    pages = partial(changed_pages, run.client, "HubProductsSince", "products")
    walked = watermarks.walk(run, "products", pages, spawn, first_days=run.settings.product_sync_days)
    trigger.pass_on_notes(run)
    return walked.sentence("product", "products")


def synchronize_days(run: Run) -> str:
    """One event for every product whose last change was on the days of ``run.days``, in the shop's time zone; what the hub
    itself changed as well."""
    start, end = days.stretch(run, *run.days)
    expected = calls.count_changed(run.client, start, end)

    def spawn(node: dict[str, Any]) -> None:
        number, label = plain_id(str(node["id"])), str(node.get("handle") or "")
        payload = {"number": str(node["id"])}
        run.spawn(topic="single:product", object_type="product", object_id=number, object_label=label, payload=payload)

    pages = changed_pages(run.client, "HubProductsSince", "products", start, end)
    count = days.hand_on(run, (node for page in pages for node in page), spawn, expected)
    return days.sentence(run, count, "product was changed last", "products were changed last")


def count_days(run: Run, first: date, last: date) -> int:
    """How many products that are, as far as the shop counts (10,000)."""
    return calls.count_changed(run.client, *days.stretch(run, first, last))


def remember_own_write(run: Run, gid: str, *, before: str, after: str) -> None:
    """The hub changed this product from the state ``before`` (empty: it was made) to ``after``: the delivery that tells
    of that state is news to nobody. Not where somebody else's change of ``before`` was not handed on yet: then the next
    delivery has to be read."""
    known = directory.by_id(run.connector.pk, STATE, gid)
    if not before or (known is not None and known.key == before):
        directory.put(run.connector.pk, STATE, [Known(key=after, object_id=gid, data={"own": True})])


def _import(run: Run, gid: str, *, is_asked_for: bool) -> str:
    run.describe(object_type="product", object_id=plain_id(gid))
    product = calls.get_product(run.client, gid)
    trigger.pass_on_notes(run)
    if product is None:
        raise Skip("The shop has no such product: it was deleted.", code="not_found")
    # Described before it is translated, so that a product that cannot be translated is found by its title.
    run.describe(object_type="product", object_id=plain_id(gid), object_label=str(product.get("title") or ""))
    currency = shop_currency(run)
    record = product_record(product, shop_domain=run.settings.shop_domain.lower(), currency=currency)
    skus.remember_product(run, product)
    run.keys(record.search_keys())
    if not is_asked_for and _is_own_write(run, gid, str(product["updatedAt"])):
        raise Skip(f"The change of {record.name} is the hub's own.", code="own_write")
    routes = run.deliver(record)
    directory.put(run.connector.pk, STATE, [Known(key=str(product["updatedAt"]), object_id=gid)])
    variants = len(record.variants)
    return (
        f"Product {record.name} with {counted(variants, 'variant')} read from the shop and handed to "
        f"{counted(routes, 'route')}."
    )


def _is_own_write(run: Run, gid: str, updated_at: str) -> bool:
    known = directory.by_id(run.connector.pk, STATE, gid)
    return known is not None and bool(known.data.get("own")) and known.key == updated_at


def _by_gid(number: str) -> str | None:
    return number if re.fullmatch(r"gid://shopify/Product/[0-9]+", number) else None


def _by_number(number: str) -> str | None:
    """After the SKUs: many of them are numbers."""
    return calls.product_gid(number) if re.fullmatch(r"[0-9]+", number) else None


def _by_handle(run: Run, text: str) -> str | None:
    """A title is tried as the handle Shopify makes of it."""
    handle = re.sub(r"[^\w]+", "-", text.lower()).strip("-")
    found = calls.find_product(run.client, {"handle": handle}) if handle else None
    return str(found["id"]) if found else None


def _by_sku(run: Run, sku: str) -> str | None:
    known = directory.find(run.connector.pk, skus.VARIANT, [sku]).get(sku, [])
    found = {str(one.data["product"]): "" for one in known if one.data.get("product")}
    if not found:
        nodes = list(calls.variants_by_sku(run.client, [sku]))
        found = {str(one["product"]["id"]): str(one["product"]["handle"]) for one in nodes}
    if len(found) > 1:
        named = ", ".join(handle or plain_id(gid) for gid, handle in sorted(found.items()))
        raise RemoteRefused(
            f"{len(found)} products of the shop have the SKU “{sku}”: {named}.",
            next_step="Enter the handle of the one that is meant.",
            code="sku_used_twice",
        )
    return next(iter(found), None)
