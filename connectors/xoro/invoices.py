"""Looking up the invoices of one customer or company of the shop, live.

Route, parameters and ids: https://xorosoft.docs.apiary.io/ and https://shop-docs.xorosoft.io (Sync third party customer
and company data), checked 2026-11-20. One call reads one page of one status, because a page may take 45 s; the answer
says where to go on. Tenants ignore what they do not know, so every row is compared with the ids asked for: nobody ever
sees somebody else's invoice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import RegexValidator

from connectors.base import Answer
from connectors.xoro import wire
from connectors.xoro.paging import MAX_PAGES, Page

if TYPE_CHECKING:
    from connectors.run import Run

BUDGET_S = 45.0
IDS = {"third_party_customer_id": "ThirdPartyCustomerId", "third_party_company_id": "ThirdPartyCompanyId"}
UNAVAILABLE = "Invoices cannot be shown at the moment."
_id = RegexValidator(r"^[\w.-]+$", "Only letters, digits, dots, hyphens and underscores.")


class InvoiceParams(forms.Form):
    """What may be asked. Both ids together mean: of this customer and of this company."""

    third_party_customer_id = forms.CharField(
        required=False, max_length=64, validators=[_id], help_text="Id of the customer in the shop."
    )
    third_party_company_id = forms.CharField(
        required=False, max_length=64, validators=[_id], help_text="Id of the company in the shop."
    )
    status = forms.CharField(
        required=False,
        max_length=40,
        help_text="Such as Paid. Empty: the first of the connector's invoice statuses. To go on: as given in next.",
    )
    page = forms.IntegerField(
        required=False, min_value=1, max_value=MAX_PAGES, help_text="Empty: the first. To go on: as given in next."
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not any(cleaned.get(name) for name in IDS) and not self.errors:
            raise forms.ValidationError("Give third_party_customer_id, third_party_company_id, or both.", code="no_id")
        return cleaned


def look_up_invoices(run: Run, params: Mapping[str, Any]) -> Answer:
    """One page of invoices in neutral form. Raises the errors of the client, and ``PayloadError`` for a row that cannot
    be read. ``data.is_certain`` is false where the emptiness may be throttling."""
    statuses = run.settings.invoice_statuses
    status, number = params.get("status") or statuses[0], params.get("page") or 1
    if status not in statuses:
        return _answer([], status, number, None, True, f"Invoices of status “{status}” are not looked up.")
    asked = {name: str(params.get(name) or "").strip() for name in IDS}
    page = run.client.get_invoices(**asked, status=status, page=number, budget_s=BUDGET_S)
    rows = [row for row in page.rows if _is_of(row, asked)]
    if foreign := len(page.rows) - len(rows):
        run.note(
            "foreign_rows",
            f"{foreign} of {len(page.rows)} invoices from Xoro do not carry the ids asked for; they were dropped.",
        )
    if not page.is_certain:
        run.note("maybe_throttled", "Xoro answered with nothing, as it also does when it is too busy.")
    found = [invoice(row, f"Data[{index}]") for index, row in enumerate(rows)]
    return _answer(found, status, number, _next(page, status, statuses), page.is_certain)


def neutral(settings: Any) -> Answer:
    """What a storefront gets when Xoro cannot be asked."""
    return Answer(available=False, message=UNAVAILABLE, fallback="hide")


def invoice(row: dict[str, Any], path: str) -> dict[str, Any]:
    """An invoice in neutral form: money and quantities as decimal strings, days as ISO dates, ids as strings."""
    header, at = wire.header_of(row), f"{path}.invoiceHeader."
    issued = header.get("TxnDate") or header.get("InvoiceDate")
    return {
        "id": wire.identifier(header.get("Id")),
        "number": wire.identifier(header.get("InvoiceNumber")),
        "status": wire.identifier(header.get("StatusName")),
        "sales_order_number": wire.identifier(header.get("SoNumber")),
        "order_number": wire.identifier(header.get("RefNo")),
        "order_id": wire.identifier(header.get("ThirdPartyRefNo")),
        "third_party_customer_id": wire.identifier(header.get("ThirdPartyCustomerId")),
        "third_party_company_id": wire.identifier(header.get("ThirdPartyCompanyId")),
        "issued_on": wire.iso_date(issued, at + "TxnDate"),
        "shipped_on": wire.iso_date(header.get("ShipDate"), at + "ShipDate"),
        "paid_on": wire.iso_date(header.get("FullPaymentDate"), at + "FullPaymentDate"),
        "currency": wire.identifier(header.get("CurrencyCode")),
        "total": wire.money(header.get("TotalAmount"), at + "TotalAmount"),
        "lines": [_line(line, f"{path}.invoiceItemLineArr[{index}].") for index, line in enumerate(wire.lines_of(row))],
    }


def _line(line: dict[str, Any], at: str) -> dict[str, Any]:
    return {
        "sku": wire.identifier(line.get("ItemNumber")),
        "description": str(line.get("Description") or ""),
        "quantity": wire.quantity(line.get("Qty"), at + "Qty"),
        "unit_price": wire.money(line.get("UnitPrice"), at + "UnitPrice"),
        "total": wire.money(line.get("TotalAmount", line.get("LineAmount")), at + "TotalAmount"),
    }


def _is_of(row: dict[str, Any], asked: Mapping[str, str]) -> bool:
    header = wire.header_of(row)
    return all(wire.identifier(header.get(IDS[name])) == value for name, value in asked.items() if value)


def _next(page: Page, status: str, statuses: tuple[str, ...]) -> dict[str, Any] | None:
    """Where to go on: the next page, or the next status after an empty one. A full page count is never trusted."""
    if page.rows and page.number < MAX_PAGES:
        return {"status": status, "page": page.number + 1}
    later = statuses[statuses.index(status) + 1 :]
    return {"status": later[0], "page": 1} if later else None


def _answer(
    invoices: list[dict[str, Any]],
    status: str,
    page: int,
    following: dict[str, Any] | None,
    is_certain: bool,
    message: str = "",
) -> Answer:
    data = {"invoices": invoices, "status": status, "page": page, "next": following, "is_certain": is_certain}
    return Answer(available=True, data=data, message=message, outcome="success" if is_certain else "uncertain")


EXAMPLE = {
    "invoices": [
        {
            "id": "8801",
            "number": "WEB-I000412",
            "status": "Open",
            "sales_order_number": "WEB-S000733",
            "order_number": "2207",
            "order_id": "6120045512001",
            "third_party_customer_id": "7710042001",
            "third_party_company_id": "330045",
            "issued_on": "2026-03-09",
            "shipped_on": "2026-03-09",
            "paid_on": None,
            "currency": "USD",
            "total": "67.80",
            "lines": [
                {"sku": "LMP-OAK-S", "description": "", "quantity": "1", "unit_price": "55.00", "total": "55.00"}
            ],
        }
    ],
    "status": "Open",
    "page": 1,
    "next": {"status": "Open", "page": 2},
    "is_certain": True,
}
