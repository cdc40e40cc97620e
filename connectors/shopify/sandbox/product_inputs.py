"""What the sandbox finds wrong with the input of ``productSet``, and the options it makes of it.

Codes: https://shopify.dev/docs/api/admin-graphql/2026-10/enums/ProductSetUserErrorCode (checked 2026-11-20).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from connectors.shopify.sandbox.engine import Call
from connectors.shopify.sandbox.orders import Node
from connectors.shopify.sandbox.products import found_product
from connectors.shopify.sandbox.variant_inputs import MOST_VARIANTS, chosen_options, problem_of, user_error

MOST_OPTIONS, MOST_STOCK = 3, 50_000
LONGEST_TITLE = 255


def settle_problem(
    call: Call, product: Node | None, given: Mapping[str, Any], identifier: Mapping[str, Any] | None
) -> Node | None:
    """The first thing wrong with the input, ``None`` where it is good."""
    return (
        _identity_problem(call, product, given, identifier or {})
        or _title_problem(product, given)
        or _option_problem(given)
        or _variant_problem(given)
    )


def _identity_problem(
    call: Call, product: Node | None, given: Mapping[str, Any], identifier: Mapping[str, Any]
) -> Node | None:
    if product is None and "id" in identifier:
        return user_error(["identifier", "id"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
    handle = given.get("handle")
    if "handle" in identifier and handle not in (None, identifier["handle"]):
        return user_error(["input", "handle"], "The handle does not match the identifier.", "INPUT_MISMATCH")
    other = found_product(call, {"handle": handle}) if handle else None
    if other is not None and other is not product:
        text = f"Handle '{handle}' already in use. Please provide a new handle."
        return user_error(["input", "handle"], text, "HANDLE_NOT_UNIQUE")
    if custom := identifier.get("customId"):
        wanted = ((custom.get("namespace") or ""), custom["key"], custom["value"])
        rows = [(one.get("namespace") or "", one.get("key"), one.get("value")) for one in given.get("metafields") or ()]
        if wanted not in rows:
            named = [row[:2] for row in rows]
            code = "METAFIELD_MISMATCH" if wanted[:2] in named else "MISSING_FIELD_REQUIRED"
            return user_error(["input", "metafields"], "The metafield of the identifier is required.", code)
    return None


def _title_problem(product: Node | None, given: Mapping[str, Any]) -> Node | None:
    title = given.get("title")
    if (product is None or title is not None) and not (title or "").strip():
        return user_error(["input", "title"], "Title can't be blank", "INVALID_PRODUCT")
    if len(title or "") > LONGEST_TITLE:
        return user_error(["input", "title"], "Title is too long (maximum is 255 characters)", "INVALID_PRODUCT")
    return None


def _option_problem(given: Mapping[str, Any]) -> Node | None:
    options = given.get("productOptions")
    if options is None:
        code = "PRODUCT_OPTIONS_INPUT_MISSING" if given.get("variants") else ""
        return user_error(["input", "productOptions"], "Product options are required.", code) if code else None
    path = ["input", "productOptions"]
    if "variants" not in given:
        return user_error(["input", "variants"], "Variants are required with options.", "VARIANTS_INPUT_MISSING")
    if len(options) > MOST_OPTIONS:
        return user_error(path, "You can only have 3 options.", "OPTIONS_OVER_LIMIT")
    names = Counter(str(one.get("name")).casefold() for one in options)
    if any(count > 1 for count in names.values()):
        return user_error(path, "Option names must be unique.", "DUPLICATED_OPTION_NAME")
    for index, one in enumerate(options):
        values = Counter(str(value.get("name")).casefold() for value in one.get("values") or ())
        if not values:
            return user_error([*path, index, "values"], "Option values are missing.", "OPTION_VALUES_MISSING")
        if any(count > 1 for count in values.values()):
            return user_error([*path, index], "Option values must be unique.", "DUPLICATED_OPTION_VALUE")
        if len(values) > MOST_VARIANTS:
            return user_error([*path, index], "Too many option values.", "OPTION_VALUES_OVER_LIMIT")
    return None


def _variant_problem(given: Mapping[str, Any]) -> Node | None:
    variants = given.get("variants") or []
    path = ["input", "variants"]
    if len(variants) > MOST_VARIANTS:
        return user_error(path, "You can only have 2048 variants.", "VARIANTS_OVER_LIMIT")
    if sum(len(one.get("inventoryQuantities") or ()) for one in variants) > MOST_STOCK:
        return user_error(path, "Too many stock entries.", "INVENTORY_QUANTITIES_LIMIT_EXCEEDED")
    options = given.get("productOptions") or []
    known = {one["name"]: {value["name"] for value in one.get("values") or ()} for one in options}
    seen: set[tuple[Any, ...]] = set()
    for index, one in enumerate(variants):
        here = [*path, index]
        error = problem_of(one, here)
        if error is not None:
            return {**error, "code": "INVALID_VARIANT"}
        chosen, wrong = chosen_options({"options": options}, one["optionValues"])
        if wrong:
            return user_error([*here, "optionValues"], "Option values do not fit the options.", "INVALID_VARIANT")
        if any(value["value"] not in known.get(value["name"], ()) for value in chosen):
            text = "Option value does not exist."
            return user_error([*here, "optionValues"], text, "OPTION_VALUE_DOES_NOT_EXIST")
        key = tuple(value["value"].casefold() for value in chosen)
        if key in seen:
            text = f"The variant '{' / '.join(value['value'] for value in chosen)}' already exists."
            return user_error(here, text, "INVALID_VARIANT")
        seen.add(key)
    return None


def settle_options(call: Call, product: Node, given: Mapping[str, Any]) -> None:
    """The options the input lists are all there are; values that stay keep their ids."""
    if "productOptions" not in given:
        return
    old = {(one["name"], value["name"]): value["id"] for one in product["options"] for value in one["optionValues"]}
    ids = {one["name"]: one["id"] for one in product["options"]}
    take = call.shop.take_id
    product["options"] = [
        {
            "id": ids.get(one["name"]) or f"gid://shopify/ProductOption/{take()}",
            "name": one["name"],
            "position": one.get("position") or index,
            "optionValues": [
                {
                    "id": old.get((one["name"], value["name"])) or f"gid://shopify/ProductOptionValue/{take()}",
                    "name": value["name"],
                }
                for value in one["values"]
            ],
        }
        for index, one in enumerate(given["productOptions"], 1)
    ]
