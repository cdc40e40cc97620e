"""The sandbox ERP's bookkeeping: what it answers to a valid request of a known or unknown customer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.generic_erp import seeds
from connectors.generic_erp.seeds import CUSTOMERS, MAIN_CUSTOMER, Books, Customer, books

PER_PAGE_LIMIT = 500
ROW_LEFT_OUT = {
    "orders": ("shipping_method", "billing_address", "shipping_address", "lines", "shipments", "invoice_ids", "note"),
    "invoices": ("lines", "billing_address", "shipping_address", "payments"),
}
DATE_MEMBERS = {"orders": "order_date", "invoices": "invoice_date"}
NUMERIC_SORTS = {"total", "balance"}
SCENARIO_PREFIX = "SBX-"
EMPTY_SCENARIO = "SBX-EMPTY"
FOREIGN_SCENARIO = "SBX-OTHER"


class Refusal(Exception):
    """``fields`` for a 422; without them a 404 with ``code`` and ``message``."""

    def __init__(self, code: str, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = fields or {}

    def body(self) -> dict[str, Any]:
        return {"error": {"code": self.code, "message": self.message}}


class Ledger:
    """All documents, seeded once from ``start``."""

    def __init__(self, start: datetime) -> None:
        self.start = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self.books = {code: books(customer, self.start) for code, customer in CUSTOMERS.items()}

    def answer(self, function: str, code: str, body: dict[str, Any]) -> dict[str, Any]:
        """The contract's answer. Raises ``Refusal``."""
        if function in ("orders", "invoices"):
            return self._page(function, code, body)
        if function in ("order", "invoice"):
            return self._document(function, code, str(body[f"{function}_id"]))
        calls: dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = {
            "balance": self._balance,
            "taxes": self._taxes,
            "shipping_methods": self._shipping_methods,
        }
        return calls[function](code, body)

    def customer(self, code: str) -> Customer | None:
        """A scenario's account number is the main customer under another name."""
        return CUSTOMERS.get(MAIN_CUSTOMER if code.startswith(SCENARIO_PREFIX) else code)

    def books_of(self, code: str) -> Books | None:
        if code == EMPTY_SCENARIO:
            return books(Customer(code="SBX-00", name="Nobody"), self.start, shown_as=code)
        if code.startswith(SCENARIO_PREFIX):
            return books(CUSTOMERS[MAIN_CUSTOMER], self.start, shown_as=code)
        return self.books.get(code)

    def _page(self, function: str, code: str, body: dict[str, Any]) -> dict[str, Any]:
        found = self.books_of(code)
        # An account without history is normal, so an unknown one is no error here.
        rows = [row for row in getattr(found, function, []) if _matches(function, row, body)]
        date_member = DATE_MEMBERS[function]
        sort_by = body.get("sort_by") or date_member
        rows.sort(key=lambda row: _sort_key(row, sort_by), reverse=body.get("sort_direction", "desc") == "desc")
        page, per_page = int(body["current_page"]), min(int(body["per_page"]), PER_PAGE_LIMIT)
        shown = [_row(row, function) for row in rows[(page - 1) * per_page : page * per_page]]
        if code == FOREIGN_SCENARIO and shown:
            shown[len(shown) // 2]["customer_code"] = "HAR-3304"
        return {"data": shown, "current_page": page, "per_page": per_page, "total": len(rows)}

    def _document(self, function: str, code: str, document_id: str) -> dict[str, Any]:
        found = self.books_of(code)
        for document in getattr(found, f"{function}s", []):
            if document[f"{function}_id"] == document_id:
                return {"data": document}
        # The same answer for another customer's document: its existence is nobody's business.
        raise Refusal(f"{function}_not_found", f"No {function} {document_id} for account {code}")

    def _balance(self, code: str, body: dict[str, Any]) -> dict[str, Any]:
        found = self.books_of(code)
        if found is None:
            raise Refusal("customer_not_found", f"No account {code} in company 01")
        return {"data": {**found.balance, "as_of": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}}

    def _taxes(self, code: str, body: dict[str, Any]) -> dict[str, Any]:
        customer = self._known(code, "request.header.customer_code")
        request = body["request"]
        total = sum((Decimal(str(line["line_amount"])) for line in request["lines"]), Decimal(0))
        rate = seeds.TAX_RATES.get(request["header"]["shiptopostcode"].strip()[:1], Decimal(0))
        if customer.is_exempt or code == EMPTY_SCENARIO:
            rate = Decimal(0)
        return {"data": {"salestax_amount": _number((total * rate).quantize(seeds.CENT, ROUND_HALF_UP))}}

    def _shipping_methods(self, code: str, body: dict[str, Any]) -> dict[str, Any]:
        self._known(code, "customer_code")
        value = sum((Decimal(str(item["total_price"])) for item in body["items"]), Decimal(0))
        table = () if code == EMPTY_SCENARIO else seeds.SHIPPING.get(body["country"].strip().upper(), ())
        methods = []
        for label, price, is_free_above in table:
            charge = Decimal("0.00") if is_free_above and value > seeds.FREE_SHIPPING_ABOVE else price
            methods.append({"label": label, "fixed_rate": _number(charge), "total": f"{charge:.2f}"})
        return {"shipping_methods": methods}

    def _known(self, code: str, field: str) -> Customer:
        customer = self.customer(code)
        if customer is None:
            raise Refusal("validation_failed", "", {field: f"{code} is not an account of company 01"})
        return customer


def _number(amount: Decimal) -> int | float:
    # The documented answer has JSON numbers; the encoder writes a float's shortest spelling, so no cent is lost.
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _row(document: dict[str, Any], function: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in ROW_LEFT_OUT[function]}


def _matches(function: str, row: dict[str, Any], body: dict[str, Any]) -> bool:
    day = row[DATE_MEMBERS[function]]
    if not (body.get("date_from") or "") <= day <= (body.get("date_to") or "9999"):
        return False
    exact = ("order_number", "invoice_number") if function == "invoices" else ("order_number",)
    if any(body.get(name) and body[name] != row[name] for name in exact):
        return False
    if any(body.get(name) and body[name].lower() != (row[name] or "").lower() for name in ("po_number", "status")):
        return False
    state = body.get("payment_state", "all")
    if state != "all" and (Decimal(row["balance"]) > 0) != (state == "open"):
        return False
    keyword = (body.get("keyword") or "").lower()
    texts = [row[name] or "" for name in (*exact, "po_number")] + [line["sku"] for line in row["lines"]]
    return not keyword or any(keyword in text.lower() for text in texts)


def _sort_key(row: dict[str, Any], sort_by: str) -> Any:
    return (Decimal(row[sort_by]) if sort_by in NUMERIC_SORTS else row[sort_by], row[f"{_noun(row)}_id"])


def _noun(row: dict[str, Any]) -> str:
    return "invoice" if "invoice_id" in row else "order"
