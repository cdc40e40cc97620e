"""What the hub's templates share: icons, the sidebar, ages, pills, sizes. Loaded as ``{% load hub %}``."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import template
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from connectors.admin import pills
from integration_hub import navigation

register = template.Library()

TONES = {
    "succeeded": "ok", "skipped": "idle", "failed": "bad", "waiting": "warn", "queued": "info", "running": "info",
    "sent": "warn", "answered": "ok", "no_answer": "bad",
}  # fmt: skip


@register.simple_tag
def icon(name: str) -> SafeString:
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("hub/icons.svg"), name)


@register.simple_tag(takes_context=True, name="navigation")
def pages(context: template.Context) -> list[navigation.Section]:
    return navigation.sections(context["request"])


@register.simple_tag
def address(name: str, *args: Any) -> str:
    """The address of a page, or nothing where the page does not exist."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


@register.filter
def unlocal(value: Any) -> str:
    """A number as machines write it, without separators."""
    return str(value)


@register.filter
def tone(value: Any) -> str:
    """The colour class of an outcome or state."""
    return TONES.get(str(value), "idle")


@register.filter
def ago(value: datetime | None) -> str:
    """How long ago (or in how long), with the exact time on pointing at it."""
    return pills.ago(value) if value is not None else ""


@register.filter
def moment(value: datetime | None) -> str:
    """The exact time, in the person's zone."""
    return pills.moment(value) if value is not None else ""


@register.filter
def took(milliseconds: int | None) -> str:
    """A duration: ``84 ms``, ``2.4 s``, ``3 min 10 s``."""
    if milliseconds is None:
        return ""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


@register.filter
def size(count: int | None) -> str:
    """Bytes in a unit people read."""
    if not count:
        return "0 bytes"
    if count < 1024:
        return f"{count} bytes"
    return f"{count / 1024:.1f} KiB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MiB"


@register.filter
def capped(count: int, limit: int = 1000) -> str:
    """A count that was stopped at the limit: ``1000+``."""
    return f"{limit}+" if count > limit else str(count)


@register.filter
def day(value: date | None) -> str:
    return f"{value:%Y-%m-%d}" if value else ""


@register.filter
def words(name: str) -> str:
    """A name of the code as people read it: ``gift_card`` is "gift card"."""
    return name.replace("_", " ")
