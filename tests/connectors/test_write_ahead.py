"""A write is written down before it leaves: seen from inside the remote, over a connection of its own."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection, transaction

from connectors.models import Connector
from connectors.run import Run
from events import exchanges
from events.models import Outcome, RelatedRequest
from tests.cast import an_event, run_one


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

    monkeypatch.setattr(exchanges, "write", fail)
    testing_provider.STATE.call = lambda run: str(run.client.write("/write", {}))
    an_event(shop, "call")
    _, event = run_one(shop)
    assert (event.outcome, remote.received) == (Outcome.WAITING, [])


def test_a_read_goes_on_where_its_record_fails(shop, remote, testing_provider, monkeypatch):
    def fail(*_: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(exchanges, "write", fail)
    an_event(shop, "read")
    assert run_one(shop)[1].outcome == Outcome.SUCCEEDED


def test_a_call_inside_a_transaction_is_refused(shop, remote):
    run = Run(shop, an_event(shop))
    with transaction.atomic(), pytest.raises(RuntimeError):
        run.client.read("/ok")
    assert remote.received == []


def test_odd_answers_are_written_down_whatever_they_hold(shop, remote, testing_provider):
    remote.answers["/odd"] = (200, b'{"id": "\xff\x00"}', {"X-Odd": "\xff\x00\xfe", "X-Request-Id": "v\x00" * 200, "X-Long": "l" * 50_000})
    testing_provider.STATE.call = lambda run: str(run.client.call("POST", "/odd", json={}, write=True).status)
    an_event(shop, "call")
    _, event = run_one(shop)
    one = event.requests.get()
    assert (event.outcome, one.state) == (Outcome.SUCCEEDED, "answered")
    assert len(one.response_headers["X-Long"]) == 2000
