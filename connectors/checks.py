"""System checks of what an operator can get wrong: keys, stored settings, routes. Run by ``manage.py check``."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from connectors import crypto
from connectors.exceptions import ConfigurationError
from connectors.registry import UnknownProvider


@register(Tags.security)
def key_ring(app_configs: Any, **_: Any) -> list[CheckMessage]:
    try:
        crypto.encrypt("probe", "check")
    except ImproperlyConfigured as error:
        return [Error(str(error), id="connectors.E001")]
    return []


@register(Tags.security, deploy=True)
def sandbox_is_off(app_configs: Any, **_: Any) -> list[CheckMessage]:
    if settings.SANDBOX_URL and not settings.HUB_BASE_URL.startswith(("http://127.", "http://localhost")):
        return [Warning("SANDBOX_URL is set: plain http to that address is allowed.", id="connectors.W001",
                        hint="Leave it empty on a hub that serves a real shop.")]  # fmt: skip
    return []


def unopened_secrets() -> list[str]:
    """A sentence for each connector with a secret that no key opens: a backup came back without its key file, say."""
    from connectors.models import Connector

    sentences = []
    for connector in Connector.objects.only("uid", "name", "secrets"):
        closed = []
        for name, stored in sorted(connector.secrets.items()):
            try:
                connector.secret(name)
            except crypto.UndecryptableSecret:
                closed.append(f"{name} (key “{crypto.key_id_of(stored)}”)")
        if closed:
            sentences.append(
                f"Connector {connector}: the keys in HUB_SECRET_KEYS do not open its secret {', '.join(closed)}. "
                "Bring back the key file that was kept for the backup (var/keys.env), or enter the secret again."
            )
    return sentences


@register(Tags.security)
def secrets_open(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Asked without being told to look at a database: a wrong key file is found by a plain ``manage.py check``."""
    try:
        return [Warning(sentence, id="connectors.W004") for sentence in unopened_secrets()]
    except (DatabaseError, ImproperlyConfigured):
        return []  # away, not migrated yet, or no usable ring at all: said elsewhere


@register(Tags.database)
def stored_settings(app_configs: Any, databases: Any = None, **_: Any) -> list[CheckMessage]:
    """Every stored connector still loads, every route is still accepted."""
    from connectors.models import Connector, Route

    found: list[CheckMessage] = []
    if not databases:
        return found
    try:
        for connector in Connector.objects.all():
            try:
                connector.load_settings()
            except (ConfigurationError, UnknownProvider) as error:
                found.append(Warning(f"Connector {connector}: {error}", id="connectors.W002"))
        for route in Route.objects.select_related("source", "target"):
            try:
                route.load_options()
            except (ConfigurationError, UnknownProvider) as error:
                found.append(Warning(f"Route {route}: {error}", id="connectors.W003"))
    except DatabaseError:
        return []  # not migrated yet
    return found
