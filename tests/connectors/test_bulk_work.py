"""Bulk work leaves room: slots of its lane, and the lane itself where its budget is spent."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from connectors import budgets, lanes, registry
from connectors.base import Budget
from connectors.budgets import BudgetSpent
from connectors.exceptions import RemoteUnavailable
from connectors.models import Connector
from events import claims
from events.host import Room
from events.models import Event, Outcome, Priority, Reason
from events.outcomes import Result, finish
from tests.cast import an_event, run_one


@pytest.fixture
def shop(db, make_connector) -> Connector:
    connector = make_connector("Shop")
    registry._providers["testing"] = replace(connector.provider, budget=Budget(concurrency=4, kept_for_live=1))
    return connector


def claim(shop: Connector) -> list[Event]:
    room = lanes.open_lanes([shop.pk])[shop.pk]
    return claims.claim(shop.pk, 100, room.total, uuid.uuid4(), 60, bulk=room.bulk)


def test_bulk_work_leaves_a_slot_to_live_events(shop):
    for _ in range(6):
        an_event(shop, "read", priority=Priority.BULK)
    assert len(claim(shop)) == 3
    assert claim(shop) == []
    live = an_event(shop, "read")
    assert [one.pk for one in claim(shop)] == [live.pk]


def test_live_events_may_take_every_slot(shop):
    for _ in range(6):
        an_event(shop, "read")
    bulk = an_event(shop, "read", priority=Priority.BULK)
    taken = claim(shop)
    assert len(taken) == 4 and bulk.pk not in [one.pk for one in taken]


def test_what_is_urgent_takes_slots_before_bulk_work_does(shop):
    for _ in range(6):
        an_event(shop, "read", priority=Priority.BULK)
    live = [an_event(shop, "read").pk for _ in range(2)]
    taken = claim(shop)
    assert [one.pk for one in taken[:2]] == live and len(taken) == 4


def spend(testing_provider, **more) -> None:
    def call(run):
        raise BudgetSpent("The points are used up.", retry_after_s=7.0, **more)

    testing_provider.STATE.call = call


def test_a_budget_spent_for_bulk_work_rests_bulk_work_alone(shop, testing_provider):
    spend(testing_provider)
    an_event(shop, "call", priority=Priority.BULK)
    _, event = run_one(shop)
    assert (event.outcome, event.reason, event.attempts) == (Outcome.WAITING, Reason.RATE_BUDGET, 0)
    assert lanes.open_lanes([shop.pk]) == {shop.pk: Room(4, 0)}
    an_event(shop, "read", priority=Priority.BULK)
    assert claim(shop) == []
    live = an_event(shop, "read")
    assert [one.pk for one in claim(shop)] == [live.pk]


def test_a_budget_spent_for_a_live_event_lets_everything_else_go_on(shop, testing_provider):
    spend(testing_provider)
    an_event(shop, "call")
    _, event = run_one(shop)
    assert (event.outcome, event.reason) == (Outcome.WAITING, Reason.RATE_BUDGET)
    assert lanes.open_lanes([shop.pk]) == {shop.pk: Room(4, 3)}


def test_a_remote_closed_as_a_whole_closes_the_lane_for_as_long_and_costs_no_attempt(shop, testing_provider):
    def call(run):
        raise RemoteUnavailable("The shop is frozen.", code="http_402", retry_after_s=3600, closes_lane=True)

    testing_provider.STATE.call = call
    an_event(shop, "call", max_attempts=1)
    result, event = run_one(shop)
    assert (event.outcome, event.reason, event.attempts) == (Outcome.WAITING, Reason.RETRY, 0)
    assert result.due_in_s == 3600 and 3500 < budgets.paused_for_s(shop.pk) <= 3600
    assert lanes.open_lanes([shop.pk]) == {}
    budgets.resume(shop.pk)  # what a connection test that passes does
    assert lanes.open_lanes([shop.pk]) == {shop.pk: Room(4, 3)}


def test_bulk_work_runs_again_when_its_rest_is_over(shop):
    lanes.rest_for(shop.pk, 5)
    one = an_event(shop, "read", priority=Priority.BULK)
    assert claim(shop) == []
    budgets.resume(shop.pk)
    [taken] = claim(shop)
    assert taken.pk == one.pk
    finish([Result.of(taken, Outcome.SUCCEEDED, sentence="Done.")])
