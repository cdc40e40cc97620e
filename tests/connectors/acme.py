"""A small provider for tests of the admin and of commands: every kind of setting, check, button and option once."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from connectors.base import (
    Accept,
    Check,
    Delivered,
    Endpoint,
    Handler,
    Identity,
    MappingKind,
    Provider,
    Signature,
    Single,
    Sync,
    Webhook,
)  # fmt: skip
from connectors.exceptions import RemoteUnauthorised
from connectors.records import Order
from connectors.run import Run
from connectors.schema import setting


@dataclass(frozen=True, kw_only=True)
class AcmeSettings:
    base_url: str = setting(forms.CharField(label="Address", help_text="Of the Acme API, starting with https://."))
    api_key: str = setting(forms.CharField(label="API key", help_text="From Acme's console."), secret=True)
    signing_key: str = setting(
        forms.CharField(label="Signing key", required=False, widget=forms.Textarea, help_text="Several lines."),
        secret=True, group="Webhooks",
    )  # fmt: skip
    header_name: str = setting(forms.CharField(label="Header", required=False, help_text="Name of an extra header."))
    orders_url: str = setting(
        forms.CharField(label="Orders address", required=False, help_text="Live list of orders."),
        group="Endpoints", enables="Orders list",
    )  # fmt: skip
    is_loud: bool = setting(forms.BooleanField(label="Loud", required=False, help_text="Says more."), group="Endpoints")
    timeout_s: int = setting(
        forms.IntegerField(label="Time-out", initial=10, min_value=1, max_value=60, help_text="Seconds, 1 to 60."),
        group="Endpoints", advanced=True,
    )  # fmt: skip
    field_map: dict[str, str] | None = setting(  # noqa: RUF009
        forms.JSONField(label="Field map", required=False, help_text="A JSON object."), group="Field map", advanced=True
    )
    size: str = setting(
        forms.ChoiceField(label="Size", choices=[("s", "Small"), ("l", "Large")], initial="s", help_text="Of answers.")
    )

    def clean(self) -> None:
        if self.is_loud and not self.orders_url:
            raise ValidationError({"orders_url": "Loud needs an orders address."})
        if self.api_key == "refuse-me":
            raise ValidationError({"api_key": f"The key {self.api_key} is known to be stolen."})


@dataclass(frozen=True, kw_only=True)
class AcmeOptions:
    store: str = setting(forms.CharField(label="Store", help_text="Where the order is booked."))
    days_to_ship: int = setting(
        forms.IntegerField(label="Days to ship", initial=1, min_value=0, max_value=30, help_text="Days, 0 to 30.")
    )


def _reach(run: Run) -> str:
    return f"{run.settings.base_url} answers."


def _log_in(run: Run) -> str:
    if run.settings.api_key == "wrong-key":
        raise RemoteUnauthorised(f"Acme refuses the key {run.settings.api_key}.")
    return "The key is accepted."


def _contract(run: Run) -> list[dict[str, Any]]:
    if run.settings.is_loud:
        wrong = 'orders[3].date: text "31/02", expected ISO date'
        return [{"endpoint": "orders", "result": "failed", "deviations": [wrong]}]
    return [{"endpoint": "orders", "result": "ok", "deviations": [], "checked": "2 orders"}]


def _signature(settings: AcmeSettings, headers: Mapping[str, str]) -> Signature:
    mac = hmac.new(settings.signing_key.encode(), digestmod=hashlib.sha256)
    return Signature([mac], bytes.fromhex(headers.get("x-acme-signature", "")))


def _identify(headers: Mapping[str, str], body: Any) -> Identity:
    return Identity(topic=headers.get("x-acme-topic", "unknown"), object_type="order", object_id=str(body["id"]))


def _done(run: Run) -> str:
    return "Done."


provider = Provider(
    slug="acme",
    label="Acme ERP",
    description="An ERP that exists in tests only.",
    settings=AcmeSettings,
    checks=[
        Check(name="reach", label="Reach the server", function=_reach),
        Check(name="log_in", label="Log in", function=_log_in),
        Check(name="orders", label="Orders", function=_reach, applies=lambda s: bool(s.orders_url), off="No address."),
    ],
    webhook=Webhook(signature=_signature, identify=_identify, setup="Enter it in Acme under Settings, Notifications."),
    endpoints={"echo": Endpoint(function=lambda run, request: None, label="Echo check")},
    handlers={"orders/create": Handler(function=_done)},
    syncs={
        "orders": Sync(label="Recent orders", function=_done, every_minutes=30, help="Changed since the last run."),
        "stock": Sync(label="Stock", function=_done),
    },
    singles={"order": Single(label="One order", function=_done, help="By its number.")},
    emits=[Order],
    accepts={Order: Accept(function=lambda run, one: Delivered(target_id="1"), options=AcmeOptions)},
    mappings=[MappingKind(name="location", label="Location"), MappingKind(name="payment", label="Payment method")],
    contract_check=_contract,
)
