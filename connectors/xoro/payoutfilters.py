"""Which payouts are sent: one that is not says which setting or fact keeps it here."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from connectors.exceptions import PayloadError, Skip
from connectors.records import Payout
from connectors.xoro.wire import day_in

if TYPE_CHECKING:
    from connectors.run import Run

PAID = "paid"
GONE = frozenset({"failed", "canceled", "cancelled"})


def check_payout(run: Run, payout: Payout) -> None:
    """Raises ``Skip`` for a payout that is not sent, ``PayloadError`` for one that contradicts itself."""
    settings = run.settings
    head = f"Payout {payout.number}"
    if not settings.payouts_enabled:
        raise _left_out(f"{head} was left out: “Send payouts” is switched off.", "payouts_enabled")
    if payout.gateway != settings.payout_gateway:
        raise _left_out(
            f"{head} is one of “{payout.gateway}”, and only those of Shopify Payments are sent.", "payout_gateway"
        )
    if payout.status in GONE:
        raise _left_out(
            f"{head} is {payout.status}: no money moved, so that there is nothing to deposit.", "payout_failed"
        )
    if payout.status != PAID:
        raise _left_out(f"{head} is {payout.status.replace('_', ' ')}; it is sent once it is paid.", "payout_not_final")
    if settings.payout_currency and payout.currency.upper() != settings.payout_currency.upper():
        raise _left_out(
            f"{head} is in {payout.currency}, and only payouts in {settings.payout_currency.upper()} are sent.",
            "payout_currency",
        )
    _check_day(run, payout)
    _check_movements(payout)


def _left_out(sentence: str, code: str) -> Skip:
    return Skip(sentence, reason="filtered", code=code)


def _check_day(run: Run, payout: Payout) -> None:
    """Beside the integration start date, which the hub looks at for every record."""
    first = run.settings.payout_from
    day = day_in(payout.issued_at, run.settings.import_time_zone)
    if first is not None and day < first and not run.forced_by:
        raise _left_out(f"Payout {payout.number} is of {day}, before “Payouts from” ({first}).", "before_start")


def _check_movements(payout: Payout) -> None:
    tests = sum(1 for line in payout.lines if line.is_test)
    if tests and tests == len(payout.lines):
        raise _left_out(f"Payout {payout.number} is a test: all of its movements are.", "payout_test")
    if tests:
        raise PayloadError(f"Payout {payout.number} has {tests} test movements among real ones.", path="lines.is_test")
    foreign = sorted({line.currency for line in payout.lines if line.currency} - {payout.currency})
    if foreign:
        raise PayloadError(
            f"Payout {payout.number} is in {payout.currency}, and has movements in {', '.join(foreign)}.",
            path="lines.currency",
        )
    if not payout.lines and not payout.net:
        raise _left_out(f"Payout {payout.number} has no movements and no amount.", "payout_empty")
    total = sum((line.net for line in payout.lines), Decimal(0))
    if total != payout.net:
        raise PayloadError(
            f"Payout {payout.number} is {payout.net} {payout.currency}, but its {len(payout.lines)} movements come to {total}.",
            path="net",
            code="control_sum",
            next_step="Synchronize the payout again at its source, once it lists all its movements.",
        )
