"""What the shops of the kill tests tell, the moment each flow is killed at, and what has to be there afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.records import LinePlace, Order, Payment, Record
from tests.connectors.xoro.cast import make_order, make_payment
from tests.connectors.xoro.credit_cast import make_refund, make_refund_line
from tests.processes.shop import CARD_VALUE
from tests.processes.tenants import Stop

ID = "6120045512001"
WRITTEN_AT = datetime(2026, 3, 7, 18, 30, tzinfo=UTC)
EAST, SHOP, WEB = "31", "32", "33"
MAP = [
    {"location": EAST, "store": "EAST WAREHOUSE"},
    {"location": SHOP, "store": "Main Store"},
    {"location": WEB, "store": "WEB STORE"},
]
SPLIT = {"split_orders": True, "location_map": MAP}
PARTS = (ID, f"{ID}-{SHOP}", f"{ID}-{WEB}")
CREATE, CANCEL, INVOICE = "salesorder/create", "salesorder/cancel", "invoice/import"
DEPOSIT, CUSTOMER, ADJUST, MEMO = "deposit/import", "customer/create", "inventory/adjustment", "creditmemo/import"
SEARCH = "salesorder/getsalesorder"


# --- what a shop tells ----------------------------------------------------------------------------------------------


def order(*units: int, paid: Sequence[Payment] = (), version: int = 1, **changes: Any) -> Order:
    """A line for each of ``units``, 10.00 a unit, each line from another place; paid at once unless ``paid`` says how."""
    line = make_order().lines[0]
    places = (EAST, SHOP, WEB)
    lines = tuple(
        replace(
            line, id=str(n + 1), unit_price=Decimal(10), quantity=Decimal(count), taxes=(),
            places=(LinePlace(location_id=places[n], location_name=places[n], quantity=Decimal(count)),),
        )
        for n, count in enumerate(units) if count
    )  # fmt: skip
    total = Decimal(10 * sum(units))
    members: dict[str, Any] = {
        "lines": lines, "shipping_lines": (), "total": total, "subtotal": total, "total_tax": Decimal(0),
        "payments": tuple(paid), "updated_at": WRITTEN_AT + timedelta(minutes=version),
    }  # fmt: skip
    return make_order(**(members | changes))


def paid(amount: int, name: str = "sale-1", **changes: Any) -> Payment:
    return make_payment(str(amount), id=name, **changes)


def cancelled(amount: int, version: int) -> Order:
    """Of one unit, its money paid back."""
    back = paid(amount, "back", kind="refund")
    return order(1, paid=(paid(amount), back), version=version, cancelled_at=WRITTEN_AT + timedelta(hours=1))


def by_card() -> Payment:
    return paid(int(CARD_VALUE), "card-1", gateway="gift_card", is_gift_card=True, gift_card_id="600100203001")


# --- flows ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Memory:
    """The hub's memory that is held when the worker dies: the directory's entry of a kind whose id begins so, for
    payments with so many imported references; kind ``link`` is the ledger."""

    kind: str
    beginning: str = ""
    done: int = -1


@dataclass(frozen=True, kw_only=True)
class Flow:
    """``before`` is told and done; then ``told`` is told and stops at ``at``, ``then`` is told meanwhile, and the worker
    dies; once more at ``again``. ``expected``: in the tenant's books. ``asks``: reasons of events that a person has to
    decide, ``waits``: topics of those that wait for the order's invoice."""

    told: Record
    at: Stop | Memory
    expected: dict[str, Any]
    before: Sequence[Record] = ()
    then: Sequence[Record] = ()
    again: Stop | Memory | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    asks: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()


PLAIN = {"orders": {ID: ("Released", 1)}, "deposits": [10], "writes": {CREATE: 1}}
THREE = {
    "orders": {PARTS[0]: ("Released", 1), PARTS[1]: ("Released", 2), PARTS[2]: ("Released", 3)},
    "deposits": [10, 20, 30],
    "writes": {CREATE: 3},
}
TWICE = {"orders": {ID: ("Released", 4)}, "deposits": [20, 20], "writes": {CREATE: 1, DEPOSIT: 2}}
LATER = {**THREE, "writes": {CREATE: 3, DEPOSIT: 3}}
MORE = {"orders": {ID: ("Released", 2)}, "deposits": [10, 10], "writes": {CREATE: 2, DEPOSIT: 1}}
GONE = {"orders": {ID: ("Cancelled", 1)}, "deposits": [-10, 10], "writes": {CREATE: 1, CANCEL: 1, DEPOSIT: 1}}
COUNTER = {"invoices": {ID: ("Paid", 1)}, "writes": {INVOICE: 1}}
ADDED = order(2, paid=(paid(10), paid(10, "sale-2")), version=2)
LATE = order(4, paid=(paid(20, "sale-1"), paid(20, "sale-2")), version=2)
LATE_THREE = order(1, 2, 3, paid=(paid(60),), version=2)


def plain(at: Stop | Memory) -> Flow:
    return Flow(told=order(1, paid=[paid(10)]), at=at, expected=PLAIN)


def split(at: Stop | Memory) -> Flow:
    return Flow(told=order(1, 2, 3, paid=[paid(60)]), at=at, expected=THREE, settings=SPLIT)


def late(at: Stop | Memory) -> Flow:
    return Flow(before=[order(4)], told=LATE, at=at, expected=TWICE)


def late_split(at: Stop | Memory, **more: Any) -> Flow:
    return Flow(before=[order(1, 2, 3)], told=LATE_THREE, at=at, settings=SPLIT, **{"expected": LATER, **more})


def added(at: Stop | Memory) -> Flow:
    return Flow(before=[order(1, paid=[paid(10)])], told=ADDED, at=at, expected=MORE)


def withdrawn(at: Stop | Memory) -> Flow:
    return Flow(before=[order(1, paid=[paid(10)])], told=cancelled(10, 2), at=at, expected=GONE)


FLOWS: dict[str, Flow] = {
    "plain-unanswered": plain(Stop(CREATE)),
    "plain-not-remembered": plain(Memory(kind="order_document")),
    "plain-not-in-the-ledger": plain(Memory(kind="link")),
    "split-part-1-unanswered": split(Stop(CREATE)),
    "split-part-2-unanswered": split(Stop(CREATE, nth=2)),
    "split-part-3-unanswered": split(Stop(CREATE, nth=3)),
    "split-part-1-not-remembered": split(Memory(kind="order_document", beginning=f"{PARTS[0]} ")),
    "split-part-2-not-remembered": split(Memory(kind="order_document", beginning=f"{PARTS[1]} ")),
    "split-after-part-1-of-3": split(Stop(SEARCH, text=PARTS[1])),
    "split-after-part-2-of-3": split(Stop(SEARCH, text=PARTS[2])),
    "deposit-unanswered": late(Stop(DEPOSIT)),
    "deposit-second-unanswered": late(Stop(DEPOSIT, nth=2)),
    "deposit-not-remembered": late(Memory(kind="order_payment", beginning="sale-1 ", done=1)),
    "deposit-of-3-parts-second-unanswered": late_split(Stop(DEPOSIT, nth=2)),
    "deposit-of-3-parts-second-not-remembered": late_split(Memory(kind="order_payment", beginning="sale-1 ", done=2)),
    "deposit-of-3-parts-second-never-arrived": late_split(
        Stop(DEPOSIT, nth=2, is_done=False, is_cut=True),
        expected={**LATER, "deposits": [10], "writes": {CREATE: 3, DEPOSIT: 1}}, asks=("unconfirmed_write",),
    ),
    "change-unanswered": added(Stop(CREATE)),
    "change-not-remembered": added(Memory(kind="order_document")),
    "change-not-in-the-ledger": added(Memory(kind="link")),
    "cancellation-unanswered": withdrawn(Stop(CANCEL)),
    "cancellation-not-remembered": withdrawn(Memory(kind="order_document")),
    "cancellation-before-the-money": withdrawn(Memory(kind="order_payment", beginning="back ", done=0)),
    "cancellation-money-unanswered": withdrawn(Stop(DEPOSIT)),
    "invoice-unanswered": Flow(
        told=order(1, paid=[paid(10)]), at=Stop(INVOICE), expected=COUNTER, settings={"drop_as": "invoices"}
    ),
    "invoice-not-remembered": Flow(
        told=order(1, paid=[paid(10)]), at=Memory(kind="order_document"), expected=COUNTER,
        settings={"drop_as": "invoices"},
    ),
}  # fmt: skip

CARD = {"gift_cards_enabled": True}
CARDED = {
    "orders": {ID: ("Released", 5)},
    "deposits": [10],
    "credits": ["600100203001"],
    "writes": {MEMO: 1, CREATE: 1},
}
ACCOUNTS = {"sync_third_party_customer_company": True, "customer_upsert": True}
KNOWN = {"orders": {ID: ("Released", 1)}, "customers": ["7710042001", "C-330045"], "writes": {CREATE: 1, CUSTOMER: 3}}
LOST = {"orders": {ID: ("Released", 1)}, "adjustments": ["88100450012-501"], "writes": {CREATE: 1, ADJUST: 1}}


def bought_with_card(at: Stop | Memory) -> Flow:
    return Flow(
        told=order(5, paid=[by_card(), paid(10)]), at=at, expected=CARDED, settings=CARD, waits=("credits/apply",)
    )


def accounts(at: Stop | Memory) -> Flow:
    return Flow(told=order(1), at=at, expected=KNOWN, settings=ACCOUNTS)


def written_off(at: Stop | Memory) -> Flow:
    """Units taken off before they were shipped, not put back: their refund lowers the stock."""
    refund = make_refund(
        lines=(make_refund_line(order_line_id="1", is_restocked=False, restock="none"),),
        order_fulfillment_status="unfulfilled",
    )
    return Flow(
        before=[order(1)], told=refund, at=at, expected=LOST, settings={"use_adjustment_route": True},
        asks=("unconfirmed_write",),
    )  # fmt: skip


FLOWS |= {
    "customer-unanswered": accounts(Stop(CUSTOMER)),
    "company-unanswered": accounts(Stop(CUSTOMER, nth=2)),
    "customer-not-remembered": accounts(Memory(kind="account", beginning="customer ")),
    "adjustment-unanswered": written_off(Stop(ADJUST)),
    "gift-card-unanswered": bought_with_card(Stop(MEMO)),
    "gift-card-not-in-the-ledger": bought_with_card(Memory(kind="link")),
    "order-after-its-gift-card-unanswered": bought_with_card(Stop(CREATE)),
}
