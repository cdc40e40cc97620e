"""The integration start date: what is older is left out, and says so.
https://shop-docs.xorosoft.io/getting-started/configuring-settings/import-settings (checked 2026-11-20)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from connectors.exceptions import Skip
from connectors.xoro.wire import day_in

if TYPE_CHECKING:
    from connectors.run import Run
    from connectors.xoro.settings import XoroSettings

BEFORE_START = "before_start"


def is_before_start(settings: XoroSettings, moment: datetime) -> bool:
    """Whether ``moment``, in the shop's time zone, is before the start date; never where none is set."""
    first = settings.import_start_date
    return first is not None and day_in(moment, settings.import_time_zone) < first


def check_start(run: Run, moment: datetime, what: str) -> None:
    """Raises ``Skip`` (filtered, ``before_start``) where ``moment`` is before the start date. ``what`` begins the
    sentence: "Payout 77102233"."""
    if is_before_start(run.settings, moment):
        day, first = day_in(moment, run.settings.import_time_zone), run.settings.import_start_date
        raise Skip(
            f"{what} is of {day}, before the integration start date ({first}).", reason="filtered", code=BEFORE_START
        )
