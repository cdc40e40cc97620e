"""The bodies of the sandbox's deliveries about customers and companies.

https://shopify.dev/docs/api/webhooks/2026-10 (checked 2026-11-20): a customer comes without tags and marketing consent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.shopify.sandbox.orders import Node, Shop
from connectors.shopify.sandbox.product_payloads import local_time


def customer_payload(shop: Shop, customer: Mapping[str, Any]) -> Node:
    return {
        "id": int(customer["legacyResourceId"]),
        "admin_graphql_api_id": customer["id"],
        "email": (customer["defaultEmailAddress"] or {}).get("emailAddress"),
        "phone": (customer["defaultPhoneNumber"] or {}).get("phoneNumber"),
        "first_name": customer["firstName"],
        "last_name": customer["lastName"],
        "note": customer["note"],
        "state": customer["state"].lower(),
        "tax_exempt": customer["taxExempt"],
        "created_at": local_time(shop, customer["createdAt"]),
        "updated_at": local_time(shop, customer["updatedAt"]),
    }


def company_payload(shop: Shop, company: Mapping[str, Any]) -> Node:
    return {
        "name": company["name"],
        "note": company["note"],
        "external_id": company["externalId"],
        "main_contact_admin_graphql_api_id": company["mainContactId"],
        "created_at": local_time(shop, company["createdAt"]),
        "updated_at": local_time(shop, company["updatedAt"]),
        "customer_since": local_time(shop, company["customerSince"]),
        "admin_graphql_api_id": company["id"],
    }


def location_payload(shop: Shop, company: Mapping[str, Any], location: Mapping[str, Any]) -> Node:
    """The body of ``company_locations/...``."""
    return {
        "name": location["name"],
        "external_id": location["externalId"],
        "phone": location["phone"],
        "locale": location["locale"],
        "tax_registration": {"tax_id": location["taxSettings"]["taxRegistrationId"]},
        "company": {"name": company["name"], "admin_graphql_api_id": company["id"]},
        "updated_at": local_time(shop, location["updatedAt"]),
        "admin_graphql_api_id": location["id"],
    }
