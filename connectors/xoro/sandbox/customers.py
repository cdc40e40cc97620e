"""Customers: read, and created or updated. Not confirmed by the vendor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox import fields
from connectors.xoro.sandbox.areas import Route, fits
from connectors.xoro.sandbox.books import Books, identity
from connectors.xoro.sandbox.refusal import Refused, check_members

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

FILTERS = {
    "third_party_ref_no": "ThirdPartyRefNo",
    "third_party_source": "ThirdPartySource",
    "email": "EmailMain",
    "customer_name": "CustomerName",
}


def get(sandbox: XoroSandbox, query: dict[str, str]) -> list[Any]:
    return [row for row in sandbox.books.customers if fits(row, query, FILTERS)]


def upsert(sandbox: XoroSandbox, body: Any) -> Any:
    """By source and reference, then by e-mail address."""
    books = sandbox.books
    check_members(body, fields.CUSTOMER)
    for row in [*(body.get("BillToAddrList") or []), *(body.get("ShipToAddrList") or [])]:
        check_members(row, fields.CUSTOMER_ADDRESS)
    if not body.get("CustomerName"):
        raise Refused(1001, "Required field missing: CustomerName")
    if body.get("DefaultAccountReceivableName"):
        books.check_account(body["DefaultAccountReceivableName"])
    found = _found(books, body)
    if found is None:
        found = {"Id": len(books.customers) + 1}
        books.customers.append(found)
    found.update({name: value for name, value in body.items() if name != "Id"})
    books.customers_by_name.setdefault(found["CustomerName"], found)
    return found


def _found(books: Books, body: Any) -> dict[str, Any] | None:
    rows = books.customers
    found = next((c for c in rows if body.get("ThirdPartyRefNo") and identity(c) == identity(body)), None)
    if found is None and body.get("EmailMain"):
        found = next((c for c in rows if c.get("EmailMain") == body["EmailMain"]), None)
    return found


ROUTES = {
    "customer/getcustomer": Route("GET", "customers", get),
    "customer/create": Route("POST", "customers", upsert, "Customer saved"),
}
