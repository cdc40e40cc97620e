"""The money side of a return Loop has closed: a credit memo for what was paid back, for the gift card, for the exchange.

The goods came in by the return's own ASN, so that the memos are money alone: the refund adjustment SKU takes it, and no
stock moves twice. A refund's memo carries the shop's refund id, which is also what the refund itself would carry, should a
route bring it here: whichever comes first is the only one. That a memo is applied to an exchange's order has no route: the
memo says which order, and a person applies it.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from connectors.exceptions import ConfigurationError, Skip
from connectors.xoro import crediting
from connectors.xoro.credits import Credit
from connectors.xoro.loop import memory as remembering
from connectors.xoro.loop.memory import Memory
from connectors.xoro.loop.reading import CREDIT, EXCHANGE, REFUND, LoopReturn
from connectors.xoro.options import CreditOptions

if TYPE_CHECKING:
    from connectors.run import Run

ORIGIN = "Loop Returns"


def book(run: Run, one: LoopReturn, memory: Memory) -> str:
    """Every memo that is not booked yet. Raises ``Skip`` where all are, and what ``crediting.write`` raises."""
    if memory.stage == remembering.DONE:
        booked = f"booked as {', '.join(memory.memos)}" if memory.memos else "without money to book"
        raise Skip(f"Return {one.name} is closed, {booked}.", reason="unchanged", code="unchanged")
    run.options = CreditOptions(display_name=ORIGIN)
    for what, credit in credits_of(run, one):
        delivered = crediting.write(run, credit)
        if delivered.target_number not in memory.memos:
            memory = remembering.keep(run, replace(memory, memos=(*memory.memos, delivered.target_number)))
        if what == EXCHANGE:
            order = one.exchange_order or "the exchange's order"
            run.note("apply_credit", f"Apply credit memo {delivered.target_number} to {order} in Xoro.")
    memory = remembering.keep(run, replace(memory, stage=remembering.DONE))
    if not memory.memos:
        return f"Return {one.name} is closed in Loop; it gave neither money nor goods in exchange."
    return f"Return {one.name} is closed in Loop; its money is in Xoro as {', '.join(memory.memos)}."


def credits_of(run: Run, one: LoopReturn) -> list[tuple[str, Credit]]:
    """What the buyer got, refunds first. Raises ``ConfigurationError`` where a gift card has no SKU."""
    found: list[tuple[str, Credit]] = []
    listed = sum((refund.amount for refund in one.refunds), Decimal(0))
    for number, refund in enumerate(one.refunds, 1):
        if refund.amount:
            found.append((REFUND, _credit(run, one, refund.id or f"loop-{one.id}-{number}", refund.amount, REFUND)))
    if one.refund > listed:  # of what Loop does not list, the rest
        found.append((REFUND, _credit(run, one, f"loop-{one.id}-refund", one.refund - listed, REFUND)))
    if one.gift_card:
        if not run.settings.gift_card_sku:
            raise ConfigurationError(
                f"Return {one.name} gave a gift card of {one.gift_card} {one.currency}, and no gift card SKU is set.",
                code="gift_card_sku",
                next_step="Set the gift card SKU on the connector's page under Gift cards, then press Retry.",
            )
        card = _credit(run, one, f"loop-{one.id}-credit", one.gift_card, CREDIT)
        found.append((CREDIT, replace(card, exchange_item=run.settings.gift_card_sku)))
    if one.exchange:
        found.append((EXCHANGE, _credit(run, one, f"loop-{one.id}-exchange", one.exchange, EXCHANGE)))
    return found


def _credit(run: Run, one: LoopReturn, reference: str, amount: Decimal, what: str) -> Credit:
    for_order = f": apply to order {one.exchange_order}" if what == EXCHANGE and one.exchange_order else ""
    return Credit(
        what=f"The {what} of return {one.name}",
        id=reference,
        shop_source=run.settings.loop_shop,
        order_id=one.order_id,
        order_number=one.order_name.lstrip("#"),
        order_name=one.order_name,
        order_created_at=None,
        moment=one.updated_at,
        currency=one.currency or run.settings.default_currency,
        notes=f"Loop return {one.id}, {what}{for_order}",
        total=amount,
        is_order_shipped=True,
    )
