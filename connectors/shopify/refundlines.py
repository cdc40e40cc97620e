"""The units of a refund request as Shopify takes them: by the order's own lines, restocked where. Not for money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.exceptions import ConfigurationError, PayloadError, RemoteRefused
from connectors.records import RefundRequest, RequestedLine
from connectors.shopify import locations
from connectors.shopify.client import plain_id

if TYPE_CHECKING:
    from connectors.run import Run

Node = Mapping[str, Any]
MOST_LINES = 250  # of one input list
RESTOCK_TYPES = {"return": "RETURN", "cancel": "CANCEL", "none": "NO_RESTOCK"}


def lines_of(run: Run, request: RefundRequest, order: Node) -> list[dict[str, Any]]:
    """Shopify's lines: by id, or by SKU over as many lines of the order as it takes."""
    left = {one["id"]: int(one["refundableQuantity"]) for one in order["lineItems"]["nodes"]}
    by_sku: dict[str, list[str]] = {}
    for one in order["lineItems"]["nodes"]:
        by_sku.setdefault(one["sku"] or "", []).append(one["id"])
    found: list[dict[str, Any]] = []
    for line in request.lines:
        if line.quantity <= 0 or line.quantity != line.quantity.to_integral_value():
            raise PayloadError(f"{line.quantity} pieces of {_named(line)} cannot be refunded.", path="lines.quantity")
        gids = _candidates(line, left, by_sku)
        wanted = int(line.quantity)
        if sum(left[gid] for gid in gids) < wanted:
            raise RemoteRefused(
                f"Refund request {request.number} asks for {wanted} of {_named(line)} of order {order['name']}, but only "
                f"{sum(left[gid] for gid in gids)} can be refunded.",
                code="over_refund",
                next_step="Compare the order's refunds in the shop with the request, then mark this event resolved.",
            )
        for gid in gids:
            units = min(wanted, left[gid])
            if units:
                left[gid] -= units
                wanted -= units
                found.append({"lineItemId": gid, "quantity": units, **_restock(run, line)})
    if len(found) > MOST_LINES:
        raise PayloadError(
            f"Refund request {request.number} has {len(found)} lines; Shopify takes {MOST_LINES} in one refund.",
            path="lines",
            next_step="Divide the request into several, then mark this event resolved.",
        )
    return found


def _candidates(line: RequestedLine, left: Mapping[str, int], by_sku: Mapping[str, list[str]]) -> list[str]:
    gid = f"gid://shopify/LineItem/{plain_id(line.order_line_id) or line.order_line_id}"
    if line.order_line_id and gid in left:
        return [gid]
    if not line.order_line_id and line.sku in by_sku and line.sku:
        return by_sku[line.sku]
    raise PayloadError(f"The order has no line {_named(line)}.", path="lines")


def _named(line: RequestedLine) -> str:
    return line.sku or line.order_line_id or "without a SKU"


def _restock(run: Run, line: RequestedLine) -> dict[str, Any]:
    kind = RESTOCK_TYPES.get(line.restock)
    if kind is None:
        raise PayloadError(f"“{line.restock}” is no way to restock; return, cancel and none are.", path="lines.restock")
    if kind == "NO_RESTOCK" or (run.options is not None and not run.options.restocks):
        return {"restockType": "NO_RESTOCK"}
    if not line.location_id:
        raise ConfigurationError(
            f"Units of {_named(line)} are to be restocked, but the request names no location.",
            next_step="Have the sender name the location, or clear “Restock returned units” on the route; then Retry.",
            code="location",
        )
    return {"restockType": kind, "locationId": locations.find(run, line.location_id)}
