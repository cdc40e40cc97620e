"""A provider with a long form: nested sections, fields that depend on others, tables, assumptions and remote names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from connectors.base import Accept, Check, Delivered, Provider
from connectors.records import Order
from connectors.rows import Column, RowsField
from connectors.run import Run
from connectors.schema import setting


def text(label: str, *, required: bool = False, initial: str = "", **more: Any) -> forms.CharField:
    return forms.CharField(label=label, required=required, initial=initial, help_text=f"The {label.lower()}.", **more)


def switch(label: str) -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False, initial=False, help_text=f"Switches {label.lower()} on.")


GATEWAYS = RowsField(
    label="Gateways",
    help_text="The first row that fits counts.",
    columns=[
        Column("gateway", text("Gateway", required=True)),
        Column("account", text("Account", required=True), names="account"),
        Column("share", forms.IntegerField(label="Share", required=False, min_value=0, max_value=100)),
        Column("kind", forms.ChoiceField(label="Kind", choices=[("card", "Card"), ("cash", "Cash")], initial="card")),
    ],
    unique=["gateway"],
    is_ordered=True,
)
SERVICES = RowsField(
    label="Services",
    help_text="By country.",
    columns=[Column("country", text("Country", required=True, max_length=2)), Column("service", text("Service"))],
    is_mapping=True,
)


@dataclass(frozen=True, kw_only=True)
class WarehouseSettings:
    base_url: str = setting(text("Address", required=True, initial="https://wh.example"))
    token: str = setting(text("Token"), secret=True)
    store: str = setting(text("Store"), group="Orders: General", names="store")
    zone: str = setting(
        text("Time zone", initial="UTC"), group="Orders: General", assumed="Times without an offset are UTC."
    )
    mode: str = setting(
        forms.ChoiceField(
            label="Customer", choices=[("each", "Each its own"), ("one", "One for all")], help_text="Of an order."
        ),
        group="Orders: General",
    )
    customer: str = setting(
        text("Fixed customer", required=True), group="Orders: General", shown_when=("mode", "one"), names="customer"
    )
    tips: bool = setting(switch("Tips"), group="Orders: Accounts")
    tip_sku: str = setting(text("Tip SKU", required=True), group="Orders: Accounts", shown_when=("tips",), names="item")
    tip_note: str = setting(
        text("Tip note"), group="Orders: Accounts", shown_when=("tip_sku",), assumed="A note may have 80 characters."
    )
    gateways: tuple[dict[str, Any], ...] = setting(GATEWAYS, group="Orders: Accounts")
    services: dict[str, str] = setting(SERVICES, group="Orders: Warehousing")  # noqa: RUF009
    carton: str = setting(
        text("Carton", max_length=8), group="Orders: Warehousing", advanced=True, shown_when=("tips", "off")
    )
    tracking: bool = setting(switch("Tracking"), group="Fulfillments")
    buffer: int = setting(
        forms.IntegerField(label="Buffer", initial=0, min_value=0, help_text="Pieces kept back."),
        group="Products & Inventory: Inventory",
    )
    since: date | None = setting(  # noqa: RUF009
        forms.DateField(label="Since", required=False, help_text="Earlier orders stay out."), group="Gift cards"
    )
    cards: bool = setting(switch("Gift cards"), group="Gift cards")
    pay_account: str = setting(text("Payout account"), group="Payouts", names="account", advanced=True)

    def clean(self) -> None:
        if self.tracking and self.pay_account == "none":
            raise ValidationError({"pay_account": "Tracking needs another account."})
        if self.cards and not self.tip_note:
            raise ValidationError({"tip_note": "Gift cards need a tip note."})


@dataclass(frozen=True, kw_only=True)
class WarehouseOptions:
    split: bool = setting(switch("Split"), group="Orders")
    split_by: str = setting(text("Split by", required=True), group="Orders", shown_when=("split",))
    bay: str = setting(text("Bay"), group="Orders", assumed="Bays are named by one letter.", names="store")


def _accept(run: Run, order: Order) -> Delivered:
    return Delivered(target_id=order.id)


provider = Provider(
    slug="warehouse",
    label="Warehouse",
    settings=WarehouseSettings,
    client=lambda settings, http: None,
    checks=[Check(name="address", label="Address", function=lambda run: "It answers.")],
    accepts={Order: Accept(function=_accept, options=WarehouseOptions)},
)
