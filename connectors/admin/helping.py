"""Links from sections of a settings form to what the connector's handbook says of them."""

from __future__ import annotations

import re
from typing import Any

from django.urls import reverse
from django.utils.html import format_html

ADVANCED = ": advanced"


def anchor_of(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it, so that one link serves both places."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def with_help(fieldsets: list[tuple[str | None, dict[str, Any]]], slug: str) -> list[tuple[str | None, dict[str, Any]]]:
    """The sections of a provider's settings, each with a link to the first heading of its name in the handbook: that of
    the flow where there is one, else of its table of settings."""
    page = reverse("admin:help", args=[f"connectors/{slug}"])
    return [(name, options | _description(page, name)) for name, options in fieldsets]


def _description(page: str, name: str | None) -> dict[str, Any]:
    if not name or name.endswith(ADVANCED):
        return {}
    link = '<a class="sections__help" href="{}#{}">Help<span class="visually-hidden"> for {}</span></a>'
    return {"description": format_html(link, page, anchor_of(name), name)}
