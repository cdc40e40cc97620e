"""What the provider declares about shipping rates at the checkout."""

from __future__ import annotations

from connectors.shopify import carrier

CHECKS = carrier.CHECKS
SYNCS = carrier.SYNCS
PANELS = (carrier.PANEL,)
ENDPOINTS = carrier.ENDPOINTS
