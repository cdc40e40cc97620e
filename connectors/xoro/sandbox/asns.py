"""Advance shipping notices: goods that are expected, received and, once the notice is closed, in stock.

Statuses seen are ``Received`` and ``Closed``; ``Open`` before them is ours. Receiving and closing by API are our
assumption as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox.areas import Route
from connectors.xoro.sandbox.books import Books
from connectors.xoro.sandbox.refusal import Refused, check_mandatory, check_members
from connectors.xoro.sandbox.windows import within

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

HEADER = "AsnHeaderData"
RECEIVED_LINE = frozenset({"ItemNumber", "PONumber", "ReceiveLocationName", "QtyReceived"})


def expect(
    books: Books, store: str, lines: Sequence[dict[str, Any]], *, is_available: bool = True, **more: Any
) -> dict[str, Any]:
    """A notice of ``lines`` (``ItemNumber``, ``Qty``, and ``PONumber`` of a purchase order). ``is_available`` false:
    once closed they lie in the store's returns as not available. ``more``: further members of its header."""
    for line in lines:
        books.item(line)
        books.stock.change(line["ItemNumber"], books.check_store(store), on_asn=line["Qty"])
    stamp = books.clock.stamp()
    asn = {
        HEADER: {
            "Id": books.counted("asn", 95_001), "AsnNumber": books.number(store, "A"), "StatusName": "Open",
            "StoreName": store, "DeliveryDate": books.clock.today(), "CreateDttm": stamp, "ModifyDttm": stamp, **more,
        },
        "AsnDetailData": [
            {
                "ItemNumber": line["ItemNumber"], "PONumber": line.get("PONumber", ""), "BaseQtyToReceive": line["Qty"],
                "QtyReceived": 0,
            }
            for line in lines
        ],
        "received": [],  # (SKU, location, units), moved into stock when it closes
        "is_available": is_available,
    }  # fmt: skip
    books.asns.append(asn)
    return asn


def receive(books: Books, number: str, lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Units that arrived, by ``ItemNumber``, ``QtyReceived`` and ``ReceiveLocationName``; not in stock yet."""
    asn = _open(books, number)
    details = {row["ItemNumber"]: row for row in asn["AsnDetailData"]}
    for line in lines:
        if line["ItemNumber"] not in details:
            raise Refused(1002, f"Item not found: {line['ItemNumber']}")
        location = books.stock.location(asn[HEADER]["StoreName"], line.get("ReceiveLocationName") or "")
        asn["received"].append((line["ItemNumber"], location, line["QtyReceived"]))
        details[line["ItemNumber"]]["QtyReceived"] += line["QtyReceived"]
    asn[HEADER] |= {"StatusName": "Received", "ModifyDttm": books.clock.stamp()}
    return asn


def close(books: Books, number: str) -> dict[str, Any]:
    """What was received becomes stock; what was not is expected no more."""
    asn = _open(books, number)
    store, side = asn[HEADER]["StoreName"], "available" if asn["is_available"] else "not_available"
    for row in asn["AsnDetailData"]:
        ordered = row["QtyReceived"] if row["PONumber"] else 0
        books.stock.change(row["ItemNumber"], store, on_asn=-row["BaseQtyToReceive"], on_po=-ordered)
    for sku, location, units in asn["received"]:
        books.stock.change(sku, store, location, **{side: units})
    asn[HEADER] |= {"StatusName": "Closed", "ModifyDttm": books.clock.stamp()}
    return asn


def _open(books: Books, number: str) -> dict[str, Any]:
    asn = next((row for row in books.asns if row[HEADER]["AsnNumber"] == number), None)
    if asn is None:
        raise Refused(1008, f"Document not found: {number}")
    if asn[HEADER]["StatusName"] == "Closed":
        raise Refused(1009, "Status does not allow this action: Closed")
    return asn


def shown(asn: dict[str, Any]) -> dict[str, Any]:
    return {HEADER: asn[HEADER], "AsnDetailData": asn["AsnDetailData"]}


def get(sandbox: XoroSandbox, query: dict[str, str]) -> list[Any]:
    status = query.get("status", "")
    rows = [row for row in sandbox.books.asns if status in ("", row[HEADER]["StatusName"])]
    created = {name: value for name, value in query.items() if name.startswith("created_at")}
    return [shown(row) for row in within(rows, HEADER, created, sandbox.books.clock)]


def post_receive(sandbox: XoroSandbox, body: Any) -> Any:
    """Closes it too where ``CloseASN`` is true."""
    header = _header(body, {HEADER, "AsnDetailLocationData"}, {"AsnNumber", "CloseASN"})
    lines = body.get("AsnDetailLocationData") or []
    for line in lines:
        check_members(line, RECEIVED_LINE)
        check_mandatory(line, ("ItemNumber", "QtyReceived"))
    asn = receive(sandbox.books, header["AsnNumber"], lines)
    return shown(close(sandbox.books, header["AsnNumber"]) if header.get("CloseASN") else asn)


def post_close(sandbox: XoroSandbox, body: Any) -> Any:
    return shown(close(sandbox.books, _header(body, {HEADER}, {"AsnNumber"})["AsnNumber"]))


def _header(body: Any, members: set[str], known: set[str]) -> dict[str, Any]:
    check_members(body, members)
    header: dict[str, Any] = body.get(HEADER) or {}
    check_members(header, known)
    check_mandatory(header, ("AsnNumber",))
    return header


def control_expect(sandbox: XoroSandbox, given: Any) -> Any:
    """``store``, ``lines`` as ``expect`` takes them, ``is_available``."""
    return shown(expect(sandbox.books, given["store"], given["lines"], is_available=given.get("is_available", True)))


def control_receive(sandbox: XoroSandbox, given: Any) -> Any:
    """``asn_number``; ``lines`` as ``receive`` takes them, else everything that is expected."""
    asn = _open(sandbox.books, given["asn_number"])
    lines = given.get("lines") or [
        {"ItemNumber": row["ItemNumber"], "QtyReceived": row["BaseQtyToReceive"] - row["QtyReceived"]}
        for row in asn["AsnDetailData"]
    ]
    return shown(receive(sandbox.books, given["asn_number"], lines))


def control_close(sandbox: XoroSandbox, given: Any) -> Any:
    return shown(close(sandbox.books, given["asn_number"]))


ROUTES = {
    "asn/getasn": Route("GET", "warehouse", get),
    "asn/receive": Route("POST", "warehouse", post_receive, "ASN received"),
    "asn/close": Route("POST", "warehouse", post_close, "ASN closed"),
}
CONTROL = {
    "POST /_sandbox/asn": control_expect,
    "POST /_sandbox/receive_asn": control_receive,
    "POST /_sandbox/close_asn": control_close,
}
