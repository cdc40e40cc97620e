"""The plans a shop of the sandbox can be on, and the control call that changes the plan.

Rates: https://shopify.dev/docs/api/usage/limits (checked 2026-11-20); sizes of the bucket as seen, nobody documents
them. ``POST /_sandbox/plan``: ``{"shop", "plan", "available": points, "carrier_services": true}``; the bucket is full
afterwards where no ``available`` is given, and carrier services are booked for a fee where a smaller plan asks for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.sandbox import Reply
from connectors.shopify.sandbox.orders import Shop
from connectors.shopify.sandbox.shops import OUTLET

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

PLANS = {  # points a second, points at most
    "Basic": (100.0, 2_000.0),
    "Grow": (100.0, 2_000.0),
    "Advanced": (200.0, 4_000.0),
    "Plus": (1_000.0, 20_000.0),
    "Development": (100.0, 2_000.0),
}


def change_plan(shop: Shop, plan: str, now: float, available: float | None = None) -> None:
    """Put a shop on a plan. Raises ``KeyError`` for one that is unknown."""
    shop.restore_rate, shop.bucket = PLANS[plan]
    shop.plan, shop.refilled_at = plan, now
    shop.available = shop.bucket if available is None else available


def _change(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    shop = sandbox.shops[wish.get("shop", OUTLET)]
    available = wish.get("available")
    change_plan(shop, str(wish.get("plan", shop.plan)), sandbox.now(), None if available is None else float(available))
    if wish.get("carrier_services"):
        shop.table("Grant")["carrier_services"] = {"id": "carrier_services"}
    return Reply(body={"plan": shop.plan, "bucket": shop.bucket, "restore_rate": shop.restore_rate})


CONTROLS = {"plan": _change}
