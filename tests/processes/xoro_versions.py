"""Flows in which a newer version of the order comes while an older one is written, or in which the worker dies twice,
sleeps, or is too impatient for an answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.processes.tenants import Stop
from tests.processes.xoro_flows import (
    ADDED,
    CANCEL,
    CREATE,
    DEPOSIT,
    GONE,
    ID,
    INVOICE,
    MEMO,
    MORE,
    PARTS,
    SEARCH,
    SPLIT,
    WRITTEN_AT,
    Flow,
    Memory,
    added,
    bought_with_card,
    cancelled,
    late,
    order,
    paid,
    plain,
    split,
    withdrawn,
)
from tests.processes.xoro_flows import FLOWS as SINGLE

TWO = {"orders": {ID: ("Released", 2)}, "deposits": [10, 10], "writes": {CREATE: 2, DEPOSIT: 1}}
BACK = {"orders": {ID: ("Released", 1)}, "writes": {CREATE: 3}}
TOLD = order(1, paid=[paid(10)])
NEWER = {
    "newer-with-more-units": Flow(told=TOLD, at=Stop(CREATE), then=[ADDED], expected=TWO),
    "newer-with-more-units-after-a-lost-memory": Flow(
        told=TOLD, at=Memory(kind="order_document"), then=[ADDED], expected=TWO
    ),
    "newer-cancelled": Flow(told=TOLD, at=Stop(CREATE), then=[cancelled(10, 2)], expected=GONE),
    "newer-of-a-split-order-without-its-second-part": Flow(
        told=order(1, 2, 3, paid=[paid(60)]), at=Stop(CREATE, nth=2), then=[order(1, 0, 3, paid=[paid(60)], version=2)],
        settings=SPLIT,
        expected={
            "orders": {PARTS[0]: ("Released", 1), PARTS[1]: ("Cancelled", 2), PARTS[2]: ("Released", 3)},
            "deposits": [10, 20, 30],
            "writes": {CREATE: 3, CANCEL: 1},
        },
    ),
    "newer-as-it-was-before-the-change": Flow(
        before=[order(1)], told=order(2, version=2), at=Stop(CREATE), then=[order(1, version=3)], expected=BACK
    ),
    "newer-cancelled-while-it-is-changed": Flow(
        before=[order(1)], told=order(2, version=2), at=Stop(CREATE),
        then=[order(2, version=3, cancelled_at=WRITTEN_AT + timedelta(hours=1))],
        expected={"orders": {ID: ("Cancelled", 2)}, "writes": {CREATE: 2, CANCEL: 1}},
    ),
}  # fmt: skip

# The worker that goes on with it dies as well.
WITHOUT = NEWER["newer-of-a-split-order-without-its-second-part"]
AGAIN = {
    "killed-again-over-the-change": replace(NEWER["newer-with-more-units"], at=Stop(CREATE), again=Stop(CREATE)),
    "killed-again-over-the-cancellation": replace(NEWER["newer-cancelled"], at=Stop(CREATE), again=Stop(CANCEL)),
    "killed-again-over-the-next-part": replace(split(Stop(CREATE)), again=Stop(CREATE)),
    "killed-again-over-a-part-that-stays": replace(WITHOUT, at=Stop(CREATE, nth=2), again=Stop(CREATE)),
    "killed-again-over-a-part-that-goes": replace(WITHOUT, at=Stop(CREATE, nth=2), again=Stop(CANCEL)),
    "killed-again-before-the-deposit-is-remembered": replace(
        late(Stop(DEPOSIT)), again=Memory(kind="order_payment", beginning="sale-1 ", done=1)
    ),
    "killed-again-over-an-equal-deposit": replace(late(Stop(DEPOSIT)), again=Stop(DEPOSIT)),
}

# Nobody dies: two workers, and a tenant that answers later than the hub waits.
IMPATIENT = {"timeout_s": 2}


def hasty(flow: Flow) -> Flow:
    return replace(flow, settings={**flow.settings, **IMPATIENT})


CALM = {
    "two-versions-at-once": Flow(told=TOLD, at=Stop(CREATE), then=[ADDED], expected=MORE),
    "eight-versions-at-once": Flow(
        told=order(1), at=Stop(CREATE), then=[order(n, version=n) for n in range(2, 9)],
        expected={"orders": {ID: ("Released", 8)}, "writes": {CREATE: 2}},
    ),
    "order-answered-too-late": hasty(plain(Stop(CREATE))),
    "part-answered-too-late": hasty(split(Stop(CREATE, nth=2))),
    "deposit-answered-too-late": hasty(late(Stop(DEPOSIT))),
    "change-answered-too-late": hasty(added(Stop(CREATE))),
    "cancellation-answered-too-late": hasty(withdrawn(Stop(CANCEL))),
    "invoice-answered-too-late": hasty(replace(SINGLE["invoice-unanswered"], at=Stop(INVOICE))),
    "gift-card-answered-too-late": hasty(bought_with_card(Stop(MEMO))),
    "done-too-late-and-newer-with-more-units": hasty(
        Flow(told=TOLD, at=Stop(CREATE, is_done=False), then=[ADDED], expected=TWO)
    ),
    "done-too-late-and-newer-cancelled": hasty(
        Flow(told=TOLD, at=Stop(CREATE, is_done=False), then=[cancelled(10, 2)], expected=GONE)
    ),
}  # fmt: skip

# A worker stops for longer than its lease, others do its work, and it goes on.
ASLEEP = {
    "asleep-before-the-write": Flow(
        told=TOLD, at=Stop(SEARCH), then=[ADDED],
        expected={"orders": {ID: ("Released", 2)}, "deposits": [20], "writes": {CREATE: 1}},
    ),
    "asleep-over-the-answer": Flow(told=TOLD, at=Stop(CREATE), then=[ADDED], expected=TWO),
}  # fmt: skip

KILLED = {**SINGLE, **NEWER, **AGAIN}
FLOWS = {**KILLED, **CALM, **ASLEEP}
