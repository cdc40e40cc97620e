"""The parts of an app's configuration file (``shopify.app.toml`` and the extensions beside it) that name this connector's
addresses, ready to be copied.

https://shopify.dev/docs/apps/build/cli-for-apps/app-configuration (API 2026-10, checked 2026-11-20). Not for deploying
it: that is done with Shopify's own command line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from connectors.base import Text
from connectors.shopify import oauth, scopes, topics
from connectors.shopify.settings_webhooks import BY_APP

if TYPE_CHECKING:
    from connectors.run import Run

COMPLIANCE = ("customers/data_request", "customers/redact", "shop/redact")
# (handle, where the entry stands in the shop's admin, endpoint below the connector's address)
LINKS = (
    ("hub-sync-order", "admin.order-details.action.link", "sync-order"),
    ("hub-sync-orders", "admin.order-index.selection-action.link", "sync-orders"),
    ("hub-sync-product", "admin.product-details.action.link", "sync-product"),
    ("hub-sync-products", "admin.product-index.selection-action.link", "sync-products"),
)


def panel(run: Run) -> Sequence[Text]:
    """The part "Admin links" of the connector's page."""
    address = run.connector.webhook_url
    return (
        Text(title="shopify.app.toml", content=configuration(run, address)),
        Text(title="extensions/hub-sync/shopify.extension.toml", content=extensions(address)),
    )


def configuration(run: Run, address: str) -> str:
    """The app's own part: its page, the scopes the connector's routes need, its subscriptions. Only the compliance topics
    where the hub makes the others."""
    settings = run.settings
    asked = scopes.to_ask(scopes.used_by(run.connector, settings), settings.scopes_besides)
    lines = [
        f'client_id = "{settings.client_id}"',
        f'application_url = "{address}/app"',
        f"embedded = {str(settings.is_embedded).lower()}",
        "",
        "[access_scopes]",
        f'scopes = "{",".join(asked)}"',
        "",
        "[auth]",
        f'redirect_urls = ["{oauth.return_url(run.connector)}"]',
        "",
        "[webhooks]",
        f'api_version = "{settings.api_version}"',
        "",
        "  [[webhooks.subscriptions]]",
        f"  compliance_topics = {_list(COMPLIANCE)}",
        f'  uri = "{address}"',
    ]
    if settings.subscriptions_by == BY_APP:
        named = [one.name for one in topics.wanted_by(run)]
        lines += ["", "  [[webhooks.subscriptions]]", f"  topics = {_list(named)}", f'  uri = "{address}"']
    return "\n".join(lines) + "\n"


def extensions(address: str) -> str:
    """One entry in the shop's admin for each page of orders and products."""
    blocks = []
    for handle, target, endpoint in LINKS:
        lines = [
            "[[extensions]]",
            'name = "Synchronize"',
            f'handle = "{handle}"',
            'type = "admin_link"',
            "",
            "  [[extensions.targeting]]",
            f'  target = "{target}"',
            f'  url = "{address}/{endpoint}"',
        ]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _list(names: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
