"""An administrator installs a connector with the longest form there is, for the first time."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User

from connectors import registry
from connectors.models import Connector
from tests.browser.conftest import violations
from tests.browser.rules import DANGLING, NAMELESS

pytestmark = pytest.mark.browser


@pytest.fixture
def ada(transactional_db) -> User:
    user = User.objects.create_user("ada", "ada@example.com", "password", is_staff=True)
    user.groups.add(Group.objects.get(name="Administrators"))
    return user


def row(page, name: str):
    return page.locator(f".form-row.field-setting_{name}")


def test_xoro_is_installed_tested_and_its_assumptions_listed(logged_in_page, ada, sandbox):
    page = logged_in_page(ada)
    page.set_default_timeout(30_000)
    page.goto("/admin/connectors/connector/add/")
    page.locator("#id_provider_slug").get_by_text("Xoro ERP").click()
    page.locator("#id_name").press_sequentially("Xoro")
    page.get_by_role("button", name="Save").click()
    menu = page.get_by_role("navigation", name="Sections")
    menu.wait_for()  # the next page
    sections = menu.get_by_role("link").all_inner_texts()
    assert sections[1:6] == ["Connection", "General", "Accounts", "Warehousing", "Filters"]
    assert {"Fulfillments", "Products", "Inventory", "Gift cards", "Payouts", "Import", "Notifications"} <= set(
        sections
    )

    page.get_by_role("button", name="Save", exact=True).click()
    page.locator(".errornote").wait_for()
    assert "3" in menu.get_by_role("link", name="Connection").inner_text()
    assert page.evaluate("document.activeElement.id") == "id_setting_api_key"

    given = registry.get("xoro").sandbox.settings(f"{sandbox.url}/xoro")
    for name in ("base_url", "api_key", "api_secret", "account_name", "sale_store", "ship_store", "liability_account"):
        page.locator(f"#id_setting_{name}").fill(given[name])
    page.get_by_label("Split orders by location").check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator(".errornote").wait_for()
    assert "needs the ship store of each location" in row(page, "location_map").inner_text()
    assert page.evaluate("document.activeElement.hasAttribute('data-rows-add')")  # no cell yet: where one is made
    table = page.locator("[data-rows=setting_location_map]")
    table.get_by_role("button", name="Add row").click()
    page.get_by_label("Shop location, row 1").fill("Toronto")
    page.get_by_label("Ship store, row 1").fill("East warehouse")
    for name in ("api_key", "api_secret"):  # a refused form gives no secret back
        page.locator(f"#id_setting_{name}").fill(given[name])
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator(".messagelist").wait_for()
    made = Connector.objects.get(slug="xoro")
    assert made.settings["location_map"] == [{"location": "Toronto", "store": "East warehouse", "store_location": ""}]

    page.get_by_role("button", name="Test connection").click()
    card = page.locator("#check-card")
    card.wait_for()
    line = card.get_by_role("row", name="Names: stores")
    assert "“East warehouse” (there is “EAST WAREHOUSE”" in line.inner_text()
    page.goto(f"{made.admin_path()}?tab=settings")
    assert page.get_by_label("Every, minutes: Fulfillments. The connector's settings decide.").is_disabled()
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(DANGLING) == []
    assert "not seen in Xoro ERP" in row(page, "location_map").inner_text()
    assert "seen in Xoro ERP" in row(page, "liability_account").inner_text()
    page.get_by_role("link", name="Checklist").click()
    assert "0 of " in page.locator(".headline").inner_text()
    assert violations(page) == []
