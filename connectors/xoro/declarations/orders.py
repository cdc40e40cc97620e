"""What the provider declares about orders and the customers and invoices that belong to them."""

from __future__ import annotations

from connectors.base import Accept, Handler, Lookup, Sync
from connectors.records import Order, Record
from connectors.xoro import invoices
from connectors.xoro.options import OrderOptions
from connectors.xoro.orders import push_order

HANDLERS: dict[str, Handler] = {}
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
        help="One page of one status a call; go on with the status and page given in next.",
    ),
)
