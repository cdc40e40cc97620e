"""Normalised business objects that travel from one connector to another, one module a kind.

A provider's handler translates the vendor's object into one of these once; every target reads only these. Money is
``Decimal`` in major units of ``currency``, times are aware UTC, ids are strings, quantities are ``Decimal``.
A member is added when two vendors need it. Not for: wire formats (those live in the provider's folder).
"""

from connectors.records.base import Record
from connectors.records.figure import FigureRecord, Price, StockLevel
from connectors.records.order import Address, Company, Customer, Order, OrderLine, Payment, ShippingLine, Tax

__all__ = [
    "Address",
    "Company",
    "Customer",
    "FigureRecord",
    "Order",
    "OrderLine",
    "Payment",
    "Price",
    "Record",
    "ShippingLine",
    "StockLevel",
    "Tax",
]
