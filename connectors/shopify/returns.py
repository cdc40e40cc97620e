"""Returns: requested, approved, declined, cancelled, closed, reopened, changed, processed, put away. Each topic makes the
return be read from the shop and handed on whole.

Two topics do not say enough: ``returns/update`` names no order, and a disposal no return. Where no return can be named,
those of the orders changed in the last hour are read. Not for making returns: that is ``warehousereturns.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from connectors.exceptions import PayloadError, Skip
from connectors.records import Disposition, ExchangeLine, Return, ReturnLine
from connectors.shopify.calls import returns as calls
from connectors.shopify.calls.orders import find_order
from connectors.shopify.client import plain_id
from connectors.shopify.marks import marked_reference
from connectors.shopify.moneys import ZERO, Purse, optional_time, time_of, total_of
from connectors.shopify.phrases import counted
from connectors.shopify.replies import promised_shape
from connectors.shopify.trigger import gid_of, named_gid, pass_on_notes
from connectors.shopify.watermarks import walk

if TYPE_CHECKING:
    from connectors.run import Run

Node = Mapping[str, Any]
HOUR, A_MINUTE = timedelta(hours=1), timedelta(minutes=1)  # the second for clocks that differ
TOPIC = "returns/update"
STATUSES = {
    "REQUESTED": "requested",
    "OPEN": "open",
    "DECLINED": "declined",
    "CANCELED": "cancelled",
    "CLOSED": "closed",
}


def import_return(run: Run) -> str:
    """Read the return named by ``run.payload`` and hand it to its routes.

    Raises ``Skip`` (not found; only requested, unless the setting asks for those; what ``run.deliver`` skips),
    ``ConfigurationError``, ``PayloadError`` and what a call raises."""
    return _import(run, named_gid(run, "Return"))


def import_changed_return(run: Run) -> str:
    """``returns/update``, ``returns/process``: as ``import_return``; where the delivery names no return, those of
    recently changed orders."""
    gid = gid_of(run.payload, "Return")
    return _import(run, gid) if gid else _recent_ones(run, "The delivery does not say which return it is about")


def import_disposal(run: Run) -> str:
    """``reverse_fulfillment_orders/dispose`` names lines of a reverse fulfillment order, and no return: the returns of
    recently changed orders are read."""
    if not isinstance(run.payload, Mapping) or not isinstance(run.payload.get("dispositions"), list):
        raise PayloadError("The delivery does not say what was put away.", path="dispositions")
    return _recent_ones(run, "Returned goods were put away")


def _import(run: Run, gid: str) -> str:
    run.describe(object_type="return", object_id=plain_id(gid))
    node = calls.get_return(run.client, gid)
    pass_on_notes(run)
    if node is None:
        raise Skip(f"The shop has no return {plain_id(gid)}.", reason="filtered", code="not_found")
    run.describe(object_type="return", object_id=plain_id(gid), object_label=str(node["name"]))
    settings = run.settings
    record = return_record(
        node, shop_domain=settings.shop_domain.lower(), presentment=settings.use_presentment_currency
    )
    run.keys(record.search_keys())
    if record.status == "requested" and not settings.import_requested_returns:
        raise Skip(
            f"Return {record.name} is only requested; it is handed over once it is approved.",
            reason="filtered",
            code="requested",
        )
    routes = run.deliver(record)
    return f"Return {record.name} ({record.status}) handed to {counted(routes, 'route')}."


def _recent_ones(run: Run, why: str) -> str:
    """One event for every return of an order changed in the last hour; what did not change is seen by the ledger. What
    the index does not show yet is found by the plan of recent returns."""
    now = datetime.now(UTC)
    count = 0
    for page in calls.returns_since(run.client, now - HOUR, now + A_MINUTE):
        for one in page:
            _spawn(run, one)
            count += 1
    pass_on_notes(run)
    if not count:
        raise Skip(f"{why}, and no order changed in the last hour has a return.", reason="filtered", code="not_found")
    returns = counted(count, "return")
    return f"{why}: {returns} of the orders changed in the last hour are read, each by an event of its own."


def synchronize_returns(run: Run) -> str:
    """One event for every return of an order changed since the last complete walk. A return has no time of change of its
    own: what is unchanged is seen by the ledger."""
    if not run.is_routed(Return):
        raise Skip(f"No route takes returns from {run.connector}: nothing was read.", reason="not_routed")
    walked = walk(
        run,
        "returns",
        partial(calls.returns_since, run.client),
        partial(_spawn, run),
        first_days=run.settings.sync_days,
    )
    pass_on_notes(run)
    return walked.sentence("order's return", "returns of orders")


def synchronize_returns_of(run: Run) -> str:
    """One event for every return of the order, or the one return, whose name a person entered as
    ``run.payload["number"]``: ``#EX-2041`` or ``#EX-2041-R1``."""
    name = str(run.payload.get("number") or "").strip()
    parts = re.fullmatch(r"(.+)-R\d+", name, re.IGNORECASE)
    is_one, order_name = parts is not None, parts[1] if parts else name
    found = find_order(run.client, order_name) if name.strip("#") else None
    order = calls.order_returns(run.client, str(found["id"])) if found else None
    pass_on_notes(run)
    if order is None:
        raise Skip(
            f"The shop lists no order of the name “{name}”. Enter the order as #EX-2041, or the return as #EX-2041-R1.",
            reason="filtered",
            code="not_found",
        )
    bare = name.removeprefix("#").casefold()
    wanted = [
        one for one in order["returns"]["nodes"] if not is_one or str(one["name"]).removeprefix("#").casefold() == bare
    ]
    if not wanted:
        raise Skip(f"Order {order['name']} has no return “{name}”.", reason="filtered", code="no_return")
    run.describe(object_type="order", object_id=plain_id(order["id"]), object_label=str(order["name"]))
    for one in wanted:
        _spawn(run, one)
    returns = counted(len(wanted), "return")
    return f"Order {order['name']}: {returns} found; each is read by an event of its own."


def _spawn(run: Run, one: Node) -> None:
    number = plain_id(str(one["id"]))
    payload = {"id": number, "admin_graphql_api_id": calls.return_gid(number)}
    run.spawn(topic=TOPIC, object_type="return", object_id=number, object_label=str(one["name"]), payload=payload)


def return_record(node: Node, *, shop_domain: str, presentment: bool = False) -> Return:
    """The record of one return as HubReturn gives it. Raises ``PayloadError`` where a member is missing."""
    with promised_shape("a return"):
        record = _return_record(node, shop_domain, Purse(node["order"], presentment))
        record.check()
        return record


def _return_record(node: Node, shop_domain: str, purse: Purse) -> Return:
    order, decline = node["order"], node["decline"] or {}
    customer = order["customer"] or {}
    put_away = _dispositions(node["reverseFulfillmentOrders"]["nodes"])
    lines = [_line(one, purse, put_away) for one in node["returnLineItems"]["nodes"]]
    return Return(
        id=plain_id(node["id"]),
        number=node["name"],
        source=shop_domain,
        shop_return_id=plain_id(node["id"]),
        reference=next(filter(None, (marked_reference(line.reason_note) for line in lines)), ""),
        name=node["name"],
        status=STATUSES[node["status"]],
        order_id=str(order["legacyResourceId"]),
        order_number=str(order["number"]),
        order_name=order["name"],
        order_created_at=time_of(order["createdAt"]),
        customer_id=plain_id(customer.get("id")),
        customer_name=customer.get("displayName") or "",
        created_at=time_of(node["createdAt"]),
        approved_at=optional_time(node["requestApprovedAt"]),
        closed_at=optional_time(node["closedAt"]),
        currency=purse.currency,
        decline_reason=(decline.get("reason") or "").lower(),
        decline_note=decline.get("note") or "",
        shipping_fee=total_of(purse.given(one["amountSet"]) for one in node["returnShippingFees"]),
        lines=tuple(lines),
        exchange_lines=tuple(exchange_line(one) for one in node["exchangeLineItems"]["nodes"]),
        refund_ids=tuple(plain_id(one["id"]) for one in node["refunds"]["nodes"]),
        raw=node,
    )


def _line(node: Node, purse: Purse, put_away: dict[str, list[Disposition]]) -> ReturnLine:
    """A line the customer typed without picking a product has no line of the order."""
    shipped = node.get("fulfillmentLineItem") or {}
    ordered = shipped.get("lineItem") or {}
    reason, fee = node["returnReasonDefinition"] or {}, node.get("restockingFee")
    # Units of one shipment line may stand in two lines of a return: what was put away belongs to the first of them.
    dispositions = put_away.pop(str(shipped.get("id")), []) if shipped else []
    return ReturnLine(
        id=plain_id(node["id"]),
        order_line_id=plain_id(ordered.get("id")),
        sku=ordered.get("sku") or "",
        title=ordered.get("name") or "",
        quantity=Decimal(node["quantity"]),
        refunded=Decimal(node["refundedQuantity"]),
        processed=Decimal(node["processedQuantity"]),
        reason=reason.get("handle") or "",
        reason_name=reason.get("name") or "",
        reason_note=node["returnReasonNote"] or "",
        customer_note=node["customerNote"] or "",
        restocking_fee=purse.given(fee["amountSet"]) if fee else ZERO,
        dispositions=tuple(dispositions),
    )


def _dispositions(orders: Sequence[Node]) -> dict[str, list[Disposition]]:
    found: dict[str, list[Disposition]] = {}
    for order in orders:
        for line in order["lineItems"]["nodes"]:
            shipped = line["fulfillmentLineItem"]
            if shipped is None:
                continue
            found.setdefault(str(shipped["id"]), []).extend(
                Disposition(
                    id=plain_id(one["id"]),
                    kind=one["type"].lower(),
                    quantity=Decimal(one["quantity"]),
                    location_id=plain_id((one["location"] or {}).get("id")),
                    location_name=(one["location"] or {}).get("name") or "",
                    at=time_of(one["createdAt"]),
                )
                for one in line["dispositions"]
            )
    return found


def exchange_line(node: Node) -> ExchangeLine:
    """What the buyer gets instead, as HubReturn and HubRefund give it."""
    item = (node["lineItems"] or [{}])[0]
    return ExchangeLine(
        id=plain_id(node["id"]),
        sku=item.get("sku") or "",
        title=item.get("name") or "",
        quantity=Decimal(node["quantity"]),
        is_gift_card=item.get("isGiftCard") is True,
    )
