"""Shopify's order, as HubOrder and HubOrderMoney give it, becomes the hub's ``Order`` record. Pure: no calls, no rows.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order (checked 2026-11-20). The rules:

- a line's discount is the sum of its allocations, order-level shares included;
- amounts are the shop's money, or the buyer's (presentment) where the connector says so;
- units removed or refunded do not count: lines carry ``currentQuantity``, and lines of which nothing is left are gone.
  Such an order's totals are the sums of what it still carries. A cancelled order keeps the lines it had;
- what was ever ordered has to add up to ``totalPriceSet``; if not, nothing is handed on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.exceptions import PayloadError
from connectors.records import Address, Company, Customer, Order, OrderLine, Payment, ShippingLine, Tax
from connectors.shopify.client import plain_id
from connectors.shopify.replies import UNREADABLE

Node = Mapping[str, Any]
ZERO = Decimal(0)
DECIMALS = {"JPY": 0, "KRW": 0, "CLP": 0, "VND": 0, "ISK": 0, "KWD": 3, "BHD": 3, "OMR": 3, "JOD": 3, "TND": 3}

# https://shopify.dev/docs/api/admin-graphql/2026-10/enums/OrderTransactionKind and ...Status (checked 2026-11-20).
# SUGGESTED_REFUND is a calculation, no payment.
PAYMENT_KINDS = {
    "SALE": "sale",
    "CAPTURE": "capture",
    "AUTHORIZATION": "authorization",
    "EMV_AUTHORIZATION": "authorization",
    "REFUND": "refund",
    "VOID": "void",
    "CHANGE": "change",
}
PAYMENT_STATUSES = {
    "SUCCESS": "success",
    "PENDING": "pending",
    "AWAITING_RESPONSE": "pending",
    "UNKNOWN": "pending",  # not known to have succeeded: never counted as money
    "FAILURE": "failure",
    "ERROR": "error",
}
RISK_ORDER = ("PENDING", "HIGH", "MEDIUM", "LOW")  # an assessment still to come outweighs those that are there


def order_record(order: Node, money: Node | None, *, shop_domain: str, presentment: bool = False) -> Order:
    """The record of one order. ``money`` is HubOrderMoney's order. Raises ``PayloadError`` where the amounts do not add
    up or a member is missing."""
    try:
        record = _order_record(order, money or {}, shop_domain, _Purse(order, presentment))
        record.to_json()  # refuses members of another kind than declared
        return record
    except KeyError as error:
        name = order.get("name") or order.get("id")
        sentence = f"Shopify's answer for order {name} lacks “{error.args[0]}”."
        raise PayloadError(sentence, path=f"order.{error.args[0]}") from error
    except UNREADABLE as error:
        name = order.get("name") or order.get("id")
        raise PayloadError(f"Shopify's answer for order {name} has a member of a wrong kind.", code="shape") from error


class _Purse:
    """Reads amounts in the currency asked for. ``decimals``: how many places its smallest unit has."""

    def __init__(self, order: Node, presentment: bool) -> None:
        self.side = "presentmentMoney" if presentment else "shopMoney"
        self.currency: str = order["presentmentCurrencyCode" if presentment else "currencyCode"]
        self.unit = Decimal(1).scaleb(-DECIMALS.get(self.currency, 2))

    def amount(self, bag: Node | None) -> Decimal:
        return ZERO if bag is None else Decimal(str(bag[self.side]["amount"]))

    def allocated(self, node: Node) -> Decimal:
        return sum((self.amount(one["allocatedAmountSet"]) for one in node["discountAllocations"]), ZERO)

    def share(self, amount: Decimal, part: int, whole: int) -> Decimal:
        """``amount`` for ``part`` of ``whole`` units, rounded to the currency's smallest unit."""
        if part == whole or not whole:
            return amount
        return (amount * part / whole).quantize(self.unit, ROUND_HALF_UP)


def _order_record(order: Node, money: Node, shop_domain: str, purse: _Purse) -> Order:
    nodes = order["lineItems"]["nodes"]
    shipping = tuple(_shipping_line(node, purse) for node in order["shippingLines"]["nodes"] if not node["isRemoved"])
    duties = ZERO if order["dutiesIncluded"] else purse.amount(order["currentTotalDutiesSet"])
    fees = purse.amount(order["currentTotalAdditionalFeesSet"])
    ordered_tax = purse.amount(order["totalTaxSet"])
    ordered = [(purse.amount(node["originalTotalSet"]), purse.allocated(node)) for node in nodes]
    extra = _shipping_net(shipping) + duties + fees
    goods = sum((gross - discount for gross, discount in ordered), ZERO)
    tip = _checked_tip(order, purse, goods + extra + (ZERO if order["taxesIncluded"] else ordered_tax))

    is_cancelled = order["cancelledAt"] is not None
    lines = tuple(_line(node, purse, node["quantity" if is_cancelled else "currentQuantity"]) for node in nodes)
    lines = tuple(line for line in lines if line.quantity)
    if is_cancelled or all(node["currentQuantity"] == node["quantity"] for node in nodes):
        total, total_tax = purse.amount(order["totalPriceSet"]), ordered_tax
        subtotal = purse.amount(order["subtotalPriceSet"])
        total_discount = purse.amount(order["totalDiscountsSet"])
    else:
        subtotal = sum((line.net for line in lines), ZERO)
        carried: list[OrderLine | ShippingLine] = [*lines, *shipping]
        total_tax = sum((tax.amount for one in carried for tax in one.taxes), ZERO)
        total_discount = sum((one.discount for one in carried), ZERO)
        total = subtotal + extra + tip + (ZERO if order["taxesIncluded"] else total_tax)

    return Order(
        id=order["legacyResourceId"],
        number=str(order["number"]),
        name=order["name"],
        source=shop_domain,
        updated_at=_time(order["updatedAt"]),
        created_at=_time(order["createdAt"]),
        processed_at=_optional_time(order["processedAt"]),
        cancelled_at=_optional_time(order["cancelledAt"]),
        currency=purse.currency,
        total=total,
        subtotal=subtotal,
        total_tax=total_tax,
        total_discount=total_discount,
        tip=tip,
        duties=duties,
        fees=fees,
        prices_include_tax=order["taxesIncluded"],
        is_tax_exempt=order["taxExempt"],
        is_test=order["test"],
        email=order["email"] or "",
        phone=order["phone"] or "",
        note=order["note"] or "",
        po_number=order["poNumber"] or "",
        tags=tuple(order["tags"]),
        source_name=order["sourceName"] or "",
        location_id=plain_id((order["retailLocation"] or {}).get("id")),
        risk=_risk(order["risk"]),
        financial_status=(order["displayFinancialStatus"] or "").lower(),
        fulfillment_status=order["displayFulfillmentStatus"].lower(),
        payment_terms=(order["paymentTerms"] or {}).get("paymentTermsName", ""),
        customer=_customer(order["customer"]),
        company=_company(order["purchasingEntity"]),
        billing_address=_address(order["billingAddress"]),
        shipping_address=_address(order["shippingAddress"]),
        lines=lines,
        shipping_lines=shipping,
        payments=tuple(_payments(money, purse)),
        attributes=_attributes(order["customAttributes"]),
        raw={**order, "transactions": money.get("transactions", [])},
    )


def _checked_tip(order: Node, purse: _Purse, parts: Decimal) -> Decimal:
    """The tip to add to ``parts``. A tip the shop also lists as a line is in there already, then it is none of its own;
    Shopify does not document when. Raises ``PayloadError`` where the sum is right neither with nor without it."""
    tip, total = purse.amount(order["totalTipReceivedSet"]), purse.amount(order["totalPriceSet"])
    if parts + tip == total:
        return tip
    if parts == total:
        return ZERO
    raise PayloadError(
        f"The amounts of order {order['name']} do not add up: lines, shipping, tip, duties, fees and tax come to "
        f"{parts + tip} {purse.currency}, the shop's total is {total} {purse.currency}.",
        next_step="Compare the order in the shop with this event's requests; report it if the shop is right.",
        path="order.totalPriceSet",
        code="check_sum",
    )


def _line(node: Node, purse: _Purse, quantity: int) -> OrderLine:
    ordered: int = node["quantity"]
    group = node["lineItemGroup"]
    return OrderLine(
        id=plain_id(node["id"]),
        sku=node["sku"] or "",
        title=node["name"],
        quantity=Decimal(quantity),
        unit_price=purse.amount(node["originalUnitPriceSet"]),
        discount=purse.share(purse.allocated(node), quantity, ordered),
        taxes=tuple(_tax(tax, purse, quantity, ordered) for tax in node["taxLines"]),
        is_taxable=node["taxable"],
        is_gift_card=node["isGiftCard"],
        requires_shipping=node["requiresShipping"],
        bundle_id=plain_id(group["id"]) if group else "",
        attributes=_attributes(node["customAttributes"]),
    )


def _shipping_line(node: Node, purse: _Purse) -> ShippingLine:
    return ShippingLine(
        id=plain_id(node["id"]),
        title=node["title"],
        code=node["code"] or "",
        price=purse.amount(node["originalPriceSet"]),
        discount=purse.allocated(node),
        taxes=tuple(_tax(tax, purse, 1, 1) for tax in node["taxLines"]),
    )


def _shipping_net(lines: tuple[ShippingLine, ...]) -> Decimal:
    return sum((line.price - line.discount for line in lines), ZERO)


def _tax(node: Node, purse: _Purse, part: int, whole: int) -> Tax:
    """The rate as a fraction; where Shopify has only the percentage, that divided by 100; else 0."""
    rate, percentage = node["rate"], node["ratePercentage"]
    fraction = Decimal(str(rate)) if rate is not None else Decimal(str(percentage or 0)) / 100
    return Tax(title=node["title"], rate=fraction, amount=purse.share(purse.amount(node["priceSet"]), part, whole))


def _payments(money: Node, purse: _Purse) -> list[Payment]:
    return [
        Payment(
            id=plain_id(node["id"]),
            gateway=node["gateway"] or "",
            kind=PAYMENT_KINDS[node["kind"]],
            status=PAYMENT_STATUSES.get(node["status"], "pending"),
            amount=purse.amount(node["amountSet"]),
            is_test=node["test"],
        )
        for node in money.get("transactions", ())
        if node["kind"] in PAYMENT_KINDS
    ]


def _risk(node: Node) -> str:
    """The highest level assessed; ``pending`` while an assessment is missing, empty where nobody assesses."""
    levels = {assessment["riskLevel"] for assessment in node["assessments"]}
    return next((level.lower() for level in RISK_ORDER if level in levels), "")


def _customer(node: Node | None) -> Customer | None:
    if node is None:
        return None
    return Customer(
        id=node["legacyResourceId"],
        first_name=node["firstName"] or "",
        last_name=node["lastName"] or "",
        name=node["displayName"],
        email=(node["defaultEmailAddress"] or {}).get("emailAddress", ""),
        phone=(node["defaultPhoneNumber"] or {}).get("phoneNumber", ""),
        is_tax_exempt=node["taxExempt"],
        tags=tuple(node["tags"]),
    )


def _company(node: Node | None) -> Company | None:
    if node is None or node["__typename"] != "PurchasingCompany":
        return None
    company, location = node["company"], node["location"]
    return Company(
        id=plain_id(company["id"]),
        name=company["name"],
        external_id=company["externalId"] or "",
        location_id=plain_id(location["id"]),
        location_name=location["name"],
        location_external_id=location["externalId"] or "",
        contact_id=plain_id((node["contact"] or {}).get("id")),
    )


def _address(node: Node | None) -> Address | None:
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


def _attributes(nodes: list[Node]) -> tuple[tuple[str, str], ...]:
    return tuple((node["key"], node["value"] or "") for node in nodes)


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as error:
        raise PayloadError(f"“{text}” is no time Shopify should send.", path="order.updatedAt") from error


def _optional_time(text: str | None) -> datetime | None:
    return None if text is None else _time(text)
