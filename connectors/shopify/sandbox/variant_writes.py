"""Mutations of variants and inventory items: change and add in bulk, one product a call.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/productVariantsBulkUpdate (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.shopify.sandbox.engine import Call, number_of
from connectors.shopify.sandbox.orders import Node
from connectors.shopify.sandbox.product_payloads import item_payload
from connectors.shopify.sandbox.products import variants_of
from connectors.shopify.sandbox.variant_inputs import (
    MOST_VARIANTS,
    change_item,
    change_variant,
    chosen_options,
    make_variant,
    problem_of,
    tell,
    touch,
    user_error,
)

MISSING_PRODUCT = user_error(["productId"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")


def _update(
    call: Call, info: Any, productId: str, variants: list[Node], allowPartialUpdates: bool = False, **unused: Any
) -> Node:
    number_of(productId, "Product")
    product = call.shop.table("Product").get(productId)
    if product is None:
        return {"product": None, "productVariants": None, "userErrors": [MISSING_PRODUCT]}
    errors: list[Node] = []
    good: list[tuple[Node, Node]] = []
    for index, given in enumerate(variants):
        error = _update_problem(call, product, given, ["variants", index])
        if error is not None:
            errors.append(error)
        else:
            good.append((call.shop.table("ProductVariant")[given["id"]], given))
    if errors and not allowPartialUpdates:
        return {"product": product, "productVariants": None, "userErrors": errors}
    for variant, given in good:
        change_variant(call, variant, given)
        if given.get("inventoryItem"):
            item = call.shop.table("InventoryItem")[variant["inventoryItem"]]
            tell(call, "inventory_items/update", item_payload(call.shop, item))
    if good:
        touch(call, product)
    return {"product": product, "productVariants": [one for one, _ in good], "userErrors": errors}


def _update_problem(call: Call, product: Node, given: Mapping[str, Any], path: list[Any]) -> Node | None:
    if not given.get("id"):
        return user_error([*path, "id"], "Product variant is missing ID attribute", "PRODUCT_VARIANT_ID_MISSING")
    number_of(given["id"], "ProductVariant")
    variant = call.shop.table("ProductVariant").get(given["id"])
    if variant is None:
        return user_error([*path, "id"], "Product variant does not exist", "PRODUCT_VARIANT_DOES_NOT_EXIST")
    if variant["product"] != product["id"]:
        text = "Product variant does not belong to the specified product"
        return user_error([*path, "id"], text, "MUST_BE_FOR_THIS_PRODUCT")
    if given.get("inventoryQuantities"):
        text = "Inventory quantities can only be provided during create"
        return user_error([*path, "inventoryQuantities"], text, "NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE")
    return problem_of(given, path)


def _create(call: Call, info: Any, productId: str, variants: list[Node], **unused: Any) -> Node:
    """All of them or none."""
    number_of(productId, "Product")
    product = call.shop.table("Product").get(productId)
    if product is None:
        return {"product": None, "productVariants": None, "userErrors": [MISSING_PRODUCT]}
    errors: list[Node] = []
    taken = {
        tuple(sorted((o["name"], o["value"]) for o in one["selectedOptions"]))
        for one in variants_of(call.shop, product)
    }
    made: list[tuple[Node, list[Node]]] = []
    for index, given in enumerate(variants):
        path = ["variants", index]
        options, wrong = chosen_options(product, given.get("optionValues") or ())
        error = problem_of(given, path)
        if wrong:
            error = error or user_error([*path, "optionValues"], "Option values do not fit the product", wrong)
        elif (key := tuple(sorted((o["name"], o["value"]) for o in options))) in taken:
            title = " / ".join(one["value"] for one in options)
            text = f"The variant '{title}' already exists. Please change at least one option value."
            error = error or user_error(path, text, "VARIANT_ALREADY_EXISTS_CHANGE_OPTION_VALUE")
        else:
            taken.add(key)
            made.append((given, options))
        errors += [error] if error else []
    if len(product["variantIds"]) + len(variants) > MOST_VARIANTS:
        errors.append(user_error(["variants"], "You can only have 2048 variants for this product", "INVALID_INPUT"))
    if errors:
        return {"product": product, "productVariants": None, "userErrors": errors}
    created = [make_variant(call, product, given, options) for given, options in made]
    for variant in created:
        add_values(call, product, variant["selectedOptions"])
    touch(call, product)
    return {"product": product, "productVariants": created, "userErrors": []}


def add_values(call: Call, product: Node, chosen: list[Node]) -> None:
    """Values a variant brings that the product's options did not have yet."""
    for option, one in zip(product["options"], chosen, strict=False):
        if one["value"] not in {value["name"] for value in option["optionValues"]}:
            gid = f"gid://shopify/ProductOptionValue/{call.shop.take_id()}"
            option["optionValues"].append({"id": gid, "name": one["value"]})


def _update_item(call: Call, info: Any, id: str, input: Node) -> Node:
    number_of(id, "InventoryItem")
    item = call.shop.table("InventoryItem").get(id)
    if item is None:
        text = "The product couldn't be updated because it does not exist."
        return {"inventoryItem": None, "userErrors": [user_error(["id"], text)]}
    error = problem_of({"inventoryItem": input}, ["input"])
    if error is None:
        change_item(call, item, input)
        call.shop.table("InventoryItem")[id] = item  # one of a large assortment is made only when it is asked for
        tell(call, "inventory_items/update", item_payload(call.shop, item))
    return {"inventoryItem": item, "userErrors": [error] if error else []}


MUTATIONS: dict[str, Callable[..., Any]] = {
    "productVariantsBulkUpdate": _update,
    "productVariantsBulkCreate": _create,
    "inventoryItemUpdate": _update_item,
}
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("Mutation", "productVariantsBulkUpdate"): "write_products",
    ("Mutation", "productVariantsBulkCreate"): "write_products",
    ("Mutation", "inventoryItemUpdate"): ("write_inventory", "write_products"),
}
