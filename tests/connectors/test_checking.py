"""Test connection: a line for each check, whatever goes wrong in one, and an event for the record."""

from __future__ import annotations

import pytest

from connectors import checking
from connectors.models import Connector
from events.models import Event, Kind, Outcome
from tests.provider import STATE, TOKEN


@pytest.fixture
def shop(db, make_connector) -> Connector:
    return make_connector("Shop")


def test_every_check_is_a_line_and_the_test_is_an_event_with_its_requests(shop):
    report = checking.check_connector(shop, by="ada")
    assert [(line.name, line.result) for line in report.lines] == [("answer", "ok"), ("off", "off")]
    event = Event.objects.get(pk=report.event_id)
    assert (event.kind, event.outcome, event.triggered_by) == (Kind.CHECK, Outcome.SUCCEEDED, "ada")
    assert event.requests.count() == 1


def test_a_failed_check_says_what_to_do(shop, remote):
    remote.answers["/ok"] = (401, {}, {})
    report = checking.check_connector(shop, by="ada")
    assert (report.is_ok, report.lines[0].result) == (False, "failed")
    assert "credentials" in report.lines[0].next_step
    assert Event.objects.get().outcome == Outcome.FAILED


def test_a_bug_in_a_check_hides_no_other_and_shows_no_secret(shop):
    def check(run):
        raise ValueError(run.settings.token)

    STATE.check = check
    report = checking.check_connector(shop, by="ada")
    assert len(report.lines) == 2
    assert TOKEN not in repr(report)


def test_settings_that_do_not_load_are_the_only_line(shop):
    shop.settings = {}
    report = checking.check_connector(shop, by="ada")
    assert [line.name for line in report.lines] == ["settings"]
    assert Event.objects.get(pk=report.event_id).outcome == Outcome.FAILED


def test_a_secret_in_a_sentence_is_masked(shop):
    STATE.check = lambda run: f"Logged in with {run.settings.token}."
    assert checking.check_connector(shop, by="ada").lines[0].sentence == "Logged in with ***."


def test_a_test_that_passes_ends_the_word_failing(shop, testing_provider):
    from connectors.host import health_failed

    health_failed(shop.pk, "It did not answer.")
    assert checking.check_connector(shop, by="ada").is_ok
    shop.refresh_from_db()
    assert shop.last_success_at >= shop.last_failure_at
