"""Reading Xoro's undeposited payments to the end, however many there are.

A page may take a minute and calls go one by one, so that a long list is read a few pages at a time: what was read and how
far is kept among the connector's directory entries (kind ``undeposited:<payout id>``; key: digits of the cheque number;
object id: the payment's id; and one entry ``position``), the event waits a moment, and what is urgent goes in between.
Nothing is concluded from an emptiness that may be throttling.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors import directory
from connectors.directory import Known
from connectors.exceptions import NotDone, PayloadError
from connectors.models import DirectoryEntry
from connectors.xoro import wire
from connectors.xoro.calls import banking
from connectors.xoro.matching import Payment, order_digits
from connectors.xoro.paging import MAX_PAGES, PAGES_WITHOUT_NEWS

if TYPE_CHECKING:
    from connectors.run import Run

PAGES_AT_ONCE = 5
REST_S = 2.0  # between two parts of a long list
GOOD_FOR = timedelta(hours=1)  # what an interrupted walk read is read anew after this
PREFIX = "undeposited:"
POSITION = "position"


@dataclass(frozen=True)
class Listing:
    """``payments``: those with one of the numbers asked for. ``is_certain`` false: the end may be throttling."""

    payments: list[Payment]
    is_certain: bool


def read(run: Run, payout_id: str, currency: str, numbers: Iterable[str]) -> Listing:
    """The undeposited payments of the orders with these numbers. Raises ``NotDone`` where the list is long and goes on,
    ``PayloadError``, and as every read."""
    kind = f"{PREFIX}{payout_id}"[:40]
    place = run.connector.pk
    page, stale = _position(place, kind)
    last = page + PAGES_AT_ONCE
    is_certain = False  # also where the last page allowed was not the last there is
    while page < MAX_PAGES:
        page += 1
        found = banking.undeposited_payments(run.client, currency, page)
        before = directory.count(place, kind)
        directory.put(place, kind, [_kept(row) for row in found.rows])
        stale = 0 if directory.count(place, kind) > before else stale + 1
        if not found.rows or stale >= PAGES_WITHOUT_NEWS:
            is_certain = found.is_certain
            break
        _keep_position(place, kind, page, stale)
        if page == last:
            raise NotDone(f"Undeposited payments of Xoro: {page} pages read so far.", retry_after_s=REST_S)
    kept = directory.find(place, kind, list(numbers))
    payments = [_payment(one, currency) for rows in kept.values() for one in rows]
    directory.forget_unseen(place, kind, directory.clock())
    return Listing([one for one in payments if one is not None], is_certain)


def forget(run: Run, payment_ids: Iterable[str]) -> None:
    """What a deposit took: another payout whose long list was read in part must not find it there."""
    kept = DirectoryEntry.objects.filter(connector_id=run.connector.pk, kind__startswith=PREFIX)
    kept.filter(object_id__in=list(payment_ids)).delete()


def _position(place: int, kind: str) -> tuple[int, int]:
    """(last page read, pages without news before it); from the beginning where there is none, or an old one."""
    kept = directory.by_id(place, kind, POSITION)
    if kept is not None and datetime.fromisoformat(kept.data["at"]) > directory.clock() - GOOD_FOR:
        return kept.data["page"], kept.data["stale"]
    directory.forget_unseen(place, kind, directory.clock())
    _keep_position(place, kind, 0, 0)
    return 0, 0


def _keep_position(place: int, kind: str, page: int, stale: int) -> None:
    data = {"page": page, "stale": stale, "at": directory.clock().isoformat()}
    directory.put(place, kind, [Known(key="", object_id=POSITION, data=data)])


def _kept(row: dict[str, Any]) -> Known:
    payment_id = wire.identifier(row.get("Id"))
    if not payment_id:
        raise PayloadError("Xoro listed an undeposited payment without an id.", path="Data[].Id")
    members = ("Amount", "ChequeNo", "CurrencyCode", "DepositAccountName", "EntityName", "EntityAccountId", "StoreName")
    data = {name: wire.identifier(row.get(name)) for name in members}
    data["IsDeposited"] = "yes" if row.get("IsDeposited") is True else ""
    return Known(key=order_digits(data["ChequeNo"]), object_id=payment_id, data=data)


def _payment(kept: Known, currency: str) -> Payment | None:
    """``None``: of another currency, or deposited already: the filter was ignored."""
    data = kept.data
    if data["IsDeposited"] or (data["CurrencyCode"] or currency).upper() != currency.upper():
        return None
    amount: Decimal = wire.decimal(data["Amount"], "Data[].Amount")
    return Payment(
        id=kept.object_id, cheque_no=data["ChequeNo"], amount=amount, account=data["DepositAccountName"],
        entity_name=data["EntityName"], entity_account_id=data["EntityAccountId"], store=data["StoreName"],
    )  # fmt: skip


NOTHING = Listing([], is_certain=True)
