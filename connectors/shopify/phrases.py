"""Words of the shop's events that stand in many sentences: counts and moments. Not for whole sentences."""

from __future__ import annotations

from datetime import datetime


def short(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")


def counted(count: int, one: str, many: str = "") -> str:
    """``1 refund``, ``3 refunds``."""
    return f"{count} {one if count == 1 else many or one + 's'}"
