"""The connector's own work, whole: what failed is tried again with each batch, people hear of it in a digest, and the
settings of Import and Notifications say when, since when and whom."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail as outbox
from django.core.exceptions import ValidationError
from django.utils import timezone

from connectors import known, plans, syncing
from connectors.models import Connector, Plan, Route
from connectors.xoro import scheduling
from events import digests, mail, rerun
from events.drain import Drainer
from events.models import Digest, Event, Kind, Mail, Outcome, Reason
from events.outcomes import resolve
from tests.connectors.xoro.cast import make_settings

pytestmark = pytest.mark.django_db(transaction=True)
ACCOUNT = "Customer Deposits"


@pytest.fixture
def shop(install):
    return install("shopify", name="Lumen Goods")


@pytest.fixture
def erp(install, shop):
    made = install("xoro", name="Xoro", notify_recipients=["desk@example.com"])
    Route.objects.create(source=shop, target=made, record_kind="order", options={})
    return made


def set_(erp, **changes) -> None:
    erp.refresh_from_db()
    erp.settings = {**erp.settings, **changes}
    erp.save()
    known.forget()


def order(shop, number: str = "#2205") -> Event:
    event_id = syncing.start_single(shop, "order", number, by="sam")
    Drainer(0).run()
    return Event.objects.get(kind=Kind.DELIVERY, parent_id=event_id)


def batch(erp, name: str = "failed") -> str:
    event_id = syncing.start_sync(erp, name, by="schedule")
    Drainer(0).run()
    return Event.objects.get(pk=event_id).sentence


def test_an_account_that_was_renamed_fails_is_mended_and_goes_through_with_the_next_batch(sandbox, shop, erp):
    sandbox.post("/xoro/_sandbox/fault", {"kind": "renamed_account", "match": "/", "account": ACCOUNT})
    row = order(shop)
    assert row.outcome == Outcome.FAILED, row.sentence
    assert ACCOUNT in row.sentence
    for _ in range(2):
        assert batch(erp) == "1 failed transaction queued again."
    row.refresh_from_db()
    assert (row.outcome, row.triggered_by) == (Outcome.FAILED, "schedule")
    assert Digest.objects.filter(connector_id=erp.pk).count() == 1
    set_(erp, liability_account="Undeposited Funds", payment_account="Undeposited Funds")
    assert batch(erp) == "1 failed transaction queued again."
    row.refresh_from_db()
    assert row.outcome == Outcome.SUCCEEDED, row.sentence
    assert batch(erp) == "No failed transaction waits to be tried again."


def test_a_row_that_was_resolved_is_not_tried_again(sandbox, shop, erp):
    sandbox.post("/xoro/_sandbox/fault", {"kind": "renamed_account", "match": "/", "account": ACCOUNT})
    row = order(shop)
    resolve([row.pk], by="sam", note="Entered in Xoro by hand.")
    calls = len(sandbox.log("xoro"))
    assert batch(erp) == "No failed transaction waits to be tried again."
    assert len(sandbox.log("xoro")) == calls


def test_people_hear_of_a_row_once_in_the_hours_digest_until_its_text_changes(sandbox, shop, erp, monkeypatch):
    monkeypatch.setattr(mail, "close_old_connections", lambda: None)
    sandbox.post("/xoro/_sandbox/fault", {"kind": "renamed_account", "match": "/", "account": ACCOUNT})
    row = order(shop)
    assert not Mail.objects.filter(connector_id=erp.pk).exists()
    for expected in (1, 0):
        Digest.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        assert digests.send_due() == expected
        batch(erp)
    assert mail.send_due() == 1
    [sent] = outbox.outbox
    assert sent.to == ["desk@example.com"]
    assert sent.subject == "[Xoro] 1 failure waits for somebody"
    assert row.object_label in sent.body
    sandbox.post("/xoro/_sandbox/fault", {"kind": "renamed_account", "match": "/", "account": "Undeposited Funds"})
    set_(erp, liability_account="Undeposited Funds")
    batch(erp)
    row.refresh_from_db()
    assert "Undeposited Funds" in row.sentence
    Digest.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert digests.send_due() == 1, "another text is news"


def test_failed_transactions_are_queued_in_steps_of_the_batch_and_none_is_left(shop, erp, monkeypatch):
    set_(erp, import_batch_size=1, sale_store="Nowhere")
    for number in ("#2205", "#2206", "#2207"):
        assert order(shop, number).outcome == Outcome.FAILED
    steps: list[int] = []
    again = rerun.again
    monkeypatch.setattr(rerun, "again", lambda *given, **more: steps.append(more["limit"]) or again(*given, **more))
    assert batch(erp) == "3 failed transactions queued again."
    assert steps == [1, 1, 1, 1]


def test_a_mail_waits_until_there_are_as_many_errors_as_the_settings_say(shop, erp, monkeypatch):
    monkeypatch.setattr(mail, "close_old_connections", lambda: None)
    set_(erp, notify_min_errors=2, sale_store="Nowhere")
    for number, mails in (("#2205", 0), ("#2206", 1)):
        assert order(shop, number).outcome == Outcome.FAILED
        Digest.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        assert digests.send_due() == mails
    assert mail.send_due() == 1
    assert outbox.outbox[0].subject == "[Xoro] 2 failures wait for somebody"


def test_a_passing_fault_waits_a_minute_and_is_given_up_after_the_attempts_of_the_settings(sandbox, shop, erp):
    set_(erp, import_max_attempts=2)
    sandbox.post("/xoro/_sandbox/fault", {"kind": "http500_once", "match": "/api/xerp/salesorder", "times": 50})
    row = order(shop)
    assert (row.outcome, row.reason, row.max_attempts) == (Outcome.WAITING, Reason.RETRY, 2), row.sentence
    assert timedelta(seconds=45) < row.due_at - timezone.now() < timedelta(seconds=80)
    Event.objects.filter(pk=row.pk).update(outcome=Outcome.QUEUED, due_at=None)
    Drainer(0).run()
    row.refresh_from_db()
    assert (row.outcome, row.reason) == (Outcome.FAILED, Reason.UNAVAILABLE)
    assert batch(erp) == "No failed transaction waits to be tried again."


# --- what the settings mean -----------------------------------------------------------------------------------------


def test_the_rhythm_is_hours_and_minutes_at_an_offset_by_the_shops_clock(erp):
    set_(erp, import_enabled=True, import_every_hours=1, import_every_minutes=30, import_offset_minutes=10,
         import_time_zone="America/Toronto")  # fmt: skip
    plans.follow_settings(erp)
    plan = Plan.objects.get(connector=erp, sync="failed")
    assert (plan.every_minutes, plan.offset_minutes, plan.zone, plan.is_enabled) == (90, 10, "America/Toronto", True)
    set_(erp, import_enabled=False)
    plans.follow_settings(erp)
    assert not Plan.objects.filter(connector=erp, is_enabled=True, sync__in=["failed", "waves"]).exists()


@pytest.mark.parametrize(
    ("day", "zone", "starts"),
    [
        (None, "America/Toronto", None),
        (date(2026, 3, 8), "UTC", datetime(2026, 3, 8, tzinfo=UTC)),
        (date(2026, 3, 8), "America/Toronto", datetime(2026, 3, 8, 5, tzinfo=UTC)),
        (date(2026, 3, 9), "America/Toronto", datetime(2026, 3, 9, 4, tzinfo=UTC)),  # summer time by then
        (date(2026, 3, 8), "Pacific/Kiritimati", datetime(2026, 3, 7, 10, tzinfo=UTC)),
    ],
)
def test_the_integration_starts_at_midnight_of_the_shops_zone(day, zone, starts):
    settings = make_settings(import_start_date=day and day.isoformat(), import_time_zone=zone)
    assert scheduling.starts_at(settings) == starts


@pytest.mark.parametrize(
    ("topic", "reason", "cause"),
    [
        ("order/deliver", "refused", "orders"), ("order/deliver", "unavailable", "connection"),
        ("refund/deliver", "payload", "orders"), ("shipment/deliver", "refused", "fulfillments"),
        ("sync:products", "refused", "products"), ("product/deliver", "refused", "products"),
        ("payout/deliver", "refused", "payouts"), ("sync:payouts", "configuration", "payouts"),
        ("connection", "unavailable", "connection"), ("sync:failed", "bug", "orders"),
        ("sync:fulfillments", "payload", "fulfillments"), ("single:fulfillment", "payload", "fulfillments"),
        ("single:shipped_order", "payload", "fulfillments"), ("sync:inventory", "payload", "products"),
        ("deposits/import", "configuration", "orders"),
    ],
)  # fmt: skip
def test_each_failure_belongs_to_one_choice_of_tell_about(topic, reason, cause):
    assert scheduling.cause_of(topic, reason) == cause
    assert scheduling.mail_policy(make_settings()).wants(topic, reason)
    others = [one for one in (*scheduling.KINDS, "connection") if one != cause]
    assert not scheduling.mail_policy(make_settings(notify_on=others)).wants(topic, reason)


def test_the_recipients_of_the_settings_get_the_test_mail_and_are_shown(client, administrator, erp):
    Connector.objects.filter(pk=erp.pk).update(email_receiver="")
    client.force_login(administrator)
    client.post(f"{erp.admin_path().removesuffix('change/')}test-mail/")
    assert Mail.objects.get(kind="test").receiver == "desk@example.com"
    shown = client.get(f"{erp.admin_path()}?tab=overview").text
    assert "desk@example.com" in shown
    assert "No error mail is sent" not in shown


def test_more_receivers_than_one_mail_takes_are_refused_at_the_field():
    many = [f"somebody.{number}@warehouse.example" for number in range(30)]
    with pytest.raises(ValidationError) as refused:
        make_settings(notify_recipients=many)
    assert "the address of a group" in str(refused.value.message_dict["notify_recipients"])


@pytest.mark.parametrize(
    ("mode", "sent"),
    [("hourly", "2026-03-09T14:00"), ("daily", "2026-03-10T11:00"), ("each_run", "2026-03-09T13:37")],
)
def test_a_digest_is_sent_each_run_each_hour_or_at_seven(mode, sent):
    settings = make_settings(notify_mode=mode, import_time_zone="America/Toronto", import_every_minutes=15,
                             import_offset_minutes=5)  # fmt: skip
    digest = scheduling.mail_policy(settings).digest
    assert digest is not None
    assert digest.next_after(datetime(2026, 3, 9, 13, 23, tzinfo=UTC)).isoformat()[:16] == sent


def test_a_wave_that_could_not_be_made_is_tried_some_minutes_later_and_not_with_the_batch(shop, erp):
    set_(erp, import_enabled=True, rerun_wave_errors=True)
    plans.follow_settings(erp)
    assert Plan.objects.get(connector=erp, sync="waves").every_minutes == 5
    row = order(shop)
    failed = {"outcome": Outcome.FAILED, "reason": Reason.REFUSED, "reason_code": "1007", "resolved_at": None}
    Event.objects.filter(pk=row.pk).update(**failed, finished_at=timezone.now() - timedelta(minutes=4))
    assert batch(erp) == batch(erp, "waves") == "No failed transaction waits to be tried again."
    Event.objects.filter(pk=row.pk).update(finished_at=timezone.now() - timedelta(minutes=6))
    assert batch(erp, "waves") == "1 failed transaction queued again."
    set_(erp, rerun_wave_errors=False)
    Event.objects.filter(pk=row.pk).update(**failed)
    assert batch(erp) == "1 failed transaction queued again."
