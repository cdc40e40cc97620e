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
    books, rows = sandbox.books, sandbox.books.customers
    if query.get("third_party_ref_no") and query.get("third_party_source"):
        found = books.customers_by_key.get((query["third_party_source"], query["third_party_ref_no"]))
        rows = [found] if found else []
    return [row for row in rows if fits(row, query, FILTERS)]


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
    if found.get("ThirdPartyRefNo"):
        books.customers_by_key[identity(found)] = found
    if found.get("EmailMain"):
        books.customers_by_key.setdefault(("", found["EmailMain"]), found)
    return found


def _found(books: Books, body: Any) -> dict[str, Any] | None:
    found = books.customers_by_key.get(identity(body)) if body.get("ThirdPartyRefNo") else None
    if found is None and body.get("EmailMain"):
        found = books.customers_by_key.get(("", body["EmailMain"]))
    return found


ROUTES = {
    "customer/getcustomer": Route("GET", "customers", get),
    "customer/create": Route("POST", "customers", upsert, "Customer saved"),
}
