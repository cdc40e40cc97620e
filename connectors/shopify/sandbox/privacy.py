"""The app leaves a shop of the sandbox and comes back; the compliance topics, which only an app's configuration has.

Control: ``POST /_sandbox/uninstall`` revokes every token, tells ``app/uninstalled``, removes the subscriptions, and tells
``shop/redact`` 48 hours later on the sandbox's clock, unless ``POST /_sandbox/install`` came first.
https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance (checked 2026-11-20).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from connectors.sandbox import Reply
from connectors.shopify.sandbox import oauth
from connectors.shopify.sandbox.orders import Node, Shop
from connectors.shopify.sandbox.payloads import shop_payload
from connectors.shopify.sandbox.shops import OUTLET
from connectors.shopify.sandbox.subscriptions import KIND, emit

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

REDACT_AFTER_S = 48 * 3600.0
STATE = "Installation"
SHOP_ID = 1


def compliance_payload(shop: Shop, topic: str, wish: Mapping[str, Any]) -> Node:
    """``wish``: ``customer`` ``{id, email, phone}`` and ``orders`` (names or ids)."""
    named: Node = {"shop_id": SHOP_ID, "shop_domain": shop.domain}
    if topic == "shop/redact":
        return named
    found = [shop.find(str(one)) for one in wish.get("orders", ())]
    orders = [int(order["legacyResourceId"]) for order in found if order is not None]
    customer = {"id": None, "email": None, "phone": None, **wish.get("customer", {})}
    if topic == "customers/data_request":
        request = {"id": int(wish.get("request", 9_999))}
        return {**named, "orders_requested": orders, "customer": customer, "data_request": request}
    return {**named, "customer": customer, "orders_to_redact": orders}


def _uninstall(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    shop = sandbox.shops[wish.get("shop", OUTLET)]
    state: Node = {"number": secrets.token_hex(4)}
    shop.table(STATE)["state"] = state
    oauth.revoke(shop)
    emit(sandbox, shop, "app/uninstalled", shop_payload(shop))
    targets = {one["uri"] for one in shop.table(KIND).values()}
    shop.table(KIND).clear()
    sandbox.schedule(REDACT_AFTER_S, partial(_redact, sandbox, shop, state["number"]))
    return Reply(body={"told": sorted(targets)})


def _redact(sandbox: ShopifySandbox, shop: Shop, number: str) -> None:
    with sandbox.lock:
        state = shop.table(STATE).get("state", {})
        if not shop.is_installed and state.get("number") == number:
            emit(sandbox, shop, "shop/redact", compliance_payload(shop, "shop/redact", {}))


def _install(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    shop = sandbox.shops[wish.get("shop", OUTLET)]
    shop.is_installed = True
    return Reply(body={"installed": shop.domain})


CONTROLS: dict[str, Callable[..., Reply]] = {"uninstall": _uninstall, "install": _install}
