"""Payouts of Shopify Payments: polled, because no topic tells of them, and handed on only when their movements add up.

A payout moves from scheduled to paid: each status is news. Not for judging which account a movement belongs to: the
target does that by its type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from connectors.exceptions import PayloadError, Skip
from connectors.records import AdjustedOrder, Payout, PayoutLine
from connectors.shopify import days
from connectors.shopify.calls import payouts as calls
from connectors.shopify.client import plain_id, zulu
from connectors.shopify.moneys import amount_of, time_of, total_of
from connectors.shopify.phrases import counted, short
from connectors.shopify.replies import promised_shape
from connectors.shopify.trigger import pass_on_notes

if TYPE_CHECKING:
    from connectors.run import Run

Node = Mapping[str, Any]
FINAL = frozenset({"PAID", "FAILED", "CANCELED"})
GATEWAY = "shopify_payments"
TRANSFER = "TRANSFER"  # the payout itself among its movements
SUMMARY = {  # ours to theirs
    "charges": "chargesGross",
    "charges_fees": "chargesFee",
    "refunds": "refundsFeeGross",
    "refunds_fees": "refundsFee",
    "adjustments": "adjustmentsGross",
    "adjustments_fees": "adjustmentsFee",
    "reserved": "reservedFundsGross",
    "reserved_fees": "reservedFundsFee",
    "retried": "retriedPayoutsGross",
    "retried_fees": "retriedPayoutsFee",
    "advances": "advanceGross",
    "advances_fees": "advanceFees",
}


def synchronize_payouts(run: Run) -> str:
    """One event for every payout that is new or has another status than last time.

    ``run.checkpoint``: ``payouts`` with ``until`` (end of the last complete walk) and ``seen`` (id to status). Each
    walk looks ``payout_days`` behind the last one's end: a payout takes days to become final."""
    if not run.is_routed(Payout):
        raise Skip(f"No route takes payouts from {run.connector}: nothing was read.", reason="not_routed")
    kept = run.checkpoint.get("payouts") or {}
    before: Mapping[str, str] = kept.get("seen") or {}
    now = datetime.now(UTC)
    last = datetime.fromisoformat(kept["until"]) if kept.get("until") else now
    start = last - timedelta(days=run.settings.payout_days)
    seen: dict[str, str] = {}
    early = 0
    wanted: list[tuple[str, str]] = []
    for one in calls.payouts(run.client, f"issued_at:>='{zulu(start)}'"):
        number, status = str(one["legacyResourceId"]), str(one["status"])
        if run.settings.final_payouts_only and status not in FINAL:
            early += 1
            continue
        if number not in seen and before.get(number) != status:
            wanted.append((number, str(one["issuedAt"])))
        seen[number] = status
    for number, issued in reversed(wanted):  # the oldest first
        _spawn(run, number, issued)
    run.save_checkpoint(payouts={"until": now.isoformat(), "seen": seen})
    pass_on_notes(run)
    waiting = f"; {counted(early, 'payout is', 'payouts are')} not final yet" if early else ""
    payouts = counted(len(wanted), "payout is new or has", "payouts are new or have")
    return f"{payouts} another status since {short(start)} UTC; each has an event of its own{waiting}."


def _spawn(run: Run, number: str, issued: str) -> None:
    run.spawn(
        topic="single:payout", object_type="payout", object_id=number, object_label=f"{number} of {issued[:10]}",
        payload={"number": number},
    )  # fmt: skip


def synchronize_issued(run: Run) -> str:
    """One event for every payout issued on the days of ``run.days``, which are UTC as with Shopify Payments."""
    found = _issued(run, *run.days)
    pass_on_notes(run)
    count = days.hand_on(
        run, found, lambda one: _spawn(run, str(one["legacyResourceId"]), str(one["issuedAt"])), len(found)
    )
    return days.sentence(run, count, "payout was issued", "payouts were issued", "(UTC)")


def count_issued(run: Run, first: date, last: date) -> int:
    """How many payouts that are: at most a few a day, so that the list itself is counted."""
    return len(_issued(run, first, last))


def _issued(run: Run, first: date, last: date) -> list[dict[str, Any]]:
    """The oldest first; without those that are not final yet, where the connector waits for that."""
    start, end = (datetime.combine(day, time(), UTC) for day in (first, last + days.NEXT))
    found = list(calls.payouts(run.client, _between(start, end)))
    return [one for one in reversed(found) if not run.settings.final_payouts_only or one["status"] in FINAL]


def _between(start: datetime, end: datetime) -> str:
    return f"issued_at:>='{zulu(start)}' AND issued_at:<'{zulu(end)}'"


def synchronize_payout(run: Run) -> str:
    """The payout whose number, or the payouts of the day (``2026-11-20``), a person entered as
    ``run.payload["number"]``. Raises ``Skip`` (none; no Shopify Payments; not routed), ``PayloadError`` where the
    movements do not add up to the payout."""
    given = str(run.payload.get("number") or "").strip()
    found = list(calls.payouts(run.client, _filter(given)))
    pass_on_notes(run)
    if not found:
        sentence = f"Shopify Payments has no payout “{given}”. Enter its number, or the day it was issued (2026-11-20)."
        raise Skip(sentence, reason="filtered", code="not_found")
    sentences = [_import(run, node) for node in found]
    return " ".join(sentences)


def _filter(given: str) -> str:
    """By number, or by day. Raises ``PayloadError`` for anything else."""
    number = plain_id(given) or given
    if number.isascii() and number.isdigit() and len(number) <= 20:
        return f"id:{number}"
    try:
        day = datetime.strptime(given, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise PayloadError(
            f"“{given}” is neither the number of a payout nor a day like 2026-11-20.",
            path="number",
            next_step="Enter one of the two and try again.",
        ) from error
    return _between(day, day + days.NEXT)


def _import(run: Run, node: Node) -> str:
    number = str(node["legacyResourceId"])
    run.describe(object_type="payout", object_id=number, object_label=f"{number} of {str(node['issuedAt'])[:10]}")
    run.key("payout_id", number)
    lines = calls.payout_lines(run.client, number)
    record = payout_record(node, lines, shop_domain=run.settings.shop_domain.lower())
    routes = run.deliver(record)
    movements = counted(len(record.lines), "movement")
    return (
        f"Payout {number} over {record.net} {record.currency} ({record.status}, {movements}) handed to "
        f"{counted(routes, 'route')}."
    )


def payout_record(node: Node, lines: Sequence[Node], *, shop_domain: str) -> Payout:
    """The record of one payout of HubPayouts with the movements of HubPayoutLines. Raises ``PayloadError`` where a
    member is missing, or where the net amounts of the movements are not the payout's."""
    with promised_shape("a payout"):
        record = Payout(
            id=str(node["legacyResourceId"]),
            number=str(node["legacyResourceId"]),
            source=shop_domain,
            gateway=GATEWAY,
            issued_at=time_of(node["issuedAt"]),
            status=node["status"].lower(),
            type=node["transactionType"].lower(),
            currency=node["net"]["currencyCode"],
            net=amount_of(node["net"]),
            trace_id=node["externalTraceId"] or "",
            summary={ours: amount_of(node["summary"][theirs]) for ours, theirs in SUMMARY.items()},
            lines=tuple(_line(one) for one in lines if one["type"] != TRANSFER),
            raw=node,
        )
        record.check()
        net = total_of(line.net for line in record.lines)
        currencies = {line.currency for line in record.lines} - {record.currency}
    if net != record.net or currencies:
        raise PayloadError(
            f"The {counted(len(record.lines), 'movement')} of payout {record.number} come to {net} "
            f"{record.currency}, the payout is {record.net} {record.currency}: {record.net - net} "
            f"{record.currency} are not explained"
            + (f", and some are in {', '.join(sorted(currencies))}." if currencies else "."),
            next_step="Nothing was handed over. Compare the payout in Shopify under Finances, Payouts; press Retry once "
            "Shopify lists all its movements.",
            path="payout.net",
            code="control_sum",
        )
    return record


def _line(node: Node) -> PayoutLine:
    order = node["associatedOrder"] or {}
    return PayoutLine(
        id=plain_id(node["id"]),
        type=node["type"].lower(),
        source_type=(node["sourceType"] or "").lower(),
        source_id=_number(node["sourceId"]),
        order_id=plain_id(order.get("id")),
        order_name=order.get("name") or "",
        order_transaction_id=_number(node["sourceOrderTransactionId"]),
        amount=amount_of(node["amount"]),
        fee=amount_of(node["fee"]),
        net=amount_of(node["net"]),
        currency=node["net"]["currencyCode"],
        at=time_of(node["transactionDate"]),
        reason=node["adjustmentReason"] or "",
        is_test=node["test"],
        orders=tuple(
            AdjustedOrder(
                order_name=one["name"],
                order_transaction_id=_number(one["orderTransactionId"]),
                amount=amount_of(one["amount"]),
            )
            for one in node["adjustmentsOrders"]
        ),
    )


def _number(value: Any) -> str:
    """A number of any length as text: Shopify gives it as a number or as a text."""
    return "" if value is None else str(value)
