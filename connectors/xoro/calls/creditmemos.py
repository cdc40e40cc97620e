"""Credit memos, and the invoices they are made against.

Parameters of ``creditmemo/getcreditmemo`` and the body of ``creditmemo/import``: an API guide the vendor gave a customer
(June 2026); parameters of ``invoice/getinvoice``: https://xorosoft.docs.apiary.io/ (checked 2026-11-20).
Raises as every read and write of the client.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.xoro import wire
from connectors.xoro.client import XoroClient

# Looked through where a memo must be found, likely ones first: a new one is open, a gift card's is often applied in part.
# https://docs.xorosoft.com/xoroerp-1/sales/credit-and-deposit/credit-memo/credit-memo-centr (checked 2026-11-30)
STATUSES = (
    "", "Open", "Partially Applied", "Applied", "Refunded", "Partially Refunded", "Transferred", "Partially Transferred",
    "Void",
)  # fmt: skip
EMPTY = "Xoro answered with no credit memo"
UNSURE = "Xoro answered with nothing, as it also does when it is too busy"
IGNORED = "Xoro answered with credit memos of other references, so it seems to ignore this filter"


@dataclass(frozen=True)
class Found:
    """Documents whose reference and source came back as asked. That there are none proves nothing: the answer may be
    throttling (``is_certain`` false), or the tenant ignores the filter. ``fact`` says in a clause what was seen."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    fact: str = ""
    ignores_filter: bool = False
    is_certain: bool = True


def find_credit_memos(client: XoroClient, source: str, reference: str, *, is_thorough: bool = False) -> Found:
    """Memos that carry this third-party source and reference. ``is_thorough``: ask again with each status, because
    some accounts answer nothing without one. Reading stops at the first page of other references."""
    is_certain = True
    for status in STATUSES if is_thorough else ("",):
        asked = {"third_party_ref_no": reference, "third_party_source": source, "status": status}
        for page in client.walk("credit_memos", asked):
            matches = [row for row in page.rows if _is_of(row, source, reference)]
            if matches:
                return Found(matches, f"Xoro has {len(matches)} credit memo(s) with this reference")
            is_certain = is_certain and page.is_certain
            if page.rows:
                return Found(fact=IGNORED, ignores_filter=True)
    return Found(fact=EMPTY if is_certain else UNSURE, is_certain=is_certain)


def create_credit_memo(client: XoroClient, body: Mapping[str, Any]) -> dict[str, Any]:
    """``POST creditmemo/import``: one memo; the document as answered, where the answer names it. Sent once."""
    return client.write("create_credit_memo", body)


def find_invoices(
    client: XoroClient, source: str, reference: str, number: str, statuses: Iterable[str]
) -> list[dict[str, Any]]:
    """Invoices of one document of an order, by its reference in each status; where that found none, or an empty answer may
    have been throttling, by the number of the sales order as well. That there are none proves nothing."""
    found: dict[str, dict[str, Any]] = {}
    is_certain = True
    of_reference = {"third_party_ref_no": reference, "third_party_source": source}
    asked = [{**of_reference, "status": status} for status in statuses]
    asked.append({"so_number": number} if number else of_reference)
    for place, params in enumerate(asked, 1):
        if place == len(asked) and found and is_certain:
            break
        for page in client.walk("invoices", params):
            matches = [row for row in page.rows if _is_of(row, source, reference) or _is_from(row, number)]
            found |= {wire.document_number(row): row for row in matches}
            is_certain = is_certain and (page.is_certain or page.number > 1)
            if page.rows and not matches:
                break  # the filter is ignored: what follows is foreign too
    return list(found.values())


def _is_of(row: dict[str, Any], source: str, reference: str) -> bool:
    header = wire.header_of(row)
    same_reference = wire.identifier(header.get("ThirdPartyRefNo")) == reference
    return same_reference and wire.identifier(header.get("ThirdPartySource")).casefold() == source.casefold()


def _is_from(row: dict[str, Any], so_number: str) -> bool:
    return bool(so_number) and wire.identifier(wire.header_of(row).get("SoNumber")) == so_number
