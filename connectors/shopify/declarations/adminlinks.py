"""What the provider declares about the hub's pages in the shop's admin: links, the action of an extension, the app's page."""

from __future__ import annotations

from connectors.base import Endpoint, Panel
from connectors.shopify import appfile, landing, links

ENDPOINTS: dict[str, Endpoint] = {**links.ENDPOINTS, **landing.ENDPOINTS}

PANELS = (
    Panel(
        name="links",
        label="Admin links",
        function=appfile.panel,
        help="What the app's configuration needs for “Synchronize” in the shop's admin and for the duties of privacy.",
    ),
)
