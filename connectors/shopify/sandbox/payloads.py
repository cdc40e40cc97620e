"""The bodies of the sandbox's deliveries: an order in the shape of the retired REST API, which webhooks still have.

https://shopify.dev/docs/api/webhooks/2026-10, checked 2026-11-20. Money is text, tags one text, times have the shop's
offset.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.shopify.sandbox.orders import Node, Shop


def order_payload(shop: Shop, order: Mapping[str, Any]) -> Node:
    offset = datetime.strptime(shop.utc_offset, "%z").tzinfo

    def time(text: str | None) -> str | None:
        return datetime.fromisoformat(text).astimezone(offset).isoformat() if text else None

    return {
        "id": int(order["legacyResourceId"]),
        "admin_graphql_api_id": order["id"],
        "name": order["name"],
        "order_number": order["number"],
        "number": order["number"] - 1_000,
        "confirmation_number": order["confirmationNumber"],
        "confirmed": order["confirmed"],
        "test": order["test"],
        "created_at": time(order["createdAt"]),
        "processed_at": time(order["processedAt"]),
        "updated_at": time(order["updatedAt"]),
        "cancelled_at": time(order["cancelledAt"]),
        "cancel_reason": (order["cancelReason"] or "").lower() or None,
        "closed_at": time(order["closedAt"]),
        "currency": order["currencyCode"],
        "presentment_currency": order["presentmentCurrencyCode"],
        "taxes_included": order["taxesIncluded"],
        "tax_exempt": order["taxExempt"],
        "financial_status": order["displayFinancialStatus"].lower(),
        "fulfillment_status": None,
        "payment_gateway_names": order["paymentGatewayNames"],
        "source_name": order["sourceName"],
        "po_number": order["poNumber"],
        "email": order["email"] or "",
        "phone": order["phone"],
        "note": order["note"],
        "tags": ", ".join(order["tags"]),
        "note_attributes": [{"name": one["key"], "value": one["value"]} for one in order["customAttributes"]],
        "subtotal_price": _amount(order["subtotalPriceSet"]),
        "total_discounts": _amount(order["totalDiscountsSet"]),
        "total_tax": _amount(order["totalTaxSet"]),
        "total_price": _amount(order["totalPriceSet"]),
        "current_total_price": _amount(order["currentTotalPriceSet"]),
        "discount_codes": [
            {"code": code, "amount": _amount(order["totalDiscountsSet"]), "type": "fixed_amount"}
            for code in order["discountCodes"]
        ],
        "tax_lines": [_tax(one) for one in order["taxLines"]],
        "customer": _customer(order["customer"]),
        "company": _company(order["purchasingEntity"]),
        "shipping_address": _address(order["shippingAddress"]),
        "billing_address": _address(order["billingAddress"]),
        "line_items": [_line(one) for one in order["lineItems"]],
        "shipping_lines": [
            {
                "id": plain_number(one["id"]),
                "title": one["title"],
                "code": one["code"],
                "price": _amount(one["originalPriceSet"]),
                "is_removed": one["isRemoved"],
                "tax_lines": [_tax(tax) for tax in one["taxLines"]],
                "discount_allocations": [],
            }
            for one in order["shippingLines"]
        ],
        "fulfillments": [],
        "refunds": [],
        "returns": [],
        "payment_terms": None,
    }


def shop_payload(shop: Shop) -> Node:
    """The body of ``app/uninstalled`` and ``shop/update``."""
    return {"id": 1, "name": shop.name, "myshopify_domain": shop.domain, "currency": shop.currency}


def _line(line: Node) -> Node:
    number = plain_number(line["id"])
    return {
        "id": number,
        "admin_graphql_api_id": line["id"],
        "variant_id": plain_number(line["variant"]["id"]) if line["variant"] else None,
        "product_id": plain_number(line["product"]["id"]) if line["product"] else None,
        "sku": line["sku"],
        "name": line["name"],
        "title": line["title"],
        "variant_title": line["variantTitle"],
        "vendor": line["vendor"],
        "quantity": line["quantity"],
        "current_quantity": line["currentQuantity"],
        "price": _amount(line["originalUnitPriceSet"]),
        "total_discount": "0.00",
        "taxable": line["taxable"],
        "gift_card": line["isGiftCard"],
        "requires_shipping": line["requiresShipping"],
        "properties": [{"name": one["key"], "value": one["value"]} for one in line["customAttributes"]],
        "tax_lines": [_tax(one) for one in line["taxLines"]],
        "discount_allocations": [
            {
                "amount": _amount(one["allocatedAmountSet"]),
                "discount_application_index": one["discountApplication"]["index"],
            }
            for one in line["discountAllocations"]
        ],
    }


def _customer(node: Node | None) -> Node | None:
    if node is None:
        return None
    return {
        "id": int(node["legacyResourceId"]),
        "admin_graphql_api_id": node["id"],
        "first_name": node["firstName"],
        "last_name": node["lastName"],
        "email": (node["defaultEmailAddress"] or {}).get("emailAddress"),
        "tax_exempt": node["taxExempt"],
    }


def _company(entity: Node | None) -> Node | None:
    if entity is None or entity["__typename"] != "PurchasingCompany":
        return None
    return {"id": plain_number(entity["company"]["id"]), "location_id": plain_number(entity["location"]["id"])}


def _address(node: Node) -> Node:
    names = {"first_name": "firstName", "last_name": "lastName", "province_code": "provinceCode",
             "country_code": "countryCodeV2"}  # fmt: skip
    same = ("company", "address1", "address2", "city", "province", "zip", "country", "phone")
    return {**{ours: node[theirs] for ours, theirs in names.items()}, **{name: node[name] for name in same}}


def _tax(node: Node) -> Node:
    return {"title": node["title"], "rate": node["rate"], "price": _amount(node["priceSet"]), "channel_liable": False}


def _amount(bag: Node) -> str:
    return str(bag["shopMoney"]["amount"])


def plain_number(gid: str) -> int:
    """The number at the end of a global id, as REST-shaped bodies have it."""
    return int(gid.rpartition("/")[2])
