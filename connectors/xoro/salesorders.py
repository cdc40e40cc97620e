"""From an order record to the body of ``POST salesorder/create``: pure translation, no call.

Field names: as seen in use by public clients and in the vendor's bulk template; what each setting does:
https://shop-docs.xorosoft.io/getting-started/configuring-settings/orders (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.exceptions import ConfigurationError, PayloadError
from connectors.records import Order
from connectors.xoro.customers import address_members, customer_members
from connectors.xoro.documents import third_party_source
from connectors.xoro.moneys import ZERO, total
from connectors.xoro.options import OrderOptions
from connectors.xoro.orderlines import lines_of_order, tax_items
from connectors.xoro.parts import Part, Place, amounts, sum_of, whole
from connectors.xoro.settings import XoroSettings
from connectors.xoro.settings_warehousing import wave_wishes
from connectors.xoro.wire import day_in, number, us_date, without_blanks

# What only a sales order has: an invoice is picked, packed and shipped already.
ONLY_OF_ORDERS = frozenset(
    {"AutoReleaseSalesOrder", "AutoWaveSalesOrder", "WaveAllocationCode", "AutoLockWave", "DateToBeShipped"}
)


def sales_order(
    order: Order,
    settings: XoroSettings,
    options: OrderOptions,
    *,
    origin: str = "",
    unknown_skus: frozenset[str] = frozenset(),
    part: Part | None = None,
    deposit: Mapping[str, Any] | None = None,
    terms: str = "",
) -> dict[str, Any]:
    """The request body, in plain JSON types, of the whole order or of a part of it. ``origin``: name of the shop for
    display; ``deposit``: members that take money with the order; ``terms``: payment terms in place of the connector's.
    Raises ``PayloadError`` (amounts that do not add up, a line without SKU) and ``ConfigurationError`` (an amount that
    has no SKU to go to, amounts of the wrong side where the buyer's are wanted)."""
    check_sum(order)
    _check_side(order, settings)
    one = part or whole(order)
    order = one.order
    ordered_on = day_in(order.processed_at or order.created_at, settings.api_time_zone)
    ships_on = us_date(ordered_on, settings.days_to_ship)
    common = {"DateToBeShipped": ships_on, "ProjectClassName": settings.project_class}
    header = {
        "ThirdPartyRefNo": one.reference,
        "ThirdPartyRefName": order.name,
        "ThirdPartySource": third_party_source(order, settings),
        "ThirdPartyDisplayName": options.display_name or origin,
        "ThirdPartyTotalAmount": number(order.total),
        "RefNo": ref_no(order),
        "CustomerPO": order.po_number,
        "OrderDate": us_date(ordered_on),
        "DateToBeShipped": ships_on,
        "Tags": ",".join(order.tags),
        "Memo": order.note,
        "IsOrderTaxExempt": order.is_tax_exempt or None,
        **customer_members(order, settings),
        **address_members(order),
        **_trade_members(order, settings, options, one.place, terms),
        **_shipping_members(order, settings),
        **(deposit or {}),
        **_warehouse_members(settings),
    }
    lines = lines_of_order(order, settings, unknown_skus)
    return {
        "SoEstimateHeader": without_blanks(header),
        "SoEstimateItemLineArr": [without_blanks({**line, **common}) for line in lines],
    }


def invoice_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same as an invoice: names as of a sales order, with the day of the transaction."""
    header = body["SoEstimateHeader"]
    kept = {name: value for name, value in header.items() if name not in ONLY_OF_ORDERS}
    return {
        "invoiceHeader": {**kept, "TxnDate": header["OrderDate"]},
        "invoiceItemLineArr": [
            {name: value for name, value in line.items() if name not in ONLY_OF_ORDERS}
            for line in body["SoEstimateItemLineArr"]
        ],
    }


def ref_no(order: Order) -> str:
    """The order's number as people see it, without the sign before it."""
    return order.number.lstrip("#")


def check_sum(order: Order) -> None:
    """Everything that is sent must add up to what the customer owes; otherwise we misread the order. Raises
    ``PayloadError`` with the parts."""
    found = sum_of(order)
    if found != order.total:
        listed = ", ".join(f"{name} {amount}" for name, amount in amounts(order).items() if amount)
        raise PayloadError(
            f"Order {order.name} does not add up: {listed or 'nothing'} make {found} {order.currency}, but its total "
            f"is {order.total} {order.currency}.",
            path="total",
        )


def _check_side(order: Order, settings: XoroSettings) -> None:
    """With multi-currency support the buyer's amounts are wanted. Raises ``ConfigurationError`` for the shop's."""
    is_of_shop = order.other_currency and order.currency == settings.default_currency
    if settings.third_party_multi_currency and is_of_shop:
        raise ConfigurationError(
            f"Order {order.name} came in the shop's currency {order.currency}; multi-currency support wants the buyer's, "
            f"{order.other_currency}.",
            code="third_party_multi_currency",
            next_step="Let the shop's connector read amounts in the buyer's currency, synchronize the order again; or "
            "switch multi-currency support off on this connector's page.",
        )


def _trade_members(
    order: Order, settings: XoroSettings, options: OrderOptions, place: Place, terms: str
) -> dict[str, Any]:
    currency = order.currency or settings.default_currency
    location = place.store_location if place.store else settings.ship_location
    return {
        "SaleStoreName": options.sale_store or settings.sale_store,
        "StoreName": place.store or options.ship_store or settings.ship_store,
        "DefaultLocationName": location,
        "CurrencyCode": currency,
        "ExchangeRate": _exchange_rate(order, settings),
        "OrderTypeName": settings.order_type,
        "PaymentTermsName": terms or settings.payment_terms,
        "SalesRepId": settings.sales_rep,
        # The shop's taxes and prices stand as they are.
        "ReCalcTaxesFlag": False,
        "ReCalculateTaxes": False,
        "ReCalcShippingTaxesFlag": False,
    }


def _shipping_members(order: Order, settings: XoroSettings) -> dict[str, Any]:
    taxes = [tax for line in order.shipping_lines for tax in line.taxes]
    cost = total(line.price - line.discount for line in order.shipping_lines)
    if order.prices_include_tax:
        cost -= total(tax.amount for tax in taxes)
    country = order.shipping_address.country_code if order.shipping_address else ""
    return {
        "ShippingCost": number(cost),
        "ShippingTaxItems": tax_items(taxes),
        "ExpenseShippingAccntName": settings.shipping_expense_account if cost else "",
        "CarrierName": settings.carrier,
        "ShipServiceName": (settings.service_by_country or {}).get(country) or settings.ship_service,
        "ShippingTermsName": settings.shipping_terms,
    }


def _warehouse_members(settings: XoroSettings) -> dict[str, Any]:
    code = (settings.wave_codes or {}).get(settings.wave_method) if settings.auto_wave else None
    return {
        "AutoReleaseSalesOrder": settings.auto_release,
        "AutoWaveSalesOrder": settings.auto_wave,
        "WaveAllocationCode": code,
        "AutoLockWave": True if settings.auto_wave and settings.lock_wave else None,
        **{name: True for one in wave_wishes(settings) if (name := settings.wave_names.get(one))},
    }


def _exchange_rate(order: Order, settings: XoroSettings) -> int | float | None:
    """Of the order's currency to that of the books: 1 where they are the same; what the shop reckoned with where the
    order carries it and the buyer's amounts are wanted; else none, because Xoro knows the rate."""
    books = settings.default_currency
    if (order.currency or books) == books:
        return 1
    if settings.third_party_multi_currency and order.other_currency == books and order.exchange_rate > ZERO:
        return number(order.exchange_rate)
    return None
