"""Whether a Shopify order adds up, and what it comes to after edits and refunds.

The check sum is over what was ever ordered, on every side of it: ``quantity`` and not ``currentQuantity``, original
duties and fees and not the current ones, because ``totalPriceSet`` is that of the order before units were removed.
https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order (checked 2026-11-20). Not for reading single amounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from connectors.exceptions import PayloadError
from connectors.records import OrderLine, ShippingLine
from connectors.shopify.moneys import ZERO, Node, Purse, total_of

CHECK_STEP = "Compare the order in the shop with this event's requests; report it if the shop is right."


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Of the order as it is now. ``remark``: what is peculiar about its taxes, to be noted."""

    total: Decimal
    subtotal: Decimal
    tax: Decimal
    discount: Decimal
    tip: Decimal
    duties: Decimal
    fees: Decimal
    remark: str = ""


def totals_of(
    order: Node,
    purse: Purse,
    lines: tuple[OrderLine, ...],
    shipping: tuple[ShippingLine, ...],
    *,
    is_whole: bool,
    tax_tolerance: Decimal,
) -> Totals:
    """``lines``: those handed over. ``is_whole``: nothing was removed of what was ordered, so that the shop's own totals
    are the order's. Raises ``PayloadError`` where amounts or taxes do not add up."""
    nodes = order["lineItems"]["nodes"]
    shipping_net = total_of(line.price - line.discount for line in shipping)
    duties, fees = _duties(order, purse, "original"), _fees(order, purse, "original")
    goods = total_of(purse.amount(node["originalTotalSet"]) - purse.allocated(node) for node in nodes)
    tax = purse.amount(order["totalTaxSet"])
    added = ZERO if order["taxesIncluded"] else tax
    tip = _checked_tip(order, purse, goods + shipping_net + duties + fees + added)
    remark = _check_taxes(order, purse, tax_tolerance)
    if is_whole:
        return Totals(
            total=purse.amount(order["totalPriceSet"]), subtotal=purse.amount(order["subtotalPriceSet"]), tax=tax,
            discount=purse.amount(order["totalDiscountsSet"]), tip=tip, duties=duties, fees=fees, remark=remark,
        )  # fmt: skip
    duties, fees = _duties(order, purse, "current"), _fees(order, purse, "current")
    carried: list[OrderLine | ShippingLine] = [*lines, *shipping]
    tax_left = total_of(one.amount for line in carried for one in line.taxes)
    subtotal = total_of(line.net for line in lines)
    total = subtotal + shipping_net + duties + fees + tip + (ZERO if order["taxesIncluded"] else tax_left)
    return Totals(
        total=total, subtotal=subtotal, tax=tax_left, discount=total_of(line.discount for line in carried), tip=tip,
        duties=duties, fees=fees, remark=remark,
    )  # fmt: skip


def _duties(order: Node, purse: Purse, age: str) -> Decimal:
    return ZERO if order["dutiesIncluded"] else purse.amount(order[f"{age}TotalDutiesSet"])


def _fees(order: Node, purse: Purse, age: str) -> Decimal:
    return purse.amount(order[f"{age}TotalAdditionalFeesSet"])


def _checked_tip(order: Node, purse: Purse, parts: Decimal) -> Decimal:
    """The tip to add to ``parts``. A tip the shop also lists as a line is in there already, then it is none of its own;
    Shopify does not document when. Raises ``PayloadError`` where the sum is right neither with nor without it."""
    tip, total = purse.amount(order["totalTipReceivedSet"]), purse.amount(order["totalPriceSet"])
    if parts + tip == total:
        return tip
    if parts == total:
        return ZERO
    raise PayloadError(
        f"The amounts of order {order['name']} do not add up: lines, shipping, tip, duties, fees and tax come to "
        f"{parts + tip} {purse.currency}, the shop's total is {total} {purse.currency}.",
        next_step=CHECK_STEP,
        path="order.totalPriceSet",
        code="check_sum",
    )


def _check_taxes(order: Node, purse: Purse, tolerance: Decimal) -> str:
    """The taxes of the lines against the shop's total of taxes: rounding may differ by ``tolerance`` per line, no more.
    The lines do not say what tax lies on duties, so that of an order with duties a rest is taken for that, and told."""
    carriers = [*order["lineItems"]["nodes"], *(one for one in order["shippingLines"]["nodes"] if not one["isRemoved"])]
    found = total_of(purse.taxed(node) for node in carriers)
    total = purse.amount(order["totalTaxSet"])
    if abs(total - found) <= tolerance * max(1, len(carriers)):
        return ""
    if total > found and purse.amount(order["originalTotalDutiesSet"]):
        return (
            f"{total - found} {purse.currency} of the taxes of order {order['name']} are on none of its lines; it has "
            "duties, and the shop taxes those without saying so by line."
        )
    raise PayloadError(
        f"The taxes of order {order['name']} do not add up: those of its lines and shipping come to {found} "
        f"{purse.currency}, the shop's total of taxes is {total} {purse.currency}.",
        next_step=f"{CHECK_STEP} The setting “Tax rounding per line, hundredths” says how much they may differ.",
        path="order.totalTaxSet",
        code="tax_sum",
    )
