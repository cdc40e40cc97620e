"""Which writes may be sent again where nobody knows whether the first one was done. Data, by the name of the mutation.

Of what stands in no list a repeat may do harm: it is looked for before it is sent again. Sources: the pages of each
mutation and https://shopify.dev/docs/api/usage/idempotent-requests (API 2026-10, checked 2026-11-20). Not for refusals:
what Shopify declined did not happen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.shopify.cost import parse, root_fields

# Repeated with the same key and the same variables within 24 hours, the stored outcome comes back.
WITH_KEY = frozenset(
    {
        "inventoryActivate",
        "inventoryAdjustQuantities",
        "inventoryMoveQuantities",
        "inventorySetOnHandQuantities",
        "inventorySetQuantities",
        "locationActivate",
        "locationDeactivate",
        "refundCreate",
    }
)
# They say how a thing is to be, so that twice is as good as once. The value: the variable that must be given for that.
CONVERGING: Mapping[str, str] = {
    "bulkOperationCancel": "",
    "carrierServiceDelete": "",
    "carrierServiceUpdate": "",
    "catalogContextUpdate": "",
    "companyLocationAssignAddress": "",
    "companyLocationTaxSettingsUpdate": "",
    "companyLocationUpdate": "",
    "companyUpdate": "",
    "customerSet": "identifier",
    "fulfillmentOrderHold": "hold.handle",  # a repeat is declined as a duplicate handle, which means success
    "fulfillmentOrderReleaseHold": "holdIds",
    "fulfillmentTrackingInfoUpdate": "",
    "inventoryItemUpdate": "",
    "metafieldsSet": "",
    "orderUpdate": "",
    "priceListFixedPricesAdd": "",
    "priceListFixedPricesDelete": "",
    "priceListFixedPricesUpdate": "",
    "productSet": "identifier",
    "productVariantsBulkUpdate": "",
    "quantityPricingByVariantUpdate": "",
    "stagedUploadsCreate": "",  # makes a place for a file that is of no use until something is put there
    "tagsAdd": "",
    "tagsRemove": "",
    "webhookSubscriptionDelete": "",
    "webhookSubscriptionUpdate": "",
}
# Shopify's own words: read back first and look for the effect.
LOOK_FIRST = frozenset(
    {
        "companyCreate",
        "fulfillmentCreate",
        "giftCardCreate",
        "giftCardCredit",
        "giftCardDebit",
        "orderCapture",
        "orderCreate",
        "returnCreate",
        "returnProcess",
    }
)


def may_repeat(name: str, variables: Mapping[str, Any], key: str = "") -> bool:
    """Whether a document may be sent again after an unknown outcome; reading always may."""
    if not parse(name).is_mutation:
        return True
    return all(_may_repeat(mutation, variables, key) for mutation in root_fields(name))


def _may_repeat(mutation: str, variables: Mapping[str, Any], key: str) -> bool:
    if mutation in WITH_KEY:
        return bool(key) and variables.get("key") == key
    condition = CONVERGING.get(mutation)
    if condition is None:
        return False
    value: Any = variables
    for part in filter(None, condition.split(".")):
        value = value.get(part) if isinstance(value, Mapping) else None
    return bool(value) or not condition
