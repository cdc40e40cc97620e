"""What we send: the exact body of each of the seven requests, no key more and none less.

Taxes and shipping methods are documented in full (articles 7925260 and 7930420); the others are a stand-in (reference
checked 2026-11-20). Money and page numbers are text, a missing address line is ``null``, ids stay as they are.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any

from connectors.generic_erp.values import money_text, quantity_text, rounded

HISTORY_MONTHS = 6  # what a list shows where no dates are asked for
PER_PAGE = 20
PER_PAGE_LIMIT = 500
ORDER_SORTS = ("order_date", "order_number", "total")
INVOICE_SORTS = ("invoice_date", "due_date", "invoice_number", "total", "balance")
SORT_DIRECTIONS = ("desc", "asc")
PAYMENT_STATES = ("all", "open", "paid")
UNKNOWN_UOM = "1"  # the documented example's own word


@dataclass(frozen=True, kw_only=True)
class SellerReference:
    """The second ERP key. ``is_used`` false leaves the key out; used but unknown is sent as ``null``."""

    is_used: bool = False
    value: str | None = None

    def member(self) -> dict[str, str | None]:
        return {"seller_reference": _or_null(self.value)} if self.is_used else {}


NO_REFERENCE = SellerReference()


@dataclass(frozen=True, kw_only=True)
class Span:
    """The dates of a list, both ends included. A day is the store's day; nothing given means the last six months.

    ``is_open``: no filter by date at all, for a document known by number whatever its age.
    """

    start: datetime | date | None = None
    end: datetime | date | None = None
    is_open: bool = False

    def members(self, now: datetime, zone: tzinfo) -> dict[str, str | None]:
        if self.is_open:
            return {"date_from": None, "date_to": None}
        end = _instant(self.end, time(23, 59, 59), zone) if self.end else now
        start = _instant(self.start, time(0, 0), zone) if self.start else months_before(end, HISTORY_MONTHS)
        return {"date_from": _utc_text(start), "date_to": _utc_text(end)}


def orders(
    *,
    customer_code: str,
    now: datetime,
    zone: tzinfo = UTC,
    reference: SellerReference = NO_REFERENCE,
    span: Span | None = None,
    order_number: str | None = None,
    po_number: str | None = None,
    status: str | None = None,
    keyword: str | None = None,
    sort_by: str = "order_date",
    sort_direction: str = "desc",
    page: int = 1,
    per_page: int = PER_PAGE,
) -> dict[str, Any]:
    """Raises ``ValueError`` for a sort the contract does not know; a page size above 500 is sent as 500."""
    return {
        "customer_code": customer_code,
        **reference.member(),
        **(span or Span()).members(now, zone),
        "order_number": _or_null(order_number),
        "po_number": _or_null(po_number),
        "status": _or_null(status),
        "keyword": _or_null(keyword),
        **_sorting(sort_by, sort_direction, ORDER_SORTS),
        **_paging(page, per_page),
    }


def order(*, customer_code: str, order_id: str, reference: SellerReference = NO_REFERENCE) -> dict[str, Any]:
    return {"customer_code": customer_code, "order_id": order_id, **reference.member()}


def invoices(
    *,
    customer_code: str,
    now: datetime,
    zone: tzinfo = UTC,
    reference: SellerReference = NO_REFERENCE,
    span: Span | None = None,
    invoice_number: str | None = None,
    order_number: str | None = None,
    po_number: str | None = None,
    status: str | None = None,
    keyword: str | None = None,
    payment_state: str = "all",
    sort_by: str = "invoice_date",
    sort_direction: str = "desc",
    page: int = 1,
    per_page: int = PER_PAGE,
) -> dict[str, Any]:
    """As ``orders``; the dates are invoice dates."""
    if payment_state not in PAYMENT_STATES:
        raise ValueError(f"payment_state must be one of {', '.join(PAYMENT_STATES)}")
    return {
        "customer_code": customer_code,
        **reference.member(),
        **(span or Span()).members(now, zone),
        "invoice_number": _or_null(invoice_number),
        "order_number": _or_null(order_number),
        "po_number": _or_null(po_number),
        "status": _or_null(status),
        "keyword": _or_null(keyword),
        "payment_state": payment_state,
        **_sorting(sort_by, sort_direction, INVOICE_SORTS),
        **_paging(page, per_page),
    }


def invoice(*, customer_code: str, invoice_id: str, reference: SellerReference = NO_REFERENCE) -> dict[str, Any]:
    return {"customer_code": customer_code, "invoice_id": invoice_id, **reference.member()}


def balance(*, customer_code: str, reference: SellerReference = NO_REFERENCE) -> dict[str, Any]:
    return {"customer_code": customer_code, **reference.member()}


@dataclass(frozen=True, kw_only=True)
class TaxLine:
    """``amount``: the whole line after its discount, before tax, in major units of the store's currency."""

    sku: str
    amount: Decimal


def taxes(*, customer_code: str, postal_code: str | None, lines: Sequence[TaxLine], currency: str) -> dict[str, Any]:
    """The documented body of article 7925260: wrapped, ``item_sku``, one-word ``shiptopostcode``, no seller reference.

    Raises ``ValueError`` for a basket without lines.
    """
    if not lines:
        raise ValueError("a tax request has at least one line")
    return {
        "request": {
            "header": {"customer_code": customer_code, "shiptopostcode": _or_empty(postal_code)},
            "lines": [{"item_sku": line.sku, "line_amount": money_text(line.amount, currency)} for line in lines],
        }
    }


@dataclass(frozen=True, kw_only=True)
class ShippingItem:
    """Prices in major units of the store's currency; ``total_price`` is quantity × unit price where not given."""

    sku: str
    quantity: Decimal
    unit_price: Decimal
    uom: str = ""
    total_price: Decimal | None = None


def shipping_methods(
    *,
    customer_code: str,
    address1: str | None,
    address2: str | None = None,
    address3: str | None = None,
    city: str | None,
    state: str | None = None,
    country: str | None,
    postal_code: str | None,
    items: Sequence[ShippingItem],
    currency: str,
) -> dict[str, Any]:
    """The documented body of article 7930420: flat, ``sku``, ``zip``, no seller reference.

    ``country`` is an ISO 3166-1 alpha-2 code. Raises ``ValueError`` for a basket without items.
    """
    if not items:
        raise ValueError("a shipping request has at least one item")
    return {
        "customer_code": customer_code,
        "address1": _or_empty(address1),
        "address2": _or_null(address2),
        "address3": _or_null(address3),
        "city": _or_empty(city),
        "state": _or_null(state),
        "country": _or_empty(country).upper(),
        "zip": _or_empty(postal_code),
        "items": [_item(item, currency) for item in items],
    }


def _item(item: ShippingItem, currency: str) -> dict[str, str]:
    total = item.total_price
    if total is None:
        total = rounded(item.quantity * item.unit_price, currency)
    return {
        "sku": item.sku,
        "quantity": quantity_text(item.quantity),
        "uom": _or_empty(item.uom) or UNKNOWN_UOM,
        "unit_price": money_text(item.unit_price, currency),
        "total_price": money_text(total, currency),
    }


def months_before(moment: datetime, months: int) -> datetime:
    """The same day and time so many months earlier, or the last day of a shorter month."""
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def _instant(given: datetime | date, at: time, zone: tzinfo) -> datetime:
    if isinstance(given, datetime):
        return given if given.tzinfo else given.replace(tzinfo=UTC)
    return datetime.combine(given, at, zone)


def _utc_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sorting(sort_by: str, direction: str, known: Sequence[str]) -> dict[str, str]:
    if sort_by not in known or direction not in SORT_DIRECTIONS:
        raise ValueError(f"sort must be one of {', '.join(known)} with desc or asc")
    return {"sort_by": sort_by, "sort_direction": direction}


def _paging(page: int, per_page: int) -> dict[str, str]:
    return {"current_page": str(max(page, 1)), "per_page": str(min(max(per_page, 1), PER_PAGE_LIMIT))}


def _or_null(text: str | None) -> str | None:
    return (text or "").strip() or None


def _or_empty(text: str | None) -> str:
    return (text or "").strip()
