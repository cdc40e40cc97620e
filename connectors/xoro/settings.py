"""The settings of one Xoro tenant: what an administrator types once.

Names of stores, accounts, terms, carriers and SKUs are typed exactly as they are spelled in Xoro: no public route lists
them. Defaults are the vendor's where he states one (https://shop-docs.xorosoft.io/getting-started/configuring-settings,
checked 2026-11-20), else ours. What may differ from shop to shop is in ``options.py``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings as django_settings
from django.core.exceptions import ValidationError

from connectors import guard
from connectors.schema import setting

BASE_URL = "https://res.xorosoft.io/api/xerp/"
FORBIDDEN_IN_ACCOUNT_NAME = "&=/"
WAVE_METHODS = ("Full Order(s) Only", "Full Qty Line(s) Only", "Allocate What's Available")

# name -> (method, path). Paths are lower case, below the base URL. Sources: sales orders and customers as seen in use,
# invoices as documented at https://xorosoft.docs.apiary.io/ (checked 2026-11-20); customer routes are not confirmed.
ROUTES: dict[str, tuple[str, str]] = {
    "sales_orders": ("GET", "salesorder/getsalesorder"),
    "create_sales_order": ("POST", "salesorder/create"),
    "invoices": ("GET", "invoice/getinvoice"),
    "customers": ("GET", "customer/getcustomer"),
    "create_customer": ("POST", "customer/create"),
}


class ListField(forms.CharField):
    """Several texts, typed with commas between them."""

    def to_python(self, value: Any) -> Any:
        parts: Iterable[Any] = value if isinstance(value, (list, tuple)) else str(value or "").split(",")
        return [text for part in parts if (text := str(part).strip())]

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, (list, tuple)) else value


def _text(label: str, help_text: str, group: str, *, required: bool = False, initial: str = "") -> Any:
    field = forms.CharField(label=label, help_text=help_text, required=required, initial=initial, max_length=200)
    return setting(field, group=group)


def _switch(label: str, help_text: str, group: str, *, initial: bool, advanced: bool = False) -> Any:
    field = forms.BooleanField(label=label, help_text=help_text, required=False, initial=initial)
    return setting(field, group=group, advanced=advanced)


def _table(label: str, help_text: str, group: str, *, advanced: bool = False) -> Any:
    return setting(forms.JSONField(label=label, help_text=help_text, required=False), group=group, advanced=advanced)


def _whole(label: str, help_text: str, group: str, *, initial: int, least: int, most: int) -> Any:
    field = forms.IntegerField(label=label, help_text=help_text, initial=initial, min_value=least, max_value=most)
    return setting(field, group=group, advanced=True)


@dataclass(frozen=True, kw_only=True)
class XoroSettings:
    base_url: str = _text("API address", "Ends in /api/xerp/.", "Connection", required=True, initial=BASE_URL)
    api_key: str = setting(forms.CharField(label="API key", help_text="Of the private app in Xoro."), secret=True)
    api_secret: str = setting(forms.CharField(label="API secret", help_text="Of the same private app."), secret=True)
    account_name: str = _text(
        "Account name",
        "Part of the reference Xoro keeps of each order, so never change it later. Must not contain &, = or /.",
        "Connection",
        required=True,
    )
    api_time_zone: str = _text("Time zone of Xoro", "Such as America/Vancouver.", "Connection", initial="UTC")
    pause_ms: int = _whole("Pause", "Between two calls, in ms.", "Connection", initial=250, least=0, most=10_000)
    timeout_s: int = _whole("Time-out", "Of one call, in seconds.", "Connection", initial=120, least=1, most=300)
    routes: dict[str, str] | None = _table(
        "Other routes",
        'Where the tenant\'s routes differ: {"invoices": "GET invoice/getinvoice"}. Names: ' + ", ".join(ROUTES) + ".",
        "Connection",
        advanced=True,
    )
    duplicate_codes: tuple[str, ...] = setting(
        ListField(
            label="Codes of a duplicate",
            help_text="ErrorCode values that mean: this reference is already in Xoro. With commas between them.",
            required=False,
            initial=["1005"],
        ),
        advanced=True,
    )
    unknown_item_codes: tuple[str, ...] = setting(
        ListField(
            label="Codes of an unknown item",
            help_text="ErrorCode values that mean: this SKU is not in Xoro. With commas between them.",
            required=False,
            initial=["1002"],
        ),
        advanced=True,
    )

    # Orders: general
    customer_mode: str = setting(
        forms.ChoiceField(
            label="Customer of an order",
            help_text="Its own customer, or one fixed Xoro customer for all orders.",
            choices=[("individual", "Individual"), ("single", "Single")],
            initial="individual",
        ),
        group="Orders",
    )
    customer_name: str = _text("Fixed customer", "Needed where all orders go to one customer.", "Orders")
    sale_store: str = _text("Sale store", "Where the sale is booked, by its name in Xoro.", "Orders", required=True)
    project_class: str = _text("Project or class", "Reporting class of every line.", "Orders")
    sales_rep: str = _text("Sales representative", "The id of the representative in Xoro.", "Orders")
    payment_terms: str = _text("Payment terms", "While they are unmet, Xoro makes no wave.", "Orders")
    order_type: str = _text("Order type", "Name of the order type in Xoro.", "Orders")
    default_currency: str = _text("Currency of the books", "Three letters. Its orders get exchange rate 1.", "Orders")
    days_to_ship: int = _whole(
        "Days to ship", "From order date to shipping date, in days.", "Orders", initial=1, least=0, most=365
    )
    default_sku: str = _text("Default SKU", "Stands in for an ordered line without SKU.", "Orders")
    use_default_sku_if_unknown: bool = _switch(
        "Default SKU also for unknown items", "Off: an order with an unknown SKU fails.", "Orders", initial=False
    )
    duty_sku: str = _text("Duty SKU", "Duties of an order become a line with this SKU.", "Orders")
    fee_sku: str = _text("Fee SKU", "Fees of an order become a line with this SKU.", "Orders")
    tips_enabled: bool = _switch("Tips and donations", "They become a line with the tip SKU.", "Orders", initial=False)
    tip_sku: str = _text("Tip SKU", "Needed where tips are taken over.", "Orders")
    discount_type: str = setting(
        forms.ChoiceField(
            label="Discounts are sent as",
            help_text="Only percentages have been seen to work; amounts are of the whole line.",
            choices=[("percentage", "Percentage"), ("amount", "Amount")],
            initial="percentage",
        ),
        group="Orders",
        advanced=True,
    )

    # Orders: accounts
    record_payments: bool = _switch(
        "Record payments", "On: what was paid becomes a customer deposit.", "Payments", initial=True
    )
    payment_account: str = _text(
        "Payment account", "Takes the payments; usually Undeposited Funds.", "Payments", initial="Undeposited Funds"
    )
    liability_account: str = _text("Liability account", "Goes up when a deposit is taken.", "Payments")
    gateway_map: tuple[dict[str, str], ...] | None = _table(
        "Payment gateways",
        'First match wins: [{"gateway": "paypal", "account": "PayPal", "method": "PayPal"}].',
        "Payments",
        advanced=True,
    )
    receivable_account: str = _text("Account receivable", "Of customers made by the customer upsert.", "Payments")
    shipping_expense_account: str = _text("Shipping expense account", "Account of the shipping cost.", "Payments")

    # Orders: warehousing
    ship_store: str = _text("Ship store", "Whose stock is used, by its name.", "Warehouse", required=True)
    ship_location: str = _text("Location", "In the ship store; may be empty.", "Warehouse")
    auto_release: bool = _switch("Release at once", "Only released orders reserve stock.", "Warehouse", initial=True)
    auto_wave: bool = _switch("Wave at once", "Starts picking where stock suffices.", "Warehouse", initial=False)
    wave_method: str = setting(
        forms.ChoiceField(
            label="Wave method",
            help_text="Rule of the automatic wave; sent only where its code is in the table below.",
            choices=[(method, method) for method in WAVE_METHODS],
            initial=WAVE_METHODS[0],
        ),
        group="Warehouse",
    )
    wave_codes: dict[str, int] | None = _table(
        "Wave codes", 'Numbers of the tenant: {"Full Order(s) Only": 1}. Empty: not sent.', "Warehouse", advanced=True
    )
    carrier: str = _text("Carrier", "Default carrier.", "Warehouse")
    ship_service: str = _text("Ship service", "Default service of the carrier.", "Warehouse")
    service_by_country: dict[str, str] | None = _table(
        "Ship service by country", 'Overrides the default: {"CA": "Canada Post"}. Two-letter codes.', "Warehouse"
    )
    shipping_terms: str = _text("Shipping terms", "Such as Prepaid & Billed.", "Warehouse")

    # Customers, companies and their invoices
    sync_third_party_customer_company: bool = _switch(
        "Send customer and company",
        "Orders carry the shop's customer and company ids, so that their invoices can be looked up. The vendor's own "
        "app starts with this off; here it starts on, because the invoice lookup needs it.",
        "Customers and invoices",
        initial=True,
    )
    customer_upsert: bool = _switch(
        "Also write the customer record",
        "After the order, customer and company are written on their own. The routes are not confirmed by the vendor; a "
        "failure is only a note on the order's event.",
        "Customers and invoices",
        initial=False,
        advanced=True,
    )
    invoice_statuses: tuple[str, ...] = setting(
        ListField(
            label="Invoice statuses",
            help_text="Looked through one after the other, with commas between them. Xoro shows open ones otherwise.",
            initial=["Open", "Paid"],
        ),
        group="Customers and invoices",
        advanced=True,
    )

    def clean(self) -> None:
        """Rules across settings. Raises ``ValidationError`` with one message per setting."""
        errors: dict[str, str] = {}
        if problem := url_problem(self.base_url):
            errors["base_url"] = problem
        if any(character in FORBIDDEN_IN_ACCOUNT_NAME for character in self.account_name):
            errors["account_name"] = "Must not contain &, = or /."
        if not _is_zone(self.api_time_zone):
            errors["api_time_zone"] = "No such time zone. Write it like America/Vancouver."
        if self.customer_mode == "single" and not self.customer_name:
            errors["customer_name"] = "Name the customer that takes all orders."
        if self.tips_enabled and not self.tip_sku:
            errors["tip_sku"] = "Name the SKU that tips become."
        if self.use_default_sku_if_unknown and not self.default_sku:
            errors["default_sku"] = "Name the SKU that replaces unknown ones."
        if self.record_payments and not self.payment_account:
            errors["payment_account"] = "Recording payments needs the account that takes them."
        if self.record_payments and not self.liability_account:
            errors["liability_account"] = "Recording payments needs a liability account."
        if problem := _routes_problem(self.routes):
            errors["routes"] = problem
        for name in ("wave_codes", "service_by_country"):
            if getattr(self, name) and not isinstance(getattr(self, name), dict):
                errors[name] = "Not of the form shown in the help."
        rows = self.gateway_map or ()
        if not isinstance(rows, tuple) or not all(isinstance(row, dict) and row.get("gateway") for row in rows):
            errors["gateway_map"] = "Not of the form shown in the help."
        if errors:
            raise ValidationError(errors)  # type: ignore[arg-type]


def url_problem(url: str) -> str:
    """What is wrong with an API address, or nothing. Plain http and private addresses only where the site's own
    settings name exactly that host and port (``HUB_ALLOWED_HOSTS_PLAIN``): that is how the sandbox is reached."""
    try:
        parts = urlsplit(url)
        port = parts.port or (80 if parts.scheme == "http" else 443)
    except ValueError:
        return "Not a valid address."
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query or parts.fragment:
        return "Write it like " + BASE_URL
    if f"{host}:{port}" in getattr(django_settings, "HUB_ALLOWED_HOSTS_PLAIN", frozenset()):
        return ""
    if parts.scheme != "https":
        return "Must start with https://."
    if (host == "localhost" or not _is_public(host)) and not guard.is_allowed_here(host, port):
        return "Must not be a private address."
    return ""


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return True  # a name; what it resolves to is checked when calling


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _routes_problem(routes: Any) -> str:
    if not routes:
        return ""
    if not isinstance(routes, dict) or not set(routes) <= set(ROUTES):
        return "Known names are " + ", ".join(ROUTES) + "."
    good = all(isinstance(v, str) and re.fullmatch(r"(GET|POST) \w[\w/-]*", v) for v in routes.values())
    return "" if good else 'Each value is a method and a path, such as "GET invoice/getinvoice".'
