"""Orders placed in the sandbox's shops, with their buyer, payments and terms.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order (checked 2026-11-20). Not for changing an order that is
there: that is ``edits.py``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.shopify.sandbox.baskets import allocations, build_line, line_shares, reckon, tax_lines
from connectors.shopify.sandbox.cashbook import pay, payment_terms, settle
from connectors.shopify.sandbox.orders import Node, Shop, Till, stamp
from connectors.shopify.sandbox.routing import route


def place_order(shop: Shop, wish: Mapping[str, Any], now: float) -> Node:
    """Place the order a small description wishes for; every member is optional:

    lines ``[{sku, quantity, price, title, discount, gift_card, custom, properties, tax, duty, bundle {id, title,
    quantity, sku}}]``; customer ``{id, first_name, last_name, email, phone, tags, locale, note, tax_exempt,
    tax_exemptions}`` or ``null`` for a guest; company ``{id, name, external_id, location_id, location, contact
    (false: none)}``; terms ``{name, type, days}``; discount ``{code or title, amount or percentage}`` of the whole order;
    tax ``{title, rate, channel_liable}``; shipping ``{title, code, price, source, carrier, phone, discount}``;
    presentment ``{currency, rate}``; payment (``paid``, ``pending``, ``authorized``); gift_card_payment (by the card
    ``gift_card_id``, where the receipt shall say so), tip, duties, fees, payment_fee (amounts); duties_included; risk
    (a level); name, id, number, test, note, po_number, tags, attributes, location (a name: sold in that shop),
    minutes_ago. Amounts are the shop's money, before tax where the shop's
    prices are. Raises ``KeyError`` and ``ValueError`` for what it cannot read."""
    now -= float(wish.get("minutes_ago", 0)) * 60
    presentment = wish.get("presentment") or {}
    till = Till(shop.currency, presentment.get("currency", shop.currency), Decimal(str(presentment.get("rate", 1))))
    number = int(wish.get("number") or shop.next_number)
    shop.next_number = max(shop.next_number, number + 1)
    order_id = int(wish.get("id") or shop.take_id())
    lines: list[Mapping[str, Any]] = [dict(one) for one in wish.get("lines") or [{"sku": "MUG-BLU-350"}]]
    if wish.get("duties"):
        lines[0] = {**lines[0], "duty": wish["duties"]}
    discount, tax = wish.get("discount"), wish.get("tax")
    shares = line_shares(till, lines, discount)
    order: Node = {
        **_head(shop, wish, till, order_id, number, stamp(now)),
        "totalTipReceivedSet": till.show(till.bag(wish.get("tip", 0))),
        "originalTotalAdditionalFeesSet": till.show(till.bag(wish["fees"])) if wish.get("fees") else None,
        "discountCodes": [discount["code"]] if discount and discount.get("code") else [],
        "discountApplications": _applications(till, discount, lines),
        "shippingLines": _shipping(shop, till, wish.get("shipping"), tax),
        "lineItems": [build_line(shop, till, one, shares[i], tax) for i, one in enumerate(lines)],
        "risk": risk_of(wish.get("risk", "LOW")),
        **_buyer(shop, wish.get("customer"), wish.get("company")),
    }
    reckon(order, till)
    order["paymentTerms"] = payment_terms(shop, order, wish, now)
    pay(shop, order, till, wish, now)
    settle(order)
    route(shop, order, now)
    shop.orders[order["id"]] = order
    shop.first_states[order["id"]] = copy.deepcopy(order)
    return order


def _head(shop: Shop, wish: Mapping[str, Any], till: Till, order_id: int, number: int, moment: str) -> Node:
    customer = wish.get("customer") or {}
    address = _address(customer, wish.get("address") or {})
    location = next((one for one in shop.table("Location").values() if one["name"] == wish.get("location")), None)
    return {
        "id": f"gid://shopify/Order/{order_id}",
        "legacyResourceId": str(order_id),
        "name": wish.get("name") or f"{shop.prefix}{number}",
        "number": number,
        "confirmationNumber": f"SBX{order_id % 1_000_000:06d}",
        "poNumber": wish.get("po_number"),
        "sourceName": wish.get("source_name", "pos" if location else "web"),
        "sourceIdentifier": wish.get("source_identifier"),
        "test": bool(wish.get("test")),
        "createdAt": moment,
        "processedAt": moment,
        "updatedAt": moment,
        "closedAt": None,
        "cancelledAt": None,
        "cancelReason": None,
        "confirmed": True,
        "edited": False,
        "displayFulfillmentStatus": "UNFULFILLED",
        "returnStatus": "NO_RETURN",
        "currencyCode": till.currency,
        "presentmentCurrencyCode": till.buyer_currency,
        "taxesIncluded": shop.taxes_included,
        "taxExempt": bool(wish.get("tax_exempt")),
        "estimatedTaxes": False,
        "dutiesIncluded": bool(wish.get("duties_included")),
        "email": customer.get("email"),
        "phone": customer.get("phone"),
        "note": wish.get("note"),
        "tags": sorted(wish.get("tags", [])),
        "customerLocale": customer.get("locale", "en"),
        "app": {"id": "gid://shopify/OrderApp/580111", "name": "Online Store"},
        "retailLocation": location,
        "customAttributes": [{"key": k, "value": v} for k, v in wish.get("attributes", {}).items()],
        "billingAddress": address,
        "shippingAddress": address,
        "metafields": [],
        "refunds": [],
    }


def risk_of(level: str) -> Node:
    """What one assessment of this level makes of an order."""
    advice = {"HIGH": "CANCEL", "MEDIUM": "INVESTIGATE", "LOW": "ACCEPT"}.get(level, "NONE")
    facts = {"HIGH": ("The card's country is not the buyer's", "NEGATIVE"), "LOW": ("The address is known", "POSITIVE")}
    said = (
        [{"description": text, "sentiment": sentiment} for text, sentiment in [facts[level]]] if level in facts else []
    )
    return {"recommendation": advice, "assessments": [{"riskLevel": level, "provider": None, "facts": said}]}


def _applications(till: Till, discount: Mapping[str, Any] | None, lines: list[Mapping[str, Any]]) -> list[Node]:
    """The discount of the whole order is number 0, those of lines together are number 1."""
    rows: list[Node] = []
    common = {"allocationMethod": "ACROSS", "targetSelection": "ALL", "targetType": "LINE_ITEM"}
    if discount:
        value = (
            {"__typename": "PricingPercentageValue", "percentage": float(discount["percentage"])}
            if "percentage" in discount
            else {"__typename": "MoneyV2", "amount": str(discount["amount"]), "currencyCode": till.currency}
        )
        named = (
            {"__typename": "DiscountCodeApplication", "code": discount["code"]}
            if discount.get("code")
            else {"__typename": "AutomaticDiscountApplication", "title": discount.get("title", "Sale")}
        )
        rows.append({**common, "index": 0, "value": value, **named})
    if by_hand := sum(Decimal(str(one.get("discount", 0))) for one in lines):
        value = {"__typename": "MoneyV2", "amount": str(by_hand), "currencyCode": till.currency}
        named = {"__typename": "ManualDiscountApplication", "title": "Discount", "description": None}
        rows.append({**common, "index": 1, "value": value, **named})
    return rows


def _shipping(shop: Shop, till: Till, wish: Mapping[str, Any] | None, tax: Mapping[str, Any] | None) -> list[Node]:
    if not wish:
        return []
    price, off = till.bag(wish["price"]), till.bag(wish.get("discount", 0))
    return [
        {
            "id": f"gid://shopify/ShippingLine/{shop.take_id()}",
            "title": wish.get("title", "Standard"),
            "code": wish.get("code"),
            "source": wish.get("source", "shopify"),
            "carrierIdentifier": wish.get("carrier"),
            "deliveryCategory": wish.get("category"),
            "custom": bool(wish.get("custom")),
            "isRemoved": False,
            "phone": wish.get("phone"),
            "originalPriceSet": till.show(price),
            "discountAllocations": allocations(till, [off]),
            "taxLines": tax_lines(till, price - off, tax, shop.taxes_included),
        }
    ]


def _buyer(shop: Shop, customer: Mapping[str, Any] | None, company: Mapping[str, Any] | None) -> Node:
    if not customer:
        return {"customer": None, "purchasingEntity": None}
    number = customer.get("id") or shop.take_id()
    name = f"{customer.get('first_name', '')} {customer.get('last_name', '')}".strip()
    node = {
        "id": f"gid://shopify/Customer/{number}",
        "legacyResourceId": str(number),
        "firstName": customer.get("first_name"),
        "lastName": customer.get("last_name"),
        "displayName": name or customer.get("email", ""),
        "locale": customer.get("locale", "en"),
        "tags": customer.get("tags", []),
        "note": customer.get("note"),
        "taxExempt": bool(customer.get("tax_exempt")),
        "taxExemptions": list(customer.get("tax_exemptions", ())),
        "defaultEmailAddress": {"emailAddress": customer["email"]} if customer.get("email") else None,
        "defaultPhoneNumber": {"phoneNumber": customer["phone"]} if customer.get("phone") else None,
    }
    if not company:
        return {"customer": node, "purchasingEntity": {"__typename": "Customer", **node}}
    location_id = company.get("location_id") or shop.take_id()
    location = {"id": f"gid://shopify/CompanyLocation/{location_id}", "name": company.get("location", "Head office")}
    contact = {"id": f"gid://shopify/CompanyContact/{shop.take_id()}", "title": company.get("title"), "customer": node}
    entity = {
        "__typename": "PurchasingCompany",
        "company": {
            "id": f"gid://shopify/Company/{company.get('id') or shop.take_id()}",
            "name": company["name"],
            "externalId": company.get("external_id"),
        },
        "location": {**location, "externalId": company.get("location_external_id")},
        "contact": contact if company.get("contact", True) else None,
    }
    return {"customer": node, "purchasingEntity": entity}


def _address(customer: Mapping[str, Any], wish: Mapping[str, Any]) -> Node:
    first, last = customer.get("first_name", "Guest"), customer.get("last_name", "Buyer")
    return {
        "firstName": first,
        "lastName": last,
        "name": f"{first} {last}",
        "company": wish.get("company"),
        "address1": wish.get("address1", "Uferweg 9"),
        "address2": wish.get("address2"),
        "city": wish.get("city", "Kiel"),
        "province": wish.get("province"),
        "provinceCode": wish.get("province_code"),
        "zip": wish.get("zip", "24103"),
        "country": wish.get("country", "Germany"),
        "countryCodeV2": wish.get("country_code", "DE"),
        "phone": wish.get("phone"),
    }
