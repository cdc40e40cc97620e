"""Customer deposits: what a shop received for an order becomes a deposit on its sales order, each payment once.

Money that was there when the order was sent goes along with it, one sum in the order's header. What comes later (an order
paid afterwards, a further part payment, money paid back before shipping) is a deposit of its own, imported by an event of
its own, positive or negative. The reference of a deposit is the id of the shop's payment, with "-<part>" behind it on the
second and further parts of a split order.

Which payments are in Xoro is remembered in the connector's directory, kind ``order_payment``: ``key`` is "<third-party
source> <order id>", ``object_id`` "<payment id> <source>", ``data`` {"state": "with_order", "own", or "card" (by gift card),
"amount", "done": the references that were imported}; where payments follow the invoice also "less": what was paid back
before it was imported, by payment, and "off": the payment this one was taken off. A payment with a row is never handed in
a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction

from connectors import directory
from connectors.exceptions import HubError
from connectors.models import DirectoryEntry
from connectors.records import Order, Payment
from connectors.xoro.customers import customer_name
from connectors.xoro.documents import Document, third_party_source
from connectors.xoro.moneys import ZERO, allocate, smallest_unit, total
from connectors.xoro.salesorders import ref_no
from connectors.xoro.settings_accounts import AccountSettings
from connectors.xoro.wire import number, without_blanks
from events.text import fit

if TYPE_CHECKING:
    from connectors.run import Run
    from connectors.xoro.settings import XoroSettings

KIND = "order_payment"
TOPIC = "deposits/import"
WITH_ORDER, OWN, CARD = "with_order", "own", "card"
RECEIVED, GIVEN_BACK = ("sale", "capture"), ("refund", "change")
GIFT_CARD = "gift_card"


@dataclass(frozen=True, kw_only=True)
class Way:
    """The account that takes a payment, and the name of its method in Xoro."""

    account: str
    method: str = ""


def moved(order: Order) -> list[Payment]:
    """Payments that moved money other than a gift card's; test payments count on test orders only."""
    kinds = (*RECEIVED, *GIVEN_BACK)
    done = (one for one in order.payments if one.kind in kinds and one.status == "success" and one.amount)
    return [one for one in done if not is_gift_card(one) and (order.is_test or not one.is_test)]


def is_gift_card(payment: Payment) -> bool:
    return payment.is_gift_card or payment.gateway == GIFT_CARD


def signed(payment: Payment) -> Decimal:
    """Positive where money came in."""
    return -payment.amount if payment.kind in GIVEN_BACK else payment.amount


def by_gift_card(order: Order) -> list[Payment]:
    """Payments by gift card: no part of the deposit, because Xoro holds them as a credit of its own kind."""
    cards = (one for one in order.payments if is_gift_card(one) and one.status == "success" and one.kind in RECEIVED)
    return [one for one in cards if order.is_test or not one.is_test]


def way_of(gateway: str, settings: AccountSettings) -> Way:
    """Where the money of a gateway goes: the first row that names it, else the payment account."""
    row = next((row for row in settings.gateway_map or () if row["gateway"].casefold() == gateway.casefold()), {})
    return Way(account=row.get("account") or settings.payment_account, method=row.get("method", ""))


def with_order(order: Order, settings: XoroSettings) -> list[Payment]:
    """The payments whose sum travels with a new order: an order names one account and method, so that those of another
    are imported on their own. None where payments are not recorded, or follow the invoice."""
    if not settings.record_payments or settings.post_ship_payment:
        return []
    found = moved(order)
    first = next((one for one in found if one.kind in RECEIVED), None)
    if first is None:
        return found
    way = way_of(first.gateway, settings)
    return [one for one in found if way_of(one.gateway, settings) == way]


def header_members(payments: Sequence[Payment], amount: Decimal, settings: XoroSettings) -> dict[str, Any]:
    """The members of an order's header that take ``amount`` as its deposit."""
    received = next((one for one in payments if one.kind in RECEIVED), None)
    if amount <= ZERO or received is None:
        return {}
    way = way_of(received.gateway, settings)
    return without_blanks(
        {
            "DepositAmount": number(amount),
            "DepositAccountName": way.account,
            "LiabilityAccountName": settings.liability_account,
            "PaymentMethodName": way.method,
            "AutoDepositTotalAmount": settings.deposit_flag,
        }
    )


def again(run: Run, order: Order, reference: str, documents: Sequence[Document]) -> dict[str, Any]:
    """The members that take along once more what was deposited on a document that is replaced, for tenants whose void
    gives it up: its share of all payments that are in Xoro. ``documents``: those that are alive."""
    if not (run.settings.replacement_takes_deposit and run.settings.record_payments):
        return {}
    known = known_payments(run, third_party_source(order, run.settings), order.id)
    there = [one for one in known.values() if one["state"] == WITH_ORDER or one["done"]]
    amount = total(Decimal(one["amount"]) for one in there)
    shares = allocate(amount, [Decimal(one.total or "0") for one in documents], smallest_unit(order.currency))
    share = next((s for s, one in zip(shares, documents, strict=True) if one.reference == reference), ZERO)
    return header_members([one for one in moved(order) if one.id in known], share, run.settings)


# --- memory ---------------------------------------------------------------------------------------------------------


def known_payments(run: Run, source: str, order_id: str) -> dict[str, dict[str, Any]]:
    """What is remembered of an order's payments, by their ids."""
    rows = directory.find(run.connector.pk, KIND, [f"{source} {order_id}"])
    return {str(row.data["id"]): row.data for found in rows.values() for row in found}


def note_payments(run: Run, source: str, order_id: str, payments: Iterable[Payment], state: str) -> None:
    """Before the write that carries them: after a lost answer it is known what the order took along."""
    rows = (
        directory.Known(
            key=f"{source} {order_id}",
            object_id=f"{one.id} {source}",
            data={"id": one.id, "state": state, "amount": str(signed(one)), "done": []},
        )
        for one in payments
    )
    directory.put(run.connector.pk, KIND, rows)


def forget_payments(run: Run, source: str, order_id: str) -> None:
    """Those noted to go along with an order that was not sent: another attempt decides anew which do."""
    known = known_payments(run, source, order_id).values()
    directory.forget(run.connector.pk, KIND, [f"{one['id']} {source}" for one in known if one["state"] == WITH_ORDER])


def settle(run: Run, order: Order, *, sent_at: datetime | None = None) -> list[Payment]:
    """Have every payment that is not in Xoro yet imported by an event of its own; returns them. ``sent_at``: when the
    order was sent by a hub that remembered no payments: those made until then went along with it."""
    settings = run.settings
    if not settings.record_payments:
        return []
    source = third_party_source(order, settings)
    known = known_payments(run, source, order.id)
    fresh = [one for one in moved(order) if one.id not in known]
    if sent_at is not None and not known:
        old = [one for one in fresh if one.processed_at is None or one.processed_at <= sent_at]
        note_payments(run, source, order.id, old, WITH_ORDER)
        fresh = [one for one in fresh if one not in old]
    for one in fresh:
        with transaction.atomic():
            note_payments(run, source, order.id, [one], OWN)
            run.spawn(
                topic=TOPIC,
                object_type="payment",
                object_id=one.id,
                object_label=f"{order.name} {signed(one)} {order.currency}",
                payload=_told(order, one, source),
            )
    return fresh


def _told(order: Order, payment: Payment, source: str) -> dict[str, Any]:
    """All that importing it needs of the order; accounts are read from the settings then."""
    return {
        "source": source,
        "order_id": order.id,
        "order_name": order.name,
        "ref_no": ref_no(order),
        "customer_name": _customer(order),
        "currency": order.currency,
        "payment_id": payment.id,
        "gateway": payment.gateway,
        "amount": str(signed(payment)),
        "at": (payment.processed_at or order.processed_at or order.created_at).isoformat(),
    }


def _customer(order: Order) -> str:
    try:
        return customer_name(order)
    except HubError:
        return ""


def remember_done(run: Run, told: Mapping[str, Any], done: list[str]) -> None:
    """The references of a payment that are in Xoro."""
    _keep(run, told, done=done)


def was_imported_since(run: Run, told: Mapping[str, Any], moment: datetime | None) -> bool:
    """Whether a share of a payment was remembered as imported after a moment: a write that left until then is its."""
    rows = DirectoryEntry.objects.filter(connector_id=run.connector.pk, kind=KIND, seen_at__gt=moment)
    row = rows.filter(object_id=fit(f"{told['payment_id']} {told['source']}", 120)).first()
    return bool(row is not None and row.data.get("done"))


def take_off(run: Run, told: Mapping[str, Any]) -> str:
    """Money that was paid back before the payment it came from is imported makes that payment less. Gives the id of that
    payment; empty where none is open that is large enough."""
    known = known_payments(run, told["source"], told["order_id"])
    mine = known.get(told["payment_id"], {})
    if mine.get("off"):
        return str(mine["off"])
    back = -Decimal(told["amount"])
    for one in known.values():
        if one["state"] == OWN and not one["done"] and rest_of(one) >= back:
            with transaction.atomic():
                less = {**one.get("less", {}), told["payment_id"]: str(back)}
                _keep(run, {**told, "payment_id": one["id"], "amount": one["amount"]}, less=less)
                _keep(run, told, off=one["id"])
            return str(one["id"])
    return ""


def rest_of(known: Mapping[str, Any]) -> Decimal:
    """What of a payment is still to be imported as its deposit."""
    return Decimal(known["amount"]) - total(Decimal(one) for one in known.get("less", {}).values())


def _keep(run: Run, told: Mapping[str, Any], **facts: Any) -> None:
    known = known_payments(run, told["source"], told["order_id"]).get(told["payment_id"], {"done": []})
    data = {**known, "id": told["payment_id"], "state": OWN, "amount": told["amount"], **facts}
    key = f"{told['source']} {told['order_id']}"
    row = directory.Known(key=key, object_id=f"{told['payment_id']} {told['source']}", data=data)
    directory.put(run.connector.pk, KIND, [row])
