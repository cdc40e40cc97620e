"""The options of one route that sends orders to Xoro: what differs from shop to shop. Everything else, filters included,
is a setting of the connector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms

from connectors.schema import setting


def _store(label: str) -> Any:
    help_text = "By its name in Xoro. Empty: the store of the connector."
    return setting(forms.CharField(label=label, help_text=help_text, required=False, initial=""), group="Stores")


@dataclass(frozen=True, kw_only=True)
class OrderOptions:
    display_name: str = setting(
        forms.CharField(
            label="Origin shown in Xoro",
            help_text="Empty: the name of the connector the order comes from.",
            required=False,
            initial="",
        ),
        group="Orders",
    )
    sale_store: str = _store("Sale store")
    ship_store: str = _store("Ship store")


@dataclass(frozen=True, kw_only=True)
class CreditOptions:
    """Of a route that sends refunds, returns or gift cards."""

    display_name: str = setting(
        forms.CharField(
            label="Origin shown in Xoro",
            help_text="Empty: the name of the connector the credit comes from.",
            required=False,
            initial="",
        ),
        group="Credits",
    )
    sale_store: str = _store("Sale store")


@dataclass(frozen=True, kw_only=True)
class PayoutOptions:
    """What differs from shop to shop where several send payouts to one tenant."""

    bank_account: str = setting(
        forms.CharField(
            label="Bank account",
            help_text="Receives the payouts of this route. Empty: the bank account of the connector.",
            required=False,
            initial="",
        ),
        group="Payouts",
        names="account",
    )
    sale_store: str = _store("Sale store")
