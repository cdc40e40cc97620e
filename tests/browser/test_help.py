"""The handbook's pictures follow the theme that is chosen in the admin, whatever the browser likes."""

from __future__ import annotations

import os

import pytest

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("HUB_PICTURES", "")


@pytest.mark.parametrize(("browser_likes", "chosen", "shown"), [
    ("light", "auto", "light"), ("dark", "auto", "dark"), ("light", "dark", "dark"), ("dark", "light", "light"),
])  # fmt: skip
@pytest.mark.parametrize("width", [1280, 390])
def test_one_picture_of_each_pair_is_shown(logged_in_page, supporter, width, browser_likes, chosen, shown):
    page = logged_in_page(supporter, width=width, theme=browser_likes)
    page.goto("/admin/help/connectors/xoro/")
    page.evaluate("chosen => localStorage.setItem('theme', chosen)", chosen)
    page.reload()
    seen = page.locator(".help__text img:visible")
    names = seen.evaluate_all("all => all.map((one) => one.getAttribute('src'))")
    assert any(one.endswith(f"xoro-loop.svg?theme={shown}") for one in names)
    assert any(one.endswith(f"xoro-settings-{shown}.png") for one in names)
    assert len(names) == len({one.replace("-dark.", "-light.").partition("?")[0] for one in names}), "one of each pair"
    drawing = page.locator(f"img.by-{shown}[src*='xoro-loop']")
    drawing.scroll_into_view_if_needed()
    page.wait_for_function("one => one.complete && one.naturalWidth > 0", arg=drawing.element_handle())
    page.emulate_media(media="print")
    assert drawing.is_visible() is (shown == "light"), "paper is white"
    page.emulate_media(media="screen")
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/help-{width}-{browser_likes}-{chosen}.png")
