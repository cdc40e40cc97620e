"""One connector asks another what it answers: found by capability, bounded in number and time, told by its own event."""

from __future__ import annotations

import dataclasses
import threading
import time

import pytest

from connectors import asking, registry
from connectors.base import Answer
from connectors.exceptions import ConfigurationError, RemoteUnavailable
from connectors.models import Connector
from connectors.run import Run
from events.models import Event, Outcome
from tests import provider as throwaway
from tests.cast import an_event
from tests.provider import STATE

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(make_connector) -> Connector:
    able = dataclasses.replace(throwaway.provider.lookups[0], capability="things")
    registry._providers[throwaway.SLUG] = dataclasses.replace(throwaway.provider, lookups=[able])
    asking._gates.clear()
    return make_connector("Source")


@pytest.fixture
def shop(source, make_connector) -> Connector:
    return make_connector("Shop")


def ask(shop, given=None, slug="source", capability="things", budget_s=1.0):
    run = Run(shop, None)
    given = {"customer_code": "C1"} if given is None else given
    return run, lambda: asking.ask(run, slug, capability, given, budget_s=budget_s)


def test_the_answer_comes_at_once_and_the_event_afterwards(shop, source):
    STATE.lookup = lambda run, params: Answer(available=True, data={"things": [dict(params)]})
    run, question = ask(shop)
    assert question().data["things"]
    assert not Event.objects.exists()
    asker = an_event(shop, "rates")
    for one in run.afterwards:
        one(asker.pk)
    event = Event.objects.get(parent_id=asker.pk)
    assert (event.connector_id, event.outcome, event.triggered_by) == (source.pk, Outcome.SUCCEEDED, "Shop")


def test_only_who_is_able_is_listed_and_asked(shop, source):
    assert [one.slug for one in asking.able("things")] == ["shop", "source"]
    assert asking.able("other") == []
    for wrong in ({"slug": "nobody"}, {"capability": "other"}, {"given": {"no_such": 1}}):
        with pytest.raises(ConfigurationError):
            ask(shop, **wrong)[1]()


def test_a_failure_is_the_neutral_answer(shop):
    def fail(run, params):
        raise RemoteUnavailable("Away.", code="503")

    STATE.lookup = fail
    assert ask(shop)[1]().available is False


def test_who_would_wait_behind_slow_questions_is_refused_at_once(shop):
    gate = asking._gates.setdefault(Connector.objects.get(slug="source").pk, asking._Gate())
    places = [gate.enter() for _ in range(asking.AT_ONCE)]
    started = time.monotonic()
    with pytest.raises(RemoteUnavailable) as refused:
        ask(shop)[1]()
    assert refused.value.code == "busy" and time.monotonic() - started < asking.WAIT_S + 0.3
    time.sleep(asking.SLOW_S)
    started = time.monotonic()
    with pytest.raises(RemoteUnavailable):
        ask(shop)[1]()
    assert time.monotonic() - started < 0.1
    for one in places:
        gate.leave(one)
    assert ask(shop)[1]().available


def test_a_place_that_is_given_back_is_taken_by_who_waits():
    gate = asking._Gate()
    places = [gate.enter() for _ in range(asking.AT_ONCE)]
    threading.Timer(0.05, gate.leave, [places[0]]).start()
    assert gate.enter() is not None
