"""What the hub knows of goods that left: every shipped invoice it met, what it told of it, and which sales orders still
wait. Kept in the connector's directory:

``shipped_invoice``: key "<third-party source> <sales order>", object id the invoice's id; ``changed`` (the moment Xoro
names), ``units`` by SKU, ``told`` (shipment id -> fingerprint of what was told),
``whole`` (the id under which all of it was told as one shipment).

``unshipped``: key and object id "<reference> <third-party source>" of a sales order that has not been told of in full;
``seen_at`` is when it was looked at last.

``shipped_order``: key and object id "<sales order> <third-party source>" of one that got an event of its own because no
invoice told of what it says has left; ``units`` by SKU it said then. While it says the same, it gets no second one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.directory import Known
from connectors.models import DirectoryEntry
from connectors.xoro import documents
from connectors.xoro.shipments import Shipped

if TYPE_CHECKING:
    from connectors.run import Run

INVOICE, UNSHIPPED, ASKED = "shipped_invoice", "unshipped", "shipped_order"
SEEDED = "unshipped_after"  # checkpoint: the newest document that was put among the unshipped
BLOCK = 1000
Memory = dict[str, Any]


def key_of(source: str, order_number: str) -> str:
    return f"{source} {order_number}"


def memories(run: Run, invoice_ids: Collection[str]) -> dict[str, Memory]:
    """What is known of invoices, by their id."""
    rows = DirectoryEntry.objects.filter(connector_id=run.connector.pk, kind=INVOICE, object_id__in=list(invoice_ids))
    return dict(rows.values_list("object_id", "data"))


def remember(run: Run, rows: Iterable[tuple[Shipped, Memory]]) -> None:
    known = [
        Known(key=key_of(shipped.source, shipped.order_number), object_id=shipped.id, data=data)
        for shipped, data in rows
    ]
    directory.put(run.connector.pk, INVOICE, known)


def told_of(memory: Memory) -> dict[str, str]:
    """Shipments the shop was told of, by id, with the fingerprint of what it heard last."""
    return {shipment: said for shipment, said in memory.get("told", {}).items() if shipment}


def as_nothing(memory: Memory, changed: str) -> Memory:
    """Of an invoice that tells of nothing (more): no units, and nothing to tell."""
    return {**memory, "changed": changed, "units": {}, "told": memory.get("told") or {"": ""}}


def units_met(run: Run, source: str, order_number: str) -> dict[str, Decimal]:
    """Units by SKU on the invoices of a sales order that the hub has met."""
    found: dict[str, Decimal] = {}
    for known in directory.find(run.connector.pk, INVOICE, [key_of(source, order_number)]).values():
        for one in known:
            for sku, units in one.data.get("units", {}).items():
                found[sku] = found.get(sku, Decimal(0)) + Decimal(units)
    return found


def is_told(run: Run, source: str, order_number: str) -> bool:
    """Whether every invoice of a sales order that the hub has met was told of, and there is one."""
    rows = directory.find(run.connector.pk, INVOICE, [key_of(source, order_number)]).values()
    found = [one for known in rows for one in known]
    return bool(found) and all(one.data.get("told") for one in found)


def missing(shipped: Mapping[str, Decimal], met: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Units by SKU that a sales order says have left and no invoice tells of."""
    left = {sku: units - met.get(sku, Decimal(0)) for sku, units in shipped.items()}
    return {sku: units for sku, units in left.items() if units > 0}


def is_new(run: Run, source: str, order_number: str, units: Mapping[str, str]) -> bool:
    """Whether a sales order got no event for just these shipped units yet."""
    known = directory.by_id(run.connector.pk, ASKED, f"{order_number} {source}")
    return known is None or known.data.get("units") != units


def asked(run: Run, source: str, order_number: str, units: Mapping[str, str]) -> None:
    name = f"{order_number} {source}"
    directory.put(run.connector.pk, ASKED, [Known(key=name, object_id=name, data={"units": dict(units)})])


# --- sales orders that wait


def wait_for(run: Run) -> None:
    """Put what was sent to Xoro since the last time among the unshipped. Bounded: what is more comes the next time."""
    after = int(run.checkpoint.get(SEEDED) or 0)
    rows = DirectoryEntry.objects.filter(connector_id=run.connector.pk, kind=documents.KIND, pk__gt=after)
    block = list(rows.order_by("pk")[: 5 * BLOCK])
    if not block:
        return
    alive = [row for row in block if row.data.get("kind") == documents.SALES_ORDER and not row.data.get("is_cancelled")]
    directory.put(
        run.connector.pk,
        UNSHIPPED,
        (Known(key=row.object_id, object_id=row.object_id) for row in alive),
    )
    run.save_checkpoint(**{SEEDED: block[-1].pk})


def due(run: Run, rest: timedelta, most: int) -> list[Known]:
    """Sales orders that have not been looked at for this long, longest first."""
    rows = DirectoryEntry.objects.filter(
        connector_id=run.connector.pk, kind=UNSHIPPED, seen_at__lt=directory.clock() - rest
    )
    return [Known(key=row.key, object_id=row.object_id, data=row.data) for row in rows.order_by("seen_at", "pk")[:most]]


def looked_at(run: Run, one: Known) -> None:
    directory.put(run.connector.pk, UNSHIPPED, [one])


def is_over(run: Run, one: Known) -> None:
    """Nothing more will leave of it."""
    directory.forget(run.connector.pk, UNSHIPPED, [one.object_id])
