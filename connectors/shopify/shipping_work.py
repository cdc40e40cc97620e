"""One shipment on its way into one order: what the shop has, what of it is this shipment's already, what is left to make.

Takes for ours what an earlier attempt made without hearing of it, and what carries the same tracking number. Not for
making anything: that is ``shipping``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.exceptions import RemoteRefused, WaitFor
from connectors.records import Shipment
from connectors.shopify import locations, settling, shipping_plan, tracking
from connectors.shopify.calls import fulfillment as calls
from connectors.shopify.client import plain_id
from connectors.shopify.shipping_ledger import Ledger

if TYPE_CHECKING:
    from connectors.run import Run

SKEW = timedelta(minutes=10)  # between Shopify's clock and ours
DEAD = frozenset({"CANCELLED", "ERROR", "FAILURE"})
Node = dict[str, Any]


class Work:
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
        if any(one is not own and settling.is_open(one.at, self.run.now) for one in intents):
            raise self.follows()
        if own is None:
            return
        for one in strangers:
            made_at = datetime.fromisoformat(one["createdAt"])
            if made_at >= own.at - SKEW and not tracking.is_another_parcel(one, self.shipment):
                rows = calls.lines_of(self.run.client, one)
                if shipping_plan.digest(units_of(rows)) == own.digest:
                    self._take_over(one, "an earlier attempt made it, whose answer was lost")
                    return
        sentence = f"Whether shipment {self.shipment.number} reached Shopify is not known yet."
        settling.check(own.at, self.run.now, sentence)
        self.ledger.settle()

    def follows(self) -> WaitFor:
        return WaitFor(
            f"Another shipment of order {self.name} is being made; this one follows it.",
            code=f"order:{self.ledger.order}", retry_after_s=20,
        )  # fmt: skip

    def _take_over(self, one: Node, why: str) -> None:
        self.ledger.remember(one["id"], one["name"])
        self.run.note("found_existing", f"Shipment {self.shipment.number} is {one['name']} in the shop: {why}.")

    @property
    def mine(self) -> list[Node]:
        return [one for gid, one in self.fulfillments.items() if plain_id(gid) in self.ledger.made]

    def shipped(self) -> list[tuple[str, int]]:
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
            found += list(units_of(calls.lines_of(self.run.client, one)).items())
        return found

    def notifies(self) -> bool:
        choice = self.run.options.notify_customer
        if choice == "record":
            return self.shipment.notify_customer is not False
        return bool(choice == "always")


def units_of(rows: Sequence[Node]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        found[row["lineItem"]["id"]] = found.get(row["lineItem"]["id"], 0) + (row["quantity"] or 0)
    return found


def names_of(rows: Sequence[Node]) -> str:
    return ", ".join(one["name"] for one in rows)
