"""The areas of the sandbox: every module that declares what it resolves, its paths or its control calls."""

from __future__ import annotations

from types import ModuleType

from connectors.shopify.sandbox import catalogue, deliveries, products, queries, subscriptions
from connectors.shopify.sandbox.engine import Resolvers

AREAS: tuple[ModuleType, ...] = (queries, catalogue, subscriptions, deliveries, products)
RESOLVERS = Resolvers.of(AREAS)
