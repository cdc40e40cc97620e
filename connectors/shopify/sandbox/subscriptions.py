"""Webhook subscriptions of a shop as its app sees them, and what happens in the shop told to them: ``emit`` is what every
area calls. https://shopify.dev/docs/apps/build/webhooks and .../admin-graphql/2026-10/mutations/
webhookSubscriptionCreate (checked 2026-11-20). How a delivery travels: ``deliveries.py``.

Strict as the vendor: https only, but for loopback addresses of http, which a local hub has; the control call
``webhook_rules`` (``{"loopback": false}``) takes that exception away.
"""

from __future__ import annotations

import ipaddress
import json
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from graphql import GraphQLError

from connectors.sandbox import Reply
from connectors.shopify.sandbox.deliveries import PAYLOAD_VERSION, Parcel, dispatch, make_parcel
from connectors.shopify.sandbox.engine import Call, page
from connectors.shopify.sandbox.orders import Node, Shop, stamp

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

KIND = "WebhookSubscription"
RULES = "WebhookRules"
APP = "AppConfiguration"  # addresses of the app's own configuration file, by topic
FULFILLMENT_ORDERS = tuple(f"read_{one}_fulfillment_orders" for one in ("merchant_managed", "assigned", "third_party"))
# The scope a topic needs, by the beginning of its name; the first that fits counts.
SCOPES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ORDERS_", ("read_orders",)), ("REFUNDS_", ("read_orders",)), ("TENDER_", ("read_orders",)),
    ("RETURNS_CANCEL", ("read_returns", "read_orders")), ("RETURNS_CLOSE", ("read_returns", "read_orders")),
    ("RETURNS_REOPEN", ("read_returns", "read_orders")), ("RETURNS_", ("read_returns",)),
    ("REVERSE_", ("read_returns",)), ("PRODUCTS_", ("read_products",)), ("INVENTORY_LEVELS_", ("read_inventory",)),
    ("INVENTORY_ITEMS_", ("read_inventory", "read_products")), ("FULFILLMENT_ORDERS_", FULFILLMENT_ORDERS),
    ("FULFILLMENT_HOLDS_", FULFILLMENT_ORDERS), ("FULFILLMENTS_", ("read_fulfillments",)),
    ("CUSTOMERS_MERGE", ("read_customer_merge",)), ("CUSTOMER", ("read_customers",)),
    ("COMPAN", ("read_customers", "read_companies")), ("LOCATIONS_", ("read_locations",)),
    ("PAYMENT_SCHEDULES_", ("read_payment_terms",)),
)  # fmt: skip
ADDRESS = ["webhookSubscription", "callbackUrl"]


def emit(sandbox: ShopifySandbox, shop: Shop, topic: str, payload: Mapping[str, Any], *, event_id: str = "") -> None:
    """Something happened: tell the subscriptions to ``topic`` (``orders/create``) of it, a moment later. ``event_id`` is
    shared by all topics of one action."""
    event_id = event_id or str(uuid.uuid4())
    for gid, one in list(shop.table(KIND).items()):
        if one["topic"] == enum_of(topic) and _passes(one["filter"], payload):
            body = _cut(payload, one["includeFields"])
            dispatch(sandbox, shop, make_parcel(sandbox, shop, topic, body, one["uri"], event_id=event_id, gid=gid))
    for url in shop.table(APP).get(topic, {}).get("urls", ()):  # never removed, whatever becomes of the deliveries
        dispatch(sandbox, shop, make_parcel(sandbox, shop, topic, _cut(payload, ()), url, event_id=event_id))


def enum_of(topic: str) -> str:
    return topic.upper().replace("/", "_").replace(".", "_")


def addresses(shop: Shop, topic: str) -> list[str]:
    """Where deliveries of a topic go at the moment."""
    own = [one["uri"] for one in shop.table(KIND).values() if one["topic"] == enum_of(topic)]
    return [*own, *shop.table(APP).get(topic, {}).get("urls", ())]


def _cut(payload: Mapping[str, Any], fields: Any) -> bytes:
    kept = {name: payload[name] for name in fields if name in payload} if fields else payload
    return json.dumps(kept, separators=(",", ":")).encode()


def _passes(filter_: str | None, payload: Mapping[str, Any]) -> bool:
    """``field:value``, case-sensitive; a field that does not exist means no delivery at all."""
    if not filter_:
        return True
    place, _, wanted = filter_.partition(":")
    value: Any = payload
    for part in place.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value is not None and str(value) == wanted.strip("'\"")


# --- the API
# -----------------------------------------------------------------------------------------------------------------


def _list(call: Call, info: Any, **paging: Any) -> Any:
    rows = list(call.shop.table(KIND).values())
    return page(rows, "webhookSubscriptions", lambda row: [int(row["id"].rpartition("/")[2])], **paging)


def _create(call: Call, info: Any, topic: str, webhookSubscription: Mapping[str, Any]) -> Node:
    scopes = next((scopes for start, scopes in SCOPES if topic.startswith(start)), ())
    if scopes and not any(call.shop.has_scope(scope) for scope in scopes):
        required = " or ".join(f"`{scope}`" for scope in scopes) + " access scope."
        raise GraphQLError(
            f"Access denied for webhookSubscriptionCreate field. Required access: {required}",
            extensions={"code": "ACCESS_DENIED", "requiredAccess": required},
        )
    refusal = _refusal(call, topic, webhookSubscription, "")
    if refusal:
        return {"webhookSubscription": None, "userErrors": [refusal]}
    gid = f"gid://shopify/{KIND}/{call.shop.take_id()}"
    node = {"id": gid, "topic": topic, "apiVersion": _version(call.shop), "failures": 0}
    call.shop.table(KIND)[gid] = _filled(node, webhookSubscription, call.now)
    return {"webhookSubscription": node, "userErrors": []}


def _update(call: Call, info: Any, id: str, webhookSubscription: Mapping[str, Any]) -> Node:
    node = call.shop.table(KIND).get(id)
    if node is None:
        return {"webhookSubscription": None, "userErrors": [_error(["id"], "Webhook subscription does not exist")]}
    wish = {"uri": node["uri"], **webhookSubscription}
    refusal = _refusal(call, node["topic"], wish, id)
    if refusal:
        return {"webhookSubscription": None, "userErrors": [refusal]}
    return {"webhookSubscription": _filled(node, wish, call.now), "userErrors": []}


def _delete(call: Call, info: Any, id: str) -> Node:
    if call.shop.table(KIND).pop(id, None) is None:
        refusal = _error(["id"], "Webhook subscription does not exist")
        return {"deletedWebhookSubscriptionId": None, "userErrors": [refusal]}
    return {"deletedWebhookSubscriptionId": id, "userErrors": []}


def _filled(node: Node, wish: Mapping[str, Any], now: float) -> Node:
    node.update(
        uri=wish.get("uri") or wish.get("callbackUrl"),
        format=wish.get("format") or node.get("format", "JSON"),
        filter=wish.get("filter", node.get("filter")),
        includeFields=wish.get("includeFields", node.get("includeFields", [])),
        metafieldNamespaces=wish.get("metafieldNamespaces", node.get("metafieldNamespaces", [])),
        name=wish.get("name", node.get("name")),
        updatedAt=stamp(now),
    )
    return node


def _refusal(call: Call, topic: str, wish: Mapping[str, Any], own: str) -> Node | None:
    """The vendor's texts, as they were recorded."""
    address = str(wish.get("uri") or wish.get("callbackUrl") or "")
    if not address:
        return _error(ADDRESS, "Address can't be blank")
    parts = urlsplit(address)
    if parts.scheme not in ("pubsub", "arn"):
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return _error(ADDRESS, "Address is invalid")
        has_exception = parts.scheme == "http" and _is_loopback(parts.hostname) and _may_loop(call.shop)
        if parts.scheme == "http" and not has_exception:
            return _error(ADDRESS, "Address protocol http:// is not supported")
        if not has_exception and _is_forbidden(parts.hostname):
            return _error(ADDRESS, "Address cannot be a Shopify or an internal domain")
    if wish.get("filter") and ":" not in wish["filter"]:
        return _error(None, "The specified filter is invalid, please ensure you specify the field(s) to filter on.")
    for one in call.shop.table(KIND).values():
        if one["id"] != own and (one["topic"], one["uri"]) == (topic, address):
            return _error(ADDRESS, "Address for this topic has already been taken")
    return None


def _error(field: list[str] | None, message: str) -> Node:
    return {"field": field, "message": message}


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")


def _is_forbidden(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        last = host.lower()
        return last in ("localhost",) or last.endswith((".local", ".internal", ".myshopify.com", "shopify.com"))


def _may_loop(shop: Shop) -> bool:
    return bool(shop.table(RULES).get("rules", {}).get("loopback", True))


def _version(shop: Shop) -> Node:
    handle = shop.table(RULES).get("rules", {}).get("version", PAYLOAD_VERSION)
    return {"handle": handle, "displayName": handle, "supported": True}


# --- control calls
# -----------------------------------------------------------------------------------------------------------------


def _rules(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """``{"shop", "loopback": bool, "version": "2026-07"}``: whether plain http of a loopback address will do, and the
    version of payloads, which is the app's setting."""
    shop = sandbox.shops[wish.pop("shop", next(iter(sandbox.shops)))]
    rules = shop.table(RULES).setdefault("rules", {})
    rules.update(wish)
    for one in shop.table(KIND).values():
        one["apiVersion"] = _version(shop)
    return Reply(body=rules)


def _configure(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """``{"shop", "url", "topics": [...]}``: what the app's configuration file subscribes to, compliance topics too."""
    shop = sandbox.shops[wish.get("shop", next(iter(sandbox.shops)))]
    shop.table(APP).clear()
    shop.table(APP).update({topic: {"urls": [wish["url"]]} for topic in wish["topics"]})
    return Reply(body={"topics": sorted(wish["topics"])})


def _listed(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    shop = sandbox.shops[wish.get("shop", next(iter(sandbox.shops)))]
    return Reply(body={"subscriptions": list(shop.table(KIND).values())})


QUERIES: dict[str, Callable[..., Any]] = {"webhookSubscriptions": _list}
MUTATIONS: dict[str, Callable[..., Any]] = {
    "webhookSubscriptionCreate": _create,
    "webhookSubscriptionUpdate": _update,
    "webhookSubscriptionDelete": _delete,
}
CONTROLS: dict[str, Callable[..., Reply]] = {
    "webhook_rules": _rules,
    "app_configuration": _configure,
    "subscriptions": _listed,
}
__all__ = ["CONTROLS", "MUTATIONS", "QUERIES", "Parcel", "addresses", "emit"]
