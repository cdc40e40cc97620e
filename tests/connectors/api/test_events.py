"""Reading events through the API: whose they are, what is shown to whom, and retrying them."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone
from jsonschema import Draft202012Validator

from connectors.api.docs import document
from events import exchanges
from events.models import Event, Kind, Outcome, RequestState
from events.record import New, record
from tests.connectors.api.conftest import make_connector, make_key
from tests.connectors.api.test_bad_input import fields, problem

EVENTS = "/api/v1/events"


def make_event(connector, **more) -> Event:
    base = {
        "kind": Kind.WEBHOOK,
        "topic": "orders/create",
        "connector_id": connector.pk,
        "connector_name": connector.name,
        "provider": "acme",
        "payload": b'{"email": "ada@buyer.example"}',
        "keys": [("order_number", "#EX-1"), ("email", "ada@buyer.example")],
    }
    event = Event.objects.get(pk=record(New(**(base | more))).event_id)
    exchange = exchanges.Exchange(
        id=__import__("uuid").uuid4(), attempt=1, method="GET", status=200, state=RequestState.ANSWERED,
        endpoint="https://erp.example/orders?email=ada@buyer.example", requested_at=timezone.now(), duration_ms=12,
        request_headers={"Authorization": "***"}, response_body=b'{"secret": "body"}',
    )  # fmt: skip
    exchanges.write(event.pk, event.received_at, exchange)
    return event


@pytest.fixture
def event(shop) -> Event:
    return make_event(shop)


@pytest.fixture
def reading_key(shop) -> SimpleNamespace:
    return make_key("Developer", shop, can_read_events=True)


@pytest.fixture
def developer(reading_key) -> Client:
    return Client(headers=reading_key.header, raise_request_exception=False)


def staff(user, **more) -> Client:
    client = Client(raise_request_exception=False, **more)
    client.force_login(user)
    return client


class TestWhoMayRead:
    def test_nobody_without_key_or_session(self, nobody, event):
        problem(nobody.get(f"{EVENTS}/{event.pk}"), 401, "unauthenticated")
        problem(nobody.get(EVENTS), 401, "unauthenticated")

    def test_a_key_that_may_not_read_events_is_403(self, api, event):
        problem(api.get(f"{EVENTS}/{event.pk}"), 403, "forbidden")
        problem(api.get(EVENTS), 403, "forbidden")

    def test_staff_without_the_permission_is_403(self, stranger, event):
        problem(staff(stranger).get(f"{EVENTS}/{event.pk}"), 403, "forbidden")

    def test_a_customer_who_is_no_staff_is_401(self, django_user_model, event):
        someone = django_user_model.objects.create_user("carl", "carl@example.com", "password")
        problem(staff(someone).get(EVENTS), 401, "unauthenticated")

    def test_an_event_of_a_foreign_connector_is_404_like_one_that_is_not_there(self, developer, shop):
        foreign = make_event(make_connector("other", "Other"))
        one = problem(developer.get(f"{EVENTS}/{foreign.pk}"), 404, "not_found")
        other = problem(developer.get(f"{EVENTS}/999999999"), 404, "not_found")
        assert one["detail"] == other["detail"]

    @pytest.mark.parametrize("number", ["x", "-1", "1.5", "9" * 30, "1%00"])
    def test_a_number_that_is_none_is_404(self, developer, number):
        problem(developer.get(f"{EVENTS}/{number}"), 404, "not_found")


class TestOneEvent:
    def test_it_comes_with_requests_and_keys(self, developer, event):
        body = developer.get(f"{EVENTS}/{event.pk}").json()
        assert (body["id"], body["connector"], body["topic"]) == (str(event.pk), "acme-eu", "orders/create")
        assert [(r["method"], r["status"], r["duration_ms"]) for r in body["related_requests"]] == [("GET", 200, 12)]
        assert body["search_keys"] == [{"kind": "order_number", "value": "ex-1"}]

    def test_a_key_sees_nothing_personal_and_no_body(self, developer, event):
        text = developer.get(f"{EVENTS}/{event.pk}").content.decode()
        assert "buyer.example" not in text
        assert "secret" not in text
        assert "Authorization" not in text
        assert json.loads(text)["payload"] is None

    def test_support_sees_the_payload(self, supporter, event):
        body = staff(supporter).get(f"{EVENTS}/{event.pk}").json()
        assert body["payload"] == {"email": "ada@buyer.example"}
        assert {"kind": "email", "value": "ada@buyer.example"} in body["search_keys"]

    def test_who_may_only_read_does_not(self, reader, event):
        response = staff(reader).get(f"{EVENTS}/{event.pk}")
        assert response.json()["payload"] is None
        assert "buyer.example" not in response.content.decode()

    def test_a_payload_that_is_not_json_is_text(self, supporter, shop):
        event = make_event(shop, payload=b"<xml>\xff</xml>")
        assert staff(supporter).get(f"{EVENTS}/{event.pk}").json()["payload"].startswith("<xml>")

    def test_children_of_foreign_connectors_are_left_out_for_a_key(self, developer, supporter, event, shop):
        own = make_event(shop, parent_id=event.pk)
        foreign = make_event(make_connector("other", "Other"), parent_id=event.pk)
        seen = [c["id"] for c in developer.get(f"{EVENTS}/{event.pk}").json()["children"]]
        assert seen == [str(own.pk)]
        seen = [c["id"] for c in staff(supporter).get(f"{EVENTS}/{event.pk}").json()["children"]]
        assert seen == [str(own.pk), str(foreign.pk)]
        assert developer.get(f"{EVENTS}/{own.pk}").json()["parent_id"] == str(event.pk)

    def test_a_traceback_stays_with_staff(self, developer, supporter, event):
        Event.objects.filter(pk=event.pk).update(
            notes=[{"code": "traceback", "text": "Traceback (most recent call last)"}]
        )
        assert developer.get(f"{EVENTS}/{event.pk}").json()["notes"] == []
        assert staff(supporter).get(f"{EVENTS}/{event.pk}").json()["notes"]

    def test_it_looks_as_documented(self, developer, supporter, event, shop):
        make_event(shop, parent_id=event.pk)
        schema = {"$ref": "#/components/schemas/EventDetail", "components": _without_nullable(document()["components"])}
        for client in (developer, staff(supporter)):
            errors = Draft202012Validator(schema).iter_errors(client.get(f"{EVENTS}/{event.pk}").json())
            assert [str(error) for error in errors] == []


def _without_nullable(part):
    """OpenAPI 3.0's ``nullable`` in the words of JSON schema."""
    if isinstance(part, list):
        return [_without_nullable(one) for one in part]
    if not isinstance(part, dict):
        return part
    found = {name: _without_nullable(one) for name, one in part.items()}
    if found.pop("nullable", None) is True:
        return {"anyOf": [found, {"type": "null"}]} if found.get("type") else {}
    return found


class TestTheList:
    def test_it_is_paged_from_the_newest_on(self, developer, shop):
        made = [str(make_event(shop).pk) for _ in range(5)]
        first = developer.get(EVENTS, {"limit": 2}).json()
        assert [e["id"] for e in first["events"]] == made[:2:-1]
        second = developer.get(EVENTS, {"limit": 2, "before": first["next_before"]}).json()
        last = developer.get(EVENTS, {"limit": 2, "before": second["next_before"]}).json()
        assert [e["id"] for e in second["events"] + last["events"]] == made[2::-1]
        assert last["next_before"] is None

    def test_a_number_finds_its_events_however_it_is_written(self, developer, event, shop):
        make_event(shop, keys=[("order_number", "EX-2")])
        for written in ("#EX-1", "ex-1", " EX-1 "):
            assert [e["id"] for e in developer.get(EVENTS, {"number": written}).json()["events"]] == [str(event.pk)]
        assert developer.get(EVENTS, {"number": "EX-3"}).json()["events"] == []

    def test_it_narrows_by_connector_and_outcome(self, supporter, event):
        other = make_event(make_connector("other", "Other"), outcome=Outcome.FAILED)
        client = staff(supporter)
        assert [e["id"] for e in client.get(EVENTS, {"connector": "other"}).json()["events"]] == [str(other.pk)]
        assert [e["id"] for e in client.get(EVENTS, {"outcome": "queued"}).json()["events"]] == [str(event.pk)]

    def test_a_key_sees_only_its_connectors(self, developer, event):
        make_event(make_connector("other", "Other"))
        assert [e["id"] for e in developer.get(EVENTS).json()["events"]] == [str(event.pk)]
        problem(developer.get(EVENTS, {"connector": "other"}), 404, "not_found")
        problem(developer.get(EVENTS, {"connector": "unknown"}), 404, "not_found")

    @pytest.mark.parametrize(
        ("query", "field"),
        [("before=0", "before"), ("before=x", "before"), ("limit=0", "limit"), ("limit=100000", "limit"),
         ("outcome=lost", "outcome"), ("page=1", "page"), ("connector=a%20b", "connector"),
         ("number=a&number=b", "number"), ("before=" + "9" * 30, "before")],
    )  # fmt: skip
    def test_a_wrong_parameter_is_400_and_named(self, developer, query, field):
        assert fields(problem(developer.get(f"{EVENTS}?{query}"), 400, "invalid")) == [field]

    def test_a_key_is_counted_here_too(self, developer, reading_key):
        type(reading_key.row).objects.filter(pk=reading_key.row.pk).update(rate_per_minute=1)
        assert [developer.get(EVENTS).status_code for _ in range(2)] == [200, 429]

    def test_the_length_of_the_list_does_not_change_the_number_of_statements(
        self, developer, shop, django_assert_max_num_queries
    ):
        for _ in range(12):
            make_event(shop)
        with django_assert_max_num_queries(8):
            assert len(developer.get(EVENTS).json()["events"]) == 12


class TestRetry:
    @pytest.fixture
    def failed(self, shop) -> Event:
        return make_event(shop, outcome=Outcome.FAILED)

    def test_support_queues_it_again_under_its_name(self, supporter, failed):
        response = staff(supporter).post(f"{EVENTS}/{failed.pk}/retry")
        assert (response.status_code, response.json()) == (202, {"id": str(failed.pk), "outcome": "queued"})
        failed.refresh_from_db()
        assert (failed.outcome, failed.triggered_by) == (Outcome.QUEUED, "sam")

    def test_a_key_may_not(self, developer, failed):
        problem(developer.post(f"{EVENTS}/{failed.pk}/retry"), 403, "forbidden")
        failed.refresh_from_db()
        assert failed.outcome == Outcome.FAILED

    def test_who_may_only_read_may_not(self, reader, failed):
        problem(staff(reader).post(f"{EVENTS}/{failed.pk}/retry"), 403, "forbidden")

    def test_a_session_needs_the_token_against_forgery(self, supporter, failed):
        problem(staff(supporter, enforce_csrf_checks=True).post(f"{EVENTS}/{failed.pk}/retry"), 403, "forbidden")
        failed.refresh_from_db()
        assert failed.outcome == Outcome.FAILED

    def test_what_already_waits_for_a_worker_is_409(self, supporter, event):
        problem(staff(supporter).post(f"{EVENTS}/{event.pk}/retry"), 409, "not_retryable")

    def test_reading_it_there_is_405(self, supporter, failed):
        response = staff(supporter).get(f"{EVENTS}/{failed.pk}/retry")
        problem(response, 405, "method_not_allowed")
        assert response["Allow"] == "POST"
