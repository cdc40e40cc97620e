"""Settings of the carrier service: whose rates buyers see at checkout, and what they see where nobody answers."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms

from connectors.schema import setting
from connectors.shopify.ratetable import ExchangeField, TableField

GROUP = "Shipping rates"


@dataclass(frozen=True, kw_only=True)
class RateSettings:
    offers_rates: bool = setting(
        forms.BooleanField(
            label="Offer shipping rates at checkout",
            required=False,
            initial=False,
            help_text="The hub registers itself as carrier service of the shop. Needs a plan with carrier-calculated "
            "shipping and the scopes write_shipping and read_shipping.",
        ),
        group=GROUP,
    )
    rates_name: str = setting(
        forms.CharField(
            label="Name of the carrier service",
            initial="Hub rates",
            max_length=60,
            help_text="What the shop's Settings, Shipping list it under.",
        ),
        group=GROUP,
    )
    rates_from: str = setting(
        forms.SlugField(
            label="Rates from",
            required=False,
            max_length=60,
            help_text="Name in addresses of the connector that knows the rates, e.g. of the ERP. It is given 2 s. "
            "Blank: only the table below is offered.",
        ),
        group=GROUP,
    )
    rates_table: str = setting(
        TableField(
            label="Table of rates",
            required=False,
            max_length=50_000,
            help_text="Offered where the other connector does not answer in time. One rate a line: country | postal "
            "code | condition | name | code | price | days. For example: DE, AT | * | 0-30 kg | Standard | STANDARD | "
            "4.95 EUR | 2-4. Country, postal code (20* for all that begin so), condition (0-30 kg, 50- EUR) and days "
            "may be *. The first line of a code that fits counts.",
        ),
        group=GROUP,
    )
    rates_source_currency: str = setting(
        forms.RegexField(
            r"^[A-Z]{3}\Z",
            label="Currency of that connector",
            required=False,
            help_text="Three letters. Blank: it answers in the currency the buyer sees.",
        ),
        group=GROUP,
        advanced=True,
    )
    rates_exchange: str = setting(
        ExchangeField(
            label="Exchange rates",
            required=False,
            max_length=5_000,
            help_text="One a line, such as USD EUR 0.92. A rate in a currency that is not listed is never converted: "
            "it is not offered.",
        ),
        group=GROUP,
        advanced=True,
    )
    rates_customer_tag: str = setting(
        forms.CharField(
            label="Customer tag with the account number",
            required=False,
            max_length=40,
            help_text="How such a tag begins, e.g. erp: for a customer tagged erp:BRK-2210. Blank, or no such tag: "
            "asked as a guest.",
        ),
        group=GROUP,
        advanced=True,
    )
    rates_cache_minutes: int = setting(
        forms.IntegerField(
            label="Give an answer again for, minutes",
            min_value=0,
            max_value=60,
            initial=10,
            help_text="For the very same cart and address. Shopify keeps an answer for 15 minutes by itself.",
        ),
        group=GROUP,
        advanced=True,
    )
    rates_quote_key: bool = setting(
        forms.BooleanField(
            label="Add the quote's key to the code",
            required=False,
            initial=True,
            help_text="The order's shipping code is then CODE~key, and the key leads to what was offered.",
        ),
        group=GROUP,
        advanced=True,
    )
    rates_quote_days: int = setting(
        forms.IntegerField(
            label="Keep quotes for, days",
            min_value=1,
            max_value=400,
            initial=90,
            help_text="Long enough for the last order that may name one.",
        ),
        group=GROUP,
        advanced=True,
    )
    rates_phone_required: bool = setting(
        forms.BooleanField(
            label="Ask the buyer for a phone number",
            required=False,
            initial=False,
            help_text="For every rate offered, where the carrier needs one.",
        ),
        group=GROUP,
        advanced=True,
    )
    rates_require_signature: bool = setting(
        forms.BooleanField(
            label="Require signed rate requests",
            required=False,
            initial=False,
            help_text="Shopify does not promise to sign them. A signature that is there must be right in any case.",
        ),
        group=GROUP,
        advanced=True,
    )
