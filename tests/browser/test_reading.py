"""Pages for who works without a mouse, without sight, on a telephone, or on paper."""

from __future__ import annotations

import pytest
from django.utils import timezone

from connectors.models import Connector
from events.models import Event, Family, Kind, Outcome, Reason
from events.record import New, record
from tests.browser.rules import COVERED, DANGLING, LANDMARKS, NAMELESS

pytestmark = pytest.mark.browser
LIST = "/admin/events/event/"

OVERFLOW = "one => [one.scrollWidth - one.clientWidth, one.scrollHeight - one.clientHeight]"


def event_of(depot: Connector, **more: object) -> Event:
    base = {"kind": Kind.DELIVERY, "topic": "order/deliver", "connector_id": depot.pk, "connector_name": "Depot",
            "provider": "warehouse"}  # fmt: skip
    return Event.objects.get(pk=record(New(**(base | more))).event_id)


def test_every_field_has_a_name_and_every_reference_leads_somewhere(logged_in_page, ada, depot):
    event = event_of(depot, outcome=Outcome.FAILED, reason=Reason.REFUSED, payload=b'{"a": {"b": 1}}')
    page = logged_in_page(ada)
    here = f"/admin/connectors/connector/{depot.pk}"
    for path in (
        "/admin/", "/admin/connectors/connector/", "/admin/connectors/connector/add/", f"{here}/change/",
        f"{here}/change/?tab=settings", f"{here}/checklist/", f"{here}/log/", f"{here}/history/", f"{here}/delete/",
        LIST, f"{LIST}{event.pk}/change/", "/admin/connectors/figure/", "/admin/connectors/link/", "/admin/preferences/",
        "/admin/help/connectors/xoro/",
    ):  # fmt: skip
        page.goto(path)
        assert page.evaluate(DANGLING) == [], path
        assert page.evaluate(NAMELESS) == [], path
        assert page.locator("h1").count() == 1, path
        landmarks = page.evaluate(LANDMARKS)
        assert len(landmarks) == len(set(landmarks)), path


def test_boxes_and_tables_of_a_setting_are_groups_with_its_name_and_help(logged_in_page, ada, depot):
    page = logged_in_page(ada)
    page.goto(f"{depot.admin_path()}?tab=settings")
    group = page.get_by_role("group", name="Gateways", exact=True)
    assert group.locator("[data-rows=setting_gateways]").count() == 1
    group.get_by_role("button", name="Add row").click()
    page.get_by_label("Gateway, row 1").fill("till")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator(".errornote").wait_for()
    described = page.get_by_label("Account, row 1").get_attribute("aria-describedby").split()
    assert "Row 1, Account" in page.locator(f"#{described[-1]}").inner_text()
    described = page.get_by_role("group", name="Gateways", exact=True).get_attribute("aria-describedby").split()
    assert "Row 1, Account" in page.locator(f"#{described[-1]}").inner_text()


def test_a_refused_form_lists_its_errors_and_each_leads_to_its_field(logged_in_page, ada, depot):
    page = logged_in_page(ada)
    page.goto(f"{depot.admin_path()}?tab=settings")
    page.get_by_label("Address").fill("")
    page.get_by_role("checkbox", name="Gift cards").check()
    page.locator("[data-rows=setting_gateways]").get_by_role("button", name="Add row").click()
    page.get_by_label("Gateway, row 1").fill("till")
    page.get_by_role("button", name="Save", exact=True).click()
    note = page.locator(".errornote")
    note.wait_for()
    assert "Address: This field is required." in note.inner_text()
    assert page.evaluate("document.activeElement.id") == "id_setting_base_url"
    note.get_by_role("link", name="Gateways").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "setting_gateways-0-account"


def test_what_the_keyboard_reaches_is_never_below_a_bar(logged_in_page, ada, depot):
    for number in range(40):
        event_of(depot, object_label=f"#{number}", outcome=Outcome.SUCCEEDED, sentence="It is there. " * 8)
    for width in (1280, 390):
        page = logged_in_page(ada, width=width, height=600)
        for path in (LIST, f"{depot.admin_path()}?tab=settings"):
            page.goto(path)
            for key in ["Tab"] * 70 + ["Shift+Tab"] * 50:
                page.keyboard.press(key)
                assert not page.evaluate(COVERED), (path, width, page.evaluate("document.activeElement.outerHTML"))


def test_what_is_typed_into_the_box_of_the_top_bar_is_looked_for_whole(logged_in_page, ada, depot):
    event_of(depot, object_label="#EX-7", keys=[("order_number", "#EX-7")], outcome=Outcome.SUCCEEDED)
    page = logged_in_page(ada)
    page.goto("/admin/")
    page.locator(".find input").focus()
    page.keyboard.type("EX-7")
    page.wait_for_selector("dialog.command >> text=#EX-7")
    assert page.locator("dialog.command input").input_value() == "EX-7"


def test_an_event_that_is_followed_leaves_focus_and_questions_alone_and_says_its_outcome(logged_in_page, ada, depot):
    event = event_of(depot, outcome=Outcome.WAITING, reason=Reason.RETRY, object_label="#EX-8")
    page = logged_in_page(ada)
    page.goto(f"{LIST}{event.pk}/change/")
    retry = page.get_by_role("button", name="Retry now")
    retry.focus()
    old = page.locator("#live-outcome").element_handle()
    with page.expect_response("**/live/**"):
        page.evaluate("htmx.ajax('GET', location.pathname.replace('change', 'live'), "
                      "{target: '#live-outcome', select: '#live-outcome', swap: 'outerHTML'})")  # fmt: skip
    page.wait_for_function("one => !one.isConnected", arg=old)
    page.wait_for_function("document.activeElement.textContent.includes('Retry now')")
    Event.objects.filter(pk=event.pk).update(
        outcome=Outcome.SUCCEEDED, reason="", sentence="It is there.", finished_at=timezone.now()
    )
    page.wait_for_selector("[data-live-status] >> text=Now succeeded. It is there.", state="attached", timeout=20_000)


@pytest.mark.parametrize("path", ["/admin/connectors/figure/", "/admin/connectors/link/"])
def test_a_list_without_buttons_shows_its_heading(logged_in_page, ada, path):
    page = logged_in_page(ada)
    page.goto(path)
    heading, card = page.locator("h1").bounding_box(), page.locator("#changelist").bounding_box()
    assert heading["y"] + heading["height"] <= card["y"]


def test_no_list_of_events_is_cut_at_a_usual_width(logged_in_page, ada, depot):
    event_of(
        depot, object_label="#2208 -86.03 USD", object_type="bulk_operation", topic="orders/risk_assessment_changed",
        outcome=Outcome.FAILED, reason=Reason.REFUSED, sentence="Refused. " * 20,
    )  # fmt: skip
    page = logged_in_page(ada)
    page.goto(LIST)
    assert page.locator(".table-wrap").evaluate(OVERFLOW)[0] <= 0


@pytest.mark.parametrize("width", [1100, 1024, 940, 820])
def test_at_widths_between_the_bar_is_one_line_and_nothing_sticks_out(logged_in_page, ada, depot, width):
    event = event_of(depot, outcome=Outcome.FAILED, reason=Reason.REFUSED, sentence="Refused.")
    Family.objects.create(
        connector_id=depot.pk, cause="c", reason=Reason.REFUSED, sentence="Refused.", topic="order/deliver",
        first_event_id=event.pk, last_event_id=event.pk,
    )  # fmt: skip
    page = logged_in_page(ada, width=width)
    for path in (
        "/admin/",
        "/admin/events/family/",
        LIST,
        f"{depot.admin_path()}?tab=settings",
        "/admin/connectors/link/",
    ):
        page.goto(path)
        bar, avatar = page.locator("#header").bounding_box(), page.locator(".avatar").bounding_box()
        assert avatar["y"] + avatar["height"] <= bar["y"] + bar["height"], path
        assert page.locator("html").evaluate(OVERFLOW)[0] <= 0, path


def test_a_connector_without_settings_leads_to_them(logged_in_page, ada, depot):
    Connector.objects.filter(pk=depot.pk).update(settings={}, secrets={})
    page = logged_in_page(ada)
    page.goto(f"{depot.admin_path()}?tab=overview")
    page.locator(".notice").get_by_role("link", name="Settings").click()
    page.get_by_label("Find a setting").wait_for()


def test_a_connector_that_fails_leads_to_its_failures(logged_in_page, ada, depot):
    event = event_of(depot, outcome=Outcome.FAILED, reason=Reason.REFUSED, object_label="#EX-11", sentence="Refused.")
    Connector.objects.filter(pk=depot.pk).update(last_failure_at=timezone.now(), last_failure="Refused.")
    page = logged_in_page(ada)
    page.goto(f"{depot.admin_path()}?tab=overview")
    page.locator(".notice").get_by_role("link", name="Open failures").click()
    page.get_by_role("link", name="#EX-11").click()
    page.wait_for_url(f"**{LIST}{event.pk}/change/")


def test_on_a_telephone_recent_events_stand_below_each_other(logged_in_page, ada, depot):
    event_of(depot, object_label="#EX-9", outcome=Outcome.SUCCEEDED, sentence="Order #EX-9 is in the depot as 4711.")
    page = logged_in_page(ada, width=390)
    page.goto(f"{depot.admin_path()}?tab=overview")
    cell = page.get_by_text("Order #EX-9 is in the depot as 4711.").bounding_box()
    assert cell["x"] >= 0
    assert cell["x"] + cell["width"] <= 390


def test_on_paper_an_event_is_whole_and_has_no_buttons(logged_in_page, ada, depot):
    lines = ", ".join(f'"line {number}"' for number in range(200))
    event = event_of(
        depot, object_label="#EX-10", outcome=Outcome.FAILED, reason=Reason.REFUSED, sentence="Refused.",
        payload=f'{{"lines": [{lines}]}}'.encode(),
    )  # fmt: skip
    page = logged_in_page(ada, width=720, theme="dark")
    page.goto(f"{LIST}{event.pk}/change/")
    page.locator(".tree").wait_for()
    page.locator(".tree__fold").nth(1).click()
    page.emulate_media(media="print", color_scheme="dark")
    for gone in (".sidebar", ".topbar", ".body__bar", ".outcome .toolbar", ".shell__foot"):
        assert not page.locator(gone).first.is_visible(), gone
    assert page.locator(".tree").evaluate(OVERFLOW)[1] <= 0
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(23, 30, 43)"  # ink, not light


def test_a_connector_nobody_changed_says_so_in_its_own_words(logged_in_page, ada, depot):
    page = logged_in_page(ada)
    page.goto(f"/admin/connectors/connector/{depot.pk}/history/")
    assert "Nobody has changed Depot yet" in page.locator("main").inner_text()
    assert page.locator(".breadcrumbs").inner_text().split(" › ") == ["Overview", "Connectors", "Depot", "History"]
