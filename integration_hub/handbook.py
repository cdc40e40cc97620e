"""The pages of ``docs/`` inside the admin: the help that belongs to this very version of the hub.

Only what lies under ``docs/`` is served, by name from a list made of the folder itself: no part of an address becomes a
path. Not for what is generated at request time; the API has pages of its own.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from connectors.admin.helping import anchor_of

DOCS = Path(settings.BASE_DIR) / "docs"
IMAGE_TYPES = {".png": "image/png", ".svg": "image/svg+xml", ".webp": "image/webp", ".jpg": "image/jpeg"}
COMMENT = re.compile(r"^<!--.*?-->[ ]*$\n?", re.MULTILINE | re.DOTALL)
# A picture in two themes, as README and docs write it: the light one becomes an image of Markdown, the dark one is found
# by its name. A drawing has both in one file.
PICTURE = re.compile(r'<picture>\s*<source [^>]*>\s*<img alt="([^"]*)" src="([^"]*)">\s*</picture>')
LIGHT = "-light."
THEMES = {"light": b"not all", "dark": b"all"}  # and the medium that makes a drawing's dark rules count, or not
MEDIA = b"(prefers-color-scheme: dark)"
CONNECTORS = "connectors/"


@dataclass(frozen=True)
class Heading:
    level: int
    text: str
    anchor: str


@dataclass(frozen=True)
class Page:
    title: str
    html: SafeString
    headings: tuple[Heading, ...]


def listed() -> dict[str, Path]:
    """Pages by name (``connectors/example``), in order of name."""
    return {one.relative_to(DOCS).with_suffix("").as_posix(): one for one in sorted(DOCS.rglob("*.md"))}


def images() -> dict[str, Path]:
    """Pictures by name below ``docs/images``."""
    folder = DOCS / "images"
    return {
        one.relative_to(folder).as_posix(): one for one in sorted(folder.rglob("*")) if one.suffix in IMAGE_TYPES
    }  # fmt: skip


def index(request: HttpRequest, site: AdminSite) -> HttpResponse:
    pages = [(name, title_of(path)) for name, path in listed().items()]
    context = {
        **site.each_context(request),
        "title": "Help",
        "connectors": [one for one in pages if one[0].startswith(CONNECTORS)],
        "others": [one for one in pages if not one[0].startswith(CONNECTORS)],
    }
    return TemplateResponse(request, "admin/help/index.html", context)


def page(request: HttpRequest, site: AdminSite, name: str) -> HttpResponse:
    """One page; where nobody wrote it, a sentence that says so."""
    path = listed().get(name)
    shown = read(path, path.stat().st_mtime_ns) if path else None
    title = shown.title if shown else "Help"
    context = {**site.each_context(request), "title": title, "name": name, "page": shown}
    return TemplateResponse(request, "admin/help/page.html", context, status=200 if shown else 404)


def image(request: HttpRequest, name: str) -> FileResponse | HttpResponse:
    """A picture below ``docs/images``; a drawing in the theme of ``?theme=``, else as the browser likes it."""
    path = images().get(name)
    if path is None:
        raise Http404("There is no such picture.")
    kind = IMAGE_TYPES[path.suffix]
    # A drawing opened by itself is a document: it may draw and nothing else.
    policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=3600"}
    if kind != "image/svg+xml":
        return FileResponse(path.open("rb"), content_type=kind, headers=headers)
    medium = THEMES.get(request.GET.get("theme", ""), MEDIA)
    content = path.read_bytes().replace(MEDIA, medium)
    return HttpResponse(content, content_type=kind, headers={**headers, "Content-Security-Policy": policy})


def title_of(path: Path) -> str:
    with path.open(encoding="utf-8") as lines:
        first = next((line for line in lines if line.startswith("# ")), "")
    return first.removeprefix("# ").strip() or path.stem


@lru_cache(maxsize=64)
def read(path: Path, changed_at: int) -> Page:
    """A page as HTML. ``changed_at`` is part of the key: a page that was edited is read anew."""
    name = path.relative_to(DOCS).with_suffix("").as_posix()
    text = PICTURE.sub(r"![\1](\2)", COMMENT.sub("", path.read_text(encoding="utf-8")))
    tokens = _markdown().parse(text)
    headings = _anchor(tokens)
    for token in tokens:
        if "right" in str(token.attrs.pop("style", "")):  # of a table's cell; the policy allows no inline style
            token.attrSet("class", "num")
        for inner in token.children or ():
            _point(inner, posixpath.dirname(name))
    title = next((one.text for one in headings if one.level == 1), path.stem)
    body = _markdown().renderer.render(_without_title(tokens), _markdown().options, {})
    # The text is ours, and HTML within it is not rendered.
    return Page(title, mark_safe(body), tuple(one for one in headings if one.level in (2, 3)))  # noqa: S308


@cache
def _markdown() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False}).enable("table")
    made.add_render_rule("table_open", _table)
    made.add_render_rule("image", _picture)
    made.add_render_rule("table_close", lambda self, tokens, index, options, env: "</table></div>\n")
    return made


def _table(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """A table that scrolls by itself, named for who moves from region to region by ear."""
    before = tokens[:index]
    number = sum(one.type == "table_open" for one in before) + 1
    heads = [inline.content for one, inline in pairwise(before) if one.type == "heading_open"]
    label = f"Table {number}" + (f": {heads[-1]}" if heads else "")
    return (
        f'<div class="table-wrap" tabindex="0" role="region" aria-label="{escape(label)}"><table class="data-table">\n'
    )


def _picture(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """An image; one that has two themes twice, of which the style sheet shows the one chosen in the admin: a browser's own
    choice (``<picture>``, a drawing's media query) knows nothing of that."""
    token = tokens[index]
    place = str(token.attrGet("src") or "")
    name = place.rpartition("/")[2]
    themes = {theme: _address(name, theme) for theme in THEMES}
    if not all(themes.values()):
        return str(renderer.image(tokens, index, options, env))
    shown = []
    for theme, address in themes.items():
        token.attrSet("src", address)
        token.attrSet("class", f"by-{theme}")
        shown.append(str(renderer.image(tokens, index, options, env)))
    return "".join(shown)


def _address(name: str, theme: str) -> str:
    """Of a picture in one theme; empty where it has none of its own."""
    if name.endswith(".svg"):
        known = images().get(name)
        is_both = known is not None and MEDIA in known.read_bytes()
        return reverse("admin:help_image", args=[name]) + f"?theme={theme}" if is_both else ""
    sister = name.replace(LIGHT, f"-{theme}.")
    return reverse("admin:help_image", args=[sister]) if LIGHT in name and sister in images() else ""


def _anchor(tokens: list[Token]) -> list[Heading]:
    """Give every heading the anchor GitHub gives it, so that one link serves both places."""
    found: list[Heading] = []
    seen: dict[str, int] = {}
    for token, inline in pairwise(tokens):
        if token.type != "heading_open":
            continue
        text = "".join(one.content for one in inline.children or () if one.type in ("text", "code_inline"))
        anchor = anchor_of(text)
        times = seen[anchor] = seen.get(anchor, -1) + 1
        anchor = f"{anchor}-{times}" if times else anchor
        token.attrSet("id", anchor)
        found.append(Heading(int(token.tag[1]), text, anchor))
    return found


def _without_title(tokens: list[Token]) -> list[Token]:
    """The page's own heading stands above it already."""
    is_title = len(tokens) > 3 and tokens[0].type == "heading_open" and tokens[0].tag == "h1"
    return tokens[3:] if is_title else tokens


def _point(token: Token, folder: str) -> None:
    """Turn a link between files into one between these pages; what is not served here becomes plain text."""
    if token.type == "image":
        target = posixpath.normpath(posixpath.join(folder, str(token.attrGet("src") or "")))
        place = target.removeprefix("images/")
        known = target.startswith("images/") and place in images()
        token.attrSet("src", reverse("admin:help_image", args=[place]) if known else "")
        token.attrSet("loading", "lazy")
    if token.type != "link_open":
        return
    href = str(token.attrGet("href") or "")
    parts = urlsplit(href)
    if parts.scheme or href.startswith("#"):
        if parts.scheme:
            token.attrSet("target", "_blank")
            token.attrSet("rel", "noreferrer noopener")
        return
    target = posixpath.normpath(posixpath.join(folder, parts.path))
    name = target.removesuffix(".md")
    if target.endswith(".md") and name in listed():
        token.attrSet("href", reverse("admin:help", args=[name]) + (f"#{parts.fragment}" if parts.fragment else ""))
    else:  # a file of the source
        token.tag, token.attrs = "span", {}
