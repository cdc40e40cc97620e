"""Calls about products, variants and inventory items.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Product (checked 2026-11-20). Not for prices of customer
groups: those are ``prices.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from connectors.exceptions import RemoteUnavailable
from connectors.shopify.calls.changes import in_batches, page_of
from connectors.shopify.client import ShopifyClient, quoted, zulu
from connectors.shopify.replies import promised_shape

Node = dict[str, Any]
RESTARTS = 3  # of a read whose product changed between two pages
SKUS_A_SEARCH = 40  # terms of one search string


def product_gid(number: str | int) -> str:
    """The global id of a product from the number in webhooks and admin addresses."""
    return f"gid://shopify/Product/{number}"


def get_product(client: ShopifyClient, gid: str) -> Node | None:
    """One product with all its variants in ``variants.nodes``; ``None`` where the shop has none by this id.

    HubProduct by pages of 50 variants. Pages of two states are never mixed: a product that changed meanwhile is read
    anew, and one that never rests is ``RemoteUnavailable``."""
    for _ in range(RESTARTS + 1):
        product = _page_of_product(client, gid, None)
        if product is None or _add_variants(client, product):
            return product
    raise RemoteUnavailable("The product changes while it is being read.", code="changing", retry_after_s=30)


def _page_of_product(client: ShopifyClient, gid: str, after: str | None) -> Node | None:
    data = client.execute("HubProduct", {"id": gid, "after": after})
    with promised_shape("a product"):
        product: Node | None = data["product"]
        if product is not None:
            _ = (product["id"], product["updatedAt"], page_of(product["variants"]))
    return product


def _add_variants(client: ShopifyClient, product: Node) -> bool:
    """True once every variant is there; false where the product changed meanwhile, or is gone."""
    rows, after = page_of(product["variants"])
    while after is not None:
        page = _page_of_product(client, product["id"], after)
        if page is None or page["updatedAt"] != product["updatedAt"]:
            return False
        more, after = page_of(page["variants"])
        rows += more
    product["variants"] = {"nodes": rows, "pageInfo": {"hasNextPage": False, "endCursor": None}}
    return True


def count_changed(client: ShopifyClient, start: datetime, end: datetime) -> int:
    """How many products were changed last from ``start`` to before ``end``; the shop counts to 10,000. HubProductsCount."""
    filter_ = f"updated_at:>={quoted(zulu(start))} AND updated_at:<{quoted(zulu(end))}"
    with promised_shape("a count of products"):
        return int(client.execute("HubProductsCount", {"filter": filter_})["productsCount"]["count"])


def find_product(client: ShopifyClient, identifier: Node) -> Node | None:
    """id, legacyResourceId, title, handle, status, updatedAt of the one product of an ``{id | handle | customId}``.
    HubProductByIdentifier: a read, no search, so that what was just written is there."""
    data = client.execute("HubProductByIdentifier", {"identifier": identifier})
    with promised_shape("a product"):
        found: Node | None = data["productByIdentifier"]
        if found is not None:
            _ = (str(found["id"]), str(found["handle"]), str(found["title"]))
    return found


def variants_by_sku(client: ShopifyClient, skus: Collection[str]) -> Iterator[Node]:
    """Every variant of exactly one of these SKUs (the index itself compares without case). HubVariantsBySku; a variant
    made seconds ago may not be found yet."""
    wanted = set(skus)
    for some in in_batches(sorted(wanted), SKUS_A_SEARCH):
        filter_ = " OR ".join(f"sku:{quoted(sku)}" for sku in some)
        for node in _variants_found(client, filter_):
            if node["sku"] in wanted:
                yield node


def variants_by_barcode(client: ShopifyClient, barcodes: Collection[str]) -> Iterator[Node]:
    """Every variant of exactly one of these barcodes."""
    wanted = set(barcodes)
    for some in in_batches(sorted(wanted), SKUS_A_SEARCH):
        filter_ = " OR ".join(f"barcode:{quoted(one)}" for one in some)
        for node in _variants_found(client, filter_):
            if node["barcode"] in wanted:
                yield node


def _variants_found(client: ShopifyClient, filter_: str) -> Iterator[Node]:
    after = None
    while True:
        data = client.execute("HubVariantsBySku", {"filter": filter_, "after": after})
        with promised_shape("variants"):
            nodes, after = page_of(data["productVariants"])
            for node in nodes:
                _ = (node["id"], node["sku"], node["barcode"], node["product"]["id"], node["product"]["handle"],
                     node["inventoryItem"]["id"])  # fmt: skip
        yield from nodes
        if after is None:
            return


def get_item(client: ShopifyClient, gid: str) -> Node | None:
    """An inventory item with its variants and their products; ``None`` where there is none. HubItem."""
    data = client.execute("HubItem", {"id": gid})
    with promised_shape("an inventory item"):
        item: Node | None = data["inventoryItem"]
        if item is not None:
            _ = [(one["id"], one["product"]["id"]) for one in item["variants"]["nodes"]]
            _ = (item["id"], item["sku"], bool(item["tracked"]), item["updatedAt"])
    return item


# --- writes ---------------------------------------------------------------------------------------------------------


def set_product(client: ShopifyClient, identifier: Node | None, wanted: Node, *, at_once: bool) -> Node:
    """Create (or, where the identifier names one, replace) a product: the payload with ``product`` or, not at once,
    ``productSetOperation``. HubProductSet; repeated with the same identifier it converges."""
    payload = client.change("HubProductSet", {"identifier": identifier, "input": wanted, "sync": at_once})
    with promised_shape("HubProductSet"):
        if at_once:
            _ = (payload["product"]["id"], payload["product"]["handle"], payload["product"]["updatedAt"])
        else:
            _ = str(payload["productSetOperation"]["id"])
    return payload


def get_operation(client: ShopifyClient, gid: str) -> Node | None:
    """``status`` (CREATED, ACTIVE, COMPLETE), ``product`` and ``userErrors`` of a productSet that runs by itself."""
    data = client.execute("HubProductOperation", {"id": gid})
    with promised_shape("a product operation"):
        operation: Node | None = data["productOperation"]
        if operation is not None:
            _ = (str(operation["status"]), [str(one["message"]) for one in operation["userErrors"]])
            if operation["product"] is not None:
                _ = (operation["product"]["id"], operation["product"]["updatedAt"])
    return operation


def update_product(client: ShopifyClient, changes: Node) -> str:
    """Change the fields given (``id`` among them), and say when: the product's ``updatedAt``. HubProductUpdate."""
    payload = client.change("HubProductUpdate", {"product": changes})
    return _changed_at(payload, "HubProductUpdate")


def update_variants(client: ShopifyClient, product_id: str, variants: Sequence[Node]) -> tuple[str, Node]:
    """Change up to 250 variants of one product; a bad one does not keep the others. The product's ``updatedAt`` and the
    whole payload. HubVariantsUpdate; raises ``replies.UserErrors`` whose fields name the bad ones by place."""
    variables = {"productId": product_id, "variants": list(variants), "partial": True}
    payload = client.change("HubVariantsUpdate", variables)
    return _changed_at(payload, "HubVariantsUpdate"), payload


def create_variants(client: ShopifyClient, product_id: str, variants: Sequence[Node]) -> str:
    """Add up to 250 variants to a product; all of them or none. HubVariantsCreate."""
    payload = client.change("HubVariantsCreate", {"productId": product_id, "variants": list(variants)})
    return _changed_at(payload, "HubVariantsCreate")


def get_media(client: ShopifyClient, gid: str) -> list[Node] | None:
    """Images and other media of a product, up to 250; ``None`` where there is no such product. HubProductMedia."""
    data = client.execute("HubProductMedia", {"id": gid})
    with promised_shape("media"):
        if data["product"] is None:
            return None
        nodes: list[Node] = data["product"]["media"]["nodes"]
        for node in nodes:
            image = (node["preview"] or {}).get("image")
            _ = (node["alt"], str(image["url"]) if image else None)
    return nodes


def add_images(client: ShopifyClient, gid: str, media: Sequence[Node]) -> str:
    """Add images by their addresses; Shopify fetches them later. HubProductImages: not to be repeated blindly."""
    payload = client.change("HubProductImages", {"id": gid, "media": list(media)})
    return _changed_at(payload, "HubProductImages")


def _changed_at(payload: Node, document: str) -> str:
    with promised_shape(document):
        return str(payload["product"]["updatedAt"])
