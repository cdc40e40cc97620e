"""The hub's ``CompanyAccount`` in Shopify's words, and what is to differ of a company that is there. Pure: no calls.

https://shopify.dev/docs/api/admin-graphql/2026-10/input-objects/CompanyLocationInput (checked 2026-11-20). Members the
record does not know are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.exceptions import PayloadError
from connectors.records import Address, CompanyAccount, CompanyLocation

Node = dict[str, Any]
ADDRESS = {  # member of an address to that of Shopify, in input and answer
    "address1": "address1", "address2": "address2", "city": "city", "region_code": "zoneCode", "postal_code": "zip",
    "country_code": "countryCode", "phone": "phone",
}  # fmt: skip


def external_id(company: CompanyAccount) -> str:
    """What the company is called in the other system: kept in Shopify as its external id."""
    return company.external_id or company.number or company.id


def location_external_id(company: CompanyAccount, location: CompanyLocation) -> str:
    return location.external_id or location.id or f"{external_id(company)}:{location.name}"


def check(company: CompanyAccount) -> None:
    """Raises ``PayloadError`` for what Shopify could not hold."""
    if not company.name.strip():
        raise PayloadError(f"Company {company.number} has no name.", path="name")
    if not external_id(company):
        raise PayloadError(f"Company {company.name} has no number by which it could be found again.", path="number")
    seen: set[str] = set()
    for index, one in enumerate(company.locations):
        external = location_external_id(company, one)
        if external in seen:
            text = f"Two locations of company {company.name} have the number {external}."
            raise PayloadError(text, path=f"locations[{index}].external_id")
        seen.add(external)
        for name in ("shipping_address", "billing_address"):
            address: Address | None = getattr(one, name)
            if address is not None and not address.country_code:
                text = f"The address of location {one.name} of company {company.name} has no country code."
                raise PayloadError(text, path=f"locations[{index}].{name}.country_code")


def company_input(company: CompanyAccount) -> Node:
    given: Node = {"name": company.name, "externalId": external_id(company)}
    if company.note:
        given["note"] = company.note
    if company.customer_since:
        given["customerSince"] = company.customer_since.isoformat()
    return given


def company_changes(node: Mapping[str, Any], company: CompanyAccount) -> Node:
    """``customerSince`` is told once, when the company is made."""
    wanted = {name: value for name, value in company_input(company).items() if name != "customerSince"}
    return {name: value for name, value in wanted.items() if node[name] != value}


def location_input(company: CompanyAccount, one: CompanyLocation, *, terms: str, sends_tax: bool) -> Node:
    """A location that is to be made, with addresses and tax settings. ``terms``: id of a template, or empty."""
    given: Node = {**_plain(company, one), **_terms(terms)}
    if one.shipping_address:
        given["shippingAddress"] = address_input(one.shipping_address)
    if one.billing_address and one.billing_address != one.shipping_address:
        given["billingAddress"] = address_input(one.billing_address)
    elif one.shipping_address:
        given["billingSameAsShipping"] = True
    if sends_tax:
        if one.tax_id:
            given["taxRegistrationId"] = one.tax_id
        if one.is_tax_exempt is not None:
            given["taxExempt"] = one.is_tax_exempt
        if one.tax_exemptions:
            given["taxExemptions"] = sorted(one.tax_exemptions)
    return given


def location_changes(node: Mapping[str, Any], company: CompanyAccount, one: CompanyLocation, *, terms: str) -> Node:
    changes = {name: value for name, value in _plain(company, one).items() if node[name] != value}
    template = (node["buyerExperienceConfiguration"] or {}).get("paymentTermsTemplate")
    if terms and (template or {}).get("id") != terms:
        changes |= _terms(terms)
    return changes


def address_changes(node: Mapping[str, Any], one: CompanyLocation) -> list[tuple[Node, list[str]]]:
    """Addresses to be assigned, each with what it is for."""
    shipping, billing = one.shipping_address, one.billing_address or one.shipping_address
    wanted = [(shipping, "SHIPPING", node["shippingAddress"]), (billing, "BILLING", node["billingAddress"])]
    differing = [
        (address_input(address), kind) for address, kind, there in wanted if address and not _is_same(there, address)
    ]
    if len(differing) == 2 and differing[0][0] == differing[1][0]:
        return [(differing[0][0], ["SHIPPING", "BILLING"])]
    return [(address, [kind]) for address, kind in differing]


def tax_changes(node: Mapping[str, Any], one: CompanyLocation) -> Node:
    """Arguments of ``calls.set_tax``, empty where nothing differs."""
    settings = node["taxSettings"]
    there, wanted = set(settings["taxExemptions"]), set(one.tax_exemptions)
    vat = one.tax_id if one.tax_id and one.tax_id != settings["taxRegistrationId"] else None
    exempt = one.is_tax_exempt if one.is_tax_exempt not in (None, settings["taxExempt"]) else None
    knows = one.is_tax_exempt is not None or bool(wanted)  # a source that says nothing of tax takes nothing away
    add, remove = sorted(wanted - there), sorted(there - wanted) if knows else []
    if vat is None and exempt is None and not add and not remove:
        return {}
    return {"vat": vat, "exempt": exempt, "add": add, "remove": remove}


def address_input(address: Address) -> Node:
    given = {theirs: value for ours, theirs in ADDRESS.items() if (value := getattr(address, ours))}
    recipient = address.company or address.name or f"{address.first_name} {address.last_name}".strip()
    return {**given, **({"recipient": recipient} if recipient else {})}


def _is_same(node: Mapping[str, Any] | None, address: Address) -> bool:
    wanted = address_input(address)
    return node is not None and all(node[name] == value for name, value in wanted.items())


def _plain(company: CompanyAccount, one: CompanyLocation) -> Node:
    given: Node = {"name": one.name, "externalId": location_external_id(company, one)}
    return given | {name: value for name, value in (("phone", one.phone), ("locale", one.locale)) if value}


def _terms(template: str) -> Node:
    return {"buyerExperienceConfiguration": {"paymentTermsTemplateId": template}} if template else {}
