"""Shopify's declaration: orders out of a shop, by webhook, by number and on a plan."""

from __future__ import annotations

from connectors.base import Budget, Handler, Panel, Provider, SandboxSpec, Single, Sync, Webhook
from connectors.records import Order
from connectors.shopify import (
    checks,
    compliance,
    installation,
    money,
    orders,
    sandbox,
    subscriptions,
    watched,
    webhooks,
)
from connectors.shopify.client import ShopifyClient, connect
from connectors.shopify.guarding import guarded
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
    handlers=guarded(
        {
            "orders/create": Handler(function=orders.import_order, label="Order placed", reads_current_state=True),
            "orders/updated": Handler(function=orders.import_order, label="Order changed", reads_current_state=True),
            "app/uninstalled": Handler(function=installation.uninstalled, label="App removed", is_duty=True),
            "app/scopes_update": Handler(function=installation.scopes_changed, label="Scopes of the app changed"),
            "customers/data_request": Handler(
                function=compliance.tell_held, label="Customer asks for his data", is_duty=True
            ),
            "customers/redact": Handler(
                function=compliance.erase_customer, label="Customer to be erased", is_duty=True, max_attempts=20
            ),
            "shop/redact": Handler(function=compliance.erase_shop, label="Shop to be erased", is_duty=True),
            **money.HANDLERS,
        }
    ),
    ignored=webhooks.IGNORED,
    syncs={
        "orders": Sync(
            label="Recent orders",
            function=orders.synchronize_recent,
            every_minutes=15,
            help="Reads every order changed since the last time, so that a lost delivery does no harm.",
        ),
        "webhooks": Sync(
            label="Check webhook subscriptions",
            function=subscriptions.check,
            every_minutes=60,
            follows_routes=True,
            help="Compares the shop's subscriptions with what the routes need, repairs them, and reads what was missed.",
        ),
        **money.SYNCS,
    },
    panels=(
        Panel(
            name="webhooks",
            label="Webhooks",
            function=watched.panel,
            syncs=("webhooks",),
            help="What the shop is asked to tell the hub, by topic.",
        ),
    ),
    singles={
        "order": Single(
            label="Order number",
            function=orders.synchronize_order,
            help="The name as the shop shows it, like #EX-2041.",
        ),
        **money.SINGLES,
    },
    emits=(Order, *money.EMITS),
    accepts={**money.ACCEPTS},
    budget=Budget(concurrency=4, kept_for_live=1),  # calls at once for one shop; its points: pacing.py
    uninstall_topics=frozenset({"app/uninstalled"}),
    sandbox=SandboxSpec(prefix="shopify", application=sandbox.application, settings=sandbox.demo_settings),
)
