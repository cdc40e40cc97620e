"""A strict stand-in for Shopify: two shops in memory, GraphQL on the project's own schema, really signed deliveries.

Paths below the sandbox's prefix: ``POST /{shop}/admin/oauth/access_token``, ``GET /{shop}/admin/oauth/authorize``
(``oauth.py``) and ``POST /{shop}/admin/api/{version}/graphql.json``. Control, besides that of every sandbox:

- ``POST /_sandbox/order``: ``{"shop": domain, ...}`` as in ``place_order``; with ``"change": name or id`` as in
  ``change_order``. Answers id, name and updatedAt, and tells subscribers unless it is ``"silent": true``.
- ``POST /_sandbox/webhook``: one signed delivery in a mode, see ``order_events.py``.
- ``POST /_sandbox/uninstall`` and ``install``: see ``privacy.py``.
- ``POST /_sandbox/clock``: ``{"advance": seconds, "index_lag_s": seconds}``. Token expiry, bucket and index follow it.
- ``POST /_sandbox/scopes``: ``{"shop", "scopes": [...]}``.

Faults (``/_sandbox/fault``; add ``"match"`` with ``.../oauth`` for the token call, ``"operation"`` for one operation
name): throttled, 429, 500, 502, 503, slow (``seconds``), timeout, drop, drop_after_commit, commit_late (dropped, and
done ``seconds`` later on the sandbox's clock), access_denied (no order at all), partial_data (no customer), user_error
(``message``, ``field``, ``code``), version_fallback, unauthorised.

Area modules add paths and control calls of their own: see ``areas.py``.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from connectors.sandbox import Reply, Request, Sandbox
from connectors.shopify.sandbox import engine, idempotency, moneyseeds, oauth, shippingseeds
from connectors.shopify.sandbox.areas import AREAS, RESOLVERS
from connectors.shopify.sandbox.fulfillment import tell_routed
from connectors.shopify.sandbox.order_events import await_risk, tell_wish
from connectors.shopify.sandbox.orders import Shop, stamp
from connectors.shopify.sandbox.shops import LUMEN, OUTLET, change_order, open_shops, place_order
from connectors.shopify.sandbox.uploads import Depot

VERSIONS = ("2026-01", "2026-04", "2026-07", "2026-10")  # served on 2026-11-20, oldest first
GRAPHQL_FAULTS = frozenset(
    {"throttled", "slow", "timeout", "version_fallback", "user_error", "drop_after_commit", "commit_late"}
)
DENIED = {"access_denied": {("QueryRoot", "order"), ("QueryRoot", "orders")}, "partial_data": {("Order", "customer")}}


TICK_S = 0.1
PATIENCE_S = 20.0  # for what was due before a change of the clock
PATHS: dict[str, Callable[..., Reply]] = {  # first part of a path that belongs to no shop: (sandbox, request, rest)
    name: function for area in AREAS for name, function in getattr(area, "PATHS", {}).items()
}
CONTROLS: dict[str, Callable[..., Reply]] = {  # below /_sandbox/: (sandbox, wish)
    name: function for area in AREAS for name, function in getattr(area, "CONTROLS", {}).items()
}


class ShopifySandbox(Sandbox):
    def reset(self) -> None:
        self.offset_s = 0.0
        self.index_lag_s = 2.0
        self.shops = open_shops(time.time())
        moneyseeds.seed(self.shops, time.time(), LUMEN)
        shippingseeds.seed(self.shops[LUMEN], time.time())
        self.depot = Depot()
        self.base_url = ""  # where this sandbox is reached, as the last request knew it
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._order_of_due = itertools.count()
        self._at_work = 0  # due things that are being done
        self._ticker: threading.Thread | None = None

    def now(self) -> float:
        return time.time() + self.offset_s

    def schedule(self, after_s: float, function: Callable[[], object]) -> None:
        """Do something later on the sandbox's clock, outside its lock: a delivery, the next step of a bulk job."""
        heapq.heappush(self._due, (self.now() + after_s, next(self._order_of_due), function))
        if self._ticker is None:
            self._ticker = threading.Thread(target=self._tick_for_ever, args=(self._due,), daemon=True)
            self._ticker.start()

    def _tick_for_ever(self, due: list[Any]) -> None:
        while self._due is due:  # a reset begins a new list
            self.tick()
            time.sleep(TICK_S)

    def tick(self) -> int:
        """Do what is due; returns how much that was. Called by the sandbox itself and by the clock's control call."""
        done = 0
        while True:
            with self.lock:
                if not self._due or self._due[0][0] > self.now():
                    return done
                function = heapq.heappop(self._due)[2]
                self._at_work += 1
            try:
                function()
            finally:
                with self.lock:
                    self._at_work -= 1
            done += 1

    def handle(self, request: Request) -> Reply:
        self.base_url = request.base_url
        domain, _, rest = request.path.lstrip("/").partition("/")
        if domain in PATHS:
            return PATHS[domain](self, request, rest)
        shop = self.shops.get(domain)
        if shop is None:
            return Reply(404, {"errors": "Not Found"})
        if request.method == "POST" and rest == "admin/oauth/access_token":
            return self._oauth(shop, request)
        if request.method == "GET" and rest == "admin/oauth/authorize":
            return oauth.authorize(self, shop, request)
        parts = rest.split("/")
        if request.method == "POST" and parts[:2] == ["admin", "api"] and parts[3:] == ["graphql.json"]:
            return self._graphql(shop, parts[2], request)
        return Reply(404, {"errors": "Not Found"})

    def _oauth(self, shop: Shop, request: Request) -> Reply:
        """The token call. Only a fault that names it meets it."""
        named = any("oauth" in str(fault.get("match", "")) for fault in self.faults)
        fault = self.take_fault(request.path) if named else None
        broken = _http_fault(fault) if fault else None
        if broken is not None:
            return broken
        reply = oauth.token(self, shop, request)
        if fault is not None:
            reply.drop = fault["kind"] == "drop_after_commit"
            reply.delay_s = float(fault.get("seconds", 3)) if fault["kind"] in {"slow", "timeout"} else 0.0
        return reply

    def _graphql(self, shop: Shop, version: str, request: Request) -> Reply:
        try:
            body = request.json()
        except ValueError:
            body = None
        operation = str(body.get("operationName") or "") if isinstance(body, dict) else ""
        fault = self.take_fault(request.path, operation)
        kind = str(fault["kind"]) if fault else ""
        broken = _http_fault(fault) if fault else None
        if broken is not None:
            return broken
        if not oauth.is_valid(self, shop, request.headers.get("x-shopify-access-token", "")):
            return Reply(
                401, {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}
            )
        served = version if version in VERSIONS and kind != "version_fallback" else VERSIONS[0]
        headers = {"X-Shopify-API-Version": served, "X-Request-Id": str(uuid.uuid4())}
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            return Reply(400, {"errors": {"query": "Required parameter missing or invalid"}}, headers)
        if fault and kind == "commit_late":
            self.schedule(float(fault.get("seconds", 30)), partial(self._commit, shop, body))
            return Reply(drop=True)
        call = engine.Call(shop, self.now(), RESOLVERS, self, self.index_lag_s, set(DENIED.get(kind, ())))
        call.user_error = fault if kind == "user_error" else None
        answered = engine.answer(call, body, is_throttled=kind == "throttled")
        reply = Reply(200, answered, headers)
        if call.deprecated:
            headers["X-Shopify-API-Deprecated-Reason"] = "https://shopify.dev/changelog " + ", ".join(
                sorted(call.deprecated)
            )
        codes = [(one.get("extensions") or {}).get("code") for one in answered.get("errors", ())]
        reply.journal = {
            "operation": operation,
            "variables": _short(body.get("variables")),
            "cost": (answered.get("extensions") or {}).get("cost"),
            "codes": codes,
            "keys": call.keys,
        }
        if fault and kind in {"slow", "timeout"}:
            reply.delay_s = float(fault.get("seconds", 3 if kind == "slow" else 30))
            idempotency.keep_busy(call, reply.delay_s)
        if kind == "drop_after_commit":
            reply.drop = True
        return reply

    def _commit(self, shop: Shop, body: dict[str, Any]) -> None:
        """Do what a call asked whose connection broke long ago."""
        with self.lock:
            engine.answer(engine.Call(shop, self.now(), RESOLVERS, self, self.index_lag_s, set()), body)

    def has_fault_for(self, path: str) -> bool:
        """Whether a fault names this path, and not merely everything."""
        return any(str(fault.get("match", "")).startswith(path) for fault in self.faults)

    def take_fault(self, path: str, operation: str = "") -> dict[str, Any] | None:
        """The next fault for this path, and for this operation where the fault names one; used up by one."""
        for fault in self.faults:
            if path.startswith(fault.get("match", "/")) and fault.get("operation", operation) == operation:
                fault["times"] = int(fault.get("times", 1)) - 1
                if fault["times"] <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    def control(self, request: Request) -> Reply | None:
        calls = {
            "/_sandbox/order": self._place,
            "/_sandbox/clock": self._set_clock,
            "/_sandbox/scopes": self._set_scopes,
        }
        if request.method != "POST":
            return None
        call = calls.get(request.path)
        if call is None and (area_call := CONTROLS.get(request.path.removeprefix("/_sandbox/"))):
            call = partial(area_call, self)
        if call is None:
            return None
        try:
            return call(request.json())
        except (KeyError, ValueError, ArithmeticError) as error:
            return Reply(400, {"error": f"{type(error).__name__}: {error}"})

    def _place(self, wish: dict[str, Any]) -> Reply:
        shop = self.shops[wish.get("shop", OUTLET)]
        if "change" in wish:
            order = shop.find(str(wish["change"]))
            if order is None:
                return Reply(404, {"error": "no such order"})
            change_order(order, wish, self.now(), shop)
        else:
            order = place_order(shop, wish, self.now())
            await_risk(self, shop, order, wish)
        tell_wish(self, shop, order, wish)
        tell_routed(self, shop, order, wish)
        members = ("id", "legacyResourceId", "name", "updatedAt")
        return Reply(body={**{name: order[name] for name in members}, "total": order["totalPriceSet"]["shopMoney"]})

    def _set_clock(self, wish: dict[str, Any]) -> Reply:
        self.offset_s += float(wish.get("advance", 0))
        self.index_lag_s = float(wish.get("index_lag_s", self.index_lag_s))
        self.lock.release()  # what has become due may call the hub, and the hub this sandbox
        try:
            self.tick()
            ends_at = time.monotonic() + PATIENCE_S
            while self._at_work and time.monotonic() < ends_at:  # what the ticker itself has begun
                time.sleep(0.01)
        finally:
            self.lock.acquire()
        return Reply(body={"now": stamp(self.now()), "index_lag_s": self.index_lag_s})

    def _set_scopes(self, wish: dict[str, Any]) -> Reply:
        shop = self.shops[wish.get("shop", OUTLET)]
        shop.scopes = [str(scope) for scope in wish["scopes"]]
        return Reply(body={"scopes": shop.scopes})


def application() -> ShopifySandbox:
    """A fresh sandbox."""
    return ShopifySandbox()


def demo_settings(base_url: str, domain: str = LUMEN) -> dict[str, Any]:
    """The settings, secrets included, of a connector for a seeded shop (by default the one that also sells to companies);
    ``base_url`` ends in the sandbox's prefix."""
    shop = open_shops(0.0)[domain]
    return {
        "shop_domain": shop.domain,
        "client_id": shop.client_id,
        "client_secret": shop.client_secret,
        "previous_webhook_secret": shop.previous_secret,
        "base_url": base_url,
    }


def _http_fault(fault: dict[str, Any]) -> Reply | None:
    kind = str(fault["kind"])
    if kind == "drop":
        return Reply(drop=True)
    if kind == "unauthorised":
        return Reply(401, {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"})
    if kind in {"429", "500", "502", "503"}:
        headers = {"Retry-After": str(fault.get("retry_after", "2.0"))} if kind in {"429", "503"} else {}
        body: Any = (
            {"errors": "Exceeded the limit"} if kind == "429" else "<html><body>Something went wrong</body></html>"
        )
        return Reply(int(kind), body, headers)
    if kind not in {*DENIED, *GRAPHQL_FAULTS}:
        return Reply(500, {"errors": f"sandbox: no such fault: {kind}"})
    return None


def _short(variables: Any) -> Any:
    """Variables for the journal: long lists by their length, so that a hundred thousand rows do not fill it."""
    if isinstance(variables, dict):
        return {name: _short(value) for name, value in variables.items()}
    if isinstance(variables, list):
        return [_short(one) for one in variables] if len(variables) <= 10 else f"{len(variables)} entries"
    return variables
