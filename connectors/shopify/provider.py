"""Shopify's declaration: the store side of every flow, put together from ``declarations/``."""

from __future__ import annotations

from connectors.areas import listed, merged
from connectors.base import Budget, Provider, SandboxSpec, Webhook
from connectors.shopify import checks, pages, remains, sandbox, webhooks
from connectors.shopify.client import ShopifyClient, connect
from connectors.shopify.declarations import adminlinks, catalogue, installation, money, orders, rates, shipping, stock
from connectors.shopify.guarding import guarded
from connectors.shopify.settings import ShopifySettings

AREAS = (installation, orders, shipping, catalogue, stock, money, rates, adminlinks)


provider = Provider(
    slug="shopify",
    label="Shopify",
    description="Orders, shipments, stock, products, prices, refunds, payouts and shipping rates of a Shopify shop.",
    documentation="https://shopify.dev/docs/api/admin-graphql/2026-10",
    settings=ShopifySettings,
    client=ShopifyClient,
    connect=connect,
    checks=listed(AREAS, "CHECKS"),
    probe=checks.probe,
    webhook=Webhook(signature=webhooks.signature, identify=webhooks.identify, setup=webhooks.SETUP),
    handlers=guarded(merged(AREAS, "HANDLERS")),
    ignored=webhooks.IGNORED,
    syncs=merged(AREAS, "SYNCS"),
    singles=merged(AREAS, "SINGLES"),
    periods=merged(AREAS, "PERIODS"),
    emits=listed(AREAS, "EMITS"),
    accepts=merged(AREAS, "ACCEPTS"),
    acknowledges=merged(AREAS, "ACKNOWLEDGES"),
    endpoints=merged(AREAS, "ENDPOINTS"),
    panels=listed(AREAS, "PANELS"),
    leaves=remains.leaves,
    mappings=listed(AREAS, "MAPPINGS"),
    object_url=pages.object_url,
    budget=Budget(concurrency=4, kept_for_live=1),  # calls at once for one shop; its points: pacing.py
    sandbox=SandboxSpec(prefix="shopify", application=sandbox.application, settings=sandbox.demo_settings),
)
