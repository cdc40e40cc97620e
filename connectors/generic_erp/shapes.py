"""What the ERP's answers look like: every member by name, kind, weight and the names other ERPs give it.

The one place to correct when the complete articles become readable. Documented: an invoice's ``balance`` (article
6318315), taxes (7925260), shipping methods (7930420); everything else is a stand-in in the family's words (reference
checked 2026-11-20). ``values`` knows how each kind is read.
"""

from __future__ import annotations

from dataclasses import dataclass

ID = "id"  # text that is never converted to a number
TEXT = "text"
MONEY = "money"
QUANTITY = "quantity"
COUNT = "count"
MOMENT = "moment"  # a point in time
DAY = "day"  # a point in time or a calendar day
CURRENCY = "currency"
LINK = "link"
HTTPS_LINK = "https_link"
TEXTS = "texts"  # a list of ids
RECORD = "record"
RECORDS = "records"


@dataclass(frozen=True, kw_only=True)
class Member:
    """``is_critical``: without it the answer is a bad response, unless ``or_else`` names a member that stands in or
    ``survives`` says that the record is shown all the same. ``is_number``: the contract has a JSON number here, not
    text. ``is_owner``: names the customer whose record it is.
    """

    name: str
    kind: str = TEXT
    is_critical: bool = False
    aliases: tuple[str, ...] = ()
    or_else: str = ""
    survives: bool = False
    is_number: bool = False
    is_owner: bool = False
    members: tuple[Member, ...] = ()


ADDRESS = (
    Member(name="name"),
    Member(name="company"),
    Member(name="address1", aliases=("line_1",)),
    Member(name="address2", aliases=("line_2",)),
    Member(name="address3", aliases=("line_3",)),
    Member(name="city"),
    Member(name="state"),
    Member(name="zip", aliases=("postcode", "postal_code")),
    Member(name="country"),
    Member(name="phone"),
)
ADDRESSES = (
    Member(name="billing_address", kind=RECORD, members=ADDRESS),
    Member(name="shipping_address", kind=RECORD, members=ADDRESS),
)
AMOUNTS = (
    Member(name="subtotal", kind=MONEY),
    Member(name="discount", kind=MONEY),
    Member(name="shipping_amount", kind=MONEY),
    Member(name="tax", kind=MONEY),
)

ORDER_ROW = (
    Member(name="order_id", kind=ID, is_critical=True, aliases=("id",)),
    Member(name="order_number", kind=ID, is_critical=True, aliases=("number", "order_no"), or_else="order_id"),
    Member(name="customer_code", kind=ID, is_owner=True),
    Member(name="po_number", kind=ID, aliases=("po_reference", "customer_po")),
    Member(name="web_reference", kind=ID),
    Member(name="order_date", kind=MOMENT, is_critical=True, aliases=("date", "created_at")),
    Member(name="status", is_critical=True),
    Member(name="currency", kind=CURRENCY),
    *AMOUNTS,
    Member(name="total", kind=MONEY, is_critical=True),
    Member(name="line_count", kind=COUNT),
    Member(name="requested_date", kind=DAY),
    Member(name="updated_at", kind=MOMENT),
)
LINE = (
    Member(name="line_id", kind=ID),
    Member(name="sku", kind=ID, is_critical=True, aliases=("item_sku", "item_code")),
    Member(name="description"),
    Member(name="uom"),
    Member(name="quantity", kind=QUANTITY, is_critical=True, aliases=("qty", "quantity_ordered")),
    Member(name="unit_price", kind=MONEY),
    Member(name="total_price", kind=MONEY),
)
ORDER_LINE = (
    *LINE,
    Member(name="quantity_shipped", kind=QUANTITY),
    Member(name="quantity_backordered", kind=QUANTITY),
)
SHIPMENT = (
    Member(name="shipment_id", kind=ID),
    Member(name="shipped_at", kind=DAY),
    Member(name="carrier"),
    Member(name="tracking_number", kind=ID),
    Member(name="tracking_url", kind=LINK),
    Member(
        name="lines",
        kind=RECORDS,
        members=(
            Member(name="line_id", kind=ID),
            Member(name="quantity", kind=QUANTITY, aliases=("qty", "quantity_ordered")),
        ),
    ),
)
ORDER = (
    *ORDER_ROW,
    Member(name="shipping_method"),
    *ADDRESSES,
    Member(name="lines", kind=RECORDS, is_critical=True, members=ORDER_LINE),
    Member(name="shipments", kind=RECORDS, members=SHIPMENT),
    Member(name="invoice_ids", kind=TEXTS),
    Member(name="note"),
)

INVOICE_ROW = (
    Member(name="invoice_id", kind=ID, is_critical=True, aliases=("id",)),
    Member(name="invoice_number", kind=ID, is_critical=True, aliases=("number", "invoice_no"), or_else="invoice_id"),
    Member(name="customer_code", kind=ID, is_owner=True),
    Member(name="order_number", kind=ID),
    Member(name="po_number", kind=ID, aliases=("po_reference", "customer_po")),
    Member(name="invoice_date", kind=DAY, is_critical=True, aliases=("date", "created_at")),
    Member(name="due_date", kind=DAY),
    Member(name="status"),
    Member(name="currency", kind=CURRENCY),
    *AMOUNTS,
    Member(name="total", kind=MONEY, is_critical=True),
    Member(name="balance", kind=MONEY, is_critical=True, aliases=("open_balance", "amount_due"), survives=True),
    Member(name="document_url", kind=HTTPS_LINK),
)
PAYMENT = (
    Member(name="payment_id", kind=ID),
    Member(name="paid_at", kind=DAY),
    Member(name="amount", kind=MONEY),
    Member(name="method"),
    Member(name="reference", kind=ID),
)
INVOICE = (
    *INVOICE_ROW,
    *ADDRESSES,
    Member(name="lines", kind=RECORDS, is_critical=True, members=LINE),
    Member(name="payments", kind=RECORDS, members=PAYMENT),
)

OVERDUE_BUCKETS = ("days_1_30", "days_31_60", "days_61_90", "days_over_90")
BALANCE = (
    Member(name="customer_code", kind=ID, is_owner=True),
    Member(name="currency", kind=CURRENCY),
    Member(name="total_balance", kind=MONEY, is_critical=True, aliases=("balance", "total_due")),
    Member(name="current", kind=MONEY),
    *(Member(name=bucket, kind=MONEY) for bucket in OVERDUE_BUCKETS),
    Member(name="past_due", kind=MONEY),
    Member(name="unapplied_credits", kind=MONEY),
    Member(name="credit_limit", kind=MONEY),
    Member(name="credit_available", kind=MONEY),
    Member(name="terms"),
    Member(name="last_payment_amount", kind=MONEY),
    Member(name="last_payment_date", kind=DAY),
    Member(name="as_of", kind=MOMENT),
)

TAXES = (Member(name="salestax_amount", kind=MONEY, is_critical=True, is_number=True),)
SHIPPING_METHOD = (
    Member(name="label", is_critical=True),
    # Both are in the documented answer; one of the two is enough to know the charge, so ``shipping`` checks the pair.
    Member(name="fixed_rate", kind=MONEY, is_number=True),
    Member(name="total", kind=MONEY),
    Member(name="code", kind=ID),
    Member(name="carrier"),
    Member(name="delivery_date", kind=DAY),
)

SECTIONS = {
    "orders": ORDER_ROW,
    "order": ORDER,
    "invoices": INVOICE_ROW,
    "invoice": INVOICE,
    "balance": BALANCE,
    "taxes": TAXES,
    "shipping_methods": SHIPPING_METHOD,
}

PAGE_TOTALS = ("total", "total_count", "total_records", "meta.total", "meta.pagination.total")
