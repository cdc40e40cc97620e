"""What follows a shipment: tracking, progress and cancellation of what was made of it. Each converges, so that asking
again does no harm.
"""

from __future__ import annotations

from connectors.base import Delivered
from connectors.exceptions import ConfigurationError, Skip
from connectors.shopify import tracking
from connectors.shopify.calls import fulfillment as calls
from connectors.shopify.client import plain_id
from connectors.shopify.replies import UserErrors
from connectors.shopify.shipping_work import DEAD, Node, Work, names_of


def follow_up(work: Work) -> Delivered:
    """Bring tracking and progress of what was made to what the source says now."""
    alive = [one for one in work.mine if one["status"] not in DEAD]
    given = tracking.as_input(work.run, work.shipment)
    for one in alive:
        if given and not tracking.is_up_to_date(one, given):
            calls.set_tracking(work.run.client, one["id"], given, notify=work.notifies())
            work.run.note("tracking", f"Tracking of {one['name']} was brought up to date.")
        _tell_progress(work, one)
    return _delivered(work, f"Shipment {work.shipment.number} is {names_of(work.mine)} of order {work.name}.")


def _tell_progress(work: Work, one: Node) -> None:
    status = work.shipment.status.upper()
    if status == "SHIPPED" or status == one["displayStatus"]:
        return
    if status not in tracking.PROGRESS:
        work.run.note("unknown_status", f"Shopify knows no progress called “{work.shipment.status}”.")
        return
    event: Node = {"fulfillmentId": one["id"], "status": status}
    if work.shipment.updated_at:
        event["happenedAt"] = work.shipment.updated_at.isoformat()
    try:
        calls.add_event(work.run.client, event)
    except (ConfigurationError, UserErrors) as error:  # it is shipped: how far it is, is not worth a failure
        work.run.note("progress_not_told", error.sentence)


def cancel(work: Work) -> Delivered:
    alive = [one for one in work.mine if one["status"] not in DEAD]
    if not work.mine:
        raise Skip(f"Shipment {work.shipment.number} was cancelled before the hub made it.", code="never_made")
    for one in alive:
        try:
            calls.cancel(work.run.client, one["id"])
        except UserErrors as error:
            error.next_step = f"Cancel {one['name']} of order {work.name} in Shopify, then mark this event resolved."
            raise
        work.ledger.remember(one["id"], one["name"], is_cancelled=True)
    verb = "was cancelled" if alive else "had been cancelled already"
    return _delivered(work, f"{names_of(work.mine)} of order {work.name} {verb}.")


def _delivered(work: Work, sentence: str) -> Delivered:
    numbers = " ".join(plain_id(one["id"]) for one in work.mine)
    return Delivered(
        target_id=numbers if len(numbers) <= 120 else numbers.partition(" ")[0],
        target_number=names_of(work.mine),
        sentence=sentence,
    )
