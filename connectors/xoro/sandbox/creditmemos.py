"""Credit memos: imported with all their checks, read with the filters of the vendor's guide.

A direct memo moves stock at once: what ``InventoryLocChangeList`` names becomes available there, the rest of a line is not
available in the memo's store. A warehouse memo moves none and makes an ASN. Which of the two: ``CreditMemoTypeName``;
where it is not sent, ``asn_for_returns`` of the tenant says whether a memo that moves nothing is a warehouse one.

Control: ``POST /_sandbox/creditmemo_status`` with ``number`` and ``status``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox import asns
from connectors.xoro.sandbox.areas import Route, fits
from connectors.xoro.sandbox.books import Books, identity
from connectors.xoro.sandbox.invoices import rate
from connectors.xoro.sandbox.refusal import Refused, check_mandatory

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

Row = dict[str, Any]
HEADER, LINES = "creditMemoHeader", "creditMemoItemLineArry"
DIRECT, WAREHOUSE = "Direct", "Warehouse"
NUMBER, TEXT, SWITCH, ROWS, OBJECT = "number", "text", "switch", "rows", "object"
HEADER_MEMBERS = {
    **dict.fromkeys(
        """
        ThirdPartyRefNo ThirdPartySource ThirdPartyDisplayName ThirdPartyIconUrl ThirdPartyNotes ExchangedGiftCardItem
        TxnDate CustomerName CustomerId StoreName SaleStoreName InvoiceNumber CurrencyCode RefNo ShipToAddr ShipToCity
        ShipToState ShipToCountry ShipToZpCode ExpenseShippingAccntName ProjectClassId SalesRepFullName ThirdPartyAdjSku
        CreditMemoTypeName AccountReceivableName LiabilityAccountName RefundOffsetAccountName
        """.split(),
        TEXT,
    ),
    **dict.fromkeys(("ShippingCreditAmount", "ThirdPartyTotalRefundAmount"), NUMBER),
    "ThirdPartyAdjustTotalFlag": SWITCH,
}
LINE_MEMBERS = {
    **dict.fromkeys(("ItemNumber", "Description", "ReturnNotes", "ProjectClassId"), TEXT),
    **dict.fromkeys(("Qty", "DiscountTypeId", "Discount", "UnitPrice"), NUMBER),
    "InventoryLocChangeList": ROWS,
}
CHANGE_MEMBERS = {"LocationName": TEXT, "DeltaQty": NUMBER}
MANDATORY = "ThirdPartyRefNo ThirdPartySource TxnDate CustomerName StoreName SaleStoreName CurrencyCode".split()
ACCOUNTS = ("ExpenseShippingAccntName", "AccountReceivableName", "LiabilityAccountName", "RefundOffsetAccountName")
MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
MOMENT = re.compile(rf"\d\d ({MONTH}), \d{{4}} \d\d:\d\d:\d\d")
FILTERS = {
    "id": "Id",
    "credit_memo_number": "CreditMemoNumber",
    "status": "StatusName",
    "customer_name": "CustomerName",
    "store_name": "StoreName",
    "third_party_ref_no": "ThirdPartyRefNo",
    "third_party_source": "ThirdPartySource",
    "ref_no": "RefNo",
}
PROCESSED = frozenset({"Applied", "Void", "Refunded", "Transferred"})


def get(sandbox: XoroSandbox, query: dict[str, str]) -> list[Row]:
    if sandbox.tenant.memos_need_status and not query.get("status"):
        return []
    clock = sandbox.books.clock
    limits = [
        (name, clock.read(query[f"{asked}_at_{side}"]), side)
        for asked, name in (("created", "CreateDttm"), ("updated", "ModifyDttm"))
        for side in ("min", "max")
        if query.get(f"{asked}_at_{side}")
    ]
    rows = [row for row in sandbox.books.credit_memos if fits(row[HEADER], query, FILTERS)]
    if query.get("since_id", "").isdigit():
        rows = [row for row in rows if row[HEADER]["Id"] > int(query["since_id"])]
    if query.get("exclude_processed", "").lower() == "true":
        rows = [row for row in rows if row[HEADER]["StatusName"] not in PROCESSED]
    for name, limit, side in limits:
        if limit is not None:
            rows = [row for row in rows if _is_within(clock.read(row[HEADER][name]), limit, side)]
    if query.get("include_lines", "").lower() == "false":
        rows = [{HEADER: row[HEADER]} for row in rows]
    return rows


def _is_within(moment: Any, limit: Any, side: str) -> bool:
    return bool(moment >= limit if side == "min" else moment <= limit)


def create(sandbox: XoroSandbox, body: Any) -> Row:
    books = sandbox.books
    header, lines = _checked(books, body)
    invoice = _invoice(books, header)
    booked = [_line(books, header, line, invoice) for line in lines]
    total = round(sum(one["TotalAmount"] for one in booked) + (header.get("ShippingCreditAmount") or 0), 2)
    booked += _balancing(books, header, total)
    kind = _kind(sandbox, header, lines)
    stamp = books.clock.stamp()
    total = round(total + sum(one["TotalAmount"] for one in booked[len(lines) :]), 2)
    memo = {
        HEADER: {
            **header,
            "Id": books.counted("credit memo", 9001),
            "CreditMemoNumber": books.number(header["SaleStoreName"], "C"),
            "CreditMemoTypeName": kind,
            "StatusName": "Open",
            "CustomerId": books.customer_id(header),
            "TotalAmount": total,
            "BalanceAmount": total,
            "CreateDttm": stamp,
            "ModifyDttm": stamp,
        },
        LINES: booked,
    }
    books.credit_memos.append(memo)
    _move(books, memo, lines, kind)
    return memo


def _checked(books: Books, body: Any) -> tuple[Row, list[Row]]:
    """Header and lines of a body nothing is wrong with. Raises ``Refused``."""
    _check(body, {HEADER: OBJECT, LINES: ROWS})
    header: Row = body.get(HEADER) or {}
    lines: list[Row] = body.get(LINES) or []
    _check(header, HEADER_MEMBERS)
    check_mandatory(header, MANDATORY)
    if not (lines or header.get("ThirdPartyTotalRefundAmount") is not None):
        raise Refused(1001, f"Required field missing: {LINES}")
    if not MOMENT.fullmatch(header["TxnDate"]):
        raise Refused(1001, "Invalid value: TxnDate")
    for name in ("StoreName", "SaleStoreName"):
        books.check_store(header[name])
    for name in ACCOUNTS:
        if header.get(name):
            books.check_account(header[name])
    if header.get("ShippingCreditAmount"):
        check_mandatory(header, ("ExpenseShippingAccntName",))
    for line in lines:
        _check(line, LINE_MEMBERS)
        check_mandatory(line, ("ItemNumber", "Qty"))
        books.item(line)
        for change in line.get("InventoryLocChangeList") or []:
            _check(change, CHANGE_MEMBERS)
            books.stock.location(header["StoreName"], change.get("LocationName") or "")
        if sum(one["DeltaQty"] for one in line.get("InventoryLocChangeList") or []) > line["Qty"]:
            raise Refused(1001, "Invalid value: DeltaQty")
    if any(identity(memo[HEADER]) == identity(header) for memo in books.credit_memos):
        raise Refused(1005, f"Duplicate third party reference: {header['ThirdPartyRefNo']}")
    return header, lines


def _check(given: Any, members: dict[str, str]) -> None:
    """A closed schema: the real system ignores what it does not know, the sandbox finds the misspelling."""
    if not isinstance(given, dict):
        raise Refused(1001, "Required field missing: object expected")
    kinds = {NUMBER: (int, float), TEXT: (str,), SWITCH: (bool,), ROWS: (list,), OBJECT: (dict,)}
    for name, value in given.items():
        if name not in members:
            raise Refused(1001, f"Unknown field: {name}")
        is_flag = isinstance(value, bool)
        if value is not None and (not isinstance(value, kinds[members[name]]) or is_flag != (members[name] == SWITCH)):
            raise Refused(1001, f"Invalid value: {name}")


def _invoice(books: Books, header: Row) -> Row | None:
    number = header.get("InvoiceNumber")
    if not number:
        return None
    for invoice in books.invoices:
        if invoice["invoiceHeader"]["InvoiceNumber"] == number:
            if invoice["invoiceHeader"]["CustomerName"] != header["CustomerName"]:
                raise Refused(1006, f"Customer not found: {header['CustomerName']} on {number}")
            return invoice
    raise Refused(1008, f"Document not found: {number}")


def _line(books: Books, header: Row, line: Row, invoice: Row | None) -> Row:
    """A line at the price of the invoice, with the tax of its order; without one at the item's own price."""
    sold = next((one for one in _lines_of(invoice) if one["ItemNumber"] == line["ItemNumber"]), None)
    price, taxed = books.item(line)["StandardUnitPrice"], 0.0
    if sold is not None:
        credited = sum(
            one["Qty"]
            for memo in books.credit_memos
            if memo[HEADER].get("InvoiceNumber") == header["InvoiceNumber"] and memo[HEADER]["StatusName"] != "Void"
            for one in memo[LINES]
            if one["ItemNumber"] == line["ItemNumber"] and not one.get("IsAdjustment")
        )
        if credited + line["Qty"] > sold["Qty"]:
            raise Refused(1001, f"Quantity exceeds invoice: {line['ItemNumber']}")
        price, taxed = sold["UnitPrice"], _tax_rate(books, invoice, sold)
    if line.get("UnitPrice") is not None:
        price = line["UnitPrice"]
    net = price * line["Qty"] * (1 - (line.get("Discount") or 0) / 100)
    return {**line, "Id": books.counted("credit memo line", 30_001), "UnitPrice": price, "LineAmount": round(net, 2),
            "TotalAmount": round(net * (1 + taxed), 2)}  # fmt: skip


def _lines_of(invoice: Row | None) -> Iterator[Row]:
    yield from invoice["invoiceItemLineArr"] if invoice else ()


def _tax_rate(books: Books, invoice: Row | None, sold: Row) -> float:
    order = books.orders_by_number.get(invoice["invoiceHeader"].get("SoNumber") or "") if invoice else None
    lines = order["SoEstimateItemLineArr"] if order else []
    return next((rate(one.get("TaxItems")) for one in lines if one["Id"] == sold.get("SoLineId")), 0.0)


def _balancing(books: Books, header: Row, total: float) -> list[Row]:
    """A line that brings the memo to the refund's total, where the flag is set and they differ."""
    wanted = header.get("ThirdPartyTotalRefundAmount")
    if wanted is None or not header.get("ThirdPartyAdjustTotalFlag") or abs(wanted - total) < 0.005:
        return []
    check_mandatory(header, ("ThirdPartyAdjSku",))
    sku, amount = header["ThirdPartyAdjSku"], round(wanted - total, 2)
    books.item({"ItemNumber": sku})
    number = books.counted("credit memo line", 30_001)
    return [{"Id": number, "ItemNumber": sku, "Description": "Adjustment", "Qty": 1, "UnitPrice": amount,
             "LineAmount": amount, "TotalAmount": amount, "IsAdjustment": True}]  # fmt: skip


def _kind(sandbox: XoroSandbox, header: Row, lines: list[Row]) -> str:
    moves = any(line.get("InventoryLocChangeList") for line in lines)
    kind = header.get("CreditMemoTypeName")
    if kind not in (None, "", DIRECT, WAREHOUSE) or (kind == WAREHOUSE and moves):
        raise Refused(1001, "Invalid value: CreditMemoTypeName")
    if kind:
        return str(kind)
    return WAREHOUSE if sandbox.tenant.asn_for_returns and lines and not moves else DIRECT


def _move(books: Books, memo: Row, lines: list[Row], kind: str) -> None:
    store = memo[HEADER]["StoreName"]
    if kind == WAREHOUSE:
        goods = [line for line in lines if books.stock.is_stocked(line["ItemNumber"])]
        if goods:
            memo[HEADER]["AsnNumber"] = asns.expect(books, store, goods, RefNo=memo[HEADER]["RefNo"])[asns.HEADER][
                "AsnNumber"
            ]
        return
    for line in lines:
        changes = line.get("InventoryLocChangeList") or []
        for change in changes:
            location = change.get("LocationName") or ""
            books.stock.change(line["ItemNumber"], store, location, available=change["DeltaQty"])
        rest = line["Qty"] - sum(one["DeltaQty"] for one in changes)
        if rest:
            books.stock.change(line["ItemNumber"], store, not_available=rest)


def set_status(sandbox: XoroSandbox, given: Any) -> Any:
    header = sandbox.books.credit_memo(given["number"])
    header |= {"StatusName": given["status"], "ModifyDttm": sandbox.books.clock.stamp()}
    return header


def get_refunds(sandbox: XoroSandbox, query: dict[str, str]) -> list[Row]:
    """The route is known, neither its parameters nor what it answers: an empty list."""
    return []


ROUTES = {
    "refund/getrefund": Route("GET", "credits", get_refunds),
    "creditmemo/getcreditmemo": Route("GET", "credits", get),
    "creditmemo/import": Route("POST", "credits", create, "Credit memo imported"),
}
CONTROL = {"POST /_sandbox/creditmemo_status": set_status}
