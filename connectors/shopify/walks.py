"""Walking many orders: those changed since the last time, and those placed between two days. One event for each.

Times are the shop's: the hub's own clock may be wrong by minutes, and an order must fall into one window or the next.
Not for importing an order: that is ``orders.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connectors.exceptions import ConfigurationError
from connectors.shopify import echoes
from connectors.shopify.orders import shop_time
from connectors.shopify.phrases import counted
from connectors.shopify.replies import promised_shape
from connectors.shopify.trigger import pass_on_notes, window
from connectors.shopify.watermarks import Walked, in_overlap, unseen

if TYPE_CHECKING:
    from connectors.run import Run


def synchronize_recent(run: Run) -> str:
    """One event for every order changed since the last complete walk.

    ``run.checkpoint``: ``until`` (end of the last complete walk) and ``seen`` (id to time of change of the orders in
    the overlap, which the next walk meets again). It moves only after the last page: a broken walk is done again."""
    _ask_shop(run)
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
    first, last = run.days
    start, end = _stretch(run, first, last)
    expected = run.client.count_orders(start, end, by="created")
    met: set[str] = set()
    for page in run.client.orders_since(start, end, by="created"):
        for node in page:
            if node["legacyResourceId"] not in met:
                met.add(node["legacyResourceId"])
                _spawn(run, node)
                run.progress(len(met), expected)
    orders = counted(len(met), "order was", "orders were")
    return f"{orders} placed from {first} to {last} in the shop's time zone; each has an event of its own."


def count_placed(run: Run, first: date, last: date) -> int:
    """How many orders that are, as far as the shop counts (10,000)."""
    count: int = run.client.count_orders(*_stretch(run, first, last), by="created")
    return count


def _stretch(run: Run, first: date, last: date) -> tuple[datetime, datetime]:
    """From the beginning of one day to the end of another, by the shop's clock."""
    zone = _ask_shop(run)
    start = datetime.combine(first, time(), zone).astimezone(UTC)
    return start, datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)


def _ask_shop(run: Run) -> ZoneInfo:
    """The shop's time zone; its answer also tells its clock. Raises ``ConfigurationError`` where another shop answers."""
    shop = run.client.ping()["shop"]
    with promised_shape("the shop"):
        domain, zone = str(shop["myshopifyDomain"]), ZoneInfo(str(shop["ianaTimezone"]))
    if domain.lower() != run.settings.shop_domain.lower():
        raise ConfigurationError(
            f"The shop calls itself {domain}, but the connector is for {run.settings.shop_domain}.",
            next_step=f"If it is the same shop, enter {domain} as its domain; if not, correct the access. Then Retry.",
            code="wrong_shop",
        )
    pass_on_notes(run)
    return zone


def _spawn(run: Run, node: Mapping[str, Any]) -> None:
    number = str(node["legacyResourceId"])
    run.spawn(
        topic="orders/updated",
        object_type="order",
        object_id=number,
        object_label=str(node["name"]),
        payload={"id": number, "admin_graphql_api_id": node["id"], "updated_at": node["updatedAt"]},
    )
