"""Shipments: a source says what left, and the shop's fulfillment orders are fulfilled with it. Never twice.

Every pass reads the order, takes for ours what an earlier attempt made without hearing of it, and makes only what is
still missing; then tracking, progress and cancellation follow what the source says now. Not for deciding which units
are taken: that is ``shipping_plan``; nor for what is remembered: that is ``shipping_ledger``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.base import Delivered
from connectors.exceptions import ConfigurationError, HubError, RemoteRefused, RemoteUnavailable, Skip, WaitFor
from connectors.records import Shipment
from connectors.shopify import locations, shipping_plan, tracking
from connectors.shopify.calls import fulfillment as calls
from connectors.shopify.client import plain_id
from connectors.shopify.order_lookup import find_order
from connectors.shopify.replies import UserErrors
from connectors.shopify.shipping_ledger import Ledger
from connectors.shopify.shipping_plan import Part, Plan, Want

if TYPE_CHECKING:
    from connectors.run import Run

ROUNDS = 5  # of reading and shipping, where somebody changes the order meanwhile
SETTLE = timedelta(seconds=60)  # until a call without an answer has certainly been done or not
SKEW = timedelta(minutes=10)  # between Shopify's clock and ours
HOLD_PAUSE_S = 7200.0
DEAD = frozenset({"CANCELLED", "ERROR", "FAILURE"})
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
    work = _Work(run, shipment, gid)
    for _ in range(ROUNDS):
        work.read()
        if shipment.status == "cancelled":
            return work.cancel()
        if work.ship():
            return work.follow_up()
    raise RemoteUnavailable(
        f"Order {work.name} changes while shipment {shipment.number} is being made of it.", code="changing"
    )


class _Work:
    """One shipment on its way into one order."""

    def __init__(self, run: Run, shipment: Shipment, gid: str) -> None:
        self.run = run
        self.shipment = shipment
        self.gid = gid
        self.ledger = Ledger(run, shipment.id, gid)
        self.name = shipment.order_name or gid
        self.location: str | None = None
        if shipment.status != "cancelled":
            self.location = self._location()

    def _location(self) -> str | None:
        if self.run.options.location:
            return locations.named(self.run, self.run.options.location, said_by="the route's option “Always ship from”")
        return locations.find(self.run, self.shipment.location) if self.shipment.location else None

    def read(self) -> None:
        order = calls.read_order(self.run.client, self.gid)
        if order is None:
            raise RemoteRefused(
                f"The shop has no order {self.name}: it was deleted, or it is older than 60 days and the app lacks the "
                "scope read_all_orders.",
                code="not_found",
            )
        self.name, self.orders = order["name"], order["fulfillmentOrders"]
        self.fulfillments: dict[str, Node] = {one["id"]: one for one in order["fulfillments"]}
        self.run.key("order_name", self.name)
        self._adopt()

    # --- what is there already
    def _adopt(self) -> None:
        """Take for ours what an earlier attempt made without hearing of it, and what carries our tracking number."""
        strangers = [
            one
            for gid, one in self.fulfillments.items()
            if plain_id(gid) not in self.ledger.made and one["status"] not in DEAD
        ]
        foreign = self.ledger.belongs_elsewhere([one["id"] for one in strangers])
        strangers = [one for one in strangers if one["id"] not in foreign]
        if self.shipment.status != "cancelled":
            for one in [one for one in strangers if tracking.is_same_parcel(one, self.shipment)]:
                self._take_over(one, "it carries the same tracking number")
                strangers.remove(one)
        self._settle_intent(strangers)

    def _settle_intent(self, strangers: Sequence[Node]) -> None:
        intents = self.ledger.intents()
        own = next((one for one in intents if one.shipment == self.ledger.key), None)
        if own is None:
            if any(self.run.now - one.at < SETTLE for one in intents):
                raise WaitFor(
                    f"Another shipment of order {self.name} is being made; this one follows it.",
                    code=f"order:{self.ledger.order}", retry_after_s=20,
                )  # fmt: skip
            return
        for one in strangers:
            made_at = datetime.fromisoformat(one["createdAt"])
            if made_at >= own.at - SKEW and not tracking.is_another_parcel(one, self.shipment):
                rows = calls.lines_of(self.run.client, one)
                if shipping_plan.digest(_units(rows)) == own.digest:
                    self._take_over(one, "an earlier attempt made it, whose answer was lost")
                    return
        left_s = (own.at + SETTLE - self.run.now).total_seconds()
        if left_s > 0:
            raise RemoteUnavailable(
                f"Whether shipment {self.shipment.number} reached Shopify is not known yet.", code="settling",
                retry_after_s=left_s,
            )  # fmt: skip
        self.ledger.settle()

    def _take_over(self, one: Node, why: str) -> None:
        self.ledger.remember(one["id"], one["name"])
        self.run.note("found_existing", f"Shipment {self.shipment.number} is {one['name']} in the shop: {why}.")

    @property
    def mine(self) -> list[Node]:
        return [one for gid, one in self.fulfillments.items() if plain_id(gid) in self.ledger.made]

    def _shipped(self) -> list[tuple[str, int]]:
        """Units of lines shipped already. What a person cancelled in the shop counts: it is not shipped again by
        itself; what the hub cancelled does not."""
        found: list[tuple[str, int]] = []
        for one in self.mine:
            known = self.ledger.made[plain_id(one["id"])]
            if one["status"] in DEAD and known.data.get("is_cancelled"):
                continue
            if one["status"] in DEAD:
                said = f"{one['name']} was cancelled in the shop; the hub does not ship it again."
                self.run.note("cancelled_in_shop", said)
            found += list(_units(calls.lines_of(self.run.client, one)).items())
        return found

    # --- what is missing
    def ship(self) -> bool:
        """Make what is missing; false where the order turned out to have changed and has to be read again."""
        wants, unknown = shipping_plan.wants_of(self.orders, self.shipment.lines)
        if unknown:
            self._refuse_unknown(unknown)
        wanted = shipping_plan.less(wants, self._shipped())
        if not wanted:
            return True
        made = self._planned(wanted)
        if made is None:
            return False
        self._check_missing(made)
        try:
            for call in shipping_plan.calls_of(made.parts):
                self._make(call)
        except UserErrors as error:
            if not _is_stale(error):
                raise
            return False
        return True

    def _planned(self, wanted: Sequence[Want]) -> Plan | None:
        """A plan whose parts can be shipped now; ``None`` where something was changed to get there."""
        found = shipping_plan.plan(self.orders, wanted, self.location)
        if found.held:
            self._release(found.held)
            return None
        if found.scheduled:
            self._open(found.scheduled)
            return None
        if found.elsewhere and self.run.options.other_location == "ship":
            self.location = None
            return self._planned(wanted)
        if found.elsewhere:
            self._move(found.elsewhere)
            return None
        return found

    def _make(self, call: shipping_plan.Call) -> None:
        """One call. Its intent stays where the outcome is not known."""
        wish: dict[str, Any] = {"lineItemsByFulfillmentOrder": call.as_input, "notifyCustomer": self._notifies()}
        given = tracking.as_input(self.run, self.shipment)
        if given:
            wish["trackingInfo"] = given
        self.ledger.intend(call.digest)
        try:
            made = calls.ship(self.run.client, wish, self.shipment.message)
        except (UserErrors, ConfigurationError):
            self.ledger.settle()  # declined: nothing was made
            raise
        self.ledger.remember(made["id"], made["name"])
        self.fulfillments[made["id"]] = {**made, "displayStatus": None}

    def _notifies(self) -> bool:
        choice = self.run.options.notify_customer
        if choice == "record":
            return self.shipment.notify_customer is not False
        return bool(choice == "always")

    def _release(self, parts: Sequence[Part]) -> None:
        for one in _orders_of(parts):
            own = [hold["id"] for hold in one["fulfillmentHolds"] if hold["heldByRequestingApp"]]
            reasons = ", ".join(hold["displayReason"] for hold in one["fulfillmentHolds"]) or "no reason given"
            if not self.run.options.release_holds or len(own) < len(one["fulfillmentHolds"]):
                raise WaitFor(
                    f"Goods of shipment {self.shipment.number} are on hold in order {self.name} ({reasons}).",
                    code=f"hold:{plain_id(one['id'])}",
                    retry_after_s=HOLD_PAUSE_S,
                    next_step="Release the hold in Shopify; the hub tries again by itself, or press Retry.",
                )
            calls.release(self.run.client, one["id"], own)
            self.run.note("hold_released", f"The hub's hold on {self.name} was released ({reasons}).")

    def _open(self, parts: Sequence[Part]) -> None:
        for one in _orders_of(parts):
            if not self.run.options.open_scheduled:
                raise WaitFor(
                    f"Goods of shipment {self.shipment.number} are scheduled in order {self.name} for "
                    f"{one['fulfillAt'] or 'later'}.",
                    code=f"scheduled:{plain_id(one['id'])}",
                    retry_after_s=HOLD_PAUSE_S,
                    next_step="Mark the fulfillment order as open in Shopify, or allow it in the route's options.",
                )
            calls.reopen(self.run.client, one["id"])
            self.run.note("opened", f"What order {self.name} had scheduled for later was opened.")

    def _move(self, parts: Sequence[Part]) -> None:
        names = ", ".join(sorted({one["assignedLocation"]["name"] for one in _orders_of(parts)}))
        if self.run.options.other_location != "move" or self.location is None:
            raise RemoteRefused(
                f"Shipment {self.shipment.number} left {self.shipment.location or self.run.options.location}, but "
                f"order {self.name} is assigned to {names}.",
                code="other_location",
                next_step="Move it in Shopify, or allow the hub to move it in the route's options; then press Retry.",
            )
        for one in _orders_of(parts):
            lines: dict[str, int] = {}
            for part in parts:
                if part.fulfillment_order["id"] == one["id"]:
                    lines[part.row["id"]] = lines.get(part.row["id"], 0) + part.units
            calls.move(
                self.run.client, one["id"], self.location, [{"id": i, "quantity": units} for i, units in lines.items()]
            )
        self.run.note(
            "moved", f"Order {self.name} was moved from {names} to where shipment {self.shipment.number} left."
        )

    def _refuse_unknown(self, unknown: Sequence[str]) -> None:
        hint = ""
        if not self.orders:
            hint = " The app sees no fulfillment order of it: that takes the scope " \
                   "write_merchant_managed_fulfillment_orders, for other companies' warehouses " \
                   "write_third_party_fulfillment_orders."  # fmt: skip
        raise RemoteRefused(
            f"Order {self.name} has no line for {', '.join(unknown)} of shipment {self.shipment.number}.{hint}",
            code="unknown_line",
            next_step="Compare the SKUs of the order and the shipment, correct them, then press Retry.",
        )

    def _check_missing(self, found: Plan) -> None:
        """What was shipped and is not open any more: a remark, or a refusal where the route says so."""
        if not found.missing:
            return
        what = ", ".join(f"{units} × {sku}" for sku, units in found.missing.items())
        said = f"Order {self.name} has nothing open for {what} of shipment {self.shipment.number}"
        if self.run.options.too_many == "refuse":
            raise RemoteRefused(
                f"{said}; nothing was shipped.",
                code="too_many",
                next_step="Look in Shopify what was shipped, cancelled or refunded; correct it, then press Retry.",
            )
        if not found.parts and not self.mine:
            raise Skip(f"{said}: it was shipped, cancelled or refunded there already.", code="nothing_open")
        self.run.note("too_many", f"{said}; the rest was shipped.")

    # --- what follows
    def follow_up(self) -> Delivered:
        """Bring tracking and progress of what was made to what the source says now."""
        alive = [one for one in self.mine if one["status"] not in DEAD]
        given = tracking.as_input(self.run, self.shipment)
        for one in alive:
            if given and not tracking.is_up_to_date(one, given):
                calls.set_tracking(self.run.client, one["id"], given, notify=self._notifies())
                self.run.note("tracking", f"Tracking of {one['name']} was brought up to date.")
            self._tell_progress(one)
        return self._delivered(f"Shipment {self.shipment.number} is {_names(self.mine)} of order {self.name}.")

    def _tell_progress(self, one: Node) -> None:
        status = self.shipment.status.upper()
        if status == "SHIPPED" or status == one["displayStatus"]:
            return
        if status not in tracking.PROGRESS:
            self.run.note("unknown_status", f"Shopify knows no progress called “{self.shipment.status}”.")
            return
        event: Node = {"fulfillmentId": one["id"], "status": status}
        if self.shipment.updated_at:
            event["happenedAt"] = self.shipment.updated_at.isoformat()
        try:
            calls.add_event(self.run.client, event)
        except (ConfigurationError, UserErrors) as error:  # it is shipped: how far it is, is not worth a failure
            self.run.note("progress_not_told", error.sentence)

    def cancel(self) -> Delivered:
        alive = [one for one in self.mine if one["status"] not in DEAD]
        if not self.mine:
            raise Skip(f"Shipment {self.shipment.number} was cancelled before the hub made it.", code="never_made")
        for one in alive:
            try:
                calls.cancel(self.run.client, one["id"])
            except UserErrors as error:
                error.next_step = (
                    f"Cancel {one['name']} of order {self.name} in Shopify, then mark this event resolved."
                )
                raise
            self.ledger.remember(one["id"], one["name"], is_cancelled=True)
        verb = "was cancelled" if alive else "had been cancelled already"
        return self._delivered(f"{_names(self.mine)} of order {self.name} {verb}.")

    def _delivered(self, sentence: str) -> Delivered:
        numbers = " ".join(plain_id(one["id"]) for one in self.mine)
        return Delivered(
            target_id=numbers if len(numbers) <= 120 else numbers.partition(" ")[0],
            target_number=_names(self.mine),
            sentence=sentence,
        )


def _orders_of(parts: Sequence[Part]) -> list[Node]:
    return list({part.fulfillment_order["id"]: dict(part.fulfillment_order) for part in parts}.values())


def _units(rows: Sequence[Node]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        found[row["lineItem"]["id"]] = found.get(row["lineItem"]["id"], 0) + (row["quantity"] or 0)
    return found


def _names(rows: Sequence[Node]) -> str:
    return ", ".join(one["name"] for one in rows)


# Texts recorded from the vendor, which gives no codes here: somebody changed the order since it was read.
STALE = ("does not exist", "line item quantity requested", "unfulfillable status")


def _is_stale(error: HubError) -> bool:
    return isinstance(error, UserErrors) and all(
        any(text in str(one.get("message")) for text in STALE) for one in error.errors
    )
