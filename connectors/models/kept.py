"""What the hub keeps for a connector beside its settings: credentials it obtained, warnings, what it knows of the remote
system's objects, and the figures a remote system is to hold with the batches they travel in.

Providers reach these through ``vault``, ``notices``, ``directory`` and ``figures``, never by themselves.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from connectors.models.connector import Connector
from connectors.models.route import Route


class Credential(models.Model):
    """A credential the hub was granted (an access token and what renews it), encrypted. ``busy_until``: one worker is
    renewing it, others wait and read it again. ``renewal_started_at``: a renewal left and was not written down yet."""

    connector = models.ForeignKey(Connector, models.CASCADE, related_name="credentials")
    name = models.CharField(max_length=60)
    value = models.TextField(blank=True)  # encrypted JSON
    renew_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    busy_until = models.DateTimeField(null=True, blank=True)
    renewal_started_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connector", "name"], name="credential_once")]

    def __str__(self) -> str:
        return f"{self.connector_id} {self.name}"


class Notice(models.Model):
    """A health warning of a connector: something works, and needs a person before it stops working."""

    connector = models.ForeignKey(Connector, models.CASCADE, related_name="notices")
    code = models.CharField(max_length=80)
    sentence = models.TextField()
    next_step = models.TextField(blank=True)
    count = models.IntegerField(default=1)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    cleared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connector", "code"], name="notice_once")]

    def __str__(self) -> str:
        return f"{self.connector_id} {self.code}"


class DirectoryEntry(models.Model):
    """One object of a remote system as the hub last saw it, by the key other systems call it by (a SKU, a name). Keys
    need not be unique; object ids are."""

    connector = models.ForeignKey(Connector, models.CASCADE, related_name="directory")
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=200)
    object_id = models.CharField(max_length=120)
    data = models.JSONField(default=dict, blank=True)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "directory entries"
        constraints = [models.UniqueConstraint(fields=["connector", "kind", "object_id"], name="directory_entry_once")]
        indexes = [models.Index(fields=["connector", "kind", "key"], name="directory_by_key")]

    def __str__(self) -> str:
        return f"{self.connector_id} {self.kind} {self.key}"


class BatchState(models.TextChoices):
    OPEN = "open"
    DONE = "done"
    FAILED = "failed"


class Batch(models.Model):
    """Figures on their way together: the idempotency key and the exact content of the call, so that a restart repeats
    it with both; the content goes once the answer is known. ``remote_id`` and ``position``: the bulk job it is a line
    of, and which."""

    route = models.ForeignKey(Route, models.CASCADE, related_name="batches")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    content = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=BatchState.choices, default=BatchState.OPEN)
    remote_id = models.CharField(max_length=120, blank=True)
    position = models.IntegerField(default=0)
    size = models.IntegerField(default=0)  # figures the target confirmed
    event_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True, blank=True)
    sentence = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "batches"
        indexes = [
            models.Index(fields=["route", "id"], condition=Q(state="open"), name="batch_open"),
            models.Index(fields=["remote_id", "position"], condition=~Q(remote_id=""), name="batch_of_remote"),
        ]

    def __str__(self) -> str:
        return f"{self.route_id} {self.key}"


# What is to be sent: the source wants something else than the target confirmed, and nothing stands in the way.
PENDING = Q(problem="", batch__isnull=True) & (Q(sent__isnull=True) | ~Q(wanted=F("sent")))


class Figure(models.Model):
    """One value a source wants a target to hold: of ``key`` (a SKU) at ``place`` (a location, a price list).

    ``wanted`` is what the source said last, ``sent`` what the target confirmed last; ``in_flight`` travels in
    ``batch``. A ``problem`` keeps it out of further batches until the source says something new. ``absent_since``: the
    source's last complete picture did not name it any more."""

    id: int
    route = models.ForeignKey(Route, models.CASCADE, related_name="figures")
    key = models.CharField(max_length=200)
    place = models.CharField(max_length=120, blank=True, db_default="")
    wanted = models.CharField(max_length=120)
    wanted_at = models.DateTimeField(default=timezone.now)
    sent = models.CharField(max_length=120, null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    in_flight = models.CharField(max_length=120, null=True, blank=True)
    batch = models.ForeignKey(Batch, models.SET_NULL, null=True, blank=True, related_name="figures")
    absent_since = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=80, blank=True, db_default="")
    sentence = models.TextField(blank=True, db_default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["route", "key", "place"], name="figure_once")]
        indexes = [
            models.Index(
                fields=["route", "id"],
                condition=PENDING,
                name="figure_pending",
            ),
            models.Index(fields=["route", "-id"], condition=~Q(problem=""), name="figure_with_problem"),
        ]

    def __str__(self) -> str:
        return f"{self.key} at {self.place}: {self.wanted}"
