"""Customer deposits: money of an order before its invoice, applied to the invoices as they come."""

from __future__ import annotations

from typing import Any

from connectors.xoro.sandbox.books import Books
from connectors.xoro.sandbox.refusal import Refused

UNDEPOSITED = "Undeposited Funds"


def take(books: Books, order: dict[str, Any], amount: float, *, account: str, liability: str, **more: Any) -> Any:
    """Book a deposit of an order (negative: money paid back), and apply it where an invoice waits for it.
    ``more``: further members of the deposit."""
    header = order["SoEstimateHeader"]
    for name, value in (("DepositAccountName", account), ("LiabilityAccountName", liability)):
        if value not in books.accounts:
            raise Refused(1004, f"Account not found: {value or name}")
    deposit = {
        "Id": 3000 + len(books.deposits),
        "DepositNumber": books.number(header["SaleStoreName"], "D"),
        "OrderNumber": header["OrderNumber"],
        "Amount": amount,
        "AppliedAmount": 0.0,
        "DepositAccountName": account,
        "LiabilityAccountName": liability,
        "CurrencyCode": header["CurrencyCode"],
        "RefNo": header.get("RefNo", ""),
        "CreateDttm": books.clock.stamp(),
        **more,
    }
    books.deposits.append(deposit)
    books.deposits_by_order.setdefault(header["OrderNumber"], []).append(deposit)
    hold(books, header, amount, account)
    settle(books, header["OrderNumber"])
    return deposit


def hold(books: Books, header: dict[str, Any], amount: float, account: str) -> None:
    """What goes to Undeposited Funds waits there as a payment for a bank deposit."""
    if account != UNDEPOSITED:
        return
    books.payments.append(
        {
            "Id": 4000 + len(books.payments),
            "ChequeNo": header.get("RefNo", ""),
            "Amount": amount,
            "EntityName": header["CustomerName"],
            "EntityAccountId": header.get("CustomerId"),
            "StoreName": header["SaleStoreName"],
            "CurrencyCode": header["CurrencyCode"],
            "DepositAccountName": account,
            "IsDeposited": False,
        }
    )


def drop(books: Books, order_number: str) -> None:
    """The deposits of an order that was voided are gone, and so are their payments."""
    for deposit in books.deposits_by_order.pop(order_number, []):
        books.deposits.remove(deposit)
        row = next(
            (
                one
                for one in books.payments
                if (one["ChequeNo"], one["Amount"]) == (deposit["RefNo"], deposit["Amount"]) and not one["IsDeposited"]
            ),
            None,
        )
        if row is not None:
            books.payments.remove(row)


def unapplied(books: Books, order_number: str) -> float:
    """What the order has in deposits that no invoice has used."""
    return float(round(sum(d["Amount"] - d["AppliedAmount"] for d in books.deposits_by_order.get(order_number, [])), 2))


def settle(books: Books, order_number: str) -> None:
    """Apply deposits to the order's invoices, oldest first; one that is covered is paid from now on."""
    for invoice in books.invoices_by_order.get(order_number, []):
        header = invoice["invoiceHeader"]
        if header["StatusName"] != "Open":
            continue
        use = min(header["BalanceAmount"], max(0, unapplied(books, order_number)))
        _use(books, order_number, use)
        if use or not header["BalanceAmount"]:
            books.pay(header, use)


def _use(books: Books, order_number: str, amount: float) -> None:
    for deposit in books.deposits_by_order.get(order_number, []):
        part = min(amount, max(0, deposit["Amount"] - deposit["AppliedAmount"]))
        deposit["AppliedAmount"] = round(deposit["AppliedAmount"] + part, 2)
        amount = round(amount - part, 2)
