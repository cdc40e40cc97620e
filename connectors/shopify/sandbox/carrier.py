"""Carrier services of the sandbox: registering them, and a checkout that asks them as Shopify does.

https://shopify.dev/docs/api/admin-rest/latest/resources/carrierservice and the objects of the Admin API (checked
2026-11-20). The text about the plan is the one Shopify's REST API gave; for GraphQL it is not documented.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ipaddress
import json
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connectors.sandbox import Reply
from connectors.shopify.sandbox.engine import Call, number_of
from connectors.shopify.sandbox.fulfillment import tell_routed
from connectors.shopify.sandbox.order_events import tell_wish
from connectors.shopify.sandbox.orders import Node, Shop
from connectors.shopify.sandbox.shops import OUTLET, place_order

if TYPE_CHECKING:
    from connectors.shopify.sandbox.server import ShopifySandbox

KIND = "DeliveryCarrierService"
PLANS = frozenset({"Advanced", "Plus", "Development"})
TIMEOUTS = ((1_500, 10.0), (3_000, 5.0))  # below so many requests a minute: seconds
FASTEST_S = 3.0
CACHED_S, ERRORS_CACHED_S = 900.0, 30.0
NO_PLAN = "Carrier Calculated Shipping must be enabled for your store to add carrier services"
BACKUP = {"service_name": "Shipping", "service_code": "backup", "total_price": "990"}
REQUIRED = ("service_name", "description", "service_code", "currency", "total_price")


def _create(call: Call, info: Any, input: Mapping[str, Any]) -> Node:
    problem = _problem(call.shop, input, "") or (NO_PLAN if not _may(call.shop) else "")
    if problem:
        return _refused(problem, "CARRIER_SERVICE_CREATE_FAILED")
    gid = f"gid://shopify/{KIND}/{call.shop.take_id()}"
    call.shop.table(KIND)[gid] = {"id": gid, **_shown(input), "supportsServiceDiscovery": False}
    call.shop.table(KIND)[gid]["supportsServiceDiscovery"] = bool(input["supportsServiceDiscovery"])
    return {"carrierService": call.shop.table(KIND)[gid], "userErrors": []}


def _update(call: Call, info: Any, input: Mapping[str, Any]) -> Node:
    number_of(input["id"], KIND)
    row = call.shop.table(KIND).get(input["id"])
    if row is None:
        return _refused("The carrier or app could not be found.", "CARRIER_SERVICE_UPDATE_FAILED")
    problem = _problem(call.shop, {**row, **input}, row["id"])
    if problem:
        return _refused(problem, "CARRIER_SERVICE_UPDATE_FAILED")
    row.update(_shown({**row, **input}))
    return {"carrierService": row, "userErrors": []}


def _delete(call: Call, info: Any, id: str) -> Node:
    number_of(id, KIND)
    if call.shop.table(KIND).pop(id, None) is None:
        error = {"field": None, "message": "The carrier or app could not be found.",
                 "code": "CARRIER_SERVICE_DELETE_FAILED"}  # fmt: skip
        return {"deletedId": None, "userErrors": [error]}
    return {"deletedId": id, "userErrors": []}


def _list(call: Call, info: Any, first: int | None = None) -> Node:
    rows = list(call.shop.table(KIND).values())[: first or 50]
    return {"nodes": rows, "pageInfo": {"hasNextPage": False, "endCursor": None}}


def _shown(given: Mapping[str, Any]) -> Node:
    name = str(given["name"])
    return {"name": name, "formattedName": f"{name} (Rates provided by app)", "callbackUrl": str(given["callbackUrl"]),
            "active": bool(given["active"])}  # fmt: skip


def _problem(shop: Shop, given: Mapping[str, Any], own_id: str) -> str:
    """The recorded message of what is wrong with a service, or nothing."""
    name, parts = str(given.get("name") or "").strip(), urlsplit(str(given.get("callbackUrl") or ""))
    if not name:
        return "Shipping rate provider name can't be blank"
    if any(row["name"] == name and row["id"] != own_id for row in shop.table(KIND).values()):
        return f"{name} is already configured"
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        return "Shipping rate provider callback url must use HTTPS"
    if not parts.hostname:
        return "Shipping rate provider callback url invalid host"
    return ""


def _is_loopback(host: str) -> bool:
    """Only here: a hub beside this sandbox has no certificate."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _may(shop: Shop) -> bool:
    return shop.plan in PLANS or shop.table("Grant").get("carrier_services", {}).get("is_given", False)


def _refused(message: str, code: str) -> Node:
    return {"carrierService": None, "userErrors": [{"field": None, "message": message, "code": code}]}


def checkout(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """``{"shop", "lines": [{sku, quantity, origin}], "origins": [{postal_code, ...}], "address", "customer", "currency",
    "choose", "signed", "order", "requests_per_minute"}``: asks every active service, offers what came, and (unless
    ``order`` is false) places an order with the rate whose code begins with ``choose`` (else the first). Lines of several
    origins are asked about one by one, and their rates of one name added up. ``requests_per_minute`` says how busy the
    shop is. Answers the rates, how long each service took, and the order."""
    shop = sandbox.shops[wish.get("shop", OUTLET)]
    lines = wish.get("lines") or [{"sku": "MUG-BLU-350", "quantity": 2}]
    origins = list(dict.fromkeys(int(line.get("origin", 0)) for line in lines))
    questions = [_question(shop, wish, [one for one in lines if one.get("origin", 0) == n], n) for n in origins]
    services = [dict(row) for row in shop.table(KIND).values() if row["active"]]
    sandbox.lock.release()  # the hub may ask this very sandbox something before it answers
    try:
        groups = [[_ask(sandbox, shop, one, question, wish) for one in services] for question in questions]
    finally:
        sandbox.lock.acquire()
    asked = [one for group in groups for one in group]
    rates = _added_up([[rate for one in group for rate in one["rates"]] for group in groups])
    is_backup = not rates and any(one["problem"] for one in asked)
    if is_backup:
        rates = [{**BACKUP, "currency": wish.get("currency", shop.currency), "description": "", "service": None}]
    body: Node = {"rates": rates, "asked": asked, "is_backup": is_backup}
    if wish.get("order", True) and rates:
        chosen = next((one for one in rates if str(one["service_code"]).startswith(wish.get("choose", ""))), rates[0])
        body["order"] = _placed(sandbox, shop, wish, chosen)
    return Reply(body=body)


def _added_up(groups: list[list[Node]]) -> list[Node]:
    """Rates every origin offers, by name; the code is the first origin's."""
    first, *others = groups
    found = []
    for rate in first:
        same = [next((one for one in group if one["service_name"] == rate["service_name"]), None) for group in others]
        if None not in same:
            total = sum(int(one["total_price"]) for one in (rate, *same) if one)
            found.append({**rate, "total_price": str(total)})
    return found


def _question(shop: Shop, wish: Mapping[str, Any], lines: list[Mapping[str, Any]], origin_number: int) -> Node:
    """As Shopify posts it: prices in subunits of the currency shown, weights of one unit, only what is shipped."""
    address = {"country": "DE", "postal_code": "20095", "province": None, "city": "Hamburg", "name": "Mira Vogt",
               "address1": "Am Markt 2", **(wish.get("address") or {})}  # fmt: skip
    blank = dict.fromkeys(("address2", "address3", "phone", "fax", "email", "address_type", "company_name"))
    origin = {"country": "DE", "postal_code": "24103", "province": None, "city": "Kiel", "name": None,
              "address1": "Lagerweg 1", "latitude": None, "longitude": None}  # fmt: skip
    if wish.get("origins"):
        origin |= wish["origins"][origin_number]
    items = []
    for line in lines:
        variant = shop.variant(str(line["sku"])) or {}
        cents = int(Decimal(str(line.get("price", variant.get("price", "10.00")))) * 100)
        items.append({
            "name": str(line.get("title", line["sku"])), "sku": line["sku"], "quantity": int(line.get("quantity", 1)),
            "grams": int(line.get("grams", 350)), "price": cents, "vendor": shop.name, "requires_shipping": True,
            "taxable": True, "fulfillment_service": "manual", "properties": line.get("properties", {}),
            "product_id": 880001, "variant_id": int(str(variant.get("legacyResourceId") or 4200001)),
        })  # fmt: skip
    total = str(sum(one["price"] * one["quantity"] for one in items))
    customer = wish.get("customer")
    return {"rate": {
        "origin": {**blank, **origin}, "destination": {**blank, **address}, "items": items,
        "currency": wish.get("currency", shop.currency), "locale": "en",
        "order_totals": {"subtotal_price": total, "total_price": total, "discount_amount": "0"},
        "customer": {"id": customer["id"], "tags": customer.get("tags", [])} if customer else None,
    }}  # fmt: skip


def _ask(
    sandbox: ShopifySandbox,
    shop: Shop,
    service: Mapping[str, Any],
    question: Mapping[str, Any],
    wish: Mapping[str, Any],
) -> Node:
    """One service's answer, from the shop's cache where it is there, within the limit of a shop so busy."""
    content = json.dumps(question, separators=(",", ":")).encode()
    cache = shop.table("RateAnswer")
    key = hashlib.sha256(content + str(service["id"]).encode()).hexdigest()
    kept = cache.get(key)
    if kept is not None and kept["until"] > sandbox.now():
        return {**kept["answer"], "is_cached": True}
    busy = int(wish.get("requests_per_minute", 0))
    limit_s = next((seconds for below, seconds in TIMEOUTS if busy < below), FASTEST_S)
    headers = {"Content-Type": "application/json", "X-Shopify-Shop-Domain": shop.domain}
    signed = wish.get("signed", False)
    if signed:
        digest = hmac.digest(shop.client_secret.encode(), content + (b"!" if signed == "wrong" else b""), "sha256")
        headers["X-Shopify-Hmac-Sha256"] = base64.b64encode(digest).decode()
    started = time.monotonic()
    status, given = _posted(str(service["callbackUrl"]), content, headers, limit_s)
    rates, problem = _understood(status, given, str(service["name"]))
    answer = {"service": service["name"], "status": status, "rates": rates, "problem": problem,
              "took_ms": int((time.monotonic() - started) * 1000), "is_cached": False}  # fmt: skip
    cache[key] = {"until": sandbox.now() + (ERRORS_CACHED_S if problem else CACHED_S), "answer": answer}
    return answer


def _understood(status: int, given: bytes, service: str) -> tuple[list[Node], str]:
    """(rates, what is wrong): an empty list with 2xx is an answer, nothing ships there."""
    if not 200 <= status < 300:
        return [], f"status {status}" if status else "no answer in time"
    try:
        rows = json.loads(given)["rates"]
        for row in rows:
            missing = [name for name in REQUIRED if not isinstance(row[name], str)]
            if missing or not str(row["total_price"]).isdecimal():
                return [], f"a rate with an odd {missing or 'total_price'}"
    except (ValueError, KeyError, TypeError) as error:
        return [], f"not understood: {type(error).__name__} {error}"
    return [{**row, "service": service} for row in rows], ""


def _posted(url: str, content: bytes, headers: Mapping[str, str], limit_s: float) -> tuple[int, bytes]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=limit_s)
    try:
        connection.request("POST", parts.path, content, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read(1024 * 1024)
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def _placed(sandbox: ShopifySandbox, shop: Shop, wish: Mapping[str, Any], rate: Mapping[str, Any]) -> Node:
    """The order of the checkout, its shipping line as the chosen rate says, told to who subscribed."""
    shipping = {"title": rate["service_name"], "code": rate["service_code"],
                "price": str(Decimal(str(rate["total_price"])) / 100)}  # fmt: skip
    address = wish.get("address") or {}
    known = {"city": "city", "address1": "address1", "postal_code": "zip", "country": "country_code"}
    order = place_order(
        shop,
        {
            **{name: wish[name] for name in ("lines", "customer", "tax", "company", "payment", "note") if name in wish},
            "shipping": shipping,
            "address": {ours: address[theirs] for theirs, ours in known.items() if address.get(theirs)},
        },
        sandbox.now(),
    )
    line = order["shippingLines"][0]
    line["source"] = rate["service"] or "shopify"
    line["carrierIdentifier"] = (
        hashlib.sha256(str(rate["service"]).encode()).hexdigest()[:6] if rate["service"] else None
    )
    tell_wish(sandbox, shop, order, {})
    tell_routed(sandbox, shop, order, {})
    return {name: order[name] for name in ("id", "legacyResourceId", "name", "updatedAt")}


def allow(sandbox: ShopifySandbox, wish: dict[str, Any]) -> Reply:
    """``{"shop", "allowed"}``: carrier-calculated shipping booked for a fee, on a plan that lacks it."""
    shop = sandbox.shops[wish.get("shop", OUTLET)]
    shop.table("Grant")["carrier_services"] = {"is_given": bool(wish.get("allowed", True))}
    return Reply(body={"allowed": _may(shop)})


QUERIES: dict[str, Callable[..., Any]] = {"carrierServices": _list}
MUTATIONS: dict[str, Callable[..., Any]] = {
    "carrierServiceCreate": _create,
    "carrierServiceUpdate": _update,
    "carrierServiceDelete": _delete,
}
SCOPED: dict[tuple[str, str], str | tuple[str, ...]] = {
    ("QueryRoot", "carrierServices"): "read_shipping",
    ("Mutation", "carrierServiceCreate"): "write_shipping",
    ("Mutation", "carrierServiceUpdate"): "write_shipping",
    ("Mutation", "carrierServiceDelete"): "write_shipping",
}
CONTROLS = {"checkout": checkout, "carrier_services": allow}
