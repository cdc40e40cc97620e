"""What belongs to an order that was left out of Xoro on purpose is left out too, instead of waiting for it for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.exceptions import Skip
from connectors.records import Order
from connectors.xoro.credits import Credit
from events.models import Event, Kind, Outcome, Reason

if TYPE_CHECKING:
    from connectors.run import Run


def check_not_left_out(run: Run, credit: Credit) -> None:
    """Raises ``Skip`` where the last thing that happened to the order here was that a rule kept it out."""
    deliveries = Event.objects.filter(
        kind=Kind.DELIVERY, connector_id=run.connector.pk, object_type=Order.kind, object_id=credit.order_id
    )
    last = deliveries.order_by("-id").first()
    if last is not None and last.outcome == Outcome.SKIPPED and last.reason == Reason.FILTERED:
        raise Skip(
            f"{credit.what} was left out, because its order was: {last.sentence}",
            reason="filtered",
            code=f"order_{last.reason_code}" if last.reason_code else "order_left_out",
        )
