"""The seven functions of the contract: which settings belong to each, and how each is named.

Not for: what is sent (``bodies``) or read (``answers``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.exceptions import Skip

if TYPE_CHECKING:
    from connectors.generic_erp.settings import GenericErpSettings


@dataclass(frozen=True, kw_only=True)
class Function:
    """``topic`` names its events. ``missing`` is the noun of "ERP has no order 9914": empty where a 404 cannot mean
    "no such object" but only a wrong address. ``takes_guests``: a guest account may stand in for the customer."""

    name: str
    label: str
    topic: str
    missing: str = ""
    is_by_id: bool = False
    takes_guests: bool = False

    def url(self, settings: GenericErpSettings) -> str:
        return str(getattr(settings, f"{self.name}_url"))

    def read_timeout_s(self, settings: GenericErpSettings) -> int:
        return int(getattr(settings, f"{self.name}_read_timeout_s"))

    def is_on(self, settings: GenericErpSettings) -> bool:
        """On if and only if the URL is filled in (article 7282926, reference checked 2026-11-20)."""
        return bool(self.url(settings).strip())


ORDERS = Function(name="orders", label="Orders list", topic="erp.orders.list")
ORDER = Function(name="order", label="Order by id", topic="erp.orders.get", missing="order", is_by_id=True)
INVOICES = Function(name="invoices", label="Invoices list", topic="erp.invoices.list")
INVOICE = Function(name="invoice", label="Invoice by id", topic="erp.invoices.get", missing="invoice", is_by_id=True)
BALANCE = Function(name="balance", label="Customer A/R balance", topic="erp.ar_balance.get", missing="account")
TAXES = Function(name="taxes", label="Checkout taxes", topic="erp.checkout.taxes", takes_guests=True)
SHIPPING_METHODS = Function(
    name="shipping_methods",
    label="Checkout shipping methods",
    topic="erp.checkout.shipping_methods",
    takes_guests=True,
)
FUNCTIONS = (ORDERS, ORDER, INVOICES, INVOICE, BALANCE, TAXES, SHIPPING_METHODS)

NEUTRAL_NOTICE = "Information is not available at the moment"
NO_SHIPPING_METHOD = "no shipping method available"


def account_number(function: Function, settings: GenericErpSettings, given: str | None) -> str:
    """The account number to ask about: the customer's own, else the guest account where the function takes guests.

    Raises ``Skip`` (``code`` not_sent) where there is none: no call is made then.
    """
    code = (given or "").strip()
    if not code and function.takes_guests:
        code = settings.guest_customer_code.strip()
    if not code:
        raise Skip("Customer has no ERP account number", reason="not_sent", code="not_sent")
    return code


def fallback(function: Function, settings: GenericErpSettings) -> str:
    """What the caller does when the function fails; a failure never reads as zero tax or as "nothing ships there"."""
    if function is TAXES:
        return settings.tax_failure_policy
    if function is SHIPPING_METHODS:
        return settings.shipping_failure_policy
    return "hide" if function is BALANCE else "notice"
