"""Calls about companies, their locations, contacts and roles.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Company (checked 2026-11-20). None of the writes may be
repeated blindly: what is there is read first.
"""

from __future__ import annotations

from typing import Any

from connectors.shopify.client import ShopifyClient, quoted
from connectors.shopify.replies import promised_shape

Node = dict[str, Any]
MOST_ROWS = 20  # locations and contacts that one answer holds


def get_company(client: ShopifyClient, gid: str) -> Node | None:
    """A company with its first locations and contacts; ``None`` where there is none. HubCompany."""
    data = client.execute("HubCompany", {"id": gid})
    with promised_shape("a company"):
        company: Node | None = data["company"]
        if company is not None:
            _check(company)
    return company


def _check(company: Node) -> None:
    """Trips over members that are other than the schema promises."""
    _ = (
        str(company["id"]),
        str(company["name"]),
        company["externalId"],
        company["note"],
        (company["defaultRole"] or {"id": ""})["id"],
        [(str(role["name"]), str(role["id"])) for role in company["contactRoles"]["nodes"]],
    )
    _ = [bool(company[member]["pageInfo"]["hasNextPage"]) for member in ("contacts", "locations")]
    for one in company["contacts"]["nodes"]:
        _ = (str(one["id"]), (one["customer"]["defaultEmailAddress"] or {}).get("emailAddress"))
    for one in company["locations"]["nodes"]:
        tax, terms = one["taxSettings"], one["buyerExperienceConfiguration"] or {"paymentTermsTemplate": None}
        _ = (str(one["id"]), str(one["name"]), one["externalId"], one["phone"], one["locale"], one["currency"],
             tax["taxRegistrationId"], tax["taxExempt"], list(tax["taxExemptions"]), terms["paymentTermsTemplate"],
             [entry["companyContact"]["id"] for entry in one["roleAssignments"]["nodes"]],
             [entry["id"] for entry in one["catalogs"]["nodes"]])  # fmt: skip
        for address in (one["shippingAddress"], one["billingAddress"]):
            _ = address is None or (address["address1"], address["countryCode"], address["recipient"])


def find_companies(client: ShopifyClient, external_id: str, *, or_name: bool = False) -> list[Node]:
    """id, name, externalId of companies with exactly this external id, or this name. HubCompanyByErpId: a search, which
    knows a company some seconds after it was made."""
    filter_ = f"external_id:{quoted(external_id)}" + (f" OR name:{quoted(external_id)}" if or_name else "")
    data = client.execute("HubCompanyByErpId", {"filter": filter_})
    with promised_shape("companies"):
        found: list[Node] = data["companies"]["nodes"]
        _ = [(str(one["id"]), str(one["name"]), one["externalId"]) for one in found]
        return [one for one in found if external_id in (one["externalId"], one["name"] if or_name else None)]


def payment_terms(client: ShopifyClient) -> dict[str, str]:
    """Template ids by name. HubPaymentTerms."""
    data = client.execute("HubPaymentTerms", {})
    with promised_shape("payment terms"):
        return {str(one["name"]): str(one["id"]) for one in data["paymentTermsTemplates"]}


def create_company(client: ShopifyClient, company: Node, location: Node | None) -> str:
    """The global id of a new company with its first location. HubCompanyCreate: not idempotent, but an external id is
    taken only once (``TAKEN``)."""
    given: Node = {"company": company}
    if location is not None:
        given["companyLocation"] = location
    return _id(client.change("HubCompanyCreate", {"input": given}), "company")


def update_company(client: ShopifyClient, gid: str, changes: Node) -> None:
    _id(client.change("HubCompanyUpdate", {"id": gid, "input": changes}), "company")


def create_location(client: ShopifyClient, company: str, given: Node) -> str:
    return _id(client.change("HubCompanyLocation", {"companyId": company, "input": given}), "companyLocation")


def update_location(client: ShopifyClient, gid: str, changes: Node) -> None:
    _id(client.change("HubCompanyLocationUpdate", {"id": gid, "input": changes}), "companyLocation")


def assign_address(client: ShopifyClient, location: str, address: Node, kinds: list[str]) -> None:
    """``kinds``: SHIPPING, BILLING. HubCompanyAddress."""
    payload = client.change("HubCompanyAddress", {"id": location, "address": address, "types": kinds})
    with promised_shape("HubCompanyAddress"):
        _ = [one["id"] for one in payload["addresses"] or ()]


def set_tax(
    client: ShopifyClient, location: str, *, vat: str | None, exempt: bool | None, add: list[str], remove: list[str]
) -> None:
    """``None`` leaves as it is. HubCompanyTax."""
    variables = {"id": location, "vat": vat, "exempt": exempt, "add": add, "remove": remove}
    _id(client.change("HubCompanyTax", variables), "companyLocation")


def assign_contact(client: ShopifyClient, company: str, customer: str) -> str:
    """The contact a customer becomes. HubCompanyContact."""
    return _id(client.change("HubCompanyContact", {"companyId": company, "customerId": customer}), "companyContact")


def assign_role(client: ShopifyClient, contact: str, role: str, location: str) -> None:
    variables = {"contact": contact, "role": role, "location": location}
    _id(client.change("HubCompanyRole", variables), "companyContactRoleAssignment")


def _id(payload: Node, member: str) -> str:
    with promised_shape(member):
        return str(payload[member]["id"])
