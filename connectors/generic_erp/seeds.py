"""What the sandbox ERP knows: customers, orders, invoices, tax and shipping tables. Invented, and always the same.

Dates are offsets from the day the sandbox starts, so that "the last six months" is never empty. Not for production.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
SALES_TAX = Decimal("0.07")  # of the seeded documents
MAIN_CUSTOMER = "BRK-2210"
EXEMPT_CUSTOMER = "EXM-1007"
NEW_CUSTOMER = "NEW-0001"

TAX_RATES = {  # by first digit of the postal code
    "0": Decimal("0.0625"),
    "1": Decimal("0.08"),
    "2": Decimal("0.06"),
    "3": Decimal("0.07"),
    "4": Decimal("0.0575"),
    "5": Decimal("0.055"),
    "6": Decimal("0.0625"),
    "7": Decimal("0.0825"),
    "8": Decimal("0.029"),
    "9": Decimal("0.07"),
}
FREE_SHIPPING_ABOVE = Decimal("500.00")
SHIPPING = {  # by country: label and price, free above the threshold where the last member says so
    "US": (
        ("Van, next working day", Decimal("12.50"), True),
        ("Express before 10 am", Decimal("34.90"), False),
        ("Collect from depot", Decimal("0.00"), False),
    ),
    "CA": (("Road freight, 3 to 5 days", Decimal("28.00"), True),),
    "GB": (("Parcel, 2 days", Decimal("9.75"), True), ("Pallet, 4 days", Decimal("55.00"), False)),
    "DE": (("Paket, 2 Tage", Decimal("8.90"), True),),
}

ITEMS = (  # sku, description, unit, price
    ("PAPER-A4-80", "Copy paper A4, 80 g", "BX", Decimal("8.30")),
    ("TONER-77K", "Toner 77 black", "EA", Decimal("189.00")),
    ("PEN-BLUE-50", "Ballpoint pen, blue, 50 pcs", "BX", Decimal("14.95")),
    ("0012-CLIP", "Paper clips 28 mm", "BX", Decimal("0.875")),
    ("CHAIR-ERGO", "Office chair, ergonomic", "EA", Decimal("249.00")),
)
ORDER_STATUSES = ("New", "Picking", "Part shipped", "Shipped", "Closed", "Closed", "Credit hold", "Invoiced")


@dataclass(frozen=True, kw_only=True)
class Customer:
    code: str
    name: str
    order_count: int = 0
    is_exempt: bool = False
    credit_limit: Decimal | None = None


CUSTOMERS = {
    customer.code: customer
    for customer in (
        Customer(code=MAIN_CUSTOMER, name="Brookfield Kitchens", order_count=32, credit_limit=Decimal("15000.00")),
        Customer(code="HAR-3304", name="Harlow & Sons", order_count=5, credit_limit=Decimal("500.00")),
        Customer(code=EXEMPT_CUSTOMER, name="Northside School", order_count=3, is_exempt=True),
        Customer(code=NEW_CUSTOMER, name="Fresh Start Studio"),
    )
}


@dataclass(frozen=True)
class Books:
    """One customer's documents, newest first."""

    orders: list[dict[str, Any]]
    invoices: list[dict[str, Any]]
    balance: dict[str, Any]


def books(customer: Customer, start: datetime, *, shown_as: str = "") -> Books:
    """The documents of a customer; ``shown_as`` puts another account number on all of them."""
    code = shown_as or customer.code
    # The account number's own digits keep the numbers of two customers apart.
    first = 9000 + int(customer.code[-2:]) * 40
    orders = [_order(customer, code, first + n, n, start) for n in range(customer.order_count)]
    invoices = [_invoice(order, n, start) for n, order in enumerate(orders) if order["status"] in INVOICED]
    for order in orders:
        order["invoice_ids"] = [one["invoice_id"] for one in invoices if one["order_number"] == order["order_number"]]
    return Books(orders[::-1], invoices[::-1], _balance(customer, code, invoices, start))


INVOICED = ("Part shipped", "Shipped", "Closed", "Invoiced")


def _order(customer: Customer, code: str, number: int, index: int, start: datetime) -> dict[str, Any]:
    # One a week, the newest yesterday: the oldest of thirty-two lies before the last six months.
    placed = _at(start, -(1 + 7 * (customer.order_count - 1 - index)), time(14, 22, 5))
    status = ORDER_STATUSES[index % len(ORDER_STATUSES)]
    lines = [_line(position, index, status) for position in range(1 + index % 3)]
    subtotal = sum((Decimal(line["total_price"]) for line in lines), Decimal(0))
    discount = (subtotal * Decimal("0.05")).quantize(CENT, ROUND_HALF_UP) if index % 5 == 0 else Decimal("0.00")
    shipping = Decimal("0.00") if subtotal > FREE_SHIPPING_ABOVE else Decimal("12.50")
    tax = (Decimal(0) if customer.is_exempt else (subtotal - discount) * SALES_TAX).quantize(CENT, ROUND_HALF_UP)
    shipped = [line for line in lines if line["quantity_shipped"] != "0"]
    return {
        "order_id": f"SO-{number:07d}",
        "order_number": str(number),
        "customer_code": code,
        "po_number": f"PO-{number - 2133}",
        "web_reference": f"W-{number + 21000}" if index % 2 else None,
        "order_date": _text(placed),
        "status": status,
        "currency": "USD",
        "subtotal": str(subtotal),
        "discount": str(discount),
        "shipping_amount": str(shipping),
        "tax": str(tax),
        "total": str(subtotal - discount + shipping + tax),
        "line_count": len(lines),
        "requested_date": _text(placed.replace(hour=0, minute=0, second=0) + timedelta(days=3)),
        "updated_at": _text(placed + timedelta(hours=18)),
        "shipping_method": "Van, next working day",
        "billing_address": _address("Accounts Payable", customer.name, None),
        "shipping_address": _address("Goods In", customer.name, "Unit 3"),
        "lines": lines,
        "shipments": [_shipment(number, placed, shipped)] if shipped else [],
        "invoice_ids": [],
        "note": None,
    }


def _line(position: int, index: int, status: str) -> dict[str, Any]:
    sku, description, uom, price = ITEMS[(index + position) % len(ITEMS)]
    quantity = 2 + (index * 3 + position) % 8
    shipped = {"New": 0, "Picking": 0, "Credit hold": 0, "Part shipped": quantity // 2}.get(status, quantity)
    return {
        "line_id": str(position + 1),
        "sku": sku,
        "description": description,
        "uom": uom,
        "quantity": str(quantity),
        "quantity_shipped": str(shipped),
        "quantity_backordered": str(quantity - shipped),
        "unit_price": str(price),
        "total_price": str((price * quantity).quantize(CENT, ROUND_HALF_UP)),
    }


def _shipment(number: int, placed: datetime, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "shipment_id": f"DN-{number - 4394}",
        "shipped_at": _text(placed + timedelta(hours=19)),
        "carrier": "Own van",
        "tracking_number": f"V-{number - 4394}",
        "tracking_url": None,
        "lines": [{"line_id": line["line_id"], "quantity": line["quantity_shipped"]} for line in lines],
    }


def _invoice(order: dict[str, Any], index: int, start: datetime) -> dict[str, Any]:
    number = int(order["order_number"]) + 34103
    day = datetime.fromisoformat(order["order_date"]).replace(hour=0, minute=0, second=0) + timedelta(days=1)
    due = day + timedelta(days=30)
    total = Decimal(order["total"])
    # Older than four months is settled; of the rest every third is, and every fourth in part.
    is_settled = (start - day).days > 120 or index % 3 == 0
    paid = total if is_settled else (total / 2).quantize(CENT, ROUND_HALF_UP) if index % 4 == 1 else Decimal("0.00")
    payments = [] if not paid else [
        {
            "payment_id": f"PM-{number}",
            "paid_at": _text(min(day + timedelta(days=20), start - timedelta(days=1))),
            "amount": str(paid),
            "method": "Bank transfer",
            "reference": f"R{number}",
        }
    ]  # fmt: skip
    money = ("currency", "subtotal", "discount", "shipping_amount", "tax", "total")
    left_out = ("quantity_shipped", "quantity_backordered")
    return {
        "invoice_id": f"INV-{number}",
        "invoice_number": str(number),
        "customer_code": order["customer_code"],
        "order_number": order["order_number"],
        "po_number": order["po_number"],
        "invoice_date": _text(day),
        "due_date": _text(due),
        "status": "Paid" if paid == total else "Open",
        **{name: order[name] for name in money},
        "balance": str(total - paid),
        "document_url": None,
        "lines": [{k: v for k, v in line.items() if k not in left_out} for line in order["lines"]],
        "billing_address": order["billing_address"],
        "shipping_address": order["shipping_address"],
        "payments": payments,
    }


def _balance(customer: Customer, code: str, invoices: list[dict[str, Any]], start: datetime) -> dict[str, Any]:
    buckets = dict.fromkeys(("current", "days_1_30", "days_31_60", "days_61_90", "days_over_90"), Decimal("0.00"))
    for invoice in invoices:
        days = (start - datetime.fromisoformat(invoice["due_date"])).days
        name = (
            "current" if days <= 0 else "days_1_30" if days <= 30 else "days_31_60" if days <= 60
            else "days_61_90" if days <= 90 else "days_over_90"
        )  # fmt: skip
        buckets[name] += Decimal(invoice["balance"])
    credits = Decimal("20.00") if invoices else Decimal("0.00")
    total = sum(buckets.values(), Decimal(0)) - credits
    paid = sorted((one for invoice in invoices for one in invoice["payments"]), key=lambda one: str(one["paid_at"]))
    limit = customer.credit_limit
    return {
        "customer_code": code,
        "currency": "USD",
        "total_balance": str(total),
        **{name: str(amount) for name, amount in buckets.items()},
        "past_due": str(sum(buckets.values(), Decimal(0)) - buckets["current"]),
        "unapplied_credits": str(credits),
        "credit_limit": None if limit is None else str(limit),
        "credit_available": None if limit is None else str(limit - total),
        "terms": "Net 30",
        "last_payment_amount": paid[-1]["amount"] if paid else None,
        "last_payment_date": paid[-1]["paid_at"][:10] if paid else None,
    }


def _address(name: str, company: str, second: str | None) -> dict[str, Any]:
    return {
        "name": name,
        "company": company,
        "address1": "14 Mill Lane",
        "address2": second,
        "address3": None,
        "city": "Portland",
        "state": "OR",
        "zip": "97205",
        "country": "US",
        "phone": None if second is None else "+1 555 0142",
    }


def _at(start: datetime, days: int, at: time) -> datetime:
    return datetime.combine(start.date() + timedelta(days=days), at, UTC)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
