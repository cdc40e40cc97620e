"""Filters of an older hub's routes become settings of the connector: no order that was left out is sent all of a sudden."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from connectors.models import Connector, Notice, Route
from connectors.schema import load
from connectors.xoro.settings import XoroSettings

pytestmark = pytest.mark.django_db
MIGRATION = import_module("connectors.migrations.0006_order_filters")


@pytest.fixture
def erp(install: Any) -> Connector:
    made: Connector = install("xoro", name="Xoro")
    return made


@pytest.fixture
def bring(install: Any, erp: Connector) -> Any:
    """``bring(options)``: a shop's route to Xoro, as the older hub stored it."""

    def make(options: dict[str, Any], **columns: Any) -> Route:
        count = Route.objects.count()
        shop = install("shopify", name=f"Shop {count}")
        return Route.objects.create(source=shop, target=erp, record_kind="order", options=options, **columns)

    return make


def moved(erp: Connector) -> XoroSettings:
    MIGRATION.move(apps, None)
    erp.refresh_from_db()
    settings: XoroSettings = load(XoroSettings, erp.raw_settings())
    return settings


def test_the_filters_of_one_route_become_the_connectors(erp: Connector, bring: Any) -> None:
    route = bring(
        {"exclude_tags": ["hold"], "financial_status": ["paid"], "display_name": "Lumen", "drop_as": "orders"}
    )
    settings = moved(erp)
    assert (settings.exclude_tags, settings.financial_status) == (("hold",), ("paid",))
    route.refresh_from_db()
    assert route.options == {"display_name": "Lumen"}
    assert not Notice.objects.exists()


def test_what_the_connector_says_itself_stays(erp: Connector, bring: Any) -> None:
    erp.settings |= {"exclude_tags": ["mine"]}
    erp.save()
    bring({"exclude_tags": ["hold"], "risk_excluded": ["high"]})
    settings = moved(erp)
    assert (settings.exclude_tags, settings.risk_excluded) == (("mine",), ("high",))


def test_of_routes_that_differ_the_strictest_counts_and_is_said(erp: Connector, bring: Any) -> None:
    bring({"exclude_tags": ["hold"], "financial_status": ["paid", "pending"], "test_orders": True})
    bring({"exclude_tags": ["wholesale"], "financial_status": ["paid"], "source_names": ["web"]})
    settings = moved(erp)
    assert settings.exclude_tags == ("hold", "wholesale")
    assert settings.financial_status == ("paid",)
    assert settings.source_names == ("web",)
    assert not settings.test_orders
    assert settings.orders_enabled
    assert "“financial status”" in Notice.objects.get(connector=erp).sentence


def test_a_route_that_is_switched_off_counts_too(erp: Connector, bring: Any) -> None:
    bring({"locations": ["31"]}, is_enabled=False)
    assert moved(erp).locations == ("31",)


def test_where_no_order_would_pass_all_routes_importing_is_switched_off(erp: Connector, bring: Any) -> None:
    bring({"source_names": ["web"]})
    bring({"source_names": ["pos"]})
    settings = moved(erp)
    assert not settings.orders_enabled
    notice = Notice.objects.get(connector=erp)
    assert "“source names”" in notice.sentence
    assert "switch “Import orders” on again" in notice.next_step


def test_a_tag_one_route_wants_and_another_leaves_out_switches_importing_off(erp: Connector, bring: Any) -> None:
    bring({"include_tags": ["Wholesale"]})
    bring({"exclude_tags": ["wholesale"]})
    settings = moved(erp)
    assert (settings.exclude_tags, settings.orders_enabled) == (("wholesale",), False)
    assert "“include tags”" in Notice.objects.get(connector=erp).sentence


def test_a_tag_that_was_wanted_and_left_out_stays_left_out(erp: Connector, bring: Any) -> None:
    bring({"include_tags": ["wholesale", "retail"], "exclude_tags": ["wholesale"]})
    settings = moved(erp)
    assert (settings.include_tags, settings.exclude_tags) == (("retail",), ("wholesale",))
    assert settings.orders_enabled


def test_a_connector_whose_routes_say_nothing_is_left_alone(erp: Connector, bring: Any) -> None:
    before = dict(erp.settings)
    bring({"display_name": "Lumen"})
    moved(erp)
    assert erp.settings == before


def test_moving_twice_changes_nothing_more(erp: Connector, bring: Any) -> None:
    bring({"exclude_tags": ["hold"]})
    once = moved(erp)
    assert moved(erp) == once
