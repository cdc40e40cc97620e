"""Settings, Orders: General. What each does in the vendor's app:
https://shop-docs.xorosoft.io/getting-started/configuring-settings/orders/general (checked 2026-11-20)."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.xoro.settings_fields import GENERAL, choice, is_currency, switch, text, whole


@dataclass(frozen=True, kw_only=True)
class OrderSettings:
    orders_enabled: bool = switch(
        "Import orders",
        "Off: orders that routes bring here are skipped, and each says so. On from the start, since nothing comes without a "
        "route.",
        GENERAL,
        initial=True,
    )
    customer_mode: str = choice(
        "Customer of an order",
        "Each order keeps the customer of the shop, or all go to one fixed customer of Xoro.",
        GENERAL,
        [("individual", "Individual: its own"), ("single", "Single: one for all")],
        initial="individual",
    )
    customer_name: str = text(
        "Fixed customer",
        "The customer in Xoro that takes every order, such as “Shopify Lumen Goods”.",
        GENERAL,
        names="customer",
        shown_when=("customer_mode", "single"),
    )
    sale_store: str = text("Sale store", "Store that books the sale.", GENERAL, required=True, names="store")
    project_class: str = text(
        "Project or class", "Reporting class of every order and line. Empty: none.", GENERAL, names="project or class"
    )
    sales_rep: str = text(
        "Sales representative", "Id of the representative of every order. Empty: none.", GENERAL, names="representative"
    )
    payment_terms: str = text(
        "Payment terms",
        "Terms of every order. While they are unmet, such as a missing prepayment, Xoro makes no wave.",
        GENERAL,
        names="payment term",
    )
    order_type: str = text(
        "Order type", "Type of every order. Empty: the tenant's own default.", GENERAL, names="order type"
    )
    default_currency: str = text(
        "Currency of the books",
        "Three letters. Orders in it get exchange rate 1; of others Xoro knows the rate.",
        GENERAL,
        advanced=True,
    )
    days_to_ship: int = whole(
        "Days to ship", "From order date to shipping date, in days.", GENERAL, initial=1, least=0, most=365,
        advanced=True,
    )  # fmt: skip
    default_sku: str = text(
        "Default SKU", "Stands in for an ordered line without SKU.", GENERAL, names="item", advanced=True
    )
    use_default_sku_if_unknown: bool = switch(
        "Use default SKU when the SKU is not found in Xoro", "Off: an order with an unknown SKU fails.", GENERAL,
        initial=False, advanced=True, shown_when=("default_sku",),
    )  # fmt: skip
    duty_sku: str = text(
        "Duty SKU", "Duties of an order become a line with this SKU.", GENERAL, names="item", advanced=True
    )
    fee_sku: str = text(
        "Fee SKU", "Fees of an order become a line with this SKU.", GENERAL, names="item", advanced=True
    )
    tips_enabled: bool = switch(
        "Tips and donations", "They become a line with the tip SKU.", GENERAL, initial=False, advanced=True
    )
    tip_sku: str = text(
        "Tip SKU", "Takes tips and donations.", GENERAL, names="item", advanced=True, shown_when=("tips_enabled",)
    )
    discount_type: str = choice(
        "Discounts are sent as",
        "Only percentages have been seen to work; amounts are of the whole line.",
        GENERAL,
        [("percentage", "Percentage"), ("amount", "Amount")],
        initial="percentage",
        advanced=True,
        assumed="Discounts of lines are sent with the type “percentage” or “amount”.",
        proof="In a test account send an order with a discount, and compare the total of its lines.",
    )
    third_party_multi_currency: bool = switch(
        "Third-party multi-currency app",
        "On: amounts are those the buyer saw, in the buyer's currency, where the shop hands both over.",
        GENERAL,
        initial=False,
        advanced=True,
        assumed="With multi-currency support the buyer's currency and amounts are used instead of the shop's.",
        proof="In a test account send an order paid in another currency, and compare currency and total.",
    )
    sync_third_party_customer_company: bool = switch(
        "Send customer and company",
        "Orders carry the shop's customer and company ids. On from the start: the lookup of invoices needs them.",
        GENERAL,
        initial=True,
        advanced=True,
    )
    customer_upsert: bool = switch(
        "Also write the customer record",
        "After an order, its customer and company are written too, with an outcome of their own that never holds the order. "
        "Not for one fixed customer.",
        GENERAL,
        initial=False,
        advanced=True,
        shown_when=("sync_third_party_customer_company",),
        assumed="Customers are read by customer/getcustomer and written by customer/create.",
        proof="In a test account switch it on, send an order, and look at the customer in Xoro.",
    )


def problems(settings: OrderSettings) -> dict[str, str]:
    """What contradicts itself, by setting."""
    found: dict[str, str] = {}
    if settings.customer_mode == "single" and not settings.customer_name:
        found["customer_name"] = "Name the customer that takes all orders."
    if settings.tips_enabled and not settings.tip_sku:
        found["tip_sku"] = "Name the SKU that tips become."
    if settings.use_default_sku_if_unknown and not settings.default_sku:
        found["default_sku"] = "Name the SKU that replaces unknown ones."
    if settings.default_currency and not is_currency(settings.default_currency):
        found["default_currency"] = "Three capital letters, such as USD."
    return found
