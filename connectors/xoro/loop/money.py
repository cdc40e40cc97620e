"""The money side of a return Loop has closed: a credit memo for what was paid back, for the gift card, for the exchange.

The goods came in by the return's own ASN, so that the memos are money alone: the refund adjustment SKU takes it, and no
stock moves twice. A refund's memo carries the shop's refund id, which is also what the refund itself would carry, should a
route bring it here: whichever comes first is the only one. An exchange's memo is applied to the order that was sent
instead (``applying``). That a memo was paid back no public call can say: the event names it, and a person marks it in Xoro.
What the shop tells of by itself as well is booked once: see ``twins``.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from connectors.exceptions import ConfigurationError, Skip, WaitFor
from connectors.xoro import applications, crediting, creditplans
from connectors.xoro.applications import Use
from connectors.xoro.credits import Credit
from connectors.xoro.documents import third_party_source
from connectors.xoro.loop import cards, twins
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
        numbers = _of_shop(run, one, credit) or [_write(run, one, what, credit)]
        fresh = [number for number in numbers if number not in memory.memos]
        if fresh:
            memory = remembering.keep(run, replace(memory, memos=(*memory.memos, *fresh)))
        if what == REFUND:
            run.note(
                "refund_not_marked",
                f"No public call marks {', '.join(numbers)} as refunded: see to its status in Xoro.",
            )
        if what == EXCHANGE:
            _apply(run, one, credit, ", ".join(numbers))
    memory = remembering.keep(run, replace(memory, stage=remembering.DONE))
    if not memory.memos and (one.refund or one.gift_card):
        return f"Return {one.name} is closed in Loop; its money comes by the shop's own refund or gift card."
    if not memory.memos:
        return f"Return {one.name} is closed in Loop; it gave neither money nor goods in exchange."
    return f"Return {one.name} is closed in Loop; its money is in Xoro as {', '.join(memory.memos)}."


def _write(run: Run, one: LoopReturn, what: str, credit: Credit) -> str:
    written = crediting.write(run, credit)
    if what == CREDIT:
        cards.remember(run, one, credit.id, written)
    return written.target_number


def _apply(run: Run, one: LoopReturn, credit: Credit, number: str) -> None:
    """The memo of an exchange pays what was sent instead, by an event of its own; where Loop names no order, a person does."""
    if not one.exchange_order:
        run.note("apply_credit", f"Apply credit memo {number} to the exchange's order in Xoro.")
        return
    applications.ask(run, Use(
        source=third_party_source(credit, run.settings), reference=credit.id, memo=credit.id, amount=str(one.exchange),
        currency=credit.currency, order_name=one.exchange_order, order_number=one.exchange_order.lstrip("#"),
        by=f"return {one.id}",
    ))  # fmt: skip
    run.note("apply_credit", f"Credit memo {number} is applied to {one.exchange_order} by an event of its own.")


def credits_of(run: Run, one: LoopReturn) -> list[tuple[str, Credit]]:
    """What the buyer got, refunds first. Raises ``ConfigurationError`` where a gift card has no SKU."""
    found = _refunds(run, one)
    if one.gift_card and twins.are_cards_routed(run):
        run.note(
            "gift_card_by_shop", f"Its gift card of {one.gift_card} {one.currency} is sent with the shop's gift cards."
        )
    elif one.gift_card and (number := cards.memo_of(run, one)):
        run.note("gift_card_booked", f"Its gift card of {one.gift_card} {one.currency} is in Xoro as {number}.")
    elif one.gift_card:
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


def _refunds(run: Run, one: LoopReturn) -> list[tuple[str, Credit]]:
    found = [(REFUND, _credit(run, one, refund.id, refund.amount, REFUND)) for refund in one.refunds
             if refund.id and refund.amount]  # fmt: skip
    nameless = [refund.amount for refund in one.refunds if not refund.id and refund.amount]
    rest = one.refund - sum((refund.amount for refund in one.refunds), Decimal(0))  # of what Loop does not list
    if (nameless or rest > 0) and twins.are_refunds_routed(run):
        amount = sum(nameless, max(rest, Decimal(0)))
        run.note(
            "refund_by_shop", f"Loop does not name the refund of {amount} {one.currency}: it is booked with the shop's."
        )
        return found
    for number, amount in enumerate(nameless, 1):
        found.append((REFUND, _credit(run, one, f"loop-{one.id}-{number}", amount, REFUND)))
    if rest > 0:
        found.append((REFUND, _credit(run, one, f"loop-{one.id}-refund", rest, REFUND)))
    return found


def _of_shop(run: Run, one: LoopReturn, credit: Credit) -> list[str]:
    """Numbers of the memos the shop's own refund was booked as, goods and all. Raises ``WaitFor`` while it is under way."""
    parts = creditplans.known(run, third_party_source(credit, run.settings), credit.id)
    if not any(part.units for part in parts):
        return []
    if not all(part.number for part in parts):
        raise WaitFor(
            f"Return {one.name} waits: refund {credit.id} of the shop is being booked.",
            code=f"refund:{credit.id}",
            next_step=f"See to the event of refund {credit.id} first, then press Retry.",
        )
    return [part.number for part in parts]


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
