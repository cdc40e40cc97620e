"""Sending the outbox. A dead mail server costs nothing: mails wait, with growing pauses, for three days."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import close_old_connections, transaction
from django.utils import timezone

from events.models import Mail

log = structlog.get_logger(__name__)

PAUSES_S = (30, 60, 300, 900, 3600)  # after the first, second, ... failed try; then the last one again
GIVE_UP_AFTER = timedelta(days=3)
TAKE = 50
FAILURES_IN_A_ROW = 3


def send_due() -> int:
    """Send every due mail once; returns how many went out. Mails are taken one by one, so that a crash repeats at most
    the one in hand. Raises nothing a mail server can cause."""
    close_old_connections()
    sent = failed = 0
    for _ in range(TAKE):
        mail = _take()
        if mail is None:
            break
        if _send(mail):
            sent += 1
        else:
            failed += 1
            if failed == FAILURES_IN_A_ROW:  # a dead server costs its time-out for each mail
                break
    return sent


def _take() -> Mail | None:
    """The next due mail, put off far enough that no second worker sends it meanwhile."""
    with transaction.atomic():
        mail = (
            Mail.objects.select_for_update(skip_locked=True)
            .filter(state=Mail.State.WAITING, due_at__lte=timezone.now())
            .order_by("due_at")
            .first()
        )
        if mail is not None:
            mail.attempts += 1
            mail.due_at = timezone.now() + timedelta(seconds=PAUSES_S[min(mail.attempts, len(PAUSES_S)) - 1])
            mail.save(update_fields=["attempts", "due_at"])
    return mail


def _send(mail: Mail) -> bool:
    receivers = [one.strip() for one in mail.receiver.split(",") if one.strip()]
    message = EmailMultiAlternatives(mail.subject, mail.text, mail.sender, receivers, connection=get_connection())
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    try:
        message.send()
    except Exception as error:  # whatever a mail server, its address or its certificate may cause
        log.warning("mail_not_sent", mail_id=mail.pk, error=str(error), attempt=mail.attempts)
        mail.error = f"{type(error).__name__}: {error}"[:500]
        if timezone.now() - mail.created_at > GIVE_UP_AFTER:
            mail.state = Mail.State.FAILED
        mail.save(update_fields=["error", "state"])
        return False
    mail.state, mail.sent_at, mail.error = Mail.State.SENT, timezone.now(), ""
    mail.save(update_fields=["state", "sent_at", "error"])
    return True
