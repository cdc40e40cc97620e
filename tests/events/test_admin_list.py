"""The event list: who may open it, what its filters and its search find, and that its pages go by id."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from events import exchanges, listing
from events.exchanges import Exchange
from events.models import Event, Kind, Outcome, Reason
from events.record import New, record

LIST = "/admin/events/event/"


def made(**more) -> int:
    base = {
        "kind": Kind.WEBHOOK,
        "topic": "orders/create",
        "connector_id": 1,
        "connector_name": "Shop",
        "provider": "x",
    }
    return record(New(**(base | more))).event_id


@pytest.fixture
def as_reader(client, reader):
    client.force_login(reader)
    return client


def ids(page: listing.Page) -> list[int]:
    return [event.pk for event in page.rows]


def test_a_stranger_sees_nothing(client, stranger):
    event_id = made()
    client.force_login(stranger)
    for path in (LIST, f"{LIST}{event_id}/change/", f"{LIST}{event_id}/live/", "/admin/events/family/",
                 "/admin/events/mail/", "/admin/events/rejection/", "/admin/find/?q=1"):  # fmt: skip
        assert client.get(path).status_code == 403, path
    home = client.get("/admin/")
    assert home.status_code == 200
    assert "You have no access yet" in home.text
    assert LIST not in home.text


def test_nobody_is_sent_to_the_log_in_page(client, db):
    assert client.get(LIST)["Location"].startswith("/admin/login/")


def test_nothing_can_be_added_changed_or_deleted(client, admin_user):
    event_id = made()
    client.force_login(admin_user)
    assert client.get(f"{LIST}add/").status_code == 404
    assert client.get(f"{LIST}{event_id}/delete/").status_code == 404
    assert client.post(f"{LIST}{event_id}/change/", {"topic": "x"}).status_code == 200
    assert Event.objects.get().topic == "orders/create"


def test_pages_go_by_id_in_both_directions(db):
    made_ids = [made() for _ in range(7)][::-1]
    first = listing.page(listing.Filters(), per_page=3)
    assert ids(first) == made_ids[:3]
    assert (first.newer, first.is_first) == (None, True)
    second = listing.page(listing.Filters(older=first.older), per_page=3)
    assert ids(second) == made_ids[3:6]
    third = listing.page(listing.Filters(older=second.older), per_page=3)
    assert (ids(third), third.older) == (made_ids[6:], None)
    back = listing.page(listing.Filters(newer=third.newer), per_page=3)
    assert ids(back) == made_ids[3:6]
    top = listing.page(listing.Filters(newer=back.newer), per_page=3)
    assert (ids(top), top.newer, top.is_first) == (made_ids[:3], None, True)


def test_beyond_the_newest_there_is_the_first_page(db):
    newest = made()
    page = listing.page(listing.Filters(newer=newest))
    assert (ids(page), page.is_first) == ([newest], True)


@pytest.mark.parametrize(
    ("wanted", "more"),
    [
        ({"outcome": "failed"}, {"outcome": Outcome.FAILED}),
        ({"reason": "payload"}, {"outcome": Outcome.FAILED, "reason": Reason.PAYLOAD}),
        ({"connector": "2"}, {"connector_id": 2}),
        ({"kind": "lookup"}, {"kind": Kind.LOOKUP}),
        ({"topic": "orders"}, {"topic": "orders"}),
        ({"resolved": "no"}, {"outcome": Outcome.FAILED}),
    ],
)
def test_each_filter_narrows(db, wanted, more):
    made()
    one = made(**more)
    assert ids(listing.page(listing.Filters.of(wanted))) == [one]


def test_what_is_no_choice_counts_as_not_given(as_reader):
    made()
    page = as_reader.get(LIST + "?outcome=nonsense&connector=x&older=-1&newer=99999999999999999999&kind=%00")
    assert page.status_code == 200
    assert "orders/create" in page.text


def test_received_within_finds_its_border_by_id(db):
    now = timezone.now()
    made_ids = [made() for _ in range(40)]
    for number, event_id in enumerate(made_ids):
        Event.objects.filter(pk=event_id).update(received_at=now - timedelta(minutes=(40 - number) * 3))
    found = ids(listing.page(listing.Filters(since="1h")))
    assert found == made_ids[-19:][::-1]
    assert listing.first_id_since(now - timedelta(hours=1)) <= found[-1]


@pytest.mark.parametrize("asked", ["#EX-77", "ex-77", " EX-77 ", "Ann@Example.com"])
def test_any_number_finds_its_event(as_reader, asked):
    one = made(keys=[("order_number", "#EX-77"), ("email", "ann@example.com")], object_label="#EX-77")
    made(keys=[("order_number", "#EX-78")], object_label="#EX-78")
    page = as_reader.get(LIST, {"q": asked})
    assert f"{one}/change/" in page.text
    assert "#EX-78" not in page.text
    assert as_reader.get("/admin/find/", {"q": asked}).json()["events"][0]["label"] == "#EX-77"


def test_an_event_is_found_by_its_own_number_and_by_a_request_id(db):
    one, other = made(), made()
    request_id = uuid.uuid4()
    event = Event.objects.get(pk=one)
    exchanges.write(
        one, event.received_at,
        Exchange(id=request_id, attempt=1, method="GET", endpoint="https://a.example/", requested_at=timezone.now()),
    )  # fmt: skip
    assert [event.pk for event in listing.found(str(other), limit=5)] == [other]
    assert [event.pk for event in listing.found(str(request_id), limit=5)] == [one]
    assert listing.found("nothing", limit=5) == []


def test_a_combination_that_takes_too_long_is_given_up(as_reader, monkeypatch):
    made()
    monkeypatch.setattr(listing, "PATIENCE_MS", 30)

    def slow(filters):
        return Event.objects.only("id").extra(where=["pg_sleep(0.2) IS NOT NULL"])

    monkeypatch.setattr(listing, "narrowed", slow)
    assert "hardly ever occurs" in as_reader.get(LIST).text


def test_the_list_asks_the_same_few_questions_however_long_it_is(as_reader):
    counts = []
    for _ in range(2):
        for _ in range(20):
            made(object_label="#1", payload=b"{}")
        with CaptureQueriesContext(connection) as queries:
            as_reader.get(LIST)
        counts.append(len(queries))
        assert not any("count(*)" in one["sql"].lower() for one in queries)
        assert not any("events_body" in one["sql"] for one in queries)
    assert counts[0] == counts[1] <= 12


def test_support_retries_and_resolves_and_a_reader_does_not(client, supporter, reader):
    failed = made(outcome=Outcome.FAILED)
    again = made(outcome=Outcome.FAILED)
    client.force_login(reader)
    assert "Retry" not in client.get(LIST).text
    for name in ("retry", "resolve"):
        assert client.post(f"{LIST}{name}/", {"_selected_action": [failed]}).status_code == 403
    client.force_login(supporter)
    assert "Retry" in client.get(LIST).text
    said = client.post(f"{LIST}retry/", {"_selected_action": [failed, "x"], "next": LIST + "?outcome=failed"})
    assert said["Location"] == LIST + "?outcome=failed"
    assert Event.objects.get(pk=failed).outcome == Outcome.QUEUED
    assert Event.objects.get(pk=failed).triggered_by == "sam"
    client.post(f"{LIST}resolve/", {"_selected_action": [again], "note": "Entered by hand."}, follow=True)
    resolved = Event.objects.get(pk=again)
    assert (resolved.resolved_by, resolved.resolved_note) == ("sam", "Entered by hand.")


def test_what_was_left_alone_is_said(client, supporter):
    client.force_login(supporter)
    done = made(outcome=Outcome.SUCCEEDED)
    page = client.post(f"{LIST}retry/", {"_selected_action": [done]}, follow=True)
    assert "1 event was left alone" in page.text
    assert "No event was chosen" in client.post(f"{LIST}retry/", follow=True).text


def test_a_foreign_address_is_not_followed(client, supporter):
    client.force_login(supporter)
    said = client.post(f"{LIST}retry/", {"_selected_action": [made()], "next": "https://evil.example/"})
    assert said["Location"].startswith(reverse("admin:events_event_changelist"))


def test_a_fresh_hub_says_how_to_begin(as_reader):
    assert "No events yet" in as_reader.get(LIST).text
    assert "Install your first connector" in as_reader.get("/admin/").text
