"""The areas of the sandbox: every module that declares what it resolves, its paths or its control calls."""

from __future__ import annotations

from types import ModuleType

from connectors.shopify.sandbox import (
    catalogue,
    changes,
    definitions,
    deliveries,
    metafields,
    plans,
    queries,
    subscriptions,
    tags,
)
from connectors.shopify.sandbox.engine import Resolvers

AREAS: tuple[ModuleType, ...] = (
    queries,
    catalogue,
    subscriptions,
    deliveries,
    changes,
    tags,
    metafields,
    definitions,
    plans,
)
RESOLVERS = Resolvers.of(AREAS)
