"""Customers of a sandbox shop: by identifier and by search, set as the vendor does, merged by a control call.

Those of orders are customers from their first order on. https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Customer
(checked 2026-11-20).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from connectors.sandbox import Reply
from connectors.shopify.sandbox.account_payloads import customer_payload
from connectors.shopify.sandbox.engine import Call, number_of, page
from connectors.shopify.sandbox.orders import Node, Shop, stamp
from connectors.shopify.sandbox.products import by_custom_id, searched
from connectors.shopify.sandbox.shops import OUTLET
from connectors.shopify.sandbox.variant_inputs import merged_metafields, tell, user_error

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

LONGEST = 255
PLAIN = ("firstName", "lastName", "locale", "note", "taxExempt")
SORTS = {"UPDATED_AT": "updatedAt", "CREATED_AT": "createdAt", "ID": "id"}
TEXTS: dict[str, Callable[[Node], list[str]]] = {
    "id": lambda one: [one["legacyResourceId"], one["id"]],
    "email": lambda one: [email_of(one)],
    "phone": lambda one: [phone_of(one)],
    "first_name": lambda one: [one["firstName"] or ""],
    "last_name": lambda one: [one["lastName"] or ""],
    "tag": lambda one: one["tags"],
}


def email_of(customer: Mapping[str, Any]) -> str:
    return str((customer["defaultEmailAddress"] or {}).get("emailAddress", ""))


def phone_of(customer: Mapping[str, Any]) -> str:
    return str((customer["defaultPhoneNumber"] or {}).get("phoneNumber", ""))


def customers_of(shop: Shop) -> dict[str, Node]:
    """All customers, those of orders placed meanwhile among them."""
    table = shop.table("Customer")
    seen = shop.table("Serial").setdefault("orders with customers", {"next": 0})
    for order in list(shop.orders.values())[seen["next"] :]:
        buyer = order["customer"]
        if buyer and buyer["id"] not in table and buyer["id"] not in shop.table("Merged"):
            table[buyer["id"]] = _whole(buyer, order["createdAt"], [_kept(shop, order["shippingAddress"])])
    seen["next"] = len(shop.orders)
    return table


def _whole(given: Mapping[str, Any], moment: str, addresses: Iterable[Node]) -> Node:
    email = (given.get("defaultEmailAddress") or {}).get("emailAddress")
    phone = (given.get("defaultPhoneNumber") or {}).get("phoneNumber")
    return {
        "locale": "en", "state": "DISABLED", "note": None, "taxExempt": False, "taxExemptions": [], "tags": [],
        "verifiedEmail": True, "createdAt": moment, "updatedAt": moment, "metafields": [],
        **given,
        "defaultEmailAddress": {"emailAddress": email, "marketingState": "NOT_SUBSCRIBED"} if email else None,
        "defaultPhoneNumber": {"phoneNumber": phone, "marketingState": "NOT_SUBSCRIBED"} if phone else None,
        "addresses": list(addresses),
    }  # fmt: skip


def _kept(shop: Shop, given: Mapping[str, Any]) -> Node:
    """An address of a customer as GraphQL shows it, from an address of an order or from an input."""
    names = ("firstName", "lastName", "company", "address1", "address2", "city", "provinceCode", "zip", "phone")
    country = given.get("countryCodeV2") or given.get("countryCode")
    return {"id": f"gid://shopify/MailingAddress/{shop.take_id()}", "countryCodeV2": country,
            **{name: given.get(name) or None for name in names}}  # fmt: skip


def _find(call: Call, identifier: Mapping[str, Any]) -> Node | None:
    rows = customers_of(call.shop)
    if "customId" in identifier:
        return by_custom_id(call, "Customer", identifier["customId"])
    if "id" in identifier:
        number_of(identifier["id"], "Customer")
        return rows.get(identifier["id"])
    email, phone = (identifier.get(one) for one in ("emailAddress", "phoneNumber"))
    email, phone = email or identifier.get("email"), phone or identifier.get("phone")
    if email:
        return next((one for one in rows.values() if email_of(one).casefold() == email.casefold()), None)
    return next((one for one in rows.values() if phone_of(one) == phone), None)


def _customers(
    call: Call, info: Any, query: str = "", sortKey: str = "ID", reverse: bool = False, **paging: Any
) -> Any:
    rows = searched(call, info, list(customers_of(call.shop).values()), query, TEXTS)
    member = SORTS[sortKey]
    rows.sort(key=lambda row: (row[member], int(row["legacyResourceId"])), reverse=reverse)
    tag = f"customers {query} {sortKey}"
    return page(rows, tag, lambda row: [row[member], int(row["legacyResourceId"])], reverse=reverse, **paging)


def _set(call: Call, info: Any, input: Node, identifier: Mapping[str, Any] | None = None) -> Node:
    known = _find(call, identifier) if identifier else None
    error = _problem(call, known, input, identifier or {})
    if error is not None:
        return {"customer": None, "userErrors": [error]}
    is_new = known is None
    customer = known or _new(call, identifier or {})
    change_customer(call, customer, input)
    tell(call, "customers/create" if is_new else "customers/update", customer_payload(call.shop, customer))
    return {"customer": customer, "userErrors": []}


def _problem(call: Call, known: Node | None, given: Mapping[str, Any], identifier: Mapping[str, Any]) -> Node | None:
    if known is None and "id" in identifier:
        return user_error(["identifier", "id"], "Customer does not exist", "NOT_FOUND")
    for name in ("email", "phone"):
        if name in identifier and known is None and given.get(name) != identifier[name]:
            code = "INPUT_MISMATCH" if given.get(name) else "MISSING_FIELD_REQUIRED"
            return user_error(["input", name], f"The {name} does not match the identifier.", code)
        if given.get(name):
            other = _find(call, {name: given[name]})
            if other is not None and other is not known:
                return user_error(["input", name], f"{name.capitalize()} has already been taken", "TAKEN")
    if given.get("email") and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", given["email"]):
        return user_error(["input", "email"], "Email is invalid", "INVALID")
    if given.get("phone") and not re.fullmatch(r"\+[0-9]{6,15}", given["phone"]):
        return user_error(["input", "phone"], "Phone is invalid", "INVALID")
    for name in ("firstName", "lastName"):
        if len(given.get(name) or "") > LONGEST:
            return user_error(["input", name], f"{name} is too long (maximum is 255 characters)", "TOO_LONG")
    if known is None and not any(given.get(one) for one in ("email", "phone", "firstName", "lastName")):
        return user_error(["input"], "Customer must have a name, phone number or email address", "BLANK")
    return None


def _new(call: Call, identifier: Mapping[str, Any]) -> Node:
    number = call.shop.take_id()
    given = {"id": f"gid://shopify/Customer/{number}", "legacyResourceId": str(number), "firstName": None,
             "lastName": None, "displayName": ""}  # fmt: skip
    customer = _whole(given, stamp(call.now), [])
    if custom := identifier.get("customId"):
        customer["metafields"] = merged_metafields(call.shop, [], [{**custom, "type": "id"}])
    customers_of(call.shop)[customer["id"]] = customer
    return customer


def change_customer(call: Call, customer: Node, given: Mapping[str, Any]) -> None:
    """Take over what the input names; lists given replace those there are."""
    for name in PLAIN:
        if given.get(name) is not None:
            customer[name] = given[name]
    if given.get("email"):
        customer["defaultEmailAddress"] = {"emailAddress": given["email"], "marketingState": "NOT_SUBSCRIBED"}
    if given.get("phone"):
        customer["defaultPhoneNumber"] = {"phoneNumber": given["phone"], "marketingState": "NOT_SUBSCRIBED"}
    if given.get("tags") is not None:
        customer["tags"] = sorted(given["tags"], key=str.casefold)
    if given.get("taxExemptions") is not None:
        customer["taxExemptions"] = list(given["taxExemptions"])
    if given.get("addresses") is not None:
        customer["addresses"] = [_kept(call.shop, one) for one in given["addresses"]]
    name = f"{customer['firstName'] or ''} {customer['lastName'] or ''}".strip()
    customer["displayName"] = name or email_of(customer) or phone_of(customer)
    customer["updatedAt"] = max(stamp(call.now), customer["updatedAt"])


def _orders_of(call: Call, source: Node) -> list[Node]:
    return [one for one in call.shop.orders.values() if one["customer"] and one["customer"]["id"] == source["id"]]


def _spent(call: Call, source: Node, info: Any) -> Node:
    total = sum(float(one["totalPriceSet"]["shopMoney"]["amount"]) for one in _orders_of(call, source))
    return {"amount": f"{total:.2f}", "currencyCode": call.shop.currency}


def _profiles(call: Call, source: Node, info: Any) -> list[Node]:
    return [one for one in call.shop.table("CompanyContact").values() if one["customerId"] == source["id"]]


def _addresses(call: Call, source: Node, info: Any, **paging: Any) -> Any:
    rows = source.get("addresses", [])
    return page(rows, f"{source['id']}.addresses", lambda row: [row["id"]], **paging)


def merge(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """``{"shop", "kept": id, "gone": id}``: the merchant merges two customers."""
    shop = sandbox.shops[wish.get("shop", OUTLET)]
    rows = customers_of(shop)
    kept, gone = (f"gid://shopify/Customer/{wish[name]}" for name in ("kept", "gone"))
    shop.table("Merged")[gone] = rows.pop(gone)
    call = Call(shop, sandbox.now(), None, sandbox)  # type: ignore[arg-type]
    payload = {"admin_graphql_api_customer_kept_id": kept, "admin_graphql_api_customer_deleted_id": gone,
               "status": "completed", "errors": []}  # fmt: skip
    tell(call, "customers/merge", payload)
    return Reply(body={"kept": rows[kept]["id"]})


QUERIES: dict[str, Callable[..., Any]] = {
    "customerByIdentifier": lambda call, info, identifier: _find(call, identifier),
    "customers": _customers,
}
MUTATIONS: dict[str, Callable[..., Any]] = {"customerSet": _set}
FIELDS: dict[tuple[str, str], Callable[..., Any]] = {
    ("Customer", "numberOfOrders"): lambda call, source, info: str(len(_orders_of(call, source))),
    ("Customer", "amountSpent"): _spent,
    ("Customer", "defaultAddress"): lambda call, source, info: next(iter(source.get("addresses", ())), None),
    ("Customer", "addressesV2"): _addresses,
    ("Customer", "companyContactProfiles"): _profiles,
}
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("QueryRoot", "customerByIdentifier"): "read_customers",
    ("QueryRoot", "customers"): "read_customers",
    ("Mutation", "customerSet"): "write_customers",
}
CONTROLS = {"merge_customers": merge}
