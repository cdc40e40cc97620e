"""Receiving: each answer as decided, junk in bounded rows, and never a 500."""

from __future__ import annotations

import io
import json
import threading
import time
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, connections
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connectors import webhooks
from connectors.exceptions import PayloadError, RemoteUnavailable, WebhookRejected
from connectors.models import Connector
from events import bodies
from events.models import Bell, Event, Family, Outcome, Reason, Rejection, SearchKey
from events.outcomes import retry
from tests.cast import claim, run_one, together
from tests.provider import STATE, sign

MIB = 1024 * 1024


@pytest.fixture
def shop(db, make_connector) -> Connector:
    return make_connector("Shop")


def post(connector: Connector | str, body: bytes = b"{}", *, topic: str = "noop", delivery: str = "", **more):
    token = connector if isinstance(connector, str) else connector.webhook_token
    headers = {"x-signature": sign(body), "x-topic": topic, "x-delivery": delivery} | more.pop("headers", {})
    headers = {k: v for k, v in headers.items() if v is not None}
    return Client(raise_request_exception=True).post(
        f"/hooks/{token}", body, content_type="application/json", headers=headers, **more
    )


def count() -> int:
    return sum(Rejection.objects.values_list("count", flat=True))


def test_a_delivery_is_stored_with_body_headers_keys_and_lock(shop):
    answer = post(shop, b'{"id": 7, "name": "#EX-7"}', delivery="d1")
    assert answer.status_code == 200
    event = Event.objects.get(pk=answer.json()["event_id"])
    assert (event.outcome, event.topic, event.object_id) == (Outcome.QUEUED, "noop", "7")
    assert event.lock_key == f"{shop.pk}:thing:7"
    assert event.headers["x-topic"] == "noop"
    assert event.headers["x-signature"] == "***"
    assert bodies.read(event.pk, "payload") == b'{"id": 7, "name": "#EX-7"}'
    assert SearchKey.objects.filter(event=event, value="ex-7").exists()
    assert Bell.objects.get(slot=0).is_pending


def test_accepting_costs_three_statements(shop):
    post(shop)
    Bell.objects.update(is_pending=False)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        post(shop, delivery="d2")
    counted = [q["sql"] for q in queries if "SAVEPOINT" not in q["sql"]]
    assert len(counted) <= 3, counted


@pytest.mark.parametrize(
    "token", ["nobody-knows-this-token", "short", "a\x00b" * 5, "ä" * 20, "x" * 500, "..%2f..%2fadmin"]
)
def test_an_unknown_address_is_404_and_counted(shop, token):
    answer = Client().post(f"/hooks/{token}", b"{}", content_type="application/json")
    assert answer.status_code == 404
    assert Event.objects.count() == 0


def test_unknown_addresses_are_counted_in_one_row(shop):
    for number in range(20):
        post(f"unknown-token-{number:04}")
    assert [(r.connector_id, r.reason, r.count) for r in Rejection.objects.all()] == [(0, "unknown_connector", 20)]


@pytest.mark.parametrize(
    "signature", [None, "", "00" * 32, "not hex", "é", "0", "\x7f", "a" * 10_000], ids=lambda s: repr(s)[:12]
)
def test_a_missing_wrong_or_illegible_signature_is_401_counted_and_not_stored(shop, signature):
    assert post(shop, headers={"x-signature": signature}).status_code == 401
    assert (Event.objects.count(), count()) == (0, 1)


def test_a_signature_of_another_body_is_401(shop):
    assert post(shop, b'{"a": 1}', headers={"x-signature": sign(b'{"a": 2}')}).status_code == 401


def test_ten_thousand_junk_posts_are_two_rows(shop):
    factory = RequestFactory()
    for number in range(10_000):
        junk = bytes([number % 256]) * (number % 50)
        request = factory.post("/hooks/x", junk, content_type="x/y", headers={"x-signature": f"{number:064x}"})
        token = shop.webhook_token if number % 2 else f"unknown-token-{number}"
        assert webhooks.receive(request, token).status_code in (401, 404)
    assert Rejection.objects.count() == 2
    assert count() == 10_000
    assert Event.objects.count() == 0


def test_what_is_announced_as_too_large_is_413_before_its_signature_is_looked_at(shop):
    factory = RequestFactory()
    request = factory.post("/hooks/x", b"{}", content_type="application/json")
    request.META["CONTENT_LENGTH"] = str(20 * MIB + 1)
    assert webhooks.receive(request, shop.webhook_token).status_code == 413
    assert Rejection.objects.get().reason == "too_large"


def streamed(shop: Connector, body: bytes, *, signature: str | None = None):
    """A chunked delivery: no length announced, the server ends the input."""
    request = RequestFactory().post("/hooks/x", content_type="application/json",
                                    headers={"x-signature": signature or sign(body), "x-topic": "noop"})  # fmt: skip
    del request.META["CONTENT_LENGTH"]
    request.META["wsgi.input"] = io.BytesIO(body)
    request.META["wsgi.input_terminated"] = True
    return webhooks.receive(request, shop.webhook_token)


def test_a_chunked_delivery_is_read_like_any_other(shop):
    answer = streamed(shop, b'{"id": 5}')
    assert answer.status_code == 200
    assert Event.objects.get().object_id == "5"


def test_a_chunked_delivery_without_end_is_413(shop):
    assert streamed(shop, b"x" * (20 * MIB + 1)).status_code == 413


def test_a_large_one_is_verified_in_a_stream_and_its_start_is_kept(shop):
    body = b'{"a": "' + b"x" * (6 * MIB) + b'"}'
    assert post(shop, body, delivery="big").status_code == 200
    event = Event.objects.get()
    assert (event.payload_size, event.is_payload_cut, event.outcome) == (len(body), True, Outcome.QUEUED)
    assert bodies.read(event.pk, "payload") == body[: 64 * 1024]
    assert post(shop, body[:-1] + b" ", headers={"x-signature": sign(body)}).status_code == 401


def test_two_large_ones_that_start_alike_are_two_deliveries(shop):
    for end in (b"1", b"2"):
        post(shop, b'{"a": "' + b"x" * (6 * MIB) + end + b'"}')
    assert Event.objects.count() == 2


def test_exactly_five_mebibytes_are_kept_whole(shop):
    body = b'"' + b"x" * (5 * MIB - 2) + b'"'
    assert post(shop, body).status_code == 200
    assert Event.objects.get().is_payload_cut is False


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"\xff\xfe\x00", b"[" * 200_000, b'{"a": ' + b"9" * 20_000 + b"}", b'{"a":', b"\x00"],
    ids=lambda b: repr(b[:8]),
)  # fmt: skip
def test_signed_but_not_json_is_stored_as_failed_and_answered_200(shop, body):
    assert post(shop, body).status_code == 200
    event = Event.objects.get()
    assert (event.outcome, event.reason) == (Outcome.FAILED, Reason.PAYLOAD)
    assert event.cause
    assert Family.objects.get().count == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": "a\\u0000b", "name": "\\ud800"}', b'{"id": 1e400}', b'{"id": [1, {"a": 2}], "name": {"b": 1}}',
        b"[]", b"1",
        b'"text"', b"null", json.dumps({"id": "x" * 5000, "name": "y" * 5000}).encode(), b'{"id": NaN}', b"[[[[[1]]]]]",
    ],
    ids=lambda b: repr(b[:12]),
)  # fmt: skip
def test_odd_json_is_stored(shop, body):
    assert post(shop, body, delivery="d").status_code == 200
    assert Event.objects.get().outcome == Outcome.QUEUED


@pytest.mark.parametrize("topic", ["t" * 5000, "a\x00b", "\udcff", "é", "x\ty"])
def test_odd_headers_are_stored(shop, topic):
    request = RequestFactory().post("/hooks/x", b"{}", content_type="application/json")
    request.META |= {
        "HTTP_X_SIGNATURE": sign(b"{}"),
        "HTTP_X_TOPIC": topic,
        "HTTP_X_DELIVERY": topic,
        "HTTP_X_ODD\x00": topic,
    }
    assert webhooks.receive(request, shop.webhook_token).status_code == 200
    assert Event.objects.count() == 1


def test_a_delivery_that_cannot_be_identified_is_a_failure_and_not_dropped(shop):
    def identify(headers, parsed):
        raise ZeroDivisionError

    STATE.identify = identify
    assert post(shop, b'{"new": "shape"}').status_code == 200
    event = Event.objects.get()
    assert (event.outcome, event.reason, event.reason_code) == (Outcome.FAILED, Reason.PAYLOAD, "not_identified")


def test_the_same_delivery_twice_is_one_event(shop):
    first, again = post(shop, delivery="d1").json(), post(shop, delivery="d1").json()
    assert again == {"event_id": first["event_id"], "duplicate": True}
    assert Event.objects.get().duplicate_count == 1


def test_the_same_content_without_an_id_is_one_delivery_now_and_another_one_later(shop, monkeypatch):
    monkeypatch.setattr(webhooks.time, "time", lambda: 1000.0)
    post(shop), post(shop)
    assert Event.objects.count() == 1
    monkeypatch.setattr(webhooks.time, "time", lambda: 5000.0)
    post(shop)
    assert Event.objects.count() == 2


def test_the_same_delivery_at_once_is_one_event(committed, make_connector):
    shop = make_connector("Shop")
    answers = together(*[lambda: post(shop, delivery="d1").status_code] * 5)
    assert answers == [200] * 5
    assert Event.objects.get().duplicate_count == 4


def test_a_disabled_connector_answers_and_skips_and_a_later_retry_keeps_the_order(shop):
    Connector.objects.update(is_enabled=False)
    assert post(shop, b'{"id": 7}').status_code == 200
    event = Event.objects.get()
    assert (event.outcome, event.reason) == (Outcome.SKIPPED, Reason.DISABLED)
    Connector.objects.update(is_enabled=True)
    retry([event.pk], by="sam")
    post(shop, b'{"id": 7, "n": 2}')
    assert len(claim(shop)) == 1  # one object at a time


def test_a_paused_connector_queues(shop):
    Connector.objects.update(is_paused=True)
    assert post(shop).status_code == 200
    assert Event.objects.get().outcome == Outcome.QUEUED


def test_a_topic_nobody_handles_is_skipped_with_its_name(shop):
    post(shop, topic="carts/update")
    event = Event.objects.get()
    assert (event.outcome, event.reason) == (Outcome.SKIPPED, Reason.IGNORED)
    assert "carts/update" in event.sentence


@pytest.mark.parametrize("method", ["get", "put", "delete", "head"])
def test_only_posts_are_taken(shop, method):
    answer = getattr(Client(), method)(f"/hooks/{shop.webhook_token}")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_a_rotated_address_is_good_for_some_days(shop):
    old = shop.webhook_token
    shop.rotate_webhook_token()
    assert post(old).status_code == 200
    assert post(shop).status_code == 200
    Connector.objects.update(webhook_token_rotated_at=timezone.now() - timedelta(days=8))
    assert post(old).status_code == 404


def test_no_database_is_503_so_that_the_vendor_sends_again(shop, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(webhooks, "record", fail)
    monkeypatch.setattr(connection, "close", lambda: None)
    answer = post(shop)
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")


def test_a_database_that_is_really_away_is_503(committed, make_connector, settings):
    shop = make_connector("Shop")
    connection.close()
    old = connection.settings_dict["HOST"], connection.settings_dict["PORT"]
    connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": "1"}
    try:
        assert post(shop).status_code == 503
    finally:
        connection.settings_dict["HOST"], connection.settings_dict["PORT"] = old
        connection.close()


@pytest.mark.parametrize(
    ("table", "longest_s"), [("connectors_connector", 1.5), ("events_event", 4.0), ("events_rejection", 4.0)]
)
def test_a_table_somebody_holds_is_503_in_time(committed, make_connector, table, longest_s):
    shop = make_connector("Shop")
    forged = {"x-signature": "00" * 32} if table == "events_rejection" else {}
    other = connections.create_connection("default")
    other.inc_thread_sharing()
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
    released = threading.Timer(6.0, other.close)
    released.start()
    try:
        began = time.monotonic()
        answer = post(shop, headers=forged)
        took_s = time.monotonic() - began
    finally:
        released.cancel()
        other.close()
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert took_s < longest_s
    assert post(shop, headers=forged).status_code == (401 if forged else 200)
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_a_lost_key_is_503_and_not_401(shop, settings):
    settings.HUB_SECRET_KEYS = ["other:" + "A" * 43 + "="]
    assert post(shop).status_code == 503
    assert Event.objects.count() == 0


def test_a_provider_that_is_gone_is_503(shop):
    Connector.objects.update(provider_slug="gone")
    assert post(shop).status_code == 503


@pytest.mark.parametrize(
    ("error", "status"), [(WebhookRejected("no"), 401), (PayloadError("no"), 400), (RemoteUnavailable("s3cret"), 503)]
)
def test_an_endpoint_answers_whatever_goes_wrong(shop, error, status):
    def endpoint(run, request):
        raise error

    STATE.endpoint = endpoint
    answer = Client().get(f"/hooks/{shop.webhook_token}/echo")
    assert answer.status_code == status
    assert b"s3cret" not in answer.content
    assert Client().get(f"/hooks/{shop.webhook_token}/nothing").status_code == 404


def test_a_duty_is_done_for_a_disabled_connector_too(shop):
    Connector.objects.update(is_enabled=False)
    shop.is_enabled = False
    shop.save()
    ordinary = Event.objects.get(pk=post(shop, topic="delete", delivery="d1").json()["event_id"])
    assert (ordinary.outcome, ordinary.reason) == (Outcome.SKIPPED, Reason.DISABLED)
    duty = Event.objects.get(pk=post(shop, topic="duty", delivery="d2").json()["event_id"])
    assert duty.outcome == Outcome.QUEUED
    assert run_one(shop, duty)[1].outcome == Outcome.SUCCEEDED
