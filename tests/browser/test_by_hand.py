"""Bringing in again and asking, in a real browser: against real sandboxes, at both widths and in both themes."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from connectors.models import Route
from connectors.run import Run
from connectors.xoro.options import OrderOptions
from connectors.xoro.salesorders import sales_order
from events.drain import Drainer
from events.models import Event, Outcome
from tests.connectors.xoro.cast import make_order

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("HUB_PICTURES", "")


@pytest.fixture
def shop(install):
    return install("shopify", name="Lumen Goods")


@pytest.fixture
def erp(install, shop):
    made = install(
        "xoro", name="Xoro", import_start_date="2026-03-08", import_enabled=True, import_time_zone="America/Toronto"
    )
    Route.objects.create(source=shop, target=made, record_kind="order", options={})
    return made


def picture(page, name: str) -> None:
    page.wait_for_load_state()  # a click has only begun to lead elsewhere
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over <= 0, f"{name} is {over} px too wide"


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_days_are_counted_confirmed_followed_and_done(logged_in_page, supporter, shop, erp, width, theme):
    page = logged_in_page(supporter, width=width, theme=theme)
    page.goto(f"{erp.admin_path()}?tab=overview")
    page.click("a:has-text('Bring in again')")
    picture(page, f"import-{width}-{theme}")
    page.fill("#days-first", str(timezone.localdate() - timedelta(days=30)))
    page.fill("#days-last", str(timezone.localdate()))
    page.check("form:has(#days-first) >> text=Also before the start date")
    page.click("text=See how many")
    page.wait_for_selector("#asked-head")
    picture(page, f"import-asked-{width}-{theme}")
    page.click("button[name=start]")
    page.wait_for_selector("#import-progress >> text=Under way")
    picture(page, f"import-under-way-{width}-{theme}")
    Drainer(0).run()
    page.wait_for_selector("#import-progress >> text=Finished", timeout=15000)
    picture(page, f"import-finished-{width}-{theme}")
    assert Event.objects.get(topic="period:orders").forced_by == "sam"


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark"), (1280, "dark"), (390, "light")])
def test_every_kind_is_offered_with_what_its_days_mean(logged_in_page, supporter, sandbox, shop, erp, width, theme):
    for kind in ("refund", "payout", "gift_card", "return"):
        Route.objects.create(source=shop, target=erp, record_kind=kind, options={})
    for kind in ("shipment", "product"):
        Route.objects.create(source=erp, target=shop, record_kind=kind, options={})
    page = logged_in_page(supporter, width=width, theme=theme)
    page.goto(reverse("admin:connectors_connector_import", args=[erp.pk]))
    offered = page.locator("#days-way option").all_inner_texts()
    assert offered == [
        "Gift cards from Lumen Goods", "Orders from Lumen Goods", "Payouts from Lumen Goods", "Refunds from Lumen Goods",
        "Loop returns into Xoro", "Products from Xoro", "Shipments from Xoro",
    ]  # fmt: skip
    picture(page, f"import-kinds-{width}-{theme}")
    page.select_option("#days-way", label="Loop returns into Xoro")
    page.fill("#days-first", str(timezone.localdate() - timedelta(days=30)))
    page.fill("#days-last", str(timezone.localdate()))
    page.click("text=See how many")
    page.wait_for_selector("#asked-head >> text=Loop returns from")
    assert page.locator("text=Xoro takes each of them in itself.").count() == 1
    picture(page, f"import-loop-{width}-{theme}")


def test_what_is_under_way_is_cancelled_after_a_question(logged_in_page, supporter, shop, erp):
    page = logged_in_page(supporter)
    page.goto(reverse("admin:connectors_connector_import", args=[erp.pk]))
    page.fill("#number-number", "#2207")
    page.click("form:has(#number-number) button")
    page.wait_for_selector("#import-progress")
    cancel = page.locator("#import-progress button:has-text('Cancel')")
    with page.expect_response("**/import/*/"):
        cancel.focus()
    page.wait_for_timeout(300)
    assert page.evaluate("document.activeElement.textContent") == "Cancel"  # though the page has drawn it anew
    page.keyboard.press("Enter")
    with page.expect_response("**/import/*/"):
        page.wait_for_selector("dialog button:has-text('Cancel it')")
    page.wait_for_timeout(300)
    page.click("dialog button:has-text('Cancel it')")  # and who thinks it over for longer is still asking
    page.wait_for_selector("text=What had begun goes on.")
    assert Event.objects.get(topic="single:order").outcome == Outcome.SKIPPED


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_invoices_are_read_page_by_page_to_the_end(logged_in_page, supporter, sandbox, erp, width, theme):
    run = Run(erp, None)
    for number in range(3):
        order = make_order(id=str(number), number=str(2041 + number), name=f"#{2041 + number}", payments=())
        body = sales_order(order, run.settings, OrderOptions(), origin="lumen")
        so_number = run.client.write("create_sales_order", body)["SoEstimateHeader"]["OrderNumber"]
        sandbox.post("/xoro/_sandbox/ship", {"order_number": so_number})
    page = logged_in_page(supporter, width=width, theme=theme)
    page.goto(f"{erp.admin_path()}?tab=overview")
    page.click(".toolbar a:has-text('Ask')")
    picture(page, f"ask-{width}-{theme}")
    page.click("button:has-text('Ask')")
    page.wait_for_selector("#ask-answers >> text=It was not asked.")
    page.fill("[name=third_party_customer_id]", "7710042001")
    page.click("form.stack button:has-text('Ask')")
    page.wait_for_selector("#ask-answers table")
    assert page.locator("#ask-answers > section tbody > tr:not(.ask__part)").count() >= 3
    page.click(".ask__part summary >> nth=0")
    picture(page, f"ask-answer-{width}-{theme}")
    page.click("text=Read to the end")
    page.wait_for_selector(".ask__end", timeout=20000)
    picture(page, f"ask-end-{width}-{theme}")
    assert Event.objects.filter(topic="invoices/lookup", outcome=Outcome.SUCCEEDED).count() >= 3
