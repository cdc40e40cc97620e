"""What the provider declares about refunds, returns, gift cards, and what becomes of their credits."""

from __future__ import annotations

from connectors.base import Accept, Handler, Sync
from connectors.records import GiftCard, Record, Refund, Return
from connectors.xoro import applications
from connectors.xoro.applying import apply_credit
from connectors.xoro.giftcards import push_gift_card
from connectors.xoro.options import CreditOptions
from connectors.xoro.refunds import push_refund
from connectors.xoro.returns import push_return

HANDLERS: dict[str, Handler] = {}
SPAWNS: dict[str, Handler] = {
    applications.TOPIC: Handler(function=apply_credit, label="Credit applied to an invoice", max_attempts=20),
}
SYNCS: dict[str, Sync] = {}
ACCEPTS: dict[type[Record], Accept] = {
    Refund: Accept(function=push_refund, options=CreditOptions, label="Refunds, as credit memos"),
    Return: Accept(function=push_return, options=CreditOptions, label="Returned goods without a refund"),
    GiftCard: Accept(function=push_gift_card, options=CreditOptions, label="Gift cards, as customer credits"),
}
EMITS: tuple[type[Record], ...] = ()
