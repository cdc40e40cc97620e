"""Failed deliveries tried again by the hub itself: which, in which order, and that people hear of each text once."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail as outbox
from django.utils import timezone

from connectors import lanes, registry, rerun
from connectors.exceptions import RemoteRefused
from connectors.models import Route
from connectors.run import Run
from connectors.spawning import spawn
from events import alerts, digests, mail
from events.host import MailPolicy
from events.interval import Interval
from events.models import Digest, Event, Family, Kind, Mail, Outcome
from events.outcomes import Result, resolve, retry, unresolve
from tests.cast import an_event, claim, run_one
from tests.provider import ERRORS


@pytest.fixture
def shop(db, make_connector):
    return make_connector("Shop")


@pytest.fixture
def erp(db, make_connector, shop):
    made = make_connector("Erp")
    Route.objects.create(source=shop, target=made, record_kind="order")
    return made


@pytest.fixture
def fails(testing_provider):
    """``fails("refused")``: what deliveries end with from here on; ``fails(None)``: they succeed again."""
    usual = testing_provider.STATE.accept

    def make(error):
        def accept(run, one):
            raise error(one) if callable(error) else error

        testing_provider.STATE.accept = usual if error is None else accept

    return make


@pytest.fixture
def policy(testing_provider):
    """``policy(MailPolicy(...))``: what the provider says of its mails."""

    def make(made: MailPolicy) -> None:
        # Taken away with the provider itself.
        changed = dataclasses.replace(testing_provider.provider, mail_policy=lambda settings: made)
        registry._providers[testing_provider.SLUG] = changed

    return make


def deliver(shop, erp, number: str = "1") -> Event:
    """An order of the shop, delivered to the ERP as far as that goes."""
    event = an_event(shop, "order", obj=number, payload=json.dumps({"id": number, "number": number}).encode())
    run_one(shop, event)
    run_one(erp)
    return Event.objects.get(kind="delivery", parent_id=event.pk)


def batch(erp, **more) -> str:
    """The next scheduled batch, and what it queued."""
    made = rerun.failed(Run(erp, None), **more)
    while claim_one(erp):
        pass
    return made


def claim_one(erp) -> bool:
    if not Event.objects.filter(connector_id=erp.pk, outcome=Outcome.QUEUED).exists():
        return False
    run_one(erp)
    return True


@pytest.mark.parametrize("name", ["configuration", "mapping", "payload", "refused"])
def test_what_data_or_settings_mend_is_tried_with_the_next_batch(shop, erp, fails, name):
    fails(ERRORS[name])
    row = deliver(shop, erp)
    assert row.outcome == Outcome.FAILED
    fails(None)
    assert batch(erp) == "1 failed transaction queued again."
    row.refresh_from_db()
    assert (row.outcome, row.triggered_by) == (Outcome.SUCCEEDED, "schedule")


def test_what_another_event_started_is_tried_too_and_what_a_person_started_is_not(shop, erp, fails, testing_provider):
    def refuse(run):
        raise ERRORS["configuration"]

    testing_provider.STATE.call = refuse
    parent = an_event(erp, "noop")
    run_one(erp, parent)
    payment = Event.objects.get(pk=spawn(erp, parent, "call", ("payment", "7", "#7"), {}))
    by_hand = an_event(erp, "call", kind=Kind.SYNC)
    while claim_one(erp):
        pass
    testing_provider.STATE.call = lambda run: "Deposited."
    assert batch(erp) == "1 failed transaction queued again."
    payment.refresh_from_db()
    by_hand.refresh_from_db()
    assert (payment.outcome, by_hand.outcome) == (Outcome.SUCCEEDED, Outcome.FAILED)
    assert not payment.is_supersedable, "a newer event of its object says other things"


@pytest.mark.parametrize("name", ["unconfirmed", "unauthorised"])
def test_what_needs_a_person_is_never_tried_by_itself(shop, erp, fails, name):
    fails(ERRORS[name])
    row = deliver(shop, erp)
    assert batch(erp) == "No failed transaction waits to be tried again."
    row.refresh_from_db()
    assert row.outcome == Outcome.FAILED


def test_a_bug_and_a_code_the_provider_names_are_left_to_people(shop, erp, fails):
    fails(ZeroDivisionError())
    deliver(shop, erp, "1")
    fails(ERRORS["refused"])
    deliver(shop, erp, "2")
    assert batch(erp, never={"422"}) == "No failed transaction waits to be tried again."


def test_a_resolved_row_is_not_retried_until_it_is_unresolved(shop, erp, fails):
    fails(ERRORS["refused"])
    row = deliver(shop, erp)
    resolve([row.pk], by="sam", note="Entered by hand.")
    fails(None)
    batch(erp)
    row.refresh_from_db()
    assert (row.outcome, row.resolved_by) == (Outcome.FAILED, "sam")
    assert unresolve([row.pk]) == 1
    batch(erp)
    row.refresh_from_db()
    assert row.outcome == Outcome.SUCCEEDED


def test_only_the_newest_delivery_of_an_object_is_tried_and_its_success_ends_the_others(shop, erp, fails):
    fails(ERRORS["refused"])
    older, newer = deliver(shop, erp), deliver(shop, erp)
    fails(None)
    assert batch(erp) == "1 failed transaction queued again."
    older.refresh_from_db()
    newer.refresh_from_db()
    assert newer.outcome == Outcome.SUCCEEDED
    assert older.resolved_by == "the hub"


def test_a_batch_has_a_size_and_every_row_has_one_turn(shop, erp, fails):
    fails(ERRORS["refused"])
    for number in range(5):
        deliver(shop, erp, str(number))
    assert batch(erp, batch=2) == "5 failed transactions queued again."
    assert Event.objects.filter(connector_id=erp.pk, outcome=Outcome.FAILED, attempts=1).count() == 5


def test_some_codes_alone_after_some_minutes(shop, erp, fails):
    fails(ERRORS["refused"])
    row = deliver(shop, erp)
    assert "No failed" in batch(erp, codes={"422"}, rest_s=300)
    Event.objects.filter(pk=row.pk).update(finished_at=timezone.now() - timedelta(minutes=6))
    assert "No failed" in batch(erp, codes={"wave"}, rest_s=300)
    assert batch(erp, codes={"422"}, rest_s=300) == "1 failed transaction queued again."


# --- told once ------------------------------------------------------------------------------------------------------


def test_the_same_text_is_told_once_however_often_the_batch_meets_it(shop, erp, fails):
    fails(ERRORS["refused"])
    deliver(shop, erp)
    for _ in range(3):
        batch(erp)
    family = Family.objects.get(connector_id=erp.pk)
    assert (family.count, family.unmailed_count) == (1, 0)
    assert list(Mail.objects.values_list("kind", flat=True)) == ["first"]
    Family.objects.update(mailed_at=timezone.now() - timedelta(hours=2))
    assert alerts.summarise() == 0


def test_another_text_of_the_same_row_is_told(shop, erp, fails):
    fails(RemoteRefused("Item “A-1” is unknown.", code="1002"))
    deliver(shop, erp)
    fails(RemoteRefused("Item “B-2” is unknown.", code="1002"))
    batch(erp)
    family = Family.objects.get(connector_id=erp.pk)
    assert (family.count, family.unmailed_count) == (2, 1)


def test_a_retry_by_hand_that_fails_is_told_again(shop, erp, fails):
    fails(ERRORS["refused"])
    row = deliver(shop, erp)
    retry([row.pk], by="sam")
    run_one(erp)
    assert Family.objects.get(connector_id=erp.pk).count == 2


def test_a_row_that_is_being_tried_again_is_no_recovery(shop, erp, fails):
    fails(ERRORS["refused"])
    deliver(shop, erp)
    rerun.failed(Run(erp, None))
    alerts.close_quiet()
    [running] = claim(erp)
    alerts.close_quiet()
    assert running.outcome == Outcome.RUNNING
    assert Family.objects.get(connector_id=erp.pk).recovered_at is None


# --- digests --------------------------------------------------------------------------------------------------------

HOURLY = Interval(minutes=60, zone="America/Toronto")


def due_now() -> None:
    Digest.objects.update(due_at=timezone.now() - timedelta(seconds=1))


def test_a_digest_lists_each_row_once_grouped_by_cause_and_goes_through_the_outbox(
    shop, erp, fails, policy, monkeypatch
):
    monkeypatch.setattr(mail, "close_old_connections", lambda: None)
    policy(MailPolicy(receiver="desk@example.com", digest=HOURLY))
    fails(lambda one: ERRORS["configuration" if one.number == "3" else "refused"])
    for number in ("1", "2", "3"):
        deliver(shop, erp, number)
    assert not Mail.objects.exists(), "nothing is mailed at once"
    assert digests.send_due() == 0, "not before its time"
    due_now()
    assert digests.send_due() == 1
    assert mail.send_due() == 1
    [sent] = outbox.outbox
    assert (sent.to, sent.subject) == (["desk@example.com"], "[Erp] 3 failures wait for somebody")
    assert sent.body.count("It refused.") == 2
    assert sent.body.count("The settings are wrong.") == 1
    assert f"/admin/events/event/{Event.objects.get(object_id='3', kind='delivery').pk}/change/" in sent.body
    batch(erp)
    due_now()
    assert digests.send_due() == 0, "the same texts are no news"


@pytest.mark.django_db(transaction=True)
def test_a_digest_that_cannot_be_written_is_tried_again_later_and_not_each_second(shop, erp, fails, policy):
    policy(MailPolicy(receiver="desk@example.com, " * 50, digest=HOURLY))
    fails(ERRORS["refused"])
    deliver(shop, erp)
    due_now()
    assert digests.send_due() == 0
    assert Digest.objects.get().due_at > timezone.now() + timedelta(minutes=4)
    assert Event.objects.filter(is_news=True).exists(), "it is still to be told"


def test_what_was_resolved_before_the_digest_is_not_in_it(shop, erp, fails, policy):
    policy(MailPolicy(digest=HOURLY))
    fails(ERRORS["refused"])
    row = deliver(shop, erp)
    resolve([row.pk], by="sam", note="")
    due_now()
    assert digests.send_due() == 0
    assert not Digest.objects.exists()


def test_fewer_rows_than_wanted_wait_for_more(shop, erp, fails, policy):
    policy(MailPolicy(digest=HOURLY, least=2))
    fails(ERRORS["refused"])
    deliver(shop, erp, "1")
    due_now()
    assert digests.send_due() == 0
    assert Digest.objects.get().due_at > timezone.now()
    deliver(shop, erp, "2")
    due_now()
    assert digests.send_due() == 1


def test_kinds_nobody_wants_are_not_mailed_and_still_shown(shop, erp, fails, policy):
    policy(MailPolicy(wants=lambda topic, reason: not topic.startswith("order/")))
    fails(ERRORS["refused"])
    deliver(shop, erp)
    assert not Mail.objects.exists()
    assert Family.objects.filter(connector_id=erp.pk, recovered_at=None).count() == 1


def test_a_remote_that_does_not_answer_is_in_the_digest(shop, erp, fails, policy):
    policy(MailPolicy(digest=HOURLY))
    event = an_event(erp)
    lanes.tell_opened(erp.pk, Result.of(event, Outcome.FAILED, sentence="No answer."))
    due_now()
    assert digests.send_due() == 1
    assert "does not answer; its events wait" in Mail.objects.get().text


def test_a_daily_digest_is_due_at_seven_in_the_zone():
    at = Interval(minutes=1440, offset=420, zone="America/Toronto").next_after(
        datetime(2026, 3, 8, 3, 0, tzinfo=ZoneInfo("UTC"))
    )
    assert at.astimezone(ZoneInfo("America/Toronto")).isoformat() == "2026-03-08T07:00:00-04:00"


def test_an_order_is_not_told_of_twice_after_its_success(shop, erp, fails, policy):
    policy(MailPolicy(digest=HOURLY))
    fails(ERRORS["refused"])
    deliver(shop, erp)
    fails(None)
    batch(erp)
    due_now()
    assert digests.send_due() == 0
