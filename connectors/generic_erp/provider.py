"""The declaration of the generic ERP."""

from __future__ import annotations

from typing import Any

from connectors.base import Lookup, Provider, SandboxSpec
from connectors.generic_erp import checks, examination, examples, lookups, params, sandbox
from connectors.generic_erp.client import GenericErpClient
from connectors.generic_erp.functions import (
    BALANCE,
    INVOICE,
    INVOICES,
    ORDER,
    ORDERS,
    SHIPPING_METHODS,
    TAXES,
    Function,
)
from connectors.generic_erp.settings import GenericErpSettings

BUDGET_S = 125.0  # above the largest connect and read time-outs together: those are what ends a call
SHARE = 6


def _lookup(of: Function, path: str, method: str = "GET", **more: Any) -> Lookup:
    return Lookup(
        path=path,
        method=method,
        label=of.label,
        topic=of.topic,
        neutral=lookups.neutral(of),
        is_on=of.is_on,
        budget_s=BUDGET_S,
        share=SHARE,
        answer_example=examples.ANSWERS[of.name],
        customer_param="customer_code",
        **more,
    )


provider = Provider(
    slug="generic_erp",
    label="Generic ERP",
    description="Live orders, invoices, balance, taxes and shipping methods from an ERP that speaks the DIY contract.",
    documentation="https://docs.evolutionx.io/en/articles/7282926-erp-diy-integration-app-start-here",
    settings=GenericErpSettings,
    client=GenericErpClient,
    checks=checks.CHECKS,
    probe=checks.probe,
    lookups=(
        _lookup(
            ORDERS, "orders", function=lookups.look_up_orders, params=params.OrdersForm,
            help="One page of a customer's orders, live. Without dates: the last six months.",
        ),
        _lookup(
            ORDER, "orders/<id>", function=lookups.look_up_order, params=params.DocumentForm,
            help="One order by the order_id of the list; 404 where the customer has none of that id.",
        ),
        _lookup(
            INVOICES, "invoices", function=lookups.look_up_invoices, params=params.InvoicesForm,
            help="One page of a customer's invoices with their open balance. Only what is_payable may be paid.",
        ),
        _lookup(
            INVOICE, "invoices/<id>", function=lookups.look_up_invoice, params=params.DocumentForm,
            help="One invoice by the invoice_id of the list; 404 where the customer has none of that id.",
        ),
        _lookup(
            BALANCE, "balance", function=lookups.look_up_balance, params=params.BalanceForm,
            help="What the customer owes. A bucket the ERP does not name is null, which is not zero.",
        ),
        _lookup(
            TAXES, "taxes", "POST", function=lookups.look_up_taxes, params=params.TaxesForm,
            help="The tax of the whole basket. Not available: do as fallback says, never take it for zero.",
        ),
        _lookup(
            SHIPPING_METHODS, "shipping-methods", "POST", function=lookups.look_up_shipping_methods,
            params=params.ShippingMethodsForm, capability="shipping_methods",
            help="Shipping methods and their prices. An empty list is an answer: nothing ships there.",
        ),
    ),
    contract_check=examination.check_contract,
    field_map_preview=examination.preview_answer,
    retention_days=(15, 15),
    sandbox=SandboxSpec(prefix="erp", application=sandbox.application, settings=sandbox.sandbox_settings),
)  # fmt: skip
