"""What answers say besides their data becomes a warning of the connector, and goes when it is gone."""

from __future__ import annotations

import pytest
from django.test import Client

from connectors import lanes
from connectors.models import Connector, Notice
from connectors.run import Run
from connectors.shopify import health
from connectors.shopify.client import ShopifyClient
from connectors.shopify.health import Health
from connectors.shopify.sandbox.shops import OUTLET
from connectors.shopify.settings import ShopifySettings
from events.models import Event, Outcome, Reason
from tests.cast import an_event, run_one
from tests.connectors.shopify.stand_ins import ScriptedHttp

pytestmark = pytest.mark.django_db
SHOP = {"data": {"shop": {"name": "Example"}, "currentAppInstallation": {"accessScopes": []}}}


@pytest.fixture(autouse=True)
def _fresh() -> None:
    health._cleared_at.clear()


@pytest.fixture
def connector(vendor) -> Connector:
    made = Connector(name="Outlet", slug="outlet", provider_slug="shopify")
    token = vendor.app.shops[OUTLET].access_token
    made.put_settings({"shop_domain": OUTLET, "access_token": token, "base_url": vendor.url})
    made.save()
    return made


def notices(connector: Connector) -> dict[str, str]:
    return dict(Notice.objects.filter(connector=connector, cleared_at=None).values_list("code", "sentence"))


def later() -> None:
    """A minute has passed: what may have come back is looked at anew."""
    health._cleared_at.clear()


def test_a_version_that_fell_back_raises_the_alert_until_the_right_one_answers(connector, vendor, ada):
    vendor.control("fault", kind="version_fallback")
    run = Run(connector, None)
    run.client.ping()
    assert "2026-01 instead of 2026-10" in notices(connector)[health.VERSION]
    page = ada.get(f"{connector.admin_path()}?tab=overview").content.decode()
    assert "2026-01 instead of 2026-10" in page
    listed = ada.get("/admin/connectors/connector/").content.decode()
    assert "needs attention" in listed and "2026-01 instead of 2026-10" in listed
    later()
    run.client.ping()
    assert notices(connector) == {}
    assert "needs attention" not in ada.get("/admin/connectors/connector/").content.decode()


@pytest.fixture
def ada(administrator) -> Client:
    browser = Client()
    browser.force_login(administrator)
    return browser


def scripted(connector: Connector, *answers) -> ShopifyClient:
    run = Run(connector, None)
    settings = ShopifySettings(shop_domain=OUTLET, access_token="shpat_x")
    return ShopifyClient(settings, ScriptedHttp(*answers), health=Health(connector.pk, run.warn, run.clear))


def test_a_deprecation_names_its_document_and_is_cleared_by_an_answer_without_it(connector):
    reason = {"x-shopify-api-deprecated-reason": "Order.totalPrice is deprecated"}
    client = scripted(connector, (200, SHOP, reason), (200, SHOP))
    client.ping()
    assert "Order.totalPrice" in notices(connector)["deprecated:HubShop"]
    client.ping()
    assert notices(connector) == {}


def test_an_answer_that_names_no_version_says_nothing_about_it(connector):
    client = scripted(connector, (200, SHOP, {"x-shopify-api-version": "2026-01"}), (200, SHOP))
    client.ping()
    client.ping()
    assert health.VERSION in notices(connector)


def test_what_is_not_there_is_asked_about_once_a_minute(connector, django_assert_num_queries):
    client = scripted(connector, *[(200, SHOP, {"x-shopify-api-version": "2026-10"})] * 3)
    client.ping()
    with django_assert_num_queries(0):
        client.ping()
        client.ping()


@pytest.mark.parametrize(("status", "word"), [(402, "frozen"), (423, "locked")])
def test_a_shop_closed_to_every_app_closes_the_lane_for_an_hour_and_says_why(
    connector, vendor, monkeypatch, status, word
):
    from connectors.http import HttpAnswer, HttpClient

    def closed(self, *given, **more):
        return HttpAnswer(status, b"{}", {}, "r1")

    monkeypatch.setattr(HttpClient, "request", closed)
    an_event(connector, "sync:orders", provider="shopify", max_attempts=1)
    result, event = run_one(connector)
    assert (event.outcome, event.reason, event.attempts) == (Outcome.WAITING, Reason.RETRY, 0)
    assert result.due_in_s == 3600 and lanes.open_lanes([connector.pk]) == {}
    assert word in notices(connector)[health.BLOCKED]
    monkeypatch.undo()


def test_the_whole_lane_waits_where_shopify_blocks_the_address(connector, monkeypatch):
    from connectors.http import HttpAnswer, HttpClient

    monkeypatch.setattr(HttpClient, "request", lambda self, *given, **more: HttpAnswer(430, b"", {}, "r1"))
    an_event(connector, "sync:orders", provider="shopify", max_attempts=3)
    result, _ = run_one(connector)
    assert 60 <= result.due_in_s <= 66 and lanes.open_lanes([connector.pk]) == {}
    assert Event.objects.get().reason_code == "throttled"
