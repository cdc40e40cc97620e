"""Every function asked for one customer, and what it raised."""

from decimal import Decimal

import pytest

from connectors.exceptions import HubError
from connectors.generic_erp.bodies import ShippingItem, TaxLine

LINES = [TaxLine(sku="PAPER-A4-80", amount=Decimal("41.50")), TaxLine(sku="TONER-77K", amount=Decimal("189.00"))]
ITEMS = [ShippingItem(sku="PAPER-A4-80", quantity=Decimal(5), unit_price=Decimal("8.30"))]
US = {"address1": "14 Mill Lane", "city": "Portland", "state": "OR", "country": "US", "postal_code": "97205"}


def calls(client, code):
    """Every function, asked for one customer."""
    return {
        "orders": lambda: client.list_orders(code),
        "order": lambda: client.get_order(code, "SO-0009431"),
        "invoices": lambda: client.list_invoices(code),
        "invoice": lambda: client.get_invoice(code, "INV-43534"),
        "balance": lambda: client.get_balance(code),
        "taxes": lambda: client.get_taxes(code, postal_code="97205", lines=LINES),
        "shipping_methods": lambda: client.get_shipping_methods(code, items=ITEMS, **US),
    }


def failure(call):
    with pytest.raises(HubError) as caught:
        call()
    return caught.value


# Routes and checks
