"""Secrets at rest: a ring of keys, bound to their row, and never shown."""

from __future__ import annotations

import base64
import secrets

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError

from connectors import crypto, schema
from connectors.exceptions import ConfigurationError


def key(name: str, size: int = 32) -> str:
    return f"{name}:{base64.urlsafe_b64encode(secrets.token_bytes(size)).decode()}"


def test_the_first_key_encrypts_and_all_decrypt(settings):
    old, new = key("old"), key("new")
    settings.HUB_SECRET_KEYS = [old]
    stored = crypto.encrypt("hush", "row:a")
    settings.HUB_SECRET_KEYS = [new, old]
    assert crypto.decrypt(stored, "row:a") == "hush"
    assert crypto.key_id_of(crypto.encrypt("hush", "row:a")) == "new"


def test_an_unknown_key_raises_and_names_the_key_only(settings):
    settings.HUB_SECRET_KEYS = [key("old")]
    stored = crypto.encrypt("hush", "row:a")
    settings.HUB_SECRET_KEYS = [key("new")]
    with pytest.raises(crypto.UndecryptableSecret, match="old") as caught:
        crypto.decrypt(stored, "row:a")
    assert "hush" not in str(caught.value)
    assert stored not in str(caught.value)


def test_a_ciphertext_moved_to_another_row_or_setting_does_not_open():
    stored = crypto.encrypt("hush", "connector:1:token")
    for elsewhere in ("connector:2:token", "connector:1:key"):
        with pytest.raises(crypto.UndecryptableSecret):
            crypto.decrypt(stored, elsewhere)


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: stored[:-6] + "AAAA==",
        lambda stored: stored[:8],
        lambda stored: stored + "A",
        lambda stored: stored.partition(":")[0] + ":",
        lambda stored: stored.partition(":")[0] + ":äöü",
    ],
)
def test_what_was_tampered_with_raises(change):
    stored = crypto.encrypt("hush", "row:a")
    with pytest.raises(crypto.UndecryptableSecret):
        crypto.decrypt(change(stored), "row:a")


@pytest.mark.parametrize(
    "ring",
    [[], ["nokey"], ["k1:***"], ["k1:YWJj"], [":" + key("x").partition(":")[2]], [key("k", 16)], [key("k"), key("k")]],
)
def test_a_ring_that_cannot_be_right_stops_at_once(ring, settings):
    settings.HUB_SECRET_KEYS = ring
    with pytest.raises(ImproperlyConfigured):
        crypto.encrypt("a", "b")


def test_settings_do_not_show_their_secrets(db, make_connector, testing_provider):
    connector = make_connector()
    loaded = connector.load_settings()
    assert loaded.token == testing_provider.TOKEN
    for shown in (repr(loaded), str(loaded), repr(connector), str(connector.settings), str(connector.secrets)):
        assert testing_provider.TOKEN not in shown


def test_a_lost_key_is_a_configuration_error_with_a_next_step(db, make_connector, settings):
    connector = make_connector()
    settings.HUB_SECRET_KEYS = [key("other")]
    with pytest.raises(ConfigurationError) as caught:
        connector.load_settings()
    assert "HUB_SECRET_KEYS" in caught.value.next_step


def test_a_secret_that_does_not_fit_is_not_repeated_in_the_sentence(testing_provider):
    error = ValidationError({"token": ["“hush” is not one of the choices."]})
    assert "hush" not in schema.describe_invalid(testing_provider.Settings, error)
    error = ValidationError({"level": ["“x” is no number."]})
    assert "“x” is no number" in schema.describe_invalid(testing_provider.Settings, error)
