"""The areas of the sandbox: every module that declares what it resolves, its paths or its control calls."""

from __future__ import annotations

from types import ModuleType

from connectors.shopify.sandbox import admin_links, catalogue, deliveries, order_events, privacy, queries, subscriptions
from connectors.shopify.sandbox.engine import Resolvers

AREAS: tuple[ModuleType, ...] = (queries, catalogue, subscriptions, deliveries, order_events, privacy, admin_links)
RESOLVERS = Resolvers.of(AREAS)
