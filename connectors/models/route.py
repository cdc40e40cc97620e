"""Where records go and how they are translated; the ledger of what was delivered; when syncs run."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connectors import schema
from connectors.exceptions import ConfigurationError
from connectors.models.connector import Connector


class Route(models.Model):
    """Records of one kind from one connector go to another, with that target's options."""

    source = models.ForeignKey(Connector, models.CASCADE, related_name="routes_out")
    record_kind = models.CharField(_("records"), max_length=40)
    target = models.ForeignKey(Connector, models.CASCADE, related_name="routes_in")
    is_enabled = models.BooleanField(_("enabled"), default=True)
    options = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["source__name", "record_kind", "target__name"]
        constraints = [
            models.UniqueConstraint(fields=["source", "record_kind", "target"], name="route_once"),
            models.CheckConstraint(condition=~Q(source=models.F("target")), name="route_not_to_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.source} → {self.target}: {self.record_kind.replace('_', ' ')}"

    def admin_path(self) -> str:
        return reverse("admin:connectors_route_change", args=[self.pk])

    def load_options(self) -> Any:
        """Typed options, ``None`` where the target declares none. Raises ``ConfigurationError``."""
        accept = next((a for t, a in self.target.provider.accepts.items() if t.kind == self.record_kind), None)
        if accept is None:
            raise ConfigurationError(f"{self.target} does not take records of kind “{self.record_kind}”.")
        if accept.options is None:
            return None
        try:
            return schema.load(accept.options, self.options)
        except ValidationError as error:
            raise ConfigurationError(schema.describe_invalid(accept.options, error), code="route_options") from error


class Mapping(models.Model):
    """One value of the source's side and what it becomes at the target's. On a connector, or on one route only."""

    connector = models.ForeignKey(Connector, models.CASCADE, related_name="mappings")
    route = models.ForeignKey(Route, models.CASCADE, null=True, blank=True, related_name="mappings")
    kind = models.CharField(max_length=40)
    from_value = models.CharField(_("from"), max_length=200)
    to_value = models.CharField(_("to"), max_length=200)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["kind", "from_value"]
        constraints = [
            models.UniqueConstraint(
                fields=["connector", "route", "kind", "from_value"], name="mapping_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.from_value} → {self.to_value}"


class LinkState(models.TextChoices):
    PENDING = "pending", _("write under way")
    DELIVERED = "delivered", _("delivered")


class Link(models.Model):
    """The ledger: one row per business object and connector pair."""

    source = models.ForeignKey(Connector, models.CASCADE, related_name="links_out")
    target = models.ForeignKey(Connector, models.CASCADE, related_name="links_in")
    record_kind = models.CharField(max_length=40)
    source_object_id = models.CharField(max_length=120)
    source_number = models.CharField(max_length=120, blank=True)
    source_version = models.DateTimeField(null=True, blank=True)
    target_object_id = models.CharField(max_length=120, blank=True)
    target_number = models.CharField(max_length=120, blank=True)
    sent_hash = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=LinkState.choices, default=LinkState.PENDING)
    last_event_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "target", "record_kind", "source_object_id"], name="link_once")
        ]
        indexes = [
            models.Index(fields=["target", "target_object_id"], name="link_by_target"),
            models.Index(fields=["source_number"], name="link_by_source_number"),
            models.Index(fields=["target_number"], name="link_by_target_number"),
        ]

    def __str__(self) -> str:
        return f"{self.record_kind} {self.source_number or self.source_object_id} → {self.target_number}"


class Plan(models.Model):
    """When a connector's sync runs by itself."""

    connector = models.ForeignKey(Connector, models.CASCADE, related_name="plans")
    sync = models.CharField(max_length=60)
    every_minutes = models.PositiveIntegerField(_("every, minutes"), default=60)
    # With a zone, runs start at this minute of the interval, counted from midnight there; without, from the last run.
    offset_minutes = models.PositiveIntegerField(_("offset, minutes"), default=0, db_default=0)
    zone = models.CharField(_("time zone"), max_length=64, blank=True, default="", db_default="")
    is_enabled = models.BooleanField(_("enabled"), default=True)
    next_at = models.DateTimeField(_("next run"), default=timezone.now)
    last_at = models.DateTimeField(_("last run"), null=True, blank=True, editable=False)
    last_event_id = models.BigIntegerField(null=True, blank=True, editable=False)
    error = models.TextField(blank=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connector", "sync"], name="plan_once")]

    def __str__(self) -> str:
        return f"{self.connector}: {self.sync} every {self.every_minutes} min"
