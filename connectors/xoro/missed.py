"""Shipments that a walk over invoices may have missed, so that none is missed in silence.

Which statuses list paid invoices is not public, and what a tenant leaves out cannot be seen in what it lists. So two more
looks are taken in each run: sales orders that were sent to Xoro and not told of in full are looked up singly by their
third-party reference, those that waited longest first; and sales orders that say they shipped are compared with the
invoices that were met. What an order says has left and no invoice tells of is an error of its own event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.directory import Known
from connectors.exceptions import NotDone, RemoteRefused, Skip
from connectors.xoro import documents, earlier, shipped, telling, wire
from connectors.xoro.calls import invoices as calls
from connectors.xoro.shipments import CHARGES
from connectors.xoro.walks import GOES_ON_S, Slice

if TYPE_CHECKING:
    from connectors.run import Run

SINGLE = "shipped_order"
MOST_LOOKS = 20  # single look-ups in one run: each is a call or two of a slow system
LOOKED = "fulfillment_looks"  # checkpoint: look-ups left in the run under way
Node = dict[str, Any]
Take = Callable[[Sequence[Node]], None]


def look(run: Run, part: Slice, take: Take) -> None:
    """Look sales orders up singly. Raises ``NotDone`` where the slice is over, and what a read raises."""
    shipped.wait_for(run)
    rest = max(interval(run), timedelta(minutes=5))
    left = int(run.checkpoint.get(LOOKED, MOST_LOOKS))
    for one in shipped.due(run, rest, left):
        if part.is_over():
            run.save_checkpoint(**{LOOKED: left})
            raise NotDone("Sales orders are looked up one by one; the rest goes on at once.", code="looks",
                          retry_after_s=GOES_ON_S)  # fmt: skip
        part.pages[0] -= 1
        left -= 1
        _look_at(run, one, take)
    run.save_checkpoint(**{LOOKED: MOST_LOOKS})


def interval(run: Run) -> timedelta:
    """How long an order may rest before it is looked up singly: one interval of the scheduler."""
    settings = run.settings
    return timedelta(hours=settings.import_every_hours, minutes=settings.import_every_minutes)


def _look_at(run: Run, one: Known, take: Take) -> None:
    reference, _, source = one.object_id.partition(" ")
    rows, is_certain = calls.invoices_of_reference(run.client, source, reference)
    take(rows)
    document = directory.by_id(run.connector.pk, documents.KIND, one.object_id)
    sent_as = str(document.data.get("number") or "") if document else ""
    order = run.client.get_sales_order(sent_as) if sent_as else None
    if order is not None and telling.is_over(order):
        number = wire.document_number(order)
        gone = units_shipped(order, run.settings)
        if shipped.missing(gone, shipped.units_met(run, source, number)):
            hand_on(run, source, order)
        elif is_certain and (not gone or shipped.is_told(run, source, number)):
            shipped.is_over(run, one)
            return
        elif gone and not run.settings.partial_shipments:
            hand_on(run, source, order)  # closed without a last invoice that would have told of it
    shipped.looked_at(run, one)


def compare(run: Run, source: str, rows: Sequence[Node]) -> None:
    """Sales orders whose shipped units are on no invoice the hub met get an event of their own."""
    for row in earlier.without(run, rows):
        own = wire.identifier(wire.header_of(row).get("ThirdPartySource"))
        if not own or (source and not calls.is_of(row, source)):
            continue
        met = shipped.units_met(run, own, wire.document_number(row))
        if shipped.missing(units_shipped(row, run.settings), met):
            hand_on(run, own, row)


def units_shipped(order: Node, settings: Any) -> dict[str, Decimal]:
    """Units of goods by SKU that a sales order says have left."""
    charges = {getattr(settings, name).casefold() for name in CHARGES} - {""}
    found: dict[str, Decimal] = {}
    for place, line in enumerate(wire.lines_of(order)):
        sku = wire.identifier(line.get("ItemNumber"))
        units = wire.decimal(line.get("QtyShipped"), f"SoEstimateItemLineArr[{place}].QtyShipped")
        if units > 0 and sku.casefold() not in charges:
            found[sku] = found.get(sku, Decimal(0)) + units
    return found


def hand_on(run: Run, source: str, order: Node) -> None:
    """An event for one sales order; none where the same units of it had one already."""
    number = wire.document_number(order)
    units = {sku: str(units) for sku, units in units_shipped(order, run.settings).items()}
    if not shipped.is_new(run, source, number, units):
        return
    payload = {"number": number, "source": source}
    run.spawn(
        topic=f"single:{SINGLE}",
        object_type=SINGLE,
        object_id=number,
        object_label=number,
        payload=payload,
        version=str(sum(map(Decimal, units.values()))),
    )
    shipped.asked(run, source, number, units)


def synchronize_single(run: Run) -> str:
    """A sales order that says more has left than was told: tell what its invoices know. Raises ``RemoteRefused`` naming
    what no invoice tells of."""
    telling.check_is_on(run)
    payload = run.payload if isinstance(run.payload, dict) else {}
    number = str(payload.get("number") or "").strip()
    order = run.client.get_sales_order(number)
    if order is None:
        raise RemoteRefused(
            f"Xoro has no sales order {number}, or did not show it.", code="not_found",
            next_step="Check the number in Xoro; press Retry, or mark this event resolved where the order is gone.",
        )  # fmt: skip
    header = wire.header_of(order)
    source = str(payload.get("source") or "") or wire.identifier(header.get("ThirdPartySource"))
    run.describe(object_type=SINGLE, object_id=number, object_label=number)
    try:
        sentence = telling.tell_all(run, telling.invoices_of(run, source, number))
    except Skip as skip:
        sentence = skip.sentence
    left = shipped.missing(units_shipped(order, run.settings), shipped.units_met(run, source, number))
    if left:
        what = ", ".join(f"{wire.quantity(units)} × {sku}" for sku, units in sorted(left.items()))
        raise RemoteRefused(
            f"Sales order {number} (order {wire.identifier(header.get('RefNo'))}) says that {what} shipped, but no invoice "
            "of it tells so, and the shop has not heard of it.",
            code="shipment_missed",
            next_step="Look in Xoro whether the shipment was invoiced; fulfil it in the shop by hand and mark this event "
            "resolved, or press Retry once the invoice is there.",
        )  # fmt: skip
    return sentence or f"Nothing of sales order {number} has left that the shop does not know."
