"""Orders: imported one by one because the shop told us, by number because a person asked, recent ones on a plan.

A delivery is a trigger only: the order is read from the shop and handed on whole, or not at all. Not for translating
it: that is ``translation.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.exceptions import PayloadError, RemoteUnavailable, Skip
from connectors.shopify.client import ShopifyClient, order_gid, zulu
from connectors.shopify.replies import promised_shape
from connectors.shopify.translation import order_record
from connectors.shopify.trigger import check_shop

if TYPE_CHECKING:
    from connectors.run import Run

READS = 3  # of an order whose payments were read in another state than its lines

# The index lags behind by seconds and clocks differ: the window of a walk ends a little before now and the next one
# begins well before that end. https://shopify.dev/docs/api/usage/search-syntax names no bound for the lag.
OVERLAP = timedelta(minutes=10)
MARGIN = timedelta(seconds=60)
ORDER_GID = re.compile(rb'"admin_graphql_api_id"\s*:\s*"(gid:\\?/\\?/shopify\\?/Order\\?/\d+)"')


def import_order(run: Run) -> str:
    """``orders/create``, ``orders/updated``: read the order named by ``run.payload`` and hand it to its routes.

    Raises ``Skip`` (not found; test order; nothing left of it; what ``run.deliver`` skips), ``ConfigurationError``
    naming a missing scope or a wrong shop, ``PayloadError``, and what a call raises."""
    check_shop(run)
    return _import(run, _named_order(run))


def _named_order(run: Run) -> str:
    """Which order the delivery is about. Of one too large to keep only the beginning is there: the id stands in it."""
    try:
        payload = run.payload
    except PayloadError:
        if found := ORDER_GID.search(run.body):
            return found[1].decode().replace("\\/", "/")
        raise
    if not isinstance(payload, Mapping) or not (payload.get("admin_graphql_api_id") or payload.get("id")):
        raise PayloadError("The delivery does not say which order it is about.", path="id")
    return str(payload.get("admin_graphql_api_id") or order_gid(payload["id"]))


def synchronize_order(run: Run) -> str:
    """The order whose name a person entered as ``run.payload["number"]``. Raises as ``import_order`` does."""
    number = str(run.payload.get("number") or "").strip()
    if not number.strip("#"):
        raise PayloadError("No order number was given.", path="number", next_step="Enter the number and try again.")
    run.describe(object_type="order", object_id="", object_label=number)
    found = run.client.find_order_by_name(number)
    if found is None:
        raise Skip(
            f"The shop lists no order named “{number}”. Enter the name as the shop shows it, like #EX-2041; an order "
            "placed seconds ago may not be listed yet.",
            reason="filtered",
            code="not_found",
        )
    return _import(run, found["id"])


def synchronize_recent(run: Run) -> str:
    """One event for every order changed since the last complete walk.

    ``run.checkpoint``: ``until`` (end of the last complete walk) and ``seen`` (id to time of change of the orders in
    the overlap, which the next walk meets again). It moves only after the last page: a broken walk is done again."""
    end = datetime.now(UTC) - MARGIN
    until = run.checkpoint.get("until")
    days = timedelta(days=run.settings.sync_days)
    start = datetime.fromisoformat(until) - OVERLAP if until else end - days
    before: Mapping[str, str] = run.checkpoint.get("seen") or {}
    seen: dict[str, str] = {}
    count = 0
    for page in run.client.orders_since(start, end):
        for node in page:
            number, changed = node["legacyResourceId"], node["updatedAt"]
            if changed in (seen.get(number), before.get(number)):
                seen[number] = changed
                continue
            seen[number] = changed
            run.spawn(
                topic="orders/updated",
                object_type="order",
                object_id=number,
                object_label=node["name"],
                payload={"id": number, "admin_graphql_api_id": node["id"], "updated_at": changed},
            )
            count += 1
    overlap = zulu(end - OVERLAP)
    kept = {number: changed for number, changed in seen.items() if changed >= overlap}
    run.save_checkpoint(seen=kept, until=end.isoformat())
    _pass_on_notes(run)
    orders = "1 order was" if count == 1 else f"{count} orders were"
    return f"{orders} changed between {_short(start)} and {_short(end)} UTC; each has an event of its own."


def _import(run: Run, gid: str) -> str:
    order, money = _read(run.client, gid)
    _pass_on_notes(run)
    with promised_shape("an order"):
        number, name, is_test = str(order["legacyResourceId"]), str(order["name"]), bool(order["test"])
    # Described before it is translated, so that an order that cannot be translated is found by its name.
    run.describe(object_type="order", object_id=number, object_label=name)
    if is_test and not run.settings.import_test_orders:
        raise Skip(f"Order {name} is a test order.", reason="filtered", code="test_order")
    record = order_record(
        order,
        money,
        shop_domain=run.settings.shop_domain.lower(),
        presentment=run.settings.use_presentment_currency,
    )
    run.keys(record.search_keys())
    if not record.lines:
        sentence = f"Every unit of order {record.name} was removed or refunded: nothing is left to hand over."
        raise Skip(sentence, reason="filtered", code="nothing_left")
    routes = run.deliver(record)
    return f"Order {record.name} read from the shop and handed to {routes} route{'' if routes == 1 else 's'}."


def _read(client: ShopifyClient, gid: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The order and its payments in one state. Raises ``Skip`` where the shop has no such order."""
    for _ in range(READS):
        order = client.get_order(gid)
        money = client.get_order_money(gid) if order is not None else None
        if order is None or money is None:
            raise Skip(
                "The shop has no such order: it was deleted, or it is older than 60 days and the app lacks the scope "
                "read_all_orders.",
                reason="filtered",
                code="not_found",
            )
        if money["updatedAt"] == order["updatedAt"]:
            return order, money
    raise RemoteUnavailable("The order changes while it is being read.", code="changing", retry_after_s=30)


def _pass_on_notes(run: Run) -> None:
    for code, sentence in run.client.notes.items():
        run.note(code, sentence)


def _short(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")
