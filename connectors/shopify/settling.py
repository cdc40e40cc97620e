"""A write whose answer was lost may still be done: for so long nothing is sent that might be the same a second time.

Looking for the effect comes first; where it is not there yet, only time tells. Shopify promises no end to a call that
broke off: the minute is ours. Not for what may be repeated at once: that is ``repeats.py``.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from connectors.exceptions import NotDone

SETTLE = timedelta(seconds=60)  # until a call without an answer has certainly been done or not


def is_open(sent_at: datetime, now: datetime) -> bool:
    """Whether a call without an answer, sent then, may still be done."""
    return now - sent_at < SETTLE


def check(sent_at: datetime, now: datetime, sentence: str) -> None:
    """Raises ``NotDone`` with ``sentence`` and the time to wait while such a call may still be done."""
    if is_open(sent_at, now):
        raise NotDone(sentence, code="settling", retry_after_s=(sent_at + SETTLE - now).total_seconds())
