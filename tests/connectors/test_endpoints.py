"""Endpoints with a topic: each call is an event, written when the answer has left; the caller learns of no trouble."""

from __future__ import annotations

import io
import json

import pytest
from django.db import DatabaseError
from django.http import JsonResponse
from django.test import Client

from connectors import inline
from connectors.exceptions import PayloadError, RemoteUnavailable, Skip, WebhookRejected
from connectors.models import Connector
from events import bodies
from events.models import Event, Kind, Outcome, Reason, Rejection, SearchKey
from tests.provider import STATE


@pytest.fixture
def shop(db, make_connector, remote) -> Connector:
    return make_connector("Shop")


def ask(shop: Connector, body: bytes = b'{"rate": {}}', name: str = "rates"):
    return Client(raise_request_exception=False).post(
        f"/hooks/{shop.webhook_token}/{name}", body, content_type="application/json"
    )


def test_a_call_is_an_event_with_what_was_asked_its_requests_and_its_outcome(shop):
    def endpoint(run, request):
        run.client.read("/ok")
        run.describe(object_type="cart", object_id="c1", object_label="DE 20095")
        run.key("quote", "QK77")
        run.note("currency", "Nothing was converted.")
        run.tell("Answered with 2 rates.", "live")
        return JsonResponse({"asked": json.loads(request.body)})

    STATE.endpoint = endpoint
    assert ask(shop).json() == {"asked": {"rate": {}}}
    event = Event.objects.get()
    assert (event.kind, event.topic, event.outcome) == (Kind.LOOKUP, "rates/asked", Outcome.SUCCEEDED)
    assert (event.reason_code, event.sentence) == ("live", "Answered with 2 rates.")
    assert (event.object_type, event.object_id, event.object_label) == ("cart", "c1", "DE 20095")
    assert event.requests.count() == 1
    assert [note["code"] for note in event.notes] == ["currency"]
    assert bodies.read(event.pk, "payload") == b'{"rate": {}}'
    assert SearchKey.objects.filter(event=event, value="qk77").exists()


def test_what_failed_behind_a_neutral_answer_is_told_by_the_event_only(shop):
    def endpoint(run, request):
        run.fail(RemoteUnavailable("The back office is away.", code="503"))
        return JsonResponse({"rates": ["backup"]})

    STATE.endpoint = endpoint
    assert ask(shop).json() == {"rates": ["backup"]}
    event = Event.objects.get()
    assert (event.outcome, event.reason, event.reason_code) == (Outcome.FAILED, Reason.UNAVAILABLE, "503")
    assert event.cause


@pytest.mark.parametrize(
    ("error", "status", "outcome", "reason"),
    [
        (PayloadError("No cart."), 400, "failed", "payload"),
        (RemoteUnavailable("s3cret"), 503, "failed", "unavailable"),
        (ZeroDivisionError("s3cret"), 500, "failed", "bug"),
        (Skip("Nothing to do.", reason="filtered"), 204, "skipped", "filtered"),
    ],
)
def test_an_error_becomes_a_refusal_and_an_event(shop, error, status, outcome, reason):
    def endpoint(run, request):
        raise error

    STATE.endpoint = endpoint
    answer = ask(shop)
    assert answer.status_code == status
    assert b"s3cret" not in answer.content
    event = Event.objects.get()
    assert (event.outcome, event.reason) == (outcome, reason)


def test_a_caller_who_proves_nothing_is_counted_and_no_event(shop):
    def endpoint(run, request):
        raise WebhookRejected("no", code="bad_signature")

    STATE.endpoint = endpoint
    assert ask(shop).status_code == 401
    assert Event.objects.count() == 0
    assert Rejection.objects.get().count == 1


def test_more_than_a_mebibyte_is_refused_unread(shop):
    STATE.endpoint = lambda run, request: JsonResponse({})
    assert ask(shop, b" " * (1024 * 1024 + 1)).status_code == 413
    assert ask(shop, b" " * (1024 * 1024)).status_code == 200
    assert Rejection.objects.get().reason == "too_large"
    assert len(bodies.read(Event.objects.get().pk, "payload")) == 64 * 1024


def test_a_form_of_a_stranger_fills_no_disk(shop):
    """Files of a form are written to disk as they come; an endpoint without events reads no more than another."""
    STATE.endpoint = lambda run, request: JsonResponse({"files": len(request.FILES)})
    address = f"/hooks/{shop.webhook_token}/echo"
    assert Client().post(address, {"file": io.BytesIO(b"x" * 3_000_000)}).status_code == 413
    assert Client().post(address, {"file": io.BytesIO(b"x" * 1000)}).json() == {"files": 1}


def test_an_answer_is_neither_kept_nor_taken_for_something_else(shop):
    STATE.endpoint = lambda run, request: JsonResponse({})
    answer = ask(shop, name="echo")
    assert (answer["X-Content-Type-Options"], answer["Cache-Control"]) == ("nosniff", "no-store")


def test_the_hubs_own_secrets_are_not_kept_of_what_was_asked(shop):
    STATE.endpoint = lambda run, request: JsonResponse({})
    Client().get(f"/hooks/{shop.webhook_token}/rates?code=abcdef&hmac=123456&shop=eu")
    assert json.loads(bodies.read(Event.objects.get().pk, "payload")) == {"shop": "eu"}


def test_the_answer_goes_out_where_its_event_cannot_be_written(shop, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise DatabaseError("full disk")

    STATE.endpoint = lambda run, request: JsonResponse({"rates": []})
    monkeypatch.setattr(inline, "record", fail)
    before = inline.NOT_WRITTEN._value.get()
    assert ask(shop).json() == {"rates": []}
    assert inline.NOT_WRITTEN._value.get() == before + 1


def test_an_endpoint_without_a_topic_leaves_no_event(shop):
    STATE.endpoint = lambda run, request: JsonResponse({"read": len(request.body)})
    assert ask(shop, name="echo").json() == {"read": 12}
    assert Event.objects.count() == 0


def test_its_calls_stop_at_the_endpoints_budget(shop):
    def endpoint(run, request):
        run.client.call("GET", "/drip-body", timeout_s=(3, 60))
        return JsonResponse({})

    STATE.endpoint = endpoint
    assert ask(shop).status_code == 503
    event = Event.objects.get()
    assert event.reason == Reason.TIMED_OUT
    assert event.duration_ms < 2700
