"""What the shop's answers say beside their data, as warnings on the connector's page: raised, and cleared when gone.

Not for failures: those are events. A process asks the database about a warning that is not there once a minute only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from connectors.exceptions import HubError

CLEAR_AGAIN_S = 60.0  # another process may have raised what this one believes to be over
LIMIT = 10_000  # warnings one process remembers as cleared

ACCESS = "access"
VERSION = "api_version"
BLOCKED = "shop_blocked"
DEPRECATED = "deprecated"

_cleared_at: dict[tuple[int, str], float] = {}


class Health:
    """The warnings of one connector: ``warn(code, sentence, next_step)`` and ``clear(code)`` write them down."""

    def __init__(self, connector_id: int, warn: Callable[[str, str, str], Any], clear: Callable[[str], Any]) -> None:
        self.connector_id = connector_id
        self._warn = warn
        self._clear = clear

    def served(self, asked: str, served: str) -> None:
        """The version that answered; empty where the answer does not say."""
        if served and served != asked:
            self.raise_(
                VERSION,
                f"Shopify answers with API version {served} instead of {asked}, which it does not serve.",
                "Enter a version Shopify serves on the connector's page, or update the hub.",
            )
        elif served:
            self.clear(VERSION)

    def deprecated(self, document: str, reason: str) -> None:
        """What Shopify says of a document whose members are to go; empty where it says nothing."""
        code = f"{DEPRECATED}:{document}"
        if reason:
            self.raise_(
                code,
                f"Shopify will drop something the hub's {document} uses: {reason}",
                "Update the hub before Shopify retires the API version in use.",
            )
        else:
            self.clear(code)

    def refused(self, error: HubError) -> None:
        """Shopify lets the hub in no more."""
        self.raise_(ACCESS, error.sentence, error.next_step)

    def blocked(self, error: HubError) -> None:
        """The shop as a whole is closed to every app."""
        self.raise_(BLOCKED, error.sentence, error.next_step)

    def works(self) -> None:
        """A call was answered."""
        self.clear(ACCESS)
        self.clear(BLOCKED)

    def raise_(self, code: str, sentence: str, next_step: str) -> None:
        _cleared_at.pop((self.connector_id, code), None)
        self._warn(code, sentence, next_step)

    def clear(self, code: str) -> None:
        key, now = (self.connector_id, code), time.monotonic()
        if now - _cleared_at.get(key, -CLEAR_AGAIN_S) < CLEAR_AGAIN_S:
            return
        if len(_cleared_at) > LIMIT:
            _cleared_at.clear()
        _cleared_at[key] = now
        self._clear(code)
