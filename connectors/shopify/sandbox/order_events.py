"""What happens to an order told to whoever subscribed, and single deliveries on call in every mode a receiver must bear.

Control: ``POST /_sandbox/webhook`` (and ``deliver``): ``{"shop", "topic", "mode", "order" or "payload", "url"}``; without
``url`` it goes where the topic's subscriptions point. Modes: normal, duplicate (the same delivery twice), reordered
(the news first, then the order's first state), late (the first state, hours old), bad_hmac, old_secret, wrong_shop.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from connectors.sandbox import Reply
from connectors.shopify.sandbox.deliveries import DELIVERY_MODES, make_parcel, post
from connectors.shopify.sandbox.orders import Node, Shop, stamp
from connectors.shopify.sandbox.payloads import order_payload, shop_payload
from connectors.shopify.sandbox.privacy import compliance_payload
from connectors.shopify.sandbox.sales import risk_of
from connectors.shopify.sandbox.shops import OUTLET
from connectors.shopify.sandbox.subscriptions import addresses, emit

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

RISK_S = 30.0  # after which a new order's risk is assessed


def tell_order(sandbox: ShopifySandbox, shop: Shop, order: Mapping[str, Any], *topics: str) -> None:
    """One action on an order: each topic carries the whole order, and all of them one event id."""
    event_id = str(uuid.uuid4())
    for topic in topics:
        payload = edit_payload(sandbox, shop, order) if topic == "orders/edited" else order_payload(shop, order)
        emit(sandbox, shop, topic, payload, event_id=event_id)


def tell_wish(sandbox: ShopifySandbox, shop: Shop, order: Mapping[str, Any], wish: Mapping[str, Any]) -> None:
    """What the control call ``order`` did, told as the shop tells it; nothing where it is ``silent``."""
    if wish.get("silent"):
        return
    if "change" in wish:
        topics = ["orders/updated"]
        topics += ["orders/cancelled"] if wish.get("cancel") else []
        topics += ["orders/edited"] if wish.get("remove") or wish.get("add") else []
        topics += ["orders/paid"] if wish.get("paid") else []
    else:
        topics = ["orders/create"]
        topics += ["orders/paid"] if order["displayFinancialStatus"] == "PAID" else []
    tell_order(sandbox, shop, order, *topics)


def assess(sandbox: ShopifySandbox, shop: Shop, order: Node, level: str) -> None:
    """The risk of an order is assessed: no time of change moves, a topic of its own tells of it."""
    with sandbox.lock:
        order["risk"] = risk_of(level)
        payload = {
            "admin_graphql_api_order_id": order["id"],
            "order_id": int(order["legacyResourceId"]),
            "risk_level": level.lower(),
            "provider_id": None,
            "provider_title": None,
            "created_at": stamp(sandbox.now()),
        }
        emit(sandbox, shop, "orders/risk_assessment_changed", payload)


def await_risk(sandbox: ShopifySandbox, shop: Shop, order: Node, wish: Mapping[str, Any]) -> None:
    """A new order's risk is pending for half a minute; ``risk`` of the wish is what comes out, ``risk_after_s`` when."""
    if "change" in wish or wish.get("minutes_ago"):
        return
    order["risk"] = risk_of("PENDING")
    after_s = float(wish.get("risk_after_s", RISK_S))
    sandbox.schedule(after_s, partial(assess, sandbox, shop, order, str(wish.get("risk", "LOW"))))


def delete_order(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """``{"shop", "order"}``: staff delete an order; only its number is told."""
    shop = sandbox.shops[wish.get("shop", OUTLET)]
    order = shop.find(str(wish["order"]))
    if order is None:
        return Reply(404, {"error": "no such order"})
    del shop.orders[order["id"]]
    emit(sandbox, shop, "orders/delete", {"id": int(order["legacyResourceId"])})
    return Reply(body={"deleted": order["name"]})


def edit_payload(sandbox: ShopifySandbox, shop: Shop, order: Mapping[str, Any]) -> Node:
    """The body of ``orders/edited``: which units went."""
    added = sorted(set(_ids(order)) - set(_ids(shop.first_states[order["id"]])))
    removals = [
        {"id": int(line["id"].rpartition("/")[2]), "delta": line["quantity"] - line["currentQuantity"]}
        for line in order["lineItems"]
        if line["currentQuantity"] < line["quantity"]
    ]
    nothing: Node = {"additions": [], "removals": []}
    edit = {
        "id": shop.take_id(),
        "order_id": int(order["legacyResourceId"]),
        "app_id": None,
        "user_id": 5_001,
        "notify_customer": False,
        "staff_note": "",
        "created_at": order["updatedAt"],
        "committed_at": order["updatedAt"],
        "line_items": {"additions": [{"id": one, "delta": 1} for one in added], "removals": removals},
        "discounts": {"line_item": nothing},
        "shipping_lines": nothing,
    }
    return {"order_edit": edit}


def _ids(order: Mapping[str, Any]) -> list[int]:
    return [int(line["id"].rpartition("/")[2]) for line in order["lineItems"]]


def deliver(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """One signed delivery in a mode of ``DELIVERY_MODES``; answers the status it got."""
    shop = sandbox.shops[wish.get("shop", OUTLET)]
    topic, mode = wish.get("topic", "orders/create"), wish.get("mode", "normal")
    if mode not in DELIVERY_MODES:
        raise ValueError(f"mode is one of {', '.join(DELIVERY_MODES)}")
    order = shop.find(str(wish["order"])) if topic.startswith("orders/") and "payload" not in wish else None
    if order is None and topic.startswith("orders/") and "payload" not in wish:
        return Reply(404, {"error": "no such order"})
    news = _payload(shop, topic, wish, order)
    first = order_payload(shop, shop.first_states[order["id"]]) if order is not None else news
    sent = {"late": [first], "reordered": [news, first]}.get(mode, [news])
    urls = [wish["url"]] if wish.get("url") else addresses(shop, topic)
    parcels = [
        make_parcel(sandbox, shop, topic, json.dumps(one, separators=(",", ":")).encode(), url, mode=mode)
        for url in urls
        for one in sent
    ]
    if not parcels:
        return Reply(404, {"error": f"nobody has subscribed to {topic}"})
    # The hub may ask this sandbox something before it answers: other calls must not wait for it.
    sandbox.lock.release()
    try:
        statuses = [post(parcel) for parcel in parcels for _ in range(2 if mode == "duplicate" else 1)]
    finally:
        sandbox.lock.acquire()
    return Reply(body={"status": statuses[-1], "statuses": statuses, "id": parcels[-1].webhook_id})


def _payload(shop: Shop, topic: str, wish: Mapping[str, Any], order: Node | None) -> Node:
    if "payload" in wish:
        return dict(wish["payload"])
    if order is not None:
        return order_payload(shop, order)
    if topic in ("customers/data_request", "customers/redact", "shop/redact"):
        return compliance_payload(shop, topic, wish)
    return shop_payload(shop)


CONTROLS: dict[str, Callable[..., Reply]] = {"deliver": deliver, "webhook": deliver, "delete_order": delete_order}
