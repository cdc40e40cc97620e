"""Shopify's order, as HubOrder and HubOrderMoney give it, becomes the hub's ``Order`` record. Pure: no calls, no rows.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order (checked 2026-11-20). The rules:

- a line's discount is the sum of its allocations, order-level shares included;
- amounts are the shop's money, or the buyer's (presentment) where the connector says so;
- units removed or refunded do not count: lines carry ``currentQuantity``, and lines of which nothing is left are listed
  apart. Such an order's totals are the sums of what it still carries. A cancelled order keeps the lines it had;
- what was ever ordered has to add up to ``totalPriceSet``; if not, nothing is handed on.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from connectors.exceptions import PayloadError
from connectors.records import Discount, Metafield, Order
from connectors.shopify.buyers import address_of, company_of, customer_of
from connectors.shopify.client import plain_id
from connectors.shopify.lines import attributes_of, goods_line, shipping_line
from connectors.shopify.moneys import Node, Place, Purse, amount_of, optional_time, time_of
from connectors.shopify.payments import dues_of, payments_of
from connectors.shopify.replies import UNREADABLE
from connectors.shopify.totals import Totals, totals_of

RISK_ORDER = ("PENDING", "HIGH", "MEDIUM", "LOW")  # an assessment still to come outweighs those that are there
TAX_TOLERANCE = Decimal("0.01")  # of one line
DISCOUNT_KINDS = {
    "DiscountCodeApplication": "code",
    "AutomaticDiscountApplication": "automatic",
    "ManualDiscountApplication": "manual",
    "ScriptDiscountApplication": "script",
}


def order_record(
    order: Node,
    money: Node | None,
    *,
    shop_domain: str,
    presentment: bool = False,
    tax_tolerance: Decimal = TAX_TOLERANCE,
    notes: dict[str, str] | None = None,
) -> Order:
    """The record of one order. ``money`` is HubOrderMoney's order; ``notes`` takes remarks by code. Raises
    ``PayloadError`` where amounts or taxes do not add up or a member is missing."""
    try:
        record, totals = _order_record(order, money or {}, shop_domain, Purse(order, presentment), tax_tolerance)
        record.to_json()  # refuses members of another kind than declared
    except KeyError as error:
        name = order.get("name") or order.get("id")
        sentence = f"Shopify's answer for order {name} lacks “{error.args[0]}”."
        raise PayloadError(sentence, path=f"order.{error.args[0]}") from error
    except UNREADABLE as error:
        name = order.get("name") or order.get("id")
        raise PayloadError(f"Shopify's answer for order {name} has a member of a wrong kind.", code="shape") from error
    if totals.remark and notes is not None:
        notes["duty_taxes"] = totals.remark
    return record


def _order_record(
    order: Node, money: Node, shop_domain: str, purse: Purse, tax_tolerance: Decimal
) -> tuple[Order, Totals]:
    place, nodes = Place(order), order["lineItems"]["nodes"]
    is_cancelled = order["cancelledAt"] is not None
    shipping = tuple(
        shipping_line(node, purse, place) for node in order["shippingLines"]["nodes"] if not node["isRemoved"]
    )
    counted = "quantity" if is_cancelled else "currentQuantity"
    every = [goods_line(node, purse, place, node[counted]) for node in nodes]
    lines = tuple(line for line in every if line.quantity)
    is_whole = is_cancelled or all(node["currentQuantity"] == node["quantity"] for node in nodes)
    totals = totals_of(order, purse, lines, shipping, is_whole=is_whole, tax_tolerance=tax_tolerance)
    record = Order(
        **_identity(order, shop_domain),
        **_state(order),
        **_money(order, purse, totals),
        **_terms(order["paymentTerms"] or {}),
        customer=customer_of(order["customer"]),
        company=company_of(order["purchasingEntity"]),
        billing_address=address_of(order["billingAddress"]),
        shipping_address=address_of(order["shippingAddress"]),
        lines=lines,
        removed_lines=tuple(line for line in every if not line.quantity),
        shipping_lines=shipping,
        payments=tuple(payments_of(money, purse)),
        discounts=tuple(_discounts(order)),
        metafields=tuple(_metafields(order)),
        raw={**order, "transactions": [_without_receipt(one) for one in money.get("transactions", [])]},
    )
    return record, totals


def _identity(order: Node, shop_domain: str) -> dict[str, Any]:
    location, app = order["retailLocation"] or {}, order["app"] or {}
    return {
        "id": order["legacyResourceId"],
        "number": str(order["number"]),
        "name": order["name"],
        "confirmation_number": order["confirmationNumber"] or "",
        "source": shop_domain,
        "source_name": order["sourceName"] or "",
        "source_id": order["sourceIdentifier"] or "",
        "app_id": plain_id(app.get("id")),
        "app_name": app.get("name") or "",
        "location_id": plain_id(location.get("id")),
        "location_name": location.get("name") or "",
        "email": order["email"] or "",
        "phone": order["phone"] or "",
        "note": order["note"] or "",
        "po_number": order["poNumber"] or "",
        "locale": order["customerLocale"] or "",
        "tags": tuple(order["tags"]),
        "attributes": attributes_of(order["customAttributes"]),
        "is_test": order["test"],
    }


def _state(order: Node) -> dict[str, Any]:
    risk = order["risk"]
    return {
        "updated_at": time_of(order["updatedAt"]),
        "created_at": time_of(order["createdAt"]),
        "processed_at": optional_time(order["processedAt"]),
        "cancelled_at": optional_time(order["cancelledAt"]),
        "closed_at": optional_time(order["closedAt"]),
        "cancel_reason": (order["cancelReason"] or "").lower(),
        "is_edited": order["edited"],
        "financial_status": (order["displayFinancialStatus"] or "").lower(),
        "fulfillment_status": order["displayFulfillmentStatus"].lower(),
        "return_status": order["returnStatus"].lower(),
        "risk": _risk_level(risk),
        "risk_recommendation": (risk["recommendation"] or "").lower(),
        "risk_facts": tuple(fact["description"] for one in risk["assessments"] for fact in one["facts"]),
    }


def _money(order: Node, purse: Purse, totals: Totals) -> dict[str, Any]:
    total = order["totalPriceSet"]
    is_foreign = purse.other_currency != purse.currency
    return {
        "currency": purse.currency,
        "total": totals.total,
        "subtotal": totals.subtotal,
        "total_tax": totals.tax,
        "total_discount": totals.discount,
        "tip": totals.tip,
        "duties": totals.duties,
        "fees": totals.fees,
        "prices_include_tax": order["taxesIncluded"],
        "is_tax_exempt": order["taxExempt"],
        "are_taxes_estimated": order["estimatedTaxes"],
        "are_duties_included": order["dutiesIncluded"],
        "received": purse.amount(order["totalReceivedSet"]),
        "refunded": purse.amount(order["totalRefundedSet"]),
        "outstanding": purse.amount(order["totalOutstandingSet"]),
        "other_currency": purse.other_currency if is_foreign else "",
        "other_total": purse.other_amount(total) if is_foreign else Decimal(0),
        "exchange_rate": purse.rate(total),
    }


def _terms(terms: Node) -> dict[str, Any]:
    if not terms:
        return {}
    return {
        "payment_terms": terms["paymentTermsName"],
        "payment_terms_kind": terms["paymentTermsType"].lower(),
        "payment_due_days": terms["dueInDays"] or 0,
        "is_overdue": bool(terms["overdue"]),
        "payment_dues": dues_of(terms),
    }


def _risk_level(node: Node) -> str:
    """The highest level assessed; ``pending`` while an assessment is missing, empty where nobody assesses."""
    levels = {assessment["riskLevel"] for assessment in node["assessments"]}
    return next((level.lower() for level in RISK_ORDER if level in levels), "")


def _discounts(order: Node) -> Iterator[Discount]:
    for node in order["discountApplications"]["nodes"]:
        value = node["value"]
        is_percentage = "percentage" in value
        yield Discount(
            index=node["index"],
            kind=DISCOUNT_KINDS.get(node["__typename"], "automatic"),
            title=node.get("title") or "",
            code=node.get("code") or "",
            value=Decimal(str(value["percentage"])) if is_percentage else amount_of(value),
            is_percentage=is_percentage,
            target=node["targetType"].lower(),
            description=node.get("description") or "",
        )


def _metafields(order: Node) -> Iterator[Metafield]:
    for member in ("metafields", "more"):
        for node in (order.get(member) or {"nodes": ()})["nodes"]:
            yield Metafield(namespace=node["namespace"], key=node["key"], value=node["value"], type=node["type"])


def _without_receipt(transaction: Node) -> dict[str, Any]:
    return {name: value for name, value in transaction.items() if name != "receiptJson"}
