"""Lowering on hand what came back and cannot be sold again, where the setting asks for it.

The adjustment's route is not confirmed by the vendor, and nobody can look up whether one was done: by default it is a task
for a person, named on the event; with the switch it is written once, and a lost answer ends as an unconfirmed write.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from connectors.exceptions import ConfigurationError, HubError, RemoteRefused, RemoteUnavailable, UnconfirmedWrite
from connectors.xoro import wire
from connectors.xoro.calls import creditmemos as calls
from connectors.xoro.creditmemos import NOT_DONE, explained
from connectors.xoro.creditplans import DIRECT, Part, Units, return_location, with_units
from connectors.xoro.credits import Credit, Goods

if TYPE_CHECKING:
    from connectors.run import Run

SENT, DONE, BY_HAND = "sent", "done", "by_hand"


def adjust(run: Run, credit: Credit, part: Part, keep: Callable[[Part], None]) -> Part:
    """Lower what is not available of a direct memo's goods; the part as it stands afterwards. ``keep`` writes it down.
    Raises ``UnconfirmedWrite`` and what a write raises."""
    if not run.settings.adjust_not_available or part.kind != DIRECT:
        return part
    goods = {one.id: one for one in credit.goods}
    for units in part.units:
        one = goods[units.goods_id]
        if not one.is_restocked and not one.is_gift_card and units.adjustment in ("", SENT):
            part = _adjusted(run, credit, part, units, one, keep)
    return part


def _adjusted(run: Run, credit: Credit, part: Part, units: Units, goods: Goods, keep: Callable[[Part], None]) -> Part:
    where = f"{part.store}, location {place}" if (place := return_location(goods, run.settings)) else part.store
    task = f"Lower {units.item} in {where} by {wire.quantity(units.quantity)} on hand ({credit.what})"

    def marked(state: str) -> Part:
        done = with_units(part, units.goods_id, adjustment=state)
        keep(done)
        return done

    if not run.settings.use_adjustment_route:
        run.note("manual_adjustment", f"{task}: by hand in Xoro.")
        return marked(BY_HAND)
    if units.adjustment == SENT and run.unfinished_write:
        raise UnconfirmedWrite(
            f"{task} was sent to Xoro, and no answer came; credit memo {part.number} is there.",
            next_step=f"Look at the stock movements of {units.item} in Xoro. If it was lowered, mark this event "
            "resolved; if not, press Retry.",
        )
    marked(SENT)
    body = {
        "StoreName": part.store,
        "LocationName": place,
        "ItemNumber": units.item,
        "DeltaQty": wire.number(-Decimal(units.quantity)),
        "Memo": f"{credit.what}: returned, not restocked",
        "ThirdPartyRefNo": f"{part.reference}-{units.goods_id}",
    }
    try:
        calls.adjust_stock(run.client, wire.without_blanks(body))
    except ConfigurationError as error:
        if error.code != "route":
            raise
        run.note("manual_adjustment", f"{task}: by hand, because the tenant has no route for it ({error.sentence})")
        return marked(BY_HAND)
    except HubError as error:
        if isinstance(error, RemoteRefused) or (isinstance(error, RemoteUnavailable) and error.code in NOT_DONE):
            marked("")
        if isinstance(error, RemoteRefused):
            what = f"Credit memo {part.number} is in Xoro, but its stock adjustment ({units.item})"
            raise explained(run, what, error) from error
        raise
    return marked(DONE)
