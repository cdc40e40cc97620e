"""The overview, preferences, people: what the admin site adds to Django's own."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connectors.models import Breaker, BreakerState, Connector, Profile
from events import heartbeat
from events.models import Event, Kind, Outcome, Reason
from events.record import New, record
from integration_hub import home


def connector(name: str, **more) -> Connector:
    return Connector.objects.create(name=name, slug=name.lower().replace(" ", "-"), provider_slug="nobody", **more)


def made(one: Connector, **more) -> Event:
    base = {"kind": Kind.WEBHOOK, "topic": "orders/create", "connector_id": one.pk, "connector_name": one.name}
    return Event.objects.get(pk=record(New(**(base | more))).event_id)


@pytest.fixture
def as_supporter(client, supporter):
    client.force_login(supporter)
    return client


def test_a_provider_that_is_gone_is_said_and_breaks_nothing(as_supporter):
    connector("Old shop")
    page = as_supporter.get("/admin/")
    assert "This hub has no provider “nobody”" in page.text


def test_a_lookup_that_is_left_alone_is_said_beside_the_connectors_own_state(db, monkeypatch):
    monkeypatch.setattr(Connector, "provider", property(lambda self: object()))
    monkeypatch.setattr(Connector, "load_settings", lambda self: None)
    one = connector("Shop", last_success_at=timezone.now(), settings={"url": "https://shop.example"})
    assert home._health(one, None, None).word == "working"
    lookup = Breaker.objects.create(connector=one, endpoint="orders", state=BreakerState.OPEN, sentence="It is away.")
    part = home._health(one, None, lookup)
    assert (part.word, part.sentence) == ("works in part", "orders: It is away.")
    own = Breaker.objects.create(connector=one, state=BreakerState.OPEN, sentence="It is away.")
    assert home._health(one, own, lookup).word == "does not answer"


def test_what_waits_is_counted_by_connector_and_reason_and_no_further_than_the_limit(as_supporter, monkeypatch):
    monkeypatch.setattr(home, "LIMIT", 3)
    one, other = connector("Shop"), connector("ERP")
    for _ in range(5):
        made(one, outcome=Outcome.WAITING, reason=Reason.BREAKER_OPEN)
    made(other, outcome=Outcome.WAITING, reason=Reason.RETRY)
    made(other)
    groups = home._waits([one, other])
    assert [(g["connector"], str(g["reason"]), g["count"]) for g in groups] == [
        ("Shop", "remote is down", 4), ("ERP", "retry due", 1), ("ERP", "queued", 1),
    ]  # fmt: skip
    assert "3+ remote is down" in as_supporter.get("/admin/").text


def test_the_last_hour_is_counted_by_outcome(db):
    one = connector("Shop")
    for outcome in (Outcome.SUCCEEDED, Outcome.SUCCEEDED, Outcome.FAILED):
        made(one, outcome=outcome)
    old = made(one, outcome=Outcome.FAILED)
    Event.objects.filter(pk=old.pk).update(finished_at=timezone.now() - timedelta(hours=2))
    hour, is_cut = home._last_hour()
    assert not is_cut
    assert {name: sum(bars.values()) for name, bars in hour[one.pk].items()} == {"succeeded": 2, "failed": 1}


def test_a_running_worker_is_said(as_supporter):
    assert "No worker is running" in as_supporter.get("/admin/").text
    heartbeat.beat()
    page = as_supporter.get("/admin/").text
    assert "1 worker running" in page
    assert "No worker is running" not in page


def test_the_overview_asks_the_same_few_questions_for_many_connectors(as_supporter):
    counts = []
    for batch in range(2):
        for number in range(6):
            made(connector(f"Shop {batch} {number}"), outcome=Outcome.WAITING, reason=Reason.RETRY)
        with CaptureQueriesContext(connection) as queries:
            as_supporter.get("/admin/")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 18


def test_the_time_zone_is_chosen_and_kept(as_supporter, supporter):
    as_supporter.post("/admin/preferences/", {"time_zone": "Asia/Tokyo"})
    assert Profile.objects.get(user=supporter).time_zone == "Asia/Tokyo"
    assert "Asia/Tokyo" in as_supporter.get("/admin/").text
    assert "Select a valid choice" in as_supporter.post("/admin/preferences/", {"time_zone": "Mars/Base"}).text
    as_supporter.logout()
    as_supporter.force_login(supporter)
    assert "Asia/Tokyo" in as_supporter.get("/admin/").text


def test_an_administrator_unlocks_who_was_locked_out(client, administrator, supporter):
    AccessAttempt.objects.create(username="sam", ip_address="127.0.0.1", failures_since_start=10, user_agent="x")
    client.force_login(administrator)
    page = client.post("/admin/auth/user/", {"action": "unlock", "_selected_action": [supporter.pk]}, follow=True)
    assert "Unlocked" in page.text
    assert not AccessAttempt.objects.exists()


def test_who_is_locked_out_is_told_what_to_do(client, supporter, settings):
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 2
    for _ in range(3):
        page = client.post("/admin/login/", {"username": "sam", "password": "wrong"})
    assert "Too many wrong passwords" in page.text


@pytest.mark.parametrize("model", ["django_q/schedule", "django_q/success", "axes/accesslog"])
def test_the_machinery_has_no_pages(client, admin_user, model):
    client.force_login(admin_user)
    assert client.get(f"/admin/{model}/").status_code == 404


def test_the_sidebar_lists_what_a_person_may_open(client, administrator, reader):
    client.force_login(administrator)
    assert "/admin/auth/user/" in client.get("/admin/").text
    client.force_login(reader)
    assert "/admin/auth/user/" not in client.get("/admin/").text


def test_a_page_that_is_not_there_says_so_in_the_hubs_own_look(client, reader):
    client.force_login(reader)
    page = client.get("/admin/events/event/999/change/")
    assert page.status_code == 404
    assert "There is nothing here" in page.text
    refused = client.get("/admin/auth/user/")
    assert refused.status_code == 403
    assert "not for your group" in refused.text


def test_the_banner_tells_that_mail_goes_to_the_console(as_supporter, settings):
    assert "Mail is written to the console" not in as_supporter.get("/admin/").text
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert "Mail is written to the console" in as_supporter.get("/admin/").text
