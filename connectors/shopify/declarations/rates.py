"""What the provider declares about shipping rates at the checkout."""

from __future__ import annotations

from connectors.base import Check, Endpoint, Panel, Sync
from connectors.shopify import carrier, rates

ENDPOINTS = {
    carrier.ENDPOINT: Endpoint(
        function=rates.answer, label="Shipping rates (registered by the hub itself)", topic=rates.TOPIC,
        budget_s=rates.BUDGET_S,
    )
}  # fmt: skip
SYNCS = {
    "carrier_service": Sync(
        label="Carrier service", function=carrier.synchronize, every_minutes=60,
        help="Registers the hub for shipping rates at checkout, and puts right what was changed.",
    )
}  # fmt: skip
CHECKS = (
    Check(name="carrier_service", label="Carrier service", function=carrier.check),
    Check(name="rates", label="Source of rates", function=carrier.check_source),
)
PANELS = (Panel(
    name="rates", label="Shipping rates", function=carrier.panel, syncs=("carrier_service",),
    help="What buyers are offered at checkout, and how the hub answered.",
),)  # fmt: skip
