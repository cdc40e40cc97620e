"""A state in a word, as the skin shows it."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString


def pill(word: object, tone: str, title: str = "") -> SafeString:
    """``tone``: ok, warn, bad, info or idle; ``title`` explains the word to who points at it."""
    return format_html('<span class="pill pill--{}" title="{}">{}</span>', tone, title, word)
