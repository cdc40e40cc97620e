"""Tried again by itself: a connector's failed deliveries, with the next scheduled batch.

A provider switches it on by declaring a sync of its own that calls ``failed``. Each row is tried once a batch, without
end, and people are told once for each text (``events.alerts``). Not for what failed in the connection: the event's own
attempts are for that.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from events import rerun

if TYPE_CHECKING:
    from connectors.run import Run

BATCH = 200
MOST = 10_000  # rows of one run: what is beyond comes with the next one


def failed(
    run: Run,
    *,
    never: Collection[str] = (),
    codes: Collection[str] | None = None,
    rest_s: float = 0.0,
    batch: int = BATCH,
) -> str:
    """Queues every failed delivery to this connector that nobody resolved and that data or settings may have mended.

    ``never``: reason codes a person must decide; ``codes``: these only; ``rest_s``: what failed later is left."""
    count = above = 0
    while count < MOST:
        ids = rerun.again(
            run.connector.pk, by="schedule", limit=batch, above=above, never=never, codes=codes, rest_s=rest_s
        )
        count += len(ids)
        if len(ids) < batch:
            break
        above = ids[-1]
    if not count:
        return "No failed transaction waits to be tried again."
    more = "; more wait for the next run" if count >= MOST else ""
    return f"{count:,} failed transaction{'' if count == 1 else 's'} queued again{more}."
