"""Who may use the hub: API keys of storefronts, preferences of people, permissions once given."""

from __future__ import annotations

import hashlib
import secrets
from zoneinfo import available_timezones

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from connectors.models.connector import Connector


class ApiKey(models.Model):
    """A storefront's key for the hub's API: only its hash is kept, the key itself is shown once."""

    name = models.CharField(max_length=120, unique=True, help_text=_("The storefront that uses it."))
    prefix = models.CharField(max_length=12, editable=False)
    hash = models.CharField(max_length=64, unique=True, editable=False)
    connectors = models.ManyToManyField(Connector, blank=True, related_name="api_keys")
    can_read_events = models.BooleanField(
        default=False, help_text=_("May read events of its connectors, without payloads of personal data.")
    )
    rate_per_minute = models.PositiveIntegerField(null=True, blank=True, help_text=_("Blank: the hub's default."))
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_by = models.CharField(max_length=150, blank=True, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("API key")

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def digest(key: str) -> str:
        return hashlib.sha256(key.encode()).hexdigest()

    def make(self) -> str:
        """Give this row a new random key and return it: the only time it can be seen."""
        key = f"hub_{secrets.token_urlsafe(32)}"
        self.prefix, self.hash = key[:12], self.digest(key)
        return key


class ApiAllowance(models.Model):
    """The token bucket of one API key: calls left at ``filled_at``. Written by ``connectors/api/throttles.py`` only."""

    key = models.OneToOneField(ApiKey, models.CASCADE, primary_key=True, related_name="allowance")
    tokens = models.FloatField()
    filled_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.key_id}: {self.tokens:.0f} calls"


class Profile(models.Model):
    """What a person chose: the time zone in which times are shown."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="profile")
    time_zone = models.CharField(max_length=60, blank=True)

    def __str__(self) -> str:
        return f"{self.user}: {self.time_zone}"

    @staticmethod
    def zones() -> list[str]:
        return sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")


class GrantedPermission(models.Model):
    """A permission that a group was given by the hub, once: taking it away by hand is respected."""

    group = models.CharField(max_length=60)
    permission = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "permission"], name="permission_given_once")]

    def __str__(self) -> str:
        return f"{self.group}: {self.permission}"
