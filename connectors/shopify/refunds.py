"""Refunds: read from the shop because it told us, because a person asked, or because an order with refunds changed.

Money may still be on its way when a refund is told of: the record says so, and such refunds are read again by the sync.
Not for making refunds: that is ``refundrequests.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.exceptions import Skip, WaitFor
from connectors.records import Refund, RefundAdjustment, RefundLine, RefundPayment, RefundShipping
from connectors.shopify import days
from connectors.shopify.calls import refunds as calls
from connectors.shopify.calls.orders import find_order
from connectors.shopify.client import plain_id
from connectors.shopify.marks import marked_reference
from connectors.shopify.moneys import Purse, optional_time, time_of, total_of
from connectors.shopify.payments import STATUSES
from connectors.shopify.phrases import counted
from connectors.shopify.replies import promised_shape
from connectors.shopify.returns import exchange_line
from connectors.shopify.trigger import named_gid, pass_on_notes
from connectors.shopify.watermarks import walk

if TYPE_CHECKING:
    from connectors.run import Run

Node = Mapping[str, Any]
TOPIC = "refunds/create"
RECHECK_S = 1800.0  # while the money of a refund is on its way
PENDING_LIMIT = 500  # refunds remembered for reading again
RESTOCKS = {"RETURN": "return", "CANCEL": "cancel", "NO_RESTOCK": "none", "LEGACY_RESTOCK": "return"}


def import_refund(run: Run) -> str:
    """``refunds/create``: read the refund named by ``run.payload`` and hand it to its routes.

    Raises ``Skip`` (not found; test order; money failed; what ``run.deliver`` skips), ``WaitFor`` while its money is
    on the way and the setting asks for moved money, ``ConfigurationError``, ``PayloadError``, what a call raises."""
    gid = named_gid(run, "Refund")
    run.describe(object_type="refund", object_id=plain_id(gid))
    node = calls.get_refund(run.client, gid)
    pass_on_notes(run)
    if node is None:
        raise Skip(f"The shop has no refund {plain_id(gid)}.", reason="filtered", code="not_found")
    with promised_shape("a refund"):
        name, is_test = str(node["order"]["name"]), bool(node["order"]["test"])
    run.describe(object_type="refund", object_id=plain_id(gid), object_label=name)
    settings = run.settings
    record = refund_record(
        node, shop_domain=settings.shop_domain.lower(), presentment=settings.use_presentment_currency
    )
    run.keys(record.search_keys())
    if is_test and not settings.import_test_orders:
        raise Skip(f"Order {name} of refund {record.number} is a test order.", reason="filtered", code="test_order")
    _remember_pending(run, record)
    if settings.refunds_when_paid:
        _check_money(record)
    routes = run.deliver(record)
    state = ", its money is still on the way" if record.is_pending else ""
    return f"Refund {record.number} of order {name} handed to {counted(routes, 'route')}{state}."


def _check_money(record: Refund) -> None:
    what = f"Refund {record.number} of order {record.order_name}"
    if record.is_pending:
        raise WaitFor(
            f"{what}: the money has not moved yet, and the connector hands refunds over when it has.",
            next_step="Nothing to do now. If it lasts, look at the refund's payment in the shop.",
            code=f"refund:{record.id}",
            retry_after_s=RECHECK_S,
        )
    failed = [one for one in record.payments if one.status != "success"]
    if failed:
        gateways = ", ".join(sorted({one.gateway or "the gateway" for one in failed}))
        raise Skip(
            f"{what}: {gateways} did not pay the money back, so nothing was handed over. Repeat the refund in the shop, "
            "or synchronize the refunds of the order once it is settled.",
            reason="filtered",
            code="money_failed",
        )


def _remember_pending(run: Run, record: Refund) -> None:
    """Refunds whose money is on the way are read again by the next sync: no topic tells that it arrived."""
    known: list[str] = list(run.checkpoint.get("pending_refunds") or ())
    if record.is_pending and record.id not in known:
        run.save_checkpoint(pending_refunds=[*known, record.id][-PENDING_LIMIT:])
    elif not record.is_pending and record.id in known:
        run.save_checkpoint(pending_refunds=[one for one in known if one != record.id])


def synchronize_refunds(run: Run) -> str:
    """One event for every refund made or changed since the last complete walk, and for those whose money was on its
    way. An order that changed today may have refunds of last year: those were handed over then."""
    if not run.is_routed(Refund):
        raise Skip(f"No route takes refunds from {run.connector}: nothing was read.", reason="not_routed")
    pending = dict.fromkeys(run.checkpoint.get("pending_refunds") or (), "")

    def pages(start: datetime, end: datetime) -> Iterator[list[dict[str, Any]]]:
        for page in calls.refunds_since(run.client, start, end):
            yield [one for one in page if time_of(one["updatedAt"]) >= start]

    def hand_on(one: Node) -> None:
        pending.pop(plain_id(one["id"]), None)
        _spawn(run, plain_id(one["id"]), one["order"]["name"])

    walked = walk(run, "refunds", pages, hand_on, first_days=run.settings.sync_days)
    for number, name in pending.items():
        _spawn(run, number, name)
    pass_on_notes(run)
    again = f" {counted(len(pending), 'refund')} whose money was on its way: read again." if pending else ""
    return walked.sentence("refund", "refunds") + again


def synchronize_made(run: Run) -> str:
    """One event for every refund made on the days of ``run.days``. Only orders can be asked for, and one changes when it is
    refunded: those that changed since the first day are read."""
    start, end = days.stretch(run, *run.days)

    def made() -> Iterator[dict[str, Any]]:
        for page in calls.refunds_since(run.client, start, datetime.now(UTC) + days.NEXT):
            for one in page:
                if start <= time_of(one["createdAt"] or one["updatedAt"]) < end:
                    yield one

    count = days.hand_on(run, made(), lambda one: _spawn(run, plain_id(one["id"]), one["order"]["name"]))
    return days.sentence(run, count, "refund was made", "refunds were made")


def synchronize_refunds_of(run: Run) -> str:
    """One event for every refund of the order whose name a person entered as ``run.payload["number"]``."""
    number = str(run.payload.get("number") or "").strip()
    run.describe(object_type="order", object_label=number)
    found = find_order(run.client, number) if number.strip("#") else None
    order = calls.get_refundable(run.client, found["id"]) if found else None
    pass_on_notes(run)
    if order is None:
        raise Skip(
            f"The shop lists no order named “{number}”. Enter the name as the shop shows it, like #EX-2041.",
            reason="filtered",
            code="not_found",
        )
    if not order["refunds"]:
        raise Skip(f"Order {order['name']} has no refund.", reason="filtered", code="no_refund")
    run.describe(object_type="order", object_id=plain_id(order["id"]), object_label=order["name"])
    for refund in order["refunds"]:
        _spawn(run, plain_id(refund["id"]), order["name"])
    refunds = counted(len(order["refunds"]), "refund")
    return f"Order {order['name']} has {refunds}; each is read by an event of its own."


def _spawn(run: Run, number: str, order_name: str) -> None:
    gid = f"gid://shopify/Refund/{number}"
    payload = {"id": number, "admin_graphql_api_id": gid}
    run.spawn(topic=TOPIC, object_type="refund", object_id=number, object_label=order_name, payload=payload)


def refund_record(node: Node, *, shop_domain: str, presentment: bool = False) -> Refund:
    """The record of one refund as HubRefund gives it. Raises ``PayloadError`` where a member is missing."""
    with promised_shape("a refund"):
        record = _refund_record(node, shop_domain, Purse(node["order"], presentment))
        record.check()
        return record


def _refund_record(node: Node, shop_domain: str, purse: Purse) -> Refund:
    order, return_, customer = node["order"], node["return"], node["order"]["customer"]
    return Refund(
        id=plain_id(node["id"]),
        number=plain_id(node["id"]),
        updated_at=time_of(node["updatedAt"]),
        source=shop_domain,
        order_id=str(order["legacyResourceId"]),
        order_number=str(order["number"]),
        order_name=order["name"],
        order_created_at=optional_time(order["createdAt"]),
        order_cancelled_at=optional_time(order["cancelledAt"]),
        order_fulfillment_status=order["displayFulfillmentStatus"].lower(),
        created_at=time_of(node["createdAt"] or node["processedAt"]),
        processed_at=optional_time(node["processedAt"]),
        currency=purse.currency,
        total=purse.given(node["totalRefundedSet"]),
        prices_include_tax=order["taxesIncluded"],
        is_test=order["test"],
        note=node["note"] or "",
        reference=marked_reference(node["note"] or ""),
        customer_id=plain_id(customer["id"]) if customer else "",
        customer_name=customer["displayName"] if customer else "",
        email=order["email"] or "",
        return_id=plain_id(return_["id"]) if return_ else "",
        return_name=return_["name"] if return_ else "",
        lines=tuple(_line(one, purse) for one in node["refundLineItems"]["nodes"]),
        shipping=tuple(
            RefundShipping(
                id=plain_id(one["shippingLine"]["id"]),
                title=one["shippingLine"]["title"],
                amount=purse.given(one["subtotalAmountSet"]),
                tax=purse.given(one["taxAmountSet"]),
            )
            for one in node["refundShippingLines"]["nodes"]
        ),
        adjustments=tuple(
            RefundAdjustment(
                id=plain_id(one["id"]),
                reason=(one["reason"] or "").lower(),
                amount=purse.given(one["amountSet"]),
                tax=purse.given(one["taxAmountSet"]),
            )
            for one in node["orderAdjustments"]["nodes"]
        ),
        duties=total_of(purse.given(one["amountSet"]) for one in node["duties"] or ()),
        payments=tuple(
            RefundPayment(
                id=plain_id(one["id"]),
                kind=one["kind"].lower(),
                status=STATUSES.get(one["status"], "pending"),
                gateway=one["gateway"] or "",
                amount=purse.given(one["amountSet"]),
                parent_id=plain_id((one["parentTransaction"] or {}).get("id")),
            )
            for one in node["transactions"]["nodes"]
        ),
        exchange_lines=tuple(map(exchange_line, return_["exchangeLineItems"]["nodes"] if return_ else ())),
        raw=node,
    )


def _line(node: Node, purse: Purse) -> RefundLine:
    line, location = node["lineItem"], node["location"] or {}
    return RefundLine(
        id=plain_id(node["id"]),
        order_line_id=plain_id(line["id"]),
        sku=line["sku"] or "",
        title=line["name"],
        quantity=Decimal(node["quantity"]),
        unit_price=purse.given(node["priceSet"]),
        subtotal=purse.given(node["subtotalSet"]),
        tax=purse.given(node["totalTaxSet"]),
        restock=RESTOCKS[node["restockType"]],
        is_restocked=node["restocked"],
        location_id=plain_id(location.get("id")),
        location_name=location.get("name") or "",
        is_gift_card=line["isGiftCard"],
    )
