"""The desk in a real browser: no violation of the content policy on any page, and what people do there works."""

import json
import uuid

import pytest
from django.utils import timezone

from connectors.models import Connector, Profile
from events import bodies, exchanges
from events.exchanges import Exchange
from events.models import Event, Family, Kind, Mail, Outcome, Reason, Rejection, RequestState
from events.record import New, record
from tests.browser.conftest import violations

pytestmark = pytest.mark.browser
LIST = "/admin/events/event/"


def made(**more) -> Event:
    base = {
        "kind": Kind.WEBHOOK,
        "topic": "orders/create",
        "connector_id": 1,
        "connector_name": "Shop",
        "provider": "x",
    }
    return Event.objects.get(pk=record(New(**(base | more))).event_id)


@pytest.fixture
def history(transactional_db) -> dict[str, object]:
    """A little of everything that a page can show."""
    connector = Connector.objects.create(name="Shop", slug="shop", provider_slug="nobody")
    order = {
        "id": 5920000000001,
        "name": "#EX-1",
        "note": "</script><script>alert(1)</script>",
        "lines": [{"sku": f"S-{i}"} for i in range(300)],
    }
    failed = made(
        connector_id=connector.pk, outcome=Outcome.FAILED, reason=Reason.REFUSED,
        sentence="Xoro refused it: <b>no</b>.",
        object_label="#EX-1", object_type="order", payload=json.dumps(order).encode(), keys=[("order_number", "#EX-1")],
        headers={"X-Topic": "orders/create"},
    )  # fmt: skip
    Event.objects.filter(pk=failed.pk).update(
        finished_at=timezone.now(), duration_ms=800, notes=[{"code": "a", "text": "A remark."}]
    )
    request_id = uuid.uuid4()
    exchanges.write(
        failed.pk, failed.received_at,
        Exchange(
            id=request_id, attempt=1, method="POST", endpoint="https://erp.example/orders?a=1",
            requested_at=timezone.now(),
            request_headers={"Authorization": "***"}, request_body=b'{"a": 1}', status=422, state=RequestState.ANSWERED,
            duration_ms=41, response_body=b"<html><script>alert(1)</script></html>", response_size=38,
        ),
    )  # fmt: skip
    made(
        parent_id=failed.pk,
        kind=Kind.DELIVERY,
        topic="order/deliver",
        outcome=Outcome.WAITING,
        reason=Reason.RETRY,
        connector_id=connector.pk,
    )
    for number in range(60):
        made(outcome=Outcome.SUCCEEDED, object_label=f"#OK-{number}", connector_id=connector.pk)
    Family.objects.create(
        connector_id=connector.pk,
        cause="c",
        reason=Reason.REFUSED,
        sentence="Refused.",
        first_event_id=failed.pk,
        last_event_id=failed.pk,
    )
    mail = Mail.objects.create(
        kind="first", sender="a@b.example", receiver="c@d.example", subject="Subject", text="Text"
    )
    Rejection.objects.create(day=timezone.now().date(), reason="bad_signature", count=7)
    return {"failed": failed, "request": request_id, "mail": mail}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("who", ["ada", "sam"])
def test_every_page_keeps_the_policy_and_fits(request, logged_in_page, history, who, width, theme):
    user = request.getfixturevalue(who)
    paths = [
        "/admin/", LIST, f"{LIST}?q=EX-1", f"{LIST}?outcome=failed&since=1h", f"{LIST}?q=none",
        f"{LIST}{history['failed'].pk}/change/", f"/admin/events/relatedrequest/{history['request']}/change/",
        "/admin/events/family/", "/admin/events/family/?state=past", "/admin/events/rejection/", "/admin/preferences/",
        "/admin/password_change/",
    ]  # fmt: skip
    if who == "ada":
        paths += ["/admin/events/mail/", f"/admin/events/mail/{history['mail'].pk}/change/", "/admin/auth/user/",
                  "/admin/auth/user/add/", f"/admin/auth/user/{user.pk}/change/"]  # fmt: skip
    page = logged_in_page(user, width=width, theme=theme)
    for path in paths:
        answer = page.goto(path)
        assert answer.status == 200, path
        assert violations(page) == [], path
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} is {wide} px too wide"
    assert page.troubles == []


def test_logging_in_and_out(page, ada):
    Profile.objects.create(user=ada, time_zone="Asia/Tokyo")
    page.goto("/admin/events/event/")
    page.fill("#id_username", "ada")
    page.fill("#id_password", "wrong")
    page.click("button:has-text('Log in')")
    assert "correct username and password" in page.text_content("[role=alert]")
    page.fill("#id_username", "ada")
    page.fill("#id_password", "password")
    page.click("button:has-text('Log in')")
    page.wait_for_url("**/admin/events/event/")
    assert "Asia/Tokyo" in page.text_content("footer")
    page.click("details.menu summary")
    page.click("text=Log out")
    page.wait_for_selector("text=Log in again")


def test_an_event_is_found_from_anywhere_by_keyboard(logged_in_page, history, sam):
    page = logged_in_page(sam)
    page.goto("/admin/")
    page.keyboard.press("/")
    page.keyboard.type("EX-1")
    page.wait_for_selector("dialog.command >> text=#EX-1")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{LIST}{history['failed'].pk}/change/")
    assert "Xoro refused it: <b>no</b>." in page.text_content(".outcome__sentence")
    page.keyboard.press("Control+k")
    page.keyboard.type("rejec")
    page.wait_for_selector("dialog.command [aria-selected=true] >> text=Rejections")
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/events/rejection/")


def test_the_payload_folds_and_is_searched(logged_in_page, history, sam):
    page = logged_in_page(sam)
    page.goto(f"{LIST}{history['failed'].pk}/change/")
    page.wait_for_selector(".tree")
    assert page.locator(".tree__line").count() < 20
    page.fill(".tree__find input", "S-250")
    page.wait_for_selector(".tree__line.is-current >> text=S-250")
    assert page.text_content(".tree__hits") == "1 of 1"
    page.click("text=As text")
    assert '"sku": "S-299"' in page.text_content("pre#payload-text")
    page.click("text=As tree")
    page.click(".tree__fold >> nth=0")
    assert page.get_attribute(".tree__fold >> nth=0", "aria-expanded") == "false"


def test_without_scripts_the_payload_is_readable(logged_in_page, history, sam):
    page = logged_in_page(sam, java_script_enabled=False)
    page.goto(f"{LIST}{history['failed'].pk}/change/")
    assert '"name": "#EX-1"' in page.text_content("pre#payload-text")


def test_a_big_payload_does_not_hold_the_page(logged_in_page, sam):
    rows = [{"id": number, "price": "10.00", "title": "A title " * 8} for number in range(40_000)]
    event = made(payload=json.dumps({"rows": rows}).encode(), outcome=Outcome.SUCCEEDED)
    assert len(bodies.read(event.pk, "payload", event.received_at)) > 4_000_000
    page = logged_in_page(sam)
    page.goto(f"{LIST}{event.pk}/change/")
    page.wait_for_selector(".tree >> text=40000")
    page.click(".tree__fold >> nth=1")
    page.wait_for_selector("text=39900 more")
    assert page.locator(".tree__line").count() < 300
    page.fill(".tree__find input", "39999")
    page.wait_for_selector(".tree__line.is-current >> text=39999")
    assert page.locator(".tree__line").count() < 400
    page.click("text=39979 before")
    page.wait_for_selector("text=39900 more")


def test_retry_and_resolve_ask_first(logged_in_page, history, sam):
    page = logged_in_page(sam)
    page.goto(f"{LIST}?resolved=no")
    page.click("[name=_selected_action] >> nth=0")
    page.click("button:has-text('Mark resolved')")
    assert "Mark 1 event resolved?" in page.text_content("dialog.confirm")
    page.keyboard.press("Escape")
    assert Event.objects.get(pk=history["failed"].pk).resolved_at is None
    page.click("button:has-text('Mark resolved') >> nth=0")
    page.fill("dialog.confirm textarea", "Entered by hand.")
    page.click("dialog.confirm button:has-text('Mark resolved')")
    page.wait_for_selector("text=1 event was marked resolved.")
    assert Event.objects.get(pk=history["failed"].pk).resolved_note == "Entered by hand."
    page.goto(f"{LIST}?q=EX-1")
    page.click("[data-tick-all]")
    page.click("button:has-text('Retry')")
    assert "Retry 1 event?" in page.text_content("dialog.confirm")
    page.click("dialog.confirm button:has-text('Retry')")
    page.wait_for_selector("text=1 event was queued again.")
    assert Event.objects.get(pk=history["failed"].pk).outcome == Outcome.QUEUED


def test_pages_of_the_list_are_walked(logged_in_page, history, sam):
    page = logged_in_page(sam)
    page.goto(LIST)
    first = page.text_content("tr.event th >> nth=0")
    page.click("a:has-text('Older')")
    page.wait_for_url("**older=*")
    assert page.text_content("tr.event th >> nth=0") != first
    page.click("a:has-text('Newer')")
    page.wait_for_url("**newer=*")
    assert page.text_content("tr.event th >> nth=0") == first
    page.select_option("select[name=outcome]", "failed")
    page.wait_for_url("**outcome=failed*")
    assert page.locator("tr.event").count() == 1


def test_an_open_event_is_followed(logged_in_page, sam):
    event = made(outcome=Outcome.RUNNING, object_label="#EX-2", payload=b'{"a": 1}')
    Event.objects.filter(pk=event.pk).update(started_at=timezone.now(), attempts=1)
    page = logged_in_page(sam)
    page.goto(f"{LIST}{event.pk}/change/")
    assert "Request data is being written" in page.text_content("#live-requests")
    exchanges.write(
        event.pk, event.received_at,
        Exchange(id=uuid.uuid4(), attempt=1, method="GET", endpoint="https://erp.example/later",
                 requested_at=timezone.now(), status=200),
    )  # fmt: skip
    page.wait_for_selector("#live-requests >> text=erp.example/later")
    Event.objects.filter(pk=event.pk).update(
        outcome=Outcome.SUCCEEDED, sentence="It is there.", finished_at=timezone.now()
    )
    page.wait_for_selector("text=It is there.")
    page.wait_for_selector("#live-payload .tree")
    assert page.get_attribute("#live-outcome", "hx-get") is None


def test_the_menu_on_a_telephone_works_by_keyboard(logged_in_page, history, sam):
    page = logged_in_page(sam, width=390)
    page.goto("/admin/")
    assert not page.is_visible(".sidebar a >> nth=1")
    page.focus("[data-toggle-menu]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sidebar__nav a:has-text('Events')")
    page.keyboard.press("Escape")
    assert page.get_attribute("[data-toggle-menu]", "aria-expanded") == "false"
    page.click("[data-toggle-menu]")
    page.click(".sidebar__nav a:has-text('Events')")
    page.wait_for_url(f"**{LIST}")


def test_the_first_key_leads_past_the_sidebar(logged_in_page, sam):
    page = logged_in_page(sam)
    page.goto("/admin/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content-start"


def test_the_theme_can_be_chosen(logged_in_page, sam):
    page = logged_in_page(sam)
    page.goto("/admin/")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click(".theme-toggle")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before


def test_the_browsers_time_zone_is_offered(logged_in_page, sam):
    page = logged_in_page(sam, timezone_id="Europe/Berlin")
    page.goto("/admin/preferences/")
    page.click("text=Use it")
    page.click("button:has-text('Save')")
    page.wait_for_selector("text=Times are shown in Europe/Berlin.")
    assert Profile.objects.get(user=sam).time_zone == "Europe/Berlin"
    event = made(outcome=Outcome.SUCCEEDED)
    page.goto(f"{LIST}{event.pk}/change/")
    assert "CE" in page.text_content(".timeline")


def test_a_request_is_copied_as_a_command(logged_in_page, history, sam):
    page = logged_in_page(sam)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/admin/events/relatedrequest/{history['request']}/change/")
    page.click("text=Copy as cURL")
    page.wait_for_selector("text=Copied")
    command = page.evaluate("navigator.clipboard.readText()")
    assert command.startswith("curl -X POST 'https://erp.example/orders?a=1'")
    assert "<your Authorization>" in command
