"""What was paid for a Shopify order, promised, or is still due: transactions, gift cards, payment terms.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/OrderTransaction (checked 2026-11-20). ``receiptJson`` has no
contract: it may name the gift card that paid, and nothing else is read from it. Not for payouts of the payment service.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from connectors.records import Payment, PaymentDue, PaymentFee
from connectors.shopify.client import plain_id
from connectors.shopify.moneys import Node, Purse, amount_of, optional_time

GIFT_CARD = "gift_card"
# SUGGESTED_REFUND is a calculation, no payment.
KINDS = {
    "SALE": "sale",
    "CAPTURE": "capture",
    "AUTHORIZATION": "authorization",
    "EMV_AUTHORIZATION": "authorization",
    "REFUND": "refund",
    "VOID": "void",
    "CHANGE": "change",
}
STATUSES = {
    "SUCCESS": "success",
    "PENDING": "pending",
    "AWAITING_RESPONSE": "pending",
    "UNKNOWN": "pending",  # not known to have succeeded: never counted as money
    "FAILURE": "failure",
    "ERROR": "error",
}


def payments_of(money: Node, purse: Purse) -> Iterator[Payment]:
    for node in money.get("transactions", ()):
        if node["kind"] in KINDS:
            yield Payment(
                id=plain_id(node["id"]),
                gateway=node["gateway"] or "",
                kind=KINDS[node["kind"]],
                status=STATUSES.get(node["status"], "pending"),
                amount=purse.amount(node["amountSet"]),
                is_test=node["test"],
                gateway_title=node["formattedGateway"] or "",
                parent_id=plain_id((node["parentTransaction"] or {}).get("id")),
                processed_at=optional_time(node["processedAt"]),
                expires_at=optional_time(node["authorizationExpiresAt"]),
                reference=node["paymentId"] or "",
                error_code=(node["errorCode"] or "").lower(),
                unsettled=purse.amount(node["totalUnsettledSet"]),
                is_gift_card=node["gateway"] == GIFT_CARD,
                fees=tuple(_fee(fee) for fee in node["fees"]),
                gift_card_id=_gift_card_id(node),
            )


def _fee(node: Node) -> PaymentFee:
    return PaymentFee(
        kind=node["type"],
        amount=amount_of(node["amount"]),
        tax=amount_of(node["taxAmount"]),
        rate=Decimal(str(node["rate"])),
        currency=node["amount"]["currencyCode"],
    )


def dues_of(terms: Node) -> tuple[PaymentDue, ...]:
    """The instalments of payment terms, in the currency they were agreed in."""
    return tuple(
        PaymentDue(
            due_at=optional_time(node["dueAt"]),
            completed_at=optional_time(node["completedAt"]),
            amount=amount_of(node["totalBalance"]),
            open_amount=amount_of(node["balanceDue"]),
            currency=node["totalBalance"]["currencyCode"],
        )
        for node in terms["paymentSchedules"]["nodes"]
    )


def gift_cards_named(money: Node) -> list[str]:
    """The last characters of gift cards that paid, where the receipt has them: for a remark, never for a decision."""
    found = (_receipt(node).get("gift_card_last_characters") for node in money.get("transactions", ()))
    return [last[-4:] for last in found if isinstance(last, str) and last]


def _gift_card_id(node: Node) -> str:
    """The number of the card that paid, where the receipt has it."""
    number = _receipt(node).get("gift_card_id")
    text = str(number) if isinstance(number, int | str) and not isinstance(number, bool) else ""
    return text if text.isdecimal() and len(text) <= 20 else ""


def _receipt(node: Node) -> Mapping[str, Any]:
    """What the gateway said of a payment by gift card; empty for any other payment, and where it cannot be read."""
    receipt = node.get("receiptJson") if node["gateway"] == GIFT_CARD else None
    try:
        found = json.loads(receipt) if isinstance(receipt, str) else receipt
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}
