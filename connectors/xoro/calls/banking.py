"""Calls about money on its way to the bank: undeposited payments, bank deposits, and the general ledger to find one again.

``bankdeposit/import`` exists, its body is not public; ``payment/getundeposited`` is our assumption; of
``accounting/getgltransactions`` the parameters were seen in use (checked 2026-11-20), the members of a transaction not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connectors.xoro import wire
from connectors.xoro.client import XoroClient
from connectors.xoro.paging import Page

REFERENCES = ("RefNo", "RefNumber", "ThirdPartyRefNo")
NUMBERS = ("TxnNumber", "TxnNo", "DepositNumber")
LEDGER_PAGE = 100  # larger is refused


def undeposited_payments(client: XoroClient, currency: str, page: int) -> Page:
    """One page of the payments no bank deposit holds yet, of one currency."""
    return client.page("undeposited_payments", {"currency_code": currency}, page)


def create_bank_deposit(client: XoroClient, body: Mapping[str, Any]) -> dict[str, Any]:
    """The deposit as answered. Sent once, whatever happens."""
    return client.write("create_bank_deposit", body)


def ledger_rows(client: XoroClient, reference: str, day: date) -> tuple[list[dict[str, Any]], str]:
    """Rows of the general ledger around a day that carry this reference, and a clause on what came back."""
    asked = {
        "start_date": (day - timedelta(days=1)).isoformat(),
        "end_date": (day + timedelta(days=1)).isoformat(),
        "ref_numbers": reference,
        "page_size": LEDGER_PAGE,
        "page_number": 1,
    }
    found = client.read("gl_transactions", asked)
    rows = [row for one in found.rows for row in _transactions(one)]
    mine = [row for row in rows if reference in {wire.identifier(row.get(name)) for name in REFERENCES}]
    if mine:
        return mine, f"the general ledger has it ({len(mine)} rows)"
    if rows:
        return [], "the general ledger answered rows of other references, so it seems to ignore this filter"
    return [], "the general ledger answered with nothing, as it also does when Xoro is too busy"


def number_of(row: Mapping[str, Any]) -> str:
    """The number of the document a row of the ledger belongs to."""
    return next((text for name in NUMBERS if (text := wire.identifier(row.get(name)))), "")


def amount_of(row: Mapping[str, Any]) -> Decimal:
    """Positive: debit. Raises ``PayloadError``."""
    return wire.decimal(row.get("Amount"), "transactionList.Amount")


def _transactions(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """``Data`` is one object with the list in it; some answers are the list itself."""
    listed = data.get("transactionList")
    if listed is None:
        return [dict(data)]
    return [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
