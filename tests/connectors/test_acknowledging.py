"""Telling a record's source what became of it: once, beside the ledger, and never again of what it writes itself."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from django.db import OperationalError

from connectors import acknowledging, registry
from connectors.base import Acknowledgement
from connectors.exceptions import RemoteRefused
from connectors.models import Connector, Link, Route
from connectors.records import Order
from connectors.run import Run
from events import bodies
from events.models import Event, Kind, Outcome
from events.outcomes import retry
from tests.cast import an_event, run_one
from tests.connectors.xoro.cast import make_order

pytestmark = pytest.mark.django_db


class Source:
    """What the source hears, and whether it wants to."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.wanted = {True, False}

    def hear(self, run: Run) -> str:
        self.heard.append(run.payload)
        return "Heard."


@pytest.fixture
def source(testing_provider) -> Source:
    one = Source()
    told = Acknowledgement(function=one.hear, wants=lambda settings, is_delivered: is_delivered in one.wanted)
    changed = dataclasses.replace(testing_provider.provider, acknowledges={Order: told})
    registry._providers[testing_provider.SLUG] = changed
    return one


@pytest.fixture
def pair(make_connector, source) -> tuple[Connector, Connector]:
    shop, erp = make_connector("Shop"), make_connector("Erp")
    Route.objects.create(source=shop, target=erp, record_kind="order", options={"tag": "web"})
    return shop, erp


def deliver(pair: tuple[Connector, Connector]) -> Event:
    """The order's delivery, run."""
    shop, erp = pair
    parent = an_event(shop)
    Run(shop, parent).deliver(make_order())
    Event.objects.filter(pk=parent.pk).update(outcome=Outcome.SUCCEEDED)
    return run_one(erp)[1]


def told() -> list[Event]:
    return list(Event.objects.filter(topic__in=["order/delivered", "order/failed"]))


def test_the_source_hears_what_its_record_became(pair, source):
    shop, erp = pair
    delivery = deliver(pair)
    (event,) = told()
    assert (event.connector_id, event.kind, event.parent_id) == (shop.pk, Kind.SYNC, delivery.pk)
    assert event.lock_key == f"{shop.pk}:order:{delivery.object_id}"
    assert run_one(shop)[1].outcome == Outcome.SUCCEEDED
    (heard,) = source.heard
    link = Link.objects.get()
    assert heard["is_delivered"] and heard["target"] == erp.slug and heard["source_id"] == link.source_object_id
    assert (heard["target_id"], heard["target_number"]) == (link.target_object_id, link.target_number)


def test_a_failure_is_told_with_its_sentence(pair, source, testing_provider):
    testing_provider.STATE.accept = refuse
    delivery = deliver(pair)
    assert delivery.outcome == Outcome.FAILED
    (event,) = told()
    assert event.topic == "order/failed"
    assert json.loads(bodies.read(event.pk, "payload", event.received_at))["sentence"] == delivery.sentence


def test_a_failure_that_is_over_is_not_told_any_more(pair, source, testing_provider):
    """Its word waited for the source; meanwhile a Retry succeeded and was told of."""
    shop, erp = pair
    accept, testing_provider.STATE.accept = testing_provider.STATE.accept, refuse
    delivery = deliver(pair)
    Event.objects.filter(topic="order/failed").update(outcome=Outcome.WAITING)
    testing_provider.STATE.accept = accept
    retry([delivery.pk], by="ada")
    assert run_one(erp)[1].outcome == Outcome.SUCCEEDED
    run_one(shop)
    Event.objects.filter(topic="order/failed").update(outcome=Outcome.QUEUED)
    assert run_one(shop)[1].reason == "superseded"
    assert [one["is_delivered"] for one in source.heard] == [True]


@pytest.mark.parametrize(("wanted", "heard"), [({True, False}, [False]), ({True}, [True])])
def test_an_older_success_does_not_undo_the_word_of_a_newer_failure(pair, source, testing_provider, wanted, heard):
    shop, erp = pair
    source.wanted = wanted
    deliver(pair)
    Event.objects.filter(topic="order/delivered").update(outcome=Outcome.WAITING)
    testing_provider.STATE.accept = refuse
    parent = an_event(shop)
    Run(shop, parent).deliver(dataclasses.replace(make_order(), note="changed"))
    Event.objects.filter(pk=parent.pk).update(outcome=Outcome.SUCCEEDED)
    assert run_one(erp)[1].outcome == Outcome.FAILED
    Event.objects.filter(topic="order/delivered").update(outcome=Outcome.QUEUED)
    for _ in told():
        run_one(shop)
    assert [one["is_delivered"] for one in source.heard] == heard


def refuse(run: Run, one: Any) -> None:
    raise RemoteRefused("The remote declines.")


@pytest.mark.parametrize("wanted", [set(), {False}])
def test_nothing_is_written_for_a_source_that_does_not_want_to_know(pair, source, wanted):
    source.wanted = wanted
    assert deliver(pair).outcome == Outcome.SUCCEEDED
    assert told() == [] and Link.objects.count() == 1


def test_neither_ledger_nor_word_is_there_without_the_other(pair, monkeypatch):
    """The database is away while the word is written: both are written in the next try."""
    tell, fails = acknowledging.tell_delivered, iter([True])

    def away_once(*given: Any) -> None:
        assert Link.objects.count() == 1
        if next(fails, False):
            raise OperationalError("away")
        tell(*given)

    monkeypatch.setattr("connectors.jobs.connection.close", lambda: None)
    monkeypatch.setattr("connectors.jobs.time.sleep", lambda seconds: None)
    monkeypatch.setattr("connectors.jobs.connection", Near())
    monkeypatch.setattr(acknowledging, "tell_delivered", away_once)
    assert deliver(pair).outcome == Outcome.SUCCEEDED
    assert len(told()) == 1 and Link.objects.count() == 1


class Near:
    """A connection that is in no transaction, as a worker's; the test's own is."""

    in_atomic_block = False

    def close(self) -> None:
        pass

    def is_usable(self) -> bool:
        return True


def test_a_delivery_of_a_like_named_topic_is_no_acknowledgement(pair, source):
    shop, _ = pair
    an_event(shop, "order/delivered")
    assert run_one(shop)[1].outcome == Outcome.SKIPPED
    assert source.heard == []


def test_what_an_acknowledgement_does_is_told_to_nobody(pair, source):
    shop, _ = pair
    deliver(pair)
    run_one(shop)
    assert len(told()) == 1


def test_what_it_fails_at_leaves_the_delivery_as_it_was(pair, source, monkeypatch):
    shop, _ = pair
    delivery = deliver(pair)
    monkeypatch.setattr(source, "hear", None)
    handler = Acknowledgement(function=refuse_all)
    provider = registry.get(shop.provider_slug)
    registry._providers[shop.provider_slug] = dataclasses.replace(provider, acknowledges={Order: handler})
    assert run_one(shop)[1].outcome == Outcome.FAILED
    delivery.refresh_from_db()
    assert delivery.outcome == Outcome.SUCCEEDED and Link.objects.count() == 1


def refuse_all(run: Run) -> str:
    raise RemoteRefused("No.")
