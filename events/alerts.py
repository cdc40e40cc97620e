"""Error mail: failures of one cause are one family; the first is mailed at once, the rest in a summary, then recovery.

Mails are written to the outbox in the transaction of the outcome they tell of, and hold no payload and no secret:
object number, cause, next step and a link. Both addresses of the connector must be set; without them the family still
shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone

from events import digests
from events.host import Contact, host
from events.models import Event, Family, Mail, Reason
from events.text import SENTENCE_LIMIT, clean

if TYPE_CHECKING:
    from events.outcomes import Result

# Causes that lie in the connection, not in one object: any later success of the same topic ends them.
SYSTEMIC = frozenset({Reason.UNAVAILABLE, Reason.TIMED_OUT, Reason.UNAUTHORISED})
MAILS_AN_HOUR = 20  # of one connector and kind: sentences that differ in a name nobody quoted must not become a stream

# A cause that comes back soon after its recovery is the same story: no new first mail, a summary if it lasts. Without
# this a remote that fails every tenth time would send two mails a failure.
_REOPEN = """
UPDATE events_family SET recovered_at = NULL WHERE id = (
  SELECT id FROM events_family WHERE connector_id = %s AND cause = %s ORDER BY id DESC LIMIT 1)
AND recovered_at > now() - %s * interval '1 minute'
"""

log = structlog.get_logger(__name__)


def failed(results: Sequence[Result]) -> None:
    """Count final failures into their families and write the first mail of a new one. An event that fails again with
    the text people were told already, tried again by the hub itself, is no news."""
    groups: dict[tuple[int, str], list[Result]] = {}
    for one in _news(results):
        groups.setdefault((one.connector_id, one.cause), []).append(one)
    for (connector_id, cause), members in sorted(groups.items()):
        last = members[-1]
        with connection.cursor() as cursor:
            cursor.execute(_REOPEN, [connector_id, cause, settings.ALERT_SUMMARY_MINUTES])
            cursor.execute(
                "INSERT INTO events_family "
                "(connector_id, cause, topic, reason, sentence, next_step, first_at, last_at, "
                "count, unmailed_count, first_event_id, last_event_id, last_object_label) "
                "VALUES (%s, %s, %s, %s, %s, %s, now(), now(), %s, %s, %s, %s, %s) "
                "ON CONFLICT (connector_id, cause) WHERE recovered_at IS NULL DO UPDATE SET last_at = now(), "
                "count = events_family.count + excluded.count, sentence = excluded.sentence, "
                "next_step = excluded.next_step, "
                "unmailed_count = events_family.unmailed_count + excluded.unmailed_count, "
                "first_event_id = LEAST(events_family.first_event_id, excluded.first_event_id), "
                "last_event_id = GREATEST(events_family.last_event_id, excluded.last_event_id), "
                "last_object_label = excluded.last_object_label "
                "RETURNING id, xmax = 0, mailed_at",
                [
                    connector_id, cause, clean(last.topic, 120), clean(last.reason, 20),
                    clean(last.sentence, SENTENCE_LIMIT), clean(last.next_step, SENTENCE_LIMIT), len(members),
                    len(members), min(m.event_id for m in members), max(m.event_id for m in members),
                    clean(last.object_label, 120),
                ],
            )  # fmt: skip
            family_id, is_new, mailed_at = cursor.fetchone()
        policy = host().mail_policy(connector_id)
        if not policy.wants(last.topic, last.reason):
            continue
        if policy.digest is not None:
            digests.expect(connector_id, policy.digest)
        elif is_new or mailed_at is None:
            _mail_first(Family.objects.get(pk=family_id))


def _news(results: Sequence[Result]) -> list[Result]:
    """Those whose text was not told of this event before; it is remembered as told from here on."""
    if not results:
        return []
    rows = [(r.event_id, r.cause, _text_hash(r.reason, r.sentence)) for r in results]
    columns = [list(column) for column in zip(*rows, strict=True)]
    # A breaker's story is told by an event that has one of its own: only the event's own cause counts.
    told = "unnest(%s::bigint[], %s::text[], %s::text[]) AS r (id, cause, told)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT e.id FROM events_event AS e JOIN {told} ON e.id = r.id WHERE e.cause = r.cause AND e.told = r.told",
            columns,
        )
        known = {row[0] for row in cursor.fetchall()}
        cursor.execute(
            f"UPDATE events_event AS e SET told = r.told, is_news = true FROM {told} "
            "WHERE e.id = r.id AND e.cause = r.cause AND e.told <> r.told AND e.outcome = 'failed'",
            columns,
        )
    return [r for r in results if r.event_id not in known]


def _text_hash(reason: str, sentence: str) -> str:
    return hashlib.sha256(f"{reason}\x1f{sentence}".encode("utf-8", "replace")).hexdigest()[:32]


def _mail_first(family: Family) -> None:
    """The first mail of a family, unless its news is told already: a remote that is away fails in every topic."""
    if family.reason in SYSTEMIC and _is_told(family):
        Family.objects.filter(pk=family.pk).update(mailed_at=timezone.now())  # the summary comes if it lasts
        return
    if _are_enough(family.connector_id, "first"):
        log.warning("too_many_mails", connector_id=family.connector_id, family_id=family.pk)
        return  # it still shows in the admin, and is mailed with a later failure
    _mail(family, "first")


def _are_enough(connector_id: int, kind: str) -> bool:
    """Whether a connector has had its mails of this kind for this hour."""
    since = timezone.now() - timedelta(hours=1)
    return Mail.objects.filter(connector_id=connector_id, kind=kind, created_at__gte=since).count() >= MAILS_AN_HOUR


def _is_told(family: Family) -> bool:
    """Whether another open family of the connector says already that the remote does not answer."""
    others = Family.objects.filter(connector_id=family.connector_id, recovered_at=None, reason__in=SYSTEMIC)
    return others.filter(mailed_at__isnull=False).exclude(pk=family.pk).exists()


def succeeded(results: Iterable[Result]) -> None:
    """End the systemic families of connectors and topics that work again."""
    pairs = {(r.connector_id, r.topic) for r in results}
    if not pairs:
        return
    connectors = {connector_id for connector_id, _ in pairs}
    open_families = Family.objects.filter(recovered_at=None, reason__in=SYSTEMIC, connector_id__in=connectors)
    for family in open_families:
        if (family.connector_id, family.topic) in pairs:
            recover(family)


def recover(family: Family) -> None:
    """Close a family; its recovery is mailed if its failure was."""
    closed = Family.objects.filter(pk=family.pk, recovered_at=None).update(recovered_at=timezone.now())
    if closed and family.mailed_at is not None:
        # One that went up and down without a new mail needs none: people believe that it works, and it does.
        last = Mail.objects.filter(family_id=family.pk).order_by("-pk").first()
        if last is None or last.kind == "recovery":
            return
        family.refresh_from_db()
        _mail(family, "recovery")


def reopen(connector_id: int, cause: str) -> None:
    """A failure of this cause waits for somebody again: the family that was closed with it shows again, without a mail."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_family SET recovered_at = NULL WHERE id = (SELECT id FROM events_family "
            "WHERE connector_id = %s AND cause = %s ORDER BY id DESC LIMIT 1) AND recovered_at IS NOT NULL",
            [connector_id, cause],
        )


def recover_cause(connector_id: int, cause: str) -> None:
    """Close the open family of one cause, if there is one."""
    for family in Family.objects.filter(connector_id=connector_id, cause=cause, recovered_at=None):
        recover(family)


def inform(connector_id: int, event: Event, sentence: str, next_step: str) -> None:
    """Mail what is no failure and needs a person all the same, if the connector says from whom and to whom."""
    contact = host().contact(connector_id)
    if contact is None or not contact.sender or not contact.receiver or _are_enough(connector_id, "notice"):
        return
    context = {
        "sentence": sentence,
        "next_step": next_step,
        "topic": event.topic,
        "contact": contact,
        "event_url": f"{settings.HUB_BASE_URL}/admin/events/event/{event.pk}/change/",
        "connector_url": settings.HUB_BASE_URL + contact.path,
    }
    Mail.objects.create(
        connector_id=connector_id,
        kind="notice",
        sender=contact.sender,
        receiver=contact.receiver,
        subject=" ".join(f"[{contact.name}] {event.topic}: {sentence}".split())[:200],
        text=render_to_string("events/mail/notice.txt", context),
        html=render_to_string("events/mail/notice.html", context),
    )


def summaries_due() -> bool:
    return _due().exists()


def _due() -> QuerySet[Family]:
    since = timezone.now() - timedelta(minutes=settings.ALERT_SUMMARY_MINUTES)
    return Family.objects.filter(recovered_at=None, unmailed_count__gt=0, mailed_at__lte=since)


def summarise() -> int:
    """One mail for each family that went on failing since its last one; returns how many were written."""
    written = 0
    for family in _due()[:200]:
        policy = host().mail_policy(family.connector_id)
        if policy.digest is not None or not policy.wants(family.topic, family.reason):
            Family.objects.filter(pk=family.pk).update(mailed_at=timezone.now())  # its digest tells it, or nothing does
        elif _are_enough(family.connector_id, "summary") or _mail(family, "summary") is None:
            # Too many at once, an address was taken away, it cannot be written: its count stands, the next one tells it.
            Family.objects.filter(pk=family.pk).update(mailed_at=timezone.now())
        else:
            written += 1
    return written


def close_quiet() -> int:
    """End families whose every failure was resolved, retried or purged. Where nothing is left to see, without a mail:
    nobody knows that it works again. What lies in the connection ends with a success, and with time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.id, EXISTS (SELECT 1 FROM events_event AS r WHERE r.connector_id = f.connector_id "
            "AND r.id BETWEEN f.first_event_id AND f.last_event_id AND r.cause = f.cause) "
            "FROM events_family AS f WHERE f.recovered_at IS NULL "
            "AND (f.reason <> ALL(%s) OR f.last_at < now() - interval '30 days') "
            "AND NOT EXISTS (SELECT 1 FROM events_event AS e "
            "WHERE e.connector_id = f.connector_id AND e.outcome = 'failed' AND e.cause = f.cause "
            "AND e.resolved_at IS NULL AND e.id BETWEEN f.first_event_id AND f.last_event_id) "
            # One that is being tried again at this moment is no recovery.
            "AND NOT EXISTS (SELECT 1 FROM events_event AS q WHERE q.connector_id = f.connector_id "
            "AND q.outcome = 'queued' AND q.cause = f.cause) "
            "AND NOT EXISTS (SELECT 1 FROM events_event AS q WHERE q.connector_id = f.connector_id "
            "AND q.outcome = 'running' AND q.cause = f.cause) ORDER BY f.id LIMIT 100",
            [[reason.value for reason in SYSTEMIC]],
        )
        rows = cursor.fetchall()
    for family in Family.objects.filter(pk__in=[row[0] for row in rows if row[1]]):
        recover(family)
    gone = [row[0] for row in rows if not row[1]]
    Family.objects.filter(pk__in=gone, recovered_at=None).update(recovered_at=timezone.now())
    return len(rows)


def _mail(family: Family, kind: str) -> Mail | None:
    """Write one mail of a family to the outbox, if the connector says from whom and to whom. A mail that cannot be
    written does not undo the outcomes it tells of."""
    try:
        with transaction.atomic():
            return _written(family, kind)
    except (OperationalError, InterfaceError):
        raise  # the database is away: the outcomes are tried again as well
    except Exception:  # a template, an address, a provider that is gone
        log.exception("mail_not_written", family_id=family.pk, kind=kind)
        return None


def _written(family: Family, kind: str) -> Mail | None:
    contact = host().contact(family.connector_id)
    if contact is None or not contact.sender or not contact.receiver:
        return None
    context = {
        "family": family,
        "reason": dict(Reason.choices).get(family.reason, family.reason),
        "contact": contact,
        "more": family.unmailed_count,
        "event_url": f"{settings.HUB_BASE_URL}/admin/events/event/{family.last_event_id}/change/",
        "connector_url": settings.HUB_BASE_URL + contact.path,
        "first_at": _utc(family.first_at),
        "last_at": _utc(family.last_at),
        "object": family.last_object_label,
    }
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
    told = F("unmailed_count") - family.unmailed_count
    Family.objects.filter(pk=family.pk).update(mailed_at=timezone.now(), unmailed_count=told)
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
