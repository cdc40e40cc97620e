"""Normalised business objects that travel from one connector to another, one module a kind.

A provider's handler translates the vendor's object into one of these once; every target reads only these. Money is
``Decimal`` in major units of ``currency``, times are aware UTC, ids are strings, quantities are ``Decimal``.
A member is added when two vendors need it. Not for: wire formats (those live in the provider's folder).
"""

from connectors.records.account import CompanyAccount, CompanyContact, CompanyLocation, CustomerAccount
from connectors.records.base import Record
from connectors.records.figure import FigureRecord, Price, StockLevel
from connectors.records.giftcard import GiftCard, GiftCardTransaction
from connectors.records.order import (
    Address,
    Company,
    Customer,
    Discount,
    DiscountShare,
    Duty,
    Fulfillment,
    LinePlace,
    Metafield,
    Order,
    OrderLine,
    Payment,
    PaymentDue,
    PaymentFee,
    ShippingLine,
    Tax,
)
from connectors.records.order_update import OrderCancellation, OrderUpdate
from connectors.records.payout import AdjustedOrder, Payout, PayoutLine
from connectors.records.product import (
    Product,
    ProductField,
    ProductImage,
    ProductOption,
    ProductVariant,
    VariantPrice,
)
from connectors.records.refund import (
    Refund,
    RefundAdjustment,
    RefundLine,
    RefundPayment,
    RefundRequest,
    RefundShipping,
    RequestedLine,
)
from connectors.records.returns import Disposition, ExchangeLine, Return, ReturnLine
from connectors.records.shipment import (
    DeliveryMethod,
    FulfillmentHold,
    FulfillmentLine,
    FulfillmentMove,
    FulfillmentOrder,
    FulfillmentProgress,
    Hold,
    HoldRelease,
    Shipment,
    UnitLine,
)

__all__ = [
    "Address",
    "AdjustedOrder",
    "Company",
    "CompanyAccount",
    "CompanyContact",
    "CompanyLocation",
    "Customer",
    "CustomerAccount",
    "DeliveryMethod",
    "Discount",
    "DiscountShare",
    "Disposition",
    "Duty",
    "ExchangeLine",
    "FigureRecord",
    "Fulfillment",
    "FulfillmentHold",
    "FulfillmentLine",
    "FulfillmentMove",
    "FulfillmentOrder",
    "FulfillmentProgress",
    "GiftCard",
    "GiftCardTransaction",
    "Hold",
    "HoldRelease",
    "LinePlace",
    "Metafield",
    "Order",
    "OrderCancellation",
    "OrderLine",
    "OrderUpdate",
    "Payment",
    "PaymentDue",
    "PaymentFee",
    "Payout",
    "PayoutLine",
    "Price",
    "Product",
    "ProductField",
    "ProductImage",
    "ProductOption",
    "ProductVariant",
    "Record",
    "Refund",
    "RefundAdjustment",
    "RefundLine",
    "RefundPayment",
    "RefundRequest",
    "RefundShipping",
    "RequestedLine",
    "Return",
    "ReturnLine",
    "Shipment",
    "ShippingLine",
    "StockLevel",
    "Tax",
    "UnitLine",
    "VariantPrice",
]
