"""The money of the sandbox's orders: transactions, what follows from them, payment terms.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/OrderTransaction (checked 2026-11-20). Not for payouts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.shopify.sandbox.orders import Bag, Node, Shop, Till, read_bag, stamp, total_of

DAY_S = 86_400
AUTHORIZATION_DAYS = 7


def settle(order: Node) -> None:
    """Set what follows from the transactions: received, refunded, outstanding, capturable, the financial state."""
    done = [one for one in order["transactions"] if one["status"] == "SUCCESS"]
    zero = read_bag(order["totalPriceSet"]).times(0)

    def sum_of(*kinds: str) -> Bag:
        return total_of([zero, *(read_bag(one["amountSet"]) for one in done if one["kind"] in kinds)])

    till = Till(order["currencyCode"], order["presentmentCurrencyCode"], Decimal(1))
    received, refunded, captured = sum_of("SALE", "CAPTURE"), sum_of("REFUND"), sum_of("CAPTURE")
    promised = zero if any(one["kind"] == "VOID" for one in done) else sum_of("AUTHORIZATION") - captured
    current = read_bag(order["currentTotalPriceSet"])
    left = current - (received - refunded)
    outstanding = left if left.shop > 0 and not order["cancelledAt"] else zero
    bags = {"Received": received, "Refunded": refunded, "Outstanding": outstanding, "Capturable": promised}
    order.update({f"total{name}Set": till.show(bag) for name, bag in bags.items()})
    order["displayFinancialStatus"] = _financial_state(received, refunded, outstanding, promised)
    order["fullyPaid"], order["unpaid"] = outstanding.shop == 0, received.shop == 0


def _financial_state(received: Bag, refunded: Bag, outstanding: Bag, promised: Bag) -> str:
    if refunded.shop > 0:
        return "REFUNDED" if refunded.shop >= received.shop else "PARTIALLY_REFUNDED"
    if outstanding.shop == 0:
        return "PAID" if received.shop > 0 or promised.shop <= 0 else "AUTHORIZED"
    if received.shop > 0:
        return "PARTIALLY_PAID"
    return "AUTHORIZED" if promised.shop > 0 else "PENDING"


def transaction(shop: Shop, order: Node, kind: str, status: str, gateway: str, amount: Node, moment: str) -> Node:
    """One row of an order's money; not added to it yet."""
    number = shop.take_id()
    expires = datetime.fromisoformat(moment) + timedelta(days=AUTHORIZATION_DAYS)
    nothing = {side: {**amount[side], "amount": "0.00"} for side in ("shopMoney", "presentmentMoney")}
    return {
        "id": f"gid://shopify/OrderTransaction/{number}",
        "kind": kind,
        "status": status,
        "gateway": gateway,
        "formattedGateway": gateway.replace("_", " ").capitalize(),
        "test": order["test"],
        "createdAt": moment,
        "processedAt": moment,
        "paymentId": f"r{number}.1",
        "authorizationExpiresAt": expires.astimezone(UTC).isoformat() if kind == "AUTHORIZATION" else None,
        "errorCode": None,
        "receiptJson": json.dumps({"gift_card_last_characters": "k7x2"} if gateway == "gift_card" else {}),
        "amountSet": amount,
        "totalUnsettledSet": nothing,
        "parentTransaction": None,
        "fees": [],
    }


def pay(shop: Shop, order: Node, till: Till, wish: Mapping[str, Any], now: float) -> None:
    """Pay a new order as wished: at once, later, or by a promise; a part by gift card."""
    state, moment = wish.get("payment", "paid"), stamp(now)
    by_card = till.bag(wish.get("gift_card_payment", 0))
    rest = read_bag(order["totalPriceSet"]) - by_card
    kinds = {"paid": ("SALE", "SUCCESS"), "pending": ("SALE", "PENDING"), "authorized": ("AUTHORIZATION", "SUCCESS")}
    kind, status = kinds[state]
    gateway = "manual" if state == "pending" else "shopify_payments"
    rows = [("gift_card", "SALE", "SUCCESS", by_card)] if by_card.shop else []
    rows += [(gateway, kind, status, rest)] if rest.shop else []
    order["transactions"] = [transaction(shop, order, k, s, name, till.show(bag), moment) for name, k, s, bag in rows]
    if by_card.shop and wish.get("gift_card_id"):
        receipt = {"gift_card_id": int(wish["gift_card_id"]), "gift_card_last_characters": "k7x2"}
        order["transactions"][0]["receiptJson"] = json.dumps(receipt)
    if wish.get("payment_fee") and order["transactions"]:
        money = {"amount": str(wish["payment_fee"]), "currencyCode": till.currency}
        tax = {"amount": "0.00", "currencyCode": till.currency}
        row = {"id": f"gid://shopify/TransactionFee/{shop.take_id()}", "type": "processing_fee", "rate": "0.0",
               "amount": money, "taxAmount": tax}  # fmt: skip
        order["transactions"][-1]["fees"] = [row]
    order["paymentGatewayNames"] = [name for name, *_ in rows]


def payment_terms(shop: Shop, order: Node, wish: Mapping[str, Any], now: float) -> Node | None:
    """Terms that were asked for; a company's order has 30 days."""
    given = wish.get("terms") or ({"name": "Net 30", "type": "NET", "days": 30} if wish.get("company") else None)
    if not given:
        return None
    days = int(given.get("days", 30))
    balance = order["totalPriceSet"]["presentmentMoney"]
    return {
        "id": f"gid://shopify/PaymentTerms/{shop.take_id()}",
        "paymentTermsName": given["name"],
        "paymentTermsType": given.get("type", "NET"),
        "dueInDays": days,
        "overdue": False,
        "paymentSchedules": [
            {
                "id": f"gid://shopify/PaymentSchedule/{shop.take_id()}",
                "dueAt": stamp(now + days * DAY_S),
                "completedAt": None,
                "totalBalance": balance,
                "balanceDue": balance,
            }
        ],
    }
