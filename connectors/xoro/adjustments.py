"""Units that leave Xoro's stock without a document: lines taken off an order that the shop did not put back on its shelf.

An event of its own for each line. The route is our assumption and off by default: then the event is a task for a person,
named in full. The reference is the shop's refund line, so that each is done once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction

from connectors import directory
from connectors.exceptions import HubError, RemoteRefused, RemoteUnavailable, Skip, UnconfirmedWrite
from connectors.records import Refund, RefundLine
from connectors.xoro import refusals
from connectors.xoro.documents import documents_of, third_party_source
from connectors.xoro.wire import number, without_blanks

if TYPE_CHECKING:
    from connectors.run import Run

KIND = "stock_adjustment"
TOPIC = "stock/adjust"


def unshipped(refund: Refund) -> list[RefundLine]:
    """Lines of a refund whose units were never shipped and did not go back into the shop's stock."""
    return [line for line in refund.lines if not line.is_restocked and line.restock == "none" and line.quantity]


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Units of an item that are to leave the stock of a store. ``why`` ends sentences: "not restocked"."""

    source: str
    reference: str  # of the shop's refund line: each is done once
    order_name: str
    sku: str
    quantity: Decimal
    store: str = ""
    location: str = ""
    why: str = "taken off without going back into stock"


def write_off(run: Run, refund: Refund, lines: Iterable[RefundLine]) -> list[RefundLine]:
    """Have the units of these lines leave Xoro's stock, from the store of the order's document that had them: an event
    for each line, once. For units that were never shipped; whoever knows that calls it."""
    source = third_party_source(refund, run.settings)
    known = documents_of(run, source, refund.order_id)
    asked = []
    for line in lines:
        document = next((one for one in known if line.order_line_id in one.lines), known[0] if known else None)
        loss = Loss(
            source=source,
            reference=f"{refund.id}-{line.id}",
            order_name=refund.order_name or refund.order_number,
            sku=line.sku,
            quantity=line.quantity,
            store=document.store if document else "",
            location=document.store_location if document else "",
        )
        if line.sku and ask(run, loss):
            asked.append(line)
    return asked


def ask(run: Run, loss: Loss) -> bool:
    """Queue the adjustment as an event of its own; false where it was asked for before."""
    object_id = f"{loss.reference} {loss.source}"
    if directory.by_id(run.connector.pk, KIND, object_id) is not None:
        return False
    told = {**asdict(loss), "quantity": str(loss.quantity)}
    label = f"{loss.order_name} {loss.sku}"
    row = directory.Known(key=loss.source, object_id=object_id, data={"sku": loss.sku})
    with transaction.atomic():  # never the one without the other: a second event would take the units twice
        run.spawn(
            topic=TOPIC, object_type="stock_adjustment", object_id=loss.reference, object_label=label, payload=told
        )
        directory.put(run.connector.pk, KIND, [row])
    return True


def adjust_stock(run: Run) -> str:
    """One adjustment. Raises a manual task where the route is off or missing, ``UnconfirmedWrite`` after a lost answer,
    and the errors of the client."""
    told = run.payload
    units = Decimal(told["quantity"])
    store = told["store"] or run.settings.ship_store
    why = str(told.get("why") or "taken off without going back into stock")
    what = f"{units.normalize():f} × {told['sku']} of order {told['order_name']}"
    step = f"Lower the stock of {told['sku']} in {store} by {units.normalize():f} in Xoro."
    if not units:
        raise Skip(f"Nothing of {what} to adjust.", reason="unchanged", code="unchanged")
    known = directory.by_id(run.connector.pk, KIND, f"{told['reference']} {told['source']}")
    if known is not None and known.data.get("done"):
        raise Skip(f"{what} left the stock of {store} in Xoro already.", reason="unchanged", code="unchanged")
    if not run.settings.use_adjustment_route:
        raise refusals.manual_task(f"{what} were {why}, and “Adjust stock by the API” is off.", step)
    if run.unfinished_write:
        raise UnconfirmedWrite(
            f"Whether {what} left the stock of {store} is not known: an earlier attempt sent it and got no answer.",
            next_step=f"Look in Xoro for the adjustment with reference {told['reference']}. If it is there, mark this "
            "event resolved; if not, press Retry.",
        )
    body = {
        "StoreName": store,
        "LocationName": told["location"] or run.settings.ship_location,
        "ItemNumber": told["sku"],
        "DeltaQty": number(-units),
        "Memo": f"Order {told['order_name']}: {why}",
        "ThirdPartyRefNo": told["reference"],
    }
    try:
        run.client.write("adjust_inventory", without_blanks(body))
    except RemoteRefused as error:
        if not refusals.is_duplicate(error, run.settings):
            raise refusals.explained(error) from error
        run.note("found_existing", f"Xoro has the adjustment {told['reference']} already.")
    except RemoteUnavailable:
        raise
    except HubError as error:
        if not refusals.has_no_route(error):
            raise
        raise refusals.manual_task(f"Xoro has no route for stock adjustments: {what}.", step, error) from error
    row = directory.Known(
        key=told["source"],
        object_id=f"{told['reference']} {told['source']}",
        data={"sku": told["sku"], "done": True},
    )
    directory.put(run.connector.pk, KIND, [row])
    return f"{what} left the stock of {store} in Xoro."
