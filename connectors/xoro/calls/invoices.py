"""Invoices that tell of shipments, and the sales orders whose shipped quantities they are compared with.

Parameters of ``invoice/getinvoice``: https://xorosoft.docs.apiary.io/ (checked 2026-11-20); those of
``salesorder/getsalesorder`` as seen in use. Tenants ignore what they do not know, so callers compare what came back.
Raises as every read of the client.
"""

from __future__ import annotations

from typing import Any

from connectors.xoro import wire
from connectors.xoro.client import XoroClient
from connectors.xoro.paging import Page


def changed_invoices(client: XoroClient, source: str, status: str, since: str, page: int) -> Page:
    """One page of the shipped invoices of a shop in one status, changed since a moment of the tenant's own time."""
    asked = {
        "third_party_source": source, "status": status, "has_shipment": "true", "updated_at_min": since,
    }  # fmt: skip
    return client.page("invoices", asked, page)


def voided_invoices(client: XoroClient, source: str, status: str, since: str, page: int) -> Page:
    """As ``changed_invoices``, of a status that means void: whether such a one still has its shipment is not known."""
    return client.page("invoices", {"third_party_source": source, "status": status, "updated_at_min": since}, page)


def changed_orders(client: XoroClient, source: str, status: str, since: str, page: int) -> Page:
    """One page of the sales orders of a shop in one status, changed since a moment of the tenant's own time."""
    asked = {"third_party_source": source, "status": status, "updated_at_min": since}
    return client.page("sales_orders", asked, page)


def invoices_of_reference(client: XoroClient, source: str, reference: str) -> tuple[list[dict[str, Any]], bool]:
    """Every invoice of a document's reference, whatever its status, and whether the answer is certain. Rows of other
    references are left out."""
    found = client.read("invoices", {"third_party_ref_no": reference, "third_party_source": source})
    rows = [row for row in found.rows if wire.identifier(wire.header_of(row).get("ThirdPartyRefNo")) == reference]
    return [row for row in rows if is_of(row, source)], found.is_certain


def invoices_by(client: XoroClient, parameter: str, value: str) -> tuple[list[dict[str, Any]], bool]:
    """Invoices of an exact key: ``invoice_number``, ``so_number`` or ``so_ref_no``, and whether the answer is certain."""
    member = {"invoice_number": "InvoiceNumber", "so_number": "SoNumber", "so_ref_no": "RefNo"}[parameter]
    found = client.read("invoices", {parameter: value})
    wanted = value.casefold()
    rows = [row for row in found.rows if wire.identifier(wire.header_of(row).get(member)).casefold() == wanted]
    return rows, found.is_certain


def is_of(row: dict[str, Any], source: str) -> bool:
    """Whether a document is of this shop."""
    return wire.identifier(wire.header_of(row).get("ThirdPartySource")).casefold() == source.casefold()
