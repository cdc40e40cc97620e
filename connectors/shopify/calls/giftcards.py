"""Gift cards of one shop: listed by last change, read one by one, issued, moved, switched off.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/GiftCard (checked 2026-11-20). Nothing here repeats a write:
none of them is idempotent at the vendor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.shopify.calls.pages import add_pages, check_texts
from connectors.shopify.client import WALK_LIMIT, ShopifyClient, next_page, quoted, zulu
from connectors.shopify.replies import promised_shape

Node = dict[str, Any]


def gift_card_gid(number: str) -> str:
    return f"gid://shopify/GiftCard/{number}"


def newest_changes(client: ShopifyClient, filter_: str | None = None) -> Iterator[Node]:
    """Gift cards, the last changed first: id, lastCharacters, updatedAt, note, initialValue. HubGiftCards, by 100. Ends
    where Shopify's lists end; there is no way to ask for the changes of a period."""
    after, walked = None, 0
    while True:
        data = client.execute("HubGiftCards", {"filter": filter_, "after": after})
        with promised_shape("gift cards"):
            nodes = data["giftCards"]["nodes"]
            for one in nodes:
                check_texts(one, "id", "updatedAt", "lastCharacters")
            after = next_page(data["giftCards"])
        yield from nodes
        walked += len(nodes)
        if after is None or walked >= WALK_LIMIT:
            return


def created_between(start: datetime, end: datetime) -> str:
    """The search string of cards made from ``start`` to before ``end``."""
    return f"created_at:>={quoted(zulu(start))} AND created_at:<{quoted(zulu(end))}"


def count(client: ShopifyClient, filter_: str) -> int:
    """How many cards fit a search string; the shop counts to 10,000. HubGiftCardsCount."""
    with promised_shape("a count of gift cards"):
        return int(client.execute("HubGiftCardsCount", {"filter": filter_})["giftCardsCount"]["count"])


def get_gift_card(client: ShopifyClient, gid: str, *, moves: bool) -> Node | None:
    """One card, with all its transactions where ``moves``; ``None`` where the shop has none by this id. HubGiftCard."""
    card = _card(client, gid, moves, None)
    if card is not None and moves:
        with promised_shape("a gift card"):
            add_pages(card["transactions"], lambda after: (_card(client, gid, True, after) or {})["transactions"])
    return card


def _card(client: ShopifyClient, gid: str, moves: bool, after: str | None) -> Node | None:
    data = client.execute("HubGiftCard", {"id": gid, "moves": moves, "after": after})
    with promised_shape("a gift card"):
        card: Node | None = data["giftCard"]
        if card is not None:
            check_texts(card, "id", "lastCharacters")
            _ = moves and next_page(card["transactions"])
    return card


def create(client: ShopifyClient, wish: Mapping[str, Any]) -> Node:
    """``giftCardCreate``; raises ``UserErrors``, with code ``TAKEN`` where a card has this code. HubGiftCardCreate."""
    payload = client.change("HubGiftCardCreate", {"input": dict(wish)})
    with promised_shape("giftCardCreate"):
        card: Node = payload["giftCard"]
        check_texts(card, "id", "lastCharacters")
    return card


def move(client: ShopifyClient, gid: str, amount: Decimal, currency: str, note: str) -> None:
    """Credit a positive, debit a negative amount. Raises ``UserErrors``. HubGiftCardCredit, HubGiftCardDebit."""
    money = {"amount": str(abs(amount)), "currencyCode": currency}
    if amount > 0:
        client.change("HubGiftCardCredit", {"id": gid, "credit": {"creditAmount": money, "note": note}})
    else:
        client.change("HubGiftCardDebit", {"id": gid, "debit": {"debitAmount": money, "note": note}})


def switch_off(client: ShopifyClient, gid: str) -> None:
    """``giftCardDeactivate``: for ever. HubGiftCardOff."""
    client.change("HubGiftCardOff", {"id": gid})
