"""What the hub last saw of the shop itself: plan, currency, granted scopes, version. Kept for pages that ask nobody.

Written by the connection test and after an installation. Not for anything an event decides by: that is asked anew.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from connectors import directory
from connectors.directory import Known
from connectors.shopify.replies import promised_shape

if TYPE_CHECKING:
    from connectors.run import Run

KIND = "shop"


def look(run: Run) -> dict[str, Any]:
    """Ask the shop and keep what it says. HubShop. Raises what a call raises."""
    told = run.client.ping()
    shop, scopes = told["shop"], told["scopes"]
    with promised_shape("the shop"):
        seen = {
            "name": str(shop["name"]),
            "domain": str(shop["myshopifyDomain"]),
            "currency": str(shop["currencyCode"]),
            "plan": str((shop.get("plan") or {}).get("publicDisplayName") or ""),
            "scopes": [str(scope) for scope in scopes],
            "version": run.client.served_version,
            "seen_at": timezone.now().isoformat(),
        }
    if run.connector is not None and run.connector.pk:
        directory.put(run.connector.pk, KIND, [Known(key=seen["domain"], object_id=KIND, data=seen)])
    return {**told, "seen": seen}


def seen(connector_id: int) -> dict[str, Any]:
    """What was kept, empty before the first look; ``seen_at`` is a time."""
    known = directory.by_id(connector_id, KIND, KIND)
    if known is None:
        return {}
    return {**known.data, "seen_at": datetime.fromisoformat(known.data["seen_at"])}
