"""Shopify Payments of the sandbox: payouts and their movements, made by a control call.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/ShopifyPaymentsAccount (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.sandbox import Reply
from connectors.shopify.sandbox import search
from connectors.shopify.sandbox.engine import Call, page
from connectors.shopify.sandbox.orders import Node, Shop, stamp
from connectors.shopify.sandbox.shops import OUTLET

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

SUMMARY = ("chargesGross", "chargesFee", "refundsFeeGross", "refundsFee", "adjustmentsGross", "adjustmentsFee",
           "reservedFundsGross", "reservedFundsFee", "retriedPayoutsGross", "retriedPayoutsFee", "advanceGross",
           "advanceFees")  # fmt: skip
PARTS = {"CHARGE": ("chargesGross", "chargesFee"), "REFUND": ("refundsFeeGross", "refundsFee"),
         "ADJUSTMENT": ("adjustmentsGross", "adjustmentsFee"),
         "RESERVED_FUNDS": ("reservedFundsGross", "reservedFundsFee")}  # fmt: skip
SOURCES = {"CHARGE": "CHARGE", "REFUND": "REFUND", "TRANSFER": "TRANSFER"}


def add_payout(shop: Shop, wish: Mapping[str, Any], now: float) -> Node:
    """``{"id", "lines": [{"type", "amount", "fee", "order", "count", "orders"}], "status", "days_ago", "off_by"}``. The
    net is the sum of the lines plus ``off_by``; the transfer itself is added as a line."""
    number = str(wish.get("id") or shop.take_id())
    moment = stamp(now - float(wish.get("days_ago", 0)) * 86_400)
    payout: Node = {
        "id": f"gid://shopify/ShopifyPaymentsPayout/{number}",
        "legacyResourceId": number,
        "issuedAt": moment,
        "status": wish.get("status", "PAID"),
        "externalTraceId": wish.get("trace_id", f"trace-{number}"),
    }
    summary = dict.fromkeys(SUMMARY, Decimal(0))
    net = Decimal(0)
    for one in wish["lines"]:
        for _ in range(int(one.get("count", 1))):
            line = _line(shop, payout, one, moment)
            net += Decimal(line["net"]["amount"])
            for name, value in zip(PARTS.get(line["type"], ()), ("amount", "fee"), strict=False):
                summary[name] += Decimal(line[value]["amount"])
    net += Decimal(str(wish.get("off_by", 0)))
    payout["net"] = _money(shop, net)
    payout["transactionType"] = "DEPOSIT" if net >= 0 else "WITHDRAWAL"
    payout["summary"] = {name: _money(shop, value) for name, value in summary.items()}
    _line(shop, payout, {"type": "TRANSFER", "amount": -net}, moment)
    shop.table("ShopifyPaymentsPayout")[payout["id"]] = payout
    return payout


def _line(shop: Shop, payout: Node, one: Mapping[str, Any], moment: str) -> Node:
    amount, fee = Decimal(str(one["amount"])), Decimal(str(one.get("fee", 0)))
    order = shop.find(str(one["order"])) if one.get("order") else None
    paid = next((row for row in order["transactions"] if row["kind"] in {"SALE", "CAPTURE"}), None) if order else None
    made: Node = {
        "id": f"gid://shopify/ShopifyPaymentsBalanceTransaction/{shop.take_id()}",
        "payoutId": payout["legacyResourceId"],
        "type": one.get("type", "CHARGE"),
        "sourceType": SOURCES.get(str(one.get("type", "CHARGE")), "ADJUSTMENT"),
        "sourceId": str(shop.take_id()),
        "sourceOrderTransactionId": paid["id"].rpartition("/")[2] if paid else None,
        "transactionDate": moment,
        "test": False,
        "adjustmentReason": one.get("reason"),
        "amount": _money(shop, amount),
        "fee": _money(shop, fee),
        "net": _money(shop, amount - fee),
        "associatedOrder": {"id": order["id"], "name": order["name"]} if order else None,
        "associatedPayout": payout,
        "adjustmentsOrders": [
            {"orderTransactionId": str(shop.take_id()), "name": name, "amount": _money(shop, Decimal(str(part)))}
            for name, part in one.get("orders", {}).items()
        ],
    }
    shop.table("ShopifyPaymentsBalanceTransaction")[made["id"]] = made
    return made


def _money(shop: Shop, amount: Decimal) -> Node:
    return {"amount": f"{amount:.2f}", "currencyCode": shop.currency}


def _account(call: Call, info: Any) -> Any:
    if call.shop.table("NoPayments"):
        return None
    return {
        "id": "gid://shopify/ShopifyPaymentsAccount/1",
        "activated": True,
        "country": "DE" if call.shop.currency == "EUR" else "US",
        "defaultCurrency": call.shop.currency,
        "balance": [_money(call.shop, Decimal(0))],
    }


def _tested(call: Call, info: Any, query: str | None, fields: Mapping[str, Any], times: Mapping[str, str]) -> Any:
    test, warnings = search.parse(query or "", fields, times)
    if warnings:
        call.search.append({"path": info.path.as_list(), "query": query, "warnings": warnings})
    return test


def _payouts(
    call: Call, account: Node, info: Any, query: str | None = None, reverse: bool = False, **paging: Any
) -> Any:
    test = _tested(call, info, query, PAYOUT_FIELDS, {"issued_at": "issuedAt"})
    rows = [one for one in call.shop.table("ShopifyPaymentsPayout").values() if test(one)]
    rows.sort(key=lambda row: (row["issuedAt"], row["id"]), reverse=reverse)
    paging.pop("sortKey", None)
    return page(rows, f"payouts {query}", lambda row: [row["issuedAt"], row["id"]], reverse=reverse, **paging)


def _movements(call: Call, account: Node, info: Any, query: str | None = None, **paging: Any) -> Any:
    test = _tested(call, info, query, LINE_FIELDS, {"processed_at": "transactionDate"})
    rows = [one for one in call.shop.table("ShopifyPaymentsBalanceTransaction").values() if test(one)]
    rows.sort(key=lambda row: (row["transactionDate"], row["id"]))
    paging.pop("sortKey", None)
    return page(rows, f"movements {query}", lambda row: [row["transactionDate"], row["id"]], **paging)


def _control(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """As ``add_payout``; ``{"payout": id, "status"}`` moves one on; ``{"payments": false}``: the shop stops using Shopify
    Payments."""
    shop = sandbox.shops[wish.get("shop", OUTLET)]
    if "payments" in wish:
        shop.tables["NoPayments"] = {} if wish["payments"] else {"off": {}}
        return Reply(body={"payments": bool(wish["payments"])})
    if "payout" in wish:
        one = shop.table("ShopifyPaymentsPayout")[f"gid://shopify/ShopifyPaymentsPayout/{wish['payout']}"]
        one["status"] = wish["status"]
    else:
        one = add_payout(shop, wish, sandbox.now())
    return Reply(body={"id": one["legacyResourceId"], "net": one["net"], "status": one["status"]})


PAYOUT_FIELDS: dict[str, Callable[[Any], list[str]]] = {
    "id": lambda one: [one["legacyResourceId"], one["id"]],
    "status": lambda one: [one["status"]],
    "currency": lambda one: [one["net"]["currencyCode"]],
}
LINE_FIELDS: dict[str, Callable[[Any], list[str]]] = {
    "payments_transfer_id": lambda one: [one["payoutId"]],
    "transaction_type": lambda one: [one["type"]],
    "id": lambda one: [one["id"].rpartition("/")[2]],
}
QUERIES: dict[str, Callable[..., Any]] = {"shopifyPaymentsAccount": _account}
FIELDS: dict[tuple[str, str], Callable[..., Any]] = {
    ("ShopifyPaymentsAccount", "payouts"): _payouts,
    ("ShopifyPaymentsAccount", "balanceTransactions"): _movements,
}
ACCOUNT, PAYOUTS = "read_shopify_payments_accounts", "read_shopify_payments_payouts"
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("QueryRoot", "shopifyPaymentsAccount"): (ACCOUNT, "read_shopify_payments"),
    ("ShopifyPaymentsAccount", "payouts"): (PAYOUTS, "read_shopify_payments"),
    ("ShopifyPaymentsAccount", "balanceTransactions"): (PAYOUTS, "read_shopify_payments"),
}
CONTROLS = {"payout": _control}
