"""The declaration of Xoro ERP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.base import Accept, Budget, Lookup, Provider, SandboxSpec
from connectors.records import Order
from connectors.xoro import invoices, sandbox
from connectors.xoro.checks import CHECKS
from connectors.xoro.client import XoroClient
from connectors.xoro.options import OrderOptions
from connectors.xoro.orders import push_order
from connectors.xoro.settings import XoroSettings

if TYPE_CHECKING:
    from connectors.run import Run


def probe(run: Run) -> object:
    """Whether Xoro works again: one released order."""
    return run.client.first_sales_order()


provider = Provider(
    slug="xoro",
    label="Xoro ERP",
    description="Sends orders to Xoro as sales orders and looks up invoices by customer or company.",
    documentation="https://xorosoft.docs.apiary.io/",
    settings=XoroSettings,
    client=XoroClient,
    checks=CHECKS,
    probe=probe,
    accepts={Order: Accept(function=push_order, options=OrderOptions, label="Sales orders")},
    lookups=(
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
            help="One page of one status a call; go on with the status and page given in next.",
        ),
    ),
    budget=Budget(concurrency=1, per_second=4),  # calls side by side trip the tenant's throttling
    sandbox=SandboxSpec(prefix="xoro", application=sandbox.application, settings=sandbox.settings_for),
)
