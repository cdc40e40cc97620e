"""The cast of the connectors' admin: a test provider, connectors of it, browsers of each person."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client

from connectors import registry
from connectors.base import Provider
from connectors.models import Connector
from tests.connectors import acme

SECRET = "sekret-key-1"  # nosec: of a test


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Acme, an ERP, and Shoppy, the same system that sends orders and takes none; both gone afterwards."""
    less = {"accepts": {}, "contract_check": None, "mappings": ()}
    shop = dataclasses.replace(acme.provider, slug="shoppy", label="Shoppy", **less)
    for one in (acme.provider, shop):
        registry.register(one)
    yield acme.provider
    for one in (acme.provider, shop):
        del registry._providers[one.slug]


@pytest.fixture
def make(db, provider) -> Callable[..., Connector]:
    """``make("acme")``: a configured connector of a test provider."""

    def build(slug: str = "acme", *, name: str = "", **settings: object) -> Connector:
        name = name or {"acme": "Acme EU", "shoppy": "Shop Berlin"}[slug]
        connector = Connector(name=name, slug=name.lower().replace(" ", "-"), provider_slug=slug)
        values = {"base_url": "https://acme.example/api", "api_key": SECRET, "signing_key": "sign-me-9", "size": "s"}
        connector.put_settings({**values, **settings})
        connector.email_sender, connector.email_receiver = "hub@example.com", "support@example.com"
        connector.save()
        return connector

    return build


@pytest.fixture
def connector(make) -> Connector:
    return make()


@pytest.fixture
def browse() -> Callable[[User], Client]:
    """``browse(person)``: a client logged in as that person."""

    def log_in(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return log_in


@pytest.fixture
def ada(browse, administrator) -> Client:
    return browse(administrator)
