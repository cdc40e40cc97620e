"""The mark by which the hub knows its own documents again: it stands in a note of what was made at the shop.

``CM-3301 goodwill [erp:9f2c31]``: the sending connector and the id of its document. Looking for it tells after a lost
answer, or a lost ledger, whether the write was done. Not secret, and read by people too.
"""

from __future__ import annotations

import re

MARK = re.compile(r"\[([a-z0-9-]{1,60}):([^\[\]]{1,120})\]\s*\Z")


def mark(connector: str, document: str) -> str:
    """The mark of one document."""
    plain = re.sub(r"[\[\]\s]+", "-", document)[:120]
    return f"[{connector or 'hub'}:{plain}]"


def marked(text: str, one: str, *, longest: int) -> str:
    """``text`` with the mark at its end, the text cut so that both have no more than ``longest`` characters."""
    room = longest - len(one) - 1
    return f"{text.strip()[:room].rstrip()} {one}" if text.strip() and room > 0 else one


def has_mark(text: str | None, one: str) -> bool:
    return (text or "").rstrip().endswith(one)


def marked_reference(text: str) -> str:
    """The document a mark names, empty where there is no mark."""
    found = MARK.search(text)
    return found[2] if found else ""
