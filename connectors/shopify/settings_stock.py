"""The options of a route that brings stock levels into a shop."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms

from connectors.schema import setting

AS_SAID, AVAILABLE, ON_HAND = "as_said", "available", "on_hand"
NONE, ALL = "none", "all"
REASONS = (
    "correction", "cycle_count_available", "movement_received", "movement_updated", "other", "received", "restock",
    "shrinkage",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class StockOptions:
    quantity: str = setting(
        forms.ChoiceField(
            label="The source's quantities are",
            choices=[
                (AS_SAID, "as the source says"),
                (AVAILABLE, "available: open orders are taken off"),
                (ON_HAND, "on hand: what lies on the shelf"),
            ],
            initial=AS_SAID,
            help_text="Physical stock must go to “on hand”: as “available” it would offer what open orders have already "
            "taken a second time.",
        ),
        group="Stock",
    )
    location: str = setting(
        forms.CharField(
            label="Location of rows without one",
            required=False,
            max_length=120,
            help_text="Name or number of the location in Shopify, for a source whose rows name no place. All other "
            "places are mapped by the mapping “Location”.",
        ),
        group="Stock",
    )
    duplicates: str = setting(
        forms.ChoiceField(
            label="A SKU that several variants have",
            choices=[(NONE, "update none of them, and list it"), (ALL, "update all of them")],
            initial=NONE,
            help_text="Shopify does not keep a SKU from being used twice.",
        ),
        group="Stock",
    )
    track: bool = setting(
        forms.BooleanField(
            label="Switch tracking on",
            required=False,
            initial=False,
            help_text="The quantity of an item that is not tracked has no effect on sales. On: the hub has the shop track "
            "it. Off: the hub lists it and sends nothing.",
        ),
        group="Stock",
    )
    compare: bool = setting(
        forms.BooleanField(
            label="Set only what nobody else changed",
            required=False,
            initial=False,
            help_text="Every quantity is set only if the shop still holds what the hub sent last; else it is read and set "
            "again, up to three times. For shops where other systems set stock as well.",
        ),
        group="Stock",
        advanced=True,
    )
    direct_limit: int = setting(
        forms.IntegerField(
            label="Largest number of direct calls, stock levels",
            min_value=0,
            max_value=1_000_000,
            initial=20_000,
            help_text="Up to so many differences go by direct calls of 250 each; more go as one file, which costs none of "
            "the shop's points and takes Shopify a few minutes.",
        ),
        group="Stock",
        advanced=True,
    )
    reason: str = setting(
        forms.ChoiceField(
            label="Reason in the stock history",
            choices=[(one, one.replace("_", " ").capitalize()) for one in REASONS],
            initial="correction",
            help_text="What the shop's own stock history says about these changes.",
        ),
        group="Stock",
        advanced=True,
    )
