"""Settings of what comes back and what is paid out: refunds, returns, payouts, gift cards."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms

from connectors.schema import setting

REFUNDS, PAYOUTS, GIFT_CARDS = "Refunds and returns", "Payouts", "Gift cards"


@dataclass(frozen=True, kw_only=True)
class MoneySettings:
    refunds_when_paid: bool = setting(
        forms.BooleanField(
            label="Hand refunds over only when the money has moved",
            required=False,
            initial=False,
            help_text="Otherwise a refund is handed over at once, and once more when its money has moved.",
        ),
        group=REFUNDS,
    )
    import_requested_returns: bool = setting(
        forms.BooleanField(
            label="Hand over requested returns",
            required=False,
            initial=False,
            help_text="Otherwise a return is handed over once it is approved.",
        ),
        group=REFUNDS,
    )
    final_payouts_only: bool = setting(
        forms.BooleanField(
            label="Hand over final payouts only",
            required=False,
            initial=True,
            help_text="Paid, failed and cancelled ones. Otherwise scheduled ones too, each status once.",
        ),
        group=PAYOUTS,
    )
    payout_days: int = setting(
        forms.IntegerField(
            label="Payouts to look back, days",
            min_value=1,
            max_value=90,
            initial=30,
            help_text="How many days each look at the payouts reaches back: longer than a payout takes to be paid.",
        ),
        group=PAYOUTS,
    )
    gift_card_transactions: bool = setting(
        forms.BooleanField(
            label="Read the transactions of gift cards",
            required=False,
            initial=True,
            help_text="Every credit and debit of a changed card. Needs the scope read_gift_card_transactions.",
        ),
        group=GIFT_CARDS,
    )
    gift_card_days: int = setting(
        forms.IntegerField(
            label="First look at gift cards, days",
            min_value=1,
            max_value=3650,
            initial=30,
            help_text="How many days back “Gift cards” looks when it runs for the first time.",
        ),
        group=GIFT_CARDS,
    )
