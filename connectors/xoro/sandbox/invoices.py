"""Invoices: open ones only, unless a status or an exact key is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox.areas import Route, fits

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

KEYS = {"id": "Id", "invoice_number": "InvoiceNumber", "so_number": "SoNumber", "ref_no": "RefNo"}
FILTERS = {
    "third_party_ref_no": "ThirdPartyRefNo",
    "third_party_source": "ThirdPartySource",
    "third_party_customer_id": "ThirdPartyCustomerId",
    "third_party_company_id": "ThirdPartyCompanyId",
    "customer_name": "CustomerName",
    "store_name": "StoreName",
}


def get(sandbox: XoroSandbox, query: dict[str, str]) -> list[Any]:
    exact = any(query.get(name) for name in [*KEYS, "third_party_ref_no"])
    status = query.get("status") or ("*" if exact else "Open")
    rows = [row for row in sandbox.books.invoices if fits(row["invoiceHeader"], query, {**KEYS, **FILTERS})]
    return [row for row in rows if status in ("*", row["invoiceHeader"]["StatusName"])]


ROUTES = {"invoice/getinvoice": Route("GET", "invoices", get)}
