"""Connectors an administrator installs, with what keeps them in bounds: breakers and buckets."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping as MappingType
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connectors import crypto, registry, schema
from connectors.base import Provider
from connectors.exceptions import ConfigurationError


def new_token() -> str:
    return secrets.token_urlsafe(24)


class ConnectorQuerySet(models.QuerySet["Connector"]):
    def by_webhook_token(self, token: str) -> Connector | None:
        """The connector a webhook address belongs to; a rotated address is good for some days more."""
        since = timezone.now() - timedelta(days=settings.WEBHOOK_TOKEN_GRACE_DAYS)
        return self.filter(
            Q(webhook_token=token) | Q(previous_webhook_token=token, webhook_token_rotated_at__gte=since)
        ).first()


class Connector(models.Model):
    """One installed remote system. What differs per provider is in ``settings`` (plain) and ``secrets`` (encrypted)."""

    id: int
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120, unique=True, help_text=_("How people call it, e.g. “Shopify EU”."))
    slug = models.SlugField(
        max_length=60, unique=True, help_text=_("Its name in the hub's API addresses. Changing it breaks callers.")
    )
    provider_slug = models.CharField(_("provider"), max_length=40)
    is_enabled = models.BooleanField(
        _("enabled"), default=True, help_text=_("Off: deliveries are stored and answered, and skipped.")
    )
    is_paused = models.BooleanField(
        _("paused"), default=False, help_text=_("On: events wait until it is switched off.")
    )
    settings = models.JSONField(default=dict, blank=True)
    secrets = models.JSONField(default=dict, blank=True, editable=False)
    email_sender = models.EmailField(
        _("error e-mail sender"), blank=True,
        help_text=_("FROM address; your mail service must let the hub send from it."),
    )  # fmt: skip
    email_receiver = models.CharField(
        _("error e-mail receiver"), max_length=500, blank=True,
        help_text=_(
            "TO address; several separated by commas. Mail is sent only when sender and receiver are both set."
        ),
    )  # fmt: skip
    retention_success_days = models.PositiveSmallIntegerField(
        _("keep successes, days"), null=True, blank=True, help_text=_("Blank: the provider's or the hub's default.")
    )
    retention_failure_days = models.PositiveSmallIntegerField(
        _("keep failures, days"), null=True, blank=True, help_text=_("Blank: the provider's or the hub's default.")
    )
    webhook_token = models.CharField(max_length=64, default=new_token, unique=True, editable=False)
    previous_webhook_token = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    webhook_token_rotated_at = models.DateTimeField(null=True, blank=True, editable=False)
    memory = models.JSONField(default=dict, blank=True, editable=False)  # checkpoints of syncs; small

    last_success_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_failure_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_failure = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ConnectorQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        permissions = [
            ("synchronize_connector", "Can press Synchronize"),
            ("check_connector", "Can test connections"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **options: Any) -> None:
        """As ever; this process knows the change at once, others within a second."""
        from connectors import known

        super().save(*args, **options)
        known.forget()

    @property
    def provider(self) -> Provider:
        return registry.get(self.provider_slug)

    def _context(self, name: str) -> str:
        return f"connector:{self.uid}:{name}"

    def secret(self, name: str) -> str:
        """One decrypted secret, empty where none is stored. Raises ``UndecryptableSecret``."""
        stored = self.secrets.get(name)
        return crypto.decrypt(stored, self._context(name)) if stored else ""

    def set_secret(self, name: str, value: str) -> None:
        """Encrypt and keep a secret in this object (not yet saved); an empty value clears it."""
        if value:
            self.secrets[name] = crypto.encrypt(value, self._context(name))
        else:
            self.secrets.pop(name, None)

    def raw_settings(self) -> dict[str, Any]:
        """Stored settings with decrypted secrets, untyped: for forms and ``load_settings`` only."""
        names = schema.secret_names(self.provider.settings)
        return {**self.settings, **{name: self.secret(name) for name in names}}

    def load_settings(self) -> Any:
        """The typed settings. Raises ``ConfigurationError`` naming the first setting that no longer fits."""
        try:
            return schema.load(self.provider.settings, self.raw_settings())
        except ValidationError as error:
            raise ConfigurationError(schema.describe_invalid(self.provider.settings, error), code="settings") from error
        except crypto.UndecryptableSecret as error:
            raise ConfigurationError(
                str(error),
                code="secret",
                next_step="Put the old key back into HUB_SECRET_KEYS, or enter the secret again.",
            ) from error

    def put_settings(self, values: MappingType[str, Any]) -> None:
        """Take settings and secrets from one mapping (demo, tests, copies); not yet saved."""
        names = schema.secret_names(self.provider.settings)
        self.settings = {k: v for k, v in values.items() if k not in names}
        for name in names & set(values):
            self.set_secret(name, str(values[name] or ""))

    def rotate_webhook_token(self) -> None:
        """A new address; the old one is answered for ``WEBHOOK_TOKEN_GRACE_DAYS`` more. Saves."""
        self.previous_webhook_token, self.webhook_token = self.webhook_token, new_token()
        self.webhook_token_rotated_at = timezone.now()
        self.save(update_fields=["previous_webhook_token", "webhook_token", "webhook_token_rotated_at", "updated_at"])

    @property
    def webhook_url(self) -> str:
        return f"{settings.HUB_BASE_URL}/hooks/{self.webhook_token}"

    def is_address_in_use(self, token: str) -> bool:
        """Whether a webhook token belongs to any connector of this hub."""
        return Connector.objects.by_webhook_token(token) is not None

    @property
    def is_sandbox(self) -> bool:
        """Whether any of its addresses is the hub's own sandbox."""
        base = settings.SANDBOX_URL
        return bool(base) and any(isinstance(v, str) and v.startswith(base) for v in self.settings.values())

    def admin_path(self) -> str:
        return reverse("admin:connectors_connector_change", args=[self.pk])


class BreakerState(models.TextChoices):
    CLOSED = "closed", _("closed")
    OPEN = "open", _("open")
    PROBING = "probing", _("probing")


class Breaker(models.Model):
    """Whether a connector, or one endpoint of its lookups, is left alone because it does not answer.

    ``endpoint`` is empty for the connector's own events; a lookup has one breaker for each of its endpoints.
    """

    connector = models.ForeignKey(Connector, models.CASCADE, related_name="breakers")
    endpoint = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=8, choices=BreakerState.choices, default=BreakerState.CLOSED)
    failures_in_row = models.IntegerField(default=0)
    opened_at = models.DateTimeField(null=True, blank=True)
    probe_at = models.DateTimeField(null=True, blank=True)
    probes = models.IntegerField(default=0)
    sentence = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connector", "endpoint"], name="breaker_once")]

    def __str__(self) -> str:
        return f"{self.connector_id} {self.endpoint} {self.state}"


class Bucket(models.Model):
    """A token bucket all workers share: ``tokens`` at ``filled_at``, refilled by ``per_second`` up to ``burst``.

    ``paused_until``: the vendor asked to be left alone (Retry-After)."""

    connector = models.ForeignKey(Connector, models.CASCADE, related_name="buckets")
    name = models.CharField(max_length=60)
    tokens = models.FloatField(default=0)
    filled_at = models.DateTimeField(default=timezone.now)
    capacity = models.FloatField(null=True, blank=True)  # where the vendor says it: points at most
    per_second = models.FloatField(null=True, blank=True)  # and how fast they come back
    booked = models.FloatField(default=0, db_default=0)  # taken by calls that were not answered yet
    paused_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connector", "name"], name="bucket_once")]

    def __str__(self) -> str:
        return f"{self.connector_id} {self.name}: {self.tokens:.1f}"
