"""Return authorisations: made, each with its ASN, and read. Routes and bodies are our assumption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox import asns
from connectors.xoro.sandbox.areas import Route, fits
from connectors.xoro.sandbox.books import Refused, check_mandatory, check_members, identity

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

HEADER, LINES = "rmaHeader", "rmaItemLineArr"
HEADER_MEMBERS = frozenset(
    "ThirdPartyRefNo ThirdPartySource ThirdPartyDisplayName RefNo SoNumber InvoiceNumber CustomerName StoreName "
    "SaleStoreName CurrencyCode TxnDate".split()
)
LINE_MEMBERS = frozenset("ItemNumber Description ReturnNotes Qty ThirdPartyRefNo2".split())
MANDATORY = "ThirdPartyRefNo ThirdPartySource CustomerName StoreName SaleStoreName CurrencyCode TxnDate".split()
FILTERS = {
    "third_party_ref_no": "ThirdPartyRefNo",
    "third_party_source": "ThirdPartySource",
    "rma_number": "RmaNumber",
    "status": "StatusName",
    "ref_no": "RefNo",
}


def create(sandbox: XoroSandbox, body: Any) -> Any:
    books = sandbox.books
    check_members(body, {HEADER, LINES})
    header, lines = body.get(HEADER), body.get(LINES)
    check_members(header, HEADER_MEMBERS)
    check_mandatory(header, MANDATORY)
    if not isinstance(lines, list) or not lines:
        raise Refused(1001, f"Required field missing: {LINES}")
    for line in lines:
        check_members(line, LINE_MEMBERS)
        check_mandatory(line, ("ItemNumber", "Qty"))
        books.item(line)
    books.check_store(header["SaleStoreName"])
    if header.get("SoNumber"):
        books.order(header["SoNumber"])
    if any(identity(one[HEADER]) == identity(header) for one in books.rmas):
        raise Refused(1005, f"Duplicate third party reference: {header['ThirdPartyRefNo']}")
    number = books.number(books.check_store(header["StoreName"]), "R")
    asn = asns.expect(books, header["StoreName"], lines, RmaNumber=number)
    made = {
        **header,
        "Id": books.counted("rma", 61_001),
        "RmaNumber": number,
        "AsnNumber": asn[asns.HEADER]["AsnNumber"],
        "StatusName": "Approved",
        "CreateDttm": books.clock.stamp(),
        "ModifyDttm": books.clock.stamp(),
    }
    rma: dict[str, Any] = {HEADER: made, LINES: lines}
    books.rmas.append(rma)
    return rma


def get(sandbox: XoroSandbox, query: dict[str, str]) -> list[Any]:
    return [row for row in sandbox.books.rmas if fits(row[HEADER], query, FILTERS)]


def set_status(sandbox: XoroSandbox, given: Any) -> Any:
    """``rma_number`` and ``status``: as somebody in Xoro sets it."""
    found = next((row for row in sandbox.books.rmas if row[HEADER]["RmaNumber"] == given["rma_number"]), None)
    if found is None:
        raise Refused(1008, f"Document not found: {given['rma_number']}")
    found[HEADER]["StatusName"] = given["status"]
    return {"ok": True}


ROUTES = {
    "rma/getrma": Route("GET", "warehouse", get),
    "rma/import": Route("POST", "warehouse", create, "RMA created"),
}
CONTROL = {"POST /_sandbox/rma_status": set_status}
