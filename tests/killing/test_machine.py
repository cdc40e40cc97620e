"""The whole worker, as ``manage.py worker`` starts it, dies twice while money, goods and stock are on their way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings

from connectors import syncing
from connectors.models import Figure, Route
from events.models import Event
from tests.connectors.xoro.credit_cast import Books, make_card
from tests.connectors.xoro.shipping_cast import LAMP, MUG, House
from tests.connectors.xoro.test_payouts import BACK, PAID, payout
from tests.killing.crash import Crash, said, told
from tests.killing.test_payouts import DEPOSIT, deposits
from tests.killing.test_refunds import MEMO, memos, split
from tests.killing.test_shipments import GRAPHQL, shipped
from tests.killing.test_stock import Sent
from tests.killing.workers import ROOT, environment, until

pytestmark = pytest.mark.django_db(transaction=True)

LOG = Path(settings.VAR_DIR) / "dying-machine.log"
SHORT = {"HUB_HEARTBEAT_S": "0.3", "HUB_LEASE_S": "2", "HUB_WORKERS": "2", "HUB_STEADY_S": "0"}


class Machine:
    """``manage.py worker`` with all it starts."""

    def __init__(self) -> None:
        self.supervisor: psutil.Popen | None = None

    def start(self) -> None:
        with LOG.open("ab") as log:
            self.supervisor = psutil.Popen(
                [sys.executable, "manage.py", "worker"], cwd=ROOT, env={**environment(), **SHORT}, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def die(self) -> None:
        """SIGKILL to every process at once."""
        assert self.supervisor is not None
        family = [*self.supervisor.children(recursive=True), self.supervisor]
        for one in family:
            with suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)
        self.supervisor.wait()
        until(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in family), "all died")
        self.supervisor = None


@pytest.fixture
def machine(workers: Any) -> Iterator[Machine]:
    made = Machine()
    yield made
    if made.supervisor is not None:
        made.die()


def is_over() -> bool:
    return not Event.objects.filter(outcome__in=("queued", "running")).exists()


def test_a_machine_that_dies_twice_writes_nothing_twice_and_loses_nothing(
    books: Books, crash: Crash, machine: Machine
) -> None:
    sandbox = books.sandbox
    sandbox.post("/shopify/_sandbox/clock", {"index_lag_s": 0})
    sandbox.post("/xoro/_sandbox/seed", {"items": 20})
    skus = [f"CROWD-{number:06d}" for number in range(20)]
    sandbox.post("/shopify/_sandbox/products", {"shop": books.shop.settings["shop_domain"], "skus": skus})
    refund = split(books)
    places = [{"store": "Main Store", "location": "Spokane"}]
    books.set(split_orders=False, location_map=[], inventory_location_map=places, full_sync_hour=None)
    house = House(sandbox, books.shop, books.erp)
    books.route("order")
    Route.objects.create(source=books.erp, target=books.shop, record_kind="shipment", options={})
    placed = house.order((LAMP, 2), (MUG, 1))
    house.ship(placed, tracking="1Z999")
    route = Route.objects.create(source=books.erp, target=books.shop, record_kind="stock", options={})
    for name in ("fulfillments", "inventory"):
        syncing.start_sync(books.erp, name, by="ada")
    with ExitStack() as stack:
        goods = [
            stack.enter_context(sandbox.gate.hold(GRAPHQL, says=says))
            for says in ("fulfillmentCreate(", "inventorySetQuantities")
        ]
        second_memo = stack.enter_context(sandbox.gate.hold(MEMO, skips=1))
        machine.start()
        for one in goods:
            one.wait()
        given = [books.give(one) for one in (refund, make_card(), payout(PAID, BACK))]
        second_memo.wait()
        machine.die()
    with sandbox.gate.hold(DEPOSIT) as deposit:
        machine.start()
        deposit.wait()
        machine.die()
    machine.start()
    until(is_over, "everything was done")

    assert [told(one) for one in given] == [("succeeded", "")] * 3, [said(one) for one in given]
    assert sorted(memos(books)) == ["600100203001", "88100450012", "88100450012-2"] and crash.posts(MEMO) == 3
    assert [one["TotalAmount"] for one in deposits(books)] == [96.22] and crash.posts(DEPOSIT) == 1
    assert shipped(house, placed) == {LAMP: 2, MUG: 1}
    assert crash.posts(GRAPHQL, says="fulfillmentCreate(", prefix="shopify") == 1
    levels = Figure.objects.filter(route=route, key__startswith="CROWD").values_list("key", "sent", "problem")
    assert {key: (int(text), problem) for key, text, problem in levels} == {sku: (n, "") for n, sku in enumerate(skus)}
    assert len(set(Sent(crash).keys)) == 1
