"""The integration start date: what is older is left out, and says so.
https://shop-docs.xorosoft.io/getting-started/configuring-settings/import-settings (checked 2026-11-20)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from connectors.exceptions import Skip
from connectors.xoro.wire import day_in

if TYPE_CHECKING:
    from connectors.run import Run

BEFORE_START = "before_start"


def check_start(run: Run, moment: datetime, what: str) -> None:
    """Raises ``Skip`` (filtered, ``before_start``) where ``moment``, in the shop's time zone, is before the start date.
    ``what`` begins the sentence: "Payout 77102233"."""
    first = run.settings.import_start_date
    if first is None:
        return
    day = day_in(moment, run.settings.import_time_zone)
    if day < first:
        raise Skip(
            f"{what} is of {day}, before the integration start date ({first}).", reason="filtered", code=BEFORE_START
        )
