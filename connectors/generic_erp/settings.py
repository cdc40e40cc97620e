"""The settings of one Generic ERP connector. Names of the documented ones: article 7282926 (reference checked
2026-11-20).

Sender and receiver of the error e-mail, which that article counts among the settings, are columns of every connector.
"""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from functools import cache
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from connectors.generic_erp import auth
from connectors.generic_erp.forms import CredentialField, EndpointField, FieldMapField, header_name_problem
from connectors.generic_erp.functions import (
    BALANCE,
    INVOICE,
    INVOICES,
    ORDER,
    ORDERS,
    SHIPPING_METHODS,
    TAXES,
    Function,
)
from connectors.schema import setting

CONNECTION = "Connection"
ENDPOINTS = "Endpoints"
TIMEOUTS = "Timeouts"
FAILURE_POLICIES = "Failure policies"
STORE = "Store"
FIELD_MAP = "Field map"


@cache
def time_zones() -> list[tuple[str, str]]:
    """UTC is always among them, also where the machine has no time zone data."""
    return [(name, name) for name in sorted({"UTC", *zoneinfo.available_timezones()})]


def _url(function: Function, help_text: str) -> Any:
    field = EndpointField(by_id=function.is_by_id, label=f"{function.label} URL", help_text=help_text)
    return setting(field, group=ENDPOINTS, enables=function.label)


def _seconds(label: str, initial: int) -> Any:
    field = forms.IntegerField(label=label, initial=initial, min_value=1, max_value=60, help_text="Seconds, 1 to 60.")
    return setting(field, group=TIMEOUTS, advanced=True)


@dataclass(frozen=True, kw_only=True)
class GenericErpSettings:
    """A function is on if and only if its URL is filled in; there is no other switch."""

    key: str = setting(
        CredentialField(
            label="Key",
            required=False,
            max_length=200,
            help_text=(
                "Name of the request header that carries Token. “Authorization” or blank: sent as a bearer token. "
                "With user name and password: the user name."
            ),
        ),
        group=CONNECTION,
    )
    token: str = setting(
        CredentialField(
            label="Token",
            required=False,
            max_length=8000,
            help_text="The header's value, without “Bearer”. Blank: no credential is sent.",
        ),
        secret=True,
        group=CONNECTION,
    )
    auth_mode: str = setting(
        forms.ChoiceField(
            label="Kind of credential",
            choices=[
                (auth.HEADER_PAIR, "Key is a header name, Token its value"),
                (auth.BASIC, "Key is a user name, Token its password (HTTP Basic)"),
            ],
            initial=auth.HEADER_PAIR,
            help_text="Ask the developer of the ERP's API which of the two it expects.",
        ),
        group=CONNECTION,
    )
    test_customer_code: str = setting(
        forms.CharField(
            label="Account number for tests",
            required=False,
            max_length=100,
            help_text="A customer of the ERP that Test connection and the check whether the ERP works again may read.",
        ),
        group=CONNECTION,
    )

    orders_url: str = _url(ORDERS, "Live list of orders; it replaces the shop's own list.")
    order_url: str = _url(ORDER, "One order. “{id}” in the address is replaced by the order's id.")
    invoices_url: str = _url(INVOICES, "Live list of invoices with their open balance.")
    invoice_url: str = _url(INVOICE, "One invoice. “{id}” in the address is replaced by the invoice's id.")
    balance_url: str = _url(BALANCE, "What the customer owes now.")
    taxes_url: str = _url(TAXES, "Tax of the whole basket during checkout.")
    shipping_methods_url: str = _url(SHIPPING_METHODS, "Shipping methods and their prices during checkout.")

    connect_timeout_s: int = _seconds("Connecting, all functions", 3)
    orders_read_timeout_s: int = _seconds("Answer to Orders list", 10)
    order_read_timeout_s: int = _seconds("Answer to Order by id", 10)
    invoices_read_timeout_s: int = _seconds("Answer to Invoices list", 10)
    invoice_read_timeout_s: int = _seconds("Answer to Invoice by id", 10)
    balance_read_timeout_s: int = _seconds("Answer to Customer A/R balance", 10)
    taxes_read_timeout_s: int = _seconds("Answer to Checkout taxes", 5)
    shipping_methods_read_timeout_s: int = _seconds("Answer to Checkout shipping methods", 5)

    tax_failure_policy: str = setting(
        forms.ChoiceField(
            label="When taxes cannot be read",
            choices=[("shop_tax", "The shop calculates the tax"), ("block", "Checkout cannot be completed")],
            initial="shop_tax",
            help_text="A failure is never taken for zero tax.",
        ),
        group=FAILURE_POLICIES,
    )
    shipping_failure_policy: str = setting(
        forms.ChoiceField(
            label="When shipping methods cannot be read",
            choices=[("shop_methods", "The shop's own methods are offered"), ("block", "Checkout cannot be completed")],
            initial="shop_methods",
            help_text="An empty list is an answer, not a failure: nothing ships there.",
        ),
        group=FAILURE_POLICIES,
    )

    guest_customer_code: str = setting(
        forms.CharField(
            label="Account number for guests",
            required=False,
            max_length=100,
            help_text="For taxes and shipping methods of shoppers without an account number. Blank: no call is made.",
        ),
        group=STORE,
    )
    use_seller_reference: bool = setting(
        forms.BooleanField(
            label="Send the seller reference",
            required=False,
            initial=False,
            help_text="Only for an ERP that needs a second key besides the account number.",
        ),
        group=STORE,
    )
    store_currency: str = setting(
        forms.RegexField(
            r"^[A-Z]{3}\Z",
            label="Currency of the store",
            initial="USD",
            error_messages={"invalid": "Enter three capital letters, such as USD."},
            help_text="Three letters (ISO 4217). An invoice in another currency is shown but cannot be paid.",
        ),
        group=STORE,
    )
    store_time_zone: str = setting(
        forms.ChoiceField(
            label="Time zone of the store",
            choices=time_zones,
            initial="UTC",
            help_text="Decides which day is today, for example when an invoice becomes overdue.",
        ),
        group=STORE,
    )

    field_map: dict[str, str] | None = setting(  # noqa: RUF009
        FieldMapField(
            label="Field map",
            required=False,
            help_text=(
                "Where the ERP names things differently: a JSON object of our field and a JMESPath expression, "
                "such as {“orders.order_number”: “docNo”}."
            ),
        ),
        group=FIELD_MAP,
        advanced=True,
    )

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.store_time_zone)

    @property
    def secret_header(self) -> str:
        """The header whose value is never written down."""
        return auth.header_name(self)

    @property
    def secret_texts(self) -> list[str]:
        """Forms of the credential that are no setting by themselves."""
        return auth.credential_forms(self)

    def clean(self) -> None:
        """Rules over several settings. Raises ``ValidationError`` with a message per field."""
        if self.auth_mode == auth.BASIC:
            problem = ""
            if ":" in self.key:
                problem = "A user name must not contain a colon."
            elif self.token and not self.key:
                problem = "Enter the user name."
            if problem:
                raise ValidationError({"key": problem})
            return
        if self.key and self.key.lower() != "authorization":
            problem = header_name_problem(self.key)
            if problem:
                raise ValidationError({"key": problem})
        if not self.token.isascii():
            raise ValidationError({"token": "Token must consist of ASCII characters: it is sent as a header."})
