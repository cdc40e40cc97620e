"""The settings of one Xoro tenant: what an administrator types once, in the sections the vendor's own app has.

Defaults are the vendor's where he states one (https://shop-docs.xorosoft.io/getting-started/configuring-settings,
checked 2026-11-20), else ours. What may differ from shop to shop is in ``options.py``.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from django import forms
from django.conf import settings as django_settings
from django.core.exceptions import ValidationError

from connectors import guard
from connectors.rows import Column
from connectors.schema import setting
from connectors.xoro import (
    settings_accounts,
    settings_filters,
    settings_fulfillments,
    settings_giftcards,
    settings_import,
    settings_inventory,
    settings_notifications,
    settings_orders,
    settings_payouts,
    settings_products,
    settings_returns,
    settings_warehousing,
)
from connectors.xoro.routes import ROUTES
from connectors.xoro.settings_accounts import AccountSettings
from connectors.xoro.settings_fields import CONNECTION, listed, table, text, whole
from connectors.xoro.settings_filters import FilterSettings
from connectors.xoro.settings_fulfillments import FulfillmentSettings
from connectors.xoro.settings_giftcards import GiftCardSettings
from connectors.xoro.settings_import import ImportSettings, is_zone
from connectors.xoro.settings_inventory import InventorySettings
from connectors.xoro.settings_notifications import NotificationSettings
from connectors.xoro.settings_orders import OrderSettings
from connectors.xoro.settings_payouts import PayoutSettings
from connectors.xoro.settings_products import ProductSettings
from connectors.xoro.settings_returns import ReturnSettings
from connectors.xoro.settings_warehousing import WarehouseSettings

BASE_URL = "https://res.xorosoft.io/api/xerp/"
FORBIDDEN_IN_ACCOUNT_NAME = "&=/"
ROUTE = r"^(GET|POST) \w[\w/-]*$"
SECTIONS = (
    settings_orders,
    settings_returns,
    settings_accounts,
    settings_warehousing,
    settings_filters,
    settings_fulfillments,
    settings_products,
    settings_inventory,
    settings_giftcards,
    settings_payouts,
    settings_import,
    settings_notifications,
)


@dataclass(frozen=True, kw_only=True)
class ConnectionSettings:
    base_url: str = text("API address", "Ends in /api/xerp/.", CONNECTION, required=True, initial=BASE_URL)
    api_key: str = setting(forms.CharField(label="API key", help_text="Of the private app in Xoro."), secret=True)
    api_secret: str = setting(forms.CharField(label="API secret", help_text="Of the same private app."), secret=True)
    account_name: str = text(
        "Account name",
        "Part of the reference Xoro keeps of each document, so that it stays once one was sent. Must not contain &, = or /.",
        CONNECTION,
        required=True,
        assumed="ThirdPartySource is “https://<shop domain>-<account name>”.",
        proof="In Xoro open an order the vendor's app made and compare its third-party source.",
    )
    api_time_zone: str = text(
        "Time zone of Xoro", "Such as America/Vancouver.", CONNECTION, initial="UTC",
        assumed="Dates of filters and answers are in this time zone.",
        proof="Change an order in Xoro, test the connection, and compare the time of change in the answer with your "
        "clock.",
    )  # fmt: skip
    pause_ms: int = whole(
        "Pause", "Between two calls, in ms.", CONNECTION, initial=250, least=0, most=10_000, advanced=True,
        assumed="One call at a time with 250 ms between two keeps within the limits, which are not published.",
        proof="Ask Xoro how many calls a minute your account may make; lower only what they confirm in writing.",
    )  # fmt: skip
    timeout_s: int = whole(
        "Time-out", "Of one call, in seconds.", CONNECTION, initial=120, least=1, most=300, advanced=True
    )
    routes: dict[str, str] = table(
        "Other routes",
        "Calls whose route at this tenant is another one than the hub's. No rows: the hub's own routes.",
        CONNECTION,
        [
            Column("name", forms.ChoiceField(label="Call", choices=[("", ""), *((one, one) for one in ROUTES)])),
            Column("route", forms.RegexField(ROUTE, label="Method and path", help_text="Such as GET invoice/getinvoice.",
                                             error_messages={"invalid": "Write it like GET invoice/getinvoice."})),
        ],
        is_mapping=True,
        advanced=True,
    )  # fmt: skip
    duplicate_codes: tuple[str, ...] = listed(
        "Codes of a duplicate", "ErrorCode values that mean: this reference is already in Xoro. With commas between "
        "them.", CONNECTION, initial=("1005",), advanced=True,
        assumed="A document with a known third-party reference is refused, by these error codes.",
        proof="In a test account send one order twice, and look which ErrorCode the second answer has.",
    )  # fmt: skip
    unknown_item_codes: tuple[str, ...] = listed(
        "Codes of an unknown item", "ErrorCode values that mean: this SKU is not in Xoro. With commas between them.",
        CONNECTION, initial=("1002",), advanced=True, assumed="An unknown SKU is refused by these error codes.",
        proof="In a test account send an order with a SKU that Xoro does not have, and look at the ErrorCode.",
    )  # fmt: skip
    wave_error_codes: tuple[str, ...] = listed(
        "Codes of a wave error", "ErrorCode values that mean: no wave could be made yet. With commas between them.",
        CONNECTION, initial=("1007", "1010"), advanced=True,
        assumed="A wave that cannot be made is refused by these error codes.",
        proof="In a test account release an order without stock, and look at the ErrorCode of its wave.",
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class XoroSettings(
    NotificationSettings,
    ImportSettings,
    PayoutSettings,
    GiftCardSettings,
    InventorySettings,
    ProductSettings,
    FulfillmentSettings,
    FilterSettings,
    WarehouseSettings,
    AccountSettings,
    ReturnSettings,
    OrderSettings,
    ConnectionSettings,
):
    """Every section; a dataclass lists the fields of its last base first."""

    def clean(self) -> None:
        """Rules across settings. Raises ``ValidationError`` with one message per setting."""
        errors: dict[str, str] = {}
        if problem := url_problem(self.base_url):
            errors["base_url"] = problem
        if any(character in FORBIDDEN_IN_ACCOUNT_NAME for character in self.account_name):
            errors["account_name"] = "Must not contain &, = or /."
        if not is_zone(self.api_time_zone):
            errors["api_time_zone"] = "No such time zone. Write it like America/Vancouver."
        if self.loop_url != settings_returns.LOOP_URL and (problem := url_problem(self.loop_url)):
            errors["loop_url"] = problem
        for section in SECTIONS:
            errors |= section.problems(self)
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
