"""What was offered to a buyer, kept so that the choice on an order can be understood later.

Reached through ``connectors.quotes``.
"""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from connectors.models.connector import Connector


class Quote(models.Model):
    """One question for offers, by the hash of what was asked. ``answer``: the last one, given again while it is fresh;
    ``offers``: every offer ever made for the key, by its code; ``asked``: facts of the question, without names."""

    connector = models.ForeignKey(Connector, models.CASCADE, related_name="quotes")
    key = models.CharField(max_length=16)
    source = models.CharField(max_length=60, blank=True)
    answer = models.JSONField(default=list)
    offers = models.JSONField(default=dict)
    asked = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connector", "key"], name="quote_once")]
        indexes = [models.Index(fields=["connector", "answered_at"], name="quote_by_age")]

    def __str__(self) -> str:
        return f"{self.connector_id} {self.key}"
