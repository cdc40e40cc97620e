"""Normalised business objects that travel from one connector to another, one module a kind.

A provider's handler translates the vendor's object into one of these once; every target reads only these. Money is
``Decimal`` in major units of ``currency``, times are aware UTC, ids are strings, quantities are ``Decimal``.
A member is added when two vendors need it. Not for: wire formats (those live in the provider's folder).
"""

from connectors.records.account import CompanyAccount, CompanyContact, CompanyLocation, CustomerAccount
from connectors.records.base import Record
from connectors.records.order import Address, Company, Customer, Order, OrderLine, Payment, ShippingLine, Tax
from connectors.records.product import (
    Product,
    ProductField,
    ProductImage,
    ProductOption,
    ProductVariant,
    VariantPrice,
)

__all__ = [
    "Address",
    "Company",
    "CompanyAccount",
    "CompanyContact",
    "CompanyLocation",
    "Customer",
    "CustomerAccount",
    "Order",
    "OrderLine",
    "Payment",
    "Product",
    "ProductField",
    "ProductImage",
    "ProductOption",
    "ProductVariant",
    "Record",
    "ShippingLine",
    "Tax",
    "VariantPrice",
]
