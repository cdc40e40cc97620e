"""What the provider declares about the app in the shop: installing, access, subscriptions, uninstalling, compliance."""

from __future__ import annotations

from connectors.base import Handler, Panel, Sync
from connectors.shopify import access, checks, compliance, installation, oauth, subscriptions, watched

CHECKS = checks.CHECKS

ENDPOINTS = oauth.ENDPOINTS

HANDLERS = {
    "app/uninstalled": Handler(function=installation.uninstalled, label="App removed", is_duty=True),
    "app/scopes_update": Handler(function=installation.scopes_changed, label="Scopes of the app changed"),
    "customers/data_request": Handler(function=compliance.tell_held, label="Customer asks for his data", is_duty=True),
    "customers/redact": Handler(
        function=compliance.erase_customer, label="Customer to be erased", is_duty=True, max_attempts=20
    ),
    "shop/redact": Handler(function=compliance.erase_shop, label="Shop to be erased", is_duty=True),
}

SYNCS = {
    "webhooks": Sync(
        label="Check webhook subscriptions",
        function=subscriptions.check,
        every_minutes=60,
        follows_routes=True,
        help="Compares the shop's subscriptions with what the routes need, repairs them, and reads what was missed.",
    ),
}

PANELS = (
    *access.PANELS,
    Panel(
        name="webhooks",
        label="Webhooks",
        function=watched.panel,
        syncs=("webhooks",),
        help="What the shop is asked to tell the hub, by topic.",
    ),
)

ENDPOINTS = oauth.ENDPOINTS
