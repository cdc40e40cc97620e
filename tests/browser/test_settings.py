"""A long form of settings in a real browser: its menu, fields that depend on others, tables of rows."""

from __future__ import annotations

import pytest

from connectors.models import Connector
from tests.browser.conftest import violations

pytestmark = pytest.mark.browser


@pytest.fixture
def page(logged_in_page, ada, depot):
    made = logged_in_page(ada)
    made.goto(f"{depot.admin_path()}?tab=settings")
    return made


def row(page, name: str):
    return page.locator(f".form-row.field-setting_{name}")


def save(page, depot: Connector) -> Connector:
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator(".messagelist").wait_for()
    depot.refresh_from_db()
    return depot


def refused(page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator(".errornote").wait_for()


def test_a_field_shows_when_its_switch_is_on_and_so_on_down_the_chain(page, depot):
    assert not row(page, "tip_sku").is_visible()
    assert row(page, "carton").count() == 1
    page.get_by_label("Tips", exact=True).focus()
    page.keyboard.press("Space")
    assert row(page, "tip_sku").is_visible()
    assert not row(page, "tip_note").is_visible()
    assert "Now asked for: Tip SKU." in page.locator("[data-shown-status]").inner_text()
    page.get_by_label("Tip SKU").fill("TIP-1")
    assert row(page, "tip_note").is_visible()
    page.get_by_label("Tip note").fill("Thanks")
    page.get_by_label("Tips", exact=True).uncheck()
    assert not row(page, "tip_note").is_visible()
    assert save(page, depot).settings["tip_note"] == "Thanks"  # hidden, and kept
    page.goto(f"{depot.admin_path()}?tab=settings")
    assert not row(page, "tip_note").is_visible()
    page.get_by_label("Customer:", exact=True).select_option("one")
    assert row(page, "customer").is_visible()
    assert not row(page, "customer").locator(".only-when").is_visible()


def test_a_field_with_an_error_is_shown_focused_and_counted(page, depot):
    page.get_by_role("checkbox", name="Gift cards").check()
    refused(page)
    assert row(page, "tip_note").is_visible()  # though it has no say
    assert "Gift cards need a tip note." in row(page, "tip_note").inner_text()
    assert "Only when “Tip SKU” is filled in." in row(page, "tip_note").inner_text()
    assert page.evaluate("document.activeElement.id") == "id_setting_tip_note"
    link = page.get_by_role("navigation", name="Sections").get_by_role("link", name="Accounts")
    assert "1" in link.inner_text()


def test_an_error_in_a_folded_section_opens_it(page):
    page.get_by_label("Tracking", exact=True).check()
    page.evaluate("document.getElementById('id_setting_pay_account').value = 'none'")
    refused(page)
    assert page.get_by_label("Payout account").is_visible()
    assert page.evaluate("document.activeElement.id") == "id_setting_pay_account"


def test_the_menu_leads_to_a_section_and_opens_what_is_folded(page):
    menu = page.get_by_role("navigation", name="Sections")
    assert not page.get_by_label("Payout account").is_visible()
    menu.get_by_role("link", name="Payouts").focus()
    page.keyboard.press("Enter")
    assert page.get_by_label("Payout account").is_visible()
    assert page.evaluate("document.activeElement.id") == "id_setting_pay_account"
    menu.get_by_role("link", name="Connection").click()
    assert page.get_by_label("Address").is_visible()


def test_a_setting_is_found_by_a_word(page):
    page.get_by_label("Find a setting").fill("time zone")
    assert row(page, "zone").is_visible()
    assert not row(page, "store").is_visible()
    assert "1 setting" in page.locator("[data-found]").inner_text()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "id_setting_zone"
    page.get_by_label("Find a setting").fill("tip sku")
    assert "Only when “Tips” is on." in row(page, "tip_sku").inner_text()  # hidden, yet found, and says why
    page.get_by_label("Find a setting").fill("payout account")
    assert page.get_by_label("Payout account").is_visible()
    page.keyboard.press("Escape")
    assert row(page, "store").is_visible()
    assert not row(page, "tip_sku").is_visible()
    page.get_by_label("Find a setting").fill("nothing of the kind")
    assert page.locator("[data-found]").inner_text() == "No setting says this."


def test_rows_are_added_moved_removed_and_saved_by_keyboard(page, depot):
    table = page.get_by_role("group", name="Gateways").or_(page.locator("[data-rows=setting_gateways]")).first
    assert table.locator("[data-row]").count() == 0
    table.get_by_role("button", name="Add row").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "setting_gateways-0-gateway"
    page.keyboard.type("till")
    page.keyboard.press("Tab")
    page.keyboard.type("Cash")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "setting_gateways-1-account"
    page.get_by_label("Gateway, row 2").fill("paypal")
    page.get_by_label("Account, row 2").fill("PayPal")
    page.keyboard.press("Alt+ArrowUp")
    assert page.get_by_label("Gateway, row 1").input_value() == "paypal"
    page.keyboard.press("Enter")
    table.get_by_role("button", name="Add row").click()
    table.get_by_role("button", name="Remove row 3").click()
    found = save(page, depot).settings["gateways"]
    assert [(one["gateway"], one["account"]) for one in found] == [("paypal", "PayPal"), ("till", "Cash")]


PASTE = """([selector, text]) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  document.querySelector(selector).dispatchEvent(
    new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.mark.parametrize(
    "text",
    [
        "Gateway\tAccount\tShare\tKind\npaypal\tPay, Pal\t40\tCash\ntill\tCash\t\tcard\n",
        'paypal,"Pay, Pal",40,cash\r\ntill,Cash,,Card\r\n',
    ],
)
def test_rows_are_pasted_from_a_spreadsheet(page, depot, text):
    page.locator("[data-rows=setting_gateways]").get_by_role("button", name="Add row").click()
    page.evaluate(PASTE, ["[name=setting_gateways-0-gateway]", text])
    assert save(page, depot).settings["gateways"] == [
        {"gateway": "paypal", "account": "Pay, Pal", "share": 40, "kind": "cash"},
        {"gateway": "till", "account": "Cash", "share": None, "kind": "card"},
    ]


def test_a_wrong_cell_is_focused(page):
    table = page.locator("[data-rows=setting_gateways]")
    table.get_by_role("button", name="Add row").click()
    page.get_by_label("Gateway, row 1").fill("till")
    refused(page)
    assert "Row 1, Account" in row(page, "gateways").locator(".errorlist").inner_text()
    assert page.evaluate("document.activeElement.name") == "setting_gateways-0-account"


def test_without_a_script_everything_is_there(open_page, ada, depot):
    page = open_page(user=ada, java_script_enabled=False)
    page.goto(f"{depot.admin_path()}?tab=settings")
    assert row(page, "tip_sku").is_visible()
    assert "Only when “Tips” is on." in row(page, "tip_sku").inner_text()
    assert not page.get_by_label("Find a setting").is_visible()
    assert page.locator("[data-rows=setting_services] [data-row]").count() == 3
    page.get_by_label("Country, row 2").fill("CA")
    page.get_by_label("Service, row 2").fill("Post")
    assert save(page, depot).settings["services"] == {"CA": "Post"}


def test_the_page_keeps_the_policy_and_fits(logged_in_page, ada, depot):
    depot.settings["gateways"] = [{"gateway": "till", "account": "A long name of an account", "kind": "cash"}]
    depot.save()
    for width, theme in ((1280, "light"), (820, "dark"), (390, "dark")):
        page = logged_in_page(ada, width=width, theme=theme)
        page.goto(f"{depot.admin_path()}?tab=settings")
        assert violations(page) == []
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, width


def test_an_assumption_is_confirmed_and_taken_back(logged_in_page, ada, depot):
    page = logged_in_page(ada)
    page.goto(f"{depot.admin_path()}?tab=settings")
    row(page, "zone").get_by_role("link", name="Confirm with your tenant").click()
    target = page.locator("#item-zone")
    target.get_by_label("Who confirmed “Time zone”").fill("Support, ticket 123")
    page.keyboard.press("Enter")
    page.locator(".messagelist").wait_for()
    assert "1 of 1 confirmed" in page.locator(".headline").inner_text()
    assert "“Support, ticket 123”" in target.inner_text()
    target.get_by_role("button", name="Take back").click()
    page.locator("dialog.confirm").get_by_role("button", name="Take back").click()
    page.get_by_text("0 of 1 confirmed").wait_for()
    target.get_by_text("History").click()
    assert "taken back" in target.inner_text()
    page.get_by_text("Open questions as one text").click()
    assert "Our value: UTC" in page.locator("#checklist-questions").inner_text()


def test_the_checklist_keeps_the_policy_and_fits(logged_in_page, ada, depot):
    for width, theme in ((1280, "light"), (390, "dark")):
        page = logged_in_page(ada, width=width, theme=theme)
        page.goto(f"/admin/connectors/connector/{depot.pk}/checklist/")
        assert violations(page) == []
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, width
