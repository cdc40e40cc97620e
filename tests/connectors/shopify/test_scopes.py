"""Scopes by feature: data that covers every document, and words that name what a missing scope blocks."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from graphql import TypeInfo, TypeInfoVisitor, Visitor, get_named_type, parse, visit

from connectors.exceptions import ConfigurationError
from connectors.models import Connector, Route
from connectors.run import Run
from connectors.schema import declared
from connectors.shopify import checks, cost, documents, scopes, shop
from connectors.shopify.sandbox.areas import RESOLVERS
from connectors.shopify.sandbox.engine import SCHEMA
from connectors.shopify.sandbox.shops import OUTLET

KNOWN = {scope for feature in scopes.FEATURES for need in feature.needs for scope in need}


class Asked(Visitor):
    """Every (type, field) a document selects."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.info = info
        self.fields: set[tuple[str, str]] = set()

    def enter_field(self, node: Any, *unused: Any) -> None:
        parent = get_named_type(self.info.get_parent_type())
        self.fields.add((parent.name, node.name.value))


def fields_of(name: str) -> set[tuple[str, str]]:
    info = TypeInfo(SCHEMA)
    asked = Asked(info)
    visit(parse(documents.document(name)), TypeInfoVisitor(info, asked))
    return asked.fields


def features_of(name: str) -> list[scopes.Feature]:
    found = {feature for root in cost.root_fields(name) for feature in scopes.ROOTS[root]}
    found |= {feature for member in fields_of(name) for feature in scopes.MEMBERS.get(member, ())}
    return [scopes.BY_NAME[one] for one in sorted(found)]


@pytest.mark.parametrize("name", documents.names())
def test_every_root_a_document_asks_belongs_to_a_feature(name):
    unknown = [root for root in cost.root_fields(name) if root not in scopes.ROOTS]
    assert not unknown, f"say in scopes.ROOTS which features {unknown} serve"


@pytest.mark.parametrize("name", documents.names())
def test_the_scopes_a_documents_fields_need_are_those_of_its_features(name):
    features = [scopes.BY_NAME["orders"], *features_of(name)]  # orders are read by every connector
    given = scopes.held_by(scope for one in features for need in one.needs for scope in need)
    given |= scopes.held_by(scope for one in features for scope in one.useful)
    for field in sorted(fields_of(name)):
        needed = RESOLVERS.scoped.get(field, ())
        any_of = {needed} if isinstance(needed, str) else set(needed)
        assert not any_of or any_of & given, f"{name} reads {field}, which needs {sorted(any_of)}"


def test_features_are_named_once_and_point_to_each_other_rightly():
    assert len(scopes.BY_NAME) == len(scopes.FEATURES)
    assert {one for served in scopes.ROOTS.values() for one in served} <= set(scopes.BY_NAME)
    assert all(scope.startswith(("read_", "write_")) for scope in KNOWN)


def test_settings_and_records_that_switch_a_feature_on_exist():
    from connectors.shopify.provider import provider

    settings = set(declared(provider.settings))
    emitted, accepted = ({one.kind for one in kinds} for kinds in (provider.emits, provider.accepts))
    for one in scopes.FEATURES:
        assert one.settings <= settings, one.name
        assert one.emits <= emitted and one.settings_of <= emitted and one.accepts <= accepted, one.name


def test_records_the_provider_carries_have_a_feature():
    from connectors.shopify.provider import provider

    for record in provider.emits:
        assert any(record.kind in one.emits or one.is_always_used for one in scopes.FEATURES), record.kind
    for record in provider.accepts:
        assert any(record.kind in one.accepts for one in scopes.FEATURES), record.kind


def test_the_right_to_write_holds_the_right_to_read_and_one_of_several_will_do():
    stock = scopes.BY_NAME["stock"]
    assert scopes.missing(stock, ["write_inventory", "read_locations", "write_products"]) == []
    assert scopes.missing(stock, ["read_inventory"]) == ["write_inventory", "read_locations", "read_products"]
    fulfillment = scopes.BY_NAME["fulfillment"]
    assert scopes.missing(fulfillment, ["write_third_party_fulfillment_orders", "read_orders"]) == []


def test_an_installation_asks_for_each_scope_once_and_not_for_reading_where_it_may_write():
    asked = scopes.to_ask([scopes.BY_NAME["orders"], scopes.BY_NAME["stock"]], ["read_all_orders", "read_orders"])
    assert asked == [
        "read_orders", "read_customers", "read_products", "read_locations", "read_payment_terms", "write_inventory",
        "read_all_orders",
    ]  # fmt: skip


@pytest.fixture
def connector(db, vendor) -> Connector:
    made = Connector(name="Outlet", slug="outlet", provider_slug="shopify")
    token = vendor.app.shops[OUTLET].access_token
    made.put_settings({"shop_domain": OUTLET, "access_token": token, "base_url": vendor.url})
    made.save()
    return made


def route(source: Connector, target: Connector, kind: str, **more: Any) -> Route:
    return Route.objects.create(source=source, target=target, record_kind=kind, **more)


def test_features_follow_the_routes_that_are_switched_on(connector, make_connector):
    erp, settings = make_connector("Erp"), connector.load_settings()

    def names() -> list[str]:
        return [one.name for one in scopes.used_by(connector, settings)]

    assert names() == ["orders"]
    stock = route(erp, connector, "stock")
    route(connector, erp, "payout")
    assert names() == ["orders", "stock", "payouts"]
    Route.objects.filter(pk=stock.pk).update(is_enabled=False)
    assert names() == ["orders", "payouts"]


def test_a_missing_scope_is_named_with_the_feature_it_blocks(connector, make_connector, vendor):
    route(make_connector("Erp"), connector, "stock")
    vendor.control("scopes", scopes=["read_customers", "read_products", "read_locations", "read_payment_terms"])
    with pytest.raises(ConfigurationError) as caught:
        checks.granted_scopes(Run(connector, None))
    assert "Reading orders lacks read_orders" in caught.value.sentence
    assert "Stock lacks read_inventory, write_inventory" in caught.value.sentence


def test_the_page_shows_access_and_what_each_feature_lacks(connector, make_connector, administrator, vendor):
    route(make_connector("Erp"), connector, "stock")
    browser = Client()
    browser.force_login(administrator)
    before = browser.get(f"{connector.admin_path()}?tab=more").content.decode()
    assert "Not known yet" in before and "Permanent token" in before
    vendor.control("scopes", scopes=["read_orders"])
    shop.look(Run(connector, None))
    page = browser.get(f"{connector.admin_path()}?tab=more").content.decode()
    assert "missing: read_inventory, write_inventory, read_locations, read_products" in page
    assert "Example Outlet" in page and "Basic" in page and "of 2,000, 100 come back each second" in page
    assert "shpat_" not in page


def test_an_app_to_be_installed_has_the_link_to_begin_with(connector, administrator, supporter):
    connector.put_settings({**connector.settings, "way_in": "install", "client_id": "i", "client_secret": "s3cr3t"})
    connector.save()
    browser = Client()
    browser.force_login(administrator)
    page = browser.get(f"{connector.admin_path()}?tab=more").content.decode()
    assert f'href="{connector.webhook_url}/install"' in page and "not installed in the shop" in page
    assert "s3cr3t" not in page
    browser.force_login(supporter)
    page = browser.get(f"{connector.admin_path()}?tab=more").content.decode()
    assert "not installed in the shop" in page and connector.webhook_token not in page
