"""What people confirmed with a vendor, and which names a connection test saw there.

Written by ``connectors.confirming`` and ``connectors.naming``.
"""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from connectors.models.connector import Connector


class Confirmation(models.Model):
    """Somebody confirmed an assumption of the hub, for the ``value`` its setting had then (``None``: no setting). Rows
    stay: one that was taken back says by whom and when."""

    connector = models.ForeignKey(Connector, models.CASCADE, related_name="confirmations")
    name = models.CharField(max_length=200)  # of the setting or assumption; of a route's option "route:<id>:<name>"
    value = models.JSONField(null=True, blank=True)
    note = models.CharField(max_length=500)
    confirmed_by = models.CharField(max_length=150)
    confirmed_at = models.DateTimeField(default=timezone.now)
    taken_back_by = models.CharField(max_length=150, blank=True)
    taken_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["connector", "name"], name="confirmation_by_name")]

    def __str__(self) -> str:
        return f"{self.connector_id} {self.name}"


class NameResult(models.TextChoices):
    FOUND = "found"
    MISSING = "missing"
    UNSEEN = "unseen"


class NameCheck(models.Model):
    """What the last connection test found of a name that must be spelled as the vendor spells it. ``unseen``: it did not
    come up, which proves nothing."""

    connector = models.ForeignKey(Connector, models.CASCADE, related_name="name_checks")
    kind = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    result = models.CharField(max_length=8, choices=NameResult.choices)
    similar = models.JSONField(default=list)
    sentence = models.TextField(blank=True)
    checked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connector", "kind", "name"], name="name_check_once")]

    def __str__(self) -> str:
        return f"{self.connector_id} {self.kind} {self.name}: {self.result}"
