"""The sandbox ERP: a strict stand-in for a merchant's ERP, with every fault a real one has, chosen by account number.

State lives in one process; data is seeded (``seeds``), only ``as_of`` depends on the clock. Control calls besides
those of every sandbox: ``POST /_sandbox/down {"down": true}`` (503 for everything), ``POST /_sandbox/auth {"name",
"value"}`` (the one header pair accepted from then on), ``POST /_sandbox/slow {"delay_s": 1}`` (how slow SBX-SLOW is),
``POST /_sandbox/strict {"strict": true}`` (members that are not part of the contract are refused).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from connectors.generic_erp import schemas, seeds
from connectors.generic_erp.ledger import Ledger, Refusal
from connectors.generic_erp.variants import with_aliases, with_mixed_types
from connectors.sandbox import Application, Reply, Request, Sandbox

ROUTES = {
    "/orders": "orders",
    "/orders/by-id": "order",
    "/invoices": "invoices",
    "/invoices/by-id": "invoice",
    "/customers/balance": "balance",
    "/checkout/taxes": "taxes",
    "/checkout/shipping-methods": "shipping_methods",
}
HEADER_PAIRS = (("X-Erp-Key", "sandbox-key"), ("Authorization", "Bearer sandbox-token"))
SLOW_DELAY_S = 20.0
ELSEWHERE = "https://elsewhere.example/erp"
HTML_PAGE = "<!doctype html><title>ERP</title><h1>Please log in</h1>"

ERRORS = {
    "unauthorized": (401, "Key or token is wrong"),
    "forbidden": (403, "This key may not read that"),
    "invalid_request": (400, "The body is not a JSON object"),
    "customer_not_found": (404, "No such account in company 01"),
    "rate_limited": (429, "Too many requests, slow down"),
    "internal_error": (500, "Unexpected condition in ledger module"),
    "unavailable": (503, "Down for maintenance"),
}
FAULT_CODES = {
    "SBX-401": "unauthorized",
    "SBX-404": "customer_not_found",
    "SBX-429": "rate_limited",
    "SBX-500": "internal_error",
    "SBX-503": "unavailable",
}
STATUS_CODES = {status: code for code, (status, _) in ERRORS.items()}


def refusal(code: str, **headers: str) -> Reply:
    """The error body with its matching status."""
    status, message = ERRORS[code]
    return Reply(
        status, {"error": {"code": code, "message": message}}, {k.replace("_", "-"): v for k, v in headers.items()}
    )


class GenericErpSandbox(Sandbox):
    """``start`` fixes the day the seeds count from; default now."""

    def __init__(self, start: datetime | None = None) -> None:
        self.fixed_start = start
        super().__init__()

    def reset(self) -> None:
        self.ledger = Ledger(self.fixed_start or datetime.now(UTC))
        self.header_pairs: tuple[tuple[str, str], ...] = HEADER_PAIRS
        self.is_down = False
        self.is_strict = False
        self.slow_delay_s = SLOW_DELAY_S
        self.flaky_count = 0

    def control(self, request: Request) -> Reply | None:
        calls: dict[str, Callable[[dict[str, Any]], None]] = {
            "/_sandbox/down": lambda body: setattr(self, "is_down", bool(body.get("down", True))),
            "/_sandbox/strict": lambda body: setattr(self, "is_strict", bool(body.get("strict", True))),
            "/_sandbox/slow": lambda body: setattr(self, "slow_delay_s", float(body.get("delay_s", SLOW_DELAY_S))),
            "/_sandbox/auth": lambda body: setattr(self, "header_pairs", ((str(body["name"]), str(body["value"])),)),
        }
        call = calls.get(request.path)
        if request.method != "POST" or call is None:
            return None
        try:
            call(request.json() if request.body.strip() else {})
        except (ValueError, KeyError, AttributeError) as error:
            return Reply(400, {"error": f"not understood: {error}"})
        return Reply(body={"ok": True})

    def handle(self, request: Request) -> Reply:
        fault = self.take_fault(request.path)
        if self.is_down:
            return refusal("unavailable")
        delay_s = 0.0
        if fault is not None:
            if fault.get("kind") != "slow":
                return _faulty(fault)
            delay_s = float(fault.get("delay_s", self.slow_delay_s))
        reply = self._guarded(request)
        reply.delay_s = max(reply.delay_s, delay_s)
        return reply

    def _guarded(self, request: Request) -> Reply:
        function = ROUTES.get(request.path)
        if function is None:
            return Reply(404, {"error": {"code": "invalid_request", "message": f"No endpoint {request.path}"}})
        if request.method != "POST":
            message = f"{request.method} is not possible here"
            return Reply(405, {"error": {"code": "invalid_request", "message": message}}, {"Allow": "POST"})
        if not self._is_authorised(request):
            is_bearer = any(name.lower() == "authorization" for name, _ in self.header_pairs)
            return refusal("unauthorized", **({"WWW_Authenticate": "Bearer"} if is_bearer else {}))
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "application/json":
            message = "Content-Type must be application/json"
            return Reply(415, {"error": {"code": "invalid_request", "message": message}})
        try:
            body = request.json()
        except (ValueError, RecursionError):
            return refusal("invalid_request")
        return self._answer(function, body) if isinstance(body, dict) else refusal("invalid_request")

    def _is_authorised(self, request: Request) -> bool:
        # Every pair is compared, in constant time, so that the duration tells nothing.
        matches = [
            hmac.compare_digest(request.headers.get(name.lower(), "").encode(), value.encode())
            for name, value in self.header_pairs
        ]
        return any(matches)

    def _answer(self, function: str, body: dict[str, Any]) -> Reply:
        if "customer_id" in body and "customer_code" not in body:  # the older edition's name for it
            body = {**body, "customer_code": body["customer_id"]}
            del body["customer_id"]
        problems = schemas.problems(function, body, is_strict=self.is_strict)
        if problems:
            return _invalid(problems)
        head = body["request"]["header"] if function == "taxes" else body
        code = head["customer_code"].strip()
        fault = self._fault_of(code)
        if fault is not None:
            return fault
        try:
            answer: Any = self.ledger.answer(function, code, body)
        except Refusal as refused:
            return _invalid(refused.fields) if refused.fields else Reply(404, refused.body())
        if code == "SBX-ALIAS":
            answer = with_aliases(function, answer)
        elif code == "SBX-STRNUM":
            answer = with_mixed_types(answer)
        return Reply(body=answer, delay_s=self.slow_delay_s if code == "SBX-SLOW" else 0.0)

    def _fault_of(self, code: str) -> Reply | None:
        """The reply of an account number that stands for a fault, ``None`` for an ordinary one."""
        if code == "SBX-FLAKY":
            self.flaky_count += 1
            return refusal("unavailable") if self.flaky_count % 2 else None
        if code == "SBX-422":
            return _invalid({"customer_code": "is blocked for web access"})
        if code in FAULT_CODES:
            return refusal(FAULT_CODES[code], **({"Retry_After": "7"} if code == "SBX-429" else {}))
        if code == "SBX-REDIR":
            return Reply(302, "", {"Location": ELSEWHERE})
        if code == "SBX-HTML":
            return Reply(200, HTML_PAGE)
        if code == "SBX-BADJSON":
            return Reply(200, b'{"data": [{"order_id": "SO-00')
        if code == "SBX-NODATA":
            return Reply(200, {})
        if code == "SBX-ERR200":
            return Reply(200, refusal("internal_error").body)
        return None


def _invalid(fields: dict[str, str]) -> Reply:
    name, text = next(iter(fields.items()))
    message = f"{name} {text}"
    return Reply(422, {"error": {"code": "validation_failed", "message": message, "fields": fields}})


def _faulty(fault: dict[str, Any]) -> Reply:
    """A fault set by control call: ``status`` (with ``status``, ``retry_after``), ``drop``, ``html``, ``bad_json``,
    ``empty``."""
    kind = fault.get("kind")
    if kind == "drop":
        return Reply(drop=True)
    if kind == "html":
        return Reply(200, HTML_PAGE)
    if kind == "bad_json":
        return Reply(200, b'{"data": [')
    if kind == "empty":
        return Reply(int(fault.get("status", 200)), b"")
    status = int(fault.get("status", 503))
    code = STATUS_CODES.get(status, "unavailable")
    headers = {"Retry-After": str(fault["retry_after"])} if "retry_after" in fault else {}
    return Reply(status, {"error": {"code": code, "message": ERRORS[code][1]}}, headers)


def application() -> Application:
    return GenericErpSandbox()


def sandbox_settings(base_url: str) -> dict[str, Any]:
    """Settings of a connector pointed at this sandbox; ``base_url`` includes the sandbox's own prefix."""
    root = base_url.rstrip("/")
    urls = {f"{function}_url": root + path for path, function in ROUTES.items()}
    return {"key": "X-Erp-Key", "token": "sandbox-key", "test_customer_code": seeds.MAIN_CUSTOMER, **urls}
