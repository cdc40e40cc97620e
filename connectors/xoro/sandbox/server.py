"""The tenant itself: keys and scopes, envelope, paging, faults, control calls. What it serves is in the areas.

Faults besides ``times`` and ``match`` of the toolkit:
``http500_once``, ``http500_always``, ``throttle``, ``non_json``, ``login_redirect``, ``slow:<s>``, ``lost_answer``
(used up one by one; ``http500_always`` stays), and the standing ones ``overlap_pages``, ``no_total_pages``,
``low_total_pages``, ``ignore_filters`` (third-party parameters are ignored) and ``renamed_account`` (with ``account``).

Control calls besides those of the areas: ``POST /_sandbox/config`` (``page_size``, ``routes_disabled``,
``empty_as_false``, ``keys``), ``GET /_sandbox/books``.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from connectors.sandbox import Reply, Request, Sandbox
from connectors.xoro.sandbox import areas
from connectors.xoro.sandbox.books import Books, Refused

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
SERVER_ERROR = {"Message": "An error has occurred."}
LOGIN_PAGE = "<html><head><title>Sign in</title></head><body>Please sign in.</body></html>"


class XoroSandbox(Sandbox):
    def reset(self) -> None:
        self.books = Books()
        self.page_size = 100
        self.routes_disabled: frozenset[str] = frozenset()
        self.empty_as_false = False  # an honest emptiness answered as throttling is
        self.keys: dict[str, dict[str, Any]] = {KEY: {"secret": SECRET, "scopes": sorted(SCOPES)}}

    def handle(self, request: Request) -> Reply:
        self._apply_renames()
        fault = self._standing("http500_always", request.path) or self.take_fault(request.path)
        kind = str(fault["kind"]) if fault else ""
        early = _early(kind)
        if early is not None:
            return early
        reply = self._answer(request)
        if kind == "lost_answer":
            return Reply(drop=True)
        if kind.startswith("slow:"):
            reply.delay_s = float(kind.partition(":")[2])
        return reply

    def take_fault(self, path: str) -> dict[str, Any] | None:
        """Only the kinds that are used up; the standing ones stay where they are."""
        standing = [fault for fault in self.faults if fault["kind"] in STANDING]
        self.faults = [fault for fault in self.faults if fault["kind"] not in STANDING]
        taken = super().take_fault(path)
        self.faults += standing
        return taken

    def control(self, request: Request) -> Reply | None:
        call = f"{request.method} {request.path}"
        if call in CONTROL:
            try:
                return Reply(body=CONTROL[call](self, request.json() if request.body else {}))
            except Refused as refusal:
                return Reply(409, {"error": refusal.message})
        if call == "POST /_sandbox/config":
            given = request.json()
            self.page_size = int(given.get("page_size", self.page_size))
            self.routes_disabled = frozenset(given.get("routes_disabled", self.routes_disabled))
            self.empty_as_false = bool(given.get("empty_as_false", self.empty_as_false))
            self.keys.update(given.get("keys", {}))
            return Reply(body={"ok": True})
        if call == "GET /_sandbox/books":
            return Reply(body=self.books.shown())
        return None

    def _answer(self, request: Request) -> Reply:
        path = request.path.removeprefix(BASE_PATH)
        if path not in ROUTES or path in self.routes_disabled or not request.path.startswith(BASE_PATH):
            controllers = {route.partition("/")[0] for route in ROUTES if route not in self.routes_disabled}
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
            return _enveloped(None, message=refusal.message, code=refusal.code)

    def _dispatch(self, route: areas.Route, path: str, request: Request) -> Reply:
        if route.method == "POST":
            try:
                body = request.json()
            except ValueError:
                return Reply(400, {"Message": "The request is invalid."})
            return _enveloped(route.function(self, body), message=route.message)
        query = dict(request.query)
        if self._standing("ignore_filters", request.path):
            query = {name: value for name, value in query.items() if not name.startswith("third_party_")}
            if path == "salesorder/getsalesorder":
                query.setdefault("status", "*")  # something was asked, so that the list is not empty
        found = route.function(self, query)
        return self._paged(found, request) if route.is_paged else _enveloped(found, message=route.message)

    def _paged(self, rows: list[Any], request: Request) -> Reply:
        page = max(1, int(request.query.get("page") or 1))
        size = min(self.page_size, int(request.query.get("per_page") or self.page_size))
        overlap = max(1, size // 3) if self._standing("overlap_pages", request.path) and size > 1 else 0
        start = (page - 1) * (size - overlap)
        total_pages = max(1, -(-len(rows) // size))
        shown = rows[start : start + size]
        reply = _enveloped(shown, message="Loaded" if shown else "")
        if not rows and self.empty_as_false:
            reply = _throttled()
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


def _early(kind: str) -> Reply | None:
    """Answers that come before anything is done."""
    if kind.startswith("http500"):
        return Reply(500, SERVER_ERROR)
    if kind == "throttle":
        return _throttled()
    if kind == "non_json":
        return Reply(200, LOGIN_PAGE)
    if kind == "login_redirect":
        return Reply(302, "", {"Location": "/Authentication/login.aspx"})
    return None


def _throttled() -> Reply:
    reply = _enveloped([])
    reply.body["Result"] = False
    return reply


def _enveloped(data: Any, *, message: str = "", code: int = 0) -> Reply:
    return Reply(
        body={
            "ConfirmFlag": False,
            "Data": data,
            "EndRequest": True,
            "ErrorCode": code,
            "Exceptions": None,
            "Message": message,
            "MetaData": "",
            "Result": code == 0,
        }
    )


def _credentials(authorization: str) -> tuple[str, str]:
    try:
        key, _, secret = base64.b64decode(authorization.removeprefix("Basic "), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
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
        "pause_ms": 0,
    }
