"""Price lists, fixed prices, prices by quantity and catalogues of a sandbox shop, with what its plan allows.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/PriceList (checked 2026-11-20). The limits of plans come from
third parties, the vendor names none: three active catalogues outside Plus, and none given to locations directly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from connectors.shopify.sandbox.engine import Call, number_of, page
from connectors.shopify.sandbox.orders import Node
from connectors.shopify.sandbox.variant_inputs import user_error

CATALOGS_OUTSIDE_PLUS, CATALOGS_A_LOCATION = 3, 25
CURRENCIES = {"EUR", "USD", "GBP", "CAD", "CHF", "JPY", "DKK"}
NO_LIST = "Price list does not exist."


def _list(call: Call, info: Any, id: str) -> Any:
    number_of(id, "PriceList")
    return call.shop.table("PriceList").get(id)


def _lists(call: Call, info: Any, **paging: Any) -> Any:
    rows = sorted(call.shop.table("PriceList").values(), key=_number)
    return page(rows, "price lists", lambda row: [_number(row)], **paging)


def _number(row: Mapping[str, Any]) -> int:
    return int(row["id"].rpartition("/")[2])


def _create_list(call: Call, info: Any, input: Node) -> Node:
    table = call.shop.table("PriceList")
    error = None
    if not input["name"].strip():
        error = user_error(["input", "name"], "Name can't be blank", "BLANK")
    elif any(one["name"] == input["name"] for one in table.values()):
        error = user_error(["input", "name"], "Name has already been taken", "TAKEN")
    elif input["currency"] not in CURRENCIES:
        error = user_error(["input", "currency"], "The specified currency is not supported.", "CURRENCY_NOT_SUPPORTED")
    if error is not None:
        return {"priceList": None, "userErrors": [error]}
    node: Node = {
        "id": f"gid://shopify/PriceList/{call.shop.take_id()}",
        "name": input["name"],
        "currency": input["currency"],
        "parent": {"adjustment": dict(input["parent"]["adjustment"])},
        "catalogId": None,
        "fixed": {},  # variant to price and compare-at price
        "breaks": {},  # (variant, quantity) to price
    }
    table[node["id"]] = node
    return {"priceList": node, "userErrors": []}


def _prices(call: Call, source: Node, info: Any, **paging: Any) -> Any:
    rows = [{"originType": "FIXED", "variantId": gid, **prices} for gid, prices in source["fixed"].items()]
    rows.sort(key=lambda row: row["variantId"])
    return page(rows, f"{source['id']}.prices", lambda row: [row["variantId"]], **paging)


def _price_error(call: Call, found: Node, given: Mapping[str, Any], path: list[Any]) -> Node | None:
    if given["variantId"] not in call.shop.table("ProductVariant"):
        return user_error([*path, "variantId"], "Variant does not exist.", "VARIANT_NOT_FOUND")
    for name in ("price", "compareAtPrice"):
        if given.get(name) and given[name]["currencyCode"] != found["currency"]:
            text = "The specified currency does not match the price list's currency."
            return user_error([*path, name, "currencyCode"], text, "PRICE_LIST_CURRENCY_MISMATCH")
    return None


def _fix(found: Node, given: Mapping[str, Any]) -> Node:
    prices = {
        name: {"amount": f"{Decimal(str(given[name]['amount'])):.2f}", "currencyCode": given[name]["currencyCode"]}
        if given.get(name)
        else None
        for name in ("price", "compareAtPrice")
    }
    found["fixed"][given["variantId"]] = prices
    return {"variantId": given["variantId"], "originType": "FIXED", **prices}


def _change(call: Call, info: Any, priceListId: str, pricesToAdd: list[Node], variantIdsToDelete: list[str]) -> Node:
    """All of it or nothing."""
    found = _list(call, info, priceListId)
    empty: Node = {"pricesAdded": None, "deletedFixedPriceVariantIds": None}
    if found is None:
        return {**empty, "userErrors": [user_error(["priceListId"], NO_LIST, "PRICE_LIST_NOT_FOUND")]}
    errors = [
        error
        for index, given in enumerate(pricesToAdd)
        if (error := _price_error(call, found, given, ["pricesToAdd", index]))
    ]
    errors += [
        user_error(["variantIdsToDelete", index], "Only fixed prices can be deleted.", "PRICE_NOT_FIXED")
        for index, gid in enumerate(variantIdsToDelete)
        if gid not in found["fixed"]
    ]
    if errors:
        return {**empty, "userErrors": errors}
    added = [_fix(found, given) for given in pricesToAdd]
    for gid in variantIdsToDelete:
        del found["fixed"][gid]
    return {"pricesAdded": added, "deletedFixedPriceVariantIds": variantIdsToDelete, "userErrors": []}


def _change_volumes(call: Call, info: Any, priceListId: str, input: Node) -> Node:
    found = _list(call, info, priceListId)
    if found is None:
        return {"productVariants": None, "userErrors": [user_error(["priceListId"], NO_LIST, "PRICE_LIST_NOT_FOUND")]}
    errors = []
    for index, given in enumerate(input["quantityPriceBreaksToAdd"]):
        path = ["input", "quantityPriceBreaksToAdd", index]
        if given["variantId"] not in call.shop.table("ProductVariant"):
            code, text = "QUANTITY_PRICE_BREAK_ADD_VARIANT_NOT_FOUND", "Variant does not exist."
        elif given["variantId"] not in found["fixed"]:
            code, text = "QUANTITY_PRICE_BREAK_ADD_PRICE_LIST_PRICE_NOT_FOUND", "The variant has no fixed price."
        elif given["price"]["currencyCode"] != found["currency"]:
            code, text = "QUANTITY_PRICE_BREAK_ADD_CURRENCY_MISMATCH", "The currency does not match the price list."
        else:
            continue
        errors.append(user_error(path, text, code))
    if errors:
        return {"productVariants": None, "userErrors": errors}
    for given in input["quantityPriceBreaksToAdd"]:
        found["breaks"][given["variantId"], given["minimumQuantity"]] = dict(given["price"])
    ids = dict.fromkeys(one["variantId"] for one in input["quantityPriceBreaksToAdd"])
    variants = [call.shop.table("ProductVariant")[gid] for gid in ids]
    return {"productVariants": variants, "userErrors": []}


# --- catalogues -----------------------------------------------------------------------------------------------------


def _create_catalog(call: Call, info: Any, input: Node) -> Node:
    context = input["context"]
    locations = context.get("companyLocationIds") or []
    is_plus = call.shop.plan in ("Plus", "Development")
    active = [one for one in call.shop.table("Catalog").values() if one["status"] == "ACTIVE"]
    error: Node | None = None
    if bool(locations) == bool(context.get("marketIds")):
        text = "Must provide exactly one context type."
        error = user_error(["input", "context"], text, "MUST_PROVIDE_EXACTLY_ONE_CONTEXT_TYPE")
    elif context.get("marketIds"):
        error = user_error(["input", "context", "marketIds", 0], "Market does not exist.", "MARKET_NOT_FOUND")
    elif not is_plus and input["status"] == "ACTIVE" and len(active) >= CATALOGS_OUTSIDE_PLUS:
        text = "You have reached the limit of B2B catalogs of your plan."
        error = user_error(["input"], text, "B2B_CATALOG_LIMIT_REACHED")
    elif not is_plus:
        text = "Your plan does not permit assigning catalogs to company locations directly."
        error = user_error(["input", "context"], text, "UNPERMITTED_ENTITLEMENTS_DIRECT_CATALOG_ASSIGNMENT")
    elif input.get("priceListId") and input["priceListId"] not in call.shop.table("PriceList"):
        error = user_error(["input", "priceListId"], NO_LIST, "PRICE_LIST_NOT_FOUND")
    error = error or _location_error(call, None, locations)
    if error is not None:
        return {"catalog": None, "userErrors": [error]}
    node: Node = {
        "__typename": "CompanyLocationCatalog",
        "id": f"gid://shopify/CompanyLocationCatalog/{call.shop.take_id()}",
        "title": input["title"],
        "status": input["status"],
        "locations": list(locations),
        "priceListId": input.get("priceListId"),
    }
    call.shop.table("Catalog")[node["id"]] = node
    if node["priceListId"]:
        call.shop.table("PriceList")[node["priceListId"]]["catalogId"] = node["id"]
    return {"catalog": node, "userErrors": []}


def _location_error(call: Call, catalog: Node | None, locations: list[str]) -> Node | None:
    for index, gid in enumerate(locations):
        number_of(gid, "CompanyLocation")
        path = ["context", "companyLocationIds", index]
        if gid not in call.shop.table("CompanyLocation"):
            return user_error(path, "Company location does not exist.", "COMPANY_LOCATION_NOT_FOUND")
        if catalog is not None and gid in catalog["locations"]:
            text = "Context is already assigned to the catalog."
            return user_error(path, text, "CONTEXT_ALREADY_ASSIGNED_TO_CATALOG")
        if sum(gid in one["locations"] for one in call.shop.table("Catalog").values()) >= CATALOGS_A_LOCATION:
            text = "The company location has too many catalogs."
            return user_error(path, text, "CONTEXT_CATALOG_LIMIT_REACHED")
    return None


def _change_context(
    call: Call, info: Any, catalogId: str, contextsToAdd: Node | None = None, contextsToRemove: Node | None = None
) -> Node:
    error: Node | None
    found = call.shop.table("Catalog").get(catalogId)
    if found is None:
        error = user_error(["catalogId"], "Catalog does not exist.", "CATALOG_NOT_FOUND")
        return {"catalog": None, "userErrors": [error]}
    added = (contextsToAdd or {}).get("companyLocationIds") or []
    removed = (contextsToRemove or {}).get("companyLocationIds") or []
    if not added and not removed:
        text = "Must provide contexts to add or remove."
        error = user_error(None, text, "REQUIRES_CONTEXTS_TO_ADD_OR_REMOVE")
        return {"catalog": None, "userErrors": [error]}
    error = _location_error(call, found, added)
    if error is not None:
        return {"catalog": None, "userErrors": [error]}
    found["locations"] = [one for one in [*found["locations"], *added] if one not in removed]
    return {"catalog": found, "userErrors": []}


def _contextual(call: Call, source: Node, info: Any, context: Mapping[str, Any]) -> Node:
    """The lowest fixed price of the location's catalogues, else the variant's own."""
    lists = call.shop.table("PriceList")
    found = []
    for one in call.shop.table("Catalog").values():
        prices = lists.get(one["priceListId"] or "", {}).get("fixed", {})
        if (
            one["status"] == "ACTIVE"
            and context.get("companyLocationId") in one["locations"]
            and source["id"] in prices
        ):
            found.append(prices[source["id"]])
    own = {"price": {"amount": source["price"], "currencyCode": call.shop.currency}, "compareAtPrice": None}
    best = min(found, key=lambda one: Decimal(one["price"]["amount"]), default=own)
    return {**best, "quantityRule": {"minimum": 1, "maximum": None, "increment": 1}}


QUERIES: dict[str, Callable[..., Any]] = {"priceList": _list, "priceLists": _lists}
MUTATIONS: dict[str, Callable[..., Any]] = {
    "priceListCreate": _create_list,
    "priceListFixedPricesUpdate": _change,
    "quantityPricingByVariantUpdate": _change_volumes,
    "catalogCreate": _create_catalog,
    "catalogContextUpdate": _change_context,
}
FIELDS: dict[tuple[str, str], Callable[..., Any]] = {
    ("PriceList", "prices"): _prices,
    ("PriceList", "fixedPricesCount"): lambda call, source, info: len(source["fixed"]),
    ("PriceList", "catalog"): lambda call, source, info: call.shop.table("Catalog").get(source["catalogId"] or ""),
    ("PriceListPrice", "variant"): lambda call, source, info: call.shop.table("ProductVariant")[source["variantId"]],
    ("ProductVariant", "contextualPricing"): _contextual,
}
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("QueryRoot", "priceList"): "read_products",
    ("QueryRoot", "priceLists"): "read_products",
    **dict.fromkeys([("Mutation", name) for name in MUTATIONS], "write_products"),
}
