"""The settings of a Shopify connector: which shop, how to get in, how its deliveries are verified, which money."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django import forms
from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from connectors.schema import setting
from connectors.shopify.settings_rates import RateSettings

# https://shopify.dev/docs/apps/build/authentication-authorization (API 2026-10, checked 2026-11-20)
SHOP_DOMAIN = r"^[a-zA-Z0-9][a-zA-Z0-9\-_]*\.myshopify\.com\Z"
API_VERSION = r"^20[0-9]{2}-(01|04|07|10)\Z"


def allow_base_url(value: str) -> None:
    """Raise ``ValidationError`` unless the address is one the installation allows by name: a token must not be sent
    to a host somebody typed."""
    parts = urlsplit(value)
    allowed: frozenset[str] = getattr(django_settings, "HUB_ALLOWED_HOSTS_PLAIN", frozenset())
    if parts.scheme not in {"http", "https"} or parts.netloc not in allowed:
        raise ValidationError("Only the address of this installation's own sandbox is accepted here.")


@dataclass(frozen=True, kw_only=True)
class ShopifySettings(RateSettings):
    shop_domain: str = setting(
        forms.CharField(
            label="Shop domain",
            max_length=255,
            validators=[RegexValidator(SHOP_DOMAIN, "Enter the permanent name, like example.myshopify.com.")],
            help_text="The shop's permanent name, like example.myshopify.com: never its public domain.",
        )
    )
    access_token: str = setting(
        forms.CharField(
            label="Access token",
            required=False,
            help_text="Permanent Admin API token (shpat_...) of an app made in the shop's own admin before 2026. "
            "Leave blank where client id and client secret are entered.",
        ),
        secret=True,
    )
    client_id: str = setting(
        forms.CharField(
            label="Client id",
            required=False,
            help_text="Of an app in the Dev Dashboard, installed on a shop of the same organisation.",
        )
    )
    client_secret: str = setting(
        forms.CharField(
            label="Client secret",
            required=False,
            help_text="Exchanged for a token of 24 hours, which the hub renews. It also verifies webhooks.",
        ),
        secret=True,
    )
    webhook_secret: str = setting(
        forms.CharField(
            label="API secret key",
            required=False,
            help_text="The key Shopify signs webhooks with. Leave blank where it is the client secret above.",
        ),
        secret=True,
        group="Webhooks",
    )
    previous_webhook_secret: str = setting(
        forms.CharField(
            label="Previous API secret key",
            required=False,
            help_text="While the key changes: Shopify signs with the old one for up to an hour. Clear it then.",
        ),
        secret=True,
        group="Webhooks",
    )
    use_presentment_currency: bool = setting(
        forms.BooleanField(
            label="Use the buyer's currency",
            required=False,
            initial=False,
            help_text="Hand over amounts in the currency the buyer saw instead of the shop's own.",
        ),
        group="Orders",
    )
    import_test_orders: bool = setting(
        forms.BooleanField(
            label="Import test orders",
            required=False,
            initial=False,
            help_text="Orders paid by a test gateway are skipped unless this is set.",
        ),
        group="Orders",
    )
    sync_days: int = setting(
        forms.IntegerField(
            label="First synchronization, days",
            min_value=1,
            max_value=60,
            initial=1,
            help_text="How many days back “Recent orders” looks when it runs for the first time.",
        ),
        group="Orders",
    )
    api_version: str = setting(
        forms.CharField(
            label="API version",
            initial="2026-10",
            validators=[RegexValidator(API_VERSION, "Enter a stable version, like 2026-10.")],
            help_text="A stable version of the Admin API. The hub is tested with 2026-10.",
        ),
        advanced=True,
    )
    base_url: str = setting(
        forms.CharField(
            label="Sandbox address",
            required=False,
            validators=[allow_base_url],
            help_text="Blank for a real shop. The address of the Shopify sandbox, where this installation allows it.",
        ),
        advanced=True,
    )

    def clean(self) -> None:
        """One complete way in, or ``ValidationError`` on the setting that is missing."""
        if self.access_token:
            return
        if not self.client_id and not self.client_secret:
            raise ValidationError({"access_token": ["Enter an access token, or client id and client secret."]})
        if not self.client_id:
            raise ValidationError({"client_id": ["Enter the client id that belongs to the client secret."]})
        if not self.client_secret:
            raise ValidationError({"client_secret": ["Enter the client secret that belongs to the client id."]})

    @property
    def admin_url(self) -> str:
        """Where the shop's Admin API lives, without a slash at the end."""
        if self.base_url:
            return f"{self.base_url.rstrip('/')}/{self.shop_domain}/admin"
        return f"https://{self.shop_domain}/admin"

    @property
    def signing_secrets(self) -> tuple[str, ...]:
        """Every secret a delivery may be signed with, newest first; empty ones never count."""
        current = self.webhook_secret or self.client_secret
        return tuple(secret for secret in (current, self.previous_webhook_secret) if secret)
