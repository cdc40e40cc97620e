"""Customers: read, and created or updated. Not confirmed by the vendor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox.areas import Route, fits

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
    return sandbox.books.upsert_customer(body)


ROUTES = {
    "customer/getcustomer": Route("GET", "customers", get),
    "customer/create": Route("POST", "customers", upsert, "Customer saved"),
}
