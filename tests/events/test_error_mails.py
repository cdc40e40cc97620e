"""What an error mail says: the sentence, the object, how often, what to do, a link; never a payload, never a secret."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from connectors.models import Connector
from events import alerts
from events.models import Family, Mail


@pytest.fixture
def family(db):
    connector = Connector.objects.create(
        name="Xoro & Sons",
        slug="xoro",
        provider_slug="gone",
        email_sender="hub@example.com",
        email_receiver="s@example.com",
    )
    return Family.objects.create(
        connector_id=connector.pk, cause="c", topic="order/deliver", reason="unavailable", count=5, unmailed_count=4,
        sentence='Xoro answered "<maintenance>".', next_step="Wait & see.", first_event_id=7, last_event_id=12,
        last_object_label="#1001 & co",
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["first", "summary", "recovery"])
def test_both_forms_name_connector_function_object_cause_and_link(family, kind):
    family.recovered_at = timezone.now() if kind == "recovery" else None
    mail = alerts._mail(family, kind)
    text, html = mail.text, mail.html
    for part in ("Xoro & Sons", "order/deliver", "unavailable", "/admin/events/event/12/change/", '"<maintenance>"'):
        assert part in text
    for part in (
        "Xoro &amp; Sons",
        "order/deliver",
        "unavailable",
        "/admin/events/event/12/change/",
        "&lt;maintenance&gt;",
    ):
        assert part in html
    assert "<maintenance>" not in html
    assert "&amp;" not in text
    if kind != "recovery":
        assert "#1001 & co" in text
        assert "Wait & see." in text


def test_a_summary_says_how_many_were_held_back(family):
    mail = alerts._mail(family, "summary")
    for form in (mail.text, mail.html):
        assert "4 more failures" in form
        assert re.search(r"5 in all since \d{4}-\d\d-\d\d \d\d:\d\d UTC", form)


def test_a_recovery_says_since_when_and_after_how_many_failures(family):
    alerts._mail(family, "first")
    family.refresh_from_db()
    alerts.recover(family)
    mail = Mail.objects.get(kind="recovery")
    for form in (mail.text, mail.html):
        assert re.search(r"works again since \d{4}-\d\d-\d\d \d\d:\d\d UTC", form)
        assert "failed 5 times" in form


def test_lines_of_the_text_fit_a_mail(family):
    for kind in ("first", "summary"):
        assert max(len(line) for line in alerts._mail(family, kind).text.splitlines()) < 100
    assert "\n\n\n" not in alerts._mail(family, "first").text
