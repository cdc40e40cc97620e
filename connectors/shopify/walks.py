"""Walking many orders: those changed since the last time, and those placed between two days. One event for each.

Times are the shop's: the hub's own clock may be wrong by minutes, and an order must fall into one window or the next.
Not for importing an order: that is ``orders.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from connectors.shopify import days, echoes
from connectors.shopify.orders import shop_time
from connectors.shopify.trigger import window
from connectors.shopify.watermarks import Walked, in_overlap, unseen

if TYPE_CHECKING:
    from connectors.run import Run


def synchronize_recent(run: Run) -> str:
    """One event for every order changed since the last complete walk.

    ``run.checkpoint``: ``until`` (end of the last complete walk) and ``seen`` (id to time of change of the orders in
    the overlap, which the next walk meets again). It moves only after the last page: a broken walk is done again."""
    days.ask_shop(run)
    first = timedelta(days=run.settings.sync_days)
    start, end = window(run.checkpoint.get("until"), first, shop_time(run.client))
    before: Mapping[str, str] = run.checkpoint.get("seen") or {}
    seen: dict[str, str] = {}
    count = 0
    for page in run.client.orders_since(start, end):
        own = echoes.known_echoes(run, page)
        for node in unseen(page, seen, before):
            if node["legacyResourceId"] not in own:
                _spawn(run, node)
                count += 1
    run.save_checkpoint(seen=in_overlap(seen, end), until=end.isoformat())
    echoes.forget_old(run)
    return Walked(count, start, end).sentence("order", "orders")


def synchronize_placed(run: Run) -> str:
    """One event for every order placed from one day to another, both included, in the shop's time zone (``run.days``)."""
    start, end = days.stretch(run, *run.days)
    expected = run.client.count_orders(start, end, by="created")
    nodes = (node for page in run.client.orders_since(start, end, by="created") for node in page)
    count = days.hand_on(run, nodes, lambda node: _spawn(run, node), expected)
    return days.sentence(run, count, "order was placed", "orders were placed")


def count_placed(run: Run, first: date, last: date) -> int:
    """How many orders that are, as far as the shop counts (10,000)."""
    count: int = run.client.count_orders(*days.stretch(run, first, last), by="created")
    return count


def _spawn(run: Run, node: Mapping[str, Any]) -> None:
    number = str(node["legacyResourceId"])
    run.spawn(
        topic="orders/updated",
        object_type="order",
        object_id=number,
        object_label=str(node["name"]),
        payload={"id": number, "admin_graphql_api_id": node["id"], "updated_at": node["updatedAt"]},
    )
