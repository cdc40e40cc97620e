"""The place in a list that is read by time of change: from where, how far, and the newest time met.

The cursor is the largest ``ModifyDttm`` met, never the hub's own clock: whose time zone Xoro's times are in is not
stated. Times are compared and moved back as they are written. An overlap is read again each time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.xoro import wire
from connectors.xoro.calls.catalogue import text
from connectors.xoro.walks import Position, checkpoint

if TYPE_CHECKING:
    from connectors.run import Run

FORMS = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y")
ISO = "%Y-%m-%dT%H:%M:%S"
LONGEST = timedelta(hours=12)  # a walk that was put down longer ago is begun anew


class Cursor:
    """``until``: the newest time of change of the last complete walk, ``since``: from where this walk reads (both the
    tenant's time, empty: everything), ``newest``: the newest met in this walk."""

    def __init__(self, name: str, until: str, since: str, newest: str, began: str, position: Position) -> None:
        self.name, self.until, self.since, self.newest = name, until, since, newest
        self.began, self.position = began, position

    @classmethod
    def read(cls, run: Run, name: str, *, asked: str = "") -> Cursor:
        """The walk under way, or a new one. ``asked``: what else the walk depends on; where that is another, everything is
        read again."""
        kept = checkpoint(run, name)
        if kept.get("asked", "") != asked:
            kept = {}
        position, began = Position.read(kept.get("position")), str(kept.get("began") or "")
        until = str(kept.get("until") or "")
        made = cls(name, until, "", "", "", Position(mark="new"))
        made.asked = asked
        if position is not None and began and datetime.fromisoformat(began) > run.now - LONGEST:
            made.since, made.newest = str(kept.get("since") or ""), str(kept.get("newest") or "")
            made.began, made.position = began, position
            return made
        made._begin(run)
        return made

    asked: str = ""

    def _begin(self, run: Run) -> None:
        settings = run.settings
        self.since = ""
        if self.until:
            until = datetime.strptime(self.until, ISO)  # noqa: DTZ007  (as written)
            self.since = wire.look_back(until, settings.import_overlap_minutes, settings.api_time_zone).strftime(ISO)
        self.newest, self.began = "", run.now.isoformat()
        self.position = Position(mark=f"{run.the_event.pk}-{run.now:%H%M%S%f}")

    def meet(self, row: dict[str, Any]) -> None:
        """A row was met: its time of change may be the newest."""
        moment = moment_of(row.get("ModifyDttm"))
        if moment is not None:
            self.newest = max(self.newest, moment.strftime(ISO))

    def save(self, run: Run) -> None:
        """Where to go on."""
        self._keep(run, self.until, self.position.kept())

    def finish(self, run: Run, *, is_sure: bool) -> None:
        """The walk is over; the cursor moves only where the list's end is sure."""
        if is_sure:
            self.until = max(self.until, self.newest)
        self._keep(run, self.until, None)

    def begin_anew(self, run: Run) -> None:
        """The walk is given up."""
        self._keep(run, self.until, None)

    def _keep(self, run: Run, until: str, position: dict[str, Any] | None) -> None:
        run.save_checkpoint(**{self.name: {
            "until": until, "since": self.since, "newest": self.newest, "began": self.began, "asked": self.asked,
            "position": position,
        }})  # fmt: skip


def moment_of(value: Any) -> datetime | None:
    """A date and time of Xoro's as it is written, without a zone; ``None`` where it says nothing."""
    written = text(value)
    for form in FORMS:
        try:
            moment = datetime.strptime(written, form)  # noqa: DTZ007  (the tenant's time, whatever its zone)
        except ValueError:
            continue
        return None if moment.year <= 1 else moment
    return None
