"""Who buys: the customer, the company with its location and contact, the addresses of a Shopify order.

https://shopify.dev/docs/api/admin-graphql/2026-10/unions/PurchasingEntity (checked 2026-11-20). Not for customers and
companies as objects of their own.
"""

from __future__ import annotations

from connectors.records import Address, Company, Customer
from connectors.shopify.client import plain_id
from connectors.shopify.moneys import Node


def customer_of(node: Node | None) -> Customer | None:
    """``None`` for a guest."""
    if node is None:
        return None
    return Customer(
        id=node["legacyResourceId"],
        first_name=node["firstName"] or "",
        last_name=node["lastName"] or "",
        name=node["displayName"],
        email=(node["defaultEmailAddress"] or {}).get("emailAddress") or "",
        phone=(node["defaultPhoneNumber"] or {}).get("phoneNumber") or "",
        is_tax_exempt=node["taxExempt"],
        tags=tuple(node["tags"]),
        locale=node["locale"] or "",
        note=node["note"] or "",
        tax_exemptions=tuple(node["taxExemptions"]),
    )


def company_of(node: Node | None) -> Company | None:
    """``None`` unless a company buys. It may have no contact any more."""
    if node is None or node["__typename"] != "PurchasingCompany":
        return None
    company, location, contact = node["company"], node["location"], node["contact"] or {}
    return Company(
        id=plain_id(company["id"]),
        name=company["name"],
        external_id=company["externalId"] or "",
        location_id=plain_id(location["id"]),
        location_name=location["name"],
        location_external_id=location["externalId"] or "",
        contact_id=plain_id(contact.get("id")),
        contact_title=contact.get("title") or "",
        contact_customer_id=plain_id((contact.get("customer") or {}).get("id")),
    )


def address_of(node: Node | None) -> Address | None:
    if node is None:
        return None
    theirs = {
        "first_name": "firstName",
        "last_name": "lastName",
        "region": "province",
        "region_code": "provinceCode",
        "postal_code": "zip",
        "country_code": "countryCodeV2",
    }
    same = ("name", "company", "address1", "address2", "city", "country", "phone")
    return Address(**{ours: node[name] or "" for ours, name in [*theirs.items(), *zip(same, same, strict=True)]})
