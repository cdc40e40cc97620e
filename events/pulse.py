"""The pulse: about once a second, on one machine at a time, it wakes what is due, takes back what a dead worker held
and rings what was not heard. Each step stands alone: one that fails stops no other.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from events import alerts, bell, bodies, digests, heartbeat
from events.database import in_words
from events.exchanges import INTERRUPTED, lose_answers
from events.host import host
from events.models import Outcome, Reason
from events.outcomes import SENTENCES, Result, cause_of

log = structlog.get_logger(__name__)

LOST_STEP = (
    "Look at the target whether it was done; then Retry. If it takes workers down again, send its number to the hub's "
    "developers."
)

PULSE_LOCK = 7200
WAKE_LIMIT = 1000
RING_AGAIN_S = 5.0
RENEWALS = 3  # times that a living worker tries to renew its leases before they are taken back after a restart
OLD_HEARTBEATS = timedelta(days=1)
OTHERS_S = 0.5

_OTHERS_PULSE = (
    "SELECT EXISTS (SELECT 1 FROM events_heartbeat WHERE name = 'pulse' "
    # A sign of life from the future is one of a clock that was set back since: it says nothing about now.
    "AND abs(extract(epoch FROM now() - seen_at)) < %s AND (host, process_id) <> (%s, %s))"
)


def pulse() -> bool:
    """One pulse; false where another machine's is under way or was less than half a second ago."""
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS_PULSE, [OTHERS_S, socket.gethostname(), os.getpid()])
        if cursor.fetchone()[0]:
            return False
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [PULSE_LOCK])
        if not cursor.fetchone()[0]:
            return False
    try:
        steps: tuple[Callable[[], object], ...] = (
            wake, take_back, lambda: host().pulse(), ring_unheard, send_mail, tidy,
        )  # fmt: skip
        for step in steps:
            try:
                step()
            except OperationalError as error:  # the database's own trouble: said in one line
                log.error("pulse_step_failed", step=getattr(step, "__name__", "host"), error=in_words(error))
                connection.close_if_unusable_or_obsolete()
            except Exception:  # one broken step, plan or row must not stop the others
                log.exception("pulse_step_failed", step=getattr(step, "__name__", "host"))
                if connection.in_atomic_block:
                    raise
                connection.close_if_unusable_or_obsolete()
        heartbeat.beat(role="pulse", name="pulse")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [PULSE_LOCK])
    return True


def wake() -> int:
    """Queue waiting events whose time has come. ``ANY(ARRAY(...))`` and not ``IN``: that may be asked again for each
    row, and then takes any number."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_event SET outcome = 'queued', reason = '', sentence = '', next_step = '', due_at = NULL "
            "WHERE id = ANY(ARRAY(SELECT id FROM events_event WHERE outcome = 'waiting' AND due_at <= now() "
            "ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED))",
            [WAKE_LIMIT],
        )
        woken: int = cursor.rowcount
    if woken:
        bell.ring()
    return woken


def take_back() -> int:
    """Events whose worker was not heard of until their lease ended: due again with one attempt more, failed after the
    last."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_event AS e SET lease = NULL, lease_until = NULL, "
            "outcome = CASE WHEN attempts >= max_attempts THEN 'failed' ELSE 'queued' END, "
            "reason = CASE WHEN attempts >= max_attempts THEN %s ELSE '' END, reason_code = %s, "
            "sentence = CASE WHEN attempts >= max_attempts THEN %s ELSE '' END, "
            "next_step = CASE WHEN attempts >= max_attempts THEN %s ELSE '' END, "
            "finished_at = CASE WHEN attempts >= max_attempts THEN now() END "
            "WHERE id = ANY(ARRAY(SELECT id FROM events_event WHERE outcome = 'running' "
            # No lease is given for so long: the clock was set back since.
            "AND (lease_until < now() OR lease_until > now() + %s * interval '1 second') "
            # Just after the database was away, those who live have not been able to renew.
            "AND now() - pg_postmaster_start_time() > %s * interval '1 second' LIMIT %s FOR UPDATE SKIP LOCKED)) "
            "RETURNING id, outcome, connector_id, topic, object_label, lock_key",
            [
                Reason.WORKER_LOST.value, INTERRUPTED, SENTENCES[Reason.WORKER_LOST], LOST_STEP,
                2 * settings.HUB_LEASE_S, RENEWALS * settings.HUB_HEARTBEAT_S, WAKE_LIMIT,
            ],
        )  # fmt: skip
        rows = cursor.fetchall()
        lose_answers([row[0] for row in rows])
        lost = [
            Result(
                event_id=event_id, lease=None, connector_id=connector_id or 0, topic=topic, outcome=Outcome.FAILED,
                reason=Reason.WORKER_LOST, sentence=SENTENCES[Reason.WORKER_LOST], object_label=label,
                cause=cause_of(connector_id or 0, topic, Reason.WORKER_LOST, "", ""), lock_key=lock_key,
                next_step=LOST_STEP,
            )
            for event_id, outcome, connector_id, topic, label, lock_key in rows
            if outcome == Outcome.FAILED
        ]  # fmt: skip
        for one in lost:
            cursor.execute("UPDATE events_event SET cause = %s WHERE id = %s", [one.cause, one.event_id])
        try:
            with transaction.atomic():
                alerts.failed(lost)
        except OperationalError:
            raise
        except Exception:  # a mail that cannot be written must not keep events from being taken back
            log.exception("lost_events_not_told", count=len(lost))
    if rows:
        log.warning("taken_back", count=len(rows), failed=len(lost))
        bell.ring()
    return len(rows)


def ring_unheard() -> bool:
    """Ring where queued events wait. A bell that is not pending was heard, and whoever heard it may have missed what
    was committed that moment; one that has been pending for long died with a worker or with the queue."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM events_event WHERE outcome = 'queued' AND connector_id IS NOT NULL), "
            "NOT EXISTS (SELECT 1 FROM events_bell WHERE slot = %s AND abs(extract(epoch FROM now() - rung_at)) < %s) AND "
            # Where nobody takes bells, more of them help nobody.
            "(SELECT count(*) FROM (SELECT 1 FROM django_q_ormq WHERE key = %s LIMIT %s) AS rung) < %s",
            [bell.FIRST, RING_AGAIN_S, settings.Q_CLUSTER["name"], bell.slots(), bell.slots()],
        )
        waits, is_long_ago = cursor.fetchone()
    return bool(waits) and bell.ring(again=bool(is_long_ago))


def send_mail() -> None:
    """Have due mails sent by a worker, at most one such task every few seconds."""
    if alerts.summaries_due():
        alerts.summarise()
    digests.send_due()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM events_mail WHERE state = 'waiting' AND due_at <= now()) "
            "AND NOT EXISTS (SELECT 1 FROM django_q_ormq WHERE key = %s)",
            [settings.Q_CLUSTER["name"] + ":mail"],
        )
        if cursor.fetchone()[0]:
            bell.call("events.mail.send_due", key=settings.Q_CLUSTER["name"] + ":mail")


_tidied: list[datetime] = []  # when this process did so last


def tidy() -> None:
    """Every ten minutes: partitions ahead of time, old signs of life away, and the purge as a task of its own."""
    if _tidied and timezone.now() - _tidied[-1] < timedelta(minutes=10):
        return
    _tidied[:] = [timezone.now()]
    bell.hang()
    bell.call("events.purge.purge")  # before what may fail for want of a lock: it has its own turn
    with connection.cursor() as cursor:
        days = OLD_HEARTBEATS.days
        cursor.execute("DELETE FROM events_heartbeat WHERE seen_at < now() - %s * interval '1 day'", [days])
        # Calls to clusters that are gone: nobody else takes them.
        cursor.execute(
            "DELETE FROM django_q_ormq WHERE key <> ALL(%s) AND lock < now() - interval '10 minutes' AND NOT EXISTS "
            "(SELECT 1 FROM events_heartbeat WHERE name = key AND seen_at > now() - interval '10 minutes')",
            [[settings.Q_CLUSTER["name"], settings.Q_CLUSTER["name"] + ":mail"]],
        )
    bodies.make_partitions(timezone.now().date())
