"""What makes a write one that may or may not have happened, and what a person says about it by Retry and *resolved*."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from connectors import jobs
from connectors.exceptions import RemoteUnavailable
from connectors.models import Connector
from connectors.records import GiftCard, Refund
from connectors.run import Run
from events import bodies, exchanges, outcomes
from events.models import Event, Kind, Outcome, Reason, RelatedRequest
from events.pulse import take_back
from tests.cast import an_event, claim, run_one

pytestmark = pytest.mark.django_db


@pytest.fixture
def erp(make_connector) -> Connector:
    return make_connector("Erp")


def a_delivery(erp: Connector) -> Event:
    event = an_event(erp, "call", obj="1001")
    Event.objects.filter(pk=event.pk).update(kind=Kind.DELIVERY)
    return event


def long_ago() -> None:
    """One transaction has one clock: what was written in it is not before what is claimed in it."""
    RelatedRequest.objects.update(requested_at="2020-01-01T00:00:00Z")


def next_run(erp: Connector, **columns: object) -> Run:
    Event.objects.filter(outcome__in=[Outcome.WAITING, Outcome.QUEUED]).update(outcome=Outcome.QUEUED, **columns)
    [taken] = claim(erp, limit=1)
    return Run(erp, taken)


def die_after_the_answer(erp: Connector, testing_provider) -> Event:
    """A delivery whose write was answered well, and whose worker died before it wrote that down."""
    testing_provider.STATE.call = lambda run: str(run.client.write("/write", {}))
    event = an_event(erp, "call", obj="1001")
    [taken] = claim(erp)
    jobs.run(taken)
    Event.objects.update(lease_until="2020-01-01T00:00:00Z", kind=Kind.DELIVERY)
    assert take_back() == 1
    return event


def write_without_answer(erp: Connector, testing_provider) -> Event:
    testing_provider.STATE.call = lambda run: str(run.client.write("/silent", {}, timeout_s=(0.2, 0.3)))
    an_event(erp, "call", obj="1001")
    _, event = run_one(erp)
    Event.objects.update(kind=Kind.DELIVERY)
    assert event.outcome == Outcome.WAITING
    return event


def test_an_answer_that_leaves_open_what_became_of_the_write_is_as_good_as_none(erp, testing_provider):
    """A vendor may answer well-formed, with HTTP 200, and promise nothing: its client says so."""

    def call(run: Run) -> str:
        answer = run.client.call("POST", "/write", json={}, write=True)
        run.http.doubt(answer.request_id, "Throttled; whether it was done is not promised.")
        raise RemoteUnavailable("Throttled.", code="THROTTLED")

    testing_provider.STATE.call = call
    an_event(erp, "call", obj="1001")
    _, event = run_one(erp)
    Event.objects.update(kind=Kind.DELIVERY)
    assert event.outcome == Outcome.WAITING and next_run(erp).unfinished_write is True
    request = RelatedRequest.objects.get()
    assert (request.state, request.status) == ("no_answer", 200) and "not promised" in request.error


def test_an_interruption_is_not_forgotten_by_an_attempt_that_fails_for_another_reason(erp, testing_provider):
    die_after_the_answer(erp, testing_provider)

    def away(run: Run) -> str:
        raise RemoteUnavailable("It is away.", code="connect")

    testing_provider.STATE.call = away
    Event.objects.update(kind=Kind.WEBHOOK)
    _, event = run_one(erp)
    Event.objects.update(kind=Kind.DELIVERY)
    assert (event.outcome, event.reason_code) == (Outcome.WAITING, "connect")
    assert next_run(erp).unfinished_write is True


def test_nor_where_a_newer_event_of_the_object_takes_over(erp, testing_provider):
    old = die_after_the_answer(erp, testing_provider)
    Event.objects.filter(pk=old.pk).update(outcome=Outcome.SKIPPED, reason=Reason.SUPERSEDED)
    newer = a_delivery(erp)
    [taken] = claim(erp)
    assert taken.pk == newer.pk
    run = Run(erp, taken)
    assert (run.unfinished_write, run.unfinished_write_by_other) == (True, True)


def test_a_write_of_ones_own_is_no_other_version(erp, testing_provider):
    die_after_the_answer(erp, testing_provider)
    run = next_run(erp)
    assert (run.unfinished_write, run.unfinished_write_by_other) == (True, False)


def test_a_bug_after_the_answer_leaves_the_write_unfinished(erp, testing_provider):
    def stumble(run: Run) -> str:
        run.client.write("/write", {})
        raise KeyError("of ours")

    testing_provider.STATE.call = stumble
    an_event(erp, "call", obj="1001")
    _, event = run_one(erp)
    assert event.reason == Reason.BUG
    long_ago()
    outcomes.retry([event.pk], by="sam")
    assert next_run(erp).unfinished_write is True


def test_a_retry_of_what_waits_does_not_say_that_somebody_looked(erp, remote, testing_provider):
    event = write_without_answer(erp, testing_provider)
    long_ago()
    assert outcomes.retry([event.pk], by="sam") == 1
    assert next_run(erp).unfinished_write is True


@pytest.mark.parametrize("reason", [Reason.UNCONFIRMED_WRITE, Reason.WORKER_LOST])
def test_a_retry_where_the_page_asked_to_look_does(erp, remote, testing_provider, reason):
    event = write_without_answer(erp, testing_provider)
    long_ago()
    Event.objects.update(outcome=Outcome.FAILED, reason=reason)
    outcomes.retry([event.pk], by="sam")
    assert next_run(erp).unfinished_write is False


def test_resolved_by_a_person_means_that_it_is_there_and_creates_no_second_one(erp, remote, testing_provider):
    """The page says: if it is there, mark this event resolved. The order's next change must not create another."""
    event = write_without_answer(erp, testing_provider)
    Event.objects.update(outcome=Outcome.FAILED, reason=Reason.UNCONFIRMED_WRITE)
    assert outcomes.resolve([event.pk], by="sam", note="It is there.") == 1
    a_delivery(erp)
    [taken] = claim(erp)
    assert Run(erp, taken).unfinished_write is True


def test_a_success_at_the_same_place_ends_it(erp, remote, testing_provider):
    write_without_answer(erp, testing_provider)
    Event.objects.update(outcome=Outcome.SKIPPED, reason=Reason.SUPERSEDED)
    done = a_delivery(erp)
    Event.objects.filter(pk=done.pk).update(outcome=Outcome.SUCCEEDED, finished_at=timezone.now())
    long_ago()
    a_delivery(erp)
    [taken] = claim(erp)
    assert Run(erp, taken).unfinished_write is False


def test_a_worker_whose_clock_is_behind_still_finds_its_write_after_a_retry(erp, remote, testing_provider, monkeypatch):
    from datetime import UTC, datetime, timedelta

    from connectors import http

    class Behind(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(UTC) - timedelta(minutes=10)

    monkeypatch.setattr(http, "datetime", Behind)
    a_delivery(erp)
    Event.objects.update(kind=Kind.WEBHOOK, retried_at=timezone.now())
    testing_provider.STATE.call = lambda run: str(run.client.write("/silent", {}, timeout_s=(0.2, 0.3)))
    run_one(erp)
    assert next_run(erp).unfinished_write is True


def test_a_worker_that_slept_beyond_its_lease_writes_nothing_more(erp, remote, testing_provider):
    """Its event runs elsewhere by now: the far end must not hear of it twice."""

    def slept(run: Run) -> str:
        Event.objects.filter(pk=run.event.pk).update(lease=uuid.uuid4())
        run.client.write("/write", {})
        return "Written."

    testing_provider.STATE.call = slept
    an_event(erp, "call", obj="1001")
    [taken] = claim(erp)
    result = jobs.run(taken)
    assert remote.received == []
    assert outcomes.finish([result]) == set()


def test_a_worker_that_slept_over_what_it_read_remembers_nothing_of_it(erp, remote, testing_provider, settings):
    """What another worker wrote down since, maybe of a newer version, would be overwritten."""
    remembered = []

    def slept(run: Run) -> str:
        answer = run.http._send  # the lease goes while the call is on its way

        def lose(*args, **more):
            Event.objects.filter(pk=run.event.pk).update(lease=uuid.uuid4())
            return answer(*args, **more)

        run.http._send = lose
        run.client.call("GET", "/things")
        remembered.append("stale")
        return "Done."

    settings.HUB_LEASE_S = -1.0  # any call takes longer than half of it
    testing_provider.STATE.call = slept
    an_event(erp, "call", obj="1001")
    [taken] = claim(erp)
    result = jobs.run(taken)
    assert (remembered, result.reason) == ([], Reason.WORKER_LOST)
    assert outcomes.finish([result]) == set()


def test_a_worker_that_slept_takes_no_checkpoint_back(erp, testing_provider, settings):
    """A walk that another worker has gone on with would begin at an old page, with new dates."""

    def slept(run: Run) -> str:
        Event.objects.filter(pk=run.event.pk).update(lease=uuid.uuid4())
        run.save_checkpoint(page=1)
        return "Done."

    settings.HUB_LEASE_S = -1.0
    testing_provider.STATE.call = slept
    an_event(erp, "call", obj="1001")
    [taken] = claim(erp)
    assert jobs.run(taken).reason == Reason.WORKER_LOST
    erp.refresh_from_db()
    assert "page" not in erp.memory


def test_what_an_earlier_version_began_is_known_to_the_newer_one(erp, remote, testing_provider):
    old = write_without_answer(erp, testing_provider)
    card = GiftCard(id="1001", number="9f3k", currency="USD", initial_value=Decimal(40), balance=Decimal(40))
    bodies.store(old.pk, "payload", card.to_json(), old.received_at)
    assert next_run(erp).begun(GiftCard) is None  # its own version
    Event.objects.filter(pk=old.pk).update(outcome=Outcome.SKIPPED, reason=Reason.SUPERSEDED)
    a_delivery(erp)
    run = next_run(erp)
    assert run.begun(GiftCard) == card
    assert run.begun(Refund) is None  # nobody can read it as that


def test_where_nothing_is_unfinished_nothing_was_begun(erp, remote, testing_provider):
    a_delivery(erp)
    assert next_run(erp).begun(GiftCard) is None


def test_a_worker_that_slept_over_the_answer_remembers_nothing_and_leaves_the_write_in_doubt(
    erp, remote, testing_provider, monkeypatch
):
    """Another one has the event by now, and may be far beyond what this answer means."""
    remembered = []

    def sleepy(run: Run) -> str:
        run.client.write("/write", {})
        remembered.append("a document")
        return "Written."

    complete = exchanges.complete

    def complete_late(*given: Any) -> None:
        Event.objects.update(lease=uuid.uuid4())
        complete(*given)

    monkeypatch.setattr(exchanges, "complete", complete_late)
    testing_provider.STATE.call = sleepy
    an_event(erp, "call", obj="1001")
    [taken] = claim(erp)
    result = jobs.run(taken)
    assert len(remote.received) == 1 and remembered == []
    assert outcomes.finish([result]) == set()
    assert RelatedRequest.objects.get().state == "no_answer"
