"""Which features a connector uses, which scopes each needs, and which roots of the API belong to which. All of it data.

https://shopify.dev/docs/api/usage/access-scopes (API 2026-10, checked 2026-11-20). A feature is in use where a route
carries one of its records, or a setting switches it on; reading orders always is. Not for what is granted: the shop
says that, see ``shop.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from connectors.models import Route

if TYPE_CHECKING:
    from connectors.models import Connector
    from connectors.shopify.settings import ShopifySettings

Need = tuple[str, ...]  # scopes any of which will do; the first is the one to ask for


@dataclass(frozen=True, kw_only=True)
class Feature:
    """``emits`` and ``accepts``: kinds of records whose routes need it; ``settings``: names of settings that switch it
    on, where ``settings_of`` is given for routes of those kinds only; ``useful``: scopes it can do without."""

    name: str
    label: str
    needs: Sequence[Need]
    useful: Sequence[str] = ()
    emits: frozenset[str] = frozenset()
    accepts: frozenset[str] = frozenset()
    settings: frozenset[str] = frozenset()
    settings_of: frozenset[str] = frozenset()
    is_always_used: bool = False


FULFILLMENT_READ: Need = (
    "read_merchant_managed_fulfillment_orders",
    "read_assigned_fulfillment_orders",
    "read_third_party_fulfillment_orders",
)
FULFILLMENT_WRITE: Need = tuple(scope.replace("read_", "write_", 1) for scope in FULFILLMENT_READ)

FEATURES: tuple[Feature, ...] = (
    Feature(
        name="orders",
        label="Reading orders",
        needs=(
            ("read_orders",),
            ("read_customers",),
            ("read_products",),
            ("read_locations",),
            ("read_payment_terms",),
        ),
        useful=("read_all_orders",),
        is_always_used=True,
    ),
    Feature(
        name="order_changes",
        label="Writing to orders",
        needs=(("write_orders",),),
        accepts=frozenset({"order_update", "refund_request"}),
        settings=frozenset({"tag_delivered", "tag_failed", "writes_metafields", "writes_order_id"}),
        settings_of=frozenset({"order"}),
    ),
    Feature(
        name="fulfillment",
        label="Fulfilment, holds and moves",
        needs=(FULFILLMENT_READ, FULFILLMENT_WRITE, ("read_fulfillments", "read_orders")),
        useful=("write_fulfillments",),
        emits=frozenset({"fulfillment_order", "shipment"}),
        accepts=frozenset({"shipment", "hold", "hold_release", "fulfillment_move", "fulfillment_progress"}),
    ),
    Feature(
        name="origins",
        label="Where lines of orders ship from",
        needs=(FULFILLMENT_READ, ("read_fulfillments", "read_orders")),
        settings=frozenset({"reads_locations"}),
        settings_of=frozenset({"order"}),
    ),
    Feature(
        name="stock",
        label="Stock",
        needs=(("read_inventory",), ("write_inventory",), ("read_locations",), ("read_products",)),
        accepts=frozenset({"stock"}),
    ),
    Feature(
        name="products_read",
        label="Reading products",
        needs=(("read_products",), ("read_inventory", "read_products")),
        emits=frozenset({"product"}),
    ),
    Feature(
        name="products",
        label="Products, prices and catalogues",
        needs=(("read_products",), ("write_products",), ("read_locations",)),
        accepts=frozenset({"product", "price"}),
    ),
    Feature(
        name="customers_read",
        label="Reading customers and companies",
        needs=(("read_customers", "read_companies"),),
        useful=("read_customer_merge",),
        emits=frozenset({"customer", "company"}),
    ),
    Feature(
        name="customers",
        label="Customers and companies",
        needs=(("write_customers", "write_companies"), ("read_payment_terms",)),
        accepts=frozenset({"customer", "company"}),
    ),
    Feature(
        name="refunds",
        label="Reading refunds",
        needs=(("read_orders",), ("read_customers",)),
        emits=frozenset({"refund"}),
    ),
    Feature(
        name="returns",
        label="Returns",
        needs=(("read_returns",), ("read_orders",), ("read_customers",)),
        emits=frozenset({"return"}),
    ),
    Feature(
        name="return_changes",
        label="Making and processing returns",
        needs=(("read_returns",), ("write_returns",)),
        accepts=frozenset({"return"}),
    ),
    Feature(
        name="gift_cards",
        label="Gift cards",
        needs=(("read_gift_cards",), ("read_gift_card_transactions",)),
        emits=frozenset({"gift_card"}),
    ),
    Feature(
        name="gift_card_changes",
        label="Making and changing gift cards",
        needs=(("write_gift_cards",), ("write_gift_card_transactions",), ("write_customers",), ("read_orders",)),
        accepts=frozenset({"gift_card"}),
    ),
    Feature(
        name="payouts",
        label="Payouts",
        needs=(("read_shopify_payments_payouts",), ("read_shopify_payments_accounts",)),
        useful=("read_shopify_payments_disputes",),
        emits=frozenset({"payout"}),
    ),
    Feature(
        name="rates",
        label="Shipping rates in the checkout",
        needs=(("read_shipping",), ("write_shipping",)),
        settings=frozenset({"offers_rates"}),
    ),
)
BY_NAME = {feature.name: feature for feature in FEATURES}

# The features a root of the API serves; of a root of several any one's scopes will do. Empty: every app may ask it.
ROOTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("shop", "currentAppInstallation", "job", "bulkOperation",
         "bulkOperationRunQuery", "bulkOperationRunMutation", "bulkOperationCancel", "stagedUploadsCreate",
         "webhookSubscriptions", "webhookSubscriptionCreate", "webhookSubscriptionUpdate",
         "webhookSubscriptionDelete", "appUninstall"),
        (),
    ),
    **dict.fromkeys(("order", "orders", "orderByIdentifier", "ordersCount"), ("orders",)),
    **dict.fromkeys(
        ("orderUpdate", "orderCancel", "orderClose", "orderOpen", "orderCapture", "orderMarkAsPaid", "refundCreate",
         "tagsAdd", "tagsRemove", "metafieldsSet", "metafieldsDelete", "metafieldDefinitionCreate"),
        ("order_changes", "products", "customers"),
    ),
    **dict.fromkeys(
        ("fulfillment", "fulfillmentOrder", "fulfillmentOrders", "manualHoldsFulfillmentOrders", "fulfillmentCreate",
         "fulfillmentCancel", "fulfillmentEventCreate", "fulfillmentTrackingInfoUpdate", "fulfillmentOrderHold",
         "fulfillmentOrderReleaseHold", "fulfillmentOrderMove", "fulfillmentOrderOpen", "fulfillmentOrderSplit",
         "fulfillmentOrderReportProgress"),
        ("fulfillment",),
    ),
    **dict.fromkeys(("location", "locations"), ("orders", "stock")),
    **dict.fromkeys(
        ("inventoryLevel", "inventoryItem", "inventoryItems", "inventorySetQuantities", "inventoryAdjustQuantities",
         "inventoryActivate", "inventoryItemUpdate"),
        ("stock", "products"),
    ),
    **dict.fromkeys(
        ("product", "products", "productsCount", "productByIdentifier", "productVariant", "productVariants",
         "productVariantByIdentifier"),
        ("products_read", "products", "stock"),
    ),
    **dict.fromkeys(
        ("productOperation", "productSet", "productUpdate", "productVariantsBulkUpdate", "productVariantsBulkCreate",
         "priceList", "priceLists", "priceListCreate", "priceListFixedPricesAdd", "priceListFixedPricesUpdate",
         "priceListFixedPricesDelete", "quantityPricingByVariantUpdate", "catalog", "catalogs", "catalogCreate",
         "catalogContextUpdate", "publications", "productCreateMedia", "fileUpdate", "files"),
        ("products",),
    ),
    **dict.fromkeys(
        ("customer", "customers", "customerByIdentifier", "company", "companies", "companyLocation",
         "companyLocations"),
        ("customers_read", "customers"),
    ),
    **dict.fromkeys(
        ("customerSet", "customerUpdate", "customerCreate", "companyCreate", "companyUpdate", "companyLocationCreate",
         "companyLocationUpdate", "companyLocationAssignAddress", "companyLocationTaxSettingsUpdate",
         "companyAssignCustomerAsContact", "companyContactAssignRole", "companyAssignMainContact",
         "paymentTermsTemplates"),
        ("customers",),
    ),
    **dict.fromkeys(("refund",), ("refunds",)),
    **dict.fromkeys(
        ("return", "returns", "returnableFulfillments", "reverseFulfillmentOrder", "returnReasonDefinitions"),
        ("returns", "return_changes"),
    ),
    **dict.fromkeys(
        ("returnCreate", "returnRequest", "returnApproveRequest", "returnDeclineRequest", "returnProcess",
         "returnClose", "returnReopen", "returnCancel", "removeFromReturn", "reverseFulfillmentOrderDispose"),
        ("return_changes",),
    ),
    **dict.fromkeys(("giftCard", "giftCards", "giftCardsCount"), ("gift_cards", "gift_card_changes")),
    **dict.fromkeys(
        ("giftCardCreate", "giftCardUpdate", "giftCardCredit", "giftCardDebit", "giftCardDeactivate"),
        ("gift_card_changes",),
    ),
    "shopifyPaymentsAccount": ("payouts",),
    **dict.fromkeys(
        ("carrierServices", "carrierService", "carrierServiceCreate", "carrierServiceUpdate", "carrierServiceDelete"),
        ("rates",),
    ),
}  # fmt: skip

# Members read below the root of another feature.
MEMBERS: dict[tuple[str, str], tuple[str, ...]] = {
    ("Order", "fulfillmentOrders"): ("fulfillment", "origins"),
    ("Order", "fulfillments"): ("fulfillment", "origins", "orders"),
    ("Order", "returns"): ("returns", "return_changes"),
}


def used_by(connector: Connector | None, settings: ShopifySettings) -> list[Feature]:
    """The features in use, in the order of ``FEATURES``."""
    emitted: set[str] = set()
    accepted: set[str] = set()
    if connector is not None and connector.pk:
        ways = Route.objects.filter(Q(source=connector) | Q(target=connector), is_enabled=True)
        for source_id, kind in ways.values_list("source_id", "record_kind"):
            (emitted if source_id == connector.pk else accepted).add(kind)

    def is_used(one: Feature) -> bool:
        if one.is_always_used or one.emits & emitted or one.accepts & accepted:
            return True
        is_on = any(getattr(settings, name, None) for name in one.settings)
        return is_on and (not one.settings_of or bool(one.settings_of & emitted))

    return [one for one in FEATURES if is_used(one)]


def missing(feature: Feature, granted: Collection[str]) -> list[str]:
    """The scopes a feature lacks, each as the one to ask for."""
    held = held_by(granted)
    return [need[0] for need in feature.needs if not held.intersection(need)]


def held_by(granted: Iterable[str]) -> set[str]:
    """Granted scopes with what they include: the right to write holds the right to read."""
    given = set(granted)
    return given | {scope.replace("write_", "read_", 1) for scope in given if scope.startswith("write_")}


def to_ask(features: Iterable[Feature], further: Iterable[str] = ()) -> list[str]:
    """What an installation asks the merchant for, each once; reading is included in writing."""
    wanted = dict.fromkeys([need[0] for feature in features for need in feature.needs])
    wanted |= dict.fromkeys(further)
    return [scope for scope in wanted if scope.replace("read_", "write_", 1) not in wanted or "write_" in scope]
