"""An invoice that was voided after the shop had heard that its goods left.

Whether they left all the same is for a person to know: an invoice is also voided to be written anew. So a failed event
says what the shop believes and what to do, unless the connector is set to cancel the shop's fulfillment. What is invoiced
again with the same tracking number is the same fulfillment to the shop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.exceptions import RemoteRefused, Skip
from connectors.records import Shipment
from connectors.xoro import shipped, wire
from connectors.xoro.settings_fulfillments import CANCEL
from connectors.xoro.shipments import Shipped

if TYPE_CHECKING:
    from connectors.routing import About
    from connectors.run import Run

CANCELLED = "cancelled"


def tell(run: Run, one: Shipped, order_id: str, about: About) -> str:
    """Raises ``Skip`` where the shop never heard of it or has heard of its end, ``RemoteRefused`` where a person decides."""
    before: dict[str, Any] = shipped.memories(run, [one.id]).get(one.id, {})
    told = shipped.told_of(before)
    order = one.shop_number or order_id
    if not told:
        raise Skip(f"Invoice {one.number} of order {order} is void in Xoro; the shop was not told of it.", code="void")
    if run.settings.voided_invoices != CANCEL:
        raise RemoteRefused(
            f"Invoice {one.number} of order {order} was voided in Xoro after the shop was told that its goods left.",
            code="voided_there",
            next_step=f"If they did not leave, cancel the fulfillment of order {order} in the shop; if they were invoiced "
            "again, nothing is to be done. Then mark this event resolved.",
        )
    ends = [_end(run, one, name, order_id) for name in told]
    fresh = [end for end in ends if told[end.id] != end.fingerprint()]
    for end in fresh:
        run.deliver(end, about=about)
    changed = one.changed_at.isoformat() if one.changed_at else ""
    heard = {end.id: end.fingerprint() for end in ends}
    shipped.remember(run, [(one, {**shipped.as_nothing(before, changed), "told": heard, "whole": ""})])
    if not fresh:
        raise Skip(f"The shop was told before that invoice {one.number} is void.", reason="unchanged", code="unchanged")
    return f"The shop is told that {', '.join(end.number for end in fresh)} of order {order} was cancelled."


def _end(run: Run, one: Shipped, shipment_id: str, order_id: str) -> Shipment:
    moment = one.changed_at
    return Shipment(
        id=shipment_id,
        number=one.number if shipment_id.startswith("invoice-") else f"{one.number}/{shipment_id}",
        order_id=order_id,
        order_name=f"#{one.shop_number}" if one.shop_number else "",
        status=CANCELLED,
        notify_customer=False,
        updated_at=wire.moment_in(moment, run.settings.api_time_zone) if moment else None,
        raw=one.row,
    )
