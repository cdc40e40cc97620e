"""Running one event: whatever a handler does ends in exactly one outcome, with its reason."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

import pytest
from django.db import DataError, OperationalError
from pydantic import TypeAdapter

from connectors import breakers, budgets, jobs, lanes
from connectors.base import Budget
from connectors.exceptions import MappingMissing, UnconfirmedWrite
from connectors.models import Breaker, Bucket, Connector, Link, Mapping, Route
from connectors.records import Order
from connectors.run import Run
from events import bodies
from events.models import Event, Kind, Outcome, Reason, RelatedRequest, SearchKey
from tests.cast import an_event, claim, run_one

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(make_connector) -> Connector:
    return make_connector("Shop")


@pytest.mark.parametrize(
    ("topic", "outcome", "reason"),
    [
        ("noop", Outcome.SUCCEEDED, ""),
        ("skip", Outcome.SKIPPED, Reason.FILTERED),
        ("ignored", Outcome.SKIPPED, Reason.IGNORED),
        ("never heard of", Outcome.SKIPPED, Reason.IGNORED),
        ("bug", Outcome.FAILED, Reason.BUG),
        ("raise/configuration", Outcome.FAILED, Reason.CONFIGURATION),
        ("raise/mapping", Outcome.FAILED, Reason.MAPPING_MISSING),
        ("raise/payload", Outcome.FAILED, Reason.PAYLOAD),
        ("raise/unconfirmed", Outcome.FAILED, Reason.UNCONFIRMED_WRITE),
        ("raise/refused", Outcome.FAILED, Reason.REFUSED),
        ("raise/unauthorised", Outcome.FAILED, Reason.UNAUTHORISED),
        ("raise/unavailable", Outcome.WAITING, Reason.RETRY),
        ("raise/timed_out", Outcome.WAITING, Reason.RETRY),
        ("raise/dependency", Outcome.WAITING, Reason.DEPENDENCY),
        ("raise/rejected", Outcome.FAILED, "rejected"),
    ],
)
def test_each_way_to_end_has_its_outcome_and_reason(shop, topic, outcome, reason):
    an_event(shop, topic)
    _, event = run_one(shop)
    assert (event.outcome, event.reason) == (outcome, reason)
    assert event.sentence
    assert (event.finished_at is None) == (outcome == Outcome.WAITING)
    if outcome == Outcome.FAILED:
        assert event.next_step or topic == "raise/rejected"
        assert event.cause


def test_a_bug_keeps_its_traceback_without_the_secret(shop, testing_provider, caplog):
    an_event(shop, "bug")
    _, event = run_one(shop)
    [note] = [n for n in event.notes if n["code"] == "traceback"]
    assert "ZeroDivisionError" in note["text"]
    assert testing_provider.TOKEN not in note["text"] + event.sentence
    assert testing_provider.TOKEN not in caplog.text


def test_secrets_are_not_in_any_sentence(shop, testing_provider):
    from connectors.exceptions import RemoteRefused

    token = testing_provider.TOKEN

    def call(run: Run) -> str:
        run.note("n", f"with {token}")
        raise RemoteRefused(f"They said {token}.", next_step=f"Use {token}.", code=token)

    testing_provider.STATE.call = call
    an_event(shop, "call")
    _, event = run_one(shop)
    assert token not in f"{event.sentence}{event.next_step}{event.notes}{event.reason_code}"
    testing_provider.STATE.call = lambda run: f"Done with {token}."
    an_event(shop, "call")
    assert token not in run_one(shop)[1].sentence


def test_retries_come_later_each_time_and_end(shop):
    an_event(shop, "raise/unavailable", max_attempts=3)
    pauses = []
    for attempt in (1, 2, 3):
        result, event = run_one(shop)
        assert event.attempts == attempt
        if attempt < 3:
            pauses.append(result.due_in_s)
            assert f"Attempt {attempt} of 3" in event.sentence
            Event.objects.update(outcome=Outcome.QUEUED)
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.UNAVAILABLE)
    assert 5 <= pauses[0] <= 6.25
    assert 30 <= pauses[1] <= 37.5


def test_retry_after_is_honoured(shop):
    an_event(shop, "raise/later")
    result, _ = run_one(shop)
    assert 90 <= result.due_in_s <= 99


def test_a_remote_that_asks_to_slow_down_is_left_alone_by_all_its_events(shop):
    an_event(shop, "raise/throttled")
    run_one(shop)
    assert lanes.open_lanes([shop.pk]) == {}
    assert 30 < budgets.paused_for_s(shop.pk) <= 40


def test_a_spent_budget_is_waiting_with_the_attempt_given_back(shop):
    from dataclasses import replace

    from connectors import registry

    registry._providers["testing"] = replace(shop.provider, budget=Budget(per_second=0.1, burst=1))
    for _ in range(3):
        an_event(shop, "read")
    assert run_one(shop)[1].outcome == Outcome.SUCCEEDED
    _, event = run_one(shop)
    assert (event.outcome, event.reason, event.attempts) == (Outcome.WAITING, Reason.RATE_BUDGET, 0)
    assert event.due_at is not None
    assert lanes.open_lanes([shop.pk]) == {}  # the third one is not even claimed
    assert Bucket.objects.get(name="rate").tokens > -1


def test_a_paused_connector_keeps_its_events_and_a_disabled_one_skips_them(shop):
    event = an_event(shop)
    [taken] = claim(shop)
    Connector.objects.update(is_paused=True)
    result = jobs.run(taken)
    assert (result.outcome, result.reason, result.gives_back_attempt) == (Outcome.WAITING, Reason.PAUSED, True)
    Connector.objects.update(is_paused=False, is_enabled=False)
    assert jobs.run(taken).reason == Reason.DISABLED
    Connector.objects.all().delete()
    result = jobs.run(taken)
    assert (result.outcome, result.reason) == (Outcome.SKIPPED, Reason.DISABLED)
    assert "deleted" in result.sentence
    assert event.pk == result.event_id


def test_a_provider_that_is_gone_is_no_bug(shop):
    Connector.objects.update(provider_slug="gone")
    an_event(shop)
    _, event = run_one(shop)
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.CONFIGURATION)


def test_settings_that_do_not_load_are_a_configuration_failure(shop):
    Connector.objects.update(settings={})
    an_event(shop)
    _, event = run_one(shop)
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.CONFIGURATION)
    assert "Address" in event.sentence


def test_what_the_database_refuses_is_a_bug_and_not_tried_for_ever(shop, testing_provider):
    def call(run: Run) -> str:
        raise DataError("value too long")

    testing_provider.STATE.call = call
    an_event(shop, "call")
    _, event = run_one(shop)
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.BUG)


def test_a_database_that_was_away_costs_no_attempt(shop, testing_provider, monkeypatch):
    def call(run: Run) -> str:
        raise OperationalError("server closed the connection")

    testing_provider.STATE.call = call
    an_event(shop, "call")
    [taken] = claim(shop)
    away = SimpleNamespace(close=lambda: None, is_usable=lambda: False)
    monkeypatch.setattr(jobs, "connection", away)
    result = jobs.run(taken)
    assert (result.outcome, result.reason, result.gives_back_attempt) == (Outcome.WAITING, Reason.RETRY, True)
    away.is_usable = lambda: True
    taken.attempts = taken.max_attempts
    assert jobs.run(taken).outcome == Outcome.FAILED  # a query the living database ends each time


def test_notes_search_keys_and_the_described_object_are_kept(shop, testing_provider):
    def call(run: Run) -> str:
        run.describe(object_type="thing", object_id="9", object_label="#9")
        run.note("tax_differs", "By a cent.")
        run.key("invoice_number", "#INV-1")
        run.show(b'{"a": 1}')
        return "Done."

    testing_provider.STATE.call = call
    an_event(shop, "call")
    _, event = run_one(shop)
    assert (event.object_id, event.notes) == ("9", [{"code": "tax_differs", "text": "By a cent."}])
    assert SearchKey.objects.filter(event=event, value="inv-1").exists()


def test_a_missing_mapping_names_itself(shop, testing_provider):
    Mapping.objects.create(connector=shop, kind="location", from_value="Köln", to_value="K")
    run = Run(shop, an_event(shop))
    assert run.map("location", "Köln") == "K"
    assert run.map("location", "Bonn", default="X") == "X"
    with pytest.raises(MappingMissing) as caught:
        run.map("location", "Bonn\x00")
    assert "Bonn" in caught.value.sentence


# --- writes -----------------------------------------------------------------------------------------------------------


def test_requests_are_related_to_their_event_and_attempt(shop, remote):
    an_event(shop, "read")
    _, event = run_one(shop)
    [one] = event.requests.all()
    assert (one.method, one.status, one.state, one.is_write, one.attempt) == ("GET", 200, "answered", False, 1)
    assert str(one.pk) == remote.received[0].headers["x-request-id"]
    assert remote.received[0].headers["traceparent"].split("-")[1] == event.trace_id


def test_the_token_is_nowhere_in_what_was_recorded(shop, testing_provider, remote):
    testing_provider.STATE.call = lambda run: str(
        run.client.write(f"/write?k={testing_provider.TOKEN}", {"k": testing_provider.TOKEN})
    )
    an_event(shop, "call")
    _, event = run_one(shop)
    from django.db import connection

    [one] = event.requests.all()
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM events_body")
        bodies = b"".join(row[0] for row in cursor.fetchall())
    shown = f"{one.endpoint}{one.request_headers}{one.response_headers}{event.sentence}{bodies!r}"
    assert "tok-secret" not in shown


def an_unfinished_write(shop, remote, testing_provider) -> Event:
    remote.answers["/write"] = (200, b"", {})
    testing_provider.STATE.call = lambda run: str(run.client.write("/silent", {}, timeout_s=(0.2, 0.3)))
    an_event(shop, "call")
    _, event = run_one(shop)
    assert (event.outcome, event.reason) == (Outcome.WAITING, Reason.RETRY)
    assert event.requests.get().state == "no_answer"
    return event


def test_a_write_without_an_answer_is_found_by_the_next_attempt(shop, remote, testing_provider):
    an_unfinished_write(shop, remote, testing_provider)
    Event.objects.update(outcome=Outcome.QUEUED)
    [taken] = claim(shop)
    assert Run(shop, taken).unfinished_write is True


def test_also_where_the_attempt_was_given_back(shop, remote, testing_provider):
    an_unfinished_write(shop, remote, testing_provider)
    Event.objects.update(outcome=Outcome.QUEUED, attempts=0)
    [taken] = claim(shop)
    RelatedRequest.objects.update(requested_at="2020-01-01T00:00:00Z")  # one transaction has one clock
    assert Run(shop, taken).unfinished_write is True


def test_a_write_that_never_left_is_not_unfinished(shop, testing_provider):
    shop.put_settings({"base_url": "http://127.0.0.1:1", "token": "t"})
    shop.save()
    testing_provider.STATE.call = lambda run: str(run.client.write("/x", {}))
    an_event(shop, "call")
    from django.test import override_settings

    with override_settings(HUB_ALLOWED_HOSTS_PLAIN=frozenset({"127.0.0.1:1"})):
        run_one(shop)
    Event.objects.update(outcome=Outcome.QUEUED)
    [taken] = claim(shop)
    assert RelatedRequest.objects.get().state == "not_sent"
    assert Run(shop, taken).unfinished_write is False


def test_a_refused_write_is_finished(shop, remote, testing_provider):
    testing_provider.STATE.call = lambda run: str(run.client.write("/status/422", {}))
    an_event(shop, "call")
    run_one(shop)
    Event.objects.update(outcome=Outcome.QUEUED)
    assert Run(shop, claim(shop)[0]).unfinished_write is False


def test_an_answered_write_counts_where_the_attempt_was_interrupted(shop, remote, testing_provider):
    """The worker died between the answer and the ledger: the document exists, and nobody wrote that down."""
    from events.pulse import take_back

    testing_provider.STATE.call = lambda run: str(run.client.write("/write", {}))
    an_event(shop, "call")
    [taken] = claim(shop)
    jobs.run(taken)  # its outcome is never written
    Event.objects.update(lease_until="2020-01-01T00:00:00Z")
    assert take_back() == 1
    [again] = claim(shop)
    assert again.attempts == 2
    assert Run(shop, again).unfinished_write is True


# --- deliveries -------------------------------------------------------------------------------------------------------


@pytest.fixture
def route(shop, make_connector) -> Route:
    return Route.objects.create(source=shop, target=make_connector("Erp"), record_kind="order", options={"tag": "web"})


def deliver(shop, route, **order) -> Event:
    import json

    an_event(shop, "order", payload=json.dumps(order).encode(), obj="1001")
    _, parent = run_one(shop)
    assert parent.outcome == Outcome.SUCCEEDED, parent.sentence
    return run_one(route.target)[1]


def test_a_record_becomes_a_document_at_the_target_and_a_row_of_the_ledger(shop, route, remote):
    child = deliver(shop, route)
    assert (child.kind, child.outcome) == (Kind.DELIVERY, Outcome.SUCCEEDED)
    assert b'"tag":"web"' in remote.received[0].body
    link = Link.objects.get()
    assert (link.source_object_id, link.target_object_id, link.last_event_id) == ("1001", "R1", child.pk)
    assert SearchKey.objects.filter(event=child, value="so-1").exists()
    assert Event.objects.get(pk=child.parent_id).topic == "order"


def test_a_record_that_did_not_change_is_skipped_by_the_ledger(shop, route, remote):
    deliver(shop, route, total="10.00")
    again = deliver(shop, route, total="10.00")
    assert (again.outcome, again.reason) == (Outcome.SKIPPED, Reason.UNCHANGED)
    changed = deliver(shop, route, total="11.00")
    assert changed.outcome == Outcome.SUCCEEDED
    assert len(remote.received) == 2


def test_a_risk_assessed_later_is_no_news_to_a_target(shop, route, remote):
    deliver(shop, route, total="10.00", risk="pending")
    assessed = deliver(shop, route, total="10.00", risk="high")
    assert (assessed.outcome, assessed.reason) == (Outcome.SKIPPED, Reason.UNCHANGED)
    assert len(remote.received) == 1


@pytest.mark.parametrize("then", ["", "pending", "low", "high"])
def test_what_an_older_hub_delivered_with_its_risk_stays_unchanged(shop, route, remote, then):
    deliver(shop, route, total="10.00", risk=then)
    Link.objects.update(sent_hash=as_an_older_hub_wrote_it(Event.objects.get(kind=Kind.DELIVERY)))
    again = deliver(shop, route, total="10.00", risk="low")
    assert (again.outcome, again.reason) == (Outcome.SKIPPED, Reason.UNCHANGED)
    changed = deliver(shop, route, total="12.00", risk="low")
    assert changed.outcome == Outcome.SUCCEEDED and len(remote.received) == 2


def as_an_older_hub_wrote_it(delivery: Event) -> str:
    """The fingerprint of the record an event carried, by the rule of a hub in which the risk of an order counted."""
    order = Order.from_json(bodies.read(delivery.pk, "payload", delivery.received_at))
    beside = {name: what for name, what in Order.beside.items() if name != "risk"}
    meaning = TypeAdapter(Order).dump_json(
        order, exclude={**beside, "raw": True, "updated_at": True}, exclude_defaults=True
    )
    return hashlib.sha256(meaning).hexdigest()


def test_an_older_version_does_not_overwrite_a_newer_one(shop, route, remote):
    deliver(shop, route, total="12.00", updated_at="2026-02-02T00:00:00Z")
    late = deliver(shop, route, total="10.00", updated_at="2026-02-01T00:00:00Z")
    assert (late.outcome, late.reason) == (Outcome.SKIPPED, Reason.SUPERSEDED)
    assert len(remote.received) == 1


def test_an_object_that_is_as_before_is_sent_again_where_a_change_of_it_got_no_answer(
    shop, route, remote, testing_provider
):
    """The ledger knows the state before the change; the target may have the change."""
    deliver(shop, route, total="10.00")
    usual = testing_provider.STATE.accept
    testing_provider.STATE.accept = lambda run, one: run.client.write("/silent", {}, timeout_s=(0.2, 0.3))
    assert deliver(shop, route, total="11.00").outcome == Outcome.WAITING
    testing_provider.STATE.accept = usual
    back = deliver(shop, route, total="10.00")
    assert back.outcome == Outcome.SUCCEEDED, back.sentence
    RelatedRequest.objects.filter(is_write=True).update(requested_at="2020-01-01T00:00:00Z")
    assert deliver(shop, route, total="10.00").reason == Reason.UNCHANGED


def test_a_version_that_reached_the_ledger_before_its_worker_died_is_not_sent_again(shop, route, remote):
    child = deliver(shop, route, total="10.00")
    Event.objects.filter(pk=child.pk).update(
        outcome=Outcome.SKIPPED, reason=Reason.SUPERSEDED, finished_at="2020-01-01T00:00:00Z"
    )
    RelatedRequest.objects.update(state="no_answer")
    again = deliver(shop, route, total="10.00")
    assert (again.outcome, again.reason) == (Outcome.SKIPPED, Reason.UNCHANGED)
    assert len(remote.received) == 1


def test_ids_too_long_for_the_ledger_are_remembered_all_the_same(shop, route, testing_provider):
    from connectors.base import Delivered

    testing_provider.STATE.accept = lambda run, one: Delivered(target_id="T" * 300, target_number="N\x00" * 300)
    child = deliver(shop, route, id="9" * 300)
    assert child.outcome == Outcome.SUCCEEDED
    again = deliver(shop, route, id="9" * 300)
    assert again.reason == Reason.UNCHANGED


def test_without_a_route_the_record_goes_nowhere_and_says_so(shop):
    an_event(shop, "order", payload=b"{}")
    _, event = run_one(shop)
    assert (event.outcome, event.reason) == (Outcome.SKIPPED, Reason.NOT_ROUTED)


def test_a_disabled_route_is_no_route_and_one_switched_off_later_skips(shop, route):
    import json

    an_event(shop, "order", payload=json.dumps({}).encode())
    run_one(shop)
    Route.objects.update(is_enabled=False)
    _, child = run_one(route.target)
    assert (child.outcome, child.reason) == (Outcome.SKIPPED, Reason.NOT_ROUTED)
    an_event(shop, "order", payload=b"{}")
    assert run_one(shop)[1].reason == Reason.NOT_ROUTED


def test_the_same_run_makes_each_child_once_and_a_retried_one_anew(shop, route, testing_provider):
    def call(run: Run) -> str:
        run.deliver(testing_provider.order())
        run.deliver(testing_provider.order())
        return "Done."

    testing_provider.STATE.call = call
    an_event(shop, "call")
    [taken] = claim(shop)
    jobs.run(taken)
    jobs.run(taken)
    assert Event.objects.filter(kind=Kind.DELIVERY).count() == 1
    from datetime import timedelta

    taken.started_at += timedelta(seconds=1)  # another claim, with attempts counted anew
    jobs.run(taken)
    assert Event.objects.filter(kind=Kind.DELIVERY).count() == 2


def test_a_route_to_a_provider_that_is_gone_keeps_the_record_from_nobody_else(shop, route, make_connector):
    gone = make_connector("Gone")
    Route.objects.create(source=shop, target=gone, record_kind="order")
    Connector.objects.filter(pk=gone.pk).update(provider_slug="gone")
    an_event(shop, "order", payload=b"{}")
    _, parent = run_one(shop)
    assert parent.outcome == Outcome.SUCCEEDED
    assert run_one(route.target)[1].outcome == Outcome.SUCCEEDED
    assert run_one(gone)[1].reason == Reason.CONFIGURATION


def test_a_failed_delivery_is_resolved_by_the_next_one_of_the_same_object(shop, route, remote):
    remote.answers["/orders"] = (422, {"error": "no"}, {})
    failed = deliver(shop, route, total="10.00")
    assert (failed.outcome, failed.reason) == (Outcome.FAILED, Reason.REFUSED)
    del remote.answers["/orders"]
    deliver(shop, route, total="11.00")
    failed.refresh_from_db()
    assert failed.resolved_by == "the hub"


def test_synchronizing_an_order_by_number_resolves_its_failed_delivery(shop, testing_provider):
    from connectors.syncing import start_single

    an_event(shop, "raise/refused", obj="77")
    _, failed = run_one(shop)

    def call(run: Run) -> str:
        run.describe(object_type="thing", object_id="77")
        return "Done."

    testing_provider.STATE.call = call
    start_single(shop, "thing", " 1234 ", by="sam")
    run_one(shop)
    failed.refresh_from_db()
    assert failed.resolved_at is not None


def test_an_unconfirmed_write_is_for_a_person_to_decide(shop, route, testing_provider):
    def accept(run, one):
        raise UnconfirmedWrite("It may be there.")

    testing_provider.STATE.accept = accept
    child = deliver(shop, route)
    assert (child.outcome, child.reason) == (Outcome.FAILED, Reason.UNCONFIRMED_WRITE)
    assert Link.objects.count() == 0


def test_health_of_the_breaker_is_not_touched_by_a_deleted_connector(shop):
    from connectors.host import finished

    an_event(shop, "raise/unavailable")
    result, _ = run_one(shop)
    Connector.objects.all().delete()
    finished([result] * 6)
    assert Breaker.objects.count() == 0
    assert breakers.failed(12345, "x") is False
