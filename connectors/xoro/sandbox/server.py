"""The tenant itself: keys and scopes, paging, faults, settings. What it serves is in the areas.

Faults besides ``times`` and ``match`` of the toolkit, and ``probability`` (0 to 1, of every call):
``http500_once``, ``http500_always``, ``http429``, ``throttle``, ``non_json``, ``login_redirect``, ``slow:<s>``,
``lost_answer`` (used up one by one; ``http500_always`` stays), and the standing ones ``overlap_pages``,
``no_total_pages``, ``low_total_pages``, ``ignore_filters`` (third-party parameters are ignored) and
``renamed_account`` (with ``account``).

Control calls besides those of the areas: ``POST /_sandbox/config`` (members of ``Tenant``, and ``time_zone``, ``keys``,
``min_gap_ms``, ``throttle_overlap``, ``terms``), ``POST /_sandbox/clear_faults``, ``GET /_sandbox/books``,
``GET /_sandbox/state``.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any
from zoneinfo import ZoneInfo

from connectors.sandbox import Environ, Reply, Request, Sandbox, StartResponse
from connectors.xoro.sandbox import areas, loop
from connectors.xoro.sandbox.answers import SERVER_ERROR, early, enveloped, throttled
from connectors.xoro.sandbox.books import Books
from connectors.xoro.sandbox.gate import Gate
from connectors.xoro.sandbox.refusal import Refused

BASE_PATH = "/api/xerp/"
KEY, SECRET = "sandbox-key", "sandbox-secret"
SCOPES = frozenset({
    "orders", "invoices", "credits", "inventory", "products", "customers", "warehouse", "banking", "gl",
})  # fmt: skip
STANDING = frozenset(
    {"http500_always", "overlap_pages", "no_total_pages", "low_total_pages", "ignore_filters", "renamed_account"}
)
ROUTES = areas.routes()
CONTROL = areas.controls()
SEEDS = areas.seeds()


@dataclass(frozen=True)
class Tenant:
    """How this tenant behaves, as ``POST /_sandbox/config`` sets it.

    ``empty_as_false``: an honest emptiness is answered as throttling is. ``needs_status``: sales orders come only where
    a status or an exact key is sent, and with ``reference_needs_status`` a reference is no such key; ``memos_need_status``:
    credit memos come only where a status is sent. ``hides_open``:
    ``status=Open`` lists no sales orders. ``shipment_shape``: where invoices tell of shipments: ``invoiceShipmentArr``,
    ``ShipmentArr``, ``header`` (one tracking number), ``none``. ``shipment_lines``: whether a shipment names its lines.
    ``asn_for_returns``: a credit memo that moves no stock and does not say its type is a warehouse one.
    ``void_drops_deposits``: a sales order that is replaced loses its deposits, which otherwise stay with its number."""

    page_size: int = 100
    routes_disabled: frozenset[str] = field(default_factory=frozenset)
    empty_as_false: bool = False
    needs_status: bool = True
    reference_needs_status: bool = False
    memos_need_status: bool = False
    hides_open: bool = False
    shipment_shape: str = "invoiceShipmentArr"
    shipment_lines: bool = True
    asn_for_returns: bool = False
    void_drops_deposits: bool = False


class XoroSandbox(Sandbox):
    def reset(self) -> None:
        self.books = Books()
        for seed in SEEDS:
            seed(self.books)
        self.tenant = Tenant()
        self.gate = Gate()
        self.random = random.Random(20_261_120)
        self.keys: dict[str, dict[str, Any]] = {KEY: {"secret": SECRET, "scopes": sorted(SCOPES)}}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith("/_sandbox/"):
            return super().__call__(environ, start_response)
        with self.gate.passing(_credentials(environ.get("HTTP_AUTHORIZATION", ""))[0]):
            return super().__call__(environ, start_response)

    def handle(self, request: Request) -> Reply:
        self._apply_renames()
        if self.gate.was_throttled:
            return throttled()
        fault = self._standing("http500_always", request.path) or self.take_fault(request.path)
        kind = str(fault["kind"]) if fault else ""
        reply = early(kind)
        if reply is not None:
            return reply
        is_loop = request.path.startswith(loop.PREFIX)
        reply = loop.answer(self, request) if is_loop else self._answer(request)
        if kind == "lost_answer":
            return Reply(drop=True)
        if kind.startswith("slow:"):
            reply.delay_s = float(kind.partition(":")[2])
        return reply

    def take_fault(self, path: str) -> dict[str, Any] | None:
        """Only the kinds that are used up; the standing ones stay where they are."""
        kept = [fault for fault in self.faults if fault["kind"] in STANDING or "probability" in fault]
        self.faults = [fault for fault in self.faults if fault not in kept]
        taken = super().take_fault(path)
        self.faults += kept
        if taken is None:
            likely = (f for f in kept if f["kind"] not in STANDING and path.startswith(f.get("match", "/")))
            taken = next((f for f in likely if self.random.random() < f["probability"]), None)
        return taken

    def control(self, request: Request) -> Reply | None:
        call = f"{request.method} {request.path}"
        if call in CONTROL:
            try:
                return Reply(body=CONTROL[call](self, request.json() if request.body else {}))
            except Refused as refusal:
                return Reply(409, {"error": refusal.message})
        if call == "POST /_sandbox/config":
            return self._configure(request.json())
        if call == "POST /_sandbox/clear_faults":
            self.faults.clear()
            return Reply(body={"ok": True})
        if call == "GET /_sandbox/books":
            return Reply(body=self.books.shown())
        if call == "GET /_sandbox/state":
            state = {"now": self.books.now().isoformat(), "throttled": self.gate.throttled, "faults": self.faults}
            settings = asdict(self.tenant) | {"routes_disabled": sorted(self.tenant.routes_disabled)}
            return Reply(body={**state, "tenant": settings})
        return None

    def _configure(self, given: dict[str, Any]) -> Reply:
        known = {one.name for one in fields(Tenant)}
        others = {"keys", "min_gap_ms", "throttle_overlap", "time_zone", "terms"}
        if unknown := sorted(set(given) - known - others):
            return Reply(400, {"error": f"no such setting: {', '.join(unknown)}"})
        mine = {name: value for name, value in given.items() if name in known}
        if "routes_disabled" in mine:
            mine["routes_disabled"] = frozenset(mine["routes_disabled"])
        self.tenant = replace(self.tenant, **mine)
        self.keys.update(given.get("keys", {}))
        self.books.terms.update(given.get("terms", {}))
        self.gate.min_gap_ms = float(given.get("min_gap_ms", self.gate.min_gap_ms))
        self.gate.is_strict = bool(given.get("throttle_overlap", self.gate.is_strict))
        if "time_zone" in given:
            self.books.clock.zone = ZoneInfo(given["time_zone"])
        return Reply(body={"ok": True})

    def _answer(self, request: Request) -> Reply:
        path = request.path.removeprefix(BASE_PATH)
        disabled = self.tenant.routes_disabled
        if path not in ROUTES or path in disabled or not request.path.startswith(BASE_PATH):
            controllers = {route.partition("/")[0] for route in ROUTES if route not in disabled}
            is_known = request.path.startswith(BASE_PATH) and path.partition("/")[0] in controllers
            return Reply(400 if is_known else 404, {"Message": "The request is invalid." if is_known else "Not found."})
        route = ROUTES[path]
        if request.method != route.method:
            return Reply(405, {"Message": f"The requested resource does not support http method '{request.method}'."})
        key, secret = _credentials(request.headers.get("authorization", ""))
        known = self.keys.get(key)
        if known is None or known["secret"] != secret:
            return Reply(401)
        if route.scope not in known["scopes"]:
            return Reply(500, SERVER_ERROR)
        try:
            return self._dispatch(route, path, request)
        except Refused as refusal:
            return enveloped(None, message=refusal.message, code=refusal.code)

    def _dispatch(self, route: areas.Route, path: str, request: Request) -> Reply:
        if route.method == "POST":
            try:
                body = request.json()
            except ValueError:
                return Reply(400, {"Message": "The request is invalid."})
            return enveloped(route.function(self, body), message=route.message)
        query = dict(request.query)
        if self._standing("ignore_filters", request.path):
            query = {name: value for name, value in query.items() if not name.startswith("third_party_")}
            if path == "salesorder/getsalesorder":
                query.setdefault("status", "*")  # something was asked, so that the list is not empty
        found = route.function(self, query)
        return self._paged(route, found, request) if route.is_paged else enveloped(found, message=route.message)

    def _paged(self, route: areas.Route, rows: list[Any], request: Request) -> Reply:
        page = max(1, int(request.query.get("page") or 1))
        size = min(self.tenant.page_size, int(request.query.get("per_page") or self.tenant.page_size))
        overlap = max(1, size // 3) if self._standing("overlap_pages", request.path) and size > 1 else 0
        start = (page - 1) * (size - overlap)
        total_pages = max(1, -(-len(rows) // size))
        shown = rows[start : start + size]
        reply = enveloped(
            route.shape(self, shown, request.query) if route.shape else shown, message="Loaded" if shown else ""
        )
        if not rows and self.tenant.empty_as_false:
            reply = throttled()
        if not self._standing("no_total_pages", request.path):
            less = 1 if self._standing("low_total_pages", request.path) else 0
            reply.body |= {"Page": page, "TotalPages": max(1, total_pages - less)}
        return reply

    def _standing(self, kind: str, path: str) -> dict[str, Any] | None:
        found = (f for f in self.faults if f["kind"] == kind and path.startswith(f.get("match", "/")))
        return next(found, None)

    def _apply_renames(self) -> None:
        for fault in self.faults:
            if fault["kind"] == "renamed_account":
                self.books.accounts.discard(fault["account"])


def _credentials(authorization: str) -> tuple[str, str]:
    try:
        key, _, secret = base64.b64decode(authorization.removeprefix("Basic "), validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return key, secret


def application() -> XoroSandbox:
    """A fresh tenant with its seeds."""
    return XoroSandbox()


def settings_for(base_url: str) -> dict[str, Any]:
    """Settings of a connector pointed at the sandbox whose own address, prefix included, is ``base_url``."""
    return {
        "base_url": base_url.rstrip("/") + BASE_PATH,
        "api_key": KEY,
        "api_secret": SECRET,
        "account_name": "Demo",
        "sale_store": "Main Store",
        "ship_store": "EAST WAREHOUSE",
        "payment_account": "Undeposited Funds",
        "liability_account": "Customer Deposits",
        "receivable_account": "Accounts Receivable",
        "shipping_expense_account": "Shipping Expense",
        "duty_sku": "HUB-DUTY",
        "fee_sku": "HUB-FEE",
        "tips_enabled": True,
        "tip_sku": "HUB-TIP",
        "return_sku": "HUB-DEFAULT",
        "adjust_sku": "HUB-FEE",
        "return_location": "RETURNS",
        "gift_card_sku": "GIFT-CARD",
        "gift_card_liability_account": "Gift Card Liability",
        "gift_card_receivable": "Gift Card Receivable",
        "gift_card_customer": "Walk-in Customer",
        "inventory_enabled": True,
        "inventory_location_map": [
            {"store": "Main Store", "location": "Spokane"},
            {"store": "EAST WAREHOUSE", "location": "Tacoma"},
        ],
        "products_enabled": True,
        "price_currency": "USD",
        "payouts_enabled": True,
        "payout_bank_account": "Bank Checking",
        "payout_fee_account": "Payment Fees",
        "dispute_account": "Disputes",
        "rounding_account": "Penny Rounding",
        "reserve_account": "Payout Reserve",
        "use_bank_deposit_route": True,
        "return_source": "Loop Returns",
        "return_token": loop.TOKEN,
        "loop_url": base_url.rstrip("/") + loop.PREFIX,
        "loop_shop": loop.SHOP,
        "sync_third_party_returns": True,
        "pause_ms": 0,
    }
