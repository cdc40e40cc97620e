"""What is given back to a buyer, read off a refund or a return: goods, shipping, money. Pure translation, no call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.records import Refund, RefundLine, Return
from connectors.xoro.settings import XoroSettings

ZERO = Decimal(0)
CANCEL = "cancel"  # of units that never left
RESTOCKED, NOT_RESTOCKED = "restocked", "not_restocked"  # of a returned unit's disposition


@dataclass(frozen=True, kw_only=True)
class Goods:
    """Units of one order line that come back, or that were never sent. ``value``: of all of them, tax included.
    ``was_shipped``: as far as the shop knows; ``None`` where it does not say."""

    id: str
    order_line_id: str
    sku: str
    title: str
    quantity: Decimal
    value: Decimal = ZERO
    is_restocked: bool = False
    was_shipped: bool | None = None
    is_gift_card: bool = False
    location_id: str = ""
    location_name: str = ""


@dataclass(frozen=True, kw_only=True)
class Credit:
    """``total``: the money, shipping included; ``None``: what Xoro makes of the goods by its invoice. ``shipping`` is
    without tax, ``shipping_gross`` with it. ``exchange_item``: the gift card the goods were exchanged for, by its SKU."""

    what: str  # begins sentences: "Refund 881 of order #2207"
    id: str  # reference of its first document
    shop_source: str
    order_id: str
    order_number: str
    order_name: str
    order_created_at: datetime | None
    moment: datetime
    currency: str
    customer_name: str = ""
    notes: str = ""
    goods: tuple[Goods, ...] = ()
    total: Decimal | None = None
    shipping: Decimal = ZERO
    shipping_gross: Decimal = ZERO
    duties: Decimal = ZERO
    exchange_item: str = ""
    is_order_shipped: bool = False  # as far as the shop knows, in whole or in part

    @property
    def source(self) -> str:
        """The shop, as ``third_party_source`` asks for it."""
        return self.shop_source


def money_of(refund: Refund) -> Decimal:
    """What the buyer gets back: the payments that moved or are on their way, where the shop lists any on their way; else
    what the shop counts."""
    if refund.is_pending:
        return sum((one.amount for one in refund.payments if one.status in ("success", "pending")), ZERO)
    return refund.total


def of_refund(refund: Refund, settings: XoroSettings) -> Credit:
    gross = sum((one.amount + _outer(refund, one.tax) for one in refund.shipping), ZERO)
    inner = sum((one.tax for one in refund.shipping), ZERO) if refund.prices_include_tax else ZERO
    return Credit(
        what=f"Refund {refund.number} of order {refund.order_name or refund.order_number}",
        id=refund.id,
        shop_source=refund.source,
        order_id=refund.order_id,
        order_number=refund.order_number,
        order_name=refund.order_name or refund.order_number,
        order_created_at=refund.order_created_at,
        moment=refund.processed_at or refund.created_at,
        currency=refund.currency or settings.default_currency,
        customer_name=refund.customer_name or refund.email,
        notes=refund.note,
        goods=tuple(_goods(refund, line) for line in refund.lines if line.quantity),
        total=money_of(refund),
        shipping=gross - sum((_outer(refund, one.tax) for one in refund.shipping), ZERO) - inner,
        shipping_gross=gross,
        duties=refund.duties,
        exchange_item=_exchanged(refund.exchange_lines, settings),
        is_order_shipped=refund.order_fulfillment_status in ("fulfilled", "partially_fulfilled"),
    )


def of_return(one: Return, moment: datetime, settings: XoroSettings) -> Credit:
    """The goods of a return that were put away; no money. An exchange is credited at the value of its goods, to be set
    against what the buyer gets instead; anything else at nothing."""
    goods = [
        Goods(
            id=disposition.id or f"{line.id}-{number}",
            order_line_id=line.order_line_id,
            sku=line.sku,
            title=line.title,
            quantity=disposition.quantity,
            is_restocked=disposition.kind == RESTOCKED,
            was_shipped=True,
            location_id=disposition.location_id,
            location_name=disposition.location_name,
        )
        for line in one.lines
        for number, disposition in enumerate(line.dispositions)
        if disposition.kind in (RESTOCKED, NOT_RESTOCKED) and disposition.quantity
    ]
    return Credit(
        what=f"Return {one.name or one.number}",
        id=f"return-{one.id}",
        shop_source=one.source,
        order_id=one.order_id,
        order_number=one.order_number,
        order_name=one.order_name or one.order_number,
        order_created_at=one.order_created_at,
        moment=moment,
        currency=one.currency or settings.default_currency,
        customer_name=one.customer_name,
        goods=tuple(goods),
        total=None if one.exchange_lines else ZERO,
        exchange_item=_exchanged(one.exchange_lines, settings),
        is_order_shipped=True,
    )


def _goods(refund: Refund, line: RefundLine) -> Goods:
    of_order = {"fulfilled": True, "unfulfilled": False}.get(refund.order_fulfillment_status)
    shipped = {CANCEL: False, "return": True}.get(line.restock, of_order)
    return Goods(
        id=line.id,
        order_line_id=line.order_line_id,
        sku=line.sku,
        title=line.title,
        quantity=line.quantity,
        value=line.subtotal + _outer(refund, line.tax),
        is_restocked=line.is_restocked and line.restock != CANCEL,
        was_shipped=shipped,
        is_gift_card=line.is_gift_card,
        location_id=line.location_id,
        location_name=line.location_name,
    )


def _outer(refund: Refund, tax: Decimal) -> Decimal:
    """Tax that comes on top of an amount."""
    return ZERO if refund.prices_include_tax else tax


def _exchanged(lines: tuple[Any, ...], settings: XoroSettings) -> str:
    """The SKU of the gift card among what the buyer gets instead."""
    card = next((one for one in lines if one.is_gift_card or (one.sku and one.sku == settings.gift_card_sku)), None)
    return (settings.gift_card_sku or card.sku) if card is not None else ""
