"""The settings of a Shopify connector: which shop, how to get in, how its deliveries are verified, which money."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django import forms
from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from connectors.schema import setting
from connectors.shopify.settings_money import MoneySettings
from connectors.shopify.settings_orders import OrderSettings
from connectors.shopify.settings_products import ProductSettings
from connectors.shopify.settings_rates import RateSettings
from connectors.shopify.settings_webhooks import WebhookSettings

# https://shopify.dev/docs/apps/build/authentication-authorization (API 2026-10, checked 2026-11-20)
SHOP_DOMAIN = r"^[a-zA-Z0-9][a-zA-Z0-9\-_]*\.myshopify\.com\Z"
SCOPE_LIST = r"^\s*[a-z_]+(\s*,\s*[a-z_]+)*\s*\Z"
API_VERSION = r"^20[0-9]{2}-(01|04|07|10)\Z"


def allow_base_url(value: str) -> None:
    """Raise ``ValidationError`` unless the address is one the installation allows by name: a token must not be sent
    to a host somebody typed."""
    parts = urlsplit(value)
    allowed: frozenset[str] = getattr(django_settings, "HUB_ALLOWED_HOSTS_PLAIN", frozenset())
    if parts.scheme not in {"http", "https"} or parts.netloc not in allowed:
        raise ValidationError("Only the address of this installation's own sandbox is accepted here.")


ORGANISATION, INSTALL, TOKEN = "organisation", "install", "token"
WAYS = (
    ("", "By what is entered below"),
    (ORGANISATION, "Own organisation: an app of the Dev Dashboard, shop and app of the same organisation"),
    (INSTALL, "Install in the shop: an app of the Dev Dashboard, the shop of another organisation"),
    (TOKEN, "Permanent token: an app made in the shop's own admin before 2026"),
)
WAY_LABELS = {ORGANISATION: "Own organisation", INSTALL: "Install in the shop", TOKEN: "Permanent token"}


@dataclass(frozen=True, kw_only=True)
class ShopifySettings(OrderSettings, RateSettings, ProductSettings, MoneySettings, WebhookSettings):
    shop_domain: str = setting(
        forms.CharField(
            label="Shop domain",
            max_length=255,
            validators=[RegexValidator(SHOP_DOMAIN, "Enter the permanent name, like example.myshopify.com.")],
            help_text="The shop's permanent name, like example.myshopify.com: never its public domain.",
        )
    )
    way_in: str = setting(
        forms.ChoiceField(
            label="Way in",
            required=False,
            choices=WAYS,
            help_text="Do the shop and the app of your Dev Dashboard belong to the same organisation at Shopify? Choose "
            "Own organisation. Does the shop belong to somebody else? Choose Install in the shop, save, and press the "
            "link under Access on the Overview. Is there an app made in the shop's own admin before 2026? Its "
            "permanent token still works. Left open: a permanent token where one is entered, else Own organisation.",
        )
    )
    access_token: str = setting(
        forms.CharField(
            label="Access token",
            required=False,
            help_text="For the way Permanent token: the Admin API token (shpat_...) of an app made in the shop's own "
            "admin before 2026. None can be made since.",
        ),
        secret=True,
    )
    client_id: str = setting(
        forms.CharField(
            label="Client id",
            required=False,
            help_text="Of the app in the Dev Dashboard; for the ways Own organisation and Install in the shop.",
        )
    )
    client_secret: str = setting(
        forms.CharField(
            label="Client secret",
            required=False,
            help_text="Gets the hub tokens of an hour or a day, which it renews by itself. It also verifies webhooks.",
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
    further_scopes: str = setting(
        forms.CharField(
            label="Further scopes",
            required=False,
            max_length=500,
            validators=[RegexValidator(SCOPE_LIST, "Enter names of scopes, separated by commas.")],
            help_text="For the way Install in the shop: asked for besides what the connector's routes need, like "
            "read_all_orders for orders older than 60 days. Separated by commas.",
        ),
        advanced=True,
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
        """The chosen way in, complete, or ``ValidationError`` on the settings that are missing for it."""
        if self.way == TOKEN:
            if not self.access_token:
                raise ValidationError(
                    {"access_token": ["Enter the app's permanent token: the way in chosen needs it."]}
                )
            return
        if not self.way_in and not self.client_id and not self.client_secret:
            raise ValidationError({"access_token": ["Enter an access token, or client id and client secret."]})
        missing = {}
        if not self.client_id:
            missing["client_id"] = ["Enter the app's client id from the Dev Dashboard."]
        if not self.client_secret:
            missing["client_secret"] = ["Enter the app's client secret from the Dev Dashboard."]
        if missing:
            raise ValidationError(missing)  # type: ignore[arg-type]

    @property
    def way(self) -> str:
        """How the hub gets in: the way chosen, or the one what is entered fits."""
        return self.way_in or (TOKEN if self.access_token else ORGANISATION)

    @property
    def scopes_besides(self) -> tuple[str, ...]:
        """Scopes an installation asks for whatever the routes need."""
        return tuple(one.strip() for one in self.further_scopes.split(",") if one.strip())

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
