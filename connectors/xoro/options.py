"""The options of one route that sends orders to Xoro: what differs from shop to shop.

The vendor's own filter page exists, but its content is not public; these rules are ours. An order is sent only if it
passes all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms

from connectors.schema import setting
from connectors.xoro.settings import ListField

FINANCIAL = ("pending", "authorized", "partially_paid", "paid", "partially_refunded", "refunded", "voided")
FULFILLMENT = ("unfulfilled", "partial", "fulfilled")
RISKS = ("low", "medium", "high")


def _some_of(label: str, help_text: str, choices: tuple[str, ...], initial: list[str]) -> Any:
    field = forms.MultipleChoiceField(
        label=label,
        help_text=help_text,
        required=False,
        choices=[(one, one.replace("_", " ").capitalize()) for one in choices],
        initial=initial,
    )
    return setting(field, group="Filters")


def _list(label: str, help_text: str) -> Any:
    return setting(ListField(label=label, help_text=help_text, required=False, initial=[]), group="Filters")


def _store(label: str) -> Any:
    help_text = "By its name in Xoro. Empty: the store of the connector."
    return setting(forms.CharField(label=label, help_text=help_text, required=False, initial=""), group="Stores")


@dataclass(frozen=True, kw_only=True)
class OrderOptions:
    drop_as: str = setting(
        forms.ChoiceField(
            label="Send as", help_text="What an order becomes.", choices=[("orders", "Sales orders")], initial="orders"
        ),
        group="Orders",
    )
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

    financial_status: tuple[str, ...] = _some_of(
        "Financial status", "Orders with another one are left out.", FINANCIAL, [s for s in FINANCIAL if s != "voided"]
    )
    fulfillment_status: tuple[str, ...] = _some_of(
        "Fulfillment status", "Orders with another one are left out.", FULFILLMENT, list(FULFILLMENT)
    )
    include_tags: tuple[str, ...] = _list("Only with a tag of", "With commas between them. Empty: all orders.")
    exclude_tags: tuple[str, ...] = _list("Never with a tag of", "With commas between them.")
    source_names: tuple[str, ...] = _list("Only of the channels", "Such as web, pos. Empty: all channels.")
    gateways_excluded: tuple[str, ...] = _list("Not if paid only through", "Payment gateways with commas between them.")
    locations: tuple[str, ...] = _list("Only of the locations", "Ids of locations in the shop. Empty: all.")
    risk_excluded: tuple[str, ...] = _some_of("Hold at risk", "Orders at these levels are left out.", RISKS, [])
    test_orders: bool = setting(
        forms.BooleanField(
            label="Send test orders", help_text="Orders made in the shop's test mode.", required=False, initial=False
        ),
        group="Filters",
    )
