"""What happens in the sandbox's shops: they open with seeds, orders are placed and changed."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.shopify.sandbox.catalogue import open_catalogue
from connectors.shopify.sandbox.orders import (
    Node,
    Shop,
    Till,
    allocations,
    build_line,
    line_shares,
    read_bag,
    reckon,
    stamp,
    tax_lines,
)
from connectors.shopify.sandbox.routing import route

OUTLET = "example-outlet.myshopify.com"
LUMEN = "lumen-goods.myshopify.com"
GERMAN_TAX = {"title": "DE VAT", "rate": "0.19"}
COUNTY_TAX = {"title": "County tax", "rate": "0.0825"}
SPOKANE = {
    "address1": "410 Lantern Street",
    "city": "Spokane",
    "zip": "99201",
    "province": "Washington",
    "province_code": "WA",
    "country": "United States",
    "country_code": "US",
}


def place_order(shop: Shop, wish: Mapping[str, Any], now: float) -> Node:
    """Place the order a small description wishes for; every member is optional:

    lines ``[{sku, quantity, price, title, discount, gift_card, properties}]``; customer ``{id, first_name, last_name,
    email, tags}`` or ``null`` for a guest; company ``{id, name, external_id, location_id, location}``; discount
    ``{code, amount}`` of the whole order; tax ``{title, rate}``; shipping ``{title, code, price}``; presentment
    ``{currency, rate}``; payment (``paid``, ``pending``, ``authorized``); gift_card_payment, tip, duties (amounts);
    name, id, number, test, note, po_number, tags, attributes; minutes_ago. Amounts are the shop's money, before tax
    where the shop's prices are. Raises ``KeyError`` and ``ValueError`` for what it cannot read."""
    now -= float(wish.get("minutes_ago", 0)) * 60
    presentment = wish.get("presentment") or {}
    till = Till(shop.currency, presentment.get("currency", shop.currency), Decimal(str(presentment.get("rate", 1))))
    number = int(wish.get("number") or shop.next_number)
    shop.next_number = max(shop.next_number, number + 1)
    order_id = int(wish.get("id") or shop.take_id())
    lines = wish.get("lines") or [{"sku": "MUG-BLU-350"}]
    discount, tax, moment = wish.get("discount"), wish.get("tax"), stamp(now)
    shares = line_shares(till, lines, discount)
    address = _address(wish.get("customer") or {}, wish.get("address") or {})
    order: Node = {
        "id": f"gid://shopify/Order/{order_id}",
        "legacyResourceId": str(order_id),
        "name": wish.get("name") or f"{shop.prefix}{number}",
        "number": number,
        "confirmationNumber": f"SBX{order_id % 1_000_000:06d}",
        "poNumber": wish.get("po_number"),
        "sourceName": wish.get("source_name", "web"),
        "sourceIdentifier": None,
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
        "taxExempt": False,
        "dutiesIncluded": False,
        "email": (wish.get("customer") or {}).get("email"),
        "phone": None,
        "note": wish.get("note"),
        "tags": sorted(wish.get("tags", [])),
        "customerLocale": "en",
        "app": {"id": "gid://shopify/OrderApp/580111", "name": "Online Store"},
        "retailLocation": None,
        "discountCodes": [discount["code"]] if discount else [],
        "customAttributes": [{"key": k, "value": v} for k, v in wish.get("attributes", {}).items()],
        "paymentTerms": None,
        "billingAddress": address,
        "shippingAddress": address,
        "totalTipReceivedSet": till.show(till.bag(wish.get("tip", 0))),
        "currentTotalDutiesSet": till.show(till.bag(wish["duties"])) if wish.get("duties") else None,
        "currentTotalAdditionalFeesSet": None,
        "discountApplications": _applications(till, discount, lines),
        "shippingLines": _shipping(shop, till, wish.get("shipping"), tax),
        "lineItems": [build_line(shop, till, one, shares[i], tax) for i, one in enumerate(lines)],
        "risk": {"recommendation": "ACCEPT", "assessments": [{"riskLevel": "LOW"}]},
        **_buyer(shop, wish.get("customer"), wish.get("company")),
    }
    reckon(order, till)
    _pay(shop, order, till, wish, moment)
    route(shop, order, now)
    shop.orders[order["id"]] = order
    shop.first_states[order["id"]] = copy.deepcopy(order)
    return order


def change_order(order: Node, wish: Mapping[str, Any], now: float) -> Node:
    """Change an order as an edit in the admin would: ``remove`` ``{sku: units}``, ``cancel``, ``tags``, ``note``."""
    for line in order["lineItems"]:
        units = int(wish.get("remove", {}).get(line["sku"], 0))
        line["currentQuantity"] = max(0, line["currentQuantity"] - units)
        order["edited"] = order["edited"] or units > 0
    if wish.get("cancel"):
        order.update(cancelledAt=stamp(now), cancelReason="CUSTOMER")
    order.update({name: wish[name] for name in ("tags", "note") if name in wish})
    reckon(order, Till(order["currencyCode"], order["presentmentCurrencyCode"], Decimal(1)))
    order["updatedAt"] = max(stamp(now), order["updatedAt"])
    return order


def open_shops(now: float) -> dict[str, Shop]:
    """The two seeded shops: one in euros with prices that include tax, one in dollars with business customers."""
    outlet = Shop(
        domain=OUTLET, name="Example Outlet", currency="EUR", timezone="Europe/Berlin", utc_offset="+01:00",
        prefix="#EX-", taxes_included=True, client_id="sandbox-outlet", client_secret="sandbox-outlet-secret",
        previous_secret="sandbox-outlet-old-secret", access_token="shpat_sandbox_outlet",
        next_id=5_512_300_778_000, next_number=2_041,
    )  # fmt: skip
    lumen = Shop(
        domain=LUMEN, name="Lumen Goods", currency="USD", timezone="America/Los_Angeles", utc_offset="-08:00",
        prefix="#", taxes_included=False, client_id="sandbox-lumen", client_secret="sandbox-lumen-secret",
        previous_secret="sandbox-lumen-old-secret", access_token="shpat_sandbox_lumen",
        next_id=6_900_100_400_000, next_number=2_205,
    )  # fmt: skip
    open_catalogue(outlet, now, {"Kiel": {"city": "Kiel", "zip": "24103", "countryCode": "DE"},
                                 "Hamburg": {"city": "Hamburg", "zip": "20095", "countryCode": "DE"}})  # fmt: skip
    open_catalogue(lumen, now, {"Spokane": {"city": "Spokane", "zip": "99201", "countryCode": "US"}})
    mira = {"id": 7_002_001, "first_name": "Mira", "last_name": "Vogt", "email": "mira@example.org", "tags": ["vip"]}
    jonas = {"id": 7_002_002, "first_name": "Jonas", "last_name": "Brandt", "email": "jonas@example.org"}
    dana = {"id": 7_710_042_000, "first_name": "Dana", "last_name": "Reyes", "email": "dana@example.com"}
    buyer = {"id": 7_710_042_001, "first_name": "Priya", "last_name": "Nand", "email": "purchasing@example.com"}
    office = {"id": 330_045, "name": "Northlight Offices", "external_id": "NLO-045", "location": "Spokane",
              "location_id": 440_045}  # fmt: skip
    ground = {"title": "Ground", "code": "GROUND", "price": "9.00"}
    express = {"title": "Express", "code": "HUB_EXPRESS", "price": "4.95"}
    for shop, wish in (
        (outlet, {"id": 5_512_300_777_001, "customer": mira, "shipping": express, "note": "ring twice",
                  "lines": [{"sku": "MUG-BLU-350", "quantity": 2, "properties": {"engraving": "M"}}],
                  "discount": {"code": "HELLO5", "amount": "5.00"}, "tags": ["vip", "web"], "minutes_ago": 190}),
        (outlet, {"id": 5_512_300_777_002, "customer": jonas, "shipping": express, "minutes_ago": 95,
                  "lines": [{"sku": "LMP-OAK-S"}, {"sku": "PAPER-A4-80", "quantity": 4}]}),
        (outlet, {"id": 5_512_300_777_003, "customer": None, "payment": "pending", "minutes_ago": 40,
                  "lines": [{"sku": "TONER-77K"}, {"sku": "MUG-RED-350"}]}),
        (lumen, {"id": 6_900_100_300_005, "customer": dana, "shipping": ground, "minutes_ago": 300,
                 "lines": [{"sku": "LMP-OAK-L"}]}),
        (lumen, {"id": 6_900_100_300_006, "customer": dana, "payment": "authorized", "minutes_ago": 120,
                 "lines": [{"sku": "LMP-OAK-S", "discount": "10.00"}, {"sku": "MUG-RED-350", "quantity": 2}]}),
        (lumen, {"id": 6_900_100_300_007, "customer": buyer, "company": office, "po_number": "PO-8815",
                 "payment": "pending", "shipping": ground, "minutes_ago": 60,
                 "lines": [{"sku": "PAPER-A4-80", "quantity": 40}, {"sku": "TONER-77K", "quantity": 6}]}),
    ):  # fmt: skip
        usual = {"tax": GERMAN_TAX} if shop is outlet else {"tax": COUNTY_TAX, "address": SPOKANE}
        place_order(shop, {**usual, **wish}, now)
    return {shop.domain: shop for shop in (outlet, lumen)}


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
        "locale": "en",
        "tags": customer.get("tags", []),
        "note": None,
        "taxExempt": bool(customer.get("tax_exempt")),
        "defaultEmailAddress": {"emailAddress": customer["email"]} if customer.get("email") else None,
        "defaultPhoneNumber": None,
    }
    if not company:
        return {"customer": node, "purchasingEntity": {"__typename": "Customer", **node}}
    location_id = company.get("location_id") or shop.take_id()
    location = {"id": f"gid://shopify/CompanyLocation/{location_id}", "name": company.get("location", "Head office")}
    entity = {
        "__typename": "PurchasingCompany",
        "company": {
            "id": f"gid://shopify/Company/{company.get('id') or shop.take_id()}",
            "name": company["name"],
            "externalId": company.get("external_id"),
        },
        "location": {**location, "externalId": company.get("location_external_id")},
        "contact": {"id": f"gid://shopify/CompanyContact/{shop.take_id()}", "title": None},
    }
    terms = {"id": f"gid://shopify/PaymentTerms/{shop.take_id()}", "paymentTermsName": "Net 30", "overdue": False,
             "paymentTermsType": "NET", "dueInDays": 30}  # fmt: skip
    return {"customer": node, "purchasingEntity": entity, "paymentTerms": terms}


def _pay(shop: Shop, order: Node, till: Till, wish: Mapping[str, Any], moment: str) -> None:
    state = wish.get("payment", "paid")
    by_card = till.bag(wish.get("gift_card_payment", 0))
    rest = read_bag(order["totalPriceSet"]) - by_card
    kinds = {"paid": ("SALE", "SUCCESS"), "pending": ("SALE", "PENDING"), "authorized": ("AUTHORIZATION", "SUCCESS")}
    kind, status = kinds[state]
    gateway = "manual" if state == "pending" else "shopify_payments"
    rows = [("gift_card", "SALE", "SUCCESS", by_card)] if by_card.shop else []
    rows += [(gateway, kind, status, rest)] if rest.shop else []
    order["transactions"] = [
        {
            "id": f"gid://shopify/OrderTransaction/{shop.take_id()}",
            "kind": one_kind,
            "status": one_status,
            "gateway": name,
            "formattedGateway": name.replace("_", " ").capitalize(),
            "test": order["test"],
            "createdAt": moment,
            "processedAt": moment,
            "amountSet": till.show(amount),
            "parentTransaction": None,
        }
        for name, one_kind, one_status, amount in rows
    ]
    order["paymentGatewayNames"] = [name for name, *_ in rows]
    order["displayFinancialStatus"] = state.upper()
    order["totalOutstandingSet"] = till.show(till.bag(0) if state == "paid" else rest)


def _applications(till: Till, discount: Mapping[str, Any] | None, lines: list[Mapping[str, Any]]) -> list[Node]:
    rows: list[Node] = []
    common = {"allocationMethod": "ACROSS", "targetSelection": "ALL", "targetType": "LINE_ITEM"}
    for index, (code, amount) in enumerate(
        (
            (discount["code"], discount["amount"]) if discount else (None, 0),
            (None, sum(Decimal(str(one.get("discount", 0))) for one in lines)),
        )
    ):
        if Decimal(str(amount)):
            value = {"__typename": "MoneyV2", "amount": str(amount), "currencyCode": till.currency}
            kind = {"__typename": "DiscountCodeApplication", "code": code} if code else {
                "__typename": "ManualDiscountApplication", "title": "Discount", "description": None}  # fmt: skip
            rows.append({**common, "index": index, "value": value, **kind})
    return rows


def _shipping(shop: Shop, till: Till, wish: Mapping[str, Any] | None, tax: Mapping[str, Any] | None) -> list[Node]:
    if not wish:
        return []
    price = till.bag(wish["price"])
    return [
        {
            "id": f"gid://shopify/ShippingLine/{shop.take_id()}",
            "title": wish.get("title", "Standard"),
            "code": wish.get("code"),
            "source": "shopify",
            "carrierIdentifier": None,
            "deliveryCategory": None,
            "custom": False,
            "isRemoved": False,
            "phone": None,
            "originalPriceSet": till.show(price),
            "discountAllocations": allocations(till, []),
            "taxLines": tax_lines(till, price, tax, shop.taxes_included),
        }
    ]


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
