"""One thing told twice: what Loop does is also seen in the shop, as a refund, a return or a gift card. Each is booked once.

* A refund carries the shop's id on both sides. Where Loop does not name it and refunds of the shop come here, they book it.
* Goods of a refund or return of the shop are left to Loop's authorisation; those that were credited before it need none.
* A gift card that Loop gave is one of the shop's cards: where those come here, the card is the credit. Where they came here
  later only, it is known as the credit that Loop's return was booked as (``cards``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from connectors.models import Route
from connectors.records import GiftCard, Record, Refund
from connectors.xoro import creditplans
from connectors.xoro.loop.client import LoopClient
from connectors.xoro.loop.memory import Memory, of_order
from connectors.xoro.loop.reading import ENDED, LoopReturn
from connectors.xoro.settings_returns import LOOP

if TYPE_CHECKING:
    from connectors.run import Run


def of_goods(run: Run, shop: str, order_name: str, skus: Iterable[str]) -> str:
    """The id of a return of Loop with goods of these SKUs, empty where there is none: as remembered, else as Loop answers.
    Raises as every call of Loop."""
    wanted = set(skus)
    if not is_shop_of_loop(run, shop):
        return ""
    if known := authorised(run, order_name, wanted):
        return known[0].id
    found = LoopClient(run.settings, run.http).get(order_name=f"#{order_name.lstrip('#')}")
    if found is None or found.state in ENDED or not wanted & {line.sku for line in found.lines}:
        return ""
    return found.id


def authorised(run: Run, order_name: str, skus: set[str]) -> list[Memory]:
    """Returns of an order that were authorised with goods of these SKUs."""
    return [one for one in of_order(run, order_name) if skus & set(one.wanted) and one.told not in ENDED]


def is_shop_of_loop(run: Run, shop: str) -> bool:
    settings = run.settings
    return bool(settings.return_source == LOOP and settings.sync_third_party_returns and shop == settings.loop_shop)


def credited(run: Run, source: str, one: LoopReturn) -> list[str]:
    """Credit memos that brought the goods of this return back already: those of its refunds, made before it was read."""
    parts = [part for refund in one.refunds if refund.id for part in creditplans.known(run, source, refund.id)]
    return [part.number or part.reference for part in parts if part.units]


def are_refunds_routed(run: Run) -> bool:
    """Whether refunds of the shop come here by themselves."""
    return _is_routed(run, Refund)


def are_cards_routed(run: Run) -> bool:
    return bool(run.settings.gift_cards_enabled) and _is_routed(run, GiftCard)


def _is_routed(run: Run, record: type[Record]) -> bool:
    return Route.objects.filter(target=run.connector, record_kind=record.kind, is_enabled=True).exists()
