"""The areas of the sandbox: every module that declares what it resolves, its paths or its control calls."""

from __future__ import annotations

from types import ModuleType

from connectors.shopify.sandbox import (
    assortment,
    bulk,
    catalogue,
    deliveries,
    inventory,
    queries,
    subscriptions,
    uploads,
)
from connectors.shopify.sandbox.engine import Resolvers

AREAS: tuple[ModuleType, ...] = (queries, catalogue, assortment, inventory, uploads, bulk, subscriptions, deliveries)
RESOLVERS = Resolvers.of(AREAS)
