"""Shopify's declaration: the store side of every flow, put together from ``declarations/``."""

from __future__ import annotations

from typing import Any

from connectors.base import Budget, Provider, SandboxSpec, Webhook
from connectors.shopify import checks, pages, remains, sandbox, webhooks
from connectors.shopify.client import ShopifyClient, connect
from connectors.shopify.declarations import adminlinks, catalogue, installation, money, orders, rates, shipping, stock
from connectors.shopify.guarding import guarded
from connectors.shopify.settings import ShopifySettings

AREAS = (installation, orders, shipping, catalogue, stock, money, rates, adminlinks)


def _merged(name: str) -> dict[Any, Any]:
    """One table of all areas."""
    return {key: one for area in AREAS for key, one in getattr(area, name, {}).items()}


def _listed(name: str) -> tuple[Any, ...]:
    """One list of all areas."""
    return tuple(one for area in AREAS for one in getattr(area, name, ()))


provider = Provider(
    slug="shopify",
    label="Shopify",
    description="Orders, shipments, stock, products, prices, refunds, payouts and shipping rates of a Shopify shop.",
    documentation="https://shopify.dev/docs/api/admin-graphql/2026-10",
    settings=ShopifySettings,
    client=ShopifyClient,
    connect=connect,
    checks=_listed("CHECKS"),
    probe=checks.probe,
    webhook=Webhook(signature=webhooks.signature, identify=webhooks.identify, setup=webhooks.SETUP),
    handlers=guarded(_merged("HANDLERS")),
    ignored=webhooks.IGNORED,
    syncs=_merged("SYNCS"),
    singles=_merged("SINGLES"),
    periods=_merged("PERIODS"),
    emits=_listed("EMITS"),
    accepts=_merged("ACCEPTS"),
    acknowledges=_merged("ACKNOWLEDGES"),
    endpoints=_merged("ENDPOINTS"),
    panels=_listed("PANELS"),
    leaves=remains.leaves,
    mappings=_listed("MAPPINGS"),
    object_url=pages.object_url,
    budget=Budget(concurrency=4, kept_for_live=1),  # calls at once for one shop; its points: pacing.py
    sandbox=SandboxSpec(prefix="shopify", application=sandbox.application, settings=sandbox.demo_settings),
)
