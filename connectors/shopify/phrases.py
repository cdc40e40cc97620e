"""What sentences of events are made of: counts, moments, and the client's own remarks. Not for whole sentences."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.run import Run


def counted(count: int, one: str, many: str = "") -> str:
    """``1 refund``, ``3 refunds``."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def short(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")


def pass_on_notes(run: Run) -> None:
    """Tell the event what the client noticed beside its answers."""
    for code, sentence in run.client.notes.items():
        run.note(code, sentence)
