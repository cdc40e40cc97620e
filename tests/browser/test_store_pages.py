"""The hub's pages inside a shop's admin, in a real browser: no session, no script of their own, a strict policy."""

from __future__ import annotations

import pytest

from connectors.models import Route
from connectors.shopify.sandbox import LUMEN
from events.drain import Drainer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_chosen_orders_are_sent_and_their_progress_comes_by_itself(
    open_page, live_server, install, sandbox, width, theme
):
    shop = install("shopify", name="Lumen Goods")
    Route.objects.create(source=shop, target=install("xoro", name="Xoro"), record_kind="order", options={})
    here = f"{live_server.url}/hooks/{shop.webhook_token}"
    wish = {"shop": LUMEN, "url": f"{here}/sync-orders", "ids": ["6900100300005", "6900100300007"], "embedded": False}
    page = open_page(width=width, theme=theme)
    page.goto(sandbox.post("/shopify/_sandbox/admin-link", wish)["url"])
    assert page.get_by_role("heading", name=f"Send 2 orders of {LUMEN}?").is_visible()
    page.get_by_role("button", name="Send 2 orders").click()
    page.wait_for_url("**/progress?**")
    assert page.get_by_text("2 queued").is_visible()
    Drainer(0).run()
    page.get_by_text("2 succeeded").wait_for(timeout=15_000)
    assert page.get_by_role("rowheader", name="#2207").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing sticks out"


def test_the_apps_page_is_readable(open_page, live_server, install, sandbox):
    shop = install("shopify", name="Lumen Goods", is_embedded=False)
    here = f"{live_server.url}/hooks/{shop.webhook_token}"
    page = open_page(width=900)
    wish = {"shop": LUMEN, "url": f"{here}/app", "embedded": False}
    page.goto(sandbox.post("/shopify/_sandbox/admin-link", wish)["url"])
    assert page.get_by_role("heading", name="Lumen Goods", exact=True).is_visible()
    assert page.get_by_text("not checked yet").is_visible()


def test_the_configuration_is_copied_from_the_connectors_page(open_page, install, administrator):
    shop = install("shopify", name="Lumen Goods")
    page = open_page(user=administrator)
    page.goto(f"/admin/connectors/connector/{shop.pk}/change/?tab=more")
    panel = page.locator("#panel-links")
    assert f"/hooks/{shop.webhook_token}/sync-orders" in panel.inner_text()
    assert "compliance_topics" in panel.inner_text()
    panel.get_by_role("button", name="Copy").first.click()
    panel.get_by_text("Copied").wait_for()
