"""The postings of the ledger that are no bank deposits: the opening balance of every account as of today, and the customer
deposits. Served with the bank's own by ``banking``."""

from __future__ import annotations

from typing import Any

from connectors.xoro.sandbox.books import Books


def postings(books: Books) -> list[dict[str, Any]]:
    """One row for each account of a transaction; positive is debit."""
    rows = [_row(books, "OPEN", name, 0.0) for name in sorted(books.accounts)]
    for deposit in books.deposits:
        rows.append(_row(books, deposit["DepositNumber"], deposit["DepositAccountName"], deposit["Amount"]))
        rows.append(_row(books, deposit["DepositNumber"], deposit["LiabilityAccountName"], -deposit["Amount"]))
    return rows


def _row(books: Books, number: str, account: str, amount: float) -> dict[str, Any]:
    day = books.now().date().isoformat()
    return {"TxnNumber": number, "RefNumber": "", "AccountName": account, "Amount": amount, "Day": day}
