"""Returns another system brings to the shop: made there, approved, put away, processed and closed, step by step; or
declined and cancelled (``returnends.py``).

No step is idempotent at Shopify. Each run reads the return, compares it with the record and does only what is missing,
so that a repeat converges. A return the hub makes carries the mark of its document in the notes of its lines
(``marks.py``). No money moves here: that is a refund. Not for reading returns: that is ``returns.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms

from connectors.base import Delivered
from connectors.exceptions import ConfigurationError, PayloadError, RemoteRefused, Skip
from connectors.records import Return, ReturnLine
from connectors.schema import setting
from connectors.shopify import locations, returnends
from connectors.shopify.calls import returns as calls
from connectors.shopify.client import order_gid, plain_id
from connectors.shopify.marks import has_mark, mark, marked
from connectors.shopify.phrases import counted
from connectors.shopify.replies import UserErrors, promised_shape
from connectors.shopify.trigger import pass_on_notes

if TYPE_CHECKING:
    from connectors.run import Run

Node = Mapping[str, Any]
Counts = dict[tuple[str, str], int]  # by disposition type and location id
UNDECIDED = "PROCESSING_REQUIRED"  # what became of such units is still to come
MOST_LINES = 250
NOTE_LENGTH = 255
WANTED = frozenset({"open", "closed"})  # statuses of a record that lead to anything in the shop


@dataclass(frozen=True, kw_only=True)
class ReturnOptions:
    """What an administrator chooses on a route that brings returns to a shop."""

    processes: bool = setting(
        forms.BooleanField(
            label="Mark received units as processed",
            required=False,
            initial=True,
            help_text="Tells Shopify which units were processed. No money is paid back by it.",
        )
    )
    default_reason: str = setting(
        forms.CharField(
            label="Reason of returns without one",
            required=False,
            initial="unknown",
            max_length=60,
            help_text="Handle of a return reason of the shop, such as unknown or other.",
        )
    )


def put_return(run: Run, record: Return) -> Delivered:
    """Brings the shop's return to where the record is.

    Raises ``Skip`` (nothing to bring), ``RemoteRefused`` (more than was shipped; declined, cancelled or closed in the
    shop; declined by Shopify), ``PayloadError``, ``ConfigurationError`` and the errors of the client."""
    gid = _known(run, record)
    if gid is None:
        if record.status not in WANTED:
            raise Skip(f"Return {record.number} is {record.status}: the shop knows nothing of it.", code=record.status)
        gid = _made(run, record)
    node = _read(run, record, gid)
    done: list[str] = []
    try:
        if record.status not in WANTED:
            done.append(returnends.end(run, record, node))
            return _delivered(node, f"Return {record.number} is {node['name']} in the shop: {done[0]}.")
        if node["status"] == "REQUESTED":
            calls.approve_return(run.client, gid)
            done.append("approved")
            node = _read(run, record, gid)
        if node["status"] != "OPEN":
            returnends.check_same(record, node)
            return _delivered(node, f"Return {record.number} is {record.status} in the shop as {node['name']}.")
        done += _put_away(run, record, node)
        done += _process(run, record, node, gid)
        if record.status == "closed":
            calls.close_return(run.client, gid)
            done.append("closed")
    except UserErrors as error:
        raise _declined(record, error) from error
    what = ", ".join(done) or "nothing to do"
    return _delivered(node, f"Return {record.number} is {node['name']} in the shop: {what}.")


def _known(run: Run, record: Return) -> str | None:
    """By the ledger, by the id it began with, or by the mark a lost answer left behind."""
    if run.link is not None:
        return calls.return_gid(run.link.target_object_id)
    if record.shop_return_id:
        return calls.return_gid(plain_id(record.shop_return_id) or record.shop_return_id)
    order = calls.order_returns(run.client, order_gid(plain_id(record.order_id) or record.order_id))
    if order is None:
        raise PayloadError(f"The shop has no order {record.order_name or record.order_id}.", path="order_id")
    own_mark = mark(run.source_connector_slug, record.id)
    for one in order["returns"]["nodes"]:
        if any(has_mark(line["returnReasonNote"], own_mark) for line in one["returnLineItems"]["nodes"]):
            return str(one["id"])
    return None


def _read(run: Run, record: Return, gid: str) -> Node:
    node = calls.get_return(run.client, gid)
    pass_on_notes(run)
    if node is None:
        raise PayloadError(
            f"The shop has no return {plain_id(gid)}, which {record.number} is about.", path="shop_return_id"
        )
    return node


def _made(run: Run, record: Return) -> str:
    order = order_gid(plain_id(record.order_id) or record.order_id)
    rows, reasons = calls.returnable(run.client, order)
    note = mark(run.source_connector_slug, record.id)
    default = run.options.default_reason if run.options is not None else ""
    lines: list[dict[str, Any]] = []
    for line in record.lines:
        wanted = _units(line.quantity, line)
        for row in rows:
            if not _is_of(line, row["line_id"], row["sku"]) or not row["quantity"] or not wanted:
                continue
            units = min(wanted, row["quantity"])
            wanted -= units
            row["quantity"] -= units
            one: dict[str, Any] = {
                "fulfillmentLineItemId": row["id"],
                "quantity": units,
                "returnReasonNote": marked(line.reason_note or line.customer_note, note, longest=NOTE_LENGTH),
            }
            if reason := reasons.get(line.reason) or reasons.get(default):
                one["returnReasonDefinitionId"] = reason
            lines.append(one)
        if wanted:
            raise RemoteRefused(
                f"Return {record.number} brings back {line.quantity} of {_named(line)} of order "
                f"{record.order_name or record.order_id}, {wanted} more than was shipped and not returned yet.",
                code="over_return",
                next_step="Compare shipments and returns of the order in the shop, then mark this event resolved.",
            )
    if not lines:
        raise PayloadError(f"Return {record.number} has no lines.", path="lines")
    try:
        return str(calls.create_return(run.client, {"orderId": order, "returnLineItems": lines})["id"])
    except UserErrors as error:
        raise _declined(record, error) from error


def _is_of(line: ReturnLine, line_id: str, sku: str) -> bool:
    if line.order_line_id:
        return (plain_id(line.order_line_id) or line.order_line_id) == plain_id(line_id)
    return bool(line.sku) and line.sku == sku


def _named(line: ReturnLine) -> str:
    return line.sku or line.order_line_id or "a line without a SKU"


def _units(quantity: Decimal, line: ReturnLine) -> int:
    if quantity < 0 or quantity != quantity.to_integral_value():
        raise PayloadError(f"{quantity} pieces of {_named(line)} cannot be returned.", path="lines.quantity")
    return int(quantity)


def _put_away(run: Run, record: Return, node: Node) -> list[str]:
    """Tells the shop what became of units, as far as it does not know."""
    with promised_shape("a return"):
        rows = [
            (row, row["fulfillmentLineItem"]["lineItem"], _known_counts(row))
            for order in node["reverseFulfillmentOrders"]["nodes"]
            for row in order["lineItems"]["nodes"]
            if row["fulfillmentLineItem"]
        ]
    entries: list[dict[str, Any]] = []
    for line in record.lines:
        own = [(row, known) for row, item, known in rows if _is_of(line, str(item["id"]), str(item["sku"] or ""))]
        for (kind, location), units in _wanted_counts(run, line).items():
            missing = units - sum(known.get((kind, location), 0) for _, known in own)
            for row, known in own:
                free = int(row["totalQuantity"]) - sum(n for (k, _), n in known.items() if k != UNDECIDED)
                taken = max(0, min(missing, free))
                if taken:
                    missing -= taken
                    known[kind, location] = known.get((kind, location), 0) + taken
                    one = {
                        "reverseFulfillmentOrderLineItemId": row["id"],
                        "quantity": taken,
                        "dispositionType": kind,
                    }
                    entries.append({**one, "locationId": location} if location else one)
            if missing > 0:
                raise RemoteRefused(
                    f"Return {record.number}: {missing} of {_named(line)} were put away that {node['name']} in the shop "
                    "does not expect back.",
                    code="over_return",
                    next_step="Compare the return in the shop with the warehouse's, then mark this event resolved.",
                )
    for start in range(0, len(entries), MOST_LINES):
        calls.dispose(run.client, entries[start : start + MOST_LINES])
    units = sum(int(one["quantity"]) for one in entries)
    return [f"{counted(units, 'unit')} put away"] if units else []


def _known_counts(row: Node) -> Counts:
    counts: Counts = {}
    for one in row["dispositions"]:
        kind = str(one["type"])
        key = (kind, str((one["location"] or {}).get("id") or "") if kind == "RESTOCKED" else "")
        counts[key] = counts.get(key, 0) + int(one["quantity"])
    return counts


def _wanted_counts(run: Run, line: ReturnLine) -> Counts:
    counts: Counts = {}
    for one in line.dispositions:
        if one.kind == "restocked" and not one.location_id:
            raise ConfigurationError(
                f"Units of {_named(line)} went back to stock, but the sender names no location.",
                next_step="Have the sender name the location, then press Retry.",
                code="location",
            )
        key = (one.kind.upper(), locations.find(run, one.location_id) if one.kind == "restocked" else "")
        counts[key] = counts.get(key, 0) + _units(one.quantity, line)
    return counts


def _process(run: Run, record: Return, node: Node, gid: str) -> list[str]:
    """Marks units processed, as far as the shop does not know. No money moves."""
    if run.options is not None and not run.options.processes:
        return []
    entries = []
    with promised_shape("a return"):
        for row in node["returnLineItems"]["nodes"]:
            item = (row.get("fulfillmentLineItem") or {}).get("lineItem") or {}
            own = [one for one in record.lines if _is_of(one, str(item.get("id")), str(item.get("sku") or ""))]
            wanted = min(sum(_units(one.processed, one) for one in own), int(row["quantity"]))
            if wanted > int(row["processedQuantity"]):
                entries.append({"id": row["id"], "quantity": wanted - int(row["processedQuantity"])})
    if entries:
        calls.process_return(run.client, gid, entries)
    units = sum(int(one["quantity"]) for one in entries)
    return [f"{counted(units, 'unit')} processed"] if units else []


def _declined(record: Return, error: UserErrors) -> RemoteRefused:
    texts = "; ".join(str(one.get("message")) for one in error.errors)
    return RemoteRefused(
        f"Shopify declined a step of return {record.number}: {texts}",
        code=error.code,
        request_id=error.request_id,
        next_step="Compare the return in the shop with the sender's. Correct what Shopify names, then press Retry.",
    )


def _delivered(node: Node, sentence: str) -> Delivered:
    return Delivered(target_id=plain_id(str(node["id"])), target_number=str(node["name"]), sentence=sentence)
