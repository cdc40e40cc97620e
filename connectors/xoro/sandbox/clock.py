"""The tenant's own clock, which a test may move, and how Xoro writes moments.

Control: ``POST /_sandbox/clock`` with ``advance_s`` (seconds) or ``at`` (an ISO moment); answers the moment.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

NO_DATE = "01/01/0001"
STAMP = "%m/%d/%Y %I:%M:%S %p"
FILTER_FORMS = (STAMP, "%m/%d/%Y %H:%M:%S", "%m/%d/%Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d")


class Clock:
    """Runs as the machine's does, moved by ``ahead``; writes and reads moments in the tenant's zone."""

    def __init__(self, zone: str = "UTC") -> None:
        self.ahead = timedelta()
        self.zone = ZoneInfo(zone)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advance(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)

    def set(self, moment: datetime) -> None:
        self.ahead = moment - datetime.now(UTC)

    def stamp(self) -> str:
        """Now, as ``03/09/2026 10:02:11 AM``."""
        return self.now().astimezone(self.zone).strftime(STAMP)

    def today(self) -> str:
        return self.stamp()[:10]

    def read(self, written: str) -> datetime | None:
        """A moment of a filter, in any form Xoro takes; ``None`` where it cannot be read, and is ignored then. Written
        without an offset it is the tenant's time; with a ``Z`` too, which Xoro is seen to take and not to heed."""
        bare = written.strip().removesuffix("Z").partition(".")[0]
        for form in FILTER_FORMS:
            try:
                return datetime.strptime(bare, form).replace(tzinfo=self.zone)
            except ValueError:
                continue
        return None


def move(sandbox: XoroSandbox, given: Any) -> Any:
    clock = sandbox.books.clock
    if given.get("at"):
        clock.set(datetime.fromisoformat(given["at"]))
    clock.advance(float(given.get("advance_s", 0)))
    return {"now": clock.now().isoformat(), "stamp": clock.stamp()}


CONTROL = {"POST /_sandbox/clock": move}
