"""The flows of a connector, as people name them: which kinds of record belong together in its log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.base import Provider

GENERAL = "general"
# (name, label, kinds of record and of what events of their own do for them), in the order of the tabs.
KNOWN: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("orders", "Orders", ("order", "order_update", "payment")),
    (
        "fulfillments",
        "Fulfillments",
        (
            "shipment",
            "fulfillment",
            "invoice",
            "shipped_order",
            "fulfillment_order",
            "fulfillment_move",
            "fulfillment_progress",
            "hold",
            "hold_release",
        ),
    ),
    ("refunds", "Refunds and returns", ("refund", "refund_request", "return")),
    ("inventory", "Inventory", ("stock", "stock_adjustment")),
    ("products", "Products", ("product", "price")),
    ("giftcards", "Gift cards", ("gift_card", "credit_application")),
    ("payouts", "Payouts", ("payout",)),
    ("customers", "Customers", ("customer", "company")),
)


@dataclass(frozen=True)
class Flow:
    name: str
    label: str
    kinds: Sequence[str]


def of(provider: Provider | None, types: Sequence[str] = ()) -> list[Flow]:
    """The flows of what a provider takes, hands out or synchronizes, and last *General* for everything else: those of
    the object ``types`` its events have that belong to no flow."""
    kinds = set(types)
    if provider is not None:
        kinds |= {one.kind for one in (*provider.emits, *provider.accepts, *provider.acknowledges)}
        kinds |= {sync.records.kind for sync in provider.syncs.values() if sync.records is not None}
    flows = [Flow(name, label, [one for one in own if one in kinds]) for name, label, own in KNOWN]
    named = {kind for flow in flows for kind in flow.kinds}
    rest = sorted(kinds - named - {""})
    return [*(flow for flow in flows if flow.kinds), Flow(GENERAL, "General", ["", *rest])]
