"""Settings, Orders: Accounts. https://shop-docs.xorosoft.io/getting-started/configuring-settings/orders/accounts
(checked 2026-11-20)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.xoro.settings_fields import ACCOUNTS, column, switch, table, text
from connectors.xoro.settings_warehousing import INVOICES


@dataclass(frozen=True, kw_only=True)
class AccountSettings:
    receivable_account: str = text(
        "Account receivable", "Given to customers made from orders of the shop.", ACCOUNTS, names="account"
    )
    record_payments: bool = switch(
        "Record payments", "On: what was paid becomes a customer deposit.", ACCOUNTS, initial=True
    )
    payment_account: str = text(
        "Payment account", "Takes the payments; payouts later take them from there.", ACCOUNTS,
        initial="Undeposited Funds", names="account", shown_when=("record_payments",),
    )  # fmt: skip
    liability_account: str = text(
        "Liability account", "Goes up when a deposit is taken, down when it is applied to the invoice.", ACCOUNTS,
        names="account", shown_when=("record_payments",),
    )  # fmt: skip
    gateway_map: tuple[dict[str, str], ...] = table(
        "Payment gateways",
        "Account and method of a payment by its gateway; the first row that fits counts, else the payment account.",
        ACCOUNTS,
        [
            column("gateway", "Gateway", "As the shop calls it, such as paypal.", required=True),
            column("account", "Deposit account", "Empty: the payment account.", names="account"),
            column("method", "Payment method", "Its name in Xoro; may be empty.", names="payment method"),
        ],
        unique=("gateway",),
        is_ordered=True,
        advanced=True,
        shown_when=("record_payments",),
        assumed="Payments name the method and deposit account of the first matching gateway; the vendor's advanced page "
        "is not public.",
        proof="Compare the deposit of an order paid by each gateway with one the vendor's app made.",
    )
    refund_offset_account: str = text(
        "Refund offset account", "Takes the difference when the exchange rate moved between payment and refund.",
        ACCOUNTS, names="account",
    )  # fmt: skip
    shipping_expense_account: str = text(
        "Shipping expense account", "Account of the shipping cost.", ACCOUNTS, names="account"
    )
    deposit_flag: str = text(
        "Deposit of the whole amount", "AutoDepositTotalAmount: Y takes the whole total as deposit, N the amount paid.",
        ACCOUNTS, initial="N", advanced=True, shown_when=("record_payments",),
        assumed="AutoDepositTotalAmount is Y or N; N lets DepositAmount count.",
        proof="In a test account send a paid order, and compare its deposit in Xoro with the amount paid.",
    )  # fmt: skip
    replacement_takes_deposit: bool = switch(
        "Send the deposit again with a changed order",
        "On: an order that is replaced takes along what was deposited on it until then, for tenants whose void gives it "
        "up. Off: the deposit stays where it is.",
        ACCOUNTS, initial=False, advanced=True, shown_when=("record_payments",),
        assumed="A sales order replaced under its own number keeps its deposits.",
        proof="In a test account change a paid order, and look whether the new sales order still has its deposit.",
    )  # fmt: skip


def problems(settings: Any) -> dict[str, str]:
    """What contradicts itself, by setting."""
    found: dict[str, str] = {}
    if settings.record_payments and not settings.payment_account:
        found["payment_account"] = "Recording payments needs the account that takes them."
    if settings.record_payments and not settings.liability_account:
        found["liability_account"] = "Recording payments needs a liability account."
    if settings.post_ship_payment and not settings.record_payments:
        found["post_ship_payment"] = "Payments are not recorded at all: record them, or switch this off."
    elif settings.post_ship_payment and settings.drop_as == INVOICES:
        found["post_ship_payment"] = "Invoices take their payments along: send sales orders, or switch this off."
    if settings.deposit_flag not in ("Y", "N"):
        found["deposit_flag"] = "Y or N."
    return found
