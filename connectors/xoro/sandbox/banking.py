"""Money on its way to the bank: undeposited payments, bank deposits, the general ledger. All but the ledger's parameters is
our assumption.

A deposit must balance, name accounts there are, take each linked payment once and carry a reference no other deposit has.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connectors.xoro.sandbox.areas import Route, fits
from connectors.xoro.sandbox.books import Refused
from connectors.xoro.sandbox.ledger import postings

if TYPE_CHECKING:
    from connectors.xoro.sandbox.books import Books
    from connectors.xoro.sandbox.server import XoroSandbox

HEADER = frozenset(
    "ThirdPartyRefNo ThirdPartySource ThirdPartyDisplayName RefNo TxnDate DepositToAccntName CurrencyCode ExchangeRate "
    "TotalAmount Memo CashBackAmount".split()
)
LINE = frozenset(
    "LineNumber Amount ChequeNo DepositFromAccntName EntityName EntityAccountId EntityTypeId EntityTypeName StoreName "
    "LinkedFlag Memo AllowDuplicateThirdPartyRefNo".split()
)
MANDATORY = ("ThirdPartyRefNo", "ThirdPartySource", "TxnDate", "DepositToAccntName", "CurrencyCode", "TotalAmount")
LINKED_BY = ("ChequeNo", "Amount", "EntityAccountId", "StoreName")
US_DAY = re.compile(r"[1-9]\d?/[1-9]\d?/\d{4}")
LARGEST_PAGE = 100

# Two payments of an earlier order, so that a payout that settles them can be deposited.
PAYMENTS: tuple[dict[str, Any], ...] = (
    {"Id": 3901, "ChequeNo": "1901", "Amount": 120.0},
    {"Id": 3902, "ChequeNo": "1901", "Amount": -20.0},
)
COMMON = {
    "EntityName": "Brook LLC", "EntityAccountId": 2, "StoreName": "Main Store", "CurrencyCode": "USD",
    "DepositAccountName": "Undeposited Funds", "IsDeposited": False,
}  # fmt: skip


def seed(books: Books) -> None:
    books.payments += [{**one, **COMMON} for one in PAYMENTS]


def undeposited(sandbox: XoroSandbox, query: dict[str, str]) -> list[Any]:
    rows = [row for row in sandbox.books.payments if not row["IsDeposited"]]
    return [row for row in rows if fits(row, query, {"currency_code": "CurrencyCode"})]


def create(sandbox: XoroSandbox, body: Any) -> Any:
    books = sandbox.books
    _check(body, {"BankDepositHeaderObj": dict, "BankDepositDetailArr": list})
    header, lines = body["BankDepositHeaderObj"], body["BankDepositDetailArr"]
    _known(header, HEADER)
    for name in MANDATORY:
        if header.get(name) in (None, ""):
            raise Refused(1001, f"Required field missing: {name}")
    if not US_DAY.fullmatch(str(header["TxnDate"])) or not isinstance(header.get("ExchangeRate") or "", str):
        raise Refused(1001, "Invalid value: TxnDate or ExchangeRate")
    if not lines:
        raise Refused(1001, "Required field missing: BankDepositDetailArr")
    for line in lines:
        _known(line, LINE)
        _account(books, line.get("DepositFromAccntName"))
    _account(books, header["DepositToAccntName"])
    total = round(sum(_amount(line.get("Amount"), "Amount") for line in lines), 2)
    if abs(total - _amount(header["TotalAmount"], "TotalAmount")) >= 0.01:
        raise Refused(1001, f"Invalid value: TotalAmount (lines come to {total})")
    reference = (header["ThirdPartySource"], str(header["ThirdPartyRefNo"]))
    if any(reference == (one["ThirdPartySource"], str(one["ThirdPartyRefNo"])) for one in _headers(books)):
        raise Refused(1005, f"Duplicate third party reference: {reference[1]}")
    taken = _linked(books, header, lines)
    for row in taken:
        row["IsDeposited"] = True
    deposit = {
        "BankDepositHeaderObj": {
            **header,
            "Id": 9000 + len(books.bank_deposits),
            "DepositNumber": books.number("Main Store", "B"),
        },
        "BankDepositDetailArr": lines,
    }
    books.bank_deposits.append(deposit)
    return deposit


def ledger(sandbox: XoroSandbox, query: dict[str, str]) -> Any:
    for name in ("start_date", "end_date"):
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", query.get(name) or ""):
            raise Refused(1001, f"Required field missing: {name}")
    if int(query.get("page_size") or LARGEST_PAGE) > LARGEST_PAGE:
        raise Refused(1001, "Invalid value: page_size")
    rows = [row for one in sandbox.books.bank_deposits for row in _booked(one)] + postings(sandbox.books)
    inside = [row for row in rows if query["start_date"] <= row.pop("Day") <= query["end_date"]]
    if any(fault["kind"] == "ignore_filters" for fault in sandbox.faults):
        found = inside
    else:
        found = [row for row in inside if fits(row, query, {"ref_numbers": "RefNumber", "txn_numbers": "TxnNumber"})]
    return {"transactionList": found, "deletedTxnNumbers": []}


def add_payment(sandbox: XoroSandbox, given: Any) -> Any:
    """``{"ChequeNo", "Amount", "count", ...}``: payments in undeposited funds, as documents of others leave them."""
    wish = dict(given)
    made = []
    for _ in range(int(wish.pop("count", 1))):
        row = {**COMMON, **wish, "Id": 500_000 + len(sandbox.books.payments)}
        sandbox.books.payments.append(row)
        made.append(row["Id"])
    return {"ids": made}


def _linked(books: Books, header: dict[str, Any], lines: list[Any]) -> list[dict[str, Any]]:
    """The undeposited payment behind each linked line. Raises ``Refused`` where there is none left."""
    free = [row for row in books.payments if not row["IsDeposited"] and row["CurrencyCode"] == header["CurrencyCode"]]
    by_key: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in free:
        key = (row["DepositAccountName"], *(row.get(name) for name in LINKED_BY))
        by_key.setdefault(key, []).append(row)
    taken = []
    for line in lines:
        if line.get("LinkedFlag") is not True:
            continue
        same = by_key.get((line.get("DepositFromAccntName"), *(line.get(name) for name in LINKED_BY)))
        if not same:
            raise Refused(1008, f"Document not found: undeposited payment {line.get('ChequeNo')} {line.get('Amount')}")
        taken.append(same.pop(0))
    return taken


def _booked(deposit: dict[str, Any]) -> list[dict[str, Any]]:
    """A deposit as rows of the ledger; positive is debit."""
    header = deposit["BankDepositHeaderObj"]
    month, day, year = header["TxnDate"].split("/")
    common = {
        "TxnNumber": header["DepositNumber"], "TxnTypeName": "Bank Deposit", "TxnDate": f"{month:>02}/{day:>02}/{year}",
        "RefNumber": header.get("RefNo", ""), "Day": f"{year}-{month:>02}-{day:>02}",
    }  # fmt: skip
    rows = [{**common, "AccountName": header["DepositToAccntName"], "Amount": header["TotalAmount"]}]
    for line in deposit["BankDepositDetailArr"]:
        rows.append({**common, "AccountName": line["DepositFromAccntName"], "Amount": -line["Amount"]})
    return rows


def _headers(books: Books) -> list[dict[str, Any]]:
    return [one["BankDepositHeaderObj"] for one in books.bank_deposits]


def _check(body: Any, shape: dict[str, type]) -> None:
    if not isinstance(body, dict) or set(body) != set(shape):
        raise Refused(1001, f"Required field missing: {', '.join(shape)}")
    for name, kind in shape.items():
        if not isinstance(body[name], kind):
            raise Refused(1001, f"Invalid value: {name}")


def _known(given: Any, names: frozenset[str]) -> None:
    if not isinstance(given, dict):
        raise Refused(1001, "Required field missing: object expected")
    if unknown := sorted(set(given) - names):
        raise Refused(1001, f"Unknown field: {unknown[0]}")


def _account(books: Books, name: Any) -> None:
    if name not in books.accounts:
        raise Refused(1004, f"Account not found: {name}")


def _amount(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(1001, f"Invalid value: {name}")
    return float(value)


ROUTES = {
    "payment/getundeposited": Route("GET", "banking", undeposited),
    "bankdeposit/import": Route("POST", "banking", create, "Bank deposit created"),
    "bankdeposit/create": Route("POST", "banking", create, "Bank deposit created"),
    "accounting/getgltransactions": Route("GET", "gl", ledger, is_paged=False),
}
CONTROL = {"POST /_sandbox/payment": add_payment}
SEED = seed
