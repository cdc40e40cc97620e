"""What the hub made of each shipment it was told of, and what it is about to make: the memory that keeps a lost answer, a
second worker or a second run from shipping twice.

``fulfillmentCreate`` has no key of its own to be repeated with. So before each call the hub writes down what the call
holds; afterwards, the fulfillment it made. A note without a result means an unknown outcome, and the next attempt looks
for a fulfillment with exactly these units before it makes one. Kept in the connector's directory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from connectors import directory
from connectors.directory import Known
from connectors.shopify import settling
from connectors.shopify.client import plain_id
from events.text import fit

if TYPE_CHECKING:
    from connectors.run import Run

MADE = "shipment"  # key: the source's shipment; object id: the fulfillment's number
INTENT = "shipment_under_way"  # key: the order's number; object id: of the source's shipment


@dataclass(frozen=True)
class Intent:
    """A call that was about to leave: when, and what it held."""

    at: datetime
    digest: str
    shipment: str


class Ledger:
    """The memory of one shipment of one order."""

    def __init__(self, run: Run, shipment_id: str, order_gid: str) -> None:
        self.run = run
        self.connector_id = run.connector.pk
        self.key = _key(run.source_connector_slug, shipment_id)
        self.order = plain_id(order_gid)
        self.slot = hashlib.sha256(self.key.encode()).hexdigest()
        self.made: dict[str, Known] = {
            one.object_id: one for one in directory.find(self.connector_id, MADE, [self.key]).get(self.key, ())
        }

    def belongs_elsewhere(self, gids: Collection[str]) -> set[str]:
        """Which fulfillments were made of other shipments."""
        found = set()
        for gid in gids:
            known = directory.by_id(self.connector_id, MADE, plain_id(gid))
            if known is not None and known.key != self.key:
                found.add(gid)
        return found

    def intents(self) -> list[Intent]:
        """What is under way for this order, of this shipment and of others."""
        rows = directory.find(self.connector_id, INTENT, [self.order]).get(self.order, ())
        return [Intent(datetime.fromisoformat(r.data["at"]), r.data["digest"], r.data["shipment"]) for r in rows]

    def intend(self, digest: str) -> bool:
        """Before a call leaves; false where another shipment of the order is under way, which has to be known first: what
        it makes may look the same."""
        data = {"at": self.run.now.isoformat(), "digest": digest, "shipment": self.key}
        own = Known(key=self.order, object_id=self.slot, data=data)
        return directory.put_alone(self.connector_id, INTENT, own, self._is_open)

    def _is_open(self, intent: Known) -> bool:
        return settling.is_open(datetime.fromisoformat(intent.data["at"]), self.run.now)

    def settle(self) -> None:
        """Nothing is under way any more."""
        directory.forget(self.connector_id, INTENT, [self.slot])

    def remember(self, gid: str, name: str, **facts: bool) -> None:
        """A fulfillment made of this shipment, or found to be it; the intent is fulfilled with that."""
        before = self.made.get(plain_id(gid))
        data = {**(before.data if before else {}), "order": self.order, "name": name, **facts}
        known = Known(key=self.key, object_id=plain_id(gid), data=data)
        directory.put(self.connector_id, MADE, [known])
        self.made[known.object_id] = known
        self.settle()


def _key(source: str, shipment_id: str) -> str:
    return fit(f"{source}:{shipment_id}", 200)


def is_made_by_hub(run: Run, gid: str) -> bool:
    """Whether a fulfillment was made of a shipment the hub was told of."""
    return directory.by_id(run.connector.pk, MADE, plain_id(gid)) is not None


def is_under_way(run: Run, order_gid: str, since: datetime) -> bool:
    """Whether the hub is just making a shipment of this order, so that a new fulfillment may be its own."""
    order = plain_id(order_gid)
    rows = directory.find(run.connector.pk, INTENT, [order]).get(order, ())
    return any(datetime.fromisoformat(row.data["at"]) >= since for row in rows)
