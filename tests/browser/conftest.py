"""A real browser on a live hub: ``page`` for anybody, ``logged_in_page(user)`` for somebody.

Every page is watched: what breaks the content policy, what scripts throw and what the console calls an error is
collected in ``page.troubles`` and fails the test at its end.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from connectors import registry
from connectors.models import Connector
from tests.browser import chromium
from tests.conftest import person
from tests.connectors import warehouse

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # the browser's driver runs an event loop in this very thread

WATCH = """
window.hubViolations = [];
document.addEventListener("securitypolicyviolation", (e) =>
  window.hubViolations.push(`${e.violatedDirective}: ${e.blockedURI}`));
"""


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    path = chromium.find()
    if path is None:
        pytest.fail("No Chromium was found: install the package “chromium” to run the tests of the pages.")
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=path, args=["--headless", *chromium.ARGUMENTS])
        yield running
        running.close()


@pytest.fixture
def open_page(browser, live_server, transactional_db) -> Iterator[Callable[..., object]]:
    """``open_page(width=390, theme="dark")``: a fresh page, watched; its troubles fail the test."""
    with connection.cursor() as cursor:  # a test before may have emptied the table the migrations filled
        cursor.execute(
            "INSERT INTO events_bell (slot, is_pending, rung_at) SELECT n, false, now() "
            "FROM generate_series(0, 15) AS n "
            "ON CONFLICT DO NOTHING"
        )
    contexts, pages = [], []

    def make(*, width: int = 1280, height: int = 900, theme: str = "light", user: User | None = None, **more: object):  # type: ignore[no-untyped-def]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, base_url=live_server.url, **more
        )
        contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(user)
            value = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}])
        context.add_init_script(WATCH)
        page = context.new_page()
        page.set_default_timeout(8000)
        page.troubles = []
        page.on(
            "console",
            lambda message: page.troubles.append(message.text) if message.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        pages.append(page)
        return page

    yield make
    troubles = [trouble for page in pages for trouble in (*page.troubles, *violations(page))]
    for context in contexts:
        context.close()
    assert not troubles


def violations(page) -> list[str]:  # type: ignore[no-untyped-def]
    return page.evaluate("window.hubViolations || []")


@pytest.fixture
def ada(transactional_db) -> User:
    """An administrator."""
    return person("ada", "Administrators")


@pytest.fixture
def sam(transactional_db) -> User:
    """Of the support staff."""
    return person("sam", "Support")


@pytest.fixture
def depot(transactional_db) -> Iterator[Connector]:
    """A connector of the warehouse provider, whose settings have one of everything."""
    registry.register(warehouse.provider)
    made = Connector(name="Depot", slug="depot", provider_slug="warehouse")
    made.put_settings({"base_url": "https://wh.example", "mode": "each", "zone": "UTC"})
    made.save()
    yield made
    del registry._providers["warehouse"]


@pytest.fixture
def page(open_page):  # type: ignore[no-untyped-def]
    """A page at 1280 pixels, nobody logged in."""
    return open_page()


@pytest.fixture
def logged_in_page(open_page):  # type: ignore[no-untyped-def]
    """``logged_in_page(user, width=390, theme="dark")``."""

    def make(user: User, **more: object):  # type: ignore[no-untyped-def]
        return open_page(user=user, **more)

    return make
