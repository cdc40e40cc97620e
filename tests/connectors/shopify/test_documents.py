"""Every document is valid against the project's own schema, which the sandbox answers by."""

from __future__ import annotations

import pytest
from graphql import parse, validate

from connectors.shopify import documents
from connectors.shopify.sandbox.cost import operation_cost
from connectors.shopify.sandbox.engine import SCHEMA
from tests.connectors.shopify.compare_schema import differences


@pytest.mark.parametrize("name", documents.names())
def test_a_document_is_valid_and_defines_the_operation_it_is_named_after(name):
    document = parse(documents.document(name))
    assert validate(SCHEMA, document) == []
    assert [one.name.value for one in document.definitions if one.kind == "operation_definition"] == [name]


@pytest.mark.parametrize("name", documents.names())
def test_a_document_costs_less_than_one_operation_may(name):
    assert 0 < operation_cost(SCHEMA, parse(documents.document(name)), name, {}) <= 1_000


# Points with the page sizes of the documents themselves. A document that asks for more needs a reason, and a line here.
MOST = {
    "HubBulkMutation": 12, "HubBulkQuery": 12, "HubCarriers": 9, "HubCompaniesSince": 247, "HubCompany": 172,
    "HubCompanyCreate": 16, "HubCustomer": 21, "HubCustomersSince": 47, "HubFulfillmentOrders": 172,
    "HubFulfillmentOrdersSince": 23, "HubGiftCardCredit": 15, "HubGiftCardDebit": 15, "HubGiftCards": 47, "HubHeld": 16,
    "HubHold": 14, "HubLocations": 20, "HubMetafieldsSet": 12, "HubMove": 17, "HubOrder": 264, "HubOrderLines": 228,
    "HubOrderMoney": 17, "HubOrdersSince": 13, "HubPayoutLines": 91, "HubPayouts": 109, "HubPriceList": 50,
    "HubProduct": 69, "HubProductSet": 34, "HubRefund": 225, "HubRefundCreate": 20, "HubRelease": 14, "HubReturn": 243,
    "HubReturnable": 163, "HubReturnsSince": 74, "HubShip": 29, "HubStage": 13,
    "HubStockSet": 12, "HubTagAdd": 12, "HubTracking": 14, "HubVariantsBySku": 30, "HubVariantsUpdate": 12,
    "HubWebhooks": 20,
}  # fmt: skip
MOST_OF_OTHERS = 60


@pytest.mark.parametrize("name", documents.names())
def test_a_document_asks_for_no_more_points_than_agreed(name):
    asked = operation_cost(SCHEMA, parse(documents.document(name)), name, {})
    assert asked <= MOST.get(name, MOST_OF_OTHERS), f"{name} asks for {asked} points"


def test_every_document_with_a_price_of_its_own_exists():
    assert set(MOST) <= set(documents.names())


def test_cost_follows_the_measured_rule():
    def cost(text):
        return operation_cost(SCHEMA, parse(text), None, {})

    row = "nodes { id } pageInfo { hasNextPage }"
    assert cost("{ shop { name } }") == 1
    assert cost(f"{{ orders(first: 250) {{ {row} }} }}") == 2 + 11
    assert cost(f"{{ orders(first: 1) {{ {row} }} }}") == 2 + 1
    assert cost("{ orders(first: 10) { nodes { id totalPriceSet { shopMoney { amount } } } } }") == 2 + 4 * 3


def test_a_schema_agrees_with_itself():
    assert differences(SCHEMA, SCHEMA) == []


@pytest.mark.parametrize(
    ("name", "variables", "most"),
    [
        ("HubOrdersSince", {}, 13), ("HubOrder", {}, 264), ("HubOrder", {"lines": 50}, 339), ("HubOrderLines", {}, 228),
        ("HubOrderMoney", {}, 17), ("HubTagAdd", {}, 12), ("HubMetafieldsSet", {}, 12), ("HubOrderState", {}, 20),
    ],
)  # fmt: skip
def test_reading_and_marking_an_order_costs_no_more_than_was_reckoned(name, variables, most):
    assert operation_cost(SCHEMA, parse(documents.document(name)), name, variables) <= most
