"""Invoices with their shipments: made when an order ships, read with the filters of the vendor's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox.areas import Route, fits
from connectors.xoro.sandbox.books import NO_DATE, Books
from connectors.xoro.sandbox.windows import within

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

SHIPMENTS = "invoiceShipmentArr"
KEYS = {
    "id": "Id",
    "invoice_number": "InvoiceNumber",
    "so_number": "SoNumber",
    "ref_no": "RefNo",
    "so_ref_no": "RefNo",
}
FILTERS = {
    "third_party_ref_no": "ThirdPartyRefNo",
    "third_party_source": "ThirdPartySource",
    "third_party_customer_id": "ThirdPartyCustomerId",
    "third_party_company_id": "ThirdPartyCompanyId",
    "customer_name": "CustomerName",
    "store_name": "StoreName",
}
COPIED = (
    "RefNo ThirdPartyRefNo ThirdPartySource ThirdPartyCustomerId ThirdPartyCompanyId StoreName SaleStoreName "
    "CustomerId CustomerName CurrencyCode PaymentTermsName"
).split()


def of_order(books: Books, order: dict[str, Any], units: Mapping[int, float]) -> dict[str, Any]:
    """The invoice of units (by line id) that leave now: the last one of an order takes what is left of its total."""
    header = order["SoEstimateHeader"]
    lines = [line for line in order["SoEstimateItemLineArr"] if units.get(line["Id"])]
    earlier = books.invoices_by_order.get(header["OrderNumber"], [])
    shares = [line["LineAmount"] * units[line["Id"]] / line["Qty"] for line in lines]
    if header["StatusName"] == "Shipped":
        total = header["TotalAmount"] - sum(invoice["invoiceHeader"]["TotalAmount"] for invoice in earlier)
    else:
        taxed = sum(share * (1 + rate(line.get("TaxItems"))) for share, line in zip(shares, lines, strict=True))
        shipping = header.get("ShippingCost") or 0
        total = taxed + (0 if earlier else shipping * (1 + rate(header.get("ShippingTaxItems"))))
    rows = [
        {
            "Id": books.counted("invoice line", 20_001),
            "SoLineId": line["Id"],
            "ItemNumber": line["ItemNumber"],
            "Description": line.get("Description"),
            "Qty": units[line["Id"]],
            "QtyInvoiced": units[line["Id"]],
            "QtyShipped": units[line["Id"]],
            "UnitPrice": line["UnitPrice"],
            "Discount": line.get("Discount") or 0,
            "LineAmount": round(share, 2),
            "TotalAmount": round(share, 2),
        }
        for line, share in zip(lines, shares, strict=True)
    ]
    copied = {name: header.get(name) for name in COPIED}
    return book(books, {**copied, "SoNumber": header["OrderNumber"], "TotalAmount": round(total, 2)}, rows)


def book(books: Books, header: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Number and keep an open invoice."""
    today, stamp = books.clock.today(), books.clock.stamp()
    invoice = {
        "invoiceHeader": {
            **header,
            "Id": books.counted("invoice", 8800),
            "InvoiceNumber": books.number(header["SaleStoreName"], "I"),
            "TxnDate": header.get("TxnDate") or today,
            "ShipDate": today,
            "FullPaymentDate": NO_DATE,
            "StatusName": "Open",
            "BalanceAmount": header["TotalAmount"],
            "CreateDttm": stamp,
            "ModifyDttm": stamp,
        },
        "invoiceItemLineArr": lines,
    }
    books.add_invoice(invoice)
    return invoice


def add_shipments(
    books: Books,
    invoice: dict[str, Any],
    parcels: Sequence[Mapping[str, Any]],
    packed: Sequence[Mapping[int, float]],
    lines: Mapping[int, Mapping[str, Any]],
) -> None:
    """A shipment for each parcel, with the units (by line id) that are in it."""
    invoice[SHIPMENTS] = [
        {
            "ShipmentId": books.counted("shipment", 60_001),
            "ShipDate": books.clock.today(),
            "CarrierName": parcel.get("carrier") or "",
            "ShipServiceName": parcel.get("service") or "",
            "TrackingNumber": parcel.get("tracking") or "",
            "TrackingUrl": parcel.get("tracking_url") or "",
            "Lines": [
                {"SoLineId": line_id, "ItemNumber": lines[line_id]["ItemNumber"], "Qty": quantity}
                for line_id, quantity in units.items()
            ],
        }
        for parcel, units in zip(parcels, packed, strict=True)
    ]


def rate(taxes: Any) -> float:
    """All rates of a line together, as a fraction."""
    return float(sum(tax["Rate"] for tax in taxes or [])) / 100


def get(sandbox: XoroSandbox, query: dict[str, str]) -> list[Any]:
    """Open ones only, unless a status is sent or an exact key lifts that."""
    books = sandbox.books
    exact = any(query.get(name) for name in [*KEYS, "third_party_ref_no"])
    status = query.get("status") or ("*" if exact else "Open")
    rows: Any = books.invoices
    if query.get("third_party_ref_no"):
        rows = books.invoices_by_reference.get(query["third_party_ref_no"], [])
    elif query.get("invoice_number"):
        rows = [row for row in [books.invoices_by_number.get(query["invoice_number"])] if row]
    elif query.get("so_number"):
        rows = books.invoices_by_order.get(query["so_number"], [])
    filters = {**KEYS, **FILTERS}
    rows = [row for row in rows if status in ("*", row["invoiceHeader"]["StatusName"]) and not row.get("is_hidden")]
    rows = [row for row in rows if fits(row["invoiceHeader"], query, filters)]
    if query.get("has_shipment", "").lower() in ("true", "1"):
        rows = [row for row in rows if row.get(SHIPMENTS)]
    return within(rows, "invoiceHeader", query, books.clock)


def shown(sandbox: XoroSandbox, rows: list[Any], query: dict[str, str]) -> list[Any]:
    """Invoices as this tenant shows them: with their shipments, in the member it uses for them."""
    found = [_shown(row, sandbox.tenant.shipment_shape, sandbox.tenant.shipment_lines) for row in rows]
    if query.get("header_only", "").lower() in ("true", "1"):
        found = [{"invoiceHeader": row["invoiceHeader"]} for row in found]
    return found


def _shown(invoice: dict[str, Any], shape: str, with_lines: bool) -> dict[str, Any]:
    shipments = invoice.get(SHIPMENTS, [])
    if not with_lines:
        shipments = [{name: value for name, value in one.items() if name != "Lines"} for one in shipments]
    row = {name: value for name, value in invoice.items() if name not in (SHIPMENTS, "is_hidden")}
    if shape in (SHIPMENTS, "ShipmentArr"):
        row[shape] = shipments
    if shape == "header" and shipments:
        names = ("CarrierName", "ShipServiceName", "TrackingNumber")
        row["invoiceHeader"] = {**row["invoiceHeader"], **{name: shipments[-1][name] for name in names}}
    return row


def track(sandbox: XoroSandbox, given: Any) -> Any:
    """A tracking number that comes later: ``invoice_number``, ``tracking`` and what else a parcel has."""
    invoice = sandbox.books.invoice(given["invoice_number"])
    names = {"tracking": "TrackingNumber", "carrier": "CarrierName", "service": "ShipServiceName"}
    for shipment in invoice[SHIPMENTS]:
        shipment.update({member: given[name] for name, member in names.items() if name in given})
    invoice["invoiceHeader"]["ModifyDttm"] = sandbox.books.clock.stamp()
    return invoice


def void(sandbox: XoroSandbox, given: Any) -> Any:
    """An invoice that counts no more: ``invoice_number``. What its order says has left stays as it is."""
    invoice = sandbox.books.invoice(given["invoice_number"])
    invoice["invoiceHeader"] |= {"StatusName": "Void", "ModifyDttm": sandbox.books.clock.stamp()}
    return invoice


def hide(sandbox: XoroSandbox, given: Any) -> Any:
    """An invoice the tenant shows in no list and to no key: ``invoice_number``, ``is_hidden``."""
    sandbox.books.invoice(given["invoice_number"])["is_hidden"] = given.get("is_hidden", True)
    return {"ok": True}


ROUTES = {"invoice/getinvoice": Route("GET", "invoices", get, shape=shown)}
CONTROL = {"POST /_sandbox/track": track, "POST /_sandbox/void": void, "POST /_sandbox/hide": hide}
