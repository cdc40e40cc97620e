"""Error mail: failures of one cause are one family; the first is mailed at once, the rest in a summary, then recovery.

Mails are written to the outbox in the transaction of the outcome they tell of, and hold no payload and no secret: object
number, cause, next step and a link. Both addresses of the connector must be set; without them the family still shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone

from events.host import Contact, host
from events.models import Family, Mail, Reason

if TYPE_CHECKING:
    from events.outcomes import Result

log = structlog.get_logger(__name__)

# Causes that lie in the connection, not in one object: any later success of the same topic ends them.
SYSTEMIC = frozenset({Reason.UNAVAILABLE, Reason.TIMED_OUT, Reason.UNAUTHORISED})


def failed(results: Sequence[Result]) -> None:
    """Count final failures into their families and write the first mail of a new one."""
    groups: dict[tuple[int, str], list[Result]] = {}
    for one in results:
        groups.setdefault((one.connector_id, one.cause), []).append(one)
    for (connector_id, cause), members in sorted(groups.items()):
        last = members[-1]
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO events_family (connector_id, cause, topic, reason, sentence, next_step, first_at, last_at, "
                "count, unmailed_count, first_event_id, last_event_id, last_object_label) "
                "VALUES (%s, %s, %s, %s, %s, %s, now(), now(), %s, %s, %s, %s, %s) "
                "ON CONFLICT (connector_id, cause) WHERE recovered_at IS NULL DO UPDATE SET last_at = now(), "
                "count = events_family.count + excluded.count, sentence = excluded.sentence, "
                "next_step = excluded.next_step, unmailed_count = events_family.unmailed_count + excluded.unmailed_count, "
                "last_event_id = excluded.last_event_id, last_object_label = excluded.last_object_label "
                "RETURNING id, xmax = 0, mailed_at",
                [connector_id, cause, last.topic, last.reason, last.sentence, last.next_step, len(members),
                 len(members), members[0].event_id, last.event_id, last.object_label],
            )  # fmt: skip
            family_id, is_new, mailed_at = cursor.fetchone()
        if is_new or mailed_at is None:
            _mail(Family.objects.get(pk=family_id), "first")


def succeeded(results: Iterable[Result]) -> None:
    """End the systemic families of connectors and topics that work again."""
    pairs = {(r.connector_id, r.topic) for r in results}
    if not pairs:
        return
    open_families = Family.objects.filter(recovered_at=None, reason__in=SYSTEMIC, connector_id__in={c for c, _ in pairs})
    for family in open_families:
        if (family.connector_id, family.topic) in pairs:
            recover(family)


def recover(family: Family) -> None:
    """Close a family; its recovery is mailed if its failure was."""
    closed = Family.objects.filter(pk=family.pk, recovered_at=None).update(recovered_at=timezone.now())
    if closed and family.mailed_at is not None:
        family.refresh_from_db()
        _mail(family, "recovery")


def summaries_due() -> bool:
    return _due().exists()


def _due():  # type: ignore[no-untyped-def]
    since = timezone.now() - timezone.timedelta(minutes=settings.ALERT_SUMMARY_MINUTES)
    return Family.objects.filter(recovered_at=None, unmailed_count__gt=0, mailed_at__lte=since)


def summarise() -> int:
    """One mail for each family that went on failing since its last one; returns how many were written."""
    families = list(_due()[:200])
    for family in families:
        _mail(family, "summary")
    return len(families)


def close_quiet() -> int:
    """End families whose every failure was resolved or purged; quietly unless one was mailed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.id FROM events_family AS f WHERE f.recovered_at IS NULL AND NOT EXISTS (SELECT 1 FROM events_event "
            "AS e WHERE e.connector_id = f.connector_id AND e.outcome = 'failed' AND e.cause = f.cause "
            "AND e.resolved_at IS NULL AND e.id BETWEEN f.first_event_id AND f.last_event_id) LIMIT 100"
        )
        ids = [row[0] for row in cursor.fetchall()]
    for family in Family.objects.filter(pk__in=ids).exclude(reason__in=SYSTEMIC):
        recover(family)
    return len(ids)


def _mail(family: Family, kind: str) -> Mail | None:
    """Write one mail of a family to the outbox, if the connector says from whom and to whom."""
    try:
        with transaction.atomic():
            return _write_mail(family, kind)
    except DatabaseError:
        raise
    except Exception:  # a template or an address nobody foresaw: an outcome is never lost over its mail
        log.exception("alert_not_written", family_id=family.pk, kind=kind)
        return None


def _write_mail(family: Family, kind: str) -> Mail | None:
    contact = host().contact(family.connector_id)
    if contact is None or not contact.sender or not contact.receiver:
        return None
    context = {
        "family": family,
        "reason": Reason(family.reason).label,
        "contact": contact,
        "more": family.unmailed_count,
        "event_url": f"{settings.HUB_BASE_URL}/admin/events/event/{family.last_event_id}/change/",
        "connector_url": settings.HUB_BASE_URL + contact.path,
        "first_at": _utc(family.first_at),
        "last_at": _utc(family.last_at),
        "object": family.last_object_label,
    }
    with transaction.atomic():
        mail = Mail.objects.create(
            connector_id=family.connector_id,
            family=family,
            kind=kind,
            sender=contact.sender,
            receiver=contact.receiver,
            subject=_subject(contact, family, kind),
            text=render_to_string(f"events/mail/{kind}.txt", context),
            html=render_to_string(f"events/mail/{kind}.html", context),
        )
        now = timezone.now()
        Family.objects.filter(pk=family.pk).update(mailed_at=now, unmailed_count=F("unmailed_count") - family.unmailed_count)
    return mail


def _subject(contact: Contact, family: Family, kind: str) -> str:
    words = {
        "first": f"[{contact.name}] {family.topic}: {family.sentence}",
        "summary": f"[{contact.name}] {family.unmailed_count} more failures: {family.sentence}",
        "recovery": f"[{contact.name}] works again: {family.topic}",
    }[kind]
    return " ".join(words.split())[:200]


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
