"""Gift cards: what the shop owes to whoever holds one becomes a credit of a customer in Xoro.

Each card is one credit memo: its reference the card's id, its amount the initial value, its line the gift card's SKU, which
also takes the amount, because a memo's lines carry no price. Later moves of the balance are the orders' matter; Xoro's own
credit goes down when it is applied to an invoice. https://shop-docs.xorosoft.io/getting-started/configuring-settings/gift-cards
(checked 2026-11-20).
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from connectors.base import Delivered
from connectors.exceptions import ConfigurationError, RemoteRefused, Skip
from connectors.records import GiftCard
from connectors.xoro import begun, wire
from connectors.xoro.creditbodies import LIABILITY, PERCENTAGE, RECEIVABLE, UNIT_PRICE, member, named
from connectors.xoro.creditmemos import CreditMemo, book
from connectors.xoro.documents import third_party_source
from connectors.xoro.loop import cards

if TYPE_CHECKING:
    from connectors.run import Run


def push_gift_card(run: Run, card: GiftCard) -> Delivered:
    """Writes the card's credit memo, or finds the one that is there. Raises ``Skip`` (unchanged, filtered),
    ``ConfigurationError``, ``UnconfirmedWrite`` and the errors of the client."""
    if run.link is not None and run.link.target_object_id:
        raise _sent_before(run.link.target_number or run.link.target_object_id, run.link.sent_hash, card)
    if earlier := begun.finish(run, card, fingerprint, partial(_credit, run)):
        raise _sent_before(earlier.target_number, earlier.sent_hash, card)
    return _credit(run, card)


def _credit(run: Run, card: GiftCard) -> Delivered:
    what = name_of(card)
    _check_wanted(run, card)
    if not run.unfinished_write and (given := cards.take(run, card)):
        return Delivered(
            target_id=given.memo_id, target_number=given.memo, sent_hash=fingerprint(card),
            sentence=f"{what} of {card.initial_value} {card.currency} is the one that return {given.return_id} of Loop gave: "
            f"its credit is in Xoro as credit memo {given.memo}, and no second one was made.",
        )  # fmt: skip
    body = credit_memo(run, card)
    source = third_party_source(card, run.settings)
    memo = CreditMemo(what=what, source=source, reference=card.id, body=body, is_doubtful=run.unfinished_write)
    booked = book(run, memo)
    cards.booked(run, card, booked.id, booked.number)
    run.keys([("xoro_credit_memo", booked.number), ("xoro_credit_memo_id", booked.id)])
    if booked.total is not None and booked.total != card.initial_value:
        run.note("total_differs", f"Xoro's total of {booked.number} is {booked.total} instead of {card.initial_value}.")
    sentence = f"{what} of {card.initial_value} {card.currency} is in Xoro as credit memo {booked.number}."
    return Delivered(target_id=booked.id, target_number=booked.number, sentence=sentence, sent_hash=fingerprint(card))


def name_of(card: GiftCard) -> str:
    return f"Gift card …{card.last_characters or card.number} ({card.id})"


def fingerprint(card: GiftCard) -> str:
    """What a later version is compared with: its value, what was added to it, and whether it still counts."""
    meaning = f"{card.initial_value.normalize():f} {card.currency} {_added(card)} {card.deactivated_at is not None}"
    return hashlib.sha256(meaning.encode()).hexdigest()


def credit_memo(run: Run, card: GiftCard) -> dict[str, Any]:
    """The request body, in plain JSON types. Raises ``ConfigurationError`` where no customer is named."""
    settings, value = run.settings, wire.number(card.initial_value)
    header = {
        "ThirdPartyRefNo": card.id,
        "ThirdPartySource": third_party_source(card, settings),
        "ThirdPartyDisplayName": run.options.display_name or run.source_connector_slug,
        "ThirdPartyNotes": "Issued by another app" if settings.gift_card_provider else "",
        "TxnDate": wire.long_date(card.created_at or run.now, settings.api_time_zone),
        "CustomerName": _customer(run, card),
        "StoreName": run.options.sale_store or settings.sale_store,
        "SaleStoreName": run.options.sale_store or settings.sale_store,
        "CurrencyCode": card.currency,
        "RefNo": card.order_name.lstrip("#"),
        "ShippingCreditAmount": 0,
        "ThirdPartyTotalRefundAmount": value,
        "ThirdPartyAdjustTotalFlag": True,
        "ThirdPartyAdjSku": settings.gift_card_sku,
        **named(settings, RECEIVABLE, settings.gift_card_receivable),
        **named(settings, LIABILITY, settings.gift_card_liability_account),
    }
    line = {
        "ItemNumber": settings.gift_card_sku,
        "Description": f"Gift card …{card.last_characters}",
        "Qty": 1,
        "DiscountTypeId": PERCENTAGE,
        "Discount": 0,
        "InventoryLocChangeList": [],
    }
    if price_name := member(settings, UNIT_PRICE):
        line[price_name] = value
    return {"creditMemoHeader": wire.without_blanks(header), "creditMemoItemLineArry": [line]}


def _check_wanted(run: Run, card: GiftCard) -> None:
    """Raises ``Skip`` for what a setting keeps out. Staff's cards, cards bought on an order and those of listed apps are
    taken; where the shop does not say who made a card, it may be any of them."""
    settings, what = run.settings, name_of(card)
    if not settings.gift_cards_enabled:
        raise Skip(f"{what} was left out: “Send gift cards” is off.", reason="filtered", code="gift_cards_enabled")
    maker = card.api_client_id
    if maker and not card.order_id and maker not in settings.gift_card_api_client_ids:
        raise Skip(
            f"{what} was left out: it was made by the app {maker}, which is not among the API client ids.",
            reason="filtered",
            code="gift_card_api_client_ids",
        )
    if card.initial_value <= 0:
        raise Skip(f"{what} was issued without a value.", reason="filtered", code="no_value")
    if card.deactivated_at is not None:
        raise Skip(f"{what} was switched off before it was sent to Xoro.", reason="filtered", code="deactivated")


def _customer(run: Run, card: GiftCard) -> str:
    settings = run.settings
    fixed = settings.customer_name if settings.customer_mode == "single" else ""
    name = fixed or card.customer_name or settings.gift_card_customer
    if not name:
        raise ConfigurationError(
            f"{name_of(card)} names no customer, and Xoro credits nobody.",
            code="gift_card_customer",
            next_step="Name the customer of cards without one (gift_card_customer) on the connector's page, then press "
            "Retry.",
        )
    return str(name)


def _added(card: GiftCard) -> Decimal:
    """Value that was put on the card later."""
    return sum((one.amount for one in card.transactions if one.amount > 0), Decimal(0)).normalize()


def _sent_before(number: str, sent_hash: str, card: GiftCard) -> Exception:
    what = name_of(card)
    if sent_hash == fingerprint(card):
        return Skip(f"{what} is in Xoro as {number} and has not changed.", reason="unchanged", code="unchanged")
    if card.deactivated_at is not None:
        change, step = "was switched off", f"Void what is left of credit memo {number} in Xoro"
    else:
        change, step = "got another value", f"Bring credit memo {number} in Xoro to the card's value"
    return RemoteRefused(
        f"{what} {change} after it was sent to Xoro as {number}; credit memos are never changed by the hub.",
        code="change_not_applied",
        next_step=f"{step}, then mark this event resolved.",
    )
