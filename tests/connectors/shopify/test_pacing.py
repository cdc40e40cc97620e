"""Turns at the shop's points, against the sandbox's own bucket: urgent calls first, and no call refused."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from connectors import budgets
from connectors.budgets import BudgetSpent
from connectors.exceptions import RemoteUnavailable
from connectors.models import Bucket, Connector
from connectors.run import Run
from connectors.shopify import cost, pacing
from connectors.shopify.client import ShopifyClient, order_gid
from connectors.shopify.pacing import STOCK, TURNS, Pace
from connectors.shopify.sandbox.shops import OUTLET
from events.models import Kind, Priority
from tests.cast import an_event
from tests.connectors.shopify.stand_ins import RealHttp

pytestmark = pytest.mark.django_db
GID = order_gid(5_512_300_777_001)


class Clock:
    """The pacing's clock and the sandbox's, moved by sleeping; ``slept`` in seconds."""

    def __init__(self, vendor: Any) -> None:
        self.vendor = vendor
        self.at = vendor.app.now()
        self.slept = 0.0
        vendor.app.now = lambda: self.at

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds
        self.slept += seconds


@pytest.fixture
def clock(vendor):
    yield Clock(vendor)
    del vendor.app.now


@pytest.fixture
def connector(vendor) -> Connector:
    made = Connector(name="Outlet", slug="outlet", provider_slug="shopify")
    token = vendor.app.shops[OUTLET].access_token
    made.put_settings({"shop_domain": OUTLET, "access_token": token, "base_url": vendor.url})
    made.save()
    return made


@pytest.fixture
def at(connector, clock):
    """``at(turn)``: a client at a turn, over the wire, on the sandbox's clock."""

    def make(turn: pacing.Turn) -> ShopifyClient:
        pace = Pace(connector.pk, turn, now=clock.now)
        return ShopifyClient(connector.load_settings(), RealHttp(), pace=pace, sleep=clock.sleep, now=clock.now)

    return make


def set_bucket(vendor, clock: Clock, points: float) -> None:
    shop = vendor.app.shops[OUTLET]
    shop.available, shop.refilled_at = points, clock.at


def throttled(vendor) -> int:
    return sum("THROTTLED" in one.get("codes", ()) for one in vendor.app.journal)


def bucket() -> Bucket:
    return Bucket.objects.get(name="points")


def test_the_first_answer_teaches_the_size_and_the_rate_of_the_bucket(at, vendor):
    vendor.control("plan", plan="Plus")
    at(TURNS[Priority.LIVE]).ping()
    kept = bucket()
    assert (kept.capacity, kept.per_second, kept.booked) == (20_000, 1_000, 0)


def test_bulk_reading_goes_as_fast_as_the_bucket_allows_and_is_never_refused(at, vendor, clock):
    client = at(TURNS[Priority.BULK])
    client.ping()
    set_bucket(vendor, clock, 400)
    budgets.settle(
        bucket().connector_id, 0, replace(pacing.START, capacity=2000, per_second=100, left=400), at=clock.at
    )
    started, before = clock.at, len(vendor.app.journal)
    for _ in range(25):
        client.execute("HubOrder", {"id": GID})
    spent = sum(one["cost"]["actualQueryCost"] for one in vendor.app.journal[before:])
    assert throttled(vendor) == 0
    forced_s = (spent + cost.expected("HubOrder", {}) - 400 + 400) / 100  # the last call had to find its price there
    assert clock.at - started <= forced_s * 1.1 + 1


def test_live_events_find_room_that_bulk_work_left(at, vendor, clock):
    bulk, live = at(TURNS[Priority.BULK]), at(TURNS[Priority.LIVE])
    bulk.ping()
    set_bucket(vendor, clock, 450)
    bulk.ping()
    slept = clock.slept
    live.execute("HubOrder", {"id": GID})
    assert clock.slept == slept and throttled(vendor) == 0


@pytest.mark.parametrize(
    ("turn", "waits_s"),
    [(TURNS[Priority.BUYER], 0), (TURNS[Priority.LIVE], 0), (TURNS[Priority.MANUAL], 0.5), (STOCK, 1.5)],
)
def test_who_is_less_urgent_leaves_more(at, connector, clock, turn, waits_s):
    budgets.book(connector.pk, 1, pacing.START, at=clock.at)
    said = replace(pacing.START, capacity=2000, per_second=100, left=50 + cost.expected("HubShop", {}))
    budgets.settle(connector.pk, 1, said, at=clock.at)
    at(turn).ping()
    assert clock.slept == pytest.approx(waits_s, rel=0.2)


def test_a_wait_too_long_for_a_worker_is_the_events_to_wait(at, connector, clock):
    budgets.book(connector.pk, 1, pacing.START, at=clock.at)
    budgets.settle(connector.pk, 1, replace(pacing.START, capacity=2000, per_second=100, left=0), at=clock.at)
    client = at(TURNS[Priority.BULK])
    with pytest.raises(BudgetSpent) as caught:
        client.ping()
    assert caught.value.retry_after_s == pytest.approx(4, abs=0.5) and not caught.value.closes_lane
    assert client.http.sent == [] and clock.slept == 0


def test_what_has_begun_is_rather_waited_for_than_thrown_away(at, connector, clock, vendor):
    client = at(TURNS[Priority.BULK])
    client.ping()
    set_bucket(vendor, clock, 0)
    budgets.settle(connector.pk, 0, replace(pacing.START, capacity=2000, per_second=100, left=0), at=clock.at)
    client.ping()
    assert 4 <= clock.slept <= 5


def test_nobody_waits_beyond_the_end_of_his_run(connector, clock, at):
    budgets.book(connector.pk, 1, pacing.START, at=clock.at)
    budgets.settle(connector.pk, 1, replace(pacing.START, capacity=2000, per_second=1, left=0), at=clock.at)
    client = at(TURNS[Priority.BUYER])
    client.pace.ends_at = time.monotonic() + 0.5
    with pytest.raises(BudgetSpent):
        client.ping()


def test_a_call_that_never_left_costs_nothing_and_one_without_an_answer_its_whole_price(at, vendor, clock):
    client = at(TURNS[Priority.LIVE])
    client.ping()
    level = bucket().tokens

    def fail(code: str):
        def request(*given, **more):
            raise RemoteUnavailable("No.", code=code)

        return request

    plain = client.http.request
    client.http.request = fail("connect")
    with pytest.raises(RemoteUnavailable):
        client.ping()
    assert (bucket().tokens, bucket().booked) == (level, 0)
    client.http.request = fail("timeout")
    with pytest.raises(RemoteUnavailable):
        client.ping()
    assert (bucket().tokens, bucket().booked) == (level - cost.expected("HubShop", {}), 0)
    client.http.request = plain
    vendor.control("fault", kind="502")
    with pytest.raises(RemoteUnavailable):
        client.ping()
    assert bucket().booked == 0


@pytest.mark.parametrize("priority", list(Priority))
def test_the_turn_of_a_run_is_that_of_its_event(connector, priority):
    event = an_event(connector, "sync:orders", provider="shopify", kind=Kind.SYNC, priority=priority)
    client = Run(connector, event).client
    assert client.pace.turn == TURNS[priority] and client.as_stock().pace.turn == STOCK
    assert client.pace.turn == TURNS[priority]


def test_a_run_without_an_event_has_somebody_waiting(connector):
    assert Run(connector, None).client.pace.turn == TURNS[Priority.BUYER]


@pytest.mark.parametrize("said", [None, {}, {"maximumAvailable": "x"}, {"maximumAvailable": 0, "restoreRate": 0,
                                                                       "currentlyAvailable": 0}])  # fmt: skip
def test_a_reply_that_does_not_say_what_is_left_is_reckoned_with_its_price(connector, said):
    pace = Pace(connector.pk, TURNS[Priority.LIVE], now=lambda: 1000.0)
    pace.take(100, lambda seconds: None)
    pace.settle(100, {"data": {}, "extensions": {"cost": {"throttleStatus": said}}})
    assert (bucket().tokens, bucket().booked) == (900, 0)
