"""Telling the shop of one invoice's shipments: what is held back, what it was told before, and what it hears now.

The shop's connector keeps for each shipment id what it made of it, so a shipment that is told again changes that one and
never makes another; what has not changed is not told again.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.exceptions import PayloadError, Skip
from connectors.records import Order, Shipment
from connectors.routing import About
from connectors.xoro import documents, earlier, shipped, voided, wire
from connectors.xoro.calls import invoices as calls
from connectors.xoro.client import unsure
from connectors.xoro.shipments import Shipped, invoiced_units, is_void, read, shipments_of, units_of

if TYPE_CHECKING:
    from connectors.run import Run

OVER = frozenset({"Shipped", "Invoiced", "Closed"})  # statuses after which nothing more leaves
CANCELLED = "Cancelled"


def check_is_on(run: Run) -> None:
    """Raises ``Skip`` where shipments are not sent, or no route takes them."""
    if not run.settings.send_fulfillments:
        raise Skip(
            "The shop is not told of shipments: the setting “Send fulfillments” is off.", code="send_fulfillments"
        )
    if not run.is_routed(Shipment):
        raise Skip(f"No route takes shipments from {run.connector}.", reason="not_routed")


def tell(run: Run, one: Shipped, *, is_asked_for: bool = False, may_be_old: bool = False) -> str:
    """Hand on the shipments of an invoice that the shop has not heard of as they are. ``is_asked_for``: those it has heard
    of as well. ``may_be_old``: also what left before the integration began. Raises ``Skip`` where they are held back,
    ``PayloadError`` and what a read raises."""
    run.describe(object_type="invoice", object_id=one.id, object_label=one.number)
    run.keys([("xoro_invoice_number", one.number), ("xoro_order_number", one.order_number)])
    if not one.reference and not one.shop_number:
        raise PayloadError(f"Invoice {one.number} does not say which order of the shop it is about.", path="RefNo")
    order_id = documents.order_id_of(run, one.source, one.reference) if one.reference else ""
    if is_void(one, run.settings):
        return voided.tell(run, one, order_id, of_order(run, one, order_id))
    _check_kind(run, one, order_id)
    if not (may_be_old or run.forced_by) and one.id in earlier.of(run, [one]):
        raise _too_old(run, one, order_id)
    invoices = [one]
    if not run.settings.partial_shipments:
        invoices = _whole_order(run, one, order_id)
    told: list[str] = []
    held: list[str] = []
    for invoice in invoices:
        made = _tell(run, invoice, order_id, is_asked_for=is_asked_for)
        told += made[0]
        held += made[1]
    if told:
        return f"The shop is told of {', '.join(told)} of order {one.shop_number or order_id}."
    if held:
        raise Skip(
            f"{', '.join(held)} of order {one.shop_number or order_id} has no tracking number yet; none is sent without.",
            code="without_tracking",
        )
    raise Skip(f"The shop was told of invoice {one.number} before.", reason="unchanged", code="unchanged")


def _too_old(run: Run, one: Shipped, order_id: str) -> Skip:
    """Its units are known from now on, so that they are not missed."""
    before: dict[str, Any] = shipped.memories(run, [one.id]).get(one.id, {})
    units = {sku: str(number) for sku, number in units_of(one, run.settings).items()}
    shipped.remember(run, [(one, {**before, "units": units, "told": before.get("told") or {"": ""}})])
    return Skip(
        f"Invoice {one.number} of order {one.shop_number or order_id} left before {earlier.first_day(run)} and was left "
        "out. It can be told by its number, under “Fulfillment”, or by days with “Also before the start date”.",
        code="before_start",
    )


def _check_kind(run: Run, one: Shipped, order_id: str) -> None:
    """Raises ``Skip`` for an order that went to Xoro as an invoice: it had left before, and the shop knows."""
    for known in documents.known_documents(run, one.source, order_id):
        if known.reference == one.reference and known.kind == documents.INVOICE:
            raise Skip(
                f"Order {one.shop_number or order_id} went to Xoro as invoice {known.number}: it was shipped already.",
                code="dropped_as_invoice",
            )


def tell_all(run: Run, invoices: Sequence[Shipped], *, is_asked_for: bool = False) -> str:
    """Several invoices in one event; what a person named may be old. Raises ``Skip`` where the shop hears of none of them."""
    told, skipped = [], []
    for one in invoices:
        try:
            told.append(tell(run, one, is_asked_for=is_asked_for, may_be_old=is_asked_for))
        except Skip as skip:
            skipped.append(skip)
    if skipped and not told:
        raise skipped[0]
    return " ".join(dict.fromkeys([*told, *(skip.sentence for skip in skipped)]))


def _tell(run: Run, one: Shipped, order_id: str, *, is_asked_for: bool) -> tuple[list[str], list[str]]:
    """Numbers of the shipments handed on, and of those held back."""
    before: dict[str, Any] = shipped.memories(run, [one.id]).get(one.id, {})
    records = shipments_of(
        one, run.settings, order_id=order_id, whole_as=before.get("whole", ""), order_lines=_order_lines(run, one)
    )
    told, held, known = [], [], shipped.told_of(before)
    about = of_order(run, one, order_id)
    for record in records:
        if not (record.tracking_numbers or run.settings.without_tracking) and record.id not in known:
            held.append(record.number)
        elif is_asked_for or known.get(record.id) != record.fingerprint():
            run.deliver(record, about=about)
            told.append(record.number)
            known[record.id] = record.fingerprint()
    units = units_of(one, run.settings)
    is_whole = len(records) == 1 and len(known) == 1 and units == invoiced_units(one, run.settings)
    whole = records[0].id if is_whole else before.get("whole", "")
    memory = {
        **before,
        "changed": one.changed_at.isoformat() if one.changed_at else "",
        "units": {sku: str(number) for sku, number in units.items()},
        "told": known,
        "whole": whole,
    }
    if not records:
        memory["told"] = known or {"": ""}  # nothing of it is goods: there is nothing to tell
    shipped.remember(run, [(one, memory)])
    return told, held


def of_order(run: Run, one: Shipped, order_id: str) -> About:
    """Whose order an invoice is of: for one the hub did not send, the shop that other orders of its source came from."""
    return About(kind=Order, ids=(order_id, documents.order_of_shop(run, one.source)))


def _order_lines(run: Run, one: Shipped) -> dict[str, str]:
    """The shop's line ids by the id of Xoro's lines, where a SKU that stands for others is among them."""
    default = run.settings.default_sku
    if not default or not any(wire.identifier(line.get("ItemNumber")) == default for line in wire.lines_of(one.row)):
        return {}
    order = run.client.get_sales_order(one.order_number)
    return {
        wire.identifier(line.get("Id")): wire.identifier(line.get("ThirdPartyRefNo2"))
        for line in wire.lines_of(order)
        if wire.identifier(line.get("ItemNumber")) == default
    }


def _whole_order(run: Run, one: Shipped, order_id: str) -> list[Shipped]:
    """Every invoice of the order, once all of it has left. Raises ``Skip`` while it has not."""
    numbers = [
        known.number
        for known in documents.known_documents(run, one.source, order_id)
        if known.kind == documents.SALES_ORDER and not known.is_cancelled
    ]
    found: dict[str, Shipped] = {}
    for number in dict.fromkeys([*numbers, one.order_number]):
        if not number:
            continue
        order = run.client.get_sales_order(number)
        if order is None or not is_over(order):
            raise Skip(
                f"Order {one.shop_number or order_id} has not shipped in full (sales order {number}); the shop is told once "
                "it has.",
                code="partial_shipments",
            )
        found |= {invoice.id: invoice for invoice in invoices_of(run, one.source, number)}
    return list((found | {one.id: one}).values())


def invoices_of(run: Run, source: str, order_number: str) -> list[Shipped]:
    """Every invoice of a sales order. Raises ``RemoteUnavailable`` where an empty answer proves nothing."""
    rows, is_certain = calls.invoices_by(run.client, "so_number", order_number)
    if not rows and not is_certain:
        raise unsure(f"invoices of {order_number}")
    found = [read(row) for row in rows if not source or calls.is_of(row, source)]
    return [one for one in found if not is_void(one, run.settings)]


def is_over(order: dict[str, Any]) -> bool:
    """Whether nothing more will leave of a sales order."""
    status = wire.identifier(wire.header_of(order).get("StatusName"))
    if status in OVER or status == CANCELLED:
        return True
    lines = wire.lines_of(order)
    return bool(lines) and all(_open_units(line) <= 0 for line in lines)


def _open_units(line: dict[str, Any]) -> Decimal:
    names: Sequence[str] = ("QtyShipped", "CancelQty")
    gone = sum((wire.decimal(line.get(name), name) for name in names), Decimal(0))
    return wire.decimal(line.get("Qty"), "Qty") - gone
