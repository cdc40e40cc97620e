"""A state in a word, a moment in the person's own zone: small things every list shows."""

from __future__ import annotations

from datetime import datetime

from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString


def pill(word: object, tone: str, title: str = "") -> SafeString:
    """``tone``: ok, warn, bad, info or idle; ``title`` explains the word to who points at it."""
    return format_html('<span class="pill pill--{}" title="{}">{}</span>', tone, title, word)


def moment(at: datetime) -> str:
    return formats.date_format(timezone.localtime(at), "DATETIME_FORMAT")
