"""Shipments: a source says what left, and the shop's fulfillment orders are fulfilled with it. Never twice.

Every pass reads the order and makes only what is still missing (``shipping_work``); then tracking, progress and
cancellation follow what the source says now (``shipping_followup``). Not for deciding which units are taken: that is
``shipping_plan``; nor for what is remembered: that is ``shipping_ledger``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from connectors.base import Delivered
from connectors.exceptions import (
    ConfigurationError,
    HubError,
    NotDone,
    RemoteRefused,
    RemoteUnavailable,
    Skip,
    WaitFor,
)
from connectors.records import Shipment
from connectors.shopify import shipping_plan, tracking
from connectors.shopify.calls import fulfillment as calls
from connectors.shopify.client import plain_id
from connectors.shopify.order_lookup import find_order
from connectors.shopify.replies import UserErrors
from connectors.shopify.shipping_followup import cancel, follow_up
from connectors.shopify.shipping_plan import Part, Plan, Want
from connectors.shopify.shipping_work import Work

if TYPE_CHECKING:
    from connectors.run import Run

ROUNDS = 5  # of reading and shipping, where somebody changes the order meanwhile
HOLD_PAUSE_S = 7200.0
Node = dict[str, Any]


def accept_shipment(run: Run, shipment: Shipment) -> Delivered:
    """Ship what a source shipped, or follow what it says of it later. Raises ``Skip`` where nothing is to be done,
    ``WaitFor`` for held or scheduled goods, ``MappingMissing`` for an unknown location, ``RemoteRefused`` with what does
    not fit, and what a call raises."""
    if shipment.status != "cancelled" and not (run.options.without_tracking or shipment.tracking_numbers):
        raise Skip(
            f"Shipment {shipment.number} has no tracking number yet; the route sends none without.", code="no_tracking"
        )
    gid = find_order(run, shipment)
    work = Work(run, shipment, gid)
    for _ in range(ROUNDS):
        work.read()
        if shipment.status == "cancelled":
            return cancel(work)
        if ship(work):
            return follow_up(work)
    raise RemoteUnavailable(
        f"Order {work.name} changes while shipment {shipment.number} is being made of it.", code="changing"
    )


def ship(work: Work) -> bool:
    """Make what is missing; false where the order turned out to have changed and has to be read again."""
    wants, unknown = shipping_plan.wants_of(work.orders, work.shipment.lines)
    if unknown:
        _refuse_unknown(work, unknown)
    wanted = shipping_plan.less(wants, work.shipped())
    if not wanted:
        return True
    made = _planned(work, wanted)
    if made is None:
        return False
    _check_missing(work, made)
    try:
        for call in shipping_plan.calls_of(made.parts):
            _make(work, call)
    except UserErrors as error:
        if _is_stale(error):
            return False
        error.next_step = (
            f"Look at order {work.name} in Shopify: whether it is archived, or was changed or fulfilled meanwhile. Correct "
            f"it, then press Retry; shipment {work.shipment.number} is never made twice."
        )
        raise
    return True


def _planned(work: Work, wanted: Sequence[Want]) -> Plan | None:
    """A plan whose parts can be shipped now; ``None`` where something was changed to get there."""
    found = shipping_plan.plan(work.orders, wanted, work.location)
    if found.held:
        _release(work, found.held)
        return None
    if found.scheduled:
        _open(work, found.scheduled)
        return None
    if found.elsewhere and work.run.options.other_location == "ship":
        work.location = None
        return _planned(work, wanted)
    if found.elsewhere:
        _move(work, found.elsewhere)
        return None
    return found


def _make(work: Work, call: shipping_plan.Call) -> None:
    """One call. Its intent stays where the outcome is not known."""
    wish: dict[str, Any] = {"lineItemsByFulfillmentOrder": call.as_input, "notifyCustomer": work.notifies()}
    given = tracking.as_input(work.run, work.shipment)
    if given:
        wish["trackingInfo"] = given
    if not work.ledger.intend(call.digest):
        raise work.follows()
    try:
        made = calls.ship(work.run.client, wish, work.shipment.message)
    except (UserErrors, ConfigurationError, NotDone):
        work.ledger.settle()  # declined, or not even sent: nothing was made
        raise
    work.ledger.remember(made["id"], made["name"])
    work.fulfillments[made["id"]] = {**made, "displayStatus": None}


def _release(work: Work, parts: Sequence[Part]) -> None:
    for one in _orders_of(parts):
        own = [hold["id"] for hold in one["fulfillmentHolds"] if hold["heldByRequestingApp"]]
        reasons = ", ".join(hold["displayReason"] for hold in one["fulfillmentHolds"]) or "no reason given"
        if not work.run.options.release_holds or len(own) < len(one["fulfillmentHolds"]):
            raise WaitFor(
                f"Goods of shipment {work.shipment.number} are on hold in order {work.name} ({reasons}).",
                code=f"hold:{plain_id(one['id'])}",
                retry_after_s=HOLD_PAUSE_S,
                next_step="Release the hold in Shopify; the hub tries again by itself, or press Retry.",
            )
        calls.release(work.run.client, one["id"], own)
        work.run.note("hold_released", f"The hub's hold on {work.name} was released ({reasons}).")


def _open(work: Work, parts: Sequence[Part]) -> None:
    for one in _orders_of(parts):
        if not work.run.options.open_scheduled:
            raise WaitFor(
                f"Goods of shipment {work.shipment.number} are scheduled in order {work.name} for "
                f"{one['fulfillAt'] or 'later'}.",
                code=f"scheduled:{plain_id(one['id'])}",
                retry_after_s=HOLD_PAUSE_S,
                next_step="Mark the fulfillment order as open in Shopify, or allow it in the route's options.",
            )
        calls.reopen(work.run.client, one["id"])
        work.run.note("opened", f"What order {work.name} had scheduled for later was opened.")


def _move(work: Work, parts: Sequence[Part]) -> None:
    names = ", ".join(sorted({one["assignedLocation"]["name"] for one in _orders_of(parts)}))
    if work.run.options.other_location != "move" or work.location is None:
        raise RemoteRefused(
            f"Shipment {work.shipment.number} left {work.shipment.location or work.run.options.location}, but "
            f"order {work.name} is assigned to {names}.",
            code="other_location",
            next_step="Move it in Shopify, or allow the hub to move it in the route's options; then press Retry.",
        )
    for one in _orders_of(parts):
        lines: dict[str, int] = {}
        for part in parts:
            if part.fulfillment_order["id"] == one["id"]:
                lines[part.row["id"]] = lines.get(part.row["id"], 0) + part.units
        calls.move(
            work.run.client, one["id"], work.location, [{"id": i, "quantity": units} for i, units in lines.items()]
        )
    work.run.note("moved", f"Order {work.name} was moved from {names} to where shipment {work.shipment.number} left.")


def _refuse_unknown(work: Work, unknown: Sequence[str]) -> None:
    hint = ""
    if not work.orders:
        hint = " The app sees no fulfillment order of it: that takes the scope " \
               "write_merchant_managed_fulfillment_orders, for other companies' warehouses " \
               "write_third_party_fulfillment_orders."  # fmt: skip
    raise RemoteRefused(
        f"Order {work.name} has no line for {', '.join(unknown)} of shipment {work.shipment.number}.{hint}",
        code="unknown_line",
        next_step="Compare the SKUs of the order and the shipment, correct them, then press Retry.",
    )


def _check_missing(work: Work, found: Plan) -> None:
    """What was shipped and is not open any more: a remark, or a refusal where the route says so."""
    if not found.missing:
        return
    what = ", ".join(f"{units} × {sku}" for sku, units in found.missing.items())
    said = f"Order {work.name} has nothing open for {what} of shipment {work.shipment.number}"
    if work.run.options.too_many == "refuse":
        raise RemoteRefused(
            f"{said}; nothing was shipped.",
            code="too_many",
            next_step="Look in Shopify what was shipped, cancelled or refunded; correct it, then press Retry.",
        )
    if not found.parts and not work.mine:
        raise Skip(f"{said}: it was shipped, cancelled or refunded there already.", code="nothing_open")
    work.run.note("too_many", f"{said}; the rest was shipped.")


def _orders_of(parts: Sequence[Part]) -> list[Node]:
    return list({part.fulfillment_order["id"]: dict(part.fulfillment_order) for part in parts}.values())


# Texts recorded from the vendor, which gives no codes here: somebody changed the order since it was read.
STALE = ("does not exist", "line item quantity requested", "unfulfillable status")


def _is_stale(error: HubError) -> bool:
    return isinstance(error, UserErrors) and all(
        any(text in str(one.get("message")) for text in STALE) for one in error.errors
    )
