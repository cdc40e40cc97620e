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
        """The first start after a moment, in UTC. The steps are counted anew each day, so that an interval that does not
        divide the day makes a shorter pause there, and one of a whole day keeps its time by the clock."""
        step = timedelta(minutes=max(self.minutes, 1))
        if step > DAY:
            day = (moment + step).astimezone(ZoneInfo(self.zone)).date()
            # A little more than a day after midnight is the same date still where that day has an hour more.
            return next(one for n in (0, 1) if (one := self._first_of(day + n * DAY)) > moment)
        day = moment.astimezone(ZoneInfo(self.zone)).date()
        firsts = [self._first_of(day + n * DAY) for n in (-1, 0, 1)]
        begins = max(one for one in firsts if one <= moment)
        ends = min(one for one in firsts if one > moment)
        return min(begins + ((moment - begins) // step + 1) * step, ends)

    def _first_of(self, day: date) -> datetime:
        minute = self.offset % min(max(self.minutes, 1), 1440)
        return datetime.combine(day, time(minute // 60, minute % 60), ZoneInfo(self.zone)).astimezone(UTC)
