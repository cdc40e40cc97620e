"""The event page and the page of a related request: what they say, and to whom."""

import json
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events import bodies, exchanges, shown
from events.exchanges import Exchange
from events.models import Event, Family, Kind, Mail, Outcome, Reason, Rejection, RequestState
from events.record import New, record

LIST = "/admin/events/event/"
PAYLOAD = json.dumps({"email": "jane@example.com", "total": "9.90"}).encode()


def made(**more) -> Event:
    base = {
        "kind": Kind.WEBHOOK,
        "topic": "orders/create",
        "connector_id": 1,
        "connector_name": "Shop",
        "provider": "x",
    }
    return Event.objects.get(pk=record(New(**(base | more))).event_id)


def asked(event: Event, **more) -> uuid.UUID:
    base = {
        "id": uuid.uuid4(), "attempt": 1, "method": "POST", "endpoint": "https://erp.example/orders?email=jane@example.com",
        "requested_at": timezone.now(), "request_headers": {"Authorization": "***", "Content-Type": "application/json"},
        "request_body": b'{"name": "Jane"}', "status": 422, "state": RequestState.ANSWERED, "duration_ms": 40,
        "response_body": b'{"error": "Jane is unknown"}',
    }  # fmt: skip
    exchange = Exchange(**(base | more))
    exchanges.write(event.pk, event.received_at, exchange)
    return exchange.id


@pytest.fixture
def as_supporter(client, supporter):
    client.force_login(supporter)
    return client


@pytest.fixture
def as_reader(client, reader):
    client.force_login(reader)
    return client


def page(client, event: Event) -> str:
    answer = client.get(f"{LIST}{event.pk}/change/")
    assert answer.status_code == 200
    return answer.text


def test_it_has_its_sections_in_order(as_supporter):
    event = made(payload=PAYLOAD, headers={"X-Topic": "orders/create"})
    asked(event)
    text = page(as_supporter, event)
    places = [
        text.index(word)
        for word in ('id="live-outcome"', "Object Payload", "Related Requests", "Steps", "Raw delivery")
    ]
    assert places == sorted(places)


def test_the_object_as_read_stands_before_what_was_delivered(as_supporter):
    event = made(payload=b'{"id": 1}')
    assert "&quot;id&quot;: 1" in page(as_supporter, event)
    bodies.store(event.pk, "object", b'{"read": true}', event.received_at)
    text = page(as_supporter, event)
    assert "&quot;read&quot;: true" in text
    assert "as read from its source" in text


def test_a_reader_sees_no_personal_data(as_reader):
    event = made(payload=PAYLOAD, outcome=Outcome.FAILED)
    request_id = asked(event)
    text = page(as_reader, event)
    assert "jane@example.com" not in text
    assert "Hidden: it may name a person" in text
    assert "email=***" in text
    assert as_reader.get(f"{LIST}{event.pk}/body/payload/").status_code == 403
    request_page = as_reader.get(f"/admin/events/relatedrequest/{request_id}/change/").text
    assert "Jane" not in request_page
    assert "jane@" not in request_page
    assert "cURL" not in request_page
    assert "events-form" not in text
    assert "/retry/" not in text


def test_support_sees_payload_and_request(as_supporter):
    event = made(payload=PAYLOAD, outcome=Outcome.FAILED)
    request_id = asked(event)
    text = page(as_supporter, event)
    assert "jane@example.com" in text
    assert "/retry/" in text
    assert "/resolve/" in text
    whole = as_supporter.get(f"{LIST}{event.pk}/body/payload/")
    assert whole.content == PAYLOAD
    assert whole["Content-Type"].startswith("text/plain")
    assert whole["Content-Disposition"].startswith("attachment")
    request_page = as_supporter.get(f"/admin/events/relatedrequest/{request_id}/change/").text
    assert "Jane is unknown" in request_page
    assert "&lt;your Authorization&gt;" in request_page


def test_a_body_that_is_not_there_is_not_found(as_supporter):
    assert as_supporter.get(f"{LIST}{made().pk}/body/nothing/").status_code == 404
    assert as_supporter.get(f"{LIST}999999/change/").status_code == 404
    assert as_supporter.get(f"/admin/events/relatedrequest/{uuid.uuid4()}/change/").status_code == 404


def test_an_open_event_refreshes_itself_until_it_is_final(as_supporter):
    event = made()
    assert "every 2s" in page(as_supporter, event)
    live = as_supporter.get(f"{LIST}{event.pk}/live/").text
    assert "every 2s" in live
    assert "<html" not in live
    Event.objects.filter(pk=event.pk).update(outcome=Outcome.SUCCEEDED)
    live = as_supporter.get(f"{LIST}{event.pk}/live/").text
    assert "every 2s" not in live
    assert 'id="live-payload"' in live


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"outcome": Outcome.RUNNING}, "Request data is being written"),
        ({"kind": Kind.LOOKUP, "outcome": Outcome.SUCCEEDED}, "Request data is being written"),
        ({"kind": Kind.LOOKUP, "outcome": Outcome.FAILED, "expects_request": False}, "No request was made"),
        ({"outcome": Outcome.SKIPPED, "reason": Reason.DISABLED}, "No request was made"),
        ({"outcome": Outcome.QUEUED}, "waits for a free worker"),
    ],
)
def test_it_says_why_there_is_no_request(as_supporter, more, says):
    assert says in page(as_supporter, made(**more))


def test_a_waiting_event_says_when_it_goes_on(as_supporter):
    event = made(outcome=Outcome.WAITING, reason=Reason.RETRY)
    Event.objects.filter(pk=event.pk).update(due_at=timezone.now() + timezone.timedelta(seconds=250), attempts=2)
    text = page(as_supporter, event)
    assert "in 4 min" in text
    assert "attempt 3 of 8" in text


def test_parent_and_children_lead_to_each_other(as_supporter):
    parent = made(object_label="#1")
    child = made(kind=Kind.DELIVERY, topic="order/deliver", parent_id=parent.pk, outcome=Outcome.FAILED)
    assert f"{LIST}{child.pk}/change/" in page(as_supporter, parent)
    assert f"{LIST}{parent.pk}/change/" in page(as_supporter, child)


def test_a_lookup_shows_its_event_data_with_both_names_of_the_trace(as_supporter):
    data = {
        "event_data": {
            "external_customer_id": "100245",
            "trace_id": "abc123",
            "related_to": {"customer": "a", "user": None},
        }
    }
    text = page(as_supporter, made(kind=Kind.LOOKUP, topic="invoices", payload=json.dumps(data).encode()))
    assert "evoxlogger_trace_id" in text
    assert text.count("abc123") >= 4


def test_strangers_text_is_only_text(as_supporter):
    text = page(
        as_supporter,
        made(object_label="<script>alert(1)</script>", payload=b'{"a": "</pre><script>alert(1)</script>"}'),
    )
    assert "<script>alert" not in text


def test_the_page_asks_a_bounded_number_of_questions(as_supporter):
    event = made(payload=PAYLOAD)
    counts = []
    for _ in range(2):
        for _ in range(10):
            asked(event)
            made(kind=Kind.DELIVERY, parent_id=event.pk)
        with CaptureQueriesContext(connection) as queries:
            page(as_supporter, event)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 14


def test_indenting_keeps_every_spelling():
    text = '{"a":1.10,"a":12345678901234567890,"b":[],"c":{},"d":["x\\"{y",null,1e5]}'
    assert shown.indented(text) == (
        '{\n  "a": 1.10,\n  "a": 12345678901234567890,\n  "b": [],\n  "c": {},\n'
        '  "d": [\n    "x\\"{y",\n    null,\n    1e5\n  ]\n}'
    )
    assert json.loads(shown.indented(text)) == json.loads(text)


def test_bodies_that_are_no_text_are_shown_as_bytes():
    assert shown.body("payload", bytes(range(32)), may_see=True).is_binary
    assert shown.body("payload", "Köln".encode("latin-1"), may_see=True).is_binary
    assert shown.body("payload", b"<html>", may_see=True).text == "<html>"
    deep = shown.body("payload", b"[" * 5000 + b"]" * 5000, may_see=True)
    assert not deep.is_json or deep.text.startswith("[")
    cut = shown.body("payload", b'{"a":"' + b"x" * 300_000 + b'"}', may_see=True)
    assert cut.is_shortened
    assert len(cut.text) == shown.CUT_AT


def test_the_short_ledgers_are_read_by_whom_they_concern(client, administrator, supporter, reader):
    event = made(outcome=Outcome.FAILED)
    family = Family.objects.create(
        connector_id=1,
        cause="c",
        reason=Reason.REFUSED,
        sentence="Refused.",
        first_event_id=event.pk,
        last_event_id=event.pk,
        count=3,
    )
    mail = Mail.objects.create(
        kind="first", sender="a@b.example", receiver="c@d.example", subject="Subject", text="Text"
    )
    Rejection.objects.create(day=timezone.now().date(), reason="bad_signature", count=7)
    client.force_login(administrator)
    assert "Refused." in client.get("/admin/events/family/").text
    assert "cause=c" in client.get(f"/admin/events/family/{family.pk}/change/")["Location"]
    assert "Subject" in client.get("/admin/events/mail/").text
    assert "c@d.example" in client.get(f"/admin/events/mail/{mail.pk}/change/").text
    assert "wrong or missing signature" in client.get("/admin/events/rejection/").text.lower()
    home = client.get("/admin/").text
    assert "Refused." in home
    assert "No worker is running" in home
    for person in (supporter, reader):
        client.force_login(person)
        assert client.get("/admin/events/family/").status_code == 200
        assert client.get("/admin/events/rejection/").status_code == 200
        assert client.get("/admin/events/mail/").status_code == 403
        assert client.get(f"/admin/events/mail/{mail.pk}/change/").status_code == 403
        assert "/admin/events/mail/" not in client.get("/admin/").text
