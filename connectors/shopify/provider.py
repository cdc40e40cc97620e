"""Shopify's declaration: orders out of a shop, by webhook, by number and on a plan."""

from __future__ import annotations

from connectors.base import Budget, Handler, Provider, SandboxSpec, Single, Sync, Webhook
from connectors.records import Order
from connectors.shopify import access, checks, install, orders, sandbox, webhooks
from connectors.shopify.client import ShopifyClient, connect
from connectors.shopify.settings import ShopifySettings

provider = Provider(
    slug="shopify",
    label="Shopify",
    description="Orders of a Shopify shop, business customers included.",
    documentation="https://shopify.dev/docs/api/admin-graphql/2026-10",
    settings=ShopifySettings,
    client=ShopifyClient,
    connect=connect,
    checks=checks.CHECKS,
    probe=checks.probe,
    webhook=Webhook(signature=webhooks.signature, identify=webhooks.identify, setup=webhooks.SETUP),
    handlers={
        "orders/create": Handler(function=orders.import_order, label="Order placed", reads_current_state=True),
        "orders/updated": Handler(function=orders.import_order, label="Order changed", reads_current_state=True),
    },
    ignored=webhooks.IGNORED,
    syncs={
        "orders": Sync(
            label="Recent orders",
            function=orders.synchronize_recent,
            every_minutes=15,
            help="Reads every order changed since the last time, so that a lost delivery does no harm.",
        ),
    },
    singles={
        "order": Single(
            label="Order number",
            function=orders.synchronize_order,
            help="The name as the shop shows it, like #EX-2041.",
        ),
    },
    emits=(Order,),
    endpoints={**install.ENDPOINTS},
    panels=(*access.PANELS,),
    budget=Budget(concurrency=4, kept_for_live=1),  # calls at once for one shop; its points: pacing.py
    uninstall_topics=frozenset({"app/uninstalled"}),
    sandbox=SandboxSpec(prefix="shopify", application=sandbox.application, settings=sandbox.demo_settings),
)
