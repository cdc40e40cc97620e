"""From an order record to the body of ``POST salesorder/create``: pure translation, no call.

Field names: as seen in use by public clients and in the vendor's bulk template; what each setting does:
https://shop-docs.xorosoft.io/getting-started/configuring-settings/orders (checked 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from connectors.exceptions import ConfigurationError, PayloadError
from connectors.records import Order, OrderLine, Payment, Tax
from connectors.xoro.customers import address_members, customer_members
from connectors.xoro.documents import third_party_source
from connectors.xoro.options import OrderOptions
from connectors.xoro.settings import XoroSettings
from connectors.xoro.wire import day_in, number, us_date, without_blanks

SKU_CODE = 1  # ItemIdentifierCode: ItemNumber holds a SKU (2 would be a UPC)
GIFT_CARD = "gift_card"
PRECISION = Decimal("0.000001")  # of prices and percentages we work out ourselves
ZERO = Decimal(0)


def sales_order(
    order: Order,
    settings: XoroSettings,
    options: OrderOptions,
    *,
    origin: str = "",
    unknown_skus: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The request body, in plain JSON types. ``origin``: name of the shop for display; ``unknown_skus``: SKUs that Xoro
    does not know and that the default SKU stands in for. Raises ``PayloadError`` (amounts that do not add up, a line
    without SKU) and ``ConfigurationError`` (an amount that has no SKU to go to)."""
    check_sum(order)
    ordered_on = day_in(order.processed_at or order.created_at, settings.api_time_zone)
    ships_on = us_date(ordered_on, settings.days_to_ship)
    lines = [
        _line(order, line, _sku(order, index, settings, unknown_skus), settings)
        for index, line in enumerate(order.lines)
        if line.quantity
    ]
    if not lines:
        raise PayloadError(f"Order {order.name} has no lines.", path="lines")
    lines += _extra_lines(order, settings)
    common = {"DateToBeShipped": ships_on, "ProjectClassName": settings.project_class}
    header = {
        "ThirdPartyRefNo": order.id,
        "ThirdPartyRefName": order.name,
        "ThirdPartySource": third_party_source(order, settings),
        "ThirdPartyDisplayName": options.display_name or origin,
        "ThirdPartyTotalAmount": number(order.total),
        "RefNo": order.number.lstrip("#"),
        "CustomerPO": order.po_number,
        "OrderDate": us_date(ordered_on),
        "DateToBeShipped": ships_on,
        "Tags": ",".join(order.tags),
        "Memo": order.note,
        "IsOrderTaxExempt": order.is_tax_exempt or None,
        **customer_members(order, settings),
        **address_members(order),
        **_trade_members(order, settings, options),
        **_shipping_members(order, settings),
        **_deposit_members(order, settings),
        **_warehouse_members(settings),
    }
    return {
        "SoEstimateHeader": without_blanks(header),
        "SoEstimateItemLineArr": [without_blanks({**line, **common}) for line in lines],
    }


def check_sum(order: Order) -> None:
    """Everything that is sent must add up to what the customer owes; otherwise we misread the order. Raises
    ``PayloadError`` with the parts."""
    parts = {
        "lines": sum((line.net for line in order.lines), ZERO),
        "shipping": sum((line.price - line.discount for line in order.shipping_lines), ZERO),
        "tip": order.tip,
        "duties": order.duties,
        "fees": order.fees,
        "tax": ZERO if order.prices_include_tax else order.total_tax,
    }
    found = sum(parts.values(), ZERO)
    if found != order.total:
        listed = ", ".join(f"{name} {amount}" for name, amount in parts.items() if amount)
        raise PayloadError(
            f"Order {order.name} does not add up: {listed or 'nothing'} make {found} {order.currency}, but its total "
            f"is {order.total} {order.currency}.",
            path="total",
        )


def gift_card_paid(order: Order) -> Decimal:
    """What was paid with gift cards; not part of the deposit, because Xoro holds it as a credit of its own kind."""
    return sum((p.amount for p in _received(order) if p.gateway == GIFT_CARD), ZERO)


def _trade_members(order: Order, settings: XoroSettings, options: OrderOptions) -> dict[str, Any]:
    currency = order.currency or settings.default_currency
    return {
        "SaleStoreName": options.sale_store or settings.sale_store,
        "StoreName": options.ship_store or settings.ship_store,
        "DefaultLocationName": settings.ship_location,
        "CurrencyCode": currency,
        "ExchangeRate": 1 if currency == settings.default_currency else None,  # else Xoro knows the rate
        "OrderTypeName": settings.order_type,
        "PaymentTermsName": settings.payment_terms,
        "SalesRepId": settings.sales_rep,
        # The shop's taxes and prices stand as they are.
        "ReCalcTaxesFlag": False,
        "ReCalculateTaxes": False,
        "ReCalcShippingTaxesFlag": False,
    }


def _shipping_members(order: Order, settings: XoroSettings) -> dict[str, Any]:
    taxes = [tax for line in order.shipping_lines for tax in line.taxes]
    cost = sum((line.price - line.discount for line in order.shipping_lines), ZERO)
    if order.prices_include_tax:
        cost -= sum((tax.amount for tax in taxes), ZERO)
    country = order.shipping_address.country_code if order.shipping_address else ""
    return {
        "ShippingCost": number(cost),
        "ShippingTaxItems": _tax_items(taxes),
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
    }


def _deposit_members(order: Order, settings: XoroSettings) -> dict[str, Any]:
    """What the shop holds of the customer's money: received minus given back, gift cards left out."""
    if not settings.record_payments:
        return {}
    received = [payment for payment in _received(order) if payment.gateway != GIFT_CARD]
    given_back = [p for p in order.payments if p.kind in ("refund", "change") and p.status == "success"]
    amount = sum((p.amount for p in received), ZERO)
    amount -= sum((p.amount for p in given_back if p.gateway != GIFT_CARD), ZERO)
    if amount <= 0:
        return {}
    gateways = {p.gateway for p in received}
    row = next((row for row in settings.gateway_map or () if row.get("gateway") in gateways), {})
    return {
        "DepositAmount": number(amount),
        "DepositAccountName": row.get("account") or settings.payment_account,
        "LiabilityAccountName": settings.liability_account,
        "PaymentMethodName": row.get("method", ""),
        "AutoDepositTotalAmount": "N",
    }


def _received(order: Order) -> list[Payment]:
    """Money that arrived; test payments count on test orders only."""
    kinds = ("sale", "capture")
    arrived = (p for p in order.payments if p.kind in kinds and p.status == "success")
    return [p for p in arrived if order.is_test or not p.is_test]


def _sku(order: Order, index: int, settings: XoroSettings, unknown_skus: frozenset[str]) -> str:
    line = order.lines[index]
    if line.sku and line.sku not in unknown_skus:
        return line.sku
    if settings.default_sku:
        return settings.default_sku
    raise PayloadError(
        f"Line {index + 1} (“{line.title}”) of order {order.name} has no SKU, and no default SKU is set.",
        path=f"lines[{index}].sku",
        next_step="Give the product a SKU in the shop, or set the default SKU of the connector, then press Retry.",
    )


def _line(order: Order, line: OrderLine, sku: str, settings: XoroSettings) -> dict[str, Any]:
    unit_price = _price_without_tax(line) if order.prices_include_tax else line.unit_price
    gross = line.unit_price * line.quantity
    discount = line.discount if gross else ZERO
    if settings.discount_type == "percentage" and discount:
        discount = (discount / gross * 100).quantize(PRECISION)
    elif order.prices_include_tax and discount:
        discount = (unit_price * line.quantity - (line.net - _amount(line.taxes))).quantize(PRECISION)
    return {
        "ItemNumber": sku,
        "ItemIdentifierCode": SKU_CODE,
        "Description": line.title,
        "UnitPrice": number(unit_price),
        "Qty": number(line.quantity),
        "Discount": number(discount),
        "DiscountTypeName": settings.discount_type,
        "ThirdPartyRefNo2": line.id,
        "TaxItems": _tax_items(line.taxes),
        "Notes": "; ".join(f"{name}: {value}" for name, value in line.attributes),
    }


def _price_without_tax(line: OrderLine) -> Decimal:
    """Xoro adds taxes to prices, so that a price that includes them is sent without: the tax of the discounted line
    is spread over the price before discount in proportion."""
    share = (
        (line.net - _amount(line.taxes)) / line.net if line.net else 1 / (1 + sum((t.rate for t in line.taxes), ZERO))
    )
    return (line.unit_price * share).quantize(PRECISION)


def _tax_items(taxes: Iterable[Tax]) -> list[dict[str, Any]]:
    """Name and rate in percent, each once; taxes that came to nothing are left out."""
    rates = dict.fromkeys((tax.title, tax.rate) for tax in taxes if tax.amount)
    return [
        {"Name": title, "Rate": number((rate * 100).quantize(PRECISION)), "RateType": "percentage"}
        for title, rate in rates
    ]


def _amount(taxes: Iterable[Tax]) -> Decimal:
    return sum((tax.amount for tax in taxes), ZERO)


def _extra_lines(order: Order, settings: XoroSettings) -> list[dict[str, Any]]:
    """Tip, duties and fees as lines of their own SKU. Raises ``ConfigurationError``: money is never left out."""
    wanted = (
        ("Tip", order.tip, settings.tip_sku if settings.tips_enabled else "", "tips and the tip SKU"),
        ("Duties", order.duties, settings.duty_sku, "the duty SKU"),
        ("Fees", order.fees, settings.fee_sku, "the fee SKU"),
    )
    lines = []
    for title, amount, sku, missing in wanted:
        if not amount:
            continue
        if not sku:
            raise ConfigurationError(
                f"Order {order.name} has {title.lower()} of {amount} {order.currency}, and Xoro needs a SKU for them.",
                next_step=f"Set {missing} on the connector's page, then press Retry.",
            )
        price = number(amount)
        lines.append(
            {"ItemNumber": sku, "ItemIdentifierCode": SKU_CODE, "Description": title, "UnitPrice": price, "Qty": 1}
        )
    return lines
