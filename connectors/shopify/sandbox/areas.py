"""The areas of the sandbox: every module that declares what it resolves, its paths or its control calls."""

from __future__ import annotations

from types import ModuleType

from connectors.shopify.sandbox import catalogue, deliveries, plans, queries, subscriptions
from connectors.shopify.sandbox.engine import Resolvers

AREAS: tuple[ModuleType, ...] = (queries, catalogue, subscriptions, deliveries, plans)
RESOLVERS = Resolvers.of(AREAS)
