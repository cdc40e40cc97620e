"""Mutations of products: made and replaced whole by ``productSet``, changed by ``productUpdate``; images come later.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/productSet (checked 2026-11-20): lists that are given are
whole lists, variants left out are deleted. Not at once, it runs on the sandbox's clock: CREATED, ACTIVE, COMPLETE.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connectors.sandbox import Reply
from connectors.shopify.sandbox.catalogue import free_handle, next_place
from connectors.shopify.sandbox.engine import Call, number_of
from connectors.shopify.sandbox.orders import Node, stamp
from connectors.shopify.sandbox.product_inputs import settle_options, settle_problem
from connectors.shopify.sandbox.product_payloads import product_payload
from connectors.shopify.sandbox.products import found_product
from connectors.shopify.sandbox.shops import OUTLET
from connectors.shopify.sandbox.variant_inputs import (
    change_variant,
    chosen_options,
    delete_variant,
    make_variant,
    merged_metafields,
    tell,
    touch,
    user_error,
)

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

FIRST_PRODUCT = 880_001
ACTIVE_AFTER_S, COMPLETE_AFTER_S = 1.0, 3.0
FETCH_S = 2.0  # until an image's address has been fetched
PLAIN = ("title", "descriptionHtml", "vendor", "productType", "status")


def _set(
    call: Call, info: Any, input: Node, identifier: Mapping[str, Any] | None = None, synchronous: bool = True
) -> Node:
    if synchronous or call.sandbox is None:
        product, errors = _settle(call, input, identifier)
        return {"product": None if errors else product, "productSetOperation": None, "userErrors": errors}
    operation: Node = {
        "__typename": "ProductSetOperation",
        "id": f"gid://shopify/ProductSetOperation/{call.shop.take_id()}",
        "status": "CREATED",
        "product": None,
        "userErrors": [],
    }
    call.shop.table("ProductSetOperation")[operation["id"]] = operation
    later = partial(_run_operation, call.sandbox, call, operation, copy.deepcopy(dict(input)), identifier)
    call.sandbox.schedule(ACTIVE_AFTER_S, partial(operation.update, status="ACTIVE"))
    call.sandbox.schedule(COMPLETE_AFTER_S, later)
    return {"product": None, "productSetOperation": dict(operation), "userErrors": []}


def _run_operation(
    sandbox: ShopifySandbox, call: Call, operation: Node, given: Node, identifier: Mapping[str, Any] | None
) -> None:
    with sandbox.lock:
        call.now = sandbox.now()
        product, errors = _settle(call, given, identifier)
        operation.update(status="COMPLETE", product=product, userErrors=errors)


def _settle(call: Call, given: Node, identifier: Mapping[str, Any] | None) -> tuple[Node | None, list[Node]]:
    """The product after the input, or what is wrong with it; nothing is done where anything is wrong."""
    product = found_product(call, identifier) if identifier else None
    error = settle_problem(call, product, given, identifier)
    if error is not None:
        return None, [error]
    is_new = product is None
    if product is None:
        product = _new(call, given)
    if identifier and "handle" in identifier and is_new:
        _rename(call, product, identifier["handle"])
    _change(call, product, given)
    if "files" in given:
        product["media"] = []
        _add_media(call, product, [{**one, "mediaContentType": "IMAGE"} for one in given["files"]])
    settle_options(call, product, given)
    if "variants" in given:
        _settle_variants(call, product, given["variants"])
    elif is_new:
        make_variant(call, product, {}, [{"name": "Title", "value": "Default Title"}])
    product["updatedAt"] = max(stamp(call.now), product["updatedAt"])
    tell(call, "products/create" if is_new else "products/update", product_payload(call.shop, product))
    return product, []


def _new(call: Call, given: Mapping[str, Any]) -> Node:
    number = FIRST_PRODUCT + next_place(call.shop, "Product")
    moment = stamp(call.now)
    product: Node = {
        "id": f"gid://shopify/Product/{number}",
        "legacyResourceId": str(number),
        "title": given["title"],
        "handle": given.get("handle") or free_handle(call.shop, given["title"]),
        "status": "ACTIVE",
        "vendor": call.shop.name,
        "productType": "",
        "tags": [],
        "descriptionHtml": "",
        "isGiftCard": bool(given.get("giftCard")),
        "createdAt": moment,
        "updatedAt": moment,
        "options": [],
        "media": [],
        "metafields": [],
        "variantIds": [],
    }
    call.shop.table("Product")[product["id"]] = product
    return product


def _rename(call: Call, product: Node, handle: str) -> None:
    product["handle"] = handle
    call.shop.table("Handle").setdefault(handle, {"next": 1})


def _change(call: Call, product: Node, given: Mapping[str, Any]) -> None:
    for name in PLAIN:
        if given.get(name) is not None:
            product[name] = given[name]
    if given.get("handle"):
        _rename(call, product, given["handle"])
    if given.get("tags") is not None:
        tags = {one.strip().casefold(): one.strip() for text in given["tags"] for one in text.split(",") if one.strip()}
        product["tags"] = sorted(tags.values(), key=str.casefold)
    if given.get("metafields") is not None:
        product["metafields"] = merged_metafields(call.shop, product["metafields"], given["metafields"])


def _settle_variants(call: Call, product: Node, given: list[Node]) -> None:
    """The variants given are all there are: known by id or by their option values."""
    table = call.shop.table("ProductVariant")
    by_options = {_key(table[one]["selectedOptions"]): table[one] for one in product["variantIds"]}
    kept: list[str] = []
    for one in given:
        options, _ = chosen_options(product, one["optionValues"])
        known = table.get(one.get("id") or "") or by_options.get(_key(options))
        if known is None:
            known = make_variant(call, product, one, options)
        else:
            known.update(selectedOptions=options, title=" / ".join(value["value"] for value in options))
            change_variant(call, known, one)
        kept.append(known["id"])
    for gone in [one for one in product["variantIds"] if one not in set(kept)]:
        delete_variant(call, product, table[gone])
    product["variantIds"][:] = kept
    for position, gid in enumerate(kept, 1):
        table[gid]["position"] = position


def _key(options: list[Node]) -> tuple[Any, ...]:
    return tuple((one["name"], one["value"]) for one in options)


def _operation(call: Call, info: Any, id: str) -> Any:
    number_of(id, "ProductSetOperation")
    return call.shop.table("ProductSetOperation").get(id)


def _update(call: Call, info: Any, product: Mapping[str, Any], media: list[Node] | None = None) -> Node:
    """Fields given are set, ``tags`` as a whole list; media are added to those there are."""
    number_of(product.get("id") or "", "Product")
    known = call.shop.table("Product").get(product["id"])
    if known is None:
        return {"product": None, "userErrors": [user_error(["id"], "Product does not exist")]}
    error = _update_problem(call, known, product, media or [])
    if error is not None:
        return {"product": None, "userErrors": [error]}
    _change(call, known, product)
    _add_media(call, known, media or [])
    touch(call, known)
    return {"product": known, "userErrors": []}


def _update_problem(
    call: Call, known: Node, given: Mapping[str, Any], media: Sequence[Mapping[str, Any]]
) -> Node | None:
    if "title" in given and not (given["title"] or "").strip():
        return user_error(["title"], "Title can't be blank")
    other = found_product(call, {"handle": given["handle"]}) if given.get("handle") else None
    if other is not None and other is not known:
        return user_error(["handle"], f"Handle '{given['handle']}' already in use. Please provide a new handle.")
    for index, one in enumerate(media):
        if urlsplit(one["originalSource"]).scheme not in {"http", "https"}:
            return user_error(["media", index, "originalSource"], "Image URL is invalid")
    return None


def _add_media(call: Call, product: Node, given: Sequence[Mapping[str, Any]]) -> None:
    """Images without an address until they are fetched. An address ending in ``missing.png`` never is."""
    for one in given:
        source = str(one.get("originalSource") or "")
        node: Node = {
            "__typename": "MediaImage",
            "id": f"gid://shopify/MediaImage/{call.shop.take_id()}",
            "alt": one.get("alt") or "",
            "mediaContentType": "IMAGE",
            "preview": {"image": None},
        }
        product["media"].append(node)
        name = urlsplit(source).path.rpartition("/")[2] or "image.png"
        image = {"image": {"url": f"https://cdn.example.com/s/files/1/{call.shop.domain}/files/{name}?v=1"}}
        if call.sandbox is not None and name != "missing.png":
            call.sandbox.schedule(FETCH_S, partial(node.update, preview=image))


def merchant(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """What somebody does in the shop's own admin: ``{"shop", "product": id or handle, "set": {...}}`` changes fields,
    ``"delete": true`` deletes the product, ``"delete_sku"`` one variant, ``"variant": {"sku", ...}`` changes one."""
    shop = sandbox.shops[wish.get("shop", OUTLET)]
    call = Call(shop, sandbox.now(), None, sandbox)  # type: ignore[arg-type]
    rows = shop.table("Product")
    product = next(one for one in rows.values() if str(wish["product"]) in (one["id"], one["handle"]))
    if "set" in wish:
        product.update(wish["set"])
    for gid in list(product["variantIds"]):
        variant = shop.table("ProductVariant")[gid]
        if wish.get("delete") or variant["sku"] == wish.get("delete_sku"):
            delete_variant(call, product, variant)
        elif (change := wish.get("variant")) and variant["sku"] == change["sku"]:
            change_variant(call, variant, {name: value for name, value in change.items() if name != "sku"})
    if wish.get("delete"):
        del rows[product["id"]]
        tell(call, "products/delete", {"id": int(product["legacyResourceId"])})
    else:
        touch(call, product)
    return Reply(body={"id": product["id"], "updatedAt": product["updatedAt"]})


QUERIES: dict[str, Callable[..., Any]] = {"productOperation": _operation}
MUTATIONS: dict[str, Callable[..., Any]] = {"productSet": _set, "productUpdate": _update}
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("QueryRoot", "productOperation"): "read_products",
    ("Mutation", "productSet"): "write_products",
    ("Mutation", "productUpdate"): "write_products",
}
CONTROLS = {"merchant_product": merchant}
