"""What the provider declares about returns that Loop handles."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connectors.base import Accept, Check, Handler, Period, Single, Sync
from connectors.records import Record, Return
from connectors.xoro import scheduling
from connectors.xoro.loop import returns, walks
from connectors.xoro.loop.client import LoopClient

if TYPE_CHECKING:
    from connectors.run import Run


def check_loop(run: Run) -> str:
    LoopClient(run.settings, run.http).ping(datetime.now(UTC))
    return "Loop accepts the access token and lists returns."


HANDLERS: dict[str, Handler] = {}
SYNCS: dict[str, Sync] = {
    "loop_returns": Sync(
        label="Loop returns",
        function=walks.synchronize_returns,
        every=scheduling.every_return,
        records=Return,
        help="Reads returns that are new or changed in Loop: each becomes an RMA in Xoro, and once Loop has closed it, its "
        "money a credit memo.",
    ),
    "loop_receipts": Sync(
        label="Received returns",
        function=walks.watch_receipts,
        every=scheduling.every_minute_of_returns,
        records=Return,
        help="Looks for ASNs of Loop's returns that the warehouse has closed: what was received in full is processed in "
        "Loop, anything else flagged there.",
    ),
}
SINGLES: dict[str, Single] = {
    "return": Single(
        label="Loop return",
        function=returns.bring_return,
        help="Its id in Loop, its address there, or the number of its order.",
    ),
}
PERIODS: dict[str, Period] = {
    "loop_returns": Period(
        label="Loop returns made",
        function=walks.bring_days,
        records=Return,
        is_own=returns.is_on,
        starts_at=lambda connector: scheduling.starts_at(connector.load_settings()),
        help="By the day they were made in Loop (UTC).",
    ),
}
ACCEPTS: dict[type[Record], Accept] = {}
EMITS: tuple[type[Record], ...] = ()
CHECKS = (
    Check(
        name="loop",
        label="Loop",
        function=check_loop,
        applies=returns.is_on,
        off="Returns of Loop are not read.",
    ),
)
