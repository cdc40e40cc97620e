"""Lookups: the storefront is always answered, never with the remote's words, and the event tells the truth."""

from __future__ import annotations

import json
import threading
import time

import pytest
from django.db import DatabaseError

from connectors import breakers, budgets, inline, lookups
from connectors.base import Answer
from connectors.exceptions import PayloadError, RemoteRefused, RemoteTimedOut, RemoteUnavailable, Skip
from connectors.models import Breaker, Connector
from events import bodies
from events.models import Event, Family, Kind, Outcome, Reason
from tests.provider import STATE, provider

[THINGS] = provider.lookups


@pytest.fixture
def shop(db, make_connector) -> Connector:
    lookups._shares.clear()
    return make_connector("Shop")


def ask(shop: Connector, **params):
    found, event_id = lookups.answer(shop, THINGS, params, asked_by="key: Storefront")
    return found, Event.objects.get(pk=event_id) if event_id else None


def raising(error: Exception):
    def function(run, params):
        raise error

    return function


def test_an_answer_leaves_an_event_with_its_requests(shop, remote):
    found, event = ask(shop, customer_code="C1")
    assert (found.available, found.data["things"][0]["id"]) == (True, "R1")
    assert (event.kind, event.outcome, event.topic, event.object_id) == (Kind.LOOKUP, Outcome.SUCCEEDED, "things", "C1")
    assert event.requests.get().status == 200
    assert json.loads(bodies.read(event.pk, "payload"))["event_data"]["external_customer_id"] == "C1"
    assert event.trace_id in remote.received[0].headers["traceparent"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RemoteUnavailable("Stack trace of the ERP", code="500"), Reason.UNAVAILABLE),
        (RemoteTimedOut("Stack trace of the ERP"), Reason.TIMED_OUT),
        (RemoteRefused("Stack trace of the ERP"), Reason.REFUSED),
        (PayloadError("Stack trace of the ERP"), Reason.PAYLOAD),
        (ZeroDivisionError("Stack trace of the ERP"), Reason.BUG),
    ],
)
def test_a_failure_is_answered_neutrally_and_told_in_the_event(shop, error, reason):
    STATE.lookup = raising(error)
    found, event = ask(shop)
    assert (found.available, found.message, found.fallback) == (False, "Not now.", "ask_us")
    assert "Stack" not in repr(found)
    assert (event.outcome, event.reason) == (Outcome.FAILED, reason)
    assert Family.objects.get().reason == reason


def test_skip_is_an_outcome_too(shop):
    STATE.lookup = raising(Skip("No account number.", reason="not_sent", code="not_sent"))
    found, event = ask(shop)
    assert (found.available, found.outcome) == (False, "not_sent")
    assert (event.outcome, event.reason) == (Outcome.SKIPPED, Reason.NOT_SENT)


@pytest.mark.parametrize(
    ("field", "value", "outcome"), [("is_enabled", False, "disabled"), ("is_paused", True, "paused")]
)
def test_a_connector_that_is_off_is_not_asked(shop, remote, field, value, outcome):
    setattr(shop, field, value)
    found, event = ask(shop)
    assert (found.outcome, event.outcome, remote.received) == (outcome, Outcome.SKIPPED, [])


def test_the_breaker_of_an_endpoint_opens_spares_the_shopper_and_closes_again(shop, remote):
    STATE.lookup = raising(RemoteUnavailable("Away.", code="503"))
    for _ in range(breakers.OPENS_AFTER):
        ask(shop)
    found, event = ask(shop)
    assert (found.outcome, event.reason_code) == ("breaker_open", "breaker_open")
    assert breakers.state_of(shop.pk)[0] == "closed"  # the connector's own events go on
    Breaker.objects.update(probe_at="2020-01-01T00:00:00Z")
    STATE.lookup = raising(RemoteRefused("No such customer."))  # who refuses is there
    ask(shop)
    assert breakers.state_of(shop.pk, "things")[0] == "closed"


def test_a_probe_is_not_used_up_by_a_question_that_is_not_asked(shop):
    breakers.failed(shop.pk, "Away.", endpoint="things", count=5)
    Breaker.objects.update(probe_at="2020-01-01T00:00:00Z")
    share = lookups._share(shop, THINGS)
    while share.acquire(blocking=False):
        pass
    assert ask(shop)[0].outcome == "busy"
    assert Breaker.objects.get().state == "open"
    share.release()
    assert ask(shop)[0].available


def test_a_vendor_that_asks_to_slow_down_is_left_alone(shop, remote):
    remote.answers["/ok"] = (429, {}, {"Retry-After": "30"})
    assert ask(shop)[0].outcome == "throttled"
    found, event = ask(shop)
    assert (found.outcome, len(remote.received)) == ("throttled", 1)
    assert "slow down" in event.sentence
    assert 0 < budgets.paused_for_s(shop.pk, name="lookup:things") <= 30


def test_a_retry_after_of_hours_does_not_switch_a_function_off_for_hours(shop, remote):
    remote.answers["/ok"] = (429, {}, {"Retry-After": "86400"})
    ask(shop)
    assert budgets.paused_for_s(shop.pk, name="lookup:things") <= 300


def test_only_so_many_ask_at_once(committed, make_connector):
    from django.db import connection

    lookups._shares.clear()
    shop = make_connector("Shop")
    release = threading.Event()
    STATE.lookup = lambda run, params: Answer(available=bool(release.wait(3)))
    found: list[str] = []

    def question() -> None:
        found.append(ask(shop)[0].outcome)
        connection.close()

    threads = [threading.Thread(target=question) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.6)
    release.set()
    for thread in threads:
        thread.join(5)
    assert sorted(found) == ["busy", "success", "success"]


def test_a_slow_remote_is_answered_neutrally_within_the_lookups_budget(shop, remote):
    STATE.lookup = lambda run, params: run.client.call("GET", "/drip-body", timeout_s=(3, 60))
    started = time.monotonic()
    found, event = ask(shop)
    assert time.monotonic() - started < THINGS.budget_s + 0.7
    assert (found.available, event.reason) == (False, Reason.TIMED_OUT)


@pytest.mark.parametrize("name", ["record", "exchanges.write_all", "_tell"])
@pytest.mark.parametrize("error", [DatabaseError("full disk"), ValueError("a bug")])
def test_the_answer_goes_out_where_its_event_cannot_be_written(shop, monkeypatch, name, error):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(f"connectors.inline.{name}", fail)
    before = inline.NOT_WRITTEN._value.get()
    found, event = ask(shop)
    assert (found.available, event) == (True, None)
    assert inline.NOT_WRITTEN._value.get() == before + 1


def test_the_answer_goes_out_where_the_breaker_cannot_be_read_or_written(shop, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr(breakers, "worked", fail)
    assert ask(shop)[0].available
    monkeypatch.setattr(breakers, "state_of", fail)
    found, _ = ask(shop)
    assert (found.available, found.message) == (False, "Not now.")


def test_settings_that_do_not_load_are_answered_too(shop):
    shop.settings = {}
    found, event = ask(shop)
    assert found.available is False
    assert event.reason == Reason.CONFIGURATION


def test_odd_texts_from_the_remote_do_not_keep_the_event_from_being_written(shop):
    STATE.lookup = raising(RemoteRefused("a\x00b\ud800" * 3000))
    assert ask(shop, customer_code="\x00\ud800x")[1].outcome == Outcome.FAILED
