"""A rhythm on the clock of a time zone: every so many minutes from local midnight, at an offset.

Not for when something is done once: that is a time. Not for which work has this rhythm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Interval:
    """``offset``: minutes after each full interval; ``zone``: whose midnight is counted from. ``is_on`` false: never."""

    minutes: int
    offset: int = 0
    zone: str = "UTC"
    is_on: bool = True

    def next_after(self, moment: datetime) -> datetime:
        """The first start after a moment, in UTC. The steps are counted anew from each midnight, so that an interval that
        does not divide the day, and a day of 23 or 25 hours, never make a pause longer than the interval."""
        step = timedelta(minutes=max(self.minutes, 1))
        if step > DAY:
            return self._first_of((moment + step).astimezone(ZoneInfo(self.zone)).date())
        day = moment.astimezone(ZoneInfo(self.zone)).date()
        firsts = [self._first_of(day + n * DAY) for n in (-1, 0, 1)]
        begins = max(one for one in firsts if one <= moment)
        ends = min(one for one in firsts if one > moment)
        return min(begins + ((moment - begins) // step + 1) * step, ends)

    def _first_of(self, day: date) -> datetime:
        midnight = datetime.combine(day, time(), ZoneInfo(self.zone)).astimezone(UTC)
        return midnight + timedelta(minutes=self.offset % max(self.minutes, 1))
