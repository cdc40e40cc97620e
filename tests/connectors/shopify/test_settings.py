"""Settings: one complete way in, the permanent shop name, secrets that do not show."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from connectors.schema import load, secret_names
from connectors.shopify.settings import ShopifySettings

GOOD = {"shop_domain": "example-outlet.myshopify.com", "access_token": "shpat_x"}


def test_a_token_is_a_way_in_and_so_are_id_and_secret():
    assert load(ShopifySettings, GOOD).admin_url == "https://example-outlet.myshopify.com/admin"
    load(ShopifySettings, {"shop_domain": GOOD["shop_domain"], "client_id": "i", "client_secret": "s"})


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"access_token": ""}, "access_token"),
        ({"access_token": "", "client_id": "i"}, "client_secret"),
        ({"access_token": "", "client_secret": "s"}, "client_id"),
        ({"shop_domain": "shop.example.com"}, "shop_domain"),
        ({"shop_domain": "https://example-outlet.myshopify.com"}, "shop_domain"),
        ({"shop_domain": "evil.example/x.myshopify.com"}, "shop_domain"),
        ({"shop_domain": "-a.myshopify.com"}, "shop_domain"),
        ({"api_version": "unstable"}, "api_version"),
        ({"api_version": "2026-11"}, "api_version"),
        ({"sync_days": 0}, "sync_days"),
        ({"base_url": "http://127.0.0.1:9/shopify"}, "base_url"),
        ({"base_url": "https://example.com"}, "base_url"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(given, field):
    with pytest.raises(ValidationError) as caught:
        load(ShopifySettings, {**GOOD, **given})
    assert list(caught.value.message_dict) == [field]


def test_the_sandbox_is_accepted_only_by_its_exact_address(vendor):
    loaded = load(ShopifySettings, {**GOOD, "base_url": vendor.url})
    assert loaded.admin_url == f"{vendor.url}/example-outlet.myshopify.com/admin"
    for other in (vendor.url.replace("http://", "http://user@"), vendor.url.replace("127.0.0.1", "127.0.0.2")):
        with pytest.raises(ValidationError):
            load(ShopifySettings, {**GOOD, "base_url": other})


def test_secrets_are_declared_and_do_not_show():
    expected = {"access_token", "client_secret", "webhook_secret", "previous_webhook_secret"}
    assert secret_names(ShopifySettings) == expected
    shown = repr(ShopifySettings(**GOOD, client_secret="s3cret", webhook_secret="wh-key"))
    assert "shpat_x" not in shown and "s3cret" not in shown and "wh-key" not in shown


def test_the_settings_of_the_sandbox_load(vendor):
    from connectors.shopify.provider import provider

    loaded = load(provider.settings, provider.sandbox.settings(vendor.url))
    assert loaded.signing_secrets == ("sandbox-lumen-secret", "sandbox-lumen-old-secret")
