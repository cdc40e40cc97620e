"""A state in a word, a moment in the person's own zone and how long ago it was: small things every list shows."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString


def pill(word: object, tone: str, title: str = "") -> SafeString:
    """``tone``: ok, warn, bad, info or idle; ``title`` explains the word to who points at it."""
    return format_html('<span class="pill pill--{}" title="{}">{}</span>', tone, title, word)


STEPS = ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h"), (86_400 * 60, 86_400, "d"))


def span(seconds: float) -> str:
    """A length of time in one unit: ``41 s``, ``6 min``, ``3 h``, ``12 d``."""
    for below, unit, word in STEPS:
        if seconds < below:
            return f"{int(seconds // unit)} {word}"
    return f"{int(seconds // 86_400)} d"


def absolute(at: datetime) -> str:
    """Day and time with the zone it is shown in."""
    local = timezone.localtime(at)
    return f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}"


def moment(at: datetime) -> SafeString:
    """The exact time, in the person's zone."""
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), absolute(at))


def ago(at: datetime) -> SafeString:
    """How long ago (or in how long), with the exact time on pointing at it."""
    seconds = (timezone.now() - at).total_seconds()
    if -1 < seconds < 1:
        words = "now"
    else:
        words = f"{span(seconds)} ago" if seconds > 0 else f"in {span(-seconds)}"
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), absolute(at), words)
