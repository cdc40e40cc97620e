"""Units that leave Xoro's stock without a document: lines taken off an order that the shop did not put back on its shelf.

An event of its own for each line. The route is our assumption and off by default: then the event is a task for a person,
named in full. The reference is the shop's refund line, so that each is done once.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

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


def write_off(run: Run, refund: Refund, lines: Iterable[RefundLine]) -> list[RefundLine]:
    """Have the units of these lines leave Xoro's stock, from the store of the order's document that had them: an event
    for each line, once. For units that were never shipped; whoever knows that calls it."""
    source = third_party_source(refund, run.settings)
    known = documents_of(run, source, refund.order_id)
    asked = []
    for line in lines:
        reference = f"{refund.id}-{line.id}"
        if not line.sku or directory.by_id(run.connector.pk, KIND, f"{reference} {source}") is not None:
            continue
        document = next((one for one in known if line.order_line_id in one.lines), known[0] if known else None)
        told = {
            "source": source,
            "reference": reference,
            "order_name": refund.order_name or refund.order_number,
            "sku": line.sku,
            "quantity": str(line.quantity),
            "store": document.store if document else "",
            "location": document.store_location if document else "",
        }
        row = directory.Known(key=source, object_id=f"{reference} {source}", data={"sku": line.sku})
        directory.put(run.connector.pk, KIND, [row])
        label = f"{refund.order_name} {line.sku}"
        run.spawn(topic=TOPIC, object_type="stock_adjustment", object_id=reference, object_label=label, payload=told)
        asked.append(line)
    return asked


def adjust_stock(run: Run) -> str:
    """One adjustment. Raises a manual task where the route is off or missing, ``UnconfirmedWrite`` after a lost answer,
    and the errors of the client."""
    told = run.payload
    units = Decimal(told["quantity"])
    store = told["store"] or run.settings.ship_store
    what = f"{units.normalize():f} × {told['sku']} of order {told['order_name']}"
    step = f"Lower the stock of {told['sku']} in {store} by {units.normalize():f} in Xoro."
    if not units:
        raise Skip(f"Nothing of {what} to adjust.", reason="unchanged", code="unchanged")
    if not run.settings.use_adjustment_route:
        raise refusals.manual_task(
            f"{what} were taken off without going back into stock, and “Adjust stock by the API” is off.", step
        )
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
        "Memo": f"Taken off order {told['order_name']}, not restocked",
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
    return f"{what} left the stock of {store} in Xoro."
