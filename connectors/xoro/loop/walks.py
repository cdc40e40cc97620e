"""Which returns of Loop have something new: changed or made there, or received by the warehouse. Each has an event of its own
that takes it further (``returns``).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from connectors.exceptions import PayloadError
from connectors.xoro.calls import rmas as calls
from connectors.xoro.loop import memory as remembering
from connectors.xoro.loop.memory import Memory, recall
from connectors.xoro.loop.returns import ask_for, check_on, client_of
from connectors.xoro.paging import MAX_PAGES
from connectors.xoro.scheduling import starts_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connectors.run import Run

FIRST_LOOK = timedelta(days=1)  # how far the first run looks back where no start date is set
ASN_PAGES_AT_ONCE = 5


def synchronize_returns(run: Run) -> str:
    """One event for every return that is new or changed in Loop. ``run.checkpoint``: ``loop`` with ``until``, the moment
    the last complete walk began. Each walk looks back by the overlap."""
    check_on(run)
    kept = run.checkpoint.get("loop") or {}
    now = datetime.now(UTC)
    if kept.get("until"):
        first = datetime.fromisoformat(kept["until"]) - timedelta(minutes=run.settings.import_overlap_minutes)
    else:
        first = starts_at(run.settings) or now - FIRST_LOOK
    count = _spawn(run, first, now)
    run.save_checkpoint(loop={"until": now.isoformat()})
    returns = "return is" if count == 1 else "returns are"
    return f"{count} {returns} new or changed in Loop since {first:%Y-%m-%d %H:%M} UTC; each has an event of its own."


def bring_days(run: Run) -> str:
    """An event for every return made in Loop on the days of ``run.days`` (UTC), whether it is known or not."""
    check_on(run)
    first, last = run.days
    start, end = datetime.combine(first, time.min, UTC), datetime.combine(last, time.max, UTC)
    count = _spawn(run, start, end, by="created_at", also_known=True)
    returns = "return was" if count == 1 else "returns were"
    return f"{count} {returns} made in Loop from {first} to {last} (UTC); each has an event of its own."


def _spawn(run: Run, first: datetime, last: datetime, *, by: str = "updated_at", also_known: bool = False) -> int:
    count = 0
    for one in client_of(run).changed(first, last, by=by):
        memory = recall(run, one.id)
        if memory.version == one.version and not also_known:
            continue
        ask_for(run, one.id, f"{one.id} of {one.order_name}")
        remembering.keep_version(run, one.id, one.version, one.order_name)
        count += 1
        run.progress(count, count)
    return count


def watch_receipts(run: Run) -> str:
    """An event for every return whose ASN the warehouse has closed. Asks nothing while no goods are on their way. Of a long
    list a few pages at a time: ``run.checkpoint`` keeps ``loop_asns``, how many pages were read."""
    check_on(run)
    waiting = {one.asn: one for one in remembering.at_stage(run, remembering.EXPECTED) if one.asn}
    if not waiting:
        return "No goods of Loop's returns are on their way."
    since = min(one.since for one in waiting.values())
    number, done = int(run.checkpoint.get("loop_asns") or 0), 0
    for _ in range(ASN_PAGES_AT_ONCE):
        number += 1
        rows = calls.closed_asns(run.client, since, number)
        done += _close(run, waiting, rows)
        if not rows or number >= MAX_PAGES:
            number = 0  # from the beginning next time, also where the emptiness was throttling
            break
    run.save_checkpoint(loop_asns=number)
    return f"{done} of {len(waiting)} returns on their way were received."


def _close(run: Run, waiting: dict[str, Memory], rows: Iterable[dict[str, object]]) -> int:
    count = 0
    for row in rows:
        found = waiting.get(calls.asn_number(row))
        if found is None:
            continue
        memory = recall(run, found.id)  # the pages took a while
        if memory.stage != remembering.EXPECTED:
            continue
        with transaction.atomic():  # a return that was received and not told of would wait for ever
            remembering.keep(run, replace(memory, stage=remembering.RECEIVED, received=_received(run, row)))
            ask_for(run, memory.id, f"{memory.id} of {memory.order_name}")
        count += 1
    return count


def _received(run: Run, row: dict[str, object]) -> dict[str, str]:
    """Units by SKU. Of an ASN that does not say, nothing: its return is flagged, and no other waits for it."""
    try:
        return {sku: f"{units.normalize():f}" for sku, units in calls.closed_asn(row).received.items()}
    except PayloadError as error:
        run.note("receipt_unreadable", error.sentence)
        return {}
