"""The areas of the sandbox: every module that declares what it resolves, its paths or its control calls."""

from __future__ import annotations

from types import ModuleType

from connectors.shopify.sandbox import (
    catalogue,
    definitions,
    deliveries,
    product_writes,
    products,
    queries,
    subscriptions,
    variant_writes,
)
from connectors.shopify.sandbox.engine import Resolvers

AREAS: tuple[ModuleType, ...] = (
    queries, catalogue, subscriptions, deliveries,
    products, product_writes, variant_writes, definitions,
)  # fmt: skip
RESOLVERS = Resolvers.of(AREAS)
