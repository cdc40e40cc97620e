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


ORDERS = ("read_orders",)
RETURNS = ("read_returns",)
CLOSED_RETURNS = ("read_returns", "read_orders")
FULFILLMENT_ORDERS = (
    "read_merchant_managed_fulfillment_orders",
    "read_assigned_fulfillment_orders",
    "read_third_party_fulfillment_orders",
)
FULFILLMENT_ORDER_TOPICS = (
    "fulfillment_orders/order_routing_complete",
    "fulfillment_orders/placed_on_hold",
    "fulfillment_orders/hold_released",
    "fulfillment_orders/moved",
    "fulfillment_orders/split",
    "fulfillment_orders/merged",
    "fulfillment_orders/cancelled",
    "fulfillment_orders/rescheduled",
    "fulfillment_orders/scheduled_fulfillment_order_ready",
    "fulfillment_holds/added",
    "fulfillment_holds/released",
)
SHIPMENTS = ("read_fulfillments",)
PLACED = ("stock", "stock_levels", "shipment", "fulfillment_move")  # records that name a location
COMPANIES = ("read_customers", "read_companies")

TOPICS = (
    Topic(name="app/uninstalled", is_always=True),
    Topic(name="app/scopes_update", is_always=True),
    Topic(name="shop/update", is_always=True),
    Topic(name="orders/create", scopes=ORDERS, emits=("order",), gap="orders"),
    Topic(name="orders/updated", scopes=ORDERS, emits=("order",), gap="orders"),
    Topic(name="orders/paid", scopes=ORDERS, emits=("order",), gap="orders"),
    Topic(name="orders/cancelled", scopes=ORDERS, emits=("order",), gap="orders"),
    Topic(name="orders/edited", scopes=ORDERS, emits=("order",), gap="orders"),
    Topic(name="orders/fulfilled", scopes=ORDERS, emits=("order",), gap="orders"),
    Topic(name="orders/partially_fulfilled", scopes=ORDERS, emits=("order",), gap="orders"),
    Topic(name="orders/delete", scopes=ORDERS, emits=("order",)),
    Topic(name="orders/risk_assessment_changed", scopes=ORDERS, emits=("order",), gap="orders"),
    Topic(name="refunds/create", scopes=ORDERS, emits=("refund",), gap="refunds"),
    Topic(name="returns/request", scopes=RETURNS, emits=("return",), gap="returns"),
    Topic(name="returns/approve", scopes=RETURNS, emits=("return",), gap="returns"),
    Topic(name="returns/decline", scopes=RETURNS, emits=("return",), gap="returns"),
    Topic(name="returns/update", scopes=RETURNS, emits=("return",), gap="returns"),
    Topic(name="returns/process", scopes=RETURNS, emits=("return",), gap="returns"),
    Topic(name="returns/cancel", scopes=CLOSED_RETURNS, emits=("return",), gap="returns"),
    Topic(name="returns/close", scopes=CLOSED_RETURNS, emits=("return",), gap="returns"),
    Topic(name="returns/reopen", scopes=CLOSED_RETURNS, emits=("return",), gap="returns"),
    Topic(name="reverse_fulfillment_orders/dispose", scopes=RETURNS, emits=("return",), gap="returns"),
    Topic(name="products/create", scopes=("read_products",), emits=("product",), gap="products"),
    Topic(name="products/update", scopes=("read_products",), emits=("product",), gap="products"),
    Topic(name="products/delete", scopes=("read_products",), emits=("product",)),
    Topic(
        name="inventory_items/create",
        scopes=("read_inventory", "read_products"),
        accepts=("stock", "stock_levels", "price", "prices", "product"),
    ),
    Topic(
        name="inventory_items/update",
        scopes=("read_inventory", "read_products"),
        accepts=("stock", "stock_levels", "price", "prices", "product"),
    ),
    Topic(
        name="inventory_items/delete",
        scopes=("read_inventory", "read_products"),
        accepts=("stock", "stock_levels", "price", "prices", "product"),
    ),
    Topic(name="inventory_levels/update", scopes=("read_inventory",), emits=("stock", "stock_levels")),
    *(
        Topic(name=f"locations/{what}", scopes=("read_locations",), accepts=PLACED)
        for what in ("create", "update", "activate", "deactivate", "delete")
    ),
    *(
        Topic(name=name, scopes=FULFILLMENT_ORDERS, emits=("fulfillment_order",), gap="fulfillment_orders")
        for name in FULFILLMENT_ORDER_TOPICS
    ),
    Topic(name="fulfillments/create", scopes=SHIPMENTS, emits=("shipment",), gap="fulfillment_orders"),
    Topic(name="fulfillments/update", scopes=SHIPMENTS, emits=("shipment",), gap="fulfillment_orders"),
    Topic(name="customers/create", scopes=("read_customers",), emits=("customer",), gap="customers"),
    Topic(name="customers/update", scopes=("read_customers",), emits=("customer",), gap="customers"),
    Topic(name="customers/delete", scopes=("read_customers",), emits=("customer",)),
    Topic(name="companies/create", scopes=COMPANIES, emits=("company",), gap="companies"),
    Topic(name="companies/update", scopes=COMPANIES, emits=("company",), gap="companies"),
    Topic(name="customers/merge", scopes=("read_customer_merge",), emits=("customer",)),
    Topic(name="companies/delete", scopes=COMPANIES, emits=("company",)),
    Topic(name="company_locations/create", scopes=COMPANIES, emits=("company",), gap="companies"),
    Topic(name="company_locations/update", scopes=COMPANIES, emits=("company",), gap="companies"),
    Topic(name="bulk_operations/finish", accepts=("stock", "stock_levels", "price", "prices", "product")),
)


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
