"""A throwaway provider, two storefronts, and a client that shows errors as a caller would see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.conf import settings as django_settings
from django.test import Client

from connectors import registry
from connectors.base import Answer, Lookup, Provider
from connectors.exceptions import RemoteRefused
from connectors.models import ApiKey, Connector
from connectors.schema import setting

ERP_TEXT = "ORA-00942: table CUSTOMERS of tenant acme-internal does not exist"


@dataclass(frozen=True, kw_only=True)
class AcmeSettings:
    orders_on: bool = setting(forms.BooleanField(required=False, initial=True, label="Orders", help_text="On or off."))


class OrderParams(forms.Form):
    customer_code = forms.CharField(max_length=40, help_text="The customer's number.")
    status = forms.ChoiceField(required=False, choices=[("open", "Open"), ("shipped", "Shipped")])
    date_from = forms.DateField(required=False)
    is_open = forms.BooleanField(required=False)
    kinds = forms.MultipleChoiceField(required=False, choices=[("web", "Web"), ("phone", "Phone")])
    page = forms.IntegerField(required=False, min_value=1, max_value=1000, initial=1)


class OneOrderParams(forms.Form):
    customer_code = forms.CharField(max_length=40)


class TaxParams(forms.Form):
    customer_code = forms.CharField(max_length=40)
    total = forms.DecimalField(max_digits=12, decimal_places=2, required=False)
    express = forms.BooleanField(required=False)
    lines = forms.JSONField(help_text="Basket lines.")
    note = forms.JSONField(required=False)


class Acme:
    """What the provider was asked, and what it does: set ``does`` to a function."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.does: Any = None

    def __call__(self, run: Any, params: Mapping[str, Any]) -> Answer:
        self.asked.append(dict(params))
        if self.does is not None:
            return self.does(run, params)
        return Answer(available=True, data={"orders": [{"order_number": "9914", "total": Decimal("259.14")}]})

    def refuses(self, *_: Any) -> Answer:
        raise RemoteRefused(ERP_TEXT, code="rejected")


def neutral(settings: Any) -> Answer:
    return Answer(available=False, message="Information is not available at the moment.", fallback="hide")


@pytest.fixture(autouse=True, scope="session")
def _static_directory() -> None:
    """The static files' middleware warns where the directory is not there yet, and warnings are errors."""
    django_settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture
def acme(monkeypatch) -> Iterator[Acme]:
    """The provider, registered while the test runs."""
    acme = Acme()
    # The only provider: another one with the same addresses would share its documentation.
    monkeypatch.setattr(registry, "_providers", {})
    monkeypatch.setattr(Connector, "admin_path", lambda self: f"/admin/connectors/connector/{self.pk}/change/")

    def lookup(path: str, params: type[forms.Form], **more: Any) -> Lookup:
        base = {"label": path.title(), "topic": f"{path.partition('/')[0]}/{'one' if '/' in path else 'list'}"}
        more.setdefault("answer_example", {"orders": [{"order_number": "9914", "total": "259.14"}]})
        return Lookup(path=path, function=acme, params=params, neutral=neutral, **(base | more))

    registry.register(
        Provider(
            slug="acme",
            label="Acme ERP",
            settings=AcmeSettings,
            lookups=(
                lookup("orders", OrderParams, customer_param="customer_code", is_on=lambda s: s.orders_on),
                lookup("orders/<id>", OneOrderParams, customer_param="customer_code"),
                lookup("taxes", TaxParams, method="POST", topic="taxes", help="The tax of one basket."),
            ),
        )
    )
    yield acme
    registry._providers.pop("acme")


@pytest.fixture
def shop(db, acme: Acme) -> Connector:
    return make_connector("acme-eu", "Acme EU")


def make_connector(slug: str, name: str) -> Connector:
    connector = Connector(name=name, slug=slug, provider_slug="acme")
    connector.put_settings({"orders_on": True})
    connector.save()
    return connector


@pytest.fixture
def key(shop: Connector) -> SimpleNamespace:
    """The storefront's key: ``row`` and ``text``, with ``header`` for requests."""
    return make_key("Storefront", shop)


def make_key(name: str, *connectors: Connector, **more: Any) -> SimpleNamespace:
    row = ApiKey(name=name, **more)
    text = row.make()
    row.save()
    row.connectors.add(*connectors)
    return SimpleNamespace(row=row, text=text, header={"authorization": f"Bearer {text}"})


@pytest.fixture
def api(key: SimpleNamespace) -> Client:
    """A client with the storefront's key; exceptions become the answer a caller would get."""
    return Client(headers=key.header, raise_request_exception=False)


@pytest.fixture
def nobody(db) -> Client:
    return Client(raise_request_exception=False)
