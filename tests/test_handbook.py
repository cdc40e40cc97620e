"""The pages of docs/ inside the admin: complete, linked, safe, and only those."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from integration_hub import handbook


@pytest.fixture
def ada(administrator) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


@pytest.mark.parametrize("name", sorted(handbook.listed()))
def test_every_page_is_shown_with_its_contents_and_every_link_leads_somewhere(ada, name):
    answer = ada.get(f"/admin/help/{name}/")
    assert answer.status_code == 200
    text = answer.content.decode()
    shown = answer.context["page"]
    assert f"<h1>{shown.title}" in text
    assert "&lt;!--" not in shown.html
    for address in set(re.findall(r'(?:href|src)="(/admin/help/[^"#]*)', shown.html)):
        assert ada.get(address).status_code == 200, address
    for anchor in re.findall(r'href="#([^"]+)"', text):
        assert f'id="{anchor}"' in text, anchor
    assert 'src=""' not in shown.html
    assert "&lt;picture" not in shown.html and "&lt;img" not in shown.html


def test_tables_have_the_hubs_look_and_scroll_by_themselves(ada):
    text = ada.get("/admin/help/connectors/generic_erp/").content.decode()
    assert '<div class="table-wrap"' in text and 'class="data-table"' in text


def test_a_picture_in_two_themes_is_shown_in_both(ada):
    shown = ada.get("/admin/help/connectors/shopify/").context["page"].html
    for theme in ("light", "dark"):
        place = re.search(
            rf'<img src="([^"]*)"[^>]* class="by-{theme}"', shown[shown.index("shopify-access-light") - 80 :]
        )
        assert place and place[1] == f"/admin/help/images/shopify-access-{theme}.png"
    assert "<picture" not in shown


@pytest.mark.parametrize(("theme", "medium"), [("light", b"not all"), ("dark", b"all"), ("other", None), ("", None)])
def test_a_drawing_is_served_in_the_theme_that_is_asked_for(ada, theme, medium):
    shown = ada.get("/admin/help/connectors/xoro/").context["page"].html
    if medium:
        assert f'src="/admin/help/images/xoro-loop.svg?theme={theme}"' in shown
    answer = ada.get(f"/admin/help/images/xoro-loop.svg?theme={theme}")
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/svg+xml", "nosniff")
    assert "sandbox" in answer["Content-Security-Policy"]
    assert (b"@media " + (medium or b"(prefers-color-scheme: dark)") + b"{") in answer.content


def test_every_drawing_has_both_themes():
    drawings = [path for name, path in handbook.images().items() if name.endswith(".svg")]
    assert drawings and all(handbook.MEDIA in path.read_bytes() for path in drawings)


def test_every_section_of_a_connectors_settings_leads_to_the_handbook(ada, install):
    connector = install("xoro")
    text = ada.get(f"{connector.admin_path()}?tab=settings").content.decode()
    links = set(re.findall(r'href="/admin/help/connectors/xoro/#([^"]+)"', text))
    assert {"orders-accounts", "fulfillments", "payouts", "import"} <= links
    found = ada.get("/admin/help/connectors/xoro/").content.decode()
    assert sorted(one for one in links if f'id="{one}"' not in found) == []


def test_html_in_a_page_is_text(tmp_path, monkeypatch):
    monkeypatch.setattr(handbook, "DOCS", tmp_path)
    page = tmp_path / "odd.md"
    page.write_text(
        "# Odd\n\n## A & b\n\n## A & b\n\n<script>alert(1)</script> [no](javascript:alert(1)) "
        "[up](../secret.md) [out](https://example.com) [code](../manage.py) ![no](../../x.png)\n"
    )
    shown = handbook.read(page, 1)
    assert "<script" not in shown.html and 'href="javascript' not in shown.html
    assert "secret" not in shown.html and "manage.py" not in shown.html and "x.png" not in shown.html
    assert 'href="https://example.com" target="_blank" rel="noreferrer noopener"' in shown.html
    assert [one.anchor for one in shown.headings] == ["a--b", "a--b-1"]


@pytest.mark.parametrize(
    "name", ["nothing", "../README", "connectors/../../README", "%2e%2e/settings", "a\x00", "x" * 900]
)
def test_what_nobody_wrote_is_a_sentence_and_no_file(ada, name):
    answer = ada.get(f"/admin/help/{name}/")
    assert answer.status_code in (404, 301, 302) or (
        answer.status_code == 200 and "README" not in answer.content.decode()
    )
    if answer.status_code == 404:
        assert "There is no help page of this name" in answer.content.decode()


@pytest.mark.parametrize("name", ["nothing.png", "../operations.md", "..%2f..%2fmanage.py", "%2fetc%2fpasswd"])
def test_only_listed_pictures_are_served(ada, name):
    assert ada.get(f"/admin/help/images/{name}").status_code == 404


def test_a_picture_is_served_to_people_who_are_logged_in(ada):
    name = sorted(handbook.images())[0]
    answer = ada.get(f"/admin/help/images/{name}")
    assert (answer.status_code, answer["Content-Type"], answer["X-Content-Type-Options"]) == (
        200, "image/png", "nosniff",
    )  # fmt: skip
    assert b"".join(answer.streaming_content)[:4] == b"\x89PNG"
    assert Client().get(f"/admin/help/images/{name}").status_code == 302
    assert Client().get("/admin/help/operations/").status_code == 302


def test_help_is_offered_where_a_connector_is_installed_and_in_the_sidebar(ada):
    page = ada.get("/admin/connectors/connector/add/").content.decode()
    assert "/admin/help/connectors/generic_erp/" in page
    assert 'href="/admin/help/"' in page
    index = ada.get("/admin/help/").content.decode()
    assert "/admin/help/operations/" in index


def test_the_image_brings_the_pages():
    ignored = (handbook.DOCS.parent / ".dockerignore").read_text().split()
    assert "!docs" in ignored
