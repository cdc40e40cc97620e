"""The ledger of what happened: events, their related requests, and the small tables that keep the work going.

``events`` knows no connector: an event holds a connector's id and its name at the time, without a foreign key, so that
deleting a connector keeps its history. Bodies live in a table of their own (``events/bodies.py``).
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Outcome(models.TextChoices):
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    WAITING = "waiting", _("waiting")
    SUCCEEDED = "succeeded", _("succeeded")
    SKIPPED = "skipped", _("skipped")
    FAILED = "failed", _("failed")


OPEN_OUTCOMES = (Outcome.QUEUED, Outcome.RUNNING, Outcome.WAITING)
FINAL_OUTCOMES = (Outcome.SUCCEEDED, Outcome.SKIPPED, Outcome.FAILED)


class Reason(models.TextChoices):
    """Why an event did not simply succeed. Design, section 4."""

    # skipped
    UNCHANGED = "unchanged", _("unchanged")
    SUPERSEDED = "superseded", _("superseded")
    FILTERED = "filtered", _("filtered")
    NOT_ROUTED = "not_routed", _("not routed")
    DISABLED = "disabled", _("connector disabled")
    IGNORED = "ignored", _("topic ignored")
    NOT_SENT = "not_sent", _("not sent")
    # waiting
    RETRY = "retry", _("retry due")
    PAUSED = "paused", _("connector paused")
    BREAKER_OPEN = "breaker_open", _("remote is down")
    RATE_BUDGET = "rate_budget", _("rate budget")
    DEPENDENCY = "dependency", _("waits for another object")
    # failed
    CONFIGURATION = "configuration", _("configuration")
    MAPPING_MISSING = "mapping_missing", _("mapping missing")
    PAYLOAD = "payload", _("payload")
    REFUSED = "refused", _("refused")
    UNAUTHORISED = "unauthorised", _("unauthorised")
    UNAVAILABLE = "unavailable", _("unavailable")
    TIMED_OUT = "timed_out", _("timed out")
    UNCONFIRMED_WRITE = "unconfirmed_write", _("unconfirmed write")
    WORKER_LOST = "worker_lost", _("worker lost")
    BUG = "bug", _("bug")


class Kind(models.TextChoices):
    WEBHOOK = "webhook", _("webhook")
    DELIVERY = "delivery", _("delivery")
    LOOKUP = "lookup", _("lookup")
    SYNC = "sync", _("synchronize")
    SCHEDULE = "schedule", _("schedule")
    CHECK = "check", _("connection test")


class Priority(models.IntegerChoices):
    BUYER = 0, _("buyer waiting")
    LIVE = 1, _("live")
    MANUAL = 2, _("by hand")
    BULK = 3, _("bulk")


class Event(models.Model):
    """One thing that happened, and its single outcome."""

    id: int
    kind = models.CharField(max_length=12, choices=Kind.choices)
    connector_id = models.BigIntegerField(_("connector"), null=True)
    connector_name = models.CharField(_("connector"), max_length=120, blank=True)
    provider = models.CharField(max_length=40, blank=True)
    topic = models.CharField(max_length=120)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.QUEUED)
    reason = models.CharField(max_length=20, choices=Reason.choices, blank=True)
    reason_code = models.CharField(max_length=80, blank=True)
    sentence = models.TextField(blank=True)
    next_step = models.TextField(blank=True)
    notes = models.JSONField(default=list, blank=True)  # [{"code": ..., "text": ...}]
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.LIVE)

    received_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    duration_ms = models.IntegerField(null=True, blank=True)
    attempts = models.SmallIntegerField(default=0)
    max_attempts = models.SmallIntegerField(default=8)
    lease = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    lock_key = models.CharField(max_length=200, blank=True)
    is_supersedable = models.BooleanField(default=False)
    superseded_by = models.BigIntegerField(null=True, blank=True)
    delivery_id = models.CharField(max_length=200, null=True, blank=True)
    duplicate_count = models.IntegerField(default=0)
    last_duplicate_at = models.DateTimeField(null=True, blank=True)

    object_type = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=120, blank=True)
    object_label = models.CharField(max_length=120, blank=True)
    parent = models.ForeignKey(
        "self", models.DO_NOTHING, null=True, blank=True, related_name="children", db_constraint=False, db_index=False
    )
    route_id = models.BigIntegerField(null=True, blank=True)
    triggered_by = models.CharField(max_length=150, blank=True)
    trace_id = models.CharField(max_length=32, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    payload_size = models.IntegerField(default=0)  # bytes of the delivery as it arrived
    is_payload_cut = models.BooleanField(default=False)
    expects_request = models.BooleanField(default=True)
    cause = models.CharField(max_length=64, blank=True)
    # Hash of the error text people were told of last, and whether that text still waits for a digest.
    told = models.CharField(max_length=32, blank=True, db_default="")
    is_news = models.BooleanField(default=False, db_default=False)
    # Who had this done although a rule of time holds such objects back (older than the integration's start).
    forced_by = models.CharField(max_length=150, blank=True, db_default="")
    cancelled_by = models.CharField(max_length=150, blank=True, db_default="")

    retried_at = models.DateTimeField(
        null=True, blank=True
    )  # last Retry by a person whose page asked him to look at the target
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=150, blank=True)
    resolved_note = models.TextField(blank=True)

    class Meta:
        permissions = [
            ("view_payload", "Can see payloads (personal data)"),
            ("retry_event", "Can retry events"),
            ("resolve_event", "Can mark events resolved"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["connector_id", "delivery_id"],
                name="event_delivery_once",
                condition=Q(delivery_id__isnull=False),
            )
        ]
        indexes = [
            # The claim's ORDER BY is exactly this index: measured, that is the difference of 12 to 3,900 claims a
            # second.
            models.Index(fields=["connector_id", "priority", "id"], name="event_claim", condition=Q(outcome="queued")),
            models.Index(fields=["due_at"], name="event_wake", condition=Q(outcome="waiting")),
            # Lanes whose events wait for nothing but the lane: found by one probe each.
            models.Index(
                fields=["connector_id", "id"],
                name="event_wait_lane",
                condition=Q(outcome="waiting", due_at__isnull=True),
            ),
            models.Index(fields=["connector_id", "lease_until"], name="event_running", condition=Q(outcome="running")),
            models.Index(
                fields=["lock_key", "id"],
                name="event_lock",
                condition=Q(outcome__in=["queued", "running", "waiting"]) & ~Q(lock_key=""),
            ),
            models.Index(fields=["lock_key", "-id"], name="event_by_lock", condition=Q(kind="delivery")),
            models.Index(
                fields=["lock_key"], name="event_unresolved", condition=Q(outcome="failed", resolved_at__isnull=True)
            ),
            models.Index(
                fields=["connector_id", "cause", "id"],
                name="event_by_cause",
                condition=Q(outcome="failed", resolved_at__isnull=True),
            ),
            models.Index(fields=["outcome", "-id"], name="event_by_outcome"),
            models.Index(fields=["connector_id", "-id"], name="event_by_connector"),
            # The log of a connector: the newest of a kind of object, and those of them that wait for somebody.
            models.Index(fields=["connector_id", "object_type", "-id"], name="event_by_object_type"),
            models.Index(
                fields=["connector_id", "object_type", "-id"],
                name="event_open_by_type",
                condition=Q(outcome="failed", resolved_at__isnull=True),
            ),
            models.Index(fields=["topic", "-id"], name="event_by_topic"),
            models.Index(fields=["kind", "-id"], name="event_by_kind"),
            models.Index(fields=["reason", "-id"], name="event_by_reason", condition=~Q(reason="")),
            # What waits, by connector and reason: the overview counts each group without reading the others.
            models.Index(
                fields=["connector_id", "reason", "-id"], name="event_waiting", condition=Q(outcome="waiting")
            ),
            models.Index(
                fields=["-id"], name="event_resolved", condition=Q(outcome="failed", resolved_at__isnull=False)
            ),
            models.Index(fields=["parent", "id"], name="event_by_parent", condition=Q(parent__isnull=False)),
            models.Index(fields=["finished_at"], name="event_by_finish", condition=Q(finished_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.topic} {self.object_label}".strip()

    @property
    def is_open(self) -> bool:
        return self.outcome in OPEN_OUTCOMES

    @property
    def is_failure_open(self) -> bool:
        return self.outcome == Outcome.FAILED and self.resolved_at is None


class RequestState(models.TextChoices):
    SENT = "sent", _("sent, no answer yet")
    NOT_SENT = "not_sent", _("not sent: no connection")
    ANSWERED = "answered", _("answered")
    NO_ANSWER = "no_answer", _("no answer")


class RelatedRequest(models.Model):
    """One HTTP exchange made for an event: append-only, one row per attempt. The id is the ``X-Request-Id`` sent."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    # No constraint in the database: its check would lock the event's row while the worker writes the outcome.
    event = models.ForeignKey(Event, models.DO_NOTHING, related_name="requests", db_index=False, db_constraint=False)
    attempt = models.SmallIntegerField(default=1)
    method = models.CharField(max_length=10)
    endpoint = models.TextField()
    status = models.IntegerField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=RequestState.choices, default=RequestState.ANSWERED)
    is_write = models.BooleanField(default=False)
    requested_at = models.DateTimeField()
    duration_ms = models.IntegerField(null=True, blank=True)
    error = models.TextField(blank=True)
    vendor_request_id = models.CharField(max_length=120, blank=True)
    idempotency_key = models.CharField(max_length=120, blank=True)
    request_headers = models.JSONField(default=dict)
    response_headers = models.JSONField(default=dict)
    request_size = models.IntegerField(default=0)
    response_size = models.IntegerField(default=0)
    is_request_cut = models.BooleanField(default=False)
    is_response_cut = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["event", "requested_at"], name="request_by_event"),
            models.Index(fields=["requested_at"], name="request_unfinished", condition=Q(state="sent")),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.endpoint}"


class SearchKey(models.Model):
    """A number a customer may quote, pointing at an event. Values are folded by ``events.search.fold``."""

    pk = models.CompositePrimaryKey("event_id", "kind", "value")
    event = models.ForeignKey(Event, models.DO_NOTHING, related_name="keys", db_index=False, db_constraint=False)
    kind = models.CharField(max_length=40)
    value = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["value", "-event"], name="key_by_value")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.value}"


class Bell(models.Model):
    """One bell a drainer listens to. Pending: a task lies in the queue that nobody has heard yet."""

    slot = models.SmallIntegerField(primary_key=True)
    is_pending = models.BooleanField(default=False)
    rung_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.slot}: {'pending' if self.is_pending else 'heard'}"


class Heartbeat(models.Model):
    """A sign of life of one process: ``name`` is host and process id, ``role`` worker, drainer or pulse."""

    name = models.CharField(max_length=120, primary_key=True)
    role = models.CharField(max_length=10)
    host = models.CharField(max_length=100)
    process_id = models.IntegerField()
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    events_handled = models.BigIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["role", "seen_at"], name="heartbeat_by_role")]

    def __str__(self) -> str:
        return f"{self.role} {self.name}"


class Rejection(models.Model):
    """Rejected deliveries of one connector, reason and day: a counter, so that junk grows nothing."""

    day = models.DateField()
    connector_id = models.BigIntegerField(default=0)  # 0: the address belongs to no connector
    reason = models.CharField(max_length=20)
    count = models.BigIntegerField(default=1)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    last_sender = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "connector_id", "reason"], name="rejection_once_a_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.reason}: {self.count}"


class Family(models.Model):
    """Failures of one connector with the same cause, grouped for mail: one now, a summary later, one at recovery."""

    connector_id = models.BigIntegerField(default=0)
    cause = models.CharField(max_length=64)
    topic = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=20, choices=Reason.choices)
    sentence = models.TextField()
    next_step = models.TextField(blank=True)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    count = models.BigIntegerField(default=0)
    unmailed_count = models.BigIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True, blank=True)
    first_event_id = models.BigIntegerField()
    last_event_id = models.BigIntegerField()
    last_object_label = models.CharField(max_length=120, blank=True)
    recovered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "families"
        constraints = [
            models.UniqueConstraint(
                fields=["connector_id", "cause"], name="family_open_once", condition=Q(recovered_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return self.sentence


class Digest(models.Model):
    """A connector has news for its next digest, which is due then. No row: nothing to tell."""

    connector_id = models.BigIntegerField(unique=True)
    due_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="digest_due")]

    def __str__(self) -> str:
        return f"{self.connector_id} at {self.due_at}"


class Mail(models.Model):
    """The outbox: written with the outcome it tells of, sent by the worker, kept through a dead mail server."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")

    connector_id = models.BigIntegerField(default=0)
    family = models.ForeignKey(Family, models.SET_NULL, null=True, blank=True, related_name="mails")
    kind = models.CharField(max_length=10)  # first, summary, digest, recovery, notice, test
    sender = models.EmailField()
    receiver = models.CharField(max_length=500)
    subject = models.CharField(max_length=250)
    text = models.TextField()
    html = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.SmallIntegerField(default=0)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="mail_due", condition=Q(state="waiting"))]
        verbose_name_plural = "mails"

    def __str__(self) -> str:
        return self.subject


def as_note(code: str, text: str) -> dict[str, Any]:
    """The stored form of one remark on an event."""
    return {"code": code, "text": text}
