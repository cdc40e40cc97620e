"""What an administrator installs: connectors, routes, mappings, plans, API keys; and the ledger of what was
delivered."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Mapping as MappingType
from datetime import timedelta
from typing import Any
from zoneinfo import available_timezones

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
    paused_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connector", "name"], name="bucket_once")]

    def __str__(self) -> str:
        return f"{self.connector_id} {self.name}: {self.tokens:.1f}"


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
        return f"{self.source} → {self.target}: {self.record_kind}"

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
    is_enabled = models.BooleanField(_("enabled"), default=True)
    next_at = models.DateTimeField(_("next run"), default=timezone.now)
    last_at = models.DateTimeField(_("last run"), null=True, blank=True, editable=False)
    last_event_id = models.BigIntegerField(null=True, blank=True, editable=False)
    error = models.TextField(blank=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connector", "sync"], name="plan_once")]

    def __str__(self) -> str:
        return f"{self.connector}: {self.sync} every {self.every_minutes} min"


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
