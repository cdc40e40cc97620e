"""The topics of deliveries as data: what each is good for, and which scope it needs. Whether a topic is wanted follows
from the connector's routes, so that a shop is asked for exactly what the hub uses.

https://shopify.dev/docs/api/webhooks/2026-10 (checked 2026-11-20). A row alone does nothing: a topic is asked for only
where the provider has a handler for it. Compliance topics are missing on purpose: only an app's own configuration can
subscribe to them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connectors.run import Run


@dataclass(frozen=True, kw_only=True)
class Topic:
    """``scopes``: any one of them is enough; none where no scope is needed. Wanted where ``is_always``, where a route
    takes a record of ``emits`` out of the shop or brings one of ``accepts`` into it, or where the switch named
    ``setting`` is on. ``gap``: the sync that reads what deliveries may have missed."""

    name: str
    scopes: tuple[str, ...] = ()
    emits: tuple[str, ...] = ()
    accepts: tuple[str, ...] = ()
    is_always: bool = False
    setting: str = ""
    gap: str = ""

    @property
    def enum(self) -> str:
        """The topic as the API spells it: ``ORDERS_CREATE``."""
        return enum_of(self.name)

    def is_wanted(self, sent: Collection[str], taken: Collection[str], settings: Any) -> bool:
        by_route = not set(self.emits).isdisjoint(sent) or not set(self.accepts).isdisjoint(taken)
        return self.is_always or by_route or bool(self.setting and getattr(settings, self.setting, False))


FULFILLMENT_ORDERS = (
    "read_merchant_managed_fulfillment_orders",
    "read_assigned_fulfillment_orders",
    "read_third_party_fulfillment_orders",
)
FIGURES = ("stock", "price")  # records that are sent by SKU, so that the SKUs of the shop must be known


def _of(object_: str, *actions: str, **more: Any) -> tuple[Topic, ...]:
    """The topics of one kind of object that are wanted for the same reason."""
    return tuple(Topic(name=f"{object_}/{action}", **more) for action in actions)


TOPICS: tuple[Topic, ...] = (
    Topic(name="app/uninstalled", is_always=True),
    Topic(name="app/scopes_update", is_always=True),
    Topic(name="shop/update", is_always=True),
    *_of(
        "orders", "create", "updated", "paid", "cancelled", "edited", "fulfilled", "partially_fulfilled",
        "risk_assessment_changed", scopes=("read_orders",), emits=("order",), gap="orders",
    ),
    *_of("orders", "delete", scopes=("read_orders",), emits=("order",)),
    *_of("refunds", "create", scopes=("read_orders",), emits=("refund",), gap="refunds"),
    *_of(
        "returns", "request", "approve", "decline", "update", "process",
        scopes=("read_returns",), emits=("return",), gap="returns",
    ),
    *_of(
        "returns", "cancel", "close", "reopen", scopes=("read_returns", "read_orders"), emits=("return",), gap="returns"
    ),
    *_of("reverse_fulfillment_orders", "dispose", scopes=("read_returns",), emits=("return",), gap="returns"),
    *_of("products", "create", "update", scopes=("read_products",), emits=("product",), gap="products"),
    *_of("products", "delete", scopes=("read_products",), emits=("product",)),
    *_of(
        "inventory_items", "create", "update", "delete",
        scopes=("read_inventory", "read_products"), accepts=(*FIGURES, "product"),
    ),
    *_of("inventory_levels", "update", "connect", "disconnect", scopes=("read_inventory",), emits=("stock",)),
    *_of(
        "locations", "create", "update", "activate", "deactivate", "delete",
        scopes=("read_locations",), emits=("fulfillment_order", "shipment"), accepts=("stock", "shipment", "fulfillment_move"),
    ),
    *_of(
        "fulfillment_orders", "order_routing_complete", "scheduled_fulfillment_order_ready", "placed_on_hold",
        "hold_released", "rescheduled", "moved", "split", "merged", "cancelled",
        scopes=FULFILLMENT_ORDERS, emits=("fulfillment_order",), gap="fulfillment_orders",
    ),
    *_of(
        "fulfillment_holds", "added", "released",
        scopes=FULFILLMENT_ORDERS, emits=("fulfillment_order",), gap="fulfillment_orders",
    ),
    *_of("fulfillments", "create", "update", scopes=("read_fulfillments",), emits=("shipment",), gap="fulfillment_orders"),
    *_of("customers", "create", "update", scopes=("read_customers",), emits=("customer",), gap="customers"),
    *_of("customers", "delete", scopes=("read_customers",), emits=("customer",)),
    *_of("customers", "merge", scopes=("read_customer_merge",), emits=("customer",)),
    *_of(
        "companies", "create", "update", "delete",
        scopes=("read_customers", "read_companies"), emits=("company",), gap="companies",
    ),
    *_of(
        "company_locations", "create", "update", "delete",
        scopes=("read_customers", "read_companies"), emits=("company",), gap="companies",
    ),
    Topic(name="bulk_operations/finish", accepts=(*FIGURES, "product")),
)  # fmt: skip


def enum_of(name: str) -> str:
    return name.upper().replace("/", "_").replace(".", "_")


def wanted(
    sent: Collection[str],
    taken: Collection[str],
    settings: Any,
    handled: Collection[str],
    rows: Iterable[Topic] = TOPICS,
) -> list[Topic]:
    """What a connector asks for. ``sent``, ``taken``: record kinds of its enabled routes out and in; ``handled``: the
    topics the provider has a handler for."""
    return [one for one in rows if one.name in handled and one.is_wanted(sent, taken, settings)]


def wanted_by(run: Run) -> list[Topic]:
    """The topics this connector's routes need."""
    return wanted(run.kinds_sent(), run.kinds_taken(), run.settings, run.connector.provider.handlers)
