"""Settings, Payouts. https://shop-docs.xorosoft.io/getting-started/configuring-settings/payouts (checked 2026-11-20)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from connectors.xoro.settings_fields import PAYOUTS, choice, day, switch, text

ON = ("payouts_enabled",)


@dataclass(frozen=True, kw_only=True)
class PayoutSettings:
    payouts_enabled: bool = switch(
        "Send payouts", "Each payout becomes one bank deposit in Xoro.", PAYOUTS, initial=False
    )
    payout_gateway: str = choice(
        "Payment gateway", "Whose payouts are sent.", PAYOUTS, [("shopify_payments", "Shopify Payments")],
        initial="shopify_payments", shown_when=ON,
    )  # fmt: skip
    payout_from: date | None = day(
        "Payouts from", "Earlier ones are left out. Empty: the integration start date.", PAYOUTS, shown_when=ON
    )
    payout_bank_account: str = text("Bank account", "Receives the deposit.", PAYOUTS, names="account", shown_when=ON)
    payout_fee_account: str = text(
        "Fee and adjustment account", "Takes fees and adjustments.", PAYOUTS, names="account", shown_when=ON
    )
    dispute_account: str = text("Dispute account", "Takes disputed payments.", PAYOUTS, names="account", shown_when=ON)
    rounding_account: str = text(
        "Penny rounding account", "Takes differences of cents. Empty: a payout with one does not balance.", PAYOUTS,
        names="account", shown_when=ON,
    )  # fmt: skip
    reserve_account: str = text(
        "Reserve account", "Takes what is held in reserve. Empty: a payout with one does not balance.", PAYOUTS,
        names="account", shown_when=ON,
    )  # fmt: skip
    payout_currency: str = text("Payout currency", "Three letters. Empty: all.", PAYOUTS, shown_when=ON)
    use_bank_deposit_route: bool = switch(
        "Post by the API",
        "Off: each payout is a table for manual booking, shown on its event.",
        PAYOUTS,
        initial=False,
        advanced=True,
        shown_when=ON,
        assumed="Bank deposits are posted by bankdeposit/import with account names, undeposited payments are listed by "
        "payment/getundeposited (G-13).",
    )


def problems(settings: PayoutSettings) -> dict[str, str]:
    """What contradicts itself, by setting."""
    if not settings.payouts_enabled:
        return {}
    needed = {
        "payout_bank_account": "Name the bank account the payouts arrive on.",
        "payout_fee_account": "Name the account that takes fees and adjustments.",
        "dispute_account": "Name the account that takes disputed payments.",
    }
    return {name: why for name, why in needed.items() if not getattr(settings, name)}
