"""The lines of *Test connection*. Each is one or two harmless reads; nothing is ever written.

What cannot be found out without writing - the right to create orders - is said to be unchecked. The spelling of names:
``names.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.base import Check
from connectors.exceptions import ConfigurationError, RemoteUnavailable

if TYPE_CHECKING:
    from connectors.run import Run

NOBODY = "0"  # an id and reference that belongs to nobody
NO_SOURCE = "https://nowhere.invalid-connection test"
UNSURE = "The answer was empty, as it also is when Xoro is too busy: test again to be sure."


def check_credentials(run: Run) -> str:
    """Xoro answers a key without permission with HTTP 500, which still proves that it knows the key."""
    try:
        run.client.first_sales_order()
    except RemoteUnavailable as error:
        if error.code != "permission_or_fault":
            raise
        return "Xoro did not reject the API key, but the call for sales orders failed: see the next line."
    return "Xoro accepts the API key."


def check_orders(run: Run) -> str:
    page = run.client.first_sales_order()
    if page.rows:
        return "Sales orders can be read. Whether they can be created shows only with the first order."
    return f"Sales orders can be asked for. {UNSURE if not page.is_certain else 'There is no released order yet.'}"


def check_reference_filter(run: Run) -> str:
    """Looks for a reference that does not exist: rows mean that the tenant ignores the filter."""
    search = run.client.find_sales_orders(NO_SOURCE, NOBODY)
    if search.ignores_filter:
        raise ConfigurationError(
            "Xoro ignores the search by third-party reference. Orders can be sent, but after a lost answer a person "
            "must look in Xoro before the order is sent again.",
            code="filter_ignored",
            next_step="Ask Xoro to enable third_party_ref_no and third_party_source on salesorder/getsalesorder.",
        )
    return "A search for a reference that does not exist found nothing, as it should."


def check_invoices(run: Run) -> str:
    page = run.client.get_invoices(third_party_customer_id=NOBODY, status=run.settings.invoice_statuses[0])
    if page.rows:
        raise ConfigurationError(
            "Xoro ignores the search by third-party customer id: it answered invoices for an id that does not exist. "
            "Lookups drop such rows, so that they will find few invoices or none.",
            code="filter_ignored",
            next_step="Ask Xoro to enable the sync of third-party customer and company data for the tenant.",
        )
    return f"Invoices can be asked for. {'' if page.is_certain else UNSURE}".strip()


CHECKS = (
    Check(name="credentials", label="API key", function=check_credentials),
    Check(name="orders", label="Sales orders", function=check_orders),
    Check(name="reference_filter", label="Search by reference", function=check_reference_filter),
    Check(
        name="invoices",
        label="Invoices",
        function=check_invoices,
        applies=lambda settings: settings.sync_third_party_customer_company,
        off="Customer and company are not sent.",
    ),
)
