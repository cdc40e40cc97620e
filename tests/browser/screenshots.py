"""``make screenshots``: the pictures of README and docs, taken anew from a demo of its own beside any other.

A fresh demo plays the main job; a few more orders are placed so that lists look lived in; then a real browser logs in
and takes every picture. Pictures are cut to the window, so that they stay small.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import requests

from tests.browser import chromium

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
PORT = int(os.environ.get("PORT", "8460"))
HUB, SANDBOX = f"http://127.0.0.1:{PORT}", f"http://127.0.0.1:{PORT + 1}"
SHOP = "lumen-goods.myshopify.com"
LARGEST = 250_000  # bytes of one picture
PATIENCE_S = 300.0

QUIET_S = 11.0  # a success is noted on its connector at most every ten seconds

BUYER = "7710042001"  # of the demo's first order

BUYERS = (
    ("Ines", "Moreau", [{"sku": "LMP-OAK-S", "quantity": 1}]),
    ("Tomasz", "Lis", [{"sku": "PAPER-A4-80", "quantity": 30}]),
    ("Ada", "Okafor", [{"sku": "PAPER-A4-80", "quantity": 4}, {"sku": "LMP-OAK-S", "quantity": 1}]),
    ("June", "Park", [{"sku": "VASE-RAKU-L", "title": "Raku vase, large", "price": "84.00", "quantity": 1}]),
    ("Leo", "Brandt", [{"sku": "LMP-OAK-S", "quantity": 2}]),
)


class Demo:
    """A demo under a directory of its own; ``password`` is its administrator's."""

    def __enter__(self) -> Demo:
        self.directory = Path(tempfile.mkdtemp(prefix="hub-pictures-"))
        self.directory.chmod(0o755)
        environment = {**os.environ, "HUB_DEMO_DIR": str(self.directory / "demo"), "PORT": str(PORT)}
        self.output = self.directory / "output.txt"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-u", "-m", "integration_hub.demo"], cwd=ROOT, env=environment, stdout=output,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        end = time.monotonic() + PATIENCE_S
        while "The demo goes on" not in self.output.read_text():
            if self.process.poll() is not None or time.monotonic() > end:
                self.__exit__()
                raise SystemExit(f"The demo did not start:\n{self.text}")
            time.sleep(0.5)
        self.password = re.findall(r"Administrator: admin / (\S+)", self.output.read_text())[0]
        return self

    def __exit__(self, *_: object) -> None:
        self.text = self.output.read_text()
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


class Camera:
    """One browser, logged in at each width and theme asked for."""

    def __init__(self, browser: Any, password: str) -> None:
        self.browser = browser
        self.password = password
        self.pages: dict[tuple[int, str], Any] = {}

    def page(self, width: int = 1280, theme: str = "light") -> Any:
        if (width, theme) not in self.pages:
            context = self.browser.new_context(
                viewport={"width": width, "height": 800 if width > 600 else 844}, color_scheme=theme, base_url=HUB,
                reduced_motion="reduce", timezone_id="UTC",
            )  # fmt: skip
            page = context.new_page()
            page.set_default_timeout(15_000)
            page.goto("/admin/login/")
            page.fill("#id_username", "admin")
            page.fill("#id_password", self.password)
            page.click("button:has-text('Log in')")
            page.wait_for_url("**/admin/")
            self.pages[(width, theme)] = page
        return self.pages[(width, theme)]

    def take(self, name: str, path: str = "", *, width: int = 1280, theme: str = "light", top: str = "") -> Any:
        """The picture ``name`` of an address (or of what is open); ``top`` is scrolled below the bar."""
        page = self.page(width, theme)
        if path:
            page.goto(path)
        page.wait_for_load_state("networkidle")
        if top:
            page.locator(top).first.evaluate("e => window.scrollTo(0, e.getBoundingClientRect().top + scrollY - 72)")
        page.mouse.move(0, 0)
        target = IMAGES / f"{name}.png"
        page.screenshot(path=str(target))
        size = target.stat().st_size
        print(f"{target.relative_to(ROOT)}  {size // 1000} KB")
        if size > LARGEST:
            raise SystemExit(f"{name} is larger than {LARGEST // 1000} KB.")
        return page


def post(path: str, **wish: Any) -> dict[str, Any]:
    answer = requests.post(SANDBOX + path, json=wish, timeout=30)
    answer.raise_for_status()
    return dict(answer.json())


def place_orders(camera: Camera) -> dict[str, Any]:
    """A few more orders, one of them with an item Xoro does not know. Returns the last one's name and id."""
    page = camera.page()
    page.goto("/admin/connectors/connector/")
    page.click("#result_list a:has-text('Lumen Goods')")
    address = page.locator("#webhook-address").inner_text().strip()
    placed: dict[str, Any] = {}
    for number, (first, last, lines) in enumerate(BUYERS):
        customer = {"id": 7_710_043_000 + number, "first_name": first, "last_name": last,
                    "email": f"{first}@example.com".lower()}  # fmt: skip
        placed = post("/shopify/_sandbox/order", shop=SHOP, customer=customer, lines=lines, silent=True)
        post("/shopify/_sandbox/deliver", shop=SHOP, topic="orders/create", order=placed["name"], url=address)
        time.sleep(QUIET_S if number == len(BUYERS) - 2 else 4.0)
    return placed


def main() -> int:
    path = chromium.find()
    if path is None:
        print("The pictures need Chromium: install the package “chromium” or set CHROMIUM.", file=sys.stderr)
        return 1
    from playwright.sync_api import sync_playwright

    IMAGES.mkdir(parents=True, exist_ok=True)
    with Demo() as demo, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--headless", *chromium.ARGUMENTS])
        camera = Camera(browser, demo.password)
        placed = place_orders(camera)
        take_all(camera, placed["name"], placed["legacyResourceId"])
        browser.close()
    return 0


def take_all(camera: Camera, order: str, order_id: str) -> None:
    camera.take("overview-light", "/admin/")
    camera.take("overview-dark", "/admin/", theme="dark")
    camera.take("overview-mobile", "/admin/", width=390)
    page = camera.take("events", "/admin/events/event/")
    delivery = page.locator("tr.event", has_text=order).filter(has_text="is in Xoro as sales order")
    event = str(delivery.locator("a").first.evaluate("link => link.href"))
    camera.take("event-light", event)
    camera.take("event-dark", event, theme="dark")
    camera.take("event-requests", event, top="#live-requests")
    camera.take("event-mobile", event, width=390)
    page = camera.page()
    page.goto(event)
    page.locator("table.requests a", has_text="salesorder/create").first.click()
    camera.take("related-request")
    for theme in ("light", "dark"):
        page = camera.page(theme=theme)
        page.goto("/admin/connectors/connector/")
        page.click("#result_list a:has-text('Brookfield ERP')")
        page.click("button:has-text('Test connection')")
        page.wait_for_selector("#check-result table")
        camera.take(f"connector-{theme}", theme=theme)
    camera.take("api-docs", "/api/docs/")
    take_shop(camera, order, order_id)
    take_xoro(camera)


def take_shop(camera: Camera, order: str, order_id: str) -> None:
    """The shop's own parts of the connector's page, one of its orders, and what its staff sees in the store."""
    for theme in ("light", "dark"):
        page = camera.page(theme=theme)
        page.goto("/admin/connectors/connector/")
        page.click("#result_list a:has-text('Lumen Goods')")
        address = page.url.partition("?")[0]
        if theme == "light":
            page.click("button:has-text('Test connection')")
            page.wait_for_selector("#check-result table")
        page.goto(f"{address}?tab=more")
        camera.take(f"shopify-access-{theme}", theme=theme)
        camera.take(f"shopify-webhooks-{theme}", theme=theme, top="h2:has-text('Webhooks')")
        camera.take(f"shopify-rates-{theme}", theme=theme, top="h2:has-text('Shipping rates')")
    page = camera.page()
    page.goto("/admin/events/event/?q=" + order.lstrip("#"))
    page.locator("tr.event a").first.click()
    page.locator("a[href*='/admin/objects/']").first.click()
    camera.take("order")
    page.goto("/admin/connectors/connector/")
    page.click("#result_list a:has-text('Lumen Goods')")
    hooks = page.locator("#webhook-address").inner_text().strip()
    link = post("/shopify/_sandbox/admin-link", shop=SHOP, url=f"{hooks}/sync-orders", ids=[order_id])
    camera.take("shopify-synchronize-question", str(link["url"]))
    page.click("button[type=submit]")
    time.sleep(8)
    page.reload()
    camera.take("shopify-synchronize-progress")
    camera.take("help", "/admin/help/connectors/shopify/")


def take_xoro(camera: Camera) -> None:
    """The pages of the back office: its form with the menu, and what its operators work with."""
    address = ""
    for theme in ("light", "dark"):
        page = camera.page(theme=theme)
        page.goto("/admin/connectors/connector/")
        page.click("#result_list a:has-text('Xoro')")
        address = page.url.partition("?")[0].removesuffix("change/")
        camera.take(f"xoro-overview-{theme}", theme=theme)
        settings = f"{address}change/?tab=settings"
        camera.take(f"xoro-settings-{theme}", settings, theme=theme, top="h2:has-text('Orders: Accounts')")
    camera.take("xoro-checklist", f"{address}checklist/")
    camera.take("xoro-log", f"{address}log/")
    camera.take("xoro-import", f"{address}import/")
    page = camera.page()
    page.goto(f"{address}ask/")
    page.fill("[name=third_party_customer_id]", BUYER)
    page.fill("[name=status]", "Paid")
    page.click("section form button:has-text('Ask')")
    page.wait_for_selector("#ask-answers table")
    camera.take("xoro-ask", top="#ask-answers")


if __name__ == "__main__":
    sys.exit(main())
