"""Which providers exist: every folder of this package with a ``provider.py``, found at start-up, and the modules that
``settings.HUB_EXTRA_PROVIDERS`` names (tests plug in providers of their own by it).

An import error in one stops the start: a connector that is silently missing is worse than a crash.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from importlib.util import find_spec

from django.conf import settings

import connectors
from connectors.base import Lookup, Provider
from connectors.records import Record

_providers: dict[str, Provider] = {}


class UnknownProvider(LookupError):
    """A stored connector names a provider that no folder declares."""


def register(provider: Provider) -> None:
    """Add one provider. Raises ``ValueError`` for a slug that is taken."""
    if provider.slug in _providers:
        raise ValueError(f"Two providers call themselves “{provider.slug}”.")
    _providers[provider.slug] = provider


def autodiscover() -> None:
    for module in pkgutil.iter_modules(connectors.__path__, "connectors."):
        if module.ispkg and find_spec(f"{module.name}.provider"):
            provider: Provider = import_module(f"{module.name}.provider").provider
            if provider.slug != module.name.rpartition(".")[2]:
                raise ValueError(f"{module.name} declares the slug “{provider.slug}”; it must be the folder's name.")
            if provider.slug not in _providers:
                register(provider)
    for name in settings.HUB_EXTRA_PROVIDERS:
        extra: Provider = import_module(name).provider
        if extra.slug not in _providers:
            register(extra)


def get(slug: str) -> Provider:
    """The provider of a slug. Raises ``UnknownProvider``."""
    try:
        return _providers[slug]
    except KeyError:
        raise UnknownProvider(f"There is no provider “{slug}”.") from None


def all_providers() -> list[Provider]:
    return sorted(_providers.values(), key=lambda provider: provider.label)


def choices() -> list[tuple[str, str]]:
    return [(provider.slug, provider.label) for provider in all_providers()]


def record_types() -> dict[str, type[Record]]:
    """Record types that some provider emits or accepts, by kind."""
    types = {t for p in all_providers() for t in (*p.emits, *p.accepts)}
    return {t.kind: t for t in sorted(types, key=lambda t: t.kind)}


def lookups() -> dict[tuple[str, str], list[tuple[Provider, Lookup]]]:
    """Lookups of all providers by (method, path): the hub's API has one route for each."""
    table: dict[tuple[str, str], list[tuple[Provider, Lookup]]] = {}
    for provider in all_providers():
        for lookup in provider.lookups:
            table.setdefault((lookup.method, lookup.path), []).append((provider, lookup))
    return table
