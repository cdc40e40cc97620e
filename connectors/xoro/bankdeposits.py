"""A planned bank deposit as the body of ``POST bankdeposit/import``, and as a table for people.

Members as in the ERP's own deposit object, accounts by name instead of id (checked 2026-11-20): not confirmed by the vendor.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from typing import Any

from connectors.records import Payout
from connectors.xoro.documents import third_party_source
from connectors.xoro.moneys import smallest_unit
from connectors.xoro.payoutlines import DepositLine, Plan
from connectors.xoro.settings import XoroSettings
from connectors.xoro.wire import day_in, number, without_blanks

ENTITY_IS_CUSTOMER = 10  # EntityTypeId seen on every row
HEADINGS = ("Line", "What", "Order", "Sales order in Xoro", "Amount", "From account", "Remark")
UNBALANCED = "no undeposited payment in Xoro"
NOT_SENT = "not sent by the hub"
NOT_MATCHED, NO_ACCOUNT = "Not matched", "account not set"
IN_BALANCE, UNEXPLAINED = "in balance", "not explained by the lines"
TONES = {NOT_MATCHED: "bad", NO_ACCOUNT: "bad", UNEXPLAINED: "bad", NOT_SENT: "warn", IN_BALANCE: "good"}
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*")


def deposit_body(
    payout: Payout, plan: Plan, settings: XoroSettings, *, bank_account: str, origin: str
) -> dict[str, Any]:
    """The request body in plain JSON types; ``plan`` is balanced."""
    day = day_in(payout.issued_at, settings.api_time_zone)
    header = {
        "ThirdPartyRefNo": payout.id,
        "ThirdPartySource": third_party_source(payout, settings),
        "ThirdPartyDisplayName": origin,
        "RefNo": payout.number,
        "TxnDate": f"{day.month}/{day.day}/{day.year}",
        "DepositToAccntName": bank_account,
        "CurrencyCode": plan.currency,
        "ExchangeRate": "1" if plan.currency == settings.default_currency.upper() else None,  # else Xoro knows the rate
        "TotalAmount": number(plan.net),
        "Memo": memo(payout),
    }
    lines = [_line(place, line) for place, line in enumerate(plan.lines, 1)]
    return {"BankDepositHeaderObj": without_blanks(header), "BankDepositDetailArr": lines}


def memo(payout: Payout) -> str:
    trace = f", bank trace {payout.trace_id}" if payout.trace_id else ""
    return f"Payout {payout.number} of {payout.issued_at:%Y-%m-%d}{trace}"


def review_table(payout: Payout, plan: Plan, sales_orders: Mapping[str, str], *, bank_account: str) -> bytes:
    """Comma separated, so that it can be read as it stands and opened as a sheet. ``sales_orders``: id of an order to its
    number in Xoro, where the hub sent it."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    gap, unit = plan.net - plan.total, smallest_unit(plan.currency)
    for name, value in (
        ("Payout", payout.number), ("Of", f"{payout.issued_at:%Y-%m-%d}"), ("Bank trace", payout.trace_id),
        ("Deposit to", bank_account), ("Currency", plan.currency), ("Amount", f"{plan.net}"),
        ("Balance", IN_BALANCE if plan.is_balanced else f"{gap} {UNEXPLAINED}"),
    ):  # fmt: skip
        write((name, _plain(value)))
    write(())
    write(HEADINGS)
    place = 0
    for line in plan.lines:
        place += 1
        account = line.account or NO_ACCOUNT
        known = _plain(sales_orders.get(line.order_id, NOT_SENT)) if line.order_number else ""
        write(
            (place, line.what, line.order_number, known, line.amount.quantize(unit), _plain(account), _plain(line.memo))
        )
    for one in plan.unmatched:
        place += 1
        remark = f"{one.memo}: {UNBALANCED}" + (f"; {one.hint}" if one.hint else "")
        known = _plain(sales_orders.get(one.order_id, NOT_SENT))
        write((place, NOT_MATCHED, one.order_number, known, one.amount.quantize(unit), "", _plain(remark)))
    return out.getvalue().encode()


def _line(place: int, line: DepositLine) -> dict[str, Any]:
    row = line.payment
    members = {
        "LineNumber": place,
        "Amount": number(line.amount),
        "ChequeNo": row.cheque_no if row else line.order_number,
        "DepositFromAccntName": line.account,
        "EntityName": row.entity_name if row else "",
        "EntityAccountId": _whole(row.entity_account_id) if row else "",
        "EntityTypeId": ENTITY_IS_CUSTOMER if row else None,
        "StoreName": row.store if row else "",
        "LinkedFlag": row is not None,
        "Memo": line.memo,
    }
    return without_blanks(members)


def _whole(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else text


def _plain(text: str) -> str:
    """A text that a sheet does not take for a formula."""
    is_formula = text.lstrip()[:1] in ("=", "+", "-", "@") or text[:1] in ("\t", "\r", "\n")
    return f"'{text}" if is_formula and not NUMBER.fullmatch(text) else text
