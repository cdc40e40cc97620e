"""What the provider declares about orders and the customers and invoices that belong to them."""

from __future__ import annotations

from connectors.base import Accept, Check, Handler, Lookup, MappingKind, Sync
from connectors.records import Order, Record
from connectors.xoro import accounts, adjustments, deposits, invoices, invoicing
from connectors.xoro.depositimport import import_deposit
from connectors.xoro.options import OrderOptions
from connectors.xoro.orders import push_order
from connectors.xoro.sending import PAYMENT_TERMS
from connectors.xoro.settings_warehousing import INVOICES

SPAWNS: dict[str, Handler] = {
    deposits.TOPIC: Handler(function=import_deposit, label="Payment of an order", max_attempts=20),
    # Each carries the whole account as it was: only the newest is worth writing.
    accounts.TOPIC: Handler(
        function=accounts.upsert, label="Customer or company of an order", reads_current_state=True
    ),
    adjustments.TOPIC: Handler(function=adjustments.adjust_stock, label="Stock of a line taken off"),
}
SYNCS: dict[str, Sync] = {}
ACCEPTS: dict[type[Record], Accept] = {
    Order: Accept(function=push_order, options=OrderOptions, label="Sales orders"),
}
LOOKUPS = (
    Lookup(
        path="invoices",
        label="Invoices of a customer or company",
        topic="invoices/lookup",
        function=invoices.look_up_invoices,
        params=invoices.InvoiceParams,
        neutral=invoices.neutral,
        is_on=lambda settings: settings.sync_third_party_customer_company,
        budget_s=invoices.BUDGET_S,
        share=2,  # a page may hold its thread for 45 s
        answer_example=invoices.EXAMPLE,
        customer_param="third_party_customer_id",
        about={"customer": "third_party_customer_id", "company": "third_party_company_id"},
        help="Answers with one page of the invoices of one status; its next names the status and page that follow.",
    ),
)
CHECKS = (
    Check(
        name="invoice_route",
        label="Creating invoices",
        function=invoicing.check_route,
        applies=lambda settings: settings.drop_as == INVOICES,
        off="Orders become sales orders.",
    ),
)
MAPPINGS = (
    MappingKind(
        name=PAYMENT_TERMS,
        label="Payment terms",
        help="From: the terms of an order in the shop, like Net 30. To: the payment terms in Xoro. Where there is no row, "
        "the terms of the connector.",
    ),
)
