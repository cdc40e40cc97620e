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
