"""How a sales order stands in Xoro: how far the warehouse is, and whether it says already what it should say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.exceptions import RemoteRefused
from connectors.records import Order
from connectors.xoro import documents, wire
from connectors.xoro.documents import Document, third_party_source
from connectors.xoro.equality import equal, is_same
from connectors.xoro.sending import body_hash

if TYPE_CHECKING:
    from connectors.run import Run

BEFORE_WAREHOUSE = ("Open", "Released")
ENDED = ("Shipped", "Invoiced", "Closed")
# What a person in the warehouse has to know of; a changed note or tag is not worth stopping for.
MATTERS = ("Addr", "Addr2", "City", "State", "Country", "ZpCode", "FirstName", "LastName", "CompanyName")


class Standing:
    """What Xoro says of a sales order now."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.row = row
        self.header, self.lines = wire.header_of(row), wire.lines_of(row)
        self.status = str(self.header.get("StatusName") or "")
        self.allocated = sum((_units(line, "QtyAllocated") for line in self.lines), Decimal(0))
        self.shipped = sum((_units(line, "QtyShipped") for line in self.lines), Decimal(0))
        self.is_credited = False  # it has left, and units of it came back

    def is_about_same(self, body: dict[str, Any]) -> bool:
        """Whether a person in the warehouse would see no difference."""
        is_moved = any(_differs(self.header, body, f"ShipTo{name}") for name in MATTERS)
        return not is_moved and _amounts_of(self.row) == _amounts_of(body)

    def step(self, run: Run) -> str:
        """How far the warehouse is; empty while it has not begun, or its wave may be voided."""
        if self.status not in BEFORE_WAREHOUSE or self.shipped:
            return self.status.lower() or f"{self.shipped.normalize():f} units shipped"
        if self.allocated and not run.settings.force_void_wave:
            return f"{self.allocated.normalize():f} units on a wave"
        return ""

    def check(self, run: Run, order: Order, document: Document, body: dict[str, Any]) -> bool:
        """Whether the change needs no write. Raises ``RemoteRefused`` where the warehouse has begun and it matters."""
        if run.unfinished_write and is_same(self.row, body):
            run.note("found_existing", f"{document.number} has the change already.")
            one = replace(document, body_hash=body_hash(body), lines=documents.units_of(body))
            documents.remember(run, third_party_source(order, run.settings), order.id, [one])
            return True
        step = self.step(run)
        if not step:
            return False
        before, after = _amounts_of(self.row), _amounts_of(body)
        is_less = all(after.get(line_id, Decimal(0)) <= units for line_id, units in before.items())
        is_less = is_less and set(after) <= set(before)
        is_moved = any(_differs(self.header, body, f"ShipTo{name}") for name in MATTERS)
        if not is_moved and before == after:
            run.note(
                "not_taken", f"{document.number} is in the warehouse ({step}); what changed does not matter there."
            )
            return True
        if not is_moved and is_less and self.status in ENDED:
            self.is_credited = True
            run.note("by_credit_memo", f"{document.number} is {step}: what was taken off it becomes a credit memo.")
            return True
        raise in_warehouse(order, document, step, "changed")


def in_warehouse(order: Order, document: Document, step: str, what: str) -> RemoteRefused:
    return RemoteRefused(
        f"Order {order.name} {what} after it was sent to Xoro, but the order is in warehouse: {document.number} is "
        f"{step}.",
        code="in_warehouse",
        next_step=f"Make the change in {document.number} in Xoro, or stop it in the warehouse, then mark this event "
        "resolved.",
    )


def _amounts_of(row: Mapping[str, Any]) -> dict[str, Decimal]:
    """Units of what a person in the warehouse would see, by line of the order or by item."""
    found: dict[str, Decimal] = {}
    for line in wire.lines_of(row):
        key = wire.identifier(line.get("ThirdPartyRefNo2")) or wire.identifier(line.get("ItemNumber"))
        found[key] = found.get(key, Decimal(0)) + _units(line, "Qty")
    return {key: units for key, units in found.items() if units}


def _units(line: Mapping[str, Any], name: str) -> Decimal:
    return wire.decimal(line.get(name), name)


def _differs(header: Mapping[str, Any], body: Mapping[str, Any], name: str) -> bool:
    wanted = wire.header_of(body).get(name, "")
    return name in header and not equal(header[name] or "", wanted)


def state_of(run: Run, order: Order, document: Document) -> Standing:
    row = run.client.get_sales_order(document.number)
    if row is None:
        raise gone(order, document.number)
    return Standing(row)


def gone(order: Order, number: str) -> RemoteRefused:
    return RemoteRefused(
        f"Order {order.name} was sent to Xoro as {number}, but Xoro shows no such sales order.",
        code="gone",
        next_step=f"Look for {number} in Xoro: make the change there, or enter the order anew; then mark this event "
        "resolved.",
    )
