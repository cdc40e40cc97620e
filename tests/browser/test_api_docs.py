"""The docs page in a browser: nothing breaks the content policy, and a telephone shows it without scrolling aside."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from wsgiref.simple_server import make_server

import pytest
from playwright.sync_api import Browser, Page

from integration_hub.wsgi import application
from tests.conftest import _Quiet, _Threaded
from tests.connectors.api.conftest import acme  # noqa: F401  (a fixture)

pytestmark = pytest.mark.browser

WATCH = """window.violations = [];
document.addEventListener("securitypolicyviolation", e => window.violations.push(e.effectiveDirective));"""


@pytest.fixture
def address(acme) -> Iterator[str]:
    """The hub, served for real. The page asks nothing of the database."""
    server = make_server("127.0.0.1", 0, application, _Threaded, _Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api/docs/"
    server.shutdown()
    server.server_close()


def opened(browser: Browser, address: str, **more) -> Page:
    page = browser.new_context(**more).new_page()
    page.add_init_script(WATCH)
    page.goto(address)
    return page


def test_it_keeps_the_strict_policy_and_shows_every_address(browser, address):
    page = opened(browser, address)
    assert page.evaluate("violations") == []
    assert page.get_by_role("heading", name="Taxes").is_visible()
    page.get_by_text("Nobody answered").first.click()
    assert page.get_by_text('"fallback": "hide"').first.is_visible()
    page.get_by_role("link", name="Problems").click()
    assert page.evaluate("violations") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_telephone_shows_it_in_full_width_in_light_and_in_dark(browser, address, scheme):
    page = opened(browser, address, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    text, ground = (page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("color", "backgroundColor"))
    brightness = [sum(int(part) for part in colour[4:-1].split(",")) for colour in (text, ground)]
    assert abs(brightness[0] - brightness[1]) > 400
    assert (brightness[1] < 200) == (scheme == "dark")


def test_it_is_read_by_keyboard(browser, address):
    page = opened(browser, address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
