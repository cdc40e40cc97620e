"""The lines of a sales order or invoice: goods, and tip, duties and fees as lines of their own SKU. Pure translation."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from connectors.exceptions import ConfigurationError, PayloadError
from connectors.records import Order, OrderLine, Tax
from connectors.xoro.moneys import ZERO, total
from connectors.xoro.settings import XoroSettings
from connectors.xoro.wire import number

SKU_CODE = 1  # ItemIdentifierCode: ItemNumber holds a SKU (2 would be a UPC)
PRECISION = Decimal("0.000001")  # of prices and percentages we work out ourselves
NOBODY: frozenset[str] = frozenset()


def lines_of_order(order: Order, settings: XoroSettings, unknown_skus: frozenset[str] = NOBODY) -> list[dict[str, Any]]:
    """``unknown_skus``: SKUs that Xoro does not know and that the default SKU stands in for. Raises ``PayloadError`` (a
    line without SKU, no lines) and ``ConfigurationError`` (an amount that has no SKU to go to)."""
    lines = [
        _line(order, line, _sku(order, index, settings, unknown_skus), settings)
        for index, line in enumerate(order.lines)
        if line.quantity
    ]
    if not lines:
        raise PayloadError(f"Order {order.name} has no lines.", path="lines")
    return lines + _extra_lines(order, settings)


def _sku(order: Order, index: int, settings: XoroSettings, unknown_skus: frozenset[str]) -> str:
    line = order.lines[index]
    if line.is_gift_card and settings.gift_cards_enabled:
        return settings.gift_card_sku  # its income account is the liability account, so that no revenue is booked
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
        discount = (unit_price * line.quantity - (line.net - _tax_of(line.taxes))).quantize(PRECISION)
    bundle = [f"Bundle: {line.bundle_title}"] if line.bundle_title else []
    return {
        "ItemNumber": sku,
        "ItemIdentifierCode": SKU_CODE,
        "Description": line.title,
        "UnitPrice": number(unit_price),
        "Qty": number(line.quantity),
        "Discount": number(discount),
        "DiscountTypeName": settings.discount_type,
        "ThirdPartyRefNo2": line.id,
        "TaxItems": tax_items(line.taxes),
        "Notes": "; ".join([*bundle, *(f"{name}: {value}" for name, value in line.attributes)]),
    }


def _price_without_tax(line: OrderLine) -> Decimal:
    """Xoro adds taxes to prices, so that a price that includes them is sent without: the tax of the discounted line
    is spread over the price before discount in proportion."""
    share = (
        (line.net - _tax_of(line.taxes)) / line.net if line.net else 1 / (1 + sum((t.rate for t in line.taxes), ZERO))
    )
    return (line.unit_price * share).quantize(PRECISION)


def tax_items(taxes: Iterable[Tax]) -> list[dict[str, Any]]:
    """Name and rate in percent, each once; taxes that came to nothing are left out."""
    rates = dict.fromkeys((tax.title, tax.rate) for tax in taxes if tax.amount)
    return [
        {"Name": title, "Rate": number((rate * 100).quantize(PRECISION)), "RateType": "percentage"}
        for title, rate in rates
    ]


def _tax_of(taxes: Iterable[Tax]) -> Decimal:
    return total(tax.amount for tax in taxes)


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
