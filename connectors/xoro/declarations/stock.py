"""What the provider declares about stock levels."""

from __future__ import annotations

from connectors.base import Accept, Handler, Sync
from connectors.records import Record

HANDLERS: dict[str, Handler] = {}
SYNCS: dict[str, Sync] = {}
ACCEPTS: dict[type[Record], Accept] = {}
EMITS: tuple[type[Record], ...] = ()
