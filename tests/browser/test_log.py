"""The log of a connector in a real browser: read, filtered, acted on, at both widths and in both themes."""

from __future__ import annotations

import json
import os
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from connectors.admin.log import path
from events.models import Event, Kind, Outcome, Reason
from events.record import New, record

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("HUB_PICTURES", "")


@pytest.fixture
def erp(install):
    connector = install("xoro", name="Xoro")
    shop = install("shopify", name="Shopify EU")
    texts = {
        2: ("failed", "configuration", "Xoro has no account “Deposits EU”; the order was not created."),
        5: ("failed", "refused", "Xoro does not know the item MUG-BLU-350."),
        7: ("skipped", "filtered", "Order #EX-2007 is older than the start of the integration and was left out."),
    }
    for number in range(1, 13):
        outcome, reason, sentence = texts.get(
            number, ("succeeded", "", f"Created sales order WEB-S0007{number:02} in Xoro.")
        )
        common = {
            "object_type": "order",
            "object_id": str(551230077700 + number),
            "object_label": f"#EX-{2000 + number}",
        }
        parent = record(New(
            kind=Kind.WEBHOOK, topic="orders/create", connector_id=shop.pk, connector_name=shop.name, provider="shopify",
            outcome=Outcome.SUCCEEDED, sentence="Order read from the shop and handed to 1 route.", **common,
        )).event_id  # fmt: skip
        child = record(New(
            kind=Kind.DELIVERY, topic="order/deliver", connector_id=connector.pk, connector_name="Xoro", provider="xoro",
            outcome=Outcome(outcome), reason=reason, sentence=sentence, parent_id=parent, payload=json.dumps({}).encode(),
            lock_key=f"route1:order:{number}", keys=[("order_number", f"EX-{2000 + number}")], **common,
        )).event_id  # fmt: skip
        at = timezone.now() - timedelta(minutes=13 - number)
        Event.objects.filter(pk__in=[parent, child]).update(received_at=at)
    record(New(
        kind=Kind.SCHEDULE, topic="sync:failed", connector_id=connector.pk, connector_name="Xoro", provider="xoro",
        outcome=Outcome.SUCCEEDED, sentence="2 failed transactions queued again.",
    ))  # fmt: skip
    return connector


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_log_fits_full_and_empty(logged_in_page, administrator, erp, install, width, theme):
    page = logged_in_page(administrator, width=width, theme=theme)
    event = Event.objects.get(object_label="#EX-2005", kind="delivery")
    paths = {
        "log": path(erp), "log-errors": f"{path(erp)}?errors=only", "log-general": f"{path(erp)}?flow=general",
        "log-none": f"{path(erp)}?q=nothing+like+it", "log-empty": path(install("xoro", name="Second")),
        "log-steps": f"/admin/events/event/{event.pk}/change/", "log-overview": f"{erp.admin_path()}?tab=overview",
    }  # fmt: skip
    for name, address in paths.items():
        assert page.goto(address).status == 200, address
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/{name}-{width}-{theme}.png", full_page=True)
        assert over <= 0, f"{address} is {over} px too wide"


def test_a_row_is_resolved_leaves_the_count_and_is_taken_back(logged_in_page, supporter, erp):
    page = logged_in_page(supporter)
    page.goto(path(erp))
    assert "2" in page.text_content(".tabs [aria-current=page] .pill")
    page.check("text=Show errors only")
    page.wait_for_url("**errors=only**")
    page.click("[aria-label='Mark #EX-2005 as resolved']")
    page.fill("dialog textarea", "Item made in Xoro.")
    page.click("dialog button:has-text('Mark as resolved')")
    page.wait_for_selector("text=1 event was marked resolved.")
    assert page.text_content(".tabs [aria-current=page] .pill").strip().startswith("1")
    page.check("text=Hide resolved")
    page.wait_for_url("**hide=resolved**")
    assert not page.query_selector("text=#EX-2005")
    page.uncheck("text=Hide resolved")
    page.wait_for_url(re.compile(r"errors=only(?!.*hide)"))
    page.click("[aria-label='Mark #EX-2005 as unresolved']")
    page.wait_for_selector("text=1 event was marked unresolved.")
    assert page.text_content(".tabs [aria-current=page] .pill").strip().startswith("2")


def test_chosen_rows_are_re_run_after_a_question(logged_in_page, supporter, erp):
    page = logged_in_page(supporter)
    page.goto(f"{path(erp)}?errors=only")
    page.check("[data-tick-all]")
    page.click("[data-bulk] button:has-text('Re-run')")
    assert "Re-run 2 transactions?" in page.text_content("dialog")
    page.click("dialog button:has-text('Re-run')")
    page.wait_for_selector("text=2 events were queued again.")
    assert Event.objects.filter(connector_id=erp.pk, outcome=Outcome.QUEUED, triggered_by="sam").count() == 2


def test_the_import_date_opens_every_step_in_order(logged_in_page, reader, erp):
    page = logged_in_page(reader)
    page.goto(f"{path(erp)}?q=EX-2002")
    page.click("table.log th a")
    page.wait_for_selector("h2:has-text('Steps')")
    steps = page.text_content("ol.timeline")
    assert steps.index("orders/create at Shopify EU") < steps.index("Created") < steps.index("Failed")
    assert Event.objects.filter(reason=Reason.CONFIGURATION).count() == 1
