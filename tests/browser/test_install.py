"""Installing a connector in a real browser: log in, install, test, synchronize; as administrator and as support."""

from __future__ import annotations

import pytest
from django.utils import timezone

from connectors import registry
from connectors.models import ApiKey, Breaker, Connector, Link, Mapping, Route
from events.models import Event, Kind, Mail, Outcome, Reason
from events.record import New, record
from tests.browser.conftest import violations

pytestmark = pytest.mark.browser


def connector_of(slug: str, base: str, **more: object) -> Connector:
    provider = registry.get(slug)
    made = Connector(name=provider.label, slug=slug.replace("_", "-"), provider_slug=slug)
    made.put_settings(provider.sandbox.settings(f"{base}/{provider.sandbox.prefix}"))
    made.email_sender, made.email_receiver = "hub@example.com", "support@example.com"
    for name, value in more.items():
        setattr(made, name, value)
    made.save()
    return made


@pytest.fixture
def erp(transactional_db, sandbox) -> Connector:
    return connector_of("generic_erp", sandbox.url)


@pytest.fixture
def shop(transactional_db, sandbox) -> Connector:
    return connector_of("shopify", sandbox.url)


def test_a_person_logs_in_installs_a_connector_and_tests_it(page, ada, sandbox):
    page.goto("/admin/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("password")
    page.get_by_role("button", name="Log in").click()
    page.goto("/admin/connectors/connector/")
    page.get_by_role("link", name="Install a connector").click()
    page.locator("#id_provider_slug").get_by_text("Generic ERP").click()
    page.locator("#id_name").press_sequentially("ERP West")
    assert page.locator("#id_slug").input_value() == "erp-west"
    page.get_by_role("button", name="Save").click()

    settings = registry.get("generic_erp").sandbox.settings(f"{sandbox.url}/erp")
    page.get_by_label("Key:", exact=True).fill(settings["key"])
    page.get_by_label("Token:").fill(settings["token"])
    page.get_by_label("Account number for tests").fill(settings["test_customer_code"])
    switch = page.locator('[data-switch="id_setting_orders_url"]')
    assert switch.inner_text() == "off"
    page.get_by_label("Orders list URL").fill(settings["orders_url"])
    assert switch.inner_text() == "on"
    page.get_by_role("button", name="Save", exact=True).click()

    made = Connector.objects.get(slug="erp-west")
    assert made.secret("token") == settings["token"]
    page.get_by_role("button", name="Test connection").click()
    card = page.locator("#check-result #check-card")
    card.wait_for()
    assert "passed" in card.inner_text()
    assert "/change/" in page.url  # the result came into the page
    card.get_by_role("link", name="Event").click()
    assert Event.objects.get().kind == Kind.CHECK


def test_a_bad_setting_is_shown_at_its_field(logged_in_page, ada, erp):
    page = logged_in_page(ada)
    page.goto(f"{erp.admin_path()}?tab=settings")
    page.get_by_label("Orders list URL").fill("https://10.0.0.5/orders")
    page.get_by_role("button", name="Save", exact=True).click()
    row = page.locator(".field-setting_orders_url")
    assert "private network" in row.locator(".errorlist").inner_text()
    erp.refresh_from_db()
    assert "10.0.0.5" not in erp.settings["orders_url"]


def test_a_secret_is_cleared_only_by_its_box(logged_in_page, ada, erp):
    page = logged_in_page(ada)
    path = f"{erp.admin_path()}?tab=settings"
    page.goto(path)
    assert page.get_by_label("Token:").input_value() == ""
    page.get_by_role("button", name="Save", exact=True).click()
    erp.refresh_from_db()
    assert "token" in erp.secrets
    page.goto(path)
    page.get_by_label("Clear").check()
    page.get_by_role("button", name="Save", exact=True).click()
    erp.refresh_from_db()
    assert "token" not in erp.secrets


def test_synchronize_and_one_order_by_its_number(logged_in_page, sam, shop):
    page = logged_in_page(sam)
    page.goto(shop.admin_path())
    page.get_by_role("button", name="Synchronize Recent orders").click()
    assert "is under way" in page.locator(".messagelist").inner_text()
    assert Event.objects.filter(topic__startswith="sync:", triggered_by="sam").count() == 1
    page.get_by_label("Order number", exact=True).fill("#EX-2041")
    page.get_by_role("button", name="Synchronize Order number").click()
    page.locator(".messagelist").get_by_role("link").click()
    assert Event.objects.get(topic__startswith="single:").object_label == "#EX-2041"


def test_pausing_asks_first(logged_in_page, ada, erp):
    page = logged_in_page(ada)
    page.goto(erp.admin_path())
    page.get_by_role("button", name="Pause").click()
    dialog = page.locator("dialog.confirm")
    assert "nothing is lost" in dialog.inner_text()
    dialog.get_by_role("button", name="Cancel").click()
    erp.refresh_from_db()
    assert erp.is_paused is False
    page.get_by_role("button", name="Pause").click()
    dialog.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Resume").wait_for()
    erp.refresh_from_db()
    assert erp.is_paused is True


def test_a_new_webhook_address_and_a_test_mail(logged_in_page, ada, shop):
    page = logged_in_page(ada)
    page.goto(shop.admin_path())
    old = page.locator("#webhook-address").inner_text()
    page.get_by_role("button", name="Make a new address").click()
    page.locator("dialog.confirm").get_by_role("button", name="Make a new address").click()
    page.get_by_text("The address before this one").wait_for()
    assert page.locator("#webhook-address").inner_text() != old
    page.get_by_role("button", name="Send test mail").click()
    page.get_by_text("lies in the outbox").wait_for()
    assert Mail.objects.get().kind == "test"


def test_the_contract_check_comes_into_the_page(logged_in_page, ada, erp):
    page = logged_in_page(ada)
    page.goto(erp.admin_path())
    page.get_by_role("button", name="Contract check").click()
    card = page.locator("#contract-card")
    card.wait_for()
    assert "Orders list" in card.inner_text()


def test_a_route_is_made_in_two_steps(logged_in_page, ada, shop, sandbox):
    xoro = connector_of("xoro", sandbox.url)
    page = logged_in_page(ada)
    page.goto("/admin/connectors/route/")
    page.get_by_role("link", name="Make a route").click()
    page.get_by_label("Source").select_option(label=shop.name)
    page.get_by_label("Records").select_option(label="Order")
    page.get_by_label("Target").select_option(label=xoro.name)
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("enabled").first.wait_for()
    assert Route.objects.get().load_options() is not None


def test_an_api_key_is_shown_once(logged_in_page, ada, erp):
    page = logged_in_page(ada)
    page.goto("/admin/connectors/apikey/add/")
    page.get_by_label("Name").fill("Storefront")
    page.get_by_label(erp.name).check()
    page.get_by_role("button", name="Save", exact=True).click()
    key = page.locator("#api-key").inner_text()
    row = ApiKey.objects.get()
    assert row.hash == ApiKey.digest(key)
    page.get_by_role("link", name="Its page").click()
    assert key not in page.content()
    page.get_by_role("button", name="Revoke").click()
    page.locator("dialog.confirm").get_by_role("button", name="Revoke").click()
    page.get_by_text("calls with this key get 401").wait_for()


def test_every_page_of_connectors_keeps_the_policy_and_fits_a_phone(logged_in_page, ada, erp, shop, sandbox):
    xoro = connector_of("xoro", sandbox.url)
    route = Route.objects.create(source=shop, target=xoro, record_kind="order")
    link = Link.objects.create(
        source=shop, target=xoro, record_kind="order", source_object_id="5512", target_number="SO-1"
    )
    Mapping.objects.create(connector=erp, kind="location", from_value="a", to_value="b")
    key = ApiKey(name="Storefront")
    key.make()
    key.save()
    Breaker.objects.create(
        connector=erp, state="open", failures_in_row=6, opened_at=timezone.now(), sentence="No answer within 10 s."
    )
    for n in range(3):
        record(
            New(
                kind=Kind.LOOKUP,
                topic="orders",
                connector_id=erp.pk,
                connector_name=erp.name,
                provider="generic_erp",
                outcome=Outcome.FAILED,
                reason=Reason.UNAVAILABLE,
                sentence=f"The ERP answered {n} with a long sentence.",
            )
        )
    base = "/admin/connectors"
    paths = [
        *(f"{base}/{model}/" for model in ("connector", "route", "mapping", "link", "apikey")),
        *(f"{base}/{model}/add/" for model in ("connector", "route", "mapping", "apikey")),
        *(f"{one.admin_path()}?tab={tab}" for one in (erp, shop, xoro) for tab in ("overview", "settings")),
        f"{base}/connector/{erp.pk}/delete/", f"{base}/connector/{erp.pk}/history/", f"{base}/mapping/import/",
        f"{base}/route/{route.pk}/change/", f"{base}/link/{link.pk}/change/", f"{base}/link/{link.pk}/delete/",
        f"{base}/apikey/{key.pk}/change/",
    ]  # fmt: skip
    for width, theme in ((1280, "light"), (390, "dark")):
        page = logged_in_page(ada, width=width, theme=theme)
        for path in paths:
            response = page.goto(path)
            assert response.status == 200, path
            assert violations(page) == [], path
            over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert over <= 0, (path, width)


def test_support_has_buttons_for_work_and_none_for_settings(logged_in_page, sam, erp):
    page = logged_in_page(sam)
    page.goto(erp.admin_path())
    page.get_by_role("button", name="Test connection").wait_for()
    assert page.get_by_role("button", name="Pause").count() == 0
    assert erp.webhook_token not in page.content()
    page.get_by_role("link", name="Settings").click()
    assert page.locator("input[type=password]").count() == 0
    assert "stored" in page.locator("main").inner_text()
