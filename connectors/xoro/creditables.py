"""What of an order can be credited: the lines of its invoices, and which of them the goods that came back are on.

A split order has an invoice for each part, an order shipped in pieces one for each piece: goods are credited against the
invoice they were shipped on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.exceptions import PayloadError
from connectors.xoro import wire
from connectors.xoro.calls.creditmemos import find_invoices
from connectors.xoro.credits import Credit, Goods
from connectors.xoro.documents import INVOICE, Document

if TYPE_CHECKING:
    from connectors.run import Run

ZERO = Decimal(0)
NOTHING_SHIPPED = ("Open", "Released", "Cancelled")  # statuses of a sales order


@dataclass(frozen=True, kw_only=True)
class InvoiceLine:
    item: str
    quantity: Decimal
    order_line_id: str = ""
    unit_price: Decimal = ZERO
    discount: Decimal = ZERO  # as Xoro answers it: of the kind the order was sent with


@dataclass(frozen=True, kw_only=True)
class Invoice:
    number: str
    store: str = ""
    sale_store: str = ""
    customer: str = ""
    currency: str = ""  # empty where Xoro does not say
    lines: tuple[InvoiceLine, ...] = ()
    order_lines: frozenset[str] = frozenset()  # lines of the shop's order on the document it belongs to, where known

    def line_of(self, item: str) -> InvoiceLine | None:
        return next((one for one in self.lines if one.item == item), None)


@dataclass(frozen=True, kw_only=True)
class Share:
    """Units of ``goods`` that are credited against one invoice, as ``item``; ``sold_as``: the item that stands on the
    invoice. ``invoice`` is empty where there is none to credit against."""

    goods: Goods
    item: str
    sold_as: str
    quantity: Decimal
    invoice: str = ""

    @property
    def value(self) -> Decimal:
        return self.goods.value * self.quantity / self.goods.quantity


@dataclass(frozen=True, kw_only=True)
class Invoiced:
    """Invoices of an order's documents. ``names``: what Xoro calls the lines of the order, where it was asked."""

    documents: Sequence[Document]
    invoices: Sequence[Invoice]
    names: dict[str, str] = field(default_factory=dict)


def read_invoices(run: Run, source: str, documents: Iterable[Document]) -> Invoiced:
    """Every invoice of the documents that is not void, oldest document first. Raises what a read raises, and ``PayloadError``."""
    alive = [one for one in documents if not one.is_cancelled]
    invoices: dict[str, Invoice] = {}
    for one in alive:
        rows = find_invoices(run.client, source, one.reference, one.so_number, run.settings.invoice_statuses)
        rows = [row for row in rows if not wire.has_status(row, run.settings.void_statuses)]
        invoices |= {found.number: found for row in rows if (found := _invoice(row, one)).number}
    return Invoiced(documents=alive, invoices=list(invoices.values()))


def is_unshipped(run: Run, documents: Iterable[Document]) -> bool:
    """Whether Xoro says of every document that nothing of it has left; an order that cannot be read says nothing."""
    for one in documents:
        row = run.client.get_sales_order(one.number) if one.kind != INVOICE else None
        if row is None or has_left(row):
            return False
    return True


def has_left(order: dict[str, Any]) -> bool:
    """Whether Xoro's sales order says that something of it has shipped."""
    if wire.header_of(order).get("StatusName") not in NOTHING_SHIPPED:
        return True
    return any(wire.decimal(line.get("QtyShipped"), "QtyShipped") for line in wire.lines_of(order))


def allocate(
    run: Run, credit: Credit, invoiced: Invoiced, used: Mapping[tuple[str, str], Decimal]
) -> tuple[list[Share], list[tuple[Goods, Decimal]]]:
    """The goods on the invoices they were shipped on, and what is on none: (goods, units). ``used``: units that earlier
    credits took, by invoice and item. Raises ``PayloadError`` for goods without SKU that nothing stands in for."""
    left = _left(invoiced, used)
    shares: list[Share] = []
    rest: list[tuple[Goods, Decimal]] = []
    for goods in credit.goods:
        if goods.was_shipped is False:
            rest.append((goods, goods.quantity))
            continue
        sold_as = _sold_as(run, goods, invoiced)
        item = sold_as if goods.sku else run.settings.return_sku or sold_as
        open_units = goods.quantity
        for invoice in _by_fitness(invoiced.invoices, goods, sold_as, left):
            units = min(open_units, left[invoice.number, sold_as])
            if units > 0:
                shares.append(Share(goods=goods, item=item, sold_as=sold_as, quantity=units, invoice=invoice.number))
                left[invoice.number, sold_as] -= units
                open_units -= units
        if open_units and not sold_as and invoiced.invoices:
            if not item:
                raise without_sku(credit, goods)
            first = invoiced.invoices[0].number
            shares.append(Share(goods=goods, item=item, sold_as=item, quantity=open_units, invoice=first))
        elif open_units:
            rest.append((goods, open_units))
    return shares, rest


def _by_fitness(
    invoices: Iterable[Invoice], goods: Goods, sold_as: str, left: Mapping[tuple[str, str], Decimal]
) -> list[Invoice]:
    """Those of the document the goods' line stands in first; of these, one that takes all of them before others: one memo
    is easier to follow than two."""

    def rank(one: Invoice) -> tuple[bool, bool]:
        return goods.order_line_id not in one.order_lines, left[one.number, sold_as] < goods.quantity

    return sorted(invoices, key=rank)


def without_invoice(run: Run, credit: Credit) -> list[Share]:
    """The goods of an order Xoro never had, as a credit without invoice."""
    shares = []
    for goods in credit.goods:
        if goods.was_shipped is False:
            continue
        item = goods.sku or (run.settings.gift_card_sku if goods.is_gift_card else "") or run.settings.return_sku
        if not item:
            raise without_sku(credit, goods)
        shares.append(Share(goods=goods, item=item, sold_as=item, quantity=goods.quantity))
    return shares


def without_sku(credit: Credit, goods: Goods) -> PayloadError:
    return PayloadError(
        f"{credit.what} gives back “{goods.title}”, which has no SKU, and no return SKU is set.",
        path="lines.sku",
        next_step="Give the product a SKU in the shop, or set the return SKU on the connector's page, then press Retry.",
    )


def _left(invoiced: Invoiced, used: Mapping[tuple[str, str], Decimal]) -> dict[tuple[str, str], Decimal]:
    left: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for invoice in invoiced.invoices:
        for line in invoice.lines:
            left[invoice.number, line.item] += line.quantity
    for key, quantity in used.items():
        left[key] -= quantity
    return left


def _sold_as(run: Run, goods: Goods, invoiced: Invoiced) -> str:
    """The item the goods stand under on an invoice, empty where that cannot be found out: their SKU, unless another one
    (the default SKU) stood in for it in the order."""
    lines = [line for invoice in invoiced.invoices for line in invoice.lines]
    named = next((one.item for one in lines if goods.order_line_id and one.order_line_id == goods.order_line_id), "")
    if named:
        return named
    items = {one.item for one in lines}
    if goods.sku in items:
        return goods.sku
    if goods.is_gift_card and run.settings.gift_card_sku in items:
        return str(run.settings.gift_card_sku)
    if not invoiced.names:
        invoiced.names.update(_names(run, invoiced.documents))
    return invoiced.names.get(goods.order_line_id, goods.sku)


def _names(run: Run, documents: Iterable[Document]) -> dict[str, str]:
    """What the sales orders call each line of the shop's order; asked once for one credit."""
    found = {"": ""}
    for one in documents:
        row = run.client.get_sales_order(one.number) if one.kind != INVOICE else None
        for line in wire.lines_of(row):
            found[wire.identifier(line.get("ThirdPartyRefNo2"))] = wire.identifier(line.get("ItemNumber"))
    return found


def _invoice(row: dict[str, Any], document: Document) -> Invoice:
    header = wire.header_of(row)
    return Invoice(
        number=wire.identifier(header.get("InvoiceNumber")),
        store=wire.identifier(header.get("StoreName")),
        sale_store=wire.identifier(header.get("SaleStoreName")),
        customer=wire.identifier(header.get("CustomerName")),
        currency=wire.identifier(header.get("CurrencyCode")),
        lines=tuple(
            InvoiceLine(
                item=wire.identifier(line.get("ItemNumber")),
                quantity=wire.decimal(line.get("QtyInvoiced") or line.get("Qty"), "Qty"),
                order_line_id=wire.identifier(line.get("ThirdPartyRefNo2")),
                unit_price=wire.decimal(line.get("UnitPrice"), "UnitPrice"),
                discount=wire.decimal(line.get("Discount"), "Discount"),
            )
            for line in wire.lines_of(row)
        ),
        order_lines=frozenset(document.lines),
    )
