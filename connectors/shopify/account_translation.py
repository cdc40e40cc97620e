"""Shopify's customers and companies become the hub's ``CustomerAccount`` and ``CompanyAccount``. Pure: no calls.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Company (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from connectors.exceptions import PayloadError
from connectors.records import (
    Address,
    CompanyAccount,
    CompanyContact,
    CompanyLocation,
    CustomerAccount,
    Record,
)
from connectors.shopify.client import plain_id
from connectors.shopify.replies import UNREADABLE

Node = Mapping[str, Any]
One = TypeVar("One", bound=Record)


def customer_record(node: Node, *, shop_domain: str) -> CustomerAccount:
    """The record of one customer (HubCustomer). Raises ``PayloadError``."""
    return _checked(lambda: _customer(node, shop_domain), f"customer {node.get('id')}")


def company_record(node: Node, *, shop_domain: str) -> CompanyAccount:
    """The record of one company (HubCompany). A company without contacts is one. Raises ``PayloadError``."""
    return _checked(lambda: _company(node, shop_domain), f"company {node.get('name') or node.get('id')}")


def _checked(make: Callable[[], One], what: str) -> One:
    try:
        record = make()
        record.to_json()  # refuses members of another kind than declared
        return record
    except KeyError as error:
        raise PayloadError(f"Shopify's answer for {what} lacks “{error.args[0]}”.", path=str(error.args[0])) from error
    except UNREADABLE as error:
        raise PayloadError(f"Shopify's answer for {what} has a member of a wrong kind.", code="shape") from error


def _customer(node: Node, shop_domain: str) -> CustomerAccount:
    default = node["defaultAddress"]
    others = [one for one in node["addressesV2"]["nodes"] if default is None or one["id"] != default["id"]]
    spent = node["amountSpent"]
    return CustomerAccount(
        id=node["legacyResourceId"],
        number=node["legacyResourceId"],
        name=node["displayName"],
        first_name=node["firstName"] or "",
        last_name=node["lastName"] or "",
        email=(node["defaultEmailAddress"] or {}).get("emailAddress", ""),
        phone=(node["defaultPhoneNumber"] or {}).get("phoneNumber", ""),
        locale=node["locale"],
        note=node["note"] or "",
        source=shop_domain,
        created_at=_time(node["createdAt"]),
        updated_at=_time(node["updatedAt"]),
        is_tax_exempt=node["taxExempt"],
        tax_exemptions=tuple(node["taxExemptions"]),
        tags=tuple(node["tags"]),
        addresses=tuple(_address(one) for one in ([default] if default else []) + others),
        company_ids=tuple(plain_id(one["company"]["id"]) for one in node["companyContactProfiles"]),
        order_count=int(node["numberOfOrders"]),
        spent=Decimal(str(spent["amount"])),
        currency=spent["currencyCode"],
        raw=node,
    )


def _address(node: Node) -> Address:
    theirs = {
        "first_name": "firstName", "last_name": "lastName", "company": "company", "address1": "address1",
        "address2": "address2", "city": "city", "region_code": "provinceCode", "postal_code": "zip",
        "country_code": "countryCodeV2", "phone": "phone",
    }  # fmt: skip
    return Address(**{ours: node[name] or "" for ours, name in theirs.items()})


def _company(node: Node, shop_domain: str) -> CompanyAccount:
    main = (node["mainContact"] or {}).get("id")
    return CompanyAccount(
        id=plain_id(node["id"]),
        number=node["externalId"] or plain_id(node["id"]),
        name=node["name"],
        external_id=node["externalId"] or "",
        note=node["note"] or "",
        source=shop_domain,
        customer_since=_time(node["customerSince"]),
        updated_at=_time(node["updatedAt"]),
        locations=tuple(_location(one) for one in node["locations"]["nodes"]),
        contacts=tuple(_contact(one, main) for one in node["contacts"]["nodes"]),
        raw=node,
    )


def _location(node: Node) -> CompanyLocation:
    tax, terms = node["taxSettings"], node["buyerExperienceConfiguration"]
    template = terms["paymentTermsTemplate"] if terms else None
    return CompanyLocation(
        id=plain_id(node["id"]),
        external_id=node["externalId"] or "",
        name=node["name"],
        phone=node["phone"] or "",
        locale=node["locale"] or "",
        currency=node["currency"],
        shipping_address=_place(node["shippingAddress"]),
        billing_address=_place(node["billingAddress"]),
        tax_id=tax["taxRegistrationId"] or "",
        is_tax_exempt=tax["taxExempt"],
        tax_exemptions=tuple(tax["taxExemptions"]),
        payment_terms=template["name"] if template else "",
    )


def _place(node: Node | None) -> Address | None:
    if node is None:
        return None
    theirs = {
        "name": "recipient", "address1": "address1", "address2": "address2", "city": "city", "region_code": "zoneCode",
        "postal_code": "zip", "country_code": "countryCode", "phone": "phone",
    }  # fmt: skip
    return Address(**{ours: node[name] or "" for ours, name in theirs.items()})


def _contact(node: Node, main: str | None) -> CompanyContact:
    customer = node["customer"]
    email = (customer["defaultEmailAddress"] or {}).get("emailAddress", "")
    return CompanyContact(
        id=plain_id(node["id"]),
        customer_id=plain_id(customer["id"]),
        email=email,
        title=node["title"] or "",
        is_main=node["id"] == main,
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
