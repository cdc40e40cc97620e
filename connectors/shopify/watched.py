"""What the hub remembers of each topic between two checks of the subscriptions, and the panel that shows it.

Kept in the directory (kind ``subscription``), one entry a topic: whether it is wanted and present, when it was repaired,
which delivery came last. Not for deciding anything about the shop: that is ``subscriptions.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.base import Cell, Table
from connectors.shopify import topics
from connectors.shopify.settings_webhooks import BY_APP
from connectors.shopify.topics import Topic
from events import arrivals

if TYPE_CHECKING:
    from connectors.run import Run
    from connectors.shopify.subscriptions import Repair

KIND = "subscription"


def known(run: Run) -> dict[str, dict[str, Any]]:
    """What was written at the last check, by topic."""
    return {one.key: one.data for one in directory.all_of(run.connector.pk, KIND)}


def keep(run: Run, wanted: Sequence[Topic], repair: Repair, *, is_by_hub: bool) -> None:
    """Write down how a check left the topics. One that is not wanted any more is forgotten."""
    before, now = known(run), datetime.now(UTC).isoformat()
    newest = arrivals.newest_id()
    came = _arrived(run, [one.name for one in wanted], before)
    repaired = {*repair.made, *repair.changed}
    rows = []
    for topic in wanted:
        old = before.get(topic.name, {})
        missing = repair.without_scope.get(topic.name) or repair.refused.get(topic.name, "")
        data = {
            "is_present": is_by_hub and not missing,
            "problem": missing,
            "repaired_at": now if topic.name in repaired and old else old.get("repaired_at", ""),
            "made_at": old.get("made_at") or (now if topic.name in repaired else ""),
            "arrived_at": old.get("arrived_at", ""),
            "event": old.get("event", 0),
            "looked_to": newest,
        }
        if topic.name in came:
            event_id, at = came[topic.name]
            data |= {"event": event_id, "arrived_at": at.isoformat()}
        rows.append(directory.Known(key=topic.name, object_id=topic.name, data=data))
    directory.put(run.connector.pk, KIND, rows)
    gone = set(before) - {one.name for one in wanted}
    directory.forget(run.connector.pk, KIND, gone)


def _arrived(run: Run, names: Sequence[str], before: dict[str, dict[str, Any]]) -> dict[str, tuple[int, datetime]]:
    after = {name: int(before.get(name, {}).get("looked_to") or 0) for name in names}
    return arrivals.latest(run.connector.pk, after)


def panel(run: Run) -> Sequence[Table]:
    """The part "Webhooks" of the connector's page."""
    is_by_app = run.settings.subscriptions_by == BY_APP
    rows = known(run)
    names = [one.name for one in topics.wanted_by(run)]
    came = _arrived(run, names, rows)
    lines = []
    for name in [*names, *(one for one in rows if one not in names)]:
        data = rows.get(name, {})
        at = came[name][1] if name in came else _time(data.get("arrived_at"))
        lines.append([
            name,
            "yes" if name in names else Cell(text="no more", tone="warn"),
            _present(data, is_by_app=is_by_app),
            Cell(at=at) if at else Cell(text="none yet"),
            Cell(at=repaired) if (repaired := _time(data.get("repaired_at"))) else Cell(text="–"),
        ])  # fmt: skip
    columns = ("Topic", "Wanted", "Present", "Last delivery", "Repaired")
    tables = [Table(columns=columns, rows=lines, empty="No route needs a delivery yet.")]
    if problem := unreachable(run):
        tables.insert(0, Table(columns=("Address",), rows=[[Cell(text=problem, tone="bad")]]))
    return tables


def unreachable(run: Run) -> str:
    """Why Shopify cannot deliver to this hub; empty where it can. It takes https only; its stand-in says by itself what
    it takes."""
    url = run.connector.webhook_url
    if url.startswith("https://") or run.settings.base_url:
        return ""
    return f"Shopify delivers to https addresses only, and this hub's own is {url.partition('/hooks/')[0]}."


def _present(data: dict[str, Any], *, is_by_app: bool) -> Cell:
    if is_by_app:
        return Cell(text="in the app's configuration")
    if not data:
        return Cell(text="not checked yet", tone="warn")
    if data.get("problem"):
        return Cell(text=f"no: {data['problem']}", tone="bad")
    return Cell(text="yes", tone="good") if data.get("is_present") else Cell(text="no", tone="bad")


def _time(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None
