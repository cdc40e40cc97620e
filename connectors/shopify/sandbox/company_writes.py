"""Mutations of companies, their locations, addresses, tax settings, contacts and roles, with the vendor's codes.

https://shopify.dev/docs/api/admin-graphql/2026-10/enums/BusinessCustomerErrorCode (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.shopify.sandbox.companies import (
    SCOPE,
    add_contact,
    check_sells_to_companies,
    companies_of,
    new_company,
    new_location,
    set_address,
    set_terms,
    templates,
    touch_company,
    touch_location,
)
from connectors.shopify.sandbox.customers import customers_of
from connectors.shopify.sandbox.engine import Call, number_of
from connectors.shopify.sandbox.orders import Node, stamp
from connectors.shopify.sandbox.variant_inputs import user_error

LONGEST = 255


def _create(call: Call, info: Any, input: Node) -> Node:
    check_sells_to_companies(call)
    given, place = input["company"], input.get("companyLocation")
    error = _company_problem(call, None, given, ["input", "company"], is_new=True)
    if place is not None:
        error = error or _location_problem(call, None, place, ["input", "companyLocation"])
    if error is not None:
        return {"company": None, "userErrors": [error]}
    moment = stamp(call.now)
    company = new_company(call.shop, given, moment)
    new_location(call.shop, company, place or {"name": given["name"]}, moment)
    touch_company(call, company, "companies/create")
    return {"company": company, "userErrors": []}


def _company_problem(
    call: Call, known: Node | None, given: Mapping[str, Any], path: list[Any], *, is_new: bool = False
) -> Node | None:
    name = given.get("name")
    if (is_new or "name" in given) and not (name or "").strip():
        return user_error([*path, "name"], "Name can't be blank", "BLANK")
    if len(name or "") > LONGEST:
        return user_error([*path, "name"], "Name is too long (maximum is 255 characters)", "TOO_LONG")
    external = given.get("externalId")
    others = [one for one in companies_of(call.shop).values() if one is not known]
    if external and any(one["externalId"] == external for one in others):
        return user_error([*path, "externalId"], "External id has already been taken.", "TAKEN")
    return None


def _location_problem(call: Call, known: Node | None, given: Mapping[str, Any], path: list[Any]) -> Node | None:
    external = given.get("externalId")
    others = [one for one in call.shop.table("CompanyLocation").values() if one is not known]
    if external and any(one["externalId"] == external for one in others):
        return user_error([*path, "externalId"], "External id has already been taken.", "TAKEN")
    if given.get("billingSameAsShipping") and given.get("billingAddress"):
        text = "Billing address must be empty where it is the same as the shipping address."
        return user_error([*path, "billingAddress"], text, "INVALID_INPUT")
    terms = (given.get("buyerExperienceConfiguration") or {}).get("paymentTermsTemplateId")
    if terms and terms not in {one["id"] for one in templates()}:
        text = "Payment terms template does not exist."
        return user_error([*path, "buyerExperienceConfiguration", "paymentTermsTemplateId"], text, "RESOURCE_NOT_FOUND")
    for name in ("shippingAddress", "billingAddress"):
        address = given.get(name)
        if address is not None and not address.get("countryCode"):
            return user_error([*path, name, "countryCode"], "Country can't be blank", "BLANK")
    return None


def _missing(path: str, what: str) -> Node:
    return user_error([path], f"{what} doesn't exist.", "RESOURCE_NOT_FOUND")


def _update(call: Call, info: Any, companyId: str, input: Node) -> Node:
    check_sells_to_companies(call)
    number_of(companyId, "Company")
    company = companies_of(call.shop).get(companyId)
    if company is None:
        return {"company": None, "userErrors": [_missing("companyId", "Company")]}
    if not input:
        return {"company": None, "userErrors": [user_error(["input"], "No input.", "NO_INPUT")]}
    error = _company_problem(call, company, input, ["input"])
    if error is not None:
        return {"company": None, "userErrors": [error]}
    company.update({name: input[name] for name in ("name", "externalId", "note") if name in input})
    touch_company(call, company)
    return {"company": company, "userErrors": []}


def _create_location(call: Call, info: Any, companyId: str, input: Node) -> Node:
    check_sells_to_companies(call)
    number_of(companyId, "Company")
    company = companies_of(call.shop).get(companyId)
    if company is None:
        return {"companyLocation": None, "userErrors": [_missing("companyId", "Company")]}
    error = _location_problem(call, None, input, ["input"])
    if error is not None:
        return {"companyLocation": None, "userErrors": [error]}
    location = new_location(call.shop, company, input, stamp(call.now))
    touch_location(call, location, "company_locations/create")
    return {"companyLocation": location, "userErrors": []}


def _location(call: Call, gid: str) -> Node | None:
    check_sells_to_companies(call)
    number_of(gid, "CompanyLocation")
    companies_of(call.shop)
    return call.shop.table("CompanyLocation").get(gid)


def _update_location(call: Call, info: Any, companyLocationId: str, input: Node) -> Node:
    location = _location(call, companyLocationId)
    if location is None:
        return {"companyLocation": None, "userErrors": [_missing("companyLocationId", "Company location")]}
    error = _location_problem(call, location, input, ["input"])
    if error is not None:
        return {"companyLocation": None, "userErrors": [error]}
    location.update({name: input[name] for name in ("name", "externalId", "phone", "locale") if name in input})
    set_terms(location, input)
    touch_location(call, location)
    return {"companyLocation": location, "userErrors": []}


def _assign_address(call: Call, info: Any, locationId: str, address: Node, addressTypes: list[str]) -> Node:
    location = _location(call, locationId)
    if location is None:
        return {"addresses": None, "userErrors": [_missing("locationId", "Company location")]}
    if not address.get("countryCode"):
        return {
            "addresses": None,
            "userErrors": [user_error(["address", "countryCode"], "Country can't be blank", "BLANK")],
        }
    made = set_address(call.shop, location, address, addressTypes)
    touch_location(call, location)
    return {"addresses": [made], "userErrors": []}


def _set_tax(
    call: Call, info: Any, companyLocationId: str, taxRegistrationId: str | None = None, taxExempt: bool | None = None,
    exemptionsToAssign: list[str] | None = None, exemptionsToRemove: list[str] | None = None,
) -> Node:  # fmt: skip
    location = _location(call, companyLocationId)
    if location is None:
        return {"companyLocation": None, "userErrors": [_missing("companyLocationId", "Company location")]}
    settings = location["taxSettings"]
    if taxRegistrationId is not None:
        settings["taxRegistrationId"] = taxRegistrationId or None
    if taxExempt is not None:
        settings["taxExempt"] = taxExempt
    kept = [one for one in settings["taxExemptions"] if one not in (exemptionsToRemove or ())]
    settings["taxExemptions"] = list(dict.fromkeys([*kept, *(exemptionsToAssign or ())]))
    touch_location(call, location)
    return {"companyLocation": location, "userErrors": []}


def _assign_contact(call: Call, info: Any, companyId: str, customerId: str) -> Node:
    check_sells_to_companies(call)
    number_of(companyId, "Company")
    number_of(customerId, "Customer")
    company = companies_of(call.shop).get(companyId)
    if company is None:
        return {"companyContact": None, "userErrors": [_missing("companyId", "Company")]}
    if customerId not in customers_of(call.shop):
        return {"companyContact": None, "userErrors": [_missing("customerId", "Customer")]}
    contacts = call.shop.table("CompanyContact").values()
    if any((one["companyId"], one["customerId"]) == (companyId, customerId) for one in contacts):
        error = user_error(["customerId"], "Customer is already associated with the company.", "INVALID_INPUT")
        return {"companyContact": None, "userErrors": [error]}
    contact = add_contact(call.shop, company, customerId)
    touch_company(call, company)
    return {"companyContact": contact, "userErrors": []}


def _assign_role(
    call: Call, info: Any, companyContactId: str, companyContactRoleId: str, companyLocationId: str
) -> Node:
    location = _location(call, companyLocationId)
    contact = call.shop.table("CompanyContact").get(companyContactId)
    empty: Node = {"companyContactRoleAssignment": None}
    if contact is None or location is None or contact["companyId"] != location["companyId"]:
        return {**empty, "userErrors": [_missing("companyContactId", "Company contact")]}
    company = companies_of(call.shop)[contact["companyId"]]
    role = next((one for one in company["contactRoles"] if one["id"] == companyContactRoleId), None)
    if role is None:
        return {**empty, "userErrors": [_missing("companyContactRoleId", "Company contact role")]}
    if any(one["companyContact"] is contact for one in location["roles"]):
        text = "Company contact has already been assigned a role in that company location."
        return {**empty, "userErrors": [user_error(None, text, "LIMIT_REACHED")]}
    made = {"id": f"gid://shopify/CompanyContactRoleAssignment/{call.shop.take_id()}", "role": role,
            "companyContact": contact}  # fmt: skip
    location["roles"].append(made)
    touch_company(call, company)
    return {"companyContactRoleAssignment": made, "userErrors": []}


MUTATIONS: dict[str, Callable[..., Any]] = {
    "companyCreate": _create,
    "companyUpdate": _update,
    "companyLocationCreate": _create_location,
    "companyLocationUpdate": _update_location,
    "companyLocationAssignAddress": _assign_address,
    "companyLocationTaxSettingsUpdate": _set_tax,
    "companyAssignCustomerAsContact": _assign_contact,
    "companyContactAssignRole": _assign_role,
}
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = dict.fromkeys([("Mutation", name) for name in MUTATIONS], SCOPE)
