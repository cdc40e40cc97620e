"""Digests: a connector's failures in one mail, where it asks for that instead of a mail at once.

A row of ``events_digest`` says that there is news and when it is due, so that asking costs one look at a small table.
What is listed: failures nobody resolved whose text no digest told yet, grouped by cause. Not for what is news: that is
``alerts``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import timezone

from events.host import Contact, MailPolicy, host
from events.interval import Interval
from events.models import Digest, Event, Family, Mail, Outcome, Reason

GROUPS = 30  # causes listed in one mail
ROWS = 20  # failures listed of one cause
COUNTED = 1000  # counting ends there
PAUSE = timedelta(minutes=5)  # after one that could not be written
CONNECTION = "connection"  # topic of what is told of a whole remote

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Row:
    """One failure of a group: what it was about, what happened, and its page."""

    label: str
    sentence: str
    url: str


@dataclass(frozen=True)
class Group:
    """Failures with one cause that are news."""

    family: Family
    reason: str
    rows: Sequence[Row]
    count: int
    url: str

    @property
    def more(self) -> int:
        return self.count - len(self.rows)


def expect(connector_id: int, rhythm: Interval) -> None:
    """There is news for the connector's next digest. Runs in the transaction of the outcome it is about."""
    due_at = rhythm.next_after(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_digest (connector_id, due_at) VALUES (%s, %s) ON CONFLICT (connector_id) "
            "DO UPDATE SET due_at = LEAST(events_digest.due_at, excluded.due_at) "
            "WHERE events_digest.due_at > excluded.due_at",
            [connector_id, due_at],
        )


def send_due() -> int:
    """Write every digest that is due; returns how many mails that made."""
    written = 0
    for connector_id in Digest.objects.filter(due_at__lte=timezone.now()).values_list("connector_id", flat=True)[:100]:
        try:
            written += _write(connector_id)
        except Exception:  # one connector's digest that cannot be written keeps none of the others
            log.exception("digest_not_written", connector_id=connector_id)
            if connection.in_atomic_block:
                raise
            Digest.objects.filter(connector_id=connector_id).update(due_at=timezone.now() + PAUSE)
    return written


@transaction.atomic
def _write(connector_id: int) -> int:
    due = Digest.objects.select_for_update(skip_locked=True).filter(
        connector_id=connector_id, due_at__lte=timezone.now()
    )
    mine = due.first()
    if mine is None:
        return 0
    policy, contact = host().mail_policy(connector_id), host().contact(connector_id)
    if policy.digest is None or contact is None:
        mine.delete()
        return 0
    groups = _groups(connector_id, contact.name, policy)
    count = sum(group.count for group in groups)
    if count and (count < policy.least or not contact.sender or not contact.receiver):
        mine.due_at = policy.digest.next_after(timezone.now())  # told when there is more, or somebody to tell
        mine.save(update_fields=["due_at"])
        return 0
    mine.delete()
    if not groups:
        return 0
    _mail(connector_id, contact, policy.digest, groups, count)
    causes = [group.family.cause for group in groups]
    _fresh(connector_id, causes).update(is_news=False)
    families = Family.objects.filter(pk__in=[group.family.pk for group in groups])
    families.update(mailed_at=timezone.now(), unmailed_count=0)
    if len(groups) == GROUPS:
        expect(connector_id, policy.digest)  # what found no room comes with the next one
    return 1


def _fresh(connector_id: int, causes: Sequence[str]) -> QuerySet[Event]:
    return Event.objects.filter(
        connector_id=connector_id, cause__in=causes, outcome=Outcome.FAILED, resolved_at__isnull=True, is_news=True
    )


def _event_url(event_id: int) -> str:
    return f"{settings.HUB_BASE_URL}/admin/events/event/{event_id}/change/"


def _groups(connector_id: int, contact_label: str, policy: MailPolicy) -> list[Group]:
    families = Family.objects.filter(connector_id=connector_id, recovered_at=None, unmailed_count__gt=0)
    # Held until the mail is written, in the order in which failures take them: one that comes meanwhile is told next time.
    list(families.order_by("cause").select_for_update().values_list("pk"))
    found: list[Group] = []
    for family in families.order_by("topic", "-last_at"):
        if not policy.wants(family.topic, family.reason):
            continue
        fresh = _fresh(connector_id, [family.cause])
        rows = [
            Row(
                label=event.object_label or event.object_id or f"event {event.pk}",
                sentence=event.sentence,
                url=_event_url(event.pk),
            )
            for event in fresh.only("object_label", "object_id", "sentence").order_by("pk")[:ROWS]
        ]
        if not rows and family.topic == CONNECTION:  # what is told of a whole connector has no row of its own
            rows = [Row(label=contact_label, sentence=family.sentence, url=_event_url(family.last_event_id))]
        if not rows:
            continue
        found.append(
            Group(
                family=family,
                reason=str(dict(Reason.choices).get(family.reason, family.reason)),
                rows=rows,
                count=max(fresh.values("pk")[:COUNTED].count(), 1),
                url=f"{settings.HUB_BASE_URL}/admin/events/event/?connector={connector_id}&cause={family.cause}&resolved=no",
            )
        )
        if len(found) == GROUPS:
            break
    return found


def _mail(connector_id: int, contact: Contact, rhythm: Interval, groups: Sequence[Group], count: int) -> None:
    context = {
        "contact": contact,
        "groups": groups,
        "count": count,
        "at": _local(timezone.now(), rhythm.zone),
        "connector_url": settings.HUB_BASE_URL + contact.path,
    }
    what = "1 failure waits" if count == 1 else f"{count} failures wait"
    Mail.objects.create(
        connector_id=connector_id,
        kind="digest",
        sender=contact.sender,
        receiver=contact.receiver,
        subject=" ".join(f"[{contact.name}] {what} for somebody".split())[:200],
        text=render_to_string("events/mail/digest.txt", context),
        html=render_to_string("events/mail/digest.html", context),
    )


def _local(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M %Z")
