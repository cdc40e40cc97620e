"""Gift cards of the sandbox: issued, listed, moved, switched off. A code is told once, to its maker.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/GiftCard (checked 2026-11-20). The codes of refusals are the
vendor's, the texts are ours.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.sandbox import Reply
from connectors.shopify.sandbox import search
from connectors.shopify.sandbox.engine import Call, moment, number_of, page
from connectors.shopify.sandbox.orders import Node, Shop, stamp
from connectors.shopify.sandbox.shipments import Refusal
from connectors.shopify.sandbox.shops import OUTLET

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

LIMIT = Decimal(2000)  # of one card; the vendor's differs by country


def issue(shop: Shop, wish: Mapping[str, Any], now: float, *, order: Node | None = None) -> tuple[Node, str]:
    """A card and its code; raises ``Refusal``."""
    given = wish.get("initialAmount") or {"amount": wish.get("initialValue", 0), "currencyCode": shop.currency}
    amount = Decimal(str(given["amount"]))
    code = str(wish.get("code") or secrets.token_hex(8)).lower()
    if wish.get("code") is not None:
        _check_code(shop, code)
    if amount <= 0:
        raise Refusal(["input", "initialValue"], "must be greater than 0", "GREATER_THAN")
    if amount > LIMIT:
        raise Refusal(["input", "initialValue"], "can't exceed the limit", "GIFT_CARD_LIMIT_EXCEEDED")
    customer = wish.get("customerId")
    if customer is not None and customer not in _customers(shop):
        raise Refusal(["input", "customerId"], "The customer could not be found.", "CUSTOMER_NOT_FOUND")
    number = shop.take_id()
    moment_ = stamp(now)
    money = {"amount": f"{amount:.2f}", "currencyCode": given["currencyCode"]}
    card: Node = {
        "id": f"gid://shopify/GiftCard/{number}",
        "code": code,  # never answered: no document can ask for it
        "lastCharacters": code[-4:],
        "maskedCode": f"•••• •••• •••• {code[-4:]}",
        "enabled": True,
        "createdAt": moment_,
        "updatedAt": moment_,
        "expiresOn": wish.get("expiresOn"),
        "deactivatedAt": None,
        "note": wish.get("note"),
        "initialValue": money,
        "balance": money,
        "customer": {"id": customer, "displayName": _customers(shop)[customer]} if customer else None,
        "order": {"id": order["id"], "name": order["name"], "customer": order["customer"]} if order else None,
        "transactions": [],
    }
    shop.table("GiftCard")[card["id"]] = card
    return card, code


def _check_code(shop: Shop, code: str) -> None:
    if not re.fullmatch(r"[a-z0-9]+", code):
        raise Refusal(["input", "code"], "Code can only contain letters and numbers", "INVALID")
    if len(code) < 8:
        raise Refusal(["input", "code"], "is too short (minimum is 8 characters)", "TOO_SHORT")
    if len(code) > 20:
        raise Refusal(["input", "code"], "is too long (maximum is 20 characters)", "TOO_LONG")
    if any(card["code"] == code for card in shop.table("GiftCard").values()):
        raise Refusal(["input", "code"], "Code has already been taken", "TAKEN")


def _customers(shop: Shop) -> dict[str, str]:
    """The name of every customer by his id: those kept by themselves, and those of orders."""
    nodes = [*shop.table("Customer").values(), *(one["customer"] for one in shop.orders.values() if one["customer"])]
    return {one["id"]: one.get("displayName") or "" for one in nodes}


def move(shop: Shop, card: Node, kind: str, given: Mapping[str, Any], note: str | None, now: float) -> Node:
    """``Credit`` or ``Debit`` a card; raises ``Refusal``."""
    amount, balance = Decimal(str(given["amount"])), Decimal(card["balance"]["amount"])
    path = [f"{kind.lower()}Input", f"{kind.lower()}Amount"]
    if given["currencyCode"] != card["balance"]["currencyCode"]:
        raise Refusal(path, "The currency does not match the gift card's.", "MISMATCHING_CURRENCY")
    if amount <= 0:
        raise Refusal(path, "A positive amount must be used.", "NEGATIVE_OR_ZERO_AMOUNT")
    if not card["enabled"]:
        raise Refusal(["id"], "The gift card is deactivated.", "INVALID")
    if kind == "Debit" and amount > balance:
        raise Refusal(path, "The gift card does not have sufficient funds.", "INSUFFICIENT_FUNDS")
    if kind == "Credit" and balance + amount > LIMIT:
        raise Refusal(path, "can't exceed the limit", "GIFT_CARD_LIMIT_EXCEEDED")
    signed = amount if kind == "Credit" else -amount
    card["balance"] = {**card["balance"], "amount": f"{balance + signed:.2f}"}
    card["updatedAt"] = max(stamp(now), card["updatedAt"])
    made: Node = {
        "__typename": f"GiftCard{kind}Transaction",
        "id": f"gid://shopify/GiftCard{kind}Transaction/{shop.take_id()}",
        "processedAt": stamp(now),
        "note": note,
        "amount": {**card["balance"], "amount": f"{signed:.2f}"},
        "giftCard": card,
    }
    card["transactions"].append(made)
    return made


def _card(call: Call, info: Any, id: str) -> Any:
    number_of(id, "GiftCard")
    return call.shop.table("GiftCard").get(id)


def _cards(
    call: Call, info: Any, query: str | None = None, sortKey: str = "ID", reverse: bool = False, **paging: Any
) -> Any:
    rows = _found(call, info, query)
    member = {"UPDATED_AT": "updatedAt", "CREATED_AT": "createdAt"}.get(sortKey, "id")
    rows.sort(key=lambda row: (row[member], row["id"]), reverse=reverse)
    return page(rows, f"giftCards {query} {sortKey}", lambda row: [row[member], row["id"]], reverse=reverse, **paging)


def _count(call: Call, info: Any, query: str | None = None, limit: int = 10_000) -> Any:
    count = len(_found(call, info, query))
    return {"count": min(count, limit), "precision": "EXACT" if count <= limit else "AT_LEAST"}


def _found(call: Call, info: Any, query: str | None) -> list[Node]:
    """A search reads an index that lags; a plain list does not."""
    test, warnings = search.parse(query or "", FILTERS, {"created_at": "createdAt"})
    if warnings:
        call.search.append({"path": info.path.as_list(), "query": query, "warnings": warnings})
    latest = call.now - call.index_lag_s if query else call.now + 1
    cards = call.shop.table("GiftCard").values()
    return [one for one in cards if moment(one["createdAt"]) <= latest and (not query or test(one))]


def _create(call: Call, info: Any, input: Mapping[str, Any]) -> Node:
    if input.get("customerId") and not call.shop.has_scope("write_customers"):
        refusal = Refusal(["input", "customerId"], "The app needs the scope write_customers.", "INVALID")
        return {"giftCard": None, "giftCardCode": None, "userErrors": [refusal.as_user_error()]}
    try:
        card, code = issue(call.shop, input, call.now)
    except Refusal as refusal:
        return {"giftCard": None, "giftCardCode": None, "userErrors": [refusal.as_user_error()]}
    return {"giftCard": card, "giftCardCode": code, "userErrors": []}


def _moved(kind: str) -> Callable[..., Node]:
    member = f"giftCard{kind}Transaction"

    def run(call: Call, info: Any, id: str, **arguments: Any) -> Node:
        number_of(id, "GiftCard")
        given = arguments[f"{kind.lower()}Input"]
        try:
            card = call.shop.table("GiftCard").get(id)
            if card is None:
                raise Refusal(["id"], "The gift card could not be found.", "GIFT_CARD_NOT_FOUND")
            made = move(call.shop, card, kind, given[f"{kind.lower()}Amount"], given.get("note"), call.now)
        except Refusal as refusal:
            return {member: None, "userErrors": [refusal.as_user_error()]}
        return {member: made, "userErrors": []}

    return run


def _off(call: Call, info: Any, id: str) -> Node:
    number_of(id, "GiftCard")
    card = call.shop.table("GiftCard").get(id)
    if card is None:
        refusal = Refusal(["id"], "The gift card could not be found.", "GIFT_CARD_NOT_FOUND")
        return {"giftCard": None, "userErrors": [refusal.as_user_error()]}
    if card["enabled"]:
        card.update(enabled=False, deactivatedAt=stamp(call.now), updatedAt=stamp(call.now))
    return {"giftCard": card, "userErrors": []}


def _control(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """``{"shop", "value", "code", "order", "customer", "note", "count"}`` issues cards as a merchant or a sale does;
    ``{"card": id, "move": amount, "note"}`` changes a balance as a purchase or a merchant does."""
    shop, now = sandbox.shops[wish.get("shop", OUTLET)], sandbox.now()
    try:
        if "card" in wish:
            card = shop.table("GiftCard")[f"gid://shopify/GiftCard/{wish['card']}"]
            amount = Decimal(str(wish["move"]))
            money = {"amount": abs(amount), "currencyCode": card["balance"]["currencyCode"]}
            move(shop, card, "Credit" if amount > 0 else "Debit", money, wish.get("note"), now)
        for _ in range(0 if "card" in wish else int(wish.get("count", 1))):
            input_ = {"initialAmount": {"amount": wish["value"], "currencyCode": shop.currency}, "code": wish.get("code"),
                      "note": wish.get("note"), "customerId": wish.get("customer")}  # fmt: skip
            card, _code = issue(shop, input_, now, order=shop.find(str(wish.get("order"))))
    except Refusal as refusal:
        return Reply(400, {"error": refusal.message})
    return Reply(body={"id": card["id"].rpartition("/")[2], "last": card["lastCharacters"], "balance": card["balance"]})


FILTERS: dict[str, Callable[[Any], list[str]]] = {
    "id": lambda one: [one["id"].rpartition("/")[2], one["id"]],
    "status": lambda one: ["enabled" if one["enabled"] else "disabled"],
    "customer_id": lambda one: [one["customer"]["id"].rpartition("/")[2]] if one["customer"] else [],
    "initial_value": lambda one: [one["initialValue"]["amount"]],
}
QUERIES: dict[str, Callable[..., Any]] = {"giftCard": _card, "giftCards": _cards, "giftCardsCount": _count}
MUTATIONS: dict[str, Callable[..., Any]] = {
    "giftCardCreate": _create,
    "giftCardCredit": _moved("Credit"),
    "giftCardDebit": _moved("Debit"),
    "giftCardDeactivate": _off,
}
FIELDS: dict[tuple[str, str], Callable[..., Any]] = {}
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("QueryRoot", "giftCard"): "read_gift_cards",
    ("QueryRoot", "giftCards"): "read_gift_cards",
    ("QueryRoot", "giftCardsCount"): "read_gift_cards",
    ("GiftCard", "transactions"): "read_gift_card_transactions",
    ("GiftCard", "order"): "read_orders",
    ("GiftCard", "customer"): "read_customers",
    ("Mutation", "giftCardCreate"): "write_gift_cards",
    ("Mutation", "giftCardDeactivate"): "write_gift_cards",
    ("Mutation", "giftCardCredit"): "write_gift_card_transactions",
    ("Mutation", "giftCardDebit"): "write_gift_card_transactions",
}
CONTROLS = {"giftcard": _control}
