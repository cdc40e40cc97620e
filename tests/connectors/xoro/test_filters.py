"""Which orders a route leaves out, and what it says about them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.exceptions import Skip
from connectors.xoro.filters import check_filters
from tests.connectors.xoro.cast import make_order, make_payment, make_settings


@pytest.mark.parametrize(
    ("options", "order", "rule", "value"),
    [
        ({}, {"is_test": True}, "test_orders", "test order"),
        ({}, {"cancelled_at": datetime(2026, 3, 7, tzinfo=UTC)}, "cancelled", "2026-03-07"),
        ({}, {"financial_status": "voided"}, "financial_status", "“voided”"),
        ({"financial_status": ["paid"]}, {"financial_status": "pending"}, "financial_status", "“pending”"),
        ({"fulfillment_status": ["fulfilled"]}, {}, "fulfillment_status", "“unfulfilled”"),
        ({"include_tags": "vip, b2b"}, {}, "include_tags", "“vip”, “b2b”"),
        ({"exclude_tags": "GIFT"}, {}, "exclude_tags", "“GIFT”"),
        ({"source_names": "pos"}, {}, "source_names", "“web”"),
        ({"gateways_excluded": "card, cash"}, {}, "gateways_excluded", "“card”"),
        ({"locations": "7"}, {"location_id": "8"}, "locations", "“8”"),
        ({"risk_excluded": ["high"]}, {"risk": "high"}, "risk_excluded", "“high”"),
    ],
)
def test_a_filtered_order_names_rule_and_value(
    options: dict[str, Any], order: dict[str, Any], rule: str, value: str
) -> None:
    with pytest.raises(Skip) as skip:
        check_filters(make_order(**order), make_settings(**options))
    assert (skip.value.reason, skip.value.code) == ("filtered", rule)
    assert "#2041" in skip.value.sentence
    assert value in skip.value.sentence
    assert rule in skip.value.sentence


@pytest.mark.parametrize(
    ("options", "order"),
    [
        ({}, {}),
        ({"test_orders": True}, {"is_test": True}),
        ({"financial_status": []}, {"financial_status": "voided"}),
        ({"financial_status": ["paid"]}, {"financial_status": ""}),
        ({"include_tags": "Web"}, {}),
        ({"exclude_tags": "vip"}, {}),
        ({"source_names": "web, pos"}, {}),
        ({"gateways_excluded": "card"}, {"payments": (make_payment("1"), make_payment("1", gateway="x"))}),
        ({"gateways_excluded": "card"}, {"payments": ()}),
        ({"locations": "8"}, {"location_id": "8"}),
        ({"risk_excluded": ["high"]}, {"risk": "medium"}),
    ],
)
def test_an_order_that_passes_all_rules_is_sent(options: dict[str, Any], order: dict[str, Any]) -> None:
    check_filters(make_order(**order), make_settings(**options))
