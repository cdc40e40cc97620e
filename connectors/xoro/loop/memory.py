"""What the hub remembers of a return of Loop: how far it has come. One directory entry of the connector each, kind
``loop_return``: ``object_id`` the return's id in Loop, ``key`` the stage, ``data`` the members of ``Memory``. No person is
named in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from django.db import transaction

from connectors import directory
from connectors.directory import Known
from connectors.models import DirectoryEntry
from events.models import Event, Outcome

if TYPE_CHECKING:
    from connectors.run import Run

KIND = "loop_return"
NEW = "new"  # known, and nothing done yet
SENDING = "sending"  # an RMA left for Xoro, and nobody knows yet what became of it
EXPECTED = "expected"  # the RMA is there, the goods are on their way
RECEIVED = "received"  # the warehouse closed the ASN
TOLD = "told"  # Loop was asked to process the return, or to have a person look at it
DONE = "done"  # its money is booked, or there is none to book
# Codes of failures: whether an RMA was made, and whether Loop was asked, nobody knows.
RMA_IN_DOUBT, LOOP_IN_DOUBT = "rma_in_doubt", "loop_in_doubt"


@dataclass(frozen=True, kw_only=True)
class Memory:
    """``version``: of the return when an event was last made for it. ``wanted`` and ``received``: units by SKU. ``told``:
    what Loop was asked, ``asking``: what it is just being asked, and nobody knows yet. ``since``: the day the RMA was made,
    by Xoro's own clock."""

    id: str
    stage: str = NEW
    version: str = ""
    order_name: str = ""
    rma: str = ""
    asn: str = ""
    since: str = ""
    wanted: dict[str, str] = field(default_factory=dict)
    received: dict[str, str] = field(default_factory=dict)
    told: str = ""
    asking: str = ""
    memos: tuple[str, ...] = ()

    @property
    def is_received_in_full(self) -> bool:
        return bool(self.wanted) and all(
            float(self.received.get(sku, "0")) >= float(units) for sku, units in self.wanted.items()
        )

    @property
    def missing(self) -> str:
        """``1 of 2 LMP-OAK-S`` of what did not come."""
        short = [
            f"{self.received.get(sku, '0')} of {units} {sku}"
            for sku, units in self.wanted.items()
            if float(self.received.get(sku, "0")) < float(units)
        ]
        return ", ".join(short)


def recall(run: Run, return_id: str) -> Memory:
    known = directory.by_id(run.connector.pk, KIND, return_id)
    return _read(known) if known is not None else Memory(id=return_id)


def keep(run: Run, memory: Memory) -> Memory:
    directory.put(run.connector.pk, KIND, [Known(key=memory.stage, object_id=memory.id, data=asdict(memory))])
    return memory


def keep_version(run: Run, return_id: str, version: str, order_name: str) -> None:
    """That an event was made for this version of a return; how far another worker has taken it meanwhile stays."""
    with transaction.atomic():
        rows = DirectoryEntry.objects.select_for_update()
        row = rows.filter(connector_id=run.connector.pk, kind=KIND, object_id=return_id).first()
        if row is None:
            keep(run, Memory(id=return_id, version=version, order_name=order_name))
        else:
            row.data = {**row.data, "version": version, "order_name": order_name}
            row.save(update_fields=["data"])


def at_stage(run: Run, stage: str) -> Iterator[Memory]:
    for rows in directory.find(run.connector.pk, KIND, [stage]).values():
        yield from map(_read, rows)


def of_order(run: Run, order_name: str) -> list[Memory]:
    """Returns of one order, by the order's name with or without its ``#``."""
    bare = order_name.lstrip("#")
    rows = DirectoryEntry.objects.filter(
        connector_id=run.connector.pk, kind=KIND, data__order_name__in=[bare, f"#{bare}"]
    ).order_by("id")
    return [_read(Known(key=row.key, object_id=row.object_id, data=row.data)) for row in rows]


def seen_to(run: Run, return_id: str, code: str) -> Event | None:
    """The last event that left such a doubt to a person, where one marked it resolved: it is there, or nobody wants it."""
    failed = Event.objects.filter(
        connector_id=run.connector.pk,
        object_type="return",
        object_id=return_id,
        outcome=Outcome.FAILED,
        reason_code=code,
    )
    last = failed.order_by("-id").first()
    return last if last is not None and last.resolved_at and last.resolved_by != "the hub" else None


def _read(known: Known) -> Memory:
    names = Memory.__dataclass_fields__
    given = {name: value for name, value in known.data.items() if name in names}
    return Memory(**given | {"memos": tuple(given.get("memos") or ())})
