"""A strict stand-in for Shopify, one module an area: see ``server.py`` for its paths and control calls.

``engine.py`` validates, prices and executes GraphQL; an area module declares what it resolves (``QUERIES``,
``MUTATIONS``, ``FIELDS``, ``SCOPED``), its HTTP paths (``PATHS``) and its control calls (``CONTROLS``).
"""

from connectors.shopify.sandbox.server import ShopifySandbox, application, demo_settings
from connectors.shopify.sandbox.shops import LUMEN, OUTLET

__all__ = ["LUMEN", "OUTLET", "ShopifySandbox", "application", "demo_settings"]
