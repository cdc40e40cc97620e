"""From a planned credit memo to the body of ``POST creditmemo/import``: pure translation, no call.

Members as in an API guide the vendor gave a customer (June 2026), the lines' list spelled with a final y there. Names that
are in no guide (type, accounts) are the connector's setting ``credit_memo_names``, and can be left out by it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.exceptions import ConfigurationError, PayloadError
from connectors.xoro import wire
from connectors.xoro.creditables import Invoice, InvoiceLine
from connectors.xoro.creditplans import DIRECT, Part, Units, return_location
from connectors.xoro.credits import Credit, Goods
from connectors.xoro.documents import third_party_source
from connectors.xoro.moneys import smallest_unit
from connectors.xoro.options import CreditOptions
from connectors.xoro.settings import XoroSettings
from connectors.xoro.wire import number, without_blanks

CENT = Decimal("0.01")
PRECISION = Decimal("0.000001")  # of prices we work out ourselves
ZERO = Decimal(0)
NOTES = {
    (DIRECT, True): "returned and restocked",
    (DIRECT, False): "returned, not restocked",
}
EXPECTED = "expected by ASN"
PERCENTAGE = 10  # DiscountTypeId of the guide's sample
# What a connector calls the members no guide lists.
TYPE, OFFSET, RECEIVABLE, LIABILITY, UNIT_PRICE = "type", "refund_offset", "receivable", "liability", "unit_price"
BALANCE = "balance"  # of an answer, and of an invoice as well
NAMES = {
    TYPE: "CreditMemoTypeName",
    OFFSET: "RefundOffsetAccountName",
    RECEIVABLE: "AccountReceivableName",
    LIABILITY: "LiabilityAccountName",
    UNIT_PRICE: "",
    BALANCE: "BalanceAmount",
}


def credit_memo(
    credit: Credit,
    part: Part,
    invoice: Invoice | None,
    settings: XoroSettings,
    options: CreditOptions,
    *,
    is_first: bool,
    origin: str = "",
) -> dict[str, Any]:
    """The request body, in plain JSON types. ``is_first``: the part that carries shipping and duties; ``origin``: name of
    the shop for display. Raises ``ConfigurationError`` (money that has no SKU or account to go to) and ``PayloadError``
    (nobody is named)."""
    goods = {one.id: one for one in credit.goods}
    lines = [_line(goods[units.goods_id], units, part, invoice, settings) for units in part.units]
    duty = invoice.line_of(settings.duty_sku) if invoice and is_first and credit.duties and settings.duty_sku else None
    if duty is not None:
        lines.append(_plain_line(settings.duty_sku, "Duties", Decimal(1), duty))
    header = {
        "ThirdPartyRefNo": part.reference,
        "ThirdPartySource": third_party_source(credit, settings),
        "ThirdPartyDisplayName": options.display_name or origin,
        "ThirdPartyNotes": credit.notes,
        "ExchangedGiftCardItem": credit.exchange_item or None,
        "TxnDate": wire.long_date(credit.moment, settings.api_time_zone),
        "CustomerName": _customer(credit, invoice, settings),
        "StoreName": part.store,
        "SaleStoreName": (invoice.sale_store if invoice else "") or options.sale_store or settings.sale_store,
        "InvoiceNumber": part.invoice,
        "CurrencyCode": credit.currency,
        "RefNo": credit.order_number.lstrip("#"),
        **(_shipping_members(credit, settings) if is_first else {}),
        **_money_members(credit, part, invoice, duty, settings, is_first=is_first),
        **named(settings, TYPE, part.kind if settings.send_cm_type else ""),
        **named(settings, OFFSET, _offset_account(credit, settings)),
        **named(settings, RECEIVABLE, settings.exchange_gift_card_account if credit.exchange_item else ""),
    }
    return {"creditMemoHeader": without_blanks(header), "creditMemoItemLineArry": lines}


def named(settings: XoroSettings, meaning: str, value: str) -> dict[str, str]:
    """A member no guide lists, under the name the connector gives it; nothing where it has none."""
    name = member(settings, meaning)
    return {name: value} if name and value else {}


def member(settings: XoroSettings, meaning: str) -> str:
    """What the tenant calls a member no guide lists; empty where it is not sent."""
    return {**NAMES, **settings.credit_memo_names}[meaning]


def _line(goods: Goods, units: Units, part: Part, invoice: Invoice | None, settings: XoroSettings) -> dict[str, Any]:
    quantity = Decimal(units.quantity)
    sold = invoice.line_of(units.sold_as) if invoice else None
    note = NOTES.get((part.kind, goods.is_restocked), EXPECTED)
    line = _plain_line(units.item, goods.title, quantity, sold, "" if goods.is_gift_card else note)
    # Where stock changes at once; empty where nothing goes back on the shelf, or an ASN will bring it.
    if part.kind == DIRECT and goods.is_restocked and not goods.is_gift_card:
        location = return_location(goods, settings)
        line["InventoryLocChangeList"] = [without_blanks({"LocationName": location, "DeltaQty": number(quantity)})]
    price_name = member(settings, UNIT_PRICE)
    if price_name and goods.value:
        line[price_name] = number((goods.value / goods.quantity).quantize(PRECISION))
    return line


def _plain_line(item: str, title: str, quantity: Decimal, sold: InvoiceLine | None, note: str = "") -> dict[str, Any]:
    """A line at the price and discount of the invoice: the import takes no price."""
    discount = sold.discount if sold else ZERO
    return {
        "ItemNumber": item,
        "Description": title,
        "ReturnNotes": note,
        "Qty": number(quantity),
        "DiscountTypeId": PERCENTAGE,
        "Discount": number(discount),
        "InventoryLocChangeList": [],
    }


def _shipping_members(credit: Credit, settings: XoroSettings) -> dict[str, Any]:
    if not credit.shipping:
        return {"ShippingCreditAmount": 0}
    if not settings.shipping_expense_account:
        raise ConfigurationError(
            f"{credit.what} gives back {credit.shipping} {credit.currency} of shipping, and no shipping expense account "
            "is set to take them from.",
            next_step="Name the shipping expense account on the connector's page, then press Retry.",
        )
    return {
        "ShippingCreditAmount": number(credit.shipping),
        "ExpenseShippingAccntName": settings.shipping_expense_account,
    }


def _money_members(
    credit: Credit, part: Part, invoice: Invoice | None, duty: InvoiceLine | None, settings: XoroSettings,
    *, is_first: bool,
) -> dict[str, Any]:  # fmt: skip
    """The money of a memo, and the SKU that takes what lies between it and the value of its lines."""
    if not part.total:
        return {}
    total = Decimal(part.total)
    if not settings.adjust_sku:
        _check_balanced(credit, part, invoice, duty, total, is_first=is_first)
    return {
        "ThirdPartyTotalRefundAmount": number(total),
        "ThirdPartyAdjustTotalFlag": bool(settings.adjust_sku),
        "ThirdPartyAdjSku": settings.adjust_sku,
    }


def _check_balanced(
    credit: Credit, part: Part, invoice: Invoice | None, duty: InvoiceLine | None, total: Decimal, *, is_first: bool
) -> None:
    """Raises ``ConfigurationError`` where the money is not what the goods were sold for, and nothing may take the rest."""
    goods = {one.id: one for one in credit.goods}
    value = sum(
        (goods[one.goods_id].value * Decimal(one.quantity) / goods[one.goods_id].quantity for one in part.units), ZERO
    )
    value += credit.shipping_gross if is_first else ZERO
    value += duty.unit_price if duty else ZERO
    if (
        invoice is not None
        and abs(value - total) < smallest_unit(credit.currency)
        and all(goods[one.goods_id].value for one in part.units)
    ):
        return
    worth = f"goods and shipping are worth {value:.2f}" if invoice is not None else "there is no invoice to price it by"
    raise ConfigurationError(
        f"{credit.what} gives back {total} {credit.currency}, but {worth}, and no SKU is set that takes the difference.",
        code="adjust_sku",
        next_step="Set the refund adjustment SKU (adjust_sku) on the connector's page, then press Retry.",
    )


def _offset_account(credit: Credit, settings: XoroSettings) -> str:
    """In the currency of the books the rate never moves."""
    return "" if credit.currency == settings.default_currency else settings.refund_offset_account


def _customer(credit: Credit, invoice: Invoice | None, settings: XoroSettings) -> str:
    if invoice is not None and invoice.customer:
        return invoice.customer
    name = settings.customer_name if settings.customer_mode == "single" else credit.customer_name
    if not name:
        raise PayloadError(
            f"{credit.what} names no customer, and Xoro credits nobody.",
            path="customer_name",
            next_step="Add a customer to the order in the shop, or let all orders go to one fixed Xoro customer.",
        )
    return name
