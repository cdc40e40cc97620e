"""What happens to the sandbox's orders after they were placed: edits, payment, cancellation, deletion, a risk assessed.

Each change moves ``updatedAt``; the index goes on showing the old state until its lag has passed. What is left of a line
is ``currentQuantity``, what was ever ordered ``quantity``.
https://shopify.dev/docs/apps/build/orders-fulfillment/order-management-apps/edit-orders (checked 2026-11-20).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.shopify.sandbox.baskets import build_line, reckon
from connectors.shopify.sandbox.cashbook import settle, transaction
from connectors.shopify.sandbox.orders import Node, Shop, stamp, till_of
from connectors.shopify.sandbox.routing import follow
from connectors.shopify.sandbox.sales import risk_of

LONGEST_LAG_S = 3_600.0


def change_order(order: Node, wish: Mapping[str, Any], now: float, shop: Shop | None = None) -> Node:
    """Change an order as staff or the buyer would: ``remove`` ``{sku: units}``, ``add`` ``[line]`` as in
    ``place_order`` (needs the shop), ``paid``, ``cancel``, ``close``, ``tags``, ``note``, ``risk`` (a level)."""
    touch(shop, order, now)
    till = till_of(order)
    for line in order["lineItems"]:
        units = min(int(wish.get("remove", {}).get(line["sku"], 0)), line["currentQuantity"])
        for name in ("currentQuantity", "unfulfilledQuantity", "refundableQuantity"):
            line[name] = max(0, line[name] - units)
        order["edited"] = order["edited"] or units > 0
    for one in wish.get("add", ()):
        if shop is None:
            raise ValueError("adding a line needs the shop")
        order["lineItems"].append(build_line(shop, till, one, [till.bag(0), till.bag(0)], wish.get("tax")))
        order["edited"] = True
    if wish.get("cancel"):
        order.update(cancelledAt=stamp(now), cancelReason=str(wish.get("reason", "CUSTOMER")))
    if wish.get("close"):
        order["closedAt"] = stamp(now)
    if "risk" in wish:
        order["risk"] = risk_of(wish["risk"])
    order.update({name: wish[name] for name in ("tags", "note") if name in wish})
    reckon(order, till)
    settle(order)
    if wish.get("paid"):
        pay_rest(shop, order, now)
    if shop is not None:
        follow(shop, order, now)
    return order


def pay_rest(shop: Shop | None, order: Node, now: float) -> None:
    """What is outstanding arrives: the promise of it is kept, or a payment by hand is entered."""
    open_rows = [one for one in order["transactions"] if one["status"] == "PENDING"]
    for one in open_rows:
        one["status"] = "SUCCESS"
    settle(order)
    if order["displayFinancialStatus"] != "PAID" and shop is not None:
        row = transaction(shop, order, "SALE", "SUCCESS", "manual", order["totalOutstandingSet"], stamp(now))
        order["transactions"].append(row)
        settle(order)


def touch(shop: Shop | None, order: Node, now: float) -> None:
    """The order is about to change: its time of change moves, to the next second at least, and the index keeps what it
    knew of it."""
    if shop is not None:
        known = [one for one in shop.old_states.get(order["id"], ()) if one[0] > now - LONGEST_LAG_S]
        shop.old_states[order["id"]] = [*known, (now, copy.deepcopy(order))]
    before = datetime.fromisoformat(order["updatedAt"]).timestamp()
    order["updatedAt"] = stamp(now if int(now) > before else before + 1)


def as_indexed(shop: Shop, order: Node, indexed: float) -> Node:
    """The order as the index knows it: the state it had at the moment ``indexed``."""
    for until, state in shop.old_states.get(order["id"], ()):
        if until > indexed:
            return state
    return order
