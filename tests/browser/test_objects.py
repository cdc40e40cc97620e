"""Panels, pages of objects and help in a real browser: at both widths, in both themes, without a trouble."""

from __future__ import annotations

import json
import os

import pytest

from connectors import notices
from connectors.models import Link, LinkState
from events import bodies
from events.models import Event, Kind, Outcome
from events.record import New, record
from integration_hub import handbook

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("HUB_PICTURES", "")  # a folder to look at what was seen


@pytest.fixture
def shop(install):
    connector = install("shopify", name="Shopify EU", offers_rates=True, rates_table="DE | * | | Post | POST | 4 EUR |")
    connector.memory = {"carrier": {"id": "gid://shopify/DeliveryCarrierService/1"}}
    connector.save()
    return connector


@pytest.fixture
def order(shop, install):
    erp = install("xoro", name="Xoro")
    common = {"object_type": "order", "object_id": "5512300777001", "object_label": "#EX-2041"}
    ids = []
    for number in range(12):
        outcome = Outcome.FAILED if number == 4 else Outcome.SUCCEEDED
        sentence = "Xoro does not know the item MUG-BLU-350." if number == 4 else "The order was read and handed on."
        ids.append(record(New(
            kind=Kind.WEBHOOK, topic="orders/updated", connector_id=shop.pk, connector_name=shop.name,
            provider="shopify", outcome=outcome, sentence=sentence, **common,
        )).event_id)  # fmt: skip
    newest = Event.objects.get(pk=ids[-1])
    read = {"name": "#EX-2041", "createdAt": "2026-11-20T09:12:00Z", "currencyCode": "EUR", "note": "ring twice",
            "displayFinancialStatus": "PAID", "test": False, "email": "mira@example.org", "lineItems": [1]}  # fmt: skip
    bodies.store(newest.pk, "object", json.dumps(read).encode(), newest.received_at)
    child = record(New(
        kind=Kind.DELIVERY, topic="order/deliver", connector_id=erp.pk, connector_name=erp.name, provider="xoro",
        outcome=Outcome.SUCCEEDED, sentence="Created in Xoro as SO-4711.", parent_id=newest.pk, **common,
    )).event_id  # fmt: skip
    Link.objects.create(
        source=shop, target=erp, record_kind="order", source_object_id="5512300777001", source_number="#EX-2041",
        target_object_id="88121", target_number="SO-4711", state=LinkState.DELIVERED, last_event_id=child,
    )  # fmt: skip
    notices.warn(shop.pk, "version", "Shopify answered with version 2026-07 instead of 2026-10.", "Update the hub.")
    return newest


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_new_page_fits_and_has_no_trouble(logged_in_page, administrator, shop, order, width, theme):
    page = logged_in_page(administrator, width=width, theme=theme)
    paths = {
        "panels": f"{shop.admin_path()}?tab=more", "overview": f"{shop.admin_path()}?tab=overview",
        "object": f"/admin/objects/{shop.pk}/order/5512300777001/", "event": f"/admin/events/event/{order.pk}/change/",
        "install": "/admin/connectors/connector/add/", "help": "/admin/help/",
        **{f"help-{name.replace('/', '-')}": f"/admin/help/{name}/" for name in handbook.listed()},
        "settings": f"{shop.admin_path()}?tab=settings",
    }  # fmt: skip
    for name, path in paths.items():
        assert page.goto(path).status == 200, path
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/{name}-{width}-{theme}.png")
        assert over <= 0, f"{path} is {over} px too wide"


def test_from_an_event_to_its_object_and_on_to_the_target(logged_in_page, administrator, shop, order):
    page = logged_in_page(administrator)
    page.goto(f"/admin/events/event/{order.pk}/change/")
    page.click("h1 a:has-text('#EX-2041')")
    page.wait_for_url(f"**/admin/objects/{shop.pk}/order/5512300777001/")
    page.click("a:has-text('SO-4711')")
    assert page.text_content("h1") == "Order #EX-2041" or "88121" in page.url


def test_a_panels_button_starts_its_sync(logged_in_page, administrator, shop):
    page = logged_in_page(administrator)
    page.goto(f"{shop.admin_path()}?tab=more")
    page.click("#panel-rates button:has-text('Carrier service')")
    page.wait_for_selector("text=is under way")
    assert Event.objects.filter(topic="sync:carrier_service").count() == 1
