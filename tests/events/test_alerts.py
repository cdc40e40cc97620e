"""Mail: one at once, one summary later, one at recovery, and nothing that floods or blocks."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from django.core import mail as outbox
from django.utils import timezone

from connectors.models import Connector
from events import alerts, mail
from events.mail import send_due
from events.models import Event, Family, Mail, Outcome, Reason
from events.outcomes import Result, finish, resolve
from events.pulse import send_mail
from tests.cast import an_event, claim

TEMPLATES = {
    f"events/mail/{kind}.{form}": "{{ family.sentence }} {{ object }} {{ event_url }} {{ more }} {{ family.next_step }}"
    for kind in ("first", "summary", "recovery")
    for form in ("txt", "html")
}


@pytest.fixture(autouse=True)
def _templates(settings, monkeypatch):
    """What a mail says and links to is tested elsewhere; here it only has to be written."""
    monkeypatch.setattr(Connector, "admin_path", lambda self: f"/admin/connectors/{self.pk}")
    monkeypatch.setattr(mail, "close_old_connections", lambda: None)  # the test's own is in a transaction
    [engine] = settings.TEMPLATES
    loaders = [("django.template.loaders.locmem.Loader", TEMPLATES)]
    settings.TEMPLATES = [engine | {"APP_DIRS": False, "OPTIONS": engine["OPTIONS"] | {"loaders": loaders}}]


@pytest.fixture
def shop(db, make_connector) -> Connector:
    return make_connector("Shop")


def end(shop, outcome: Outcome = Outcome.FAILED, *, count: int = 1, topic: str = "noop", **more) -> list[Event]:
    made = [an_event(shop, topic, obj=str(n), is_supersedable=False) for n in range(count)]
    more = ({"reason": Reason.REFUSED, "sentence": "Refused."} | more) if outcome == Outcome.FAILED else more
    finish([Result.of(e, outcome, **more) for e in claim(shop, limit=2000, concurrency=2000)])
    return made


def kinds() -> list[str]:
    return list(Mail.objects.order_by("pk").values_list("kind", flat=True))


def pass_minutes(minutes: int) -> None:
    for family in Family.objects.all():
        family.mailed_at = family.mailed_at and family.mailed_at - timedelta(minutes=minutes)
        family.recovered_at = family.recovered_at and family.recovered_at - timedelta(minutes=minutes)
        family.save()


def test_a_thousand_equal_failures_are_one_mail_now_one_summary_later_and_one_recovery(shop):
    end(shop, count=5, reason=Reason.UNAVAILABLE, sentence="The remote is away.")
    for _ in range(5):
        end(shop, count=199, reason=Reason.UNAVAILABLE, sentence="The remote is away.")
    assert kinds() == ["first"]
    assert Family.objects.get().count == 1000
    send_mail()
    assert kinds() == ["first"]
    pass_minutes(16)
    send_mail(), send_mail()
    assert kinds() == ["first", "summary"]
    assert "995 more" in Mail.objects.get(kind="summary").subject
    end(shop, Outcome.SUCCEEDED)
    assert kinds() == ["first", "summary", "recovery"]
    pass_minutes(16)
    send_mail()
    assert len(kinds()) == 3


def test_two_causes_are_two_mails(shop):
    end(shop, sentence="No stock.")
    end(shop, sentence="No such SKU.")
    assert kinds() == ["first", "first"]


def test_failures_that_differ_in_a_number_are_one(shop):
    for number in range(5):
        end(shop, sentence=f"Order #{number} was refused.")
    assert kinds() == ["first"]


def test_a_remote_that_fails_every_other_time_does_not_flood(shop):
    for _ in range(50):
        end(shop, reason=Reason.TIMED_OUT, sentence="Slow.")
        end(shop, Outcome.SUCCEEDED)
    assert kinds() == ["first", "recovery"]
    assert Family.objects.get().count == 50


def test_a_remote_that_is_away_is_one_mail_however_many_topics_fail(shop):
    for topic in ("noop", "delete", "read", "write"):
        end(shop, topic=topic, reason=Reason.UNAVAILABLE, sentence="Away.")
    assert kinds() == ["first"]
    assert Family.objects.count() == 4


def test_endlessly_different_sentences_are_a_bounded_number_of_mails(shop):
    for number in range(40):
        end(shop, sentence=f"Customer {'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP'[number]} is unknown.")
    assert len(kinds()) == alerts.MAILS_AN_HOUR
    assert Family.objects.count() == 40


@pytest.mark.parametrize("field", ["email_sender", "email_receiver"])
def test_without_both_addresses_nothing_is_mailed_but_the_family_shows(shop, field):
    Connector.objects.update(**{field: ""})
    end(shop)
    assert kinds() == []
    assert Family.objects.count() == 1
    Connector.objects.update(**{field: "a@example.com"})
    end(shop)
    assert kinds() == ["first"]


def test_a_mail_that_cannot_be_written_does_not_undo_the_outcome(shop, monkeypatch):
    monkeypatch.setattr(alerts, "render_to_string", lambda *_: 1 / 0)
    [event] = end(shop)
    event.refresh_from_db()
    assert (event.outcome, kinds(), Family.objects.count()) == (Outcome.FAILED, [], 1)


def test_resolving_every_failure_ends_the_family(shop):
    made = end(shop, count=3)
    resolve([e.pk for e in made[:2]], by="sam", note="x")
    alerts.close_quiet()
    assert Family.objects.get().recovered_at is None
    resolve([made[2].pk], by="sam", note="x")
    alerts.close_quiet()
    assert Family.objects.get().recovered_at is not None


def test_a_family_whose_failures_were_purged_ends_without_saying_that_it_works(shop):
    end(shop)
    Event.objects.all().delete()
    alerts.close_quiet()
    assert Family.objects.get().recovered_at is not None
    assert kinds() == ["first"]


def test_an_older_event_that_fails_again_keeps_its_family_open(shop):
    old = end(shop)
    new = end(shop)
    Event.objects.filter(pk=new[0].pk).update(resolved_at=timezone.now())
    Event.objects.filter(pk=old[0].pk).update(outcome=Outcome.QUEUED)
    finish([Result.of(e, Outcome.FAILED, reason=Reason.REFUSED, sentence="Refused.") for e in claim(shop)])
    alerts.close_quiet()
    assert Family.objects.get().recovered_at is None


def test_a_mail_holds_no_payload_and_its_subject_has_one_line(shop):
    end(shop, sentence="Two\nlines\r\nBcc: x@example.com")
    one = Mail.objects.get()
    assert "\n" not in one.subject
    send_due()
    [sent] = outbox.outbox
    assert sent.to == ["support@example.com"]
    assert "Bcc" not in sent.message()
    assert sent.extra_headers["Auto-Submitted"] == "auto-generated"


def test_several_receivers_are_all_written_to(shop):
    Connector.objects.update(email_receiver="a@example.com, b@example.com,")
    end(shop)
    send_due()
    assert outbox.outbox[0].to == ["a@example.com", "b@example.com"]


def test_a_dead_mail_server_costs_a_bounded_time_and_nothing_else(shop, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    for number in range(10):
        end(shop, sentence=f"Cause {'abcdefghij'[number]}.")
    assert send_due() == 0
    tried = Mail.objects.filter(attempts=1)
    assert tried.count() == 3
    assert set(Mail.objects.values_list("state", flat=True)) == {"waiting"}
    assert all(m.due_at > timezone.now() and "refused" in m.error.lower() for m in tried)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    Mail.objects.update(due_at=timezone.now())
    assert send_due() == 10


def test_a_mail_nobody_takes_is_given_up_after_days(shop, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    end(shop)
    Mail.objects.update(created_at=timezone.now() - timedelta(days=4))
    send_due()
    assert Mail.objects.get().state == Mail.State.FAILED


class Peer:
    def __init__(self) -> None:
        self.received: list[tuple[str, list[str], bytes]] = []

    async def handle_DATA(self, server, session, envelope) -> str:
        self.received.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 OK"


def test_a_real_mail_server_gets_it_from_the_sender_in_text_and_html(shop, settings):
    peer = Peer()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(peer, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        end(shop, sentence="Größe fehlt.")
        assert send_due() == 1
    finally:
        controller.stop()
    [(sender, receivers, content)] = peer.received
    assert (sender, receivers) == ("hub@example.com", ["support@example.com"])
    assert b"text/plain" in content
    assert b"text/html" in content
    assert Mail.objects.get().state == Mail.State.SENT


def test_two_senders_at_once_send_each_mail_once(committed, make_connector):
    from tests.cast import together

    shop = make_connector("Shop")
    for number in range(8):
        end(shop, sentence=f"Cause {'abcdefgh'[number]}.")
    assert sum(together(send_due, send_due)) == 8
    assert len(outbox.outbox) == 8


def test_three_hundred_causes_that_go_on_are_no_three_hundred_summaries(shop):
    long_ago = timezone.now() - timedelta(hours=1)
    for number in range(60):
        Family.objects.create(
            connector_id=shop.pk, cause=f"c{number}", topic="noop", reason=Reason.REFUSED, sentence=f"Refused {number}.",
            first_event_id=1, last_event_id=1, unmailed_count=3, mailed_at=long_ago,
        )  # fmt: skip
    alerts.summarise()
    assert Mail.objects.filter(kind="summary").count() == alerts.MAILS_AN_HOUR
    held = Family.objects.filter(unmailed_count=3)
    assert held.count() == 60 - alerts.MAILS_AN_HOUR
    assert not alerts.summaries_due(), "looked at again when the next summary is due, not each second"
