"""Settings, Gift cards. https://shop-docs.xorosoft.io/getting-started/configuring-settings/gift-cards (checked
2026-11-20)."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.xoro.settings_fields import GIFT_CARDS, choice, listed, switch, text

ON = ("gift_cards_enabled",)


@dataclass(frozen=True, kw_only=True)
class GiftCardSettings:
    gift_cards_enabled: bool = switch(
        "Send gift cards", "Cards issued or bought in the shop become credits in Xoro.", GIFT_CARDS, initial=False
    )
    gift_card_sku: str = text("Gift card SKU", "Of the credit's line.", GIFT_CARDS, names="item", shown_when=ON)
    gift_card_liability_account: str = text(
        "Gift card liability account", "Goes up when a card is issued, down when it is used.", GIFT_CARDS,
        names="account", shown_when=ON,
    )  # fmt: skip
    exchange_gift_card_account: str = text(
        "Exchange account", "Account receivable used when a line is exchanged for a gift card.", GIFT_CARDS,
        names="account", shown_when=ON,
    )  # fmt: skip
    gift_card_provider: str = choice(
        "Third-party gift card provider",
        "Who issues the cards, where the shop itself does not; the credit then says so.", GIFT_CARDS,
        [("", "None"), ("other", "Another app, by the ids below")], initial="", shown_when=ON,
    )  # fmt: skip
    gift_card_api_client_ids: tuple[str, ...] = listed(
        "API client ids",
        "Cards made by these apps are taken over too, with commas between them. Of a shop that does not say which app "
        "made a card, every card is taken over.",
        GIFT_CARDS,
        advanced=True,
        shown_when=ON,
    )  # fmt: skip
    gift_card_receivable: str = text(
        "Gift card account receivable", "Of the credit memos made of gift cards.", GIFT_CARDS, names="account",
        advanced=True, shown_when=ON,
    )  # fmt: skip
    gift_card_customer: str = text(
        "Customer of cards without one", "Takes the credit of a card whose buyer the shop does not name.", GIFT_CARDS,
        names="customer", advanced=True, shown_when=ON,
    )  # fmt: skip
    fetch_missing_gift_cards: bool = switch(
        "Fetch gift cards that are not found",
        "A card used on an order but missing in Xoro is sent first. Off: the order fails.",
        GIFT_CARDS,
        initial=True,
        advanced=True,
        shown_when=ON,
        assumed="A gift card becomes a credit memo with the card's id as reference.",
        proof="Bring in one gift card, and look at its credit memo in Xoro.",
    )


def problems(settings: GiftCardSettings) -> dict[str, str]:
    """What contradicts itself, by setting."""
    found: dict[str, str] = {}
    if settings.gift_cards_enabled and not settings.gift_card_sku:
        found["gift_card_sku"] = "Name the SKU of a gift card in Xoro."
    if settings.gift_cards_enabled and not settings.gift_card_liability_account:
        found["gift_card_liability_account"] = "Name the account that gift cards are owed from."
    if settings.gift_cards_enabled and settings.gift_card_provider and not settings.gift_card_api_client_ids:
        found["gift_card_api_client_ids"] = "Name the API client ids of the app that issues the cards."
    return found
