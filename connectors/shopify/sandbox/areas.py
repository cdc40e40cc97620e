"""The areas of the sandbox: every module that declares what it resolves, its paths or its control calls."""

from __future__ import annotations

from types import ModuleType

from connectors.shopify.sandbox import carrier, catalogue, deliveries, queries, subscriptions
from connectors.shopify.sandbox.engine import Resolvers

AREAS: tuple[ModuleType, ...] = (queries, carrier, catalogue, subscriptions, deliveries)
RESOLVERS = Resolvers.of(AREAS)
