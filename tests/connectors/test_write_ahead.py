"""A write is written down before it leaves: seen from inside the remote, over a connection of its own."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection, transaction

from connectors.models import Connector
from connectors.run import Run
from events import exchanges
from events.models import Outcome, RelatedRequest
from tests.cast import an_event, claim, run_one


@pytest.fixture
def shop(committed, make_connector) -> Connector:
    return make_connector("Shop")


def test_the_row_of_a_write_is_there_before_the_write_arrives(shop, remote, testing_provider):
    seen: list[list[tuple[str, str]]] = []

    def look(request) -> None:
        seen.append(list(RelatedRequest.objects.values_list("method", "state")))
        connection.close()  # this server's thread has a connection of its own

    remote.before_answer = look
    testing_provider.STATE.call = lambda run: str((run.client.read("/ok"), run.client.write("/write", {"a": 1})))
    an_event(shop, "call")
    _, event = run_one(shop)
    assert event.outcome == Outcome.SUCCEEDED
    assert seen == [[], [("GET", "answered"), ("POST", "sent")]]
    assert set(event.requests.values_list("state", flat=True)) == {"answered"}


def test_a_write_that_cannot_be_written_down_does_not_leave(shop, remote, testing_provider, monkeypatch):
    def fail(*_: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(exchanges, "write_many", fail)
    testing_provider.STATE.call = lambda run: str(run.client.write("/write", {}))
    an_event(shop, "call")
    _, event = run_one(shop)
    assert (event.outcome, remote.received) == (Outcome.WAITING, [])


def test_a_read_goes_on_where_its_record_fails(shop, remote, testing_provider, monkeypatch):
    def fail(*_: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(exchanges, "write_many", fail)
    an_event(shop, "read")
    assert run_one(shop)[1].outcome == Outcome.SUCCEEDED


def test_a_call_inside_a_transaction_is_refused(shop, remote):
    run = Run(shop, an_event(shop))
    with transaction.atomic(), pytest.raises(RuntimeError):
        run.client.read("/ok")
    assert remote.received == []


def test_odd_answers_are_written_down_whatever_they_hold(shop, remote, testing_provider):
    remote.answers["/odd"] = (
        200,
        b'{"id": "\xff\x00"}',
        {"X-Odd": "\xff\x00\xfe", "X-Request-Id": "v\x00" * 200, "X-Long": "l" * 50_000},
    )
    testing_provider.STATE.call = lambda run: str(run.client.call("POST", "/odd", json={}, write=True).status)
    an_event(shop, "call")
    _, event = run_one(shop)
    one = event.requests.get()
    assert (event.outcome, one.state) == (Outcome.SUCCEEDED, "answered")
    assert len(one.response_headers["X-Long"]) == 2000


def test_the_reads_of_an_event_are_written_with_its_outcome_and_large_ones_at_once(shop, remote, testing_provider):
    remote.answers["/large"] = (200, b'"' + b"x" * 300_000 + b'"', {})
    seen: list[int] = []

    def call(run: Run) -> str:
        run.client.read("/ok")
        seen.append(RelatedRequest.objects.count())
        run.client.read("/large")
        seen.append(RelatedRequest.objects.count())
        return "Done."

    testing_provider.STATE.call = call
    an_event(shop, "call")
    _, event = run_one(shop)
    assert seen == [0, 2]
    assert event.requests.count() == 2


def test_outcomes_whose_commit_was_not_heard_of_are_written_again_harmlessly(shop):
    from connectors import jobs
    from events.outcomes import finish

    an_event(shop, "read")
    [taken] = claim(shop)
    result = jobs.run(taken, defers=True)
    assert finish([result]) == {taken.pk}
    assert finish([result]) == set()
    assert taken.requests.count() == 1
