"""Settings, Payouts. https://shop-docs.xorosoft.io/getting-started/configuring-settings/payouts (checked 2026-11-20)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from connectors.xoro.settings_fields import PAYOUTS, choice, column, day, switch, table, text, whole

if TYPE_CHECKING:
    from connectors.xoro.settings import XoroSettings

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
        "Payouts from",
        "Earlier ones are left out. Empty: the integration start date, before which none is sent.",
        PAYOUTS,
        shown_when=ON,
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
    payout_rounding_limit: int = whole(
        "Largest rounding difference", "Of one payout, in cents (or the smallest unit its currency has), 0 to 1000.",
        PAYOUTS, initial=5, least=0, most=1000, advanced=True, shown_when=("rounding_account",),
        assumed="Up to 5 cents of one payout are a rounding difference; what is more does not balance.",
        proof="Ask whoever keeps the books.",
    )  # fmt: skip
    payout_refund_account: str = text(
        "Account of unmatched refunds", "Takes refunds that are no undeposited payment in Xoro, as where they are paid "
        "from a credit memo. Empty: a payout with one does not balance.", PAYOUTS, names="account", advanced=True,
        shown_when=ON,
    )  # fmt: skip
    payout_type_accounts: dict[str, str] = table(
        "Accounts by type of movement",
        "Instead of the accounts above, for movements of a payout that are of these types.",
        PAYOUTS,
        [
            column("type", "Type", "As Shopify calls it, in lower case, such as shipping_label.", required=True),
            column("account", "Account", "By its name in Xoro.", required=True, names="account"),
        ],
        is_mapping=True,
        advanced=True,
        shown_when=ON,
        assumed="Disputes and chargebacks go to the dispute account, reserves to the reserve account, everything else "
        "that is no payment to the fee and adjustment account.",
        proof="Ask whoever keeps the books, with one payout of each type at hand.",
    )
    payout_currency: str = text("Payout currency", "Three letters. Empty: all.", PAYOUTS, shown_when=ON)
    use_bank_deposit_route: bool = switch(
        "Post by the API",
        "Off: each payout is a table for manual booking, shown on its event.",
        PAYOUTS,
        initial=False,
        advanced=True,
        shown_when=ON,
        assumed="Bank deposits are posted by bankdeposit/import with account names, undeposited payments are listed by "
        "payment/getundeposited, a posted one is found again by accounting/getgltransactions.",
        proof="In a test account switch it on, send one payout, and look at the bank deposit in Xoro.",
    )


def problems(settings: XoroSettings) -> dict[str, str]:
    """What contradicts itself, by setting."""
    if not settings.payouts_enabled:
        return {}
    needed = {
        "payout_bank_account": "Name the bank account the payouts arrive on.",
        "payout_fee_account": "Name the account that takes fees and adjustments.",
        "dispute_account": "Name the account that takes disputed payments.",
    }
    found = {name: why for name, why in needed.items() if not getattr(settings, name)}
    if settings.payout_from and settings.import_start_date and settings.payout_from < settings.import_start_date:
        found["payout_from"] = "Before the integration start date: orders that old are not in Xoro."
    if settings.payout_currency and not re.fullmatch("[A-Za-z]{3}", settings.payout_currency):
        found["payout_currency"] = "Three letters, such as USD."
    return found
