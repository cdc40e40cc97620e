"""The options of one route that ships in a Shopify shop: what differs from source to source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms

from connectors.schema import setting

NOTIFY = (("record", "As the source says, else yes"), ("always", "Always"), ("never", "Never"))
OTHER_LOCATION = (
    ("stop", "Stop with a message"),
    ("move", "Move it to the location it left from, then ship"),
    ("ship", "Ship from the location Shopify assigned"),
)
TOO_MANY = (("rest", "Ship what is open and say what was too much"), ("refuse", "Refuse the shipment"))


def _choice(label: str, help_text: str, choices: tuple[tuple[str, str], ...]) -> Any:
    field = forms.ChoiceField(label=label, help_text=help_text, choices=choices, initial=choices[0][0])
    return setting(field, group="Shipping")


def _switch(label: str, help_text: str, *, initial: bool) -> Any:
    field = forms.BooleanField(label=label, help_text=help_text, required=False, initial=initial)
    return setting(field, group="Shipping")


@dataclass(frozen=True, kw_only=True)
class ShipmentOptions:
    notify_customer: str = _choice("Tell the customer", "Shopify then sends its shipping mail.", NOTIFY)
    location: str = setting(
        forms.CharField(
            label="Always ship from",
            required=False,
            initial="",
            help_text="Name or id of a Shopify location. Empty: the source's location, by the mapping “location”.",
        ),
        group="Shipping",
    )
    other_location: str = _choice(
        "If Shopify assigned another location", "What was shipped from Kiel is to leave Hamburg, says Shopify.",
        OTHER_LOCATION,
    )  # fmt: skip
    too_many: str = _choice("If more was shipped than is open", "Cancelled or refunded meanwhile, shipped by hand, ...",
                            TOO_MANY)  # fmt: skip
    without_tracking: bool = _switch(
        "Send shipments without tracking", "Off: a shipment waits until its source has a tracking number.", initial=True
    )
    release_holds: bool = _switch(
        "Release the hub's own holds",
        "Off: a shipment of held goods waits. Holds of others are never released.",
        initial=False,
    )
    open_scheduled: bool = _switch(
        "Open what is scheduled for later", "Off: a shipment of goods scheduled for later waits.", initial=False
    )
