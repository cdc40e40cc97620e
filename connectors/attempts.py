"""How often a passing fault is tried again, and after what pauses: the hub's way, or that of the provider."""

from __future__ import annotations

import random

from connectors import registry
from connectors.exceptions import ConfigurationError
from connectors.known import by_id
from connectors.models import Connector
from events.models import Event

USUAL = 8  # attempts of whatever declares no number of its own
# Pause before attempt 2, 3, ... in seconds; then the last one again. Jitter of a quarter is added.
PAUSES_S = (5, 30, 120, 600, 1800, 3600, 7200)


def most(connector: Connector, declared: int) -> int:
    """Attempts of an event of this connector: those declared where they are other than the usual, else those of the
    connector's settings, if its provider has such a setting."""
    try:
        retries = connector.provider.retries
        known = by_id(connector.pk)
        if retries is None or known is None or declared != USUAL:
            return declared
        return retries.most(known.settings)
    except (registry.UnknownProvider, ConfigurationError):
        return declared


def pause_s(event: Event) -> float:
    """Seconds before the next attempt of an event that met a passing fault."""
    try:
        retries = registry.get(event.provider).retries
    except registry.UnknownProvider:
        retries = None
    pauses = retries.pauses_s if retries is not None else PAUSES_S
    return pauses[min(max(event.attempts, 1), len(pauses)) - 1] * (1 + random.random() / 4)
