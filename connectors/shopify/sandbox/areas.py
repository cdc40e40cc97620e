"""The areas of the sandbox: every module that declares what it resolves, its paths or its control calls."""

from __future__ import annotations

from types import ModuleType

from connectors.shopify.sandbox import (
    catalogue,
    deliveries,
    fulfillment,
    giftcards,
    holds,
    merchant,
    payouts,
    queries,
    refunds,
    returns,
    subscriptions,
)
from connectors.shopify.sandbox.engine import Resolvers

AREAS: tuple[ModuleType, ...] = (
    queries,
    catalogue,
    subscriptions,
    deliveries,
    fulfillment,
    holds,
    merchant,
    refunds,
    returns,
    payouts,
    giftcards,
)
RESOLVERS = Resolvers.of(AREAS)
