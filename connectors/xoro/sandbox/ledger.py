"""The postings of the ledger, one row for each account of a transaction. Only what the hub reads: dates and accounts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox.areas import Route
from connectors.xoro.sandbox.refusal import Refused

if TYPE_CHECKING:
    from connectors.xoro.sandbox.server import XoroSandbox

MOST = 100


def get(sandbox: XoroSandbox, query: dict[str, str]) -> list[Any]:
    """The opening balance of every account as of today, then the deposits. Both dates are required."""
    try:
        first, last = (date.fromisoformat(query.get(name, "")) for name in ("start_date", "end_date"))
    except ValueError:
        raise Refused(1001, "Required field missing: start_date, end_date") from None
    if int(query.get("page_size", MOST) or MOST) > MOST:
        raise Refused(1001, "page_size must not be more than 100")
    books, today = sandbox.books, sandbox.books.now().date()
    if not first <= today <= last:
        return []
    rows = [_row("OPEN", name, 0.0) for name in sorted(books.accounts)]
    for deposit in books.deposits:
        rows.append(_row(deposit["DepositNumber"], deposit["DepositAccountName"], deposit["Amount"]))
        rows.append(_row(deposit["DepositNumber"], deposit["LiabilityAccountName"], -deposit["Amount"]))
    return rows


def _row(number: str, account: str, amount: float) -> dict[str, Any]:
    return {"TxnNumber": number, "AccountName": account, "Amount": amount}


ROUTES = {"accounting/getgltransactions": Route("GET", "gl", get)}
