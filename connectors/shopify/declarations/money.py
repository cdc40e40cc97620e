"""What the provider declares about money and returned goods. Not for doing anything: the flows have their own modules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.base import Accept, Handler, Period, Single, Sync
from connectors.records import GiftCard, Payout, Record, Refund, RefundRequest, Return
from connectors.shopify import giftcards, issuing, payouts, refundrequests, refunds, returns, warehousereturns

HANDLERS: Mapping[str, Handler] = {
    "refunds/create": Handler(
        function=refunds.import_refund, label="Refund made", reads_current_state=True, max_attempts=20
    ),
    "returns/request": Handler(function=returns.import_return, label="Return requested", reads_current_state=True),
    "returns/approve": Handler(function=returns.import_return, label="Return approved", reads_current_state=True),
    "returns/decline": Handler(function=returns.import_return, label="Return declined", reads_current_state=True),
    "returns/cancel": Handler(function=returns.import_return, label="Return cancelled", reads_current_state=True),
    "returns/close": Handler(function=returns.import_return, label="Return closed", reads_current_state=True),
    "returns/reopen": Handler(function=returns.import_return, label="Return reopened", reads_current_state=True),
    "returns/update": Handler(function=returns.import_changed_return, label="Return changed", reads_current_state=True),
    "returns/process": Handler(
        function=returns.import_changed_return, label="Return processed", reads_current_state=True
    ),
    "reverse_fulfillment_orders/dispose": Handler(function=returns.import_disposal, label="Returned goods put away"),
}
SYNCS: Mapping[str, Sync] = {
    "refunds": Sync(
        label="Recent refunds",
        function=refunds.synchronize_refunds,
        records=Refund,
        every_minutes=60,
        help="Reads the refunds of every order changed since the last time, and those whose money was on its way.",
    ),
    "returns": Sync(
        label="Recent returns",
        function=returns.synchronize_returns,
        records=Return,
        every_minutes=60,
        help="Reads the returns of every order changed since the last time, so that a lost delivery does no harm.",
    ),
    "payouts": Sync(
        label="Payouts",
        function=payouts.synchronize_payouts,
        records=Payout,
        every_minutes=60,
        help="Reads the payouts of Shopify Payments that are new or have another status; no webhook tells of them.",
    ),
    "gift_cards": Sync(
        label="Gift cards",
        function=giftcards.synchronize_gift_cards,
        records=GiftCard,
        every_minutes=60,
        help="Reads new gift cards and those whose balance changed; no webhook tells of them.",
    ),
}
SINGLES: Mapping[str, Single] = {
    "refund": Single(
        label="Refunds of an order",
        function=refunds.synchronize_refunds_of,
        help="The order's name as the shop shows it, like #EX-2041.",
    ),
    "return": Single(
        label="Returns of an order",
        function=returns.synchronize_returns_of,
        help="The order's name like #EX-2041, or the return's like #EX-2041-R1.",
    ),
    "payout": Single(
        label="Payout",
        function=payouts.synchronize_payout,
        help="The payout's number, or the day it was issued, like 2026-11-20.",
    ),
    "gift_card": Single(
        label="Gift card",
        function=giftcards.synchronize_gift_card,
        help="The card's number in Shopify, or its last four characters.",
    ),
}
PERIODS: Mapping[str, Period] = {
    "refunds": Period(
        label="Refunds made",
        function=refunds.synchronize_made,
        records=Refund,
        help="Days in the shop's time zone. Every order changed since the first of them is read.",
    ),
    "payouts": Period(
        label="Payouts issued",
        function=payouts.synchronize_issued,
        records=Payout,
        count=payouts.count_issued,
        help="Days in UTC, as Shopify Payments dates them.",
    ),
    "gift_cards": Period(
        label="Gift cards made",
        function=giftcards.synchronize_issued,
        records=GiftCard,
        count=giftcards.count_issued,
        help="By the day a card was made, in the shop's time zone.",
    ),
}
EMITS: Sequence[type[Record]] = (Refund, Return, Payout, GiftCard)
ACCEPTS: Mapping[type[Record], Accept] = {
    RefundRequest: Accept(
        function=refundrequests.refund_order, options=refundrequests.RefundOptions, label="Refund the order"
    ),
    Return: Accept(
        function=warehousereturns.put_return, options=warehousereturns.ReturnOptions, label="Create or book the return"
    ),
    GiftCard: Accept(function=issuing.put_gift_card, options=issuing.IssueOptions, label="Issue or move the gift card"),
}
